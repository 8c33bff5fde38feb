/* Publishing at every QoS, and REGISTER. */
#include "tests/firmware/rig.h"

#define REGISTER_TEMP    \
    "\x0c\x0a\0\0\0\x01" \
    "a/temp"

static void publish_registers_its_topic_first(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(rig_publish(rig, RIG_TEMP, 0, "21"), SNODE_OK);
    rig_sends(rig, REGISTER_TEMP);
    rig_quiet(rig);
    rig_rx(rig, "\x07\x0b\0\x07\0\x01\0");
    rig_sends(rig, "\x09\x0c\0\0\x07\0\0"
                   "21");
    rig_tells(rig, SNODE_PUBLISHED, 0);
    rig_publish(rig, RIG_TEMP, 0, "22");
    rig_sends(rig, "\x09\x0c\0\0\x07\0\0"
                   "22");
}

static void register_is_repeated_until_it_is_given_up(void **state)
{
    struct rig *rig = *state;

    rig_publish(rig, RIG_TEMP, 1, "21");
    rig_repeats(rig, REGISTER_TEMP, REGISTER_TEMP);
    rig_tells(rig, SNODE_SILENT, SN_REGISTER);
    rig_tells_nothing(rig);
}

/* A bus that is busy: no repetition before the link had it away, and then after the usual time. */
static void what_the_link_still_has_is_not_repeated(void **state)
{
    struct rig *rig = *state;

    rig_publish(rig, RIG_TEMP, 1, "21");
    rig_sends(rig, REGISTER_TEMP);
    for (int i = 0; i < 20; i++) {
        rig_pass(rig, RIG_RETRY_MS / 2);
        snode_postpone(&rig->node, rig->now_ms);
        rig_quiet(rig);
    }
    rig_pass(rig, RIG_RETRY_MS - 1);
    rig_quiet(rig);
    rig_pass(rig, RIG_RETRY_MS / 4 + 1);
    rig_sends(rig, REGISTER_TEMP);
}

/* SN-085 */
static void regack_congestion_is_waited_for(void **state)
{
    struct rig *rig = *state;

    rig_publish(rig, RIG_TEMP, 1, "21");
    rig_sends(rig, REGISTER_TEMP);
    rig_rx(rig, "\x07\x0b\0\0\0\x01\x01");
    rig_tells(rig, SNODE_CONGESTED, 1);
    rig_quiet(rig);
    for (int i = 0; i < 5; i++) { /* the keep alive goes on meanwhile */
        rig_pass(rig, RIG_KEEPALIVE_S * 1000 - RIG_RETRY_MS);
        rig_sends(rig, "\x02\x16");
        rig_rx(rig, "\x02\x17");
    }
    rig_pass(rig, 5 * RIG_RETRY_MS);
    rig_sends(rig, "\x0c\x0a\0\0\0\x02"
                   "a/temp");
}

static void refused_register_ends_the_publish(void **state)
{
    struct rig *rig = *state;

    rig_publish(rig, RIG_TEMP, 1, "21");
    rig_sends(rig, REGISTER_TEMP);
    rig_rx(rig, "\x07\x0b\0\0\0\x01\x03");
    rig_tells(rig, SNODE_PUBLISHED, 3);
    rig_quiet(rig);
}

static void a_reserved_topic_id_counts_as_a_refusal(void **state)
{
    struct rig *rig = *state;

    rig_publish(rig, RIG_TEMP, 1, "21");
    rig_sends(rig, REGISTER_TEMP);
    rig_rx(rig, "\x07\x0b\0\0\0\x01\0");
    rig_tells(rig, SNODE_PUBLISHED, 2);
    rig_quiet(rig);
}

static void answers_to_other_messages_are_ignored(void **state)
{
    struct rig *rig = *state;

    rig_register(rig);
    rig_publish(rig, RIG_TEMP, 1, "x");
    rig_rx(rig, "\x07\x0d\0\x07\0\x02\0"); /* before it was sent */
    rig_sends(rig, "\x08\x0c\x20\0\x07\0\x02x");
    rig_rx(rig, "\x07\x0d\0\x07\0\x01\0");
    rig_rx(rig, "\x07\x0b\0\x07\0\x02\0");
    rig_rx(rig, "\x04\x0f\0\x02");
    rig_rx(rig, "\x04\x0e\0\x02");
    rig_tells_nothing(rig);
    rig_rx(rig, "\x07\x0d\0\x07\0\x02\0");
    rig_tells(rig, SNODE_PUBLISHED, 0);
}

