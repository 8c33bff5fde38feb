/* What a session promises while its client is there; names cite MQTT 3.1.1. */
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
    site_publish(site, s, "a", "x", 0, 0);
    assert_string_equal(site_all(site, s), ""); /* MQTT-3.1.2-6 */
    assert_int_equal(site_rows(site, TABLE_SESSION), 0);
    site_close(site, s, MQTT_END_LOST);
    assert_null(mqtt_session_find(&site->ss, MQTT_DOOR_CONN, span_of_text("c")));
    site_free(site);
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
    site_publish(site, from, "a/0", "zero", 0, 0);
    site_publish(site, from, "a/1", "one", 1, 11);
    site_publish(site, from, "a/2", "two", 2, 12);
    assert_string_equal(site_all(site, from), "puback 11; pubrec 12"); /* MQTT-3.3.4-1 */
    assert_string_equal(site_all(site, to), "a/0=zero; a/1=one q1 #1; a/2=two q2 #2");
    site_ack(site, from, MQTT_OP_PUBREL, 12);
    assert_string_equal(site_all(site, from), "pubcomp 12");
    site_ack(site, to, MQTT_OP_PUBACK, 1);
    site_ack(site, to, MQTT_OP_PUBREC, 2);
    assert_string_equal(site_all(site, to), "pubrel 2");
    site_ack(site, to, MQTT_OP_PUBCOMP, 2);
    assert_false(mqtt_session_has_messages(to));
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mqtt_3_2_2_2_a_kept_session_is_present_when_it_comes_back),
        cmocka_unit_test(mqtt_3_2_2_1_a_clean_session_begins_with_nothing),
        cmocka_unit_test(a_message_reaches_its_reader_at_each_qos),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
