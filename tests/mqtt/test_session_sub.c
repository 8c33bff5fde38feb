/* Subscriptions, retained messages, rules of upstreams, rights. Names cite MQTT 3.1.1. */
#include "tests/mqtt/site.h"

static uint64_t subscribe(struct site *site, struct mqtt_session *s,
                          const struct mqtt_subscribing *sub)
{
    uint64_t ticket = 0;

    assert_int_not_equal(mqtt_session_subscribe(&site->ss, s, sub, &ticket, site->now_ms), 0x80);
    return ticket;
}

static struct mqtt_session *opened(struct site *site, const char *name, bool clean)
{
    struct mqtt_session *s = site_open(site, name, clean);

    site_all(site, s);
    return s;
}

static void mqtt_3_3_5_1_overlapping_filters_deliver_once_at_the_highest_qos(void **state)
{
    struct site *site = site_new(false);
    struct mqtt_session *s = opened(site, "c", true);

    (void)state;
    site_subscribe(site, s, "a/b", 0);
    site_subscribe(site, s, "a/#", 2);
    site_subscribe(site, s, "+/b", 1);
    site_publish(site, s, "a/b=x", 2, 3);
    assert_string_equal(site_all(site, s), "suback 1; suback 1; suback 1; pubrec 3; a/b=x q2 #1");
    site_free(site);
}

static void mqtt_3_8_4_3_the_same_filter_replaces_and_repeats_what_is_retained(void **state)
{
    struct site *site = site_new(false);
    struct mqtt_session *s = opened(site, "c", true);

    (void)state;
    site_publish_retained(site, s, "a=r", 1, 1);
    site_subscribe(site, s, "a", 0);
    assert_string_equal(site_all(site, s), "puback 1; suback 1; a=r retain"); /* MQTT-3.3.1-8 */
    site_subscribe(site, s, "a", 1);
    assert_string_equal(site_all(site, s), "suback 1; a=r q1 #1 retain");
    site_publish(site, s, "a=x", 1, 2);
    assert_string_equal(site_all(site, s), "puback 2; a=x q1 #2");
    assert_int_equal(s->subscription_count, 1);
    site_free(site);
}

static void deliveries_wait_for_the_suback_and_it_for_its_row(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *from = opened(site, "from", true);
    struct mqtt_session *s = opened(site, "c", false);

    (void)state;
    site->by_hand = true;
    site_subscribe(site, s, "a", 0);
    site_publish(site, from, "a=x", 0, 0);
    assert_string_equal(site_all(site, s), "");
    site_keep(site);
    assert_string_equal(site_all(site, s), "suback 1; a=x");
    site_free(site);
}

static void bad_filters_and_too_many_are_refused(void **state)
{
    struct site *site = site_new(false);
    struct mqtt_session *s = opened(site, "c", true);
    char text[8];

    (void)state;
    assert_int_equal(site_subscribe(site, s, "a/#/b", 0), 0x80);
    assert_int_equal(site_subscribe(site, s, "", 0), 0x80);
    assert_int_equal(site_subscribe(site, s, "1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7", 0), 0x80);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(text, sizeof text, "t%d", i);
        assert_int_equal(site_subscribe(site, s, text, 2), 2);
    }
    assert_int_equal(site_subscribe(site, s, "one-more", 0), 0x80);
    assert_int_equal(site_subscribe(site, s, "t7", 1), 1); /* replaces */
    site_free(site);
}

static void mqtt_3_10_4_1_unsubscribe_takes_the_exact_filter_only(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *s = opened(site, "c", false);
    uint64_t ticket = 0;

    (void)state;
    site_subscribe(site, s, "a/+", 1);
    site_all(site, s);
    assert_false(
        mqtt_session_unsubscribe(&site->ss, s, span_of_text("a/b"), &ticket, site->now_ms));
    site_publish(site, s, "a/b=x", 1, 1);
    assert_true(mqtt_session_unsubscribe(&site->ss, s, span_of_text("a/+"), &ticket, site->now_ms));
    assert_true(ticket > 0);
    site_publish(site, s, "a/b=y", 1, 2);                                      /* MQTT-3.10.4-2 */
    assert_string_equal(site_all(site, s), "puback 1; puback 2; a/b=x q1 #1"); /* MQTT-3.10.4-3 */
    assert_int_equal(site_rows(site, TABLE_SUBSCRIPTION), 0);
    site_free(site);
}