static void qos_1_is_repeated_with_dup_and_given_up(void **state)
{
    struct rig *rig = *state;

    rig_register(rig);
    rig_publish(rig, RIG_TEMP, 1, "x");
    rig_repeats(rig, "\x08\x0c\x20\0\x07\0\x02x", "\x08\x0c\xa0\0\x07\0\x02x");
    rig_tells(rig, SNODE_SILENT, SN_PUBLISH);
    assert_int_equal(snode_state(&rig->node), SNODE_OFF);
}

static void qos_1_lost_once_is_published_once_repeated(void **state)
{
    struct rig *rig = *state;

    rig_register(rig);
    rig_publish(rig, RIG_TEMP, 1, "x");
    rig_sends(rig, "\x08\x0c\x20\0\x07\0\x02x");
    rig_pass(rig, RIG_LATEST_MS);
    rig_sends(rig, "\x08\x0c\xa0\0\x07\0\x02x");
    rig_rx(rig, "\x07\x0d\0\x07\0\x02\0");
    rig_tells(rig, SNODE_PUBLISHED, 0);
    rig_publish(rig, RIG_TEMP, 1, "y");
    rig_sends(rig, "\x08\x0c\x20\0\x07\0\x03y");
}

static void qos_2_is_four_packets(void **state)
{
    struct rig *rig = *state;

    rig_register(rig);
    rig_publish(rig, RIG_TEMP, 2, "x");
    rig_sends(rig, "\x08\x0c\x40\0\x07\0\x02x");
    rig_rx(rig, "\x04\x0f\0\x02");
    rig_sends(rig, "\x04\x10\0\x02");
    rig_rx(rig, "\x04\x0f\0\x02");
    rig_quiet(rig);
    rig_rx(rig, "\x04\x0e\0\x02");
    rig_tells(rig, SNODE_PUBLISHED, 0);
}

static void qos_2_repeats_publish_then_pubrel(void **state)
{
    struct rig *rig = *state;

    rig_register(rig);
    rig_publish(rig, RIG_TEMP, 2, "x");
    rig_sends(rig, "\x08\x0c\x40\0\x07\0\x02x");
    rig_pass(rig, RIG_LATEST_MS);
    rig_sends(rig, "\x08\x0c\xc0\0\x07\0\x02x");
    rig_rx(rig, "\x04\x0f\0\x02");
    rig_repeats(rig, "\x04\x10\0\x02", "\x04\x10\0\x02");
    rig_tells(rig, SNODE_SILENT, SN_PUBREL);
}

static void qos_2_goes_on_with_pubrel_after_a_new_connection(void **state)
{
    struct rig *rig = *state;

    rig_register(rig);
    rig_publish(rig, RIG_TEMP, 2, "x");
    rig_sends(rig, "\x08\x0c\x40\0\x07\0\x02x");
    rig_rx(rig, "\x04\x0f\0\x02");
    rig_sends(rig, "\x04\x10\0\x02");
    rig_rx(rig, "\x02\x18");
    rig_tells(rig, SNODE_REJOINING, 0);
    rig_sends(rig, "\x08\x04\x04\x01\x00\x3Cn1");
    rig_rx(rig, "\x03\x05\x00");
    rig_tells(rig, SNODE_CONNECTED, 0);
    rig_sends(rig, "\x04\x10\0\x02");
}

/* SN-085 */
static void an_id_the_gateway_forgot_is_registered_anew(void **state)
{
    struct rig *rig = *state;

    rig_register(rig);
    rig_publish(rig, RIG_TEMP, 1, "x");
    rig_sends(rig, "\x08\x0c\x20\0\x07\0\x02x");
    rig_rx(rig, "\x07\x0d\0\x07\0\x02\x02");
    rig_sends(rig, "\x0c\x0a\0\0\0\x03"
                   "a/temp");
    rig_rx(rig, "\x07\x0b\0\x08\0\x03\0");
    rig_sends(rig, "\x08\x0c\x20\0\x08\0\x04x");
    rig_rx(rig, "\x07\x0d\0\x08\0\x04\0");
    rig_tells(rig, SNODE_PUBLISHED, 0);
}

static void an_id_refused_twice_is_told(void **state)
{
    struct rig *rig = *state;

    rig_register(rig);
    rig_publish(rig, RIG_TEMP, 1, "x");
    rig_sends(rig, "\x08\x0c\x20\0\x07\0\x02x");
    rig_rx(rig, "\x07\x0d\0\x07\0\x02\x02");
    rig_sends(rig, "\x0c\x0a\0\0\0\x03"
                   "a/temp");
    rig_rx(rig, "\x07\x0b\0\x08\0\x03\0");
    rig_sends(rig, "\x08\x0c\x20\0\x08\0\x04x");
    rig_rx(rig, "\x07\x0d\0\x08\0\x04\x02");
    rig_tells(rig, SNODE_PUBLISHED, 2);
    rig_quiet(rig);
}

