/* What a session is: opened, closed, found again, with its will and its end. Names cite MQTT
 * 3.1.1. */
#include "tests/mqtt/site.h"

static void mqtt_3_2_2_2_a_kept_session_is_present_when_it_comes_back(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *s = site_open(site, "c", false);

    (void)state;
    assert_string_equal(site_all(site, s), "opened 0"); /* MQTT-3.2.2-3 */
    site_close(site, s, MQTT_END_BYE);
    assert_ptr_equal(site_open(site, "c", false), s); /* MQTT-3.1.2-4 */
    assert_string_equal(site_all(site, s), "opened 1");
    site_free(site);
}

static void mqtt_3_2_2_1_a_clean_session_begins_with_nothing(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *s = site_open(site, "c", false);

    (void)state;
    site_subscribe(site, s, "a", 1);
    site_close(site, s, MQTT_END_LOST);
    s = site_open(site, "c", true);
    assert_string_equal(site_all(site, s), "opened 0");
    site_publish(site, s, "a=x", 0, 0);
    assert_string_equal(site_all(site, s), ""); /* MQTT-3.1.2-6 */
    assert_int_equal(site_rows(site, TABLE_SESSION), 0);
    site_close(site, s, MQTT_END_LOST);
    assert_null(mqtt_session_find(&site->ss, MQTT_DOOR_CONN, span_of_text("c")));
    site_free(site);
}

static void doors_are_name_spaces_of_their_own(void **state)
{
    struct site *site = site_new(false);
    struct mqtt_session *conn = site_open_at(site, MQTT_DOOR_CONN, "c", true);
    struct mqtt_session *node = site_open_at(site, MQTT_DOOR_NODE, "c", true);

    (void)state;
    assert_ptr_not_equal(conn, node);
    assert_ptr_equal(mqtt_session_find(&site->ss, MQTT_DOOR_NODE, span_of_text("c")), node);
    assert_null(mqtt_session_find(&site->ss, MQTT_DOOR_UPSTREAM, span_of_text("c")));
    site_free(site);
}

static void a_new_kept_session_is_opened_when_its_row_is_kept(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *s = NULL;

    (void)state;
    site->by_hand = true;
    s = site_open(site, "c", false);
    assert_false(site_is_ready(site, s));
    assert_string_equal(site_next(site, s), "");
    site_keep(site);
    assert_true(site_is_ready(site, s));
    assert_string_equal(site_next(site, s), "opened 0");
    site_close(site, s, MQTT_END_BYE);
    assert_ptr_equal(site_open(site, "c", false), s);
    assert_string_equal(site_next(site, s), "opened 1"); /* nothing to wait for */
    site_free(site);
}

static void there_are_no_more_sessions_than_the_limit(void **state)
{
    struct site *site = site_new(false);
    char name[8];

    (void)state;
    for (int i = 0; i < 200; i++) {
        (void)snprintf(name, sizeof name, "c%d", i);
        assert_non_null(site_open(site, name, true));
    }
    assert_null(site_open(site, "late", true));
    site_free(site);
}

/* --- wills -------------------------------------------------------------------------------------
 */

struct two {
    struct site *site;
    struct mqtt_session *reader;
    struct mqtt_session *mortal;
};

/* A reader of everything at QoS 2, and a client with the will w=gone. */
static struct two with_will(enum mqtt_door door, bool clean, uint8_t qos, bool retain)
{
    struct two two = {.site = site_new(true)};
    struct mqtt_message *will = NULL;

    two.reader = site_open(two.site, "reader", true);
    site_subscribe(two.site, two.reader, "#", 2);
    two.mortal = site_open_at(two.site, door, "mortal", clean);
    will = mqtt_message_new(&two.site->ss.budget, span_of_text("w"), span_of_text("gone"));
    assert_non_null(will);
    will->qos = qos;
    will->retain = retain;
    mqtt_session_set_will(&two.site->ss, two.mortal, will, two.site->now_ms);
    assert_string_equal(site_all(two.site, two.reader), "opened 0; suback 1");
    return two;
}

static void mqtt_3_1_2_8_a_lost_session_publishes_its_will_at_its_qos(void **state)
{
    struct two two = with_will(MQTT_DOOR_CONN, true, 1, false);

    (void)state;
    site_close(two.site, two.mortal, MQTT_END_LOST);
    assert_string_equal(site_all(two.site, two.reader), "w=gone q1 #1");
    assert_null(mqtt_retain_find(&two.site->ss.retain, span_of_text("w"))); /* MQTT-3.1.2-16 */
    site_free(two.site);
}

