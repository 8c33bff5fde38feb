/* What is in the store, what waits for it, and what a restart brings back. */
#include "tests/mqtt/site.h"

static struct mqtt_session *reader(struct site *site, uint8_t qos)
{
    struct mqtt_session *s = site_open(site, "reader", false);

    site_subscribe(site, s, "a", qos);
    site_all(site, s);
    site_keep(site);
    return s;
}

static struct mqtt_session *writer(struct site *site)
{
    struct mqtt_session *s = site_open(site, "writer", true);

    site_all(site, s);
    return s;
}

/* One that had a message before: the store knows that it sends. */
static struct mqtt_session *busy_reader(struct site *site, struct mqtt_session *from)
{
    struct mqtt_session *to = reader(site, 1);

    site_publish(site, from, "a=0", 1, 9);
    assert_string_equal(site_all(site, to), "a=0 q1 #1");
    site_ack(site, to, MQTT_OP_PUBACK, 1);
    assert_string_equal(site_all(site, from), "puback 9");
    site_keep(site);
    return to;
}

static void clean_sessions_never_touch_the_journal(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *s = site_open(site, "c", true);

    (void)state;
    site->by_hand = true;
    site_subscribe(site, s, "a", 2);
    for (uint8_t qos = 0; qos < 3; qos++) {
        site_publish(site, s, "a=x", qos, qos);
    }
    assert_string_equal(site_all(site, s), "opened 0; suback 1; puback 1; pubrec 2; a=x; "
                                           "a=x q1 #1; a=x q2 #2");
    site_ack(site, s, MQTT_OP_PUBREL, 2);
    site_ack(site, s, MQTT_OP_PUBREC, 2);
    site_close(site, s, MQTT_END_LOST);
    assert_int_equal(site->journal.last, 0);
    site_free(site);
}

static void a_publish_is_acknowledged_when_its_readers_rows_are_kept(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *from = writer(site);
    struct mqtt_session *to = busy_reader(site, from);

    (void)state;
    site->by_hand = true;
    site_publish(site, from, "a=x", 1, 1);
    assert_string_equal(site_all(site, from), "");
    assert_string_equal(site_all(site, to), "a=x q1 #2"); /* QoS 1 is delivered at once */
    site_write(site);
    assert_string_equal(site_all(site, from), "");
    site_kept(site);
    assert_true(site_is_ready(site, from));
    assert_string_equal(site_all(site, from), "puback 1");
    site_free(site);
}

static void what_is_delivered_before_it_left_is_never_written(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *from = writer(site);
    struct mqtt_session *to = busy_reader(site, from);
    size_t rows = site->row_count;

    (void)state;
    site->by_hand = true;
    site_publish(site, from, "a=x", 1, 1);
    assert_string_equal(site_all(site, to), "a=x q1 #2");
    site_ack(site, to, MQTT_OP_PUBACK, 2);
    assert_int_equal(site->journal.pending.count, 0);
    assert_true(site_is_ready(site, from)); /* counts as kept */
    assert_string_equal(site_all(site, from), "puback 1");
    site_keep(site);
    assert_int_equal(site->row_count, rows);
    site_free(site);
}

static void one_message_row_serves_all_its_readers(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *from = writer(site);

    (void)state;
    for (int i = 0; i < 5; i++) {
        char name[] = {(char)('0' + i), 0};
        struct mqtt_session *to = site_open(site, name, false);

        site_subscribe(site, to, "a", 1);
        site_all(site, to);
        site_close(site, to, MQTT_END_BYE);
    }
    site_publish(site, from, "a=x", 1, 1);
    site_keep(site);
    assert_int_equal(site_rows(site, TABLE_MESSAGE), 1);
    assert_int_equal(site_rows(site, TABLE_QUEUE), 5);
    for (int i = 0; i < 5; i++) {
        char name[] = {(char)('0' + i), 0};
        struct mqtt_session *to = site_open(site, name, false);

        assert_int_equal(site_rows(site, TABLE_MESSAGE), 1);
        assert_string_equal(site_all(site, to), "opened 1; a=x q1 #1");
        site_ack(site, to, MQTT_OP_PUBACK, 1);
        site_keep(site);
    }
    assert_int_equal(site_rows(site, TABLE_MESSAGE), 0);
    assert_int_equal(site_rows(site, TABLE_QUEUE), 0);
    site_free(site);
}

