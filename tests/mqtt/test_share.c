#include "mqtt/share.h"
#include "tests/mqtt/site.h"

static void the_filter_stands_behind_the_group(void **state)
{
    static const struct {
        const char *text;
        bool is_shared;
        const char *filter;
    } rows[] = {
        {"$share/g/a/+", true, "a/+"}, {"$share/g/#", true, "#"},    {"$share/g//a", true, "/a"},
        {"$share", true, ""},          {"$share/", true, ""},        {"$share/g", true, ""},
        {"$share/g/", true, ""},       {"$share//a", true, ""},      {"$share/+/a", true, ""},
        {"$share/a#/a", true, ""},     {"$shared/g/a", false, NULL}, {"share/g/a", false, NULL},
        {"a/$share/g/a", false, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span filter = {NULL, 0};

        assert_int_equal(mqtt_share_parse(span_of_text(rows[i].text), &filter), rows[i].is_shared);
        if (rows[i].is_shared) {
            assert_span_equal(filter, span_of_text(rows[i].filter));
        }
    }
}

static struct mqtt_session *member(struct site *site, const char *name, const char *filter,
                                   bool clean)
{
    struct mqtt_session *s = site_open(site, name, clean);

    assert_int_equal(site_subscribe(site, s, filter, 1), 1);
    (void)site_all(site, s);
    return s;
}

static void publish(struct site *site, struct mqtt_session *by, const char *what)
{
    assert_int_equal(site_publish(site, by, what, 0, 0), MQTT_OK);
}

static void members_take_turns(void **state)
{
    struct site *site = site_new(false);
    struct mqtt_session *a = member(site, "a", "$share/g/t/+", true);
    struct mqtt_session *b = member(site, "b", "$share/g/t/+", true);
    struct mqtt_session *other = member(site, "c", "$share/h/t/#", true);
    struct mqtt_session *plain = member(site, "d", "t/#", true);

    (void)state;
    publish(site, plain, "t/x=1");
    publish(site, plain, "t/x=2");
    publish(site, plain, "t/x=3");
    assert_string_equal(site_all(site, a), "t/x=1; t/x=3");
    assert_string_equal(site_all(site, b), "t/x=2");
    assert_string_equal(site_all(site, other), "t/x=1; t/x=2; t/x=3");
    assert_string_equal(site_all(site, plain), "t/x=1; t/x=2; t/x=3");
    site_free(site);
}

static void who_can_take_it_now_goes_first(void **state)
{
    struct site *site = site_new(false);
    struct mqtt_session *away = member(site, "a", "$share/g/t", false);
    struct mqtt_session *busy = NULL;
    struct mqtt_session *idle = NULL;

    (void)state;
    site->quota.inflight = 1;
    busy = member(site, "b", "$share/g/t", true);
    idle = member(site, "c", "$share/g/t", true);
    site_close(site, away, MQTT_END_LOST);
    assert_int_equal(site_publish(site, idle, "t=1", 1, 1), MQTT_OK);
    assert_string_equal(site_all(site, busy), "t=1 q1 #1");
    assert_int_equal(site_publish(site, idle, "t=2", 1, 2), MQTT_OK);
    assert_int_equal(site_publish(site, idle, "t=3", 1, 3), MQTT_OK);
    assert_string_equal(site_all(site, idle), "puback 1; puback 2; puback 3; t=2 q1 #1");
    /* both are full: one that is here still goes before one that is away */
    site_ack(site, busy, MQTT_OP_PUBACK, 1);
    assert_string_equal(site_all(site, busy), "t=3 q1 #2");
    site_close(site, busy, MQTT_END_BYE);
    site_close(site, idle, MQTT_END_BYE);
    busy = site_open(site, "p", true);
    assert_int_equal(site_publish(site, busy, "t=4", 1, 1), MQTT_OK);
    away = site_open(site, "a", false);
    assert_string_equal(site_all(site, away), "opened 1; t=4 q1 #1");
    site_free(site);
}

static void a_member_by_its_own_subscription_too_gets_it_once(void **state)
{
    struct site *site = site_new(false);
    struct mqtt_session *a = member(site, "a", "$share/g/t", true);

    (void)state;
    site_subscribe(site, a, "#", 0);
    (void)site_all(site, a);
    publish(site, a, "t=1");
    assert_string_equal(site_all(site, a), "t=1");
    site_free(site);
}

static void a_member_whose_acl_forbids_the_topic_has_no_turn(void **state)
{
    static const struct span mine[] = {{WIRE("t/1")}};
    static const struct mqtt_acl acl = {.publish = {mine, 1}, .subscribe = {mine, 1}};
    struct site *site = site_new(false);
    struct mqtt_session *a = member(site, "a", "$share/g/t/+", true);
    struct mqtt_session *b = member(site, "b", "$share/g/t/+", true);

    (void)state;
    mqtt_session_set_acl(&site->ss, a, mqtt_acl_new(&site->ss.budget, &acl), site->now_ms);
    publish(site, b, "t/2=x");
    publish(site, b, "t/1=y");
    assert_string_equal(site_all(site, b), "t/2=x");
    assert_string_equal(site_all(site, a), "t/1=y");
    /* and what covers the filter counts, not the word before it */
    assert_int_equal(site_subscribe(site, a, "$share/g/t/1", 0), 0);
    assert_int_equal(site_subscribe(site, a, "$share/g/t/#", 0), 0x80);
    site_free(site);
}

static void who_published_it_has_no_turn_where_it_wants_no_echo(void **state)
{
    struct site *site = site_new(false);
    struct mqtt_session *bridge = NULL;
    struct mqtt_session *other = NULL;

    (void)state;
    site->quota.no_echo = true;
    bridge = member(site, "a", "$share/g/t", true);
    site->quota.no_echo = false;
    other = member(site, "b", "$share/g/t", true);
    publish(site, bridge, "t=1");
    publish(site, bridge, "t=2");
    assert_string_equal(site_all(site, other), "t=1; t=2");
    publish(site, other, "t=3");
    assert_string_equal(site_all(site, bridge), "t=3");
    site_free(site);
}

static void retained_messages_are_not_sent_to_a_group(void **state)
{
    struct site *site = site_new(false);
    struct mqtt_session *a = site_open(site, "a", true);

    (void)state;
    assert_int_equal(site_publish_retained(site, a, "t=1", 0, 0), MQTT_OK);
    site_subscribe(site, a, "$share/g/t", 1);
    assert_string_equal(site_all(site, a), "opened 0; suback 1");
    site_free(site);
}

static void the_same_text_replaces_and_unsubscribe_ends_it(void **state)
{
    struct site *site = site_new(false);
    struct mqtt_session *a = member(site, "a", "$share/g/t", true);
    uint64_t ticket = 0;

    (void)state;
    assert_int_equal(site_subscribe(site, a, "$share/g/t", 0), 0);
    assert_int_equal(a->subscription_count, 1);
    (void)site_all(site, a);
    assert_int_equal(site_publish(site, a, "t=1", 1, 9), MQTT_OK);
    assert_string_equal(site_all(site, a), "puback 9; t=1");
    assert_false(mqtt_session_unsubscribe(&site->ss, a, span_of_text("t"), &ticket, 0));
    assert_true(mqtt_session_unsubscribe(&site->ss, a, span_of_text("$share/g/t"), &ticket, 0));
    publish(site, a, "t=2");
    assert_string_equal(site_all(site, a), "");
    assert_int_equal(site->ss.tree.count, 0);
    assert_int_equal(site->ss.shares.count, 0);
    site_free(site);
}

static void ill_formed_ones_are_refused_and_nodes_have_none(void **state)
{
    struct site *site = site_new(false);
    struct mqtt_session *a = site_open(site, "a", true);
    struct mqtt_session *node = site_open_at(site, MQTT_DOOR_NODE, "n", true);

    (void)state;
    assert_int_equal(site_subscribe(site, a, "$share/g", 0), 0x80);
    assert_int_equal(site_subscribe(site, a, "$share//t", 0), 0x80);
    assert_int_equal(site_subscribe(site, a, "$share/g/t#", 0), 0x80);
    assert_int_equal(site_subscribe(site, node, "$share/g/t", 0), 0); /* a topic like others */
    publish(site, a, "$share/g/t=x");
    (void)site_all(site, a);
    assert_string_equal(site_all(site, node), "opened 0; suback 1; $share/g/t=x");
    site_free(site);
}

static void memberships_outlive_a_crash(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *a = member(site, "a", "$share/g/t/#", false);
    struct mqtt_session *p = NULL;

    (void)state;
    site_close(site, a, MQTT_END_LOST);
    site_keep(site);
    site_crash(site);
    p = site_open(site, "p", true);
    assert_int_equal(site_publish(site, p, "t/1=x", 1, 1), MQTT_OK);
    assert_int_equal(site_publish(site, p, "$share/g/t/1=x", 1, 2), MQTT_OK);
    a = site_open(site, "a", false);
    assert_memory_equal(site_all(site, a), "opened 1; t/1=x q1 #", 20); /* ids begin anywhere */
    assert_null(strchr(site->text + 20, ';'));
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_filter_stands_behind_the_group),
        cmocka_unit_test(members_take_turns),
        cmocka_unit_test(who_can_take_it_now_goes_first),
        cmocka_unit_test(a_member_by_its_own_subscription_too_gets_it_once),
        cmocka_unit_test(a_member_whose_acl_forbids_the_topic_has_no_turn),
        cmocka_unit_test(who_published_it_has_no_turn_where_it_wants_no_echo),
        cmocka_unit_test(retained_messages_are_not_sent_to_a_group),
        cmocka_unit_test(the_same_text_replaces_and_unsubscribe_ends_it),
        cmocka_unit_test(ill_formed_ones_are_refused_and_nodes_have_none),
        cmocka_unit_test(memberships_outlive_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
