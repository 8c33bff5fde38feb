/* QoS 1 and 2 both ways, order, windows, reconnects. Names cite MQTT 3.1.1. */
#include "tests/mqtt/site.h"

struct pair {
    struct site *site;
    struct mqtt_session *from;
    struct mqtt_session *to; /* reads `a` */
};

static struct pair pair_of(bool clean, uint8_t qos, uint16_t window)
{
    struct pair p = {.site = site_new(true)};

    p.from = site_open(p.site, "from", clean);
    p.site->quota.inflight = window;
    p.to = site_open(p.site, "to", clean);
    site_subscribe(p.site, p.to, "a", qos);
    site_all(p.site, p.from);
    assert_string_equal(site_all(p.site, p.to), "opened 0; suback 1");
    return p;
}

static void a_message_reaches_its_reader_at_each_qos(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *from = site_open(site, "from", true);
    struct mqtt_session *to = site_open(site, "to", true);

    (void)state;
    site_subscribe(site, to, "a/+", 2);
    assert_string_equal(site_all(site, to), "opened 0; suback 1");
    assert_string_equal(site_all(site, from), "opened 0");
    site_publish(site, from, "a/0=zero", 0, 0); /* MQTT-4.3.1-1 */
    site_publish(site, from, "a/1=one", 1, 11);
    site_publish(site, from, "a/2=two", 2, 12);
    assert_string_equal(site_all(site, from), "puback 11; pubrec 12"); /* MQTT-3.3.4-1 */
    assert_string_equal(site_all(site, to), "a/0=zero; a/1=one q1 #1; a/2=two q2 #2");
    site_ack(site, from, MQTT_OP_PUBREL, 12);
    assert_string_equal(site_all(site, from), "pubcomp 12");
    site_ack(site, to, MQTT_OP_PUBACK, 1);
    site_ack(site, to, MQTT_OP_PUBREC, 2);
    assert_string_equal(site_all(site, to), "pubrel 2");
    site_ack(site, to, MQTT_OP_PUBCOMP, 2);
    assert_false(mqtt_session_has_messages(to));
    assert_int_equal(site->ss.entries.used, 0);
    site_free(site);
}

static void mqtt_3_8_4_6_delivers_at_the_lower_qos(void **state)
{
    static const char *const want[3][3] = {{"a=x", "a=x", "a=x"},
                                           {"a=x", "a=x q1 #1", "a=x q1 #1"},
                                           {"a=x", "a=x q1 #1", "a=x q2 #1"}};

    (void)state;
    for (uint8_t granted = 0; granted < 3; granted++) {
        for (uint8_t qos = 0; qos < 3; qos++) {
            struct pair p = pair_of(true, granted, 20);

            site_publish(p.site, p.from, "a=x", qos, qos == 0 ? 0 : 1);
            assert_string_equal(site_all(p.site, p.to), want[qos][granted]);
            site_free(p.site);
        }
    }
}

static void mqtt_4_3_3_2_a_repeated_id_is_answered_and_not_forwarded(void **state)
{
    struct pair p = pair_of(true, 2, 20);

    (void)state;
    site_publish(p.site, p.from, "a=x", 2, 7);
    site_publish(p.site, p.from, "a=x", 2, 7);
    assert_string_equal(site_all(p.site, p.from), "pubrec 7; pubrec 7");
    assert_string_equal(site_all(p.site, p.to), "a=x q2 #1");
    site_ack(p.site, p.from, MQTT_OP_PUBREL, 7);
    site_ack(p.site, p.from, MQTT_OP_PUBREL, 7);
    assert_string_equal(site_all(p.site, p.from), "pubcomp 7; pubcomp 7");
    site_publish(p.site, p.from, "a=y", 2, 7); /* released: a new message */
    assert_string_equal(site_all(p.site, p.to), "a=y q2 #2");
    site_free(p.site);
}

static void mqtt_4_3_2_2_the_same_id_at_qos_1_is_a_new_message(void **state)
{
    struct pair p = pair_of(true, 1, 20);

    (void)state;
    site_publish(p.site, p.from, "a=x", 1, 7);
    site_publish(p.site, p.from, "a=x", 1, 7);
    assert_string_equal(site_all(p.site, p.from), "puback 7; puback 7");
    assert_string_equal(site_all(p.site, p.to), "a=x q1 #1; a=x q1 #2");
    site_free(p.site);
}

