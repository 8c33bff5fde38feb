/* tests/hub/test_registry.c - what is known of each node, over sessions and restarts. */
#include <stdlib.h>

#include "gateway/hub/seen.h"
#include "tests/hub/fixture.h"

#define BEGIN_S UINT64_C(1700000001) /* of the site's wall clock */

static const char conf[] =
    "[gateway]\nname = gh\n[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\nretry = 1s\n"
    "retries = 2\ntopics = climate\n[topics climate]\n1 = farm/%n/t\ntp = farm/%n/short\n"
    "[limits]\nnodes = 3\n[node bed-1]\nclient_id = n1\ntopic = 9 farm/valve\n"
    "[node bed-9]\nclient_id = n9\ntopics = climate\n";

static const struct span connack = {WIRE("\x03\x05\0")};
static const struct span bye = {WIRE("\x02\x18")};

static void connect_as(struct site *site, uint8_t node, char digit, bool clean)
{
    uint8_t wire[] = {8, 4, clean ? 4 : 0, 1, 0, 60, 'n', (uint8_t)digit};

    site_says(site, node, span_of(wire, sizeof wire));
}

static void connect_node(struct site *site, uint8_t node)
{
    while (site_hears(site, node).len != 0) {
    }
    connect_as(site, node, (char)('0' + node), true);
    assert_span_equal(site_hears(site, node), connack);
}

static void ask(struct site *site, const char *name, struct hub_node_view *view)
{
    if (!hub_node_find(site->hub, span_of_text(name), view)) {
        fail_msg("there is no node %s", name);
    }
}

static void expect_state(struct site *site, const char *name, enum hub_node_state state)
{
    struct hub_node_view view;

    ask(site, name, &view);
    assert_string_equal(hub_node_state_name(view.state), hub_node_state_name(state));
}

static void an_entry_says_who_a_node_is_and_where(void **state)
{
    struct site *site = site_new(conf, false);
    struct hub_node_view view;

    (void)state;
    connect_node(site, 1);
    site_wait(site, 5000);
    site_says(site, 1, WIRE_SPAN("\x02\x16"));
    ask(site, "bed-1", &view);
    assert_span_equal(view.name, span_of_text("bed-1"));
    assert_span_equal(view.client_id, span_of_text("n1"));
    assert_span_equal(view.listener, span_of_text("lan"));
    assert_string_equal(view.address, "10.0.0.1:1884");
    assert_true(view.is_configured && view.has_session && view.is_clean);
    assert_int_equal(view.state, HUB_NODE_ACTIVE);
    assert_int_equal(view.first_seen_ms, BEGIN_S * 1000);
    assert_int_equal(view.last_seen_ms, (BEGIN_S + 5) * 1000);
    assert_int_equal(view.queue_most, 1000);
    site_free(site);
}

static void a_node_is_active_asleep_lost_or_disconnected(void **state)
{
    struct site *site = site_new(conf, false);
    struct hub_node_view view;

    (void)state;
    expect_state(site, "bed-1", HUB_NODE_NEVER);
    connect_node(site, 1);
    expect_state(site, "bed-1", HUB_NODE_ACTIVE);
    site_says(site, 1, WIRE_SPAN("\x04\x18\0\x0a")); /* sleeps 10 s */
    ask(site, "bed-1", &view);
    assert_int_equal(view.state, HUB_NODE_ASLEEP);
    assert_int_equal(view.asleep_until_ms, (BEGIN_S + 15) * 1000);
    site_says(site, 1, WIRE_SPAN("\x04\x16n1")); /* a waking is part of the sleep */
    expect_state(site, "bed-1", HUB_NODE_ASLEEP);
    site_wait(site, 15000);
    expect_state(site, "bed-1", HUB_NODE_LOST);
    connect_node(site, 1);
    expect_state(site, "bed-1", HUB_NODE_ACTIVE);
    site_says(site, 1, bye);
    ask(site, "bed-1", &view);
    assert_int_equal(view.state, HUB_NODE_DISCONNECTED);
    assert_false(view.has_session);
    assert_int_equal(view.asleep_until_ms, 0);
    assert_int_equal(view.last_seen_ms, (BEGIN_S + 15) * 1000);
    site_free(site);
}

