/* What waits, its bounds, and what goes when it is full. */
#include "tests/mqtt/site.h"

static struct mqtt_session *reader(struct site *site)
{
    struct mqtt_session *s = NULL;

    site->quota.inflight = 1;
    s = site_open_at(site, MQTT_DOOR_NODE, "n", true);
    site_subscribe(site, s, "#", 2);
    site_all(site, s);
    site_close(site, s, MQTT_END_ASLEEP);
    return s;
}

/* Publishes "1" to "9" at the QoS that `qos` says, then wakes the reader and acknowledges all. */
static const char *through(struct site *site, struct mqtt_session *s, const char *qos)
{
    static char all[1024];
    struct mqtt_op op;
    size_t len = 0;

    for (size_t i = 0; qos[i] != 0; i++) {
        char text[] = {(char)('1' + i), 0};
        struct mqtt_publication p = {.topic = span_of_text("t"),
                                     .payload = span_of_text(text),
                                     .qos = (uint8_t)(qos[i] - '0')};

        assert_int_equal(mqtt_sessions_publish(&site->ss, &p, site->now_ms), MQTT_OK);
    }
    mqtt_session_set_window(&site->ss, s, 1);
    while (mqtt_session_next(&site->ss, s, &op, site->now_ms)) {
        all[len++] = (char)mqtt_message_payload(op.message).at[0];
        mqtt_message_drop(op.message);
        mqtt_session_ack(&site->ss, s, MQTT_OP_PUBACK, op.packet_id, site->now_ms);
    }
    all[len] = 0;
    return all;
}

static void what_goes_is_as_when_full_says(void **state)
{
    static const struct {
        enum mqtt_when_full when_full;
        const char *qos;
        const char *left; /* of a queue of three */
    } cases[] = {
        {MQTT_DROP_OLDEST, "11111", "345"},      {MQTT_DROP_OLDEST, "10101", "345"},
        {MQTT_DROP_NEWEST, "11111", "123"},      {MQTT_DROP_NEWEST, "00111", "123"},
        {MQTT_DROP_QOS0_FIRST, "11111", "345"},  {MQTT_DROP_QOS0_FIRST, "10111", "345"},
        {MQTT_DROP_QOS0_FIRST, "1011", "134"},   {MQTT_DROP_QOS0_FIRST, "11101", "235"},
        {MQTT_DROP_QOS0_FIRST, "1110", "123"},   {MQTT_DROP_QOS0_FIRST, "00000", "345"},
        {MQTT_DROP_QOS0_FIRST, "010011", "256"}, {MQTT_DROP_QOS0_FIRST, "0101011", "467"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct site *site = site_new(false);
        struct mqtt_session *s = NULL;

        site->quota.queued = 3;
        site->quota.when_full = (uint8_t)cases[i].when_full;
        s = reader(site);
        assert_string_equal(through(site, s, cases[i].qos), cases[i].left);
        assert_int_equal(s->dropped, strlen(cases[i].qos) - 3);
        assert_int_equal(site->ss.count.dropped, s->dropped);
        site_free(site);
    }
}

static void octets_bound_the_queue_too(void **state)
{
    struct site *site = site_new(false);
    struct mqtt_session *s = NULL;

    (void)state;
    site->quota.queued_bytes = 10; /* topic and payload: 2 octets each */
    s = reader(site);
    assert_string_equal(through(site, s, "1111111"), "34567");
    site_close(site, s, MQTT_END_ASLEEP);
    (void)mqtt_sessions_publish(&site->ss,
                                &(struct mqtt_publication){.topic = span_of_text("t"),
                                                           .payload = span_of_text("0123456789")},
                                site->now_ms);
    assert_int_equal(s->queue_count, 0); /* alone above the bound: it goes, nothing else */
    assert_int_equal(s->dropped, 3);
    site_free(site);
}

static void dropping_is_told_once_for_each_episode(void **state)
{
    struct site *site = site_new(false);
    struct mqtt_session *s = NULL;
    struct mqtt_notice notice;

    (void)state;
    site->quota.queued = 2;
    s = reader(site);
    assert_string_equal(through(site, s, "1111"), "34");
    assert_true(mqtt_sessions_notice(&site->ss, &notice));
    assert_int_equal(notice.kind, MQTT_NOTICE_DROPPING);
    assert_int_equal(notice.dropped, 2);
    assert_false(mqtt_sessions_notice(&site->ss, &notice));
    site_close(site, s, MQTT_END_ASLEEP);
    assert_string_equal(through(site, s, "111"), "23"); /* the queue was empty: a new episode */
    assert_true(mqtt_sessions_notice(&site->ss, &notice));
    assert_int_equal(notice.dropped, 3);
    site_free(site);
}

static void what_is_in_flight_is_never_dropped(void **state)
{
    struct site *site = site_new(false);
    struct mqtt_session *s = NULL;

    (void)state;
    site->quota.queued = 1;
    site->quota.inflight = 2;
    s = site_open(site, "c", true);
    site_subscribe(site, s, "#", 1);
    site_all(site, s);
    for (uint16_t i = 1; i <= 6; i++) {
        char text[] = {'t', '=', (char)('0' + i), 0};

        site_publish(site, s, text, 1, i);
    }
    assert_string_equal(site_all(site, s), "puback 1; puback 2; puback 3; puback 4; puback 5; "
                                           "puback 6; t=1 q1 #1; t=2 q1 #2");
    site_ack(site, s, MQTT_OP_PUBACK, 1);
    assert_string_equal(site_all(site, s), "t=6 q1 #3");
    site_free(site);
}

static void the_row_of_what_is_dropped_goes_too(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *s = NULL;

    (void)state;
    site->quota.queued = 1;
    s = site_open(site, "c", false);
    site_subscribe(site, s, "#", 1);
    site_all(site, s);
    site_close(site, s, MQTT_END_LOST);
    s = site_open(site, "from", true);
    site_publish(site, s, "t=1", 1, 1);
    site_all(site, s);
    site_publish(site, s, "t=2", 1, 2);
    site_publish(site, s, "t=3", 1, 3);
    assert_string_equal(site_all(site, s), "puback 2; puback 3"); /* 2 was kept until dropped */
    assert_int_equal(site_rows(site, TABLE_QUEUE), 1);
    assert_int_equal(site_rows(site, TABLE_MESSAGE), 0); /* it lies within the row of the queue */
    site_free(site);
}

static void qos_0_does_not_wait_for_a_closed_session(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *s = site_open(site, "c", false);
    struct mqtt_session *from = site_open(site, "from", true);

    (void)state;
    site_subscribe(site, s, "#", 1);
    site_all(site, s);
    site_publish(site, from, "t=before", 0, 0);
    site_close(site, s, MQTT_END_LOST);
    site_publish(site, from, "t=0", 0, 0);
    site_publish(site, from, "t=1", 1, 1); /* MQTT-3.1.2-5 */
    s = site_open(site, "c", false);
    assert_string_equal(site_all(site, s), "opened 1; t=1 q1 #1");
    assert_int_equal(site->ss.count.dropped, 0);
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_is_as_when_full_says),
        cmocka_unit_test(octets_bound_the_queue_too),
        cmocka_unit_test(dropping_is_told_once_for_each_episode),
        cmocka_unit_test(what_is_in_flight_is_never_dropped),
        cmocka_unit_test(the_row_of_what_is_dropped_goes_too),
        cmocka_unit_test(qos_0_does_not_wait_for_a_closed_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
