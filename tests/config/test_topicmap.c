#include "tests/support.h"

#include "config/topicmap.h"

static const char text[] = "[gateway]\nname = gw\n"
                           "[listener a]\ntype = udp\nbind = 0.0.0.0:1\ntopics = wide\n"
                           "retry = 7s\n"
                           "[listener b]\ntype = serial\ndevice = /dev/x\n"
                           "[node roof]\nclient_id = wx\ntopics = near\ntopic = 5 own/%n\n"
                           "group = beds\nsleep_queue = 3\n"
                           "[node bare]\nclient_id = y\n"
                           "[group beds]\ntopics = far\ntopic = 6 beds/%c\nretries = 9\n"
                           "sleep_queue = 8\n"
                           "[group wild]\nmatch = bed-?\nmatch = tub*\nlistener = a\n"
                           "topic = 8 wild/%l\n"
                           "[topics near]\n5 = near/5\n1 = near/1\ntp = short/%g\n"
                           "[topics far]\n1 = far/1\n2 = far/2\n"
                           "[topics wide]\n2 = wide/2\n3 = wide/3\n"
                           "[topics default]\n3 = default/3\n4 = default/%n\n";

static struct conf *read_text(void)
{
    struct conf_source source = {"test", span_of(text, sizeof text - 1)};
    struct conf_report report = {0};
    struct conf *conf = conf_read(&source, 1, NULL, &report);

    assert_non_null(conf);
    conf_report_fini(&report);
    return conf;
}

static struct conf_place place_of(const struct conf *conf, int node, int listener, const char *id)
{
    return (struct conf_place){.node = node < 0 ? NULL : &conf->node[node],
                               .listener = listener < 0 ? NULL : &conf->listener[listener],
                               .name = span_of_text(id),
                               .client_id = span_of_text(id)};
}

static void expect(const struct conf *conf, const struct conf_place *place, uint16_t id,
                   const char *topic)
{
    uint8_t out[64];
    struct writer w = writer_of(out, sizeof out);
    struct conf_topic_key key = {id, id > 0x2000};

    assert_int_equal(conf_topicmap_find(conf, place, key, &w), topic != NULL);
    assert_span_equal(span_of(out, written(&w)), span_of_text(topic == NULL ? "" : topic));
}

static void the_nearest_entry_wins_and_others_add_up(void **state)
{
    struct conf *conf = read_text();
    struct conf_place place = place_of(conf, 0, 0, "wx");

    (void)state;
    expect(conf, &place, 5, "own/wx");
    expect(conf, &place, 1, "near/1");
    expect(conf, &place, 6, "beds/wx");
    expect(conf, &place, 2, "far/2");
    expect(conf, &place, 3, "wide/3");
    expect(conf, &place, 0x7470, "short/gw");
    expect(conf, &place, 4, NULL);
    conf_free(conf);
}

static void the_default_map_serves_only_where_none_is_named(void **state)
{
    struct conf *conf = read_text();
    struct conf_place bare = place_of(conf, 1, 1, "y");
    struct conf_place wide = place_of(conf, 1, 0, "y");

    (void)state;
    expect(conf, &bare, 3, "default/3");
    expect(conf, &bare, 4, "default/y");
    expect(conf, &wide, 3, "wide/3");
    expect(conf, &wide, 4, NULL);
    conf_free(conf);
}

static void a_group_holds_what_all_its_conditions_fit(void **state)
{
    struct conf *conf = read_text();
    struct conf_place fits = place_of(conf, -1, 0, "bed-1");
    struct conf_place star = place_of(conf, -1, 0, "tubular");
    struct conf_place name = place_of(conf, -1, 0, "bed-12");
    struct conf_place line = place_of(conf, -1, 1, "bed-1");

    (void)state;
    expect(conf, &fits, 8, "wild/a");
    expect(conf, &star, 8, "wild/a");
    expect(conf, &name, 8, NULL);
    expect(conf, &line, 8, NULL);
    conf_free(conf);
}

static void a_value_that_no_topic_may_hold_makes_the_entry_vanish(void **state)
{
    static const char *const bad[] = {"", "a/b", "a+", "#", "a\x01", "\xff"};
    struct conf *conf = read_text();

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct conf_place place = place_of(conf, 1, 1, bad[i]);

        expect(conf, &place, 4, NULL);
        expect(conf, &place, 3, "default/3");
    }
    conf_free(conf);
}

static void the_walk_gives_each_key_once_as_it_is_in_force(void **state)
{
    static const struct {
        uint16_t id;
        const char *template;
    } wanted[] = {{5, "own/%n"},  {1, "near/1"}, {0x7470, "short/%g"},
                  {6, "beds/%c"}, {2, "far/2"},  {3, "wide/3"}};
    struct conf *conf = read_text();
    struct conf_place place = place_of(conf, 0, 0, "wx");
    struct conf_topicmap_walk walk = {0};
    const struct conf_topic_entry *entry = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT(wanted); i++) {
        assert_true(conf_topicmap_next(conf, &place, &walk, &entry));
        assert_int_equal(entry->key.id, wanted[i].id);
        assert_string_equal(entry->template, wanted[i].template);
    }
    assert_false(conf_topicmap_next(conf, &place, &walk, &entry));
    conf_free(conf);
}

static void settings_come_from_node_group_listener_and_default(void **state)
{
    struct conf *conf = read_text();
    struct conf_place place = place_of(conf, 0, 0, "wx");
    struct conf_settings settings = conf_node_settings(conf, &place);

    (void)state;
    assert_int_equal(settings.sleep_queue, 3);
    assert_int_equal(settings.retries, 9);
    assert_int_equal(settings.retry_ms, 7000);
    assert_int_equal(settings.max_message, 1400);
    assert_int_equal(settings.sleep_bytes, 256 * 1024);
    assert_int_equal(settings.when_full, CONF_DROP_QOS0_FIRST);
    assert_true(settings.queue_age_ms == CONF_NONE);
    assert_true(settings.wake_messages == CONF_NONE);
    conf_free(conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_entry_wins_and_others_add_up),
        cmocka_unit_test(the_default_map_serves_only_where_none_is_named),
        cmocka_unit_test(a_group_holds_what_all_its_conditions_fit),
        cmocka_unit_test(a_value_that_no_topic_may_hold_makes_the_entry_vanish),
        cmocka_unit_test(the_walk_gives_each_key_once_as_it_is_in_force),
        cmocka_unit_test(settings_come_from_node_group_listener_and_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