static void at_qos_2_the_id_is_kept_before_it_is_sent(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *to = reader(site, 2);
    struct mqtt_session *from = writer(site);

    (void)state;
    site->by_hand = true;
    site_publish(site, from, "a=1", 2, 1);
    site_publish(site, from, "a=2", 2, 2);
    assert_string_equal(site_all(site, to), "");
    site_keep(site);
    assert_string_equal(site_all(site, to), "a=1 q2 #1; a=2 q2 #2");
    site_ack(site, to, MQTT_OP_PUBREC, 1);
    assert_string_equal(site_all(site, to), ""); /* PUBREL waits too */
    site_keep(site);
    assert_string_equal(site_all(site, to), "pubrel 1");
    site_ack(site, to, MQTT_OP_PUBCOMP, 1);
    site_free(site);
}

static void at_qos_2_in_pubrec_and_pubcomp_wait(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *s = reader(site, 0);

    (void)state;
    site->by_hand = true;
    site_publish(site, s, "b=x", 2, 4);
    assert_string_equal(site_all(site, s), "");
    site_publish(site, s, "b=x", 2, 4);
    assert_string_equal(site_all(site, s), ""); /* the repetition waits for the same row */
    site_keep(site);
    assert_string_equal(site_all(site, s), "pubrec 4; pubrec 4");
    site_ack(site, s, MQTT_OP_PUBREL, 4);
    assert_string_equal(site_all(site, s), "");
    site_keep(site);
    assert_string_equal(site_all(site, s), "pubcomp 4");
    site_free(site);
}

static void a_restart_brings_all_back(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *to = reader(site, 2);
    struct mqtt_session *from = site_open(site, "kept-writer", false);

    (void)state;
    site_publish(site, from, "a=1", 2, 1);
    site_publish(site, from, "a=2", 2, 2);
    assert_string_equal(site_all(site, from), "opened 0; pubrec 1; pubrec 2");
    assert_string_equal(site_all(site, to), "a=1 q2 #1; a=2 q2 #2");
    site_ack(site, to, MQTT_OP_PUBREC, 1);
    assert_string_equal(site_all(site, to), "pubrel 1");
    site_close(site, to, MQTT_END_LOST);
    site_publish(site, from, "a=3", 1, 3);
    assert_string_equal(site_all(site, from), "puback 3");
    site_crash(site);

    to = site_open(site, "reader", false);
    assert_string_equal(site_next(site, to), "opened 1");
    assert_string_equal(site_next(site, to), "pubrel 1");
    assert_string_equal(site_next(site, to), "a=2 q2 #2 dup");
    assert_memory_equal(site_next(site, to), "a=3 q1 #", 8);
    from = site_open(site, "kept-writer", false);
    site_publish(site, from, "a=2", 2, 2); /* MQTT-4.3.3-2, over the restart */
    assert_string_equal(site_all(site, from), "opened 1; pubrec 2");
    assert_string_equal(site_all(site, to), "");
    site_publish(site, from, "a=4", 0, 0); /* the subscription is there */
    assert_string_equal(site_all(site, to), "a=4");
    site_free(site);
}

/* The next delivery is `payload`, and says `dup`. */
static void expect_delivery(struct site *site, struct mqtt_session *to, const char *payload,
                            bool dup)
{
    struct mqtt_op op;

    assert_true(site_op(site, to, &op));
    assert_int_equal(op.kind, MQTT_OP_DELIVER);
    assert_span_equal(mqtt_message_payload(op.message), span_of_text(payload));
    assert_int_equal(op.dup, dup);
    mqtt_message_drop(op.message);
}

/* At QoS 1 no id is recorded, and deletions may be lost. [MQTT-3.3.1-1] */
static void what_may_have_gone_out_at_qos_1_goes_again_with_dup(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *to = reader(site, 1);
    struct mqtt_session *from = writer(site);

    (void)state;
    site->by_hand = true;
    site_publish(site, from, "a=1", 1, 1);
    assert_string_equal(site_all(site, to), ""); /* that it sends is to be known first */
    site_keep(site);
    assert_string_equal(site_all(site, to), "a=1 q1 #1");
    site_publish(site, from, "a=2", 1, 2);
    assert_string_equal(site_all(site, to), "a=2 q1 #2"); /* once for all */
    site_keep(site);
    site_ack(site, to, MQTT_OP_PUBACK, 1);
    site_ack(site, to, MQTT_OP_PUBACK, 2);
    site_crash(site);
    to = site_open(site, "reader", false);
    assert_string_equal(site_next(site, to), "opened 1");
    expect_delivery(site, to, "1", true);
    expect_delivery(site, to, "2", true);
    site_free(site);
}