static void unknown_ids_are_harmless(void **state)
{
    struct pair p = pair_of(true, 2, 20);

    (void)state;
    site_ack(p.site, p.to, MQTT_OP_PUBACK, 9);
    site_ack(p.site, p.to, MQTT_OP_PUBCOMP, 9);
    site_ack(p.site, p.to, MQTT_OP_PUBREC, 9);
    site_ack(p.site, p.to, MQTT_OP_PUBREL, 9);
    assert_string_equal(site_all(p.site, p.to), "pubrel 9; pubcomp 9");
    site_publish(p.site, p.from, "a=x", 2, 7);
    assert_string_equal(site_all(p.site, p.to), "a=x q2 #1");
    site_ack(p.site, p.to, MQTT_OP_PUBCOMP, 1); /* out of place: not before PUBREC */
    assert_true(mqtt_session_has_messages(p.to));
    site_free(p.site);
}

static void mqtt_4_3_3_1_nothing_is_published_again_after_pubrel(void **state)
{
    struct pair p = pair_of(false, 2, 20);

    (void)state;
    site_publish(p.site, p.from, "a=1", 2, 1);
    site_publish(p.site, p.from, "a=2", 2, 2);
    assert_string_equal(site_all(p.site, p.to), "a=1 q2 #1; a=2 q2 #2");
    site_ack(p.site, p.to, MQTT_OP_PUBREC, 1);
    assert_string_equal(site_all(p.site, p.to), "pubrel 1");
    site_close(p.site, p.to, MQTT_END_LOST);
    p.to = site_open(p.site, "to", false);
    assert_string_equal(site_all(p.site, p.to), "opened 1; pubrel 1; a=2 q2 #2 dup");
    site_ack(p.site, p.to, MQTT_OP_PUBREC, 1);
    assert_string_equal(site_all(p.site, p.to), "pubrel 1");
    site_ack(p.site, p.to, MQTT_OP_PUBCOMP, 1);
    site_free(p.site);
}

static void mqtt_4_4_0_1_a_reconnect_sends_again_in_order_with_the_same_ids(void **state)
{
    struct pair p = pair_of(false, 1, 3);

    (void)state;
    for (uint16_t i = 1; i <= 5; i++) {
        char text[] = {'a', '=', (char)('0' + i), 0};

        site_publish(p.site, p.from, text, 1, i);
    }
    assert_string_equal(site_all(p.site, p.to), "a=1 q1 #1; a=2 q1 #2; a=3 q1 #3");
    site_ack(p.site, p.to, MQTT_OP_PUBACK, 2);
    assert_string_equal(site_all(p.site, p.to), "a=4 q1 #4");
    site_close(p.site, p.to, MQTT_END_LOST);
    p.to = site_open(p.site, "to", false);
    assert_string_equal(site_all(p.site, p.to), /* MQTT-4.6.0-1, MQTT-3.3.1-1 */
                        "opened 1; a=1 q1 #1 dup; a=3 q1 #3 dup; a=4 q1 #4 dup");
    site_ack(p.site, p.to, MQTT_OP_PUBACK, 1);
    assert_string_equal(site_all(p.site, p.to), "a=5 q1 #5"); /* DUP 0 the first time */
    site_free(p.site);
}

/* What a clean session of ours leaves open with a far side that forgot it. */
static void mqtt_3_1_2_6_anew_begins_again_what_was_under_way(void **state)
{
    struct pair p = pair_of(false, 2, 4);
    struct mqtt_opening anew = {.door = MQTT_DOOR_CONN,
                                .name = span_of_text("to"),
                                .anew = true,
                                .door_item = p.site,
                                .quota = p.site->quota};

    (void)state;
    site_publish(p.site, p.from, "a=1", 1, 1);
    site_publish(p.site, p.from, "a=2", 2, 2);
    site_publish(p.site, p.from, "a=3", 2, 3);
    assert_string_equal(site_all(p.site, p.to), "a=1 q1 #1; a=2 q2 #2; a=3 q2 #3");
    site_ack(p.site, p.to, MQTT_OP_PUBREC, 2);
    site_publish(p.site, p.to, "b=x", 2, 9);
    assert_string_equal(site_all(p.site, p.to), "pubrel 2; pubrec 9");
    site_close(p.site, p.to, MQTT_END_LOST);
    p.to = mqtt_session_open(&p.site->ss, &anew, p.site->now_ms);
    assert_string_equal(site_all(p.site, p.to), "opened 1; a=1 q1 #1; a=3 q2 #3");
    assert_int_equal(p.site->ss.received.used, 2); /* of `from` */
    site_ack(p.site, p.to, MQTT_OP_PUBACK, 1);
    site_ack(p.site, p.to, MQTT_OP_PUBREC, 3);
    site_ack(p.site, p.to, MQTT_OP_PUBCOMP, 3);
    assert_false(mqtt_session_has_messages(p.to));
    site_free(p.site);
}