static void a_walk_shows_each_node_once_those_never_seen_last(void **state)
{
    struct site *site = site_new(conf, false);
    struct hub_nodes_walk walk = {0};
    struct hub_node_view view;
    const char *const names[] = {"n2", "bed-1", "bed-9"};

    (void)state;
    connect_node(site, 2);
    connect_node(site, 1);
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_true(hub_nodes_next(site->hub, &walk, &view));
        assert_span_equal(view.name, span_of_text(names[i]));
    }
    assert_int_equal(view.state, HUB_NODE_NEVER);
    assert_span_equal(view.client_id, span_of_text("n9"));
    assert_false(hub_nodes_next(site->hub, &walk, &view));
    assert_false(hub_node_find(site->hub, span_of_text("n1"), &view));
    site_free(site);
}

static void publish(struct site *site, const char *topic)
{
    struct mqtt_publication p = {
        .topic = span_of_text(topic), .payload = span_of_text("x"), .qos = 1};

    assert_int_equal(mqtt_sessions_publish(&site->hub->sessions, &p, site->now_ms), MQTT_OK);
    hub_pump(site->hub, site->now_ms);
}

static void errors_repeats_and_what_waits_are_counted(void **state)
{
    struct site *site = site_new(conf, false);
    struct hub_node_view view;

    (void)state;
    connect_node(site, 1);
    site_says(site, 1, WIRE_SPAN("\x07\x12\x21\0\x03\0\x01")); /* SUBSCRIBE by id 1 */
    site_says(site, 1, WIRE_SPAN("\x03\x0c\x21"));             /* cut */
    publish(site, "farm/bed-1/t");
    publish(site, "farm/bed-1/t");
    (void)site_hears(site, 1);
    (void)site_hears(site, 1);
    site_wait(site, 1001);
    (void)site_hears(site, 1);
    ask(site, "bed-1", &view);
    assert_int_equal(view.errors, 1);
    assert_int_equal(view.resent, 1);
    assert_int_equal(view.queued, 2);
    assert_int_equal(view.subscriptions, 1);
    site_says(site, 1, bye);
    ask(site, "bed-1", &view);
    assert_int_equal(view.errors, 1); /* they outlive the session */
    assert_int_equal(view.resent, 1);
    connect_node(site, 1);
    site_says(site, 1, WIRE_SPAN("\x03\x0c\x21"));
    ask(site, "bed-1", &view);
    assert_int_equal(view.errors, 2);
    site_free(site);
}

static void topics_of_a_node_are_its_keys_then_its_ids(void **state)
{
    struct site *site = site_new(conf, false);
    struct hub_topics_walk walk = {0};
    struct hub_topic_view view;
    static const struct {
        enum hub_topic_kind kind;
        uint16_t id;
        const char *topic;
        const char *template;
    } expected[] = {
        {HUB_TOPIC_PREDEFINED, 9, "farm/valve", "farm/valve"},
        {HUB_TOPIC_PREDEFINED, 1, "farm/bed-1/t", "farm/%n/t"},
        {HUB_TOPIC_SHORT, 't' << 8 | 'p', "farm/bed-1/short", "farm/%n/short"},
        {HUB_TOPIC_NORMAL, 1, "own", NULL},
    };

    (void)state;
    connect_node(site, 1);
    site_says(site, 1, WIRE_SPAN("\x09\x0a\0\0\0\x02own"));
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_true(hub_node_topics_next(site->hub, span_of_text("bed-1"), &walk, &view));
        assert_int_equal(view.kind, expected[i].kind);
        assert_int_equal(view.id, expected[i].id);
        assert_span_equal(view.topic, span_of_text(expected[i].topic));
        if (expected[i].template != NULL) {
            assert_string_equal(view.template, expected[i].template);
        }
    }
    assert_false(hub_node_topics_next(site->hub, span_of_text("bed-1"), &walk, &view));
    walk = (struct hub_topics_walk){0};
    assert_true(hub_node_topics_next(site->hub, span_of_text("bed-9"), &walk, &view));
    assert_span_equal(view.topic, span_of_text("farm/bed-9/t")); /* of one never seen, too */
    walk = (struct hub_topics_walk){0};
    assert_false(hub_node_topics_next(site->hub, span_of_text("nobody"), &walk, &view));
    site_free(site);
}