/* --- retained ----------------------------------------------------------------------------------
 */

static void mqtt_3_3_1_10_an_empty_payload_clears_and_is_delivered(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *s = opened(site, "c", true);

    (void)state;
    site_subscribe(site, s, "a", 0);
    site_publish_retained(site, s, "a=x", 0, 0);
    site_publish(site, s, "a=live", 0, 0);                           /* MQTT-3.3.1-12 */
    assert_string_equal(site_all(site, s), "suback 1; a=x; a=live"); /* MQTT-3.3.1-9 */
    assert_int_equal(site_rows(site, TABLE_RETAINED), 1);
    site_publish_retained(site, s, "a=", 0, 0);
    assert_string_equal(site_all(site, s), "a=");
    assert_int_equal(site_rows(site, TABLE_RETAINED), 0);
    assert_int_equal(site->ss.retain.count, 0); /* MQTT-3.3.1-11 */
    site_free(site);
}

static void mqtt_3_1_2_7_retained_messages_outlive_sessions_and_restarts(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *s = opened(site, "c", true);

    (void)state;
    site_publish_retained(site, s, "a=old", 1, 1);
    site_publish_retained(site, s, "a=new", 1, 2); /* MQTT-3.3.1-5 */
    assert_string_equal(site_all(site, s), "puback 1; puback 2");
    site_close(site, s, MQTT_END_BYE);
    site_crash(site);
    s = opened(site, "d", true);
    site_subscribe(site, s, "#", 2); /* MQTT-3.3.1-6 */
    assert_string_equal(site_all(site, s), "suback 1; a=new q1 #1 retain");
    site_free(site);
}

static void the_answer_to_a_retained_message_waits_for_its_row(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *s = opened(site, "c", true);

    (void)state;
    site->by_hand = true;
    site_publish_retained(site, s, "a=x", 1, 1);
    assert_string_equal(site_all(site, s), "");
    site_keep(site);
    assert_true(site_is_ready(site, s));
    assert_string_equal(site_all(site, s), "puback 1");
    site_free(site);
}

/* --- upstreams ---------------------------------------------------------------------------------
 */

static struct mqtt_session *upstream(struct site *site)
{
    struct mqtt_session *up = NULL;

    site->quota.retain_as_published = true;
    site->quota.no_echo = true;
    up = site_open_at(site, MQTT_DOOR_UPSTREAM, "up", false);
    site->quota.retain_as_published = false;
    site->quota.no_echo = false;
    assert_memory_equal(site_next(site, up), "opened", 6);
    return up;
}

#define FILTER(text) .filter = {(const uint8_t *)(text), sizeof(text) - 1}

static void the_first_rule_that_fits_decides_and_exclude_before_all(void **state)
{
    struct site *site = site_new(false);
    struct mqtt_session *up = upstream(site);
    struct mqtt_session *s = opened(site, "c", true);

    (void)state;
    subscribe(site, up, &(struct mqtt_subscribing){FILTER("#"), .qos = 2, .rule = 3});
    subscribe(site, up, &(struct mqtt_subscribing){FILTER("a/#"), .qos = 1, .rule = 2});
    subscribe(site, up, &(struct mqtt_subscribing){FILTER("a/b"), .qos = 2, .rule = 4});
    subscribe(site, up,
              &(struct mqtt_subscribing){FILTER("a/secret"), .rule = UINT16_MAX,
                                         .options = MQTT_SUB_EXCLUDE});
    site_publish(site, s, "a/b=x", 2, 1);
    site_publish(site, s, "a/secret=x", 2, 2);
    site_publish(site, s, "z=x", 2, 3);
    assert_string_equal(site_all(site, up), "a/b=x q1 #1 rule 2; z=x q2 #2 rule 3");
    site_free(site);
}