static void a_smaller_window_at_the_reconnect_is_kept_to(void **state)
{
    struct pair p = pair_of(false, 1, 3);

    (void)state;
    site_publish(p.site, p.from, "a=1", 1, 1);
    site_publish(p.site, p.from, "a=2", 1, 2);
    assert_string_equal(site_all(p.site, p.to), "a=1 q1 #1; a=2 q1 #2");
    site_close(p.site, p.to, MQTT_END_LOST);
    p.site->quota.inflight = 1;
    p.to = site_open(p.site, "to", false);
    assert_string_equal(site_all(p.site, p.to), "opened 1; a=1 q1 #1 dup");
    site_ack(p.site, p.to, MQTT_OP_PUBACK, 1);
    assert_string_equal(site_all(p.site, p.to), "a=2 q1 #2 dup");
    site_free(p.site);
}

static void mqtt_4_6_0_4_pubrel_follows_the_order_of_pubrec(void **state)
{
    struct pair p = pair_of(true, 2, 20);

    (void)state;
    site_publish(p.site, p.from, "a=1", 2, 1);
    site_publish(p.site, p.from, "a=2", 2, 2);
    site_publish(p.site, p.from, "a=3", 2, 3);
    site_all(p.site, p.to);
    site_ack(p.site, p.to, MQTT_OP_PUBREC, 2);
    site_ack(p.site, p.to, MQTT_OP_PUBREC, 3);
    site_ack(p.site, p.to, MQTT_OP_PUBREC, 1);
    assert_string_equal(site_all(p.site, p.to), "pubrel 2; pubrel 3; pubrel 1");
    site_free(p.site);
}

static void mqtt_4_6_0_2_answers_follow_the_order_of_the_requests(void **state)
{
    struct pair p = pair_of(false, 1, 20);

    (void)state;
    p.site->by_hand = true;
    site_close(p.site, p.to, MQTT_END_LOST);
    site_publish(p.site, p.from, "a=kept", 1, 1); /* waits for the store */
    site_publish(p.site, p.from, "free=x", 1, 2); /* nobody reads it */
    assert_string_equal(site_all(p.site, p.from), "");
    site_keep(p.site);
    assert_string_equal(site_all(p.site, p.from), "puback 1; puback 2"); /* MQTT-4.6.0-3 too */
    site_free(p.site);
}

static void mqtt_2_3_1_4_ids_in_use_are_passed_over(void **state)
{
    struct pair p = pair_of(true, 1, 20);

    (void)state;
    site_publish(p.site, p.from, "a=held", 1, 1);
    assert_string_equal(site_all(p.site, p.to), "a=held q1 #1");
    for (unsigned i = 2; i <= 65535; i++) {
        site_publish(p.site, p.from, "a=x", 1, 1);
        site_next(p.site, p.to);
        site_ack(p.site, p.to, MQTT_OP_PUBACK, (uint16_t)i);
        site_next(p.site, p.from);
    }
    assert_int_equal(p.to->inflight_count, 1);
    site_publish(p.site, p.from, "a=y", 1, 1);
    assert_string_equal(site_all(p.site, p.to), "a=y q1 #2"); /* neither 0 nor 1 */
    site_free(p.site);
}