static void keys_without_an_entry_are_shown_with_who_used_them(void **state)
{
    struct site *site = site_new(conf, false);
    struct hub_unknown_view view;
    size_t walk = 0;

    (void)state;
    connect_node(site, 1);
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x21\0\x05\0\x01x"));
    site_wait(site, 2000);
    site_says(site, 1, WIRE_SPAN("\x07\x12\x01\0\x05\0\x05"));
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x61\0\x06\0\0x")); /* QoS -1 */
    assert_true(hub_unknown_next(site->hub, &walk, &view));
    assert_span_equal(view.node, span_of_text("bed-1"));
    assert_span_equal(view.listener, span_of_text("lan"));
    assert_int_equal(view.id, 5);
    assert_int_equal(view.count, 2);
    assert_int_equal(view.last_ms, (BEGIN_S + 2) * 1000);
    assert_true(hub_unknown_next(site->hub, &walk, &view));
    assert_int_equal(view.id, 6);
    assert_false(hub_unknown_next(site->hub, &walk, &view));
    for (unsigned id = 100; id < 100 + HUB_UNKNOWN_MOST; id++) {
        hub_seen_unknown(site->hub, NULL, 0, (uint16_t)id, site->now_ms + id);
    }
    for (walk = 0; hub_unknown_next(site->hub, &walk, &view);) {
        assert_true(view.id >= 100 && view.node.len == 0); /* the oldest gave way */
    }
    assert_int_equal(walk, HUB_UNKNOWN_MOST);
    site_free(site);
}

/* Takes what waits for the store; `to`, if not NULL, gets it. Returns the rows of nodes. */
static size_t keep(struct site *from, struct site *to)
{
    struct batch batch;
    size_t rows = 0;

    if (!hub_records(from->hub, &batch, from->now_ms + 1000)) {
        return 0;
    }
    LIST_EACH (link, &batch.records) {
        const struct record *record = LIST_ITEM(link, struct record, in_batch);

        rows += record->key[0] == TABLE_NODE;
        if (to != NULL && record->op == RECORD_PUT) {
            assert_true(hub_restore(to->hub, record, to->now_ms));
        }
    }
    hub_kept(from->hub, &batch, from->now_ms);
    hub_pump(from->hub, from->now_ms);
    return rows;
}

static void who_only_sends_qos_minus_1_is_known_by_its_section(void **state)
{
    struct site *site = site_new("[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\n"
                                 "[node roof]\nfrom = 10.0.0.5\ntopic = 1 roof/wind\n",
                                 true);
    struct hub_unknown_view unknown;
    struct hub_node_view view;
    size_t walk = 0;

    (void)state;
    expect_state(site, "roof", HUB_NODE_NEVER);
    site_says(site, 5, WIRE_SPAN("\x08\x0c\x61\0\x01\0\0x"));
    site_wait(site, 3000);
    site_says(site, 5, WIRE_SPAN("\x08\x0c\x61\0\x01\0\0x"));
    site_says(site, 5, WIRE_SPAN("\x08\x0c\x61\0\x02\0\0x"));
    site_says(site, 6, WIRE_SPAN("\x08\x0c\x61\0\x01\0\0x")); /* nobody's */
    ask(site, "roof", &view);
    assert_int_equal(view.state, HUB_NODE_DISCONNECTED);
    assert_string_equal(view.address, "10.0.0.5:1884");
    assert_int_equal(view.client_id.len, 0);
    assert_int_equal(view.first_seen_ms, BEGIN_S * 1000);
    assert_int_equal(view.last_seen_ms, (BEGIN_S + 3) * 1000);
    assert_false(view.has_session);
    assert_true(hub_unknown_next(site->hub, &walk, &unknown));
    assert_span_equal(unknown.node, span_of_text("roof"));
    assert_int_equal(unknown.id, 2);
    assert_int_equal(keep(site, NULL), 1);
    site_free(site);
}