static void a_rule_sets_qos_retain_and_ttl(void **state)
{
    struct site *site = site_new(false);
    struct mqtt_session *up = upstream(site);
    struct mqtt_session *s = opened(site, "c", true);

    (void)state;
    subscribe(site, up,
              &(struct mqtt_subscribing){FILTER("raise"), .qos = 1, .rule = 1,
                                         .options = MQTT_SUB_FIXED_QOS | MQTT_SUB_RETAIN_SET});
    subscribe(
        site, up,
        &(struct mqtt_subscribing){FILTER("strip"), .rule = 2, .options = MQTT_SUB_RETAIN_STRIP});
    subscribe(site, up, &(struct mqtt_subscribing){FILTER("keep"), .qos = 1, .rule = 3});
    subscribe(site, up,
              &(struct mqtt_subscribing){FILTER("short"), .qos = 1, .rule = 4, .ttl_ms = 50});
    site_close(site, up, MQTT_END_PARTED);
    site_publish(site, s, "raise=x", 0, 0);          /* kept: its QoS is 1 now */
    site_publish_retained(site, s, "strip=x", 1, 1); /* QoS 0 while closed: not at all */
    site_publish_retained(site, s, "keep=x", 1, 2);
    site_publish(site, s, "short=x", 1, 3);
    up = upstream(site);
    assert_string_equal(site_all(site, up), "raise=x q1 #1 retain rule 1; "
                                            "keep=x q1 #2 retain rule 3; short=x q1 #3 rule 4");
    for (uint16_t id = 1; id <= 3; id++) {
        site_ack(site, up, MQTT_OP_PUBACK, id);
    }
    site_close(site, up, MQTT_END_PARTED);
    site_publish(site, s, "short=late", 1, 4);
    site->now_ms += 50;
    up = upstream(site);
    assert_string_equal(site_all(site, up), "");
    assert_int_equal(site->ss.count.expired, 1);
    site_publish_retained(site, s, "strip=x", 0, 0);
    assert_string_equal(site_all(site, up), "strip=x rule 2");
    site_free(site);
}

static void what_came_by_an_upstream_never_goes_back(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *up = upstream(site);
    struct mqtt_session *s = opened(site, "c", false);

    (void)state;
    subscribe(site, up, &(struct mqtt_subscribing){FILTER("#"), .qos = 1, .rule = 1});
    site_subscribe(site, s, "#", 1);
    site_all(site, s);
    site_publish(site, up, "a=down", 1, 1);
    assert_string_equal(site_all(site, up), "puback 1");
    assert_string_equal(site_all(site, s), "a=down q1 #1");
    site_free(site);
}

static void retained_messages_go_up_by_the_rule_that_decides(void **state)
{
    struct site *site = site_new(false);
    struct mqtt_session *s = opened(site, "c", true);
    struct mqtt_session *up = NULL;

    (void)state;
    site_publish_retained(site, s, "a/b=x", 0, 0);
    site_publish_retained(site, s, "z=x", 0, 0);
    up = upstream(site);
    subscribe(
        site, up,
        &(struct mqtt_subscribing){FILTER("z"), .rule = UINT16_MAX, .options = MQTT_SUB_EXCLUDE});
    subscribe(site, up, &(struct mqtt_subscribing){FILTER("a/+"), .qos = 1, .rule = 1});
    subscribe(site, up, &(struct mqtt_subscribing){FILTER("#"), .qos = 1, .rule = 2});
    assert_string_equal(site_all(site, up), "a/b=x retain rule 1");
    subscribe(site, up, &(struct mqtt_subscribing){FILTER("a/+"), .rule = 1, .no_retained = true});
    assert_string_equal(site_all(site, up), "");
    site_free(site);
}

/* --- rights ------------------------------------------------------------------------------------
 */