static void what_is_held_lets_others_by_and_keeps_its_place(void **state)
{
    struct pair p = pair_of(true, 1, 1);

    (void)state;
    site_publish(p.site, p.from, "a=1", 1, 1);
    site_publish(p.site, p.from, "a=2", 1, 2);
    site_publish(p.site, p.from, "a=3", 1, 3);
    assert_string_equal(site_all(p.site, p.to), "a=1 q1 #1");
    mqtt_session_hold(&p.site->ss, p.to, 1);
    assert_string_equal(site_all(p.site, p.to), "a=2 q1 #2");
    mqtt_session_hold(&p.site->ss, p.to, 2);
    assert_string_equal(site_all(p.site, p.to), "a=3 q1 #3");
    assert_true(mqtt_session_has_messages(p.to));
    site_ack(p.site, p.to, MQTT_OP_PUBACK, 3);
    assert_string_equal(site_all(p.site, p.to), "");
    assert_false(mqtt_session_has_messages(p.to));
    site_ack(p.site, p.to, MQTT_OP_PUBACK, 2); /* one that went before */
    mqtt_session_unhold(p.to);
    assert_string_equal(site_all(p.site, p.to), "a=1 q1 #1");
    mqtt_session_hold(&p.site->ss, p.to, 1);
    site_publish(p.site, p.from, "a=4", 1, 4);
    site_close(p.site, p.to, MQTT_END_ASLEEP);
    mqtt_session_set_window(&p.site->ss, p.to, 1); /* awake: all is tried */
    assert_string_equal(site_all(p.site, p.to), "a=1 q1 #1");
    site_ack(p.site, p.to, MQTT_OP_PUBACK, 1);
    assert_string_equal(site_all(p.site, p.to), "a=4 q1 #4");
    assert_int_equal(p.to->held_count, 0);
    site_free(p.site);
}

static void when_many_are_held_the_queue_waits(void **state)
{
    struct pair p = pair_of(true, 1, 1);

    (void)state;
    for (uint16_t i = 1; i <= 30; i++) {
        site_publish(p.site, p.from, "a=x", 1, i);
        (void)site_all(p.site, p.to);
        mqtt_session_hold(&p.site->ss, p.to, i);
    }
    assert_int_equal(p.to->inflight_count, 16);
    assert_int_equal(p.to->queue_count, 14);
    assert_false(mqtt_session_has_messages(p.to));
    mqtt_session_unhold(p.to);
    for (uint16_t i = 1; i <= 30; i++) {
        char text[16];

        snprintf(text, sizeof text, "a=x q1 #%u", i);
        assert_string_equal(site_all(p.site, p.to), text);
        site_ack(p.site, p.to, MQTT_OP_PUBACK, i);
    }
    assert_false(mqtt_session_has_messages(p.to));
    site_free(p.site);
}

static void the_window_bounds_what_is_unacknowledged(void **state)
{
    struct pair p = pair_of(true, 1, 2);

    (void)state;
    for (uint16_t i = 1; i <= 4; i++) {
        site_publish(p.site, p.from, "a=x", 1, i);
    }
    assert_string_equal(site_all(p.site, p.to), "a=x q1 #1; a=x q1 #2");
    assert_false(site_is_ready(p.site, p.to));
    site_ack(p.site, p.to, MQTT_OP_PUBACK, 1);
    assert_true(site_is_ready(p.site, p.to));
    assert_string_equal(site_all(p.site, p.to), "a=x q1 #3");
    mqtt_session_set_window(&p.site->ss, p.to, 0);
    site_ack(p.site, p.to, MQTT_OP_PUBACK, 2);
    assert_string_equal(site_all(p.site, p.to), "");
    mqtt_session_set_window(&p.site->ss, p.to, 5);
    assert_string_equal(site_all(p.site, p.to), "a=x q1 #4");
    site_free(p.site);
}

static void a_session_told_again_is_ready_again(void **state)
{
    struct pair p = pair_of(true, 0, 2);

    (void)state;
    site_publish(p.site, p.from, "a=1", 0, 0);
    site_publish(p.site, p.from, "a=2", 0, 0);
    assert_true(site_is_ready(p.site, p.to));
    assert_string_equal(site_next(p.site, p.to), "a=1");
    mqtt_session_again(&p.site->ss, p.to);
    assert_true(site_is_ready(p.site, p.to));
    assert_string_equal(site_next(p.site, p.to), "a=2");
    mqtt_session_again(&p.site->ss, p.to);
    assert_false(site_is_ready(p.site, p.to));
    site_free(p.site);
}

static void answers_go_without_deliveries_when_asked_so(void **state)
{
    struct pair p = pair_of(true, 1, 2);
    struct mqtt_op op;

    (void)state;
    site_publish(p.site, p.to, "a=1", 1, 4);
    assert_int_equal(mqtt_session_owed(p.to), 1);
    assert_true(mqtt_session_next_answer(&p.site->ss, p.to, &op));
    assert_int_equal(op.kind, MQTT_OP_PUBACK);
    assert_false(mqtt_session_next_answer(&p.site->ss, p.to, &op));
    assert_int_equal(mqtt_session_owed(p.to), 0);
    assert_string_equal(site_all(p.site, p.to), "a=1 q1 #1");
    site_free(p.site);
}