static void what_came_while_its_reader_was_away_goes_without_dup_after_a_restart(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *to = reader(site, 1);
    struct mqtt_session *from = writer(site);

    (void)state;
    site_publish(site, from, "a=1", 1, 1);
    assert_string_equal(site_all(site, to), "a=1 q1 #1");
    site_ack(site, to, MQTT_OP_PUBACK, 1);
    site_close(site, to, MQTT_END_LOST);
    site_publish(site, from, "a=2", 1, 2);
    site_keep(site);
    site_crash(site);
    to = site_open(site, "reader", false);
    assert_string_equal(site_next(site, to), "opened 1");
    expect_delivery(site, to, "2", false);
    site_free(site);
}

static void numbers_go_on_above_the_greatest_of_the_store(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *s = reader(site, 1);
    uint64_t number = s->number;
    uint64_t last = 0;

    (void)state;
    site_publish(site, s, "a=x", 1, 1);
    site_keep(site);
    last = site->ss.last_number;
    site_crash(site);
    assert_int_equal(site->ss.last_number, last);
    s = mqtt_session_find(&site->ss, MQTT_DOOR_CONN, span_of_text("reader"));
    assert_int_equal(s->number, number);
    s = site_open(site, "new", false);
    assert_true(s->number > last);
    site_free(site);
}

static void a_message_that_no_queue_needs_is_deleted_after_a_restart(void **state)
{
    struct site *site = site_new(true);
    struct record stray = {.key = {TABLE_MESSAGE, 0, 77}, .text = span_of_text("a")};

    (void)state;
    assert_true(mqtt_sessions_restore(&site->ss, &stray, 0));
    mqtt_sessions_restored(&site->ss, 0);
    assert_int_equal(site->journal.pending.count, 1);
    site_free(site);
}

static void rows_that_fit_nothing_are_refused(void **state)
{
    static const struct record rows[] = {
        {.key = {TABLE_SESSION, 5, 0}, .fields = {MQTT_DOORS}, .text = {WIRE("x")}},
        {.key = {TABLE_SUBSCRIPTION, 99, 1}, .text = {WIRE("a")}},
        {.key = {TABLE_WILL, 99, 0}, .text = {WIRE("a")}},
        {.key = {TABLE_QUEUE, 99, 1}},
        {.key = {TABLE_QUEUE, 4, 1}, .fields = {98}},
        {.key = {TABLE_RECEIVED, 99, 1}},
    };
    const struct record good = {.key = {TABLE_SESSION, 4, 0}, .text = {WIRE("x")}};
    struct site *site = site_new(true);

    (void)state;
    assert_true(mqtt_sessions_restore(&site->ss, &good, 0));
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_false(mqtt_sessions_restore(&site->ss, &rows[i], 0));
    }
    assert_false(mqtt_sessions_restore(&site->ss, &good, 0)); /* twice */
    site_free(site);
}

static void a_ttl_goes_on_over_a_restart(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *s = site_open(site, "up", false);
    struct mqtt_session *from = writer(site);
    struct mqtt_subscribing sub = {.filter = span_of_text("a"), .qos = 1, .rule = 1, .ttl_ms = 100};
    uint64_t ticket = 0;

    (void)state;
    mqtt_session_subscribe(&site->ss, s, &sub, &ticket, site->now_ms);
    site_close(site, s, MQTT_END_PARTED);
    site_publish(site, from, "a=1", 1, 1);
    site->now_ms += 60;
    site_publish(site, from, "a=2", 1, 1);
    site_keep(site);
    site_crash(site);
    site->now_ms += 60;
    s = site_open(site, "up", false);
    assert_string_equal(site_next(site, s), "opened 1");
    assert_memory_equal(site_next(site, s), "a=2", 3);
    assert_string_equal(site_next(site, s), "");
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_sessions_never_touch_the_journal),
        cmocka_unit_test(a_publish_is_acknowledged_when_its_readers_rows_are_kept),
        cmocka_unit_test(what_is_delivered_before_it_left_is_never_written),
        cmocka_unit_test(one_message_row_serves_all_its_readers),
        cmocka_unit_test(at_qos_2_the_id_is_kept_before_it_is_sent),
        cmocka_unit_test(at_qos_2_in_pubrec_and_pubcomp_wait),
        cmocka_unit_test(a_restart_brings_all_back),
        cmocka_unit_test(what_may_have_gone_out_at_qos_1_goes_again_with_dup),
        cmocka_unit_test(what_came_while_its_reader_was_away_goes_without_dup_after_a_restart),
        cmocka_unit_test(numbers_go_on_above_the_greatest_of_the_store),
        cmocka_unit_test(a_message_that_no_queue_needs_is_deleted_after_a_restart),
        cmocka_unit_test(rows_that_fit_nothing_are_refused),
        cmocka_unit_test(a_ttl_goes_on_over_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