static void mqtt_3_14_4_3_a_bye_drops_the_will(void **state)
{
    struct two two = with_will(MQTT_DOOR_CONN, true, 1, false);

    (void)state;
    site_close(two.site, two.mortal, MQTT_END_BYE);
    assert_string_equal(site_all(two.site, two.reader), "");
    site_free(two.site);
}

static void mqtt_3_1_2_17_a_will_with_retain_is_retained(void **state)
{
    struct two two = with_will(MQTT_DOOR_CONN, false, 0, true);

    (void)state;
    site_close(two.site, two.mortal, MQTT_END_LOST);
    assert_string_equal(site_all(two.site, two.reader), "w=gone"); /* MQTT-3.3.1-9 */
    assert_non_null(mqtt_retain_find(&two.site->ss.retain, span_of_text("w")));
    site_free(two.site);
}

static void mqtt_3_1_2_10_a_will_is_published_once(void **state)
{
    struct two two = with_will(MQTT_DOOR_CONN, false, 0, false);

    (void)state;
    site_close(two.site, two.mortal, MQTT_END_LOST);
    assert_string_equal(site_all(two.site, two.reader), "w=gone");
    two.mortal = site_open(two.site, "mortal", false);
    site_close(two.site, two.mortal, MQTT_END_LOST);
    assert_string_equal(site_all(two.site, two.reader), "");
    site_free(two.site);
}

/* SN-039: the will of the earlier connection is stored data, also over a restart. */
static void the_will_of_a_kept_node_stays_until_it_is_cleared(void **state)
{
    struct two two = with_will(MQTT_DOOR_NODE, false, 0, false);

    (void)state;
    site_close(two.site, two.mortal, MQTT_END_PARTED);
    assert_string_equal(site_all(two.site, two.reader), "");
    site_keep(two.site);
    site_crash(two.site);
    two.mortal = site_open_at(two.site, MQTT_DOOR_NODE, "mortal", false);
    two.reader = site_open(two.site, "reader", true);
    site_subscribe(two.site, two.reader, "#", 0);
    site_close(two.site, two.mortal, MQTT_END_LOST);
    assert_string_equal(site_all(two.site, two.reader), "opened 0; suback 1; w=gone");
    mqtt_session_set_will(&two.site->ss, two.mortal, NULL, two.site->now_ms);
    site_keep(two.site);
    assert_int_equal(site_rows(two.site, TABLE_WILL), 0);
    site_free(two.site);
}

/* --- sleep -------------------------------------------------------------------------------------
 */

static void a_sleeper_gets_what_came_meanwhile_when_it_wakes(void **state)
{
    struct site *site = site_new(false);
    struct mqtt_session *s = site_open_at(site, MQTT_DOOR_NODE, "n", true);
    struct mqtt_answer bye = {.kind = MQTT_OP_OTHER, .packet_id = 5};

    (void)state;
    site_subscribe(site, s, "a", 1);
    assert_string_equal(site_all(site, s), "opened 0; suback 1");
    site_close(site, s, MQTT_END_ASLEEP);
    mqtt_session_owe(&site->ss, s, &bye);
    assert_string_equal(site_all(site, s), "other 5"); /* answers go all the same */
    site_publish(site, s, "a=0", 0, 0);
    site_publish(site, s, "a=1", 1, 9);
    assert_string_equal(site_all(site, s), "puback 9");
    mqtt_session_set_window(&site->ss, s, 1);
    assert_true(site_is_ready(site, s));
    assert_string_equal(site_all(site, s), "a=0; a=1 q1 #1");
    site_free(site);
}

static void a_delivery_given_back_is_first_in_line_again(void **state)
{
    struct site *site = site_new(false);
    struct mqtt_session *s = NULL;

    (void)state;
    site->quota.inflight = 1;
    s = site_open_at(site, MQTT_DOOR_NODE, "n", true);
    site_subscribe(site, s, "a", 1);
    site_publish(site, s, "a=1", 1, 8);
    site_publish(site, s, "a=2", 1, 9);
    assert_string_equal(site_all(site, s), "opened 0; suback 1; puback 8; puback 9; a=1 q1 #1");
    mqtt_session_give_back(&site->ss, s, 1);
    site_close(site, s, MQTT_END_ASLEEP);
    assert_string_equal(site_all(site, s), "");
    mqtt_session_set_window(&site->ss, s, 1);
    assert_string_equal(site_all(site, s), "a=1 q1 #1 dup");
    site_ack(site, s, MQTT_OP_PUBACK, 1);
    assert_string_equal(site_all(site, s), "a=2 q1 #2");
    site_free(site);
}

/* --- time --------------------------------------------------------------------------------------
 */