static void at_the_limit_the_one_gone_longest_without_a_section_gives_way(void **state)
{
    struct site *site = site_new(conf, false); /* 3 nodes, and 2 sections */
    struct hub_node_view view;

    (void)state;
    for (uint8_t node = 1; node <= 7; node++) {
        connect_node(site, node);
        site_says(site, node, bye);
        site_wait(site, 1000);
    }
    assert_false(hub_node_find(site->hub, span_of_text("n2"), &view));
    assert_false(hub_node_find(site->hub, span_of_text("n3"), &view));
    expect_state(site, "bed-1", HUB_NODE_DISCONNECTED);
    expect_state(site, "n4", HUB_NODE_DISCONNECTED);
    expect_state(site, "n7", HUB_NODE_DISCONNECTED);
    site_free(site);
}

/* Lets `ms` pass, the node heard at the end of it, and one flush more. */
static size_t rows_after(struct site *site, uint64_t ms)
{
    site->now_ms += ms;
    site_says(site, 1, WIRE_SPAN("\x02\x16"));
    site->now_ms += HUB_REGISTRY_MS;
    hub_tick(site->hub, site->now_ms);
    return keep(site, NULL);
}

static void rows_are_few_however_much_a_node_says(void **state)
{
    struct site *site = site_new("[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\n", true);
    static const struct span connect = {WIRE("\x08\x04\x04\x01\0\0n1")}; /* no keep alive */

    (void)state;
    site_says(site, 1, connect);
    assert_int_equal(keep(site, NULL), 1);
    for (unsigned i = 0; i < 50; i++) {
        site_says(site, 1, WIRE_SPAN("\x04\x18\0\x3c"));
        (void)keep(site, NULL);
        site_says(site, 1, connect);
        assert_int_equal(keep(site, NULL), 0);
        site_wait(site, 1000);
    }
    assert_int_equal(rows_after(site, 0), 0);
    assert_int_equal(rows_after(site, 3600000), 1); /* an hour of silence, a sight */
    assert_int_equal(rows_after(site, 0), 0);
    site_says(site, 1, WIRE_SPAN("\x04\x18\0\x01"));
    site_wait(site, 1500);
    expect_state(site, "n1", HUB_NODE_LOST);
    assert_int_equal(rows_after(site, 0), 1);
    site_says(site, 1, connect);
    hub_stop(site->hub, site->now_ms);
    assert_int_equal(keep(site, NULL), 1);
    site_free(site);
}

static void a_flood_of_strangers_writes_few_rows(void **state)
{
    struct site *site = site_new("[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\n", true);
    size_t rows = 0;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t wire[] = {8, 4, 4, 1, 0, 60, (uint8_t)('a' + i % 26), (uint8_t)('a' + i / 26)};

        site_says(site, 1, span_of(wire, sizeof wire));
        rows += keep(site, NULL);
    }
    assert_int_equal(rows, HUB_FIRST_SIGHTS);
    site_free(site);
}

static void what_is_known_outlives_the_gateway(void **state)
{
    struct site *before = site_new(conf, true);
    struct site *after = site_begin(conf, true);
    struct hub_node_view view;

    (void)state;
    connect_node(before, 1);
    connect_node(before, 2);
    site_says(before, 1, WIRE_SPAN("\x03\x0c\x21"));
    site_wait(before, 7000);
    site_says(before, 1, WIRE_SPAN("\x02\x16"));
    site_says(before, 2, WIRE_SPAN("\x04\x18\0\x01"));
    site_wait(before, 2000); /* lost */
    hub_stop(before->hub, before->now_ms);
    assert_int_equal(keep(before, after), 2);
    after->now_ms += 60000;
    hub_restored(after->hub, after->now_ms);
    ask(after, "bed-1", &view);
    assert_int_equal(view.state, HUB_NODE_DISCONNECTED);
    assert_span_equal(view.client_id, span_of_text("n1"));
    assert_span_equal(view.listener, span_of_text("lan"));
    assert_string_equal(view.address, "10.0.0.1:1884");
    assert_int_equal(view.first_seen_ms, BEGIN_S * 1000);
    assert_int_equal(view.last_seen_ms, (BEGIN_S + 7) * 1000);
    assert_int_equal(view.errors, 1);
    expect_state(after, "n2", HUB_NODE_LOST);
    connect_node(after, 1);
    ask(after, "bed-1", &view);
    assert_int_equal(view.first_seen_ms, BEGIN_S * 1000);
    assert_int_equal(view.errors, 1);
    site_free(before);
    site_free(after);
}