static void a_forgotten_id_of_qos_0_is_registered_at_the_next_publish(void **state)
{
    struct rig *rig = *state;

    rig_register(rig);
    rig_publish(rig, RIG_TEMP, 0, "x");
    rig_sends(rig, "\x08\x0c\0\0\x07\0\0x");
    rig_rx(rig, "\x07\x0d\0\x07\0\0\x02");
    rig_quiet(rig);
    rig_tells(rig, SNODE_PUBLISHED, 0);
    rig_publish(rig, RIG_TEMP, 0, "y");
    rig_sends(rig, "\x0c\x0a\0\0\0\x02"
                   "a/temp");
}

/* SN-114 */
static void puback_congestion_stops_publishing_for_a_while(void **state)
{
    struct rig *rig = *state;

    rig->config.keepalive_s = 0;
    rig_register(rig);
    rig_publish(rig, RIG_TEMP, 1, "x");
    rig_sends(rig, "\x08\x0c\x20\0\x07\0\x02x");
    rig_rx(rig, "\x07\x0d\0\x07\0\x02\x01");
    rig_tells(rig, SNODE_CONGESTED, 1);
    assert_int_equal(rig_publish(rig, RIG_TEMP, 0, "y"), SNODE_BUSY);
    rig_pass(rig, RIG_WAIT_MS - 1);
    rig_quiet(rig);
    rig_pass(rig, 1);
    rig_sends(rig, "\x08\x0c\xa0\0\x07\0\x02x");
    rig_rx(rig, "\x07\x0d\0\x07\0\x02\0");
    rig_tells(rig, SNODE_PUBLISHED, 0);
}

/* SN-114 */
static void congestion_told_for_qos_0_holds_the_next_publish(void **state)
{
    struct rig *rig = *state;

    rig->config.keepalive_s = 0;
    rig_register(rig);
    rig_publish(rig, RIG_TEMP, 0, "x");
    rig_sends(rig, "\x08\x0c\0\0\x07\0\0x");
    rig_tells(rig, SNODE_PUBLISHED, 0);
    rig_rx(rig, "\x07\x0d\0\x07\0\0\x01");
    rig_tells(rig, SNODE_CONGESTED, 1);
    assert_int_equal(rig_publish(rig, RIG_TEMP, 0, "y"), SNODE_OK);
    rig_quiet(rig);
    rig_pass(rig, RIG_WAIT_MS);
    rig_sends(rig, "\x08\x0c\0\0\x07\0\0y");
}

static void a_request_on_hold_can_be_cancelled(void **state)
{
    struct rig *rig = *state;

    rig_register(rig);
    rig_publish(rig, RIG_TEMP, 1, "x");
    rig_sends(rig, "\x08\x0c\x20\0\x07\0\x02x");
    rig_rx(rig, "\x07\x0d\0\x07\0\x02\x01");
    rig_tells(rig, SNODE_CONGESTED, 1);
    snode_cancel(&rig->node);
    rig_sleep(rig); /* and sleep is not put off */
}

/* SN-114 */
static void an_unknown_predefined_id_is_told_and_not_registered(void **state)
{
    struct rig *rig = *state;
    struct snode_message message = {snode_predefined(5), WIRE_SPAN("x"), 1, true};

    assert_int_equal(snode_publish(&rig->node, &message), SNODE_OK);
    rig_sends(rig, "\x08\x0c\x31\0\x05\0\x01x");
    rig_rx(rig, "\x07\x0d\0\x05\0\x01\x02");
    rig_tells(rig, SNODE_PUBLISHED, 2);
    rig_quiet(rig);
}

static void a_short_name_needs_no_register(void **state)
{
    struct rig *rig = *state;
    struct snode_message message = {snode_short('a', 'b'), WIRE_SPAN("x"), 0, false};

    snode_publish(&rig->node, &message);
    rig_sends(rig, "\x08\x0c\x02"
                   "ab\0\0x");
    rig_tells(rig, SNODE_PUBLISHED, 0);
}