static void a_closed_session_expires_and_is_told_before_it_is_gone(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *s = site_open_at(site, MQTT_DOOR_NODE, "n", false);
    struct mqtt_notice notice;
    int user = 0;

    (void)state;
    s->user = &user;
    site_subscribe(site, s, "a", 1);
    site_all(site, s);
    site_close(site, s, MQTT_END_BYE);
    assert_int_equal(mqtt_sessions_deadline(&site->ss), site->now_ms + 3600000);
    mqtt_sessions_tick(&site->ss, site->now_ms + 3599999);
    assert_false(mqtt_sessions_notice(&site->ss, &notice));
    mqtt_sessions_tick(&site->ss, site->now_ms + 3600000);
    assert_null(mqtt_session_find(&site->ss, MQTT_DOOR_NODE, span_of_text("n")));
    assert_true(mqtt_sessions_notice(&site->ss, &notice));
    assert_int_equal(notice.kind, MQTT_NOTICE_EXPIRED);
    assert_int_equal(notice.door, MQTT_DOOR_NODE);
    assert_ptr_equal(notice.user, &user);
    assert_span_equal(notice.name, span_of_text("n"));
    assert_false(mqtt_sessions_notice(&site->ss, &notice));
    site_keep(site);
    assert_int_equal(site->row_count, 0);
    assert_int_equal(site->ss.cells.used, 0);
    site_free(site);
}

static void sessions_expire_in_the_order_in_which_they_were_closed(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *a = site_open(site, "a", false);
    struct mqtt_session *b = site_open(site, "b", false);
    struct mqtt_op op;

    (void)state;
    site_close(site, a, MQTT_END_BYE);
    site->now_ms += 1000;
    site_close(site, b, MQTT_END_BYE);
    assert_false(mqtt_session_next(&site->ss, a, &op, site->now_ms)); /* nor does asking keep it */
    assert_int_equal(mqtt_sessions_deadline(&site->ss), site->now_ms - 1000 + 3600000);
    site_open(site, "a", false);
    site->now_ms += 1000;
    site_close(site, a, MQTT_END_BYE);
    mqtt_sessions_tick(&site->ss, site->now_ms - 1000 + 3600000);
    assert_null(mqtt_session_find(&site->ss, MQTT_DOOR_CONN, span_of_text("b")));
    assert_ptr_equal(mqtt_session_find(&site->ss, MQTT_DOOR_CONN, span_of_text("a")), a);
    assert_int_equal(mqtt_sessions_deadline(&site->ss), site->now_ms + 3600000);
    site_free(site);
}

static void an_open_session_and_an_upstream_never_expire(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *up = site_open_at(site, MQTT_DOOR_UPSTREAM, "up", false);
    struct mqtt_session *s = site_open(site, "c", false);

    (void)state;
    site_close(site, up, MQTT_END_PARTED);
    site_close(site, s, MQTT_END_BYE);
    site_open(site, "c", false);
    assert_int_equal(mqtt_sessions_deadline(&site->ss), UINT64_MAX);
    site_free(site);
}

static void sessions_may_end_while_their_notice_waits(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *s = site_open(site, "c", false);

    (void)state;
    site_close(site, s, MQTT_END_BYE);
    mqtt_sessions_tick(&site->ss, site->now_ms + 3600000);
    s = site_open(site, "c", false); /* a new one of that name */
    assert_string_equal(site_all(site, s), "opened 0");
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mqtt_3_2_2_2_a_kept_session_is_present_when_it_comes_back),
        cmocka_unit_test(mqtt_3_2_2_1_a_clean_session_begins_with_nothing),
        cmocka_unit_test(doors_are_name_spaces_of_their_own),
        cmocka_unit_test(a_new_kept_session_is_opened_when_its_row_is_kept),
        cmocka_unit_test(there_are_no_more_sessions_than_the_limit),
        cmocka_unit_test(mqtt_3_1_2_8_a_lost_session_publishes_its_will_at_its_qos),
        cmocka_unit_test(mqtt_3_14_4_3_a_bye_drops_the_will),
        cmocka_unit_test(mqtt_3_1_2_17_a_will_with_retain_is_retained),
        cmocka_unit_test(mqtt_3_1_2_10_a_will_is_published_once),
        cmocka_unit_test(the_will_of_a_kept_node_stays_until_it_is_cleared),
        cmocka_unit_test(a_sleeper_gets_what_came_meanwhile_when_it_wakes),
        cmocka_unit_test(a_delivery_given_back_is_first_in_line_again),
        cmocka_unit_test(a_closed_session_expires_and_is_told_before_it_is_gone),
        cmocka_unit_test(sessions_expire_in_the_order_in_which_they_were_closed),
        cmocka_unit_test(an_open_session_and_an_upstream_never_expire),
        cmocka_unit_test(sessions_may_end_while_their_notice_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