static void a_door_may_end_a_delivery_at_qos_2_at_once(void **state)
{
    struct pair p = pair_of(false, 2, 1);

    (void)state;
    site_publish(p.site, p.from, "a=1", 2, 1);
    site_publish(p.site, p.from, "a=2", 2, 2);
    assert_string_equal(site_all(p.site, p.to), "a=1 q2 #1");
    site_ack(p.site, p.to, MQTT_OP_PUBACK, 1);
    assert_string_equal(site_all(p.site, p.to), "a=2 q2 #2");
    site_free(p.site);
}

static void full_memory_refuses_before_anything_changes(void **state)
{
    struct pair p = pair_of(true, 2, 20);
    size_t limit = p.site->ss.budget.limit;

    (void)state;
    for (uint8_t qos = 0; qos < 3; qos++) {
        p.site->ss.budget.limit = p.site->ss.budget.used;
        assert_int_equal(site_publish(p.site, p.from, "a=x", qos, qos == 0 ? 0 : 5), MQTT_ERR_FULL);
        p.site->ss.budget.limit = limit;
        assert_string_equal(site_all(p.site, p.from), "");
        assert_string_equal(site_all(p.site, p.to), "");
    }
    assert_int_equal(p.site->ss.count.refused, 3);
    assert_int_equal(site_publish(p.site, p.from, "a=x", 2, 5), MQTT_OK); /* not a repetition */
    assert_string_equal(site_all(p.site, p.to), "a=x q2 #1");
    site_free(p.site);
}

static void a_full_store_refuses_qos_1_and_lets_qos_0_pass(void **state)
{
    struct pair p = pair_of(false, 1, 20);

    (void)state;
    p.site->by_hand = true;
    p.site->journal.limit = 4;
    assert_int_equal(site_publish(p.site, p.from, "a=1", 1, 1), MQTT_ERR_FULL);
    assert_int_equal(p.site->journal.pending.count, 0);
    assert_int_equal(site_publish(p.site, p.from, "a=0", 0, 0), MQTT_OK);
    assert_string_equal(site_all(p.site, p.to), "a=0");
    p.site->journal.limit = 5;
    assert_int_equal(site_publish(p.site, p.from, "a=1", 1, 1), MQTT_OK);
    site_free(p.site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_reaches_its_reader_at_each_qos),
        cmocka_unit_test(mqtt_3_8_4_6_delivers_at_the_lower_qos),
        cmocka_unit_test(mqtt_4_3_3_2_a_repeated_id_is_answered_and_not_forwarded),
        cmocka_unit_test(mqtt_4_3_2_2_the_same_id_at_qos_1_is_a_new_message),
        cmocka_unit_test(unknown_ids_are_harmless),
        cmocka_unit_test(mqtt_4_3_3_1_nothing_is_published_again_after_pubrel),
        cmocka_unit_test(mqtt_3_1_2_6_anew_begins_again_what_was_under_way),
        cmocka_unit_test(mqtt_4_4_0_1_a_reconnect_sends_again_in_order_with_the_same_ids),
        cmocka_unit_test(a_smaller_window_at_the_reconnect_is_kept_to),
        cmocka_unit_test(mqtt_4_6_0_4_pubrel_follows_the_order_of_pubrec),
        cmocka_unit_test(mqtt_4_6_0_2_answers_follow_the_order_of_the_requests),
        cmocka_unit_test(mqtt_2_3_1_4_ids_in_use_are_passed_over),
        cmocka_unit_test(what_is_held_lets_others_by_and_keeps_its_place),
        cmocka_unit_test(when_many_are_held_the_queue_waits),
        cmocka_unit_test(the_window_bounds_what_is_unacknowledged),
        cmocka_unit_test(a_session_told_again_is_ready_again),
        cmocka_unit_test(answers_go_without_deliveries_when_asked_so),
        cmocka_unit_test(a_door_may_end_a_delivery_at_qos_2_at_once),
        cmocka_unit_test(full_memory_refuses_before_anything_changes),
        cmocka_unit_test(a_full_store_refuses_qos_1_and_lets_qos_0_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