static void qos_minus_1_needs_no_connection(void **state)
{
    struct rig *rig = *state;
    struct snode_message message = {snode_short('a', 'b'), WIRE_SPAN("x"), -1, false};

    assert_int_equal(snode_publish(&rig->node, &message), SNODE_OK);
    rig_sends(rig, "\x08\x0c\x62"
                   "ab\0\0x");
    rig_tells(rig, SNODE_PUBLISHED, 0);
    rig_quiet(rig);
    assert_int_equal(snode_poll(&rig->node, rig->now_ms), SNODE_FOREVER);
    assert_int_equal(rig_publish(rig, RIG_TEMP, -1, "x"), SNODE_TOPIC);
    assert_int_equal(rig_publish(rig, RIG_TEMP, 0, "x"), SNODE_STATE);
}

static void a_message_too_big_is_refused_at_once(void **state)
{
    struct rig *rig = *state;
    struct snode_message message = {snode_predefined(5), {NULL, 0}, 0, false};
    uint8_t data[RIG_DATA + 1] = {0};

    message.data = span_of(data, sizeof data);
    assert_int_equal(snode_publish(&rig->node, &message), SNODE_SIZE);
    rig->config.mtu = RIG_DATA + 6;
    message.data.len = RIG_DATA;
    assert_int_equal(snode_publish(&rig->node, &message), SNODE_SIZE);
    rig->config.mtu = RIG_DATA + 7;
    assert_int_equal(snode_publish(&rig->node, &message), SNODE_OK);
    assert_int_equal(snode_output(&rig->node, rig->out, sizeof rig->out, rig->now_ms), 39);
}

static void a_topic_name_too_long_for_the_link_is_refused_at_once(void **state)
{
    struct rig *rig = *state;

    rig->config.mtu = 11; /* "a/led" fits, "a/temp" does not */
    assert_int_equal(rig_publish(rig, RIG_TEMP, 0, "x"), SNODE_SIZE);
    assert_int_equal(rig_publish(rig, RIG_LED, 0, "x"), SNODE_OK);
    assert_int_equal(snode_register(&rig->node, RIG_TOPICS), SNODE_BUSY);
    snode_cancel(&rig->node);
    assert_int_equal(snode_register(&rig->node, RIG_TOPICS), SNODE_TOPIC);
}

static void msg_ids_skip_zero(void **state)
{
    struct rig *rig = *state;
    struct snode_message message = {snode_predefined(5), WIRE_SPAN("x"), 1, false};

    rig->node.last_msg_id = 0xFFFE;
    snode_publish(&rig->node, &message);
    rig_sends(rig, "\x08\x0c\x21\0\x05\xff\xffx");
    rig_rx(rig, "\x07\x0d\0\x05\xff\xff\0");
    snode_publish(&rig->node, &message);
    rig_sends(rig, "\x08\x0c\x21\0\x05\0\x01x");
}

#define OFF(test)       cmocka_unit_test_setup_teardown(test, rig_off, rig_free)
#define CONNECTED(test) cmocka_unit_test_setup_teardown(test, rig_connected, rig_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(publish_registers_its_topic_first),
        CONNECTED(register_is_repeated_until_it_is_given_up),
        CONNECTED(what_the_link_still_has_is_not_repeated),
        CONNECTED(regack_congestion_is_waited_for),
        CONNECTED(refused_register_ends_the_publish),
        CONNECTED(a_reserved_topic_id_counts_as_a_refusal),
        CONNECTED(answers_to_other_messages_are_ignored),
        CONNECTED(qos_1_is_repeated_with_dup_and_given_up),
        CONNECTED(qos_1_lost_once_is_published_once_repeated),
        CONNECTED(qos_2_is_four_packets),
        CONNECTED(qos_2_repeats_publish_then_pubrel),
        CONNECTED(qos_2_goes_on_with_pubrel_after_a_new_connection),
        CONNECTED(an_id_the_gateway_forgot_is_registered_anew),
        CONNECTED(an_id_refused_twice_is_told),
        CONNECTED(a_forgotten_id_of_qos_0_is_registered_at_the_next_publish),
        CONNECTED(puback_congestion_stops_publishing_for_a_while),
        CONNECTED(congestion_told_for_qos_0_holds_the_next_publish),
        CONNECTED(a_request_on_hold_can_be_cancelled),
        CONNECTED(an_unknown_predefined_id_is_told_and_not_registered),
        CONNECTED(a_short_name_needs_no_register),
        OFF(qos_minus_1_needs_no_connection),
        CONNECTED(a_message_too_big_is_refused_at_once),
        CONNECTED(a_topic_name_too_long_for_the_link_is_refused_at_once),
        CONNECTED(msg_ids_skip_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