static void mqtt_3_3_5_2_a_denied_publish_is_acknowledged_and_dropped(void **state)
{
    struct site *site = site_new(false);
    struct mqtt_session *s = opened(site, "c", true);

    (void)state;
    site_subscribe(site, s, "$SYS/#", 2);
    site_all(site, s);
    assert_int_equal(site_publish(site, s, "$SYS/x=x", 0, 0), MQTT_ERR_DENIED);
    assert_int_equal(site_publish(site, s, "$SYS/x=x", 1, 1), MQTT_ERR_DENIED);
    assert_int_equal(site_publish(site, s, "$SYS/x=x", 2, 2), MQTT_ERR_DENIED);
    site_ack(site, s, MQTT_OP_PUBREL, 2);
    assert_string_equal(site_all(site, s), "puback 1; pubrec 2; pubcomp 2");
    assert_int_equal(site->ss.count.denied, 3);
    site_free(site);
}

static void the_gateway_itself_may_write_system_topics(void **state)
{
    struct site *site = site_new(false);
    struct mqtt_session *s = opened(site, "c", true);
    struct mqtt_publication p = {.topic = span_of_text("$SYS/x"), .payload = span_of_text("up")};

    (void)state;
    site_subscribe(site, s, "$SYS/#", 2);
    site_subscribe(site, s, "#", 2); /* MQTT-4.7.2-1 */
    assert_int_equal(mqtt_sessions_publish(&site->ss, &p, site->now_ms), MQTT_OK);
    assert_string_equal(site_all(site, s), "suback 1; suback 1; $SYS/x=up");
    site_free(site);
}

static void an_acl_is_asked_at_publish_subscribe_and_delivery(void **state)
{
    static const struct span mine[] = {{WIRE("me/#")}};
    static const struct mqtt_acl acl = {.publish = {mine, 1}, .subscribe = {mine, 1}};
    struct site *site = site_new(false);
    struct mqtt_session *s = opened(site, "c", true);

    (void)state;
    site_subscribe(site, s, "#", 0);
    mqtt_session_set_acl(&site->ss, s, mqtt_acl_new(&site->ss.budget, &acl), site->now_ms);
    assert_int_equal(site_subscribe(site, s, "#", 0), 0x80);
    assert_int_equal(site_subscribe(site, s, "me/+", 0), 0);
    assert_int_equal(site_publish(site, s, "you=x", 0, 0), MQTT_ERR_DENIED);
    assert_int_equal(site_publish(site, s, "me=x", 0, 0), MQTT_OK);
    (void)mqtt_sessions_publish(
        &site->ss,
        &(struct mqtt_publication){.topic = span_of_text("you"), .payload = span_of_text("x")},
        site->now_ms);
    assert_string_equal(site_all(site, s), "suback 1; suback 1; suback 1; me=x");
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mqtt_3_3_5_1_overlapping_filters_deliver_once_at_the_highest_qos),
        cmocka_unit_test(mqtt_3_8_4_3_the_same_filter_replaces_and_repeats_what_is_retained),
        cmocka_unit_test(deliveries_wait_for_the_suback_and_it_for_its_row),
        cmocka_unit_test(bad_filters_and_too_many_are_refused),
        cmocka_unit_test(mqtt_3_10_4_1_unsubscribe_takes_the_exact_filter_only),
        cmocka_unit_test(mqtt_3_3_1_10_an_empty_payload_clears_and_is_delivered),
        cmocka_unit_test(mqtt_3_1_2_7_retained_messages_outlive_sessions_and_restarts),
        cmocka_unit_test(the_answer_to_a_retained_message_waits_for_its_row),
        cmocka_unit_test(the_first_rule_that_fits_decides_and_exclude_before_all),
        cmocka_unit_test(a_rule_sets_qos_retain_and_ttl),
        cmocka_unit_test(what_came_by_an_upstream_never_goes_back),
        cmocka_unit_test(retained_messages_go_up_by_the_rule_that_decides),
        cmocka_unit_test(mqtt_3_3_5_2_a_denied_publish_is_acknowledged_and_dropped),
        cmocka_unit_test(the_gateway_itself_may_write_system_topics),
        cmocka_unit_test(an_acl_is_asked_at_publish_subscribe_and_delivery),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