static void a_kept_session_and_its_entry_find_each_other_again(void **state)
{
    struct site *before = site_new(conf, true);
    struct site *after = site_begin(conf, true);
    struct hub_node_view view;

    (void)state;
    connect_as(before, 1, '1', false);
    (void)keep(before, after);
    site_says(before, 1, WIRE_SPAN("\x07\x12\x21\0\x03\0\x01"));
    (void)keep(before, after);
    hub_restored(after->hub, after->now_ms);
    ask(after, "bed-1", &view);
    assert_int_equal(view.state, HUB_NODE_DISCONNECTED);
    assert_true(view.has_session);
    assert_int_equal(view.subscriptions, 1);
    publish(after, "farm/bed-1/t");
    ask(after, "bed-1", &view);
    assert_int_equal(view.queued, 1);
    site_free(before);
    site_free(after);
}

static void a_row_that_makes_no_sense_is_left_out(void **state)
{
    static const struct span bodies[] = {{WIRE("")},
                                         {WIRE("\x03lan")},
                                         {WIRE("\x03lan\0\x09n")},
                                         {WIRE("\xff")},
                                         {WIRE("\0\0\x01n")}};
    struct site *site = site_begin(conf, true);
    struct hub_nodes_walk walk = {0};
    struct hub_node_view view;

    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct record record = {
            .key = {TABLE_NODE, 0, i + 1}, .text = span_of_text("n"), .body = bodies[i]};

        assert_false(hub_restore(site->hub, &record, site->now_ms));
    }
    hub_restored(site->hub, site->now_ms);
    assert_true(hub_nodes_next(site->hub, &walk, &view));
    assert_int_equal(view.state, HUB_NODE_NEVER);
    site_free(site);
}

static void a_forgotten_node_leaves_nothing(void **state)
{
    struct site *site = site_new(conf, true);
    struct hub_node_view view;
    struct batch batch;
    size_t left = 0;

    (void)state;
    connect_as(site, 2, '2', false);
    site_says(site, 2, WIRE_SPAN("\x06\x12\x20\0\x03+"));
    (void)keep(site, NULL);
    while (site_hears(site, 2).len != 0) {
    }
    assert_true(hub_node_forget_named(site->hub, span_of_text("n2"), site->now_ms));
    assert_span_equal(site_hears(site, 2), bye);
    assert_false(hub_node_find(site->hub, span_of_text("n2"), &view));
    assert_false(hub_node_forget_named(site->hub, span_of_text("n2"), site->now_ms));
    assert_null(mqtt_session_find(&site->hub->sessions, MQTT_DOOR_NODE, span_of_text("n2")));
    assert_true(hub_records(site->hub, &batch, site->now_ms + 1000));
    LIST_EACH (link, &batch.records) {
        left += LIST_ITEM(link, struct record, in_batch)->op == RECORD_PUT;
    }
    assert_int_equal(left, 0);
    assert_true(batch.count >= 2); /* the session's rows and the node's */
    hub_kept(site->hub, &batch, site->now_ms);
    connect_node(site, 1); /* named, connected */
    assert_true(hub_node_forget_named(site->hub, span_of_text("bed-1"), site->now_ms));
    expect_state(site, "bed-1", HUB_NODE_NEVER);
    connect_node(site, 1);
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_says_who_a_node_is_and_where),
        cmocka_unit_test(a_node_is_active_asleep_lost_or_disconnected),
        cmocka_unit_test(a_walk_shows_each_node_once_those_never_seen_last),
        cmocka_unit_test(errors_repeats_and_what_waits_are_counted),
        cmocka_unit_test(topics_of_a_node_are_its_keys_then_its_ids),
        cmocka_unit_test(keys_without_an_entry_are_shown_with_who_used_them),
        cmocka_unit_test(who_only_sends_qos_minus_1_is_known_by_its_section),
        cmocka_unit_test(at_the_limit_the_one_gone_longest_without_a_section_gives_way),
        cmocka_unit_test(rows_are_few_however_much_a_node_says),
        cmocka_unit_test(a_flood_of_strangers_writes_few_rows),
        cmocka_unit_test(what_is_known_outlives_the_gateway),
        cmocka_unit_test(a_kept_session_and_its_entry_find_each_other_again),
        cmocka_unit_test(a_row_that_makes_no_sense_is_left_out),
        cmocka_unit_test(a_forgotten_node_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
