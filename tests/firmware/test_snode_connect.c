/* Connect, will, keep alive, disconnect, and a gateway that has forgotten the node. */
#include "tests/firmware/rig.h"

#define CONNECT "\x08\x04\x04\x01\x00\x3Cn1"

static void connect_is_repeated_until_it_is_given_up(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(snode_connect(&rig->node, true), SNODE_OK);
    rig_repeats(rig, CONNECT, CONNECT);
    rig_tells(rig, SNODE_SILENT, SN_CONNECT);
    assert_int_equal(snode_state(&rig->node), SNODE_OFF);
    assert_int_equal(snode_poll(&rig->node, rig->now_ms), SNODE_FOREVER);
}

static void two_nodes_repeat_at_different_times(void **state)
{
    struct rig *rig = *state;
    struct snode other;
    uint8_t out[RIG_MTU];

    snode_init(&other, &rig->config, &rig->node.memory, 8);
    snode_connect(&other, true);
    snode_connect(&rig->node, true);
    rig_sends(rig, CONNECT);
    assert_int_equal(snode_output(&other, out, sizeof out, rig->now_ms), 8);
    assert_int_not_equal(snode_poll(&other, rig->now_ms), snode_poll(&rig->node, rig->now_ms));
}

static void poll_says_when_the_repetition_is_due(void **state)
{
    struct rig *rig = *state;
    uint32_t wait_ms;

    snode_connect(&rig->node, true);
    assert_int_equal(snode_poll(&rig->node, rig->now_ms), 0);
    rig_sends(rig, CONNECT);
    wait_ms = snode_poll(&rig->node, rig->now_ms);
    assert_in_range(wait_ms, RIG_RETRY_MS, RIG_LATEST_MS);
    rig_pass(rig, wait_ms - 1);
    rig_quiet(rig);
    rig_pass(rig, 1);
    rig_sends(rig, CONNECT);
}

static void connect_without_clean_session_says_so(void **state)
{
    struct rig *rig = *state;

    snode_connect(&rig->node, false);
    rig_sends(rig, "\x08\x04\0\x01\x00\x3Cn1");
}

/* SN-056 */
static void congestion_at_connect_is_waited_for(void **state)
{
    struct rig *rig = *state;

    snode_connect(&rig->node, true);
    rig_sends(rig, CONNECT);
    rig_rx(rig, "\x03\x05\x01");
    rig_tells(rig, SNODE_CONGESTED, 1);
    assert_int_equal(snode_poll(&rig->node, rig->now_ms), RIG_WAIT_MS);
    rig_pass(rig, RIG_WAIT_MS - 1);
    rig_quiet(rig);
    rig_pass(rig, 1);
    rig_sends(rig, CONNECT);
    rig_rx(rig, "\x03\x05\x00");
    rig_tells(rig, SNODE_CONNECTED, 0);
}

static void refusal_is_told_and_final(void **state)
{
    struct rig *rig = *state;

    snode_connect(&rig->node, true);
    rig_publish(rig, RIG_TEMP, 1, "x");
    rig_sends(rig, CONNECT);
    rig_rx(rig, "\x03\x05\x03");
    rig_tells(rig, SNODE_REFUSED, 3);
    rig_tells_nothing(rig);
    rig_pass(rig, RIG_LATEST_MS);
    rig_quiet(rig);
    assert_int_equal(rig_publish(rig, RIG_TEMP, 1, "x"), SNODE_STATE);
}

static void a_request_made_while_connecting_follows_the_connection(void **state)
{
    struct rig *rig = *state;

    snode_connect(&rig->node, true);
    assert_int_equal(snode_register(&rig->node, RIG_LED), SNODE_OK);
    assert_int_equal(snode_register(&rig->node, RIG_LED), SNODE_BUSY);
    rig_sends(rig, CONNECT);
    rig_quiet(rig);
    rig_rx(rig, "\x03\x05\x00");
    rig_sends(rig, "\x0b\x0a\0\0\0\x01"
                   "a/led");
}

/* SN-054 */
static void will_is_given_at_the_prompt_in_any_repetition(void **state)
{
    struct rig *rig = *state;

    snode_connect(&rig->node, true);
    rig_sends(rig, "\x08\x04\x0c\x01\x00\x3Cn1");
    for (int i = 0; i < 2; i++) {
        rig_rx(rig, "\x02\x06");
        rig_sends(rig, "\x04\x07\x30w");
        rig_rx(rig, "\x02\x08");
        rig_sends(rig, "\x06\x09gone");
        rig_quiet(rig);
    }
    rig_rx(rig, "\x03\x05\x00");
    rig_tells(rig, SNODE_CONNECTED, 0);
    rig_rx(rig, "\x02\x06");
    rig_quiet(rig);
}

static void a_prompt_that_stops_is_begun_again(void **state)
{
    struct rig *rig = *state;

    snode_connect(&rig->node, true);
    rig_sends(rig, "\x08\x04\x0c\x01\x00\x3Cn1");
    rig_pass(rig, RIG_RETRY_MS - 1);
    rig_rx(rig, "\x02\x06");
    rig_sends(rig, "\x04\x07\x30w");
    rig_pass(rig, RIG_RETRY_MS - 1);
    rig_quiet(rig);
    rig_pass(rig, RIG_LATEST_MS);
    rig_sends(rig, "\x08\x04\x0c\x01\x00\x3Cn1");
}

static const struct snode_will later = {"w2", {WIRE("bye")}, 0, false};

static void will_update_is_two_exchanges(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(snode_set_will(&rig->node, &later), SNODE_OK);
    rig_sends(rig, "\x05\x1a\0w2");
    rig_pass(rig, RIG_LATEST_MS);
    rig_sends(rig, "\x05\x1a\0w2");
    rig_rx(rig, "\x03\x1b\0");
    rig_sends(rig, "\x05\x1c"
                   "bye");
    rig_rx(rig, "\x03\x1b\0");
    rig_quiet(rig);
    rig_rx(rig, "\x03\x1d\0");
    rig_tells(rig, SNODE_WILL_SET, 0);
    snode_connect(&rig->node, true);
    rig_sends(rig, "\x08\x04\x0c\x01\x00\x3Cn1");
}

static void will_is_deleted_by_the_empty_form(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(snode_set_will(&rig->node, NULL), SNODE_OK);
    rig_sends(rig, "\x02\x1a");
    rig_rx(rig, "\x03\x1b\0");
    rig_tells(rig, SNODE_WILL_SET, 0);
    rig_quiet(rig);
}

static void a_will_set_before_connecting_is_asked_for_at_the_prompt(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(snode_set_will(&rig->node, &later), SNODE_OK);
    rig_tells(rig, SNODE_WILL_SET, 0);
    rig_quiet(rig);
    snode_connect(&rig->node, true);
    rig_sends(rig, "\x08\x04\x0c\x01\x00\x3Cn1");
    rig_rx(rig, "\x02\x06");
    rig_sends(rig, "\x05\x07\0w2");
}

static void refused_will_update_is_told(void **state)
{
    struct rig *rig = *state;

    snode_set_will(&rig->node, &later);
    rig_sends(rig, "\x05\x1a\0w2");
    rig_rx(rig, "\x03\x1b\x03");
    rig_tells(rig, SNODE_WILL_SET, 3);
    rig_quiet(rig);
}

static void keep_alive_counts_from_the_last_packet_sent(void **state)
{
    struct rig *rig = *state;

    rig_pass(rig, 30000);
    rig_register(rig);
    rig_pass(rig, RIG_KEEPALIVE_S * 1000 - RIG_RETRY_MS - 1);
    rig_quiet(rig);
    rig_pass(rig, 1);
    rig_sends(rig, "\x02\x16");
    rig_rx(rig, "\x02\x17");
    rig_tells_nothing(rig);
    assert_int_equal(snode_poll(&rig->node, rig->now_ms), RIG_KEEPALIVE_S * 1000 - RIG_RETRY_MS);
}

static void a_gateway_that_answers_no_ping_is_lost(void **state)
{
    struct rig *rig = *state;

    rig_pass(rig, RIG_KEEPALIVE_S * 1000);
    rig_repeats(rig, "\x02\x16", "\x02\x16");
    rig_tells(rig, SNODE_SILENT, SN_PINGREQ);
    assert_int_equal(snode_state(&rig->node), SNODE_OFF);
}

static void keep_alive_of_zero_sends_no_ping(void **state)
{
    struct rig *rig = *state;

    rig->config.keepalive_s = 0;
    assert_int_equal(snode_poll(&rig->node, rig->now_ms), SNODE_FOREVER);
    rig_pass(rig, 1000000000);
    rig_quiet(rig);
}

/* SN-160 */
static void ping_of_the_gateway_is_answered(void **state)
{
    struct rig *rig = *state;

    rig_rx(rig, "\x02\x16");
    rig_sends(rig, "\x02\x17");
    rig_quiet(rig);
}

static void disconnect_is_repeated_and_ends_without_answer(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(snode_disconnect(&rig->node), SNODE_OK);
    rig_repeats(rig, "\x02\x18", "\x02\x18");
    rig_tells(rig, SNODE_DISCONNECTED, SNODE_NO_ANSWER);
    assert_int_equal(snode_disconnect(&rig->node), SNODE_STATE);
}

static void disconnect_drops_the_request_under_way(void **state)
{
    struct rig *rig = *state;

    rig_publish(rig, RIG_TEMP, 1, "x");
    rig_sends(rig, "\x0c\x0a\0\0\0\x01"
                   "a/temp");
    snode_disconnect(&rig->node);
    rig_sends(rig, "\x02\x18");
    rig_rx(rig, "\x02\x18");
    rig_tells(rig, SNODE_DISCONNECTED, 0);
    rig_tells_nothing(rig);
    rig_quiet(rig);
}

static void disconnect_works_while_connecting(void **state)
{
    struct rig *rig = *state;

    snode_connect(&rig->node, true);
    rig_sends(rig, CONNECT);
    snode_disconnect(&rig->node);
    rig_sends(rig, "\x02\x18");
    rig_rx(rig, "\x02\x18");
    rig_tells(rig, SNODE_DISCONNECTED, 0);
}

/* SN-055: and the message that found out is not lost. */
static void a_gateway_that_forgot_the_node_is_connected_to_again(void **state)
{
    struct rig *rig = *state;

    rig_register(rig);
    rig_publish(rig, RIG_TEMP, 1, "x");
    rig_sends(rig, "\x08\x0c\x20\0\x07\0\x02x");
    rig_rx(rig, "\x02\x18");
    rig_tells(rig, SNODE_REJOINING, 0);
    rig_sends(rig, CONNECT);
    rig_rx(rig, "\x03\x05\x00");
    rig_tells(rig, SNODE_CONNECTED, 0);
    rig_sends(rig, "\x0c\x0a\0\0\0\x03"
                   "a/temp");
    rig_rx(rig, "\x07\x0b\0\x09\0\x03\0");
    rig_sends(rig, "\x08\x0c\xa0\0\x09\0\x02x");
    rig_rx(rig, "\x07\x0d\0\x09\0\x02\0");
    rig_tells(rig, SNODE_PUBLISHED, 0);
}

static void a_gateway_that_forgets_for_ever_is_given_up(void **state)
{
    struct rig *rig = *state;

    for (int i = 0; i < RIG_RETRIES; i++) {
        rig_rx(rig, "\x02\x18");
        rig_tells(rig, SNODE_REJOINING, 0);
        rig_sends(rig, CONNECT);
        rig_rx(rig, "\x03\x05\x00");
        rig_tells(rig, SNODE_CONNECTED, 0);
    }
    rig_rx(rig, "\x02\x18");
    rig_tells(rig, SNODE_LOST, 0);
    assert_int_equal(snode_state(&rig->node), SNODE_OFF);
    rig_quiet(rig);
}

static void a_late_connack_changes_nothing(void **state)
{
    struct rig *rig = *state;

    rig_rx(rig, "\x03\x05\x03");
    rig_rx(rig, "\x03\x05\x01");
    rig_tells_nothing(rig);
    assert_int_equal(snode_state(&rig->node), SNODE_ACTIVE);
}

static void packets_only_nodes_send_are_ignored(void **state)
{
    struct rig *rig = *state;

    rig_rx(rig, CONNECT);
    rig_rx(rig, "\x08\x12\x20\0\x03"
                "a/#");
    rig_rx(rig, "\x03\x01\0");
    rig_tells_nothing(rig);
    rig_quiet(rig);
}

static void broken_packets_are_refused_and_change_nothing(void **state)
{
    struct rig *rig = *state;

    assert_int_not_equal(snode_rx(&rig->node, WIRE_SPAN(""), rig->now_ms), SN_OK);
    assert_int_not_equal(snode_rx(&rig->node, WIRE_SPAN("\x05\x18"), rig->now_ms), SN_OK);
    assert_int_not_equal(snode_rx(&rig->node, WIRE_SPAN("\x02\x03"), rig->now_ms), SN_OK);
    assert_int_equal(snode_state(&rig->node), SNODE_ACTIVE);
    rig_tells_nothing(rig);
    rig_quiet(rig);
}

static void a_client_id_too_long_for_the_link_is_told_at_once(void **state)
{
    struct rig *rig = *state;

    rig->config.mtu = 7;
    assert_int_equal(snode_connect(&rig->node, true), SNODE_SIZE);
    rig->config.mtu = 8;
    assert_int_equal(snode_connect(&rig->node, true), SNODE_OK);
}

#define OFF(test)       cmocka_unit_test_setup_teardown(test, rig_off, rig_free)
#define CONNECTED(test) cmocka_unit_test_setup_teardown(test, rig_connected, rig_free)
#define WITH_WILL(test) cmocka_unit_test_setup_teardown(test, rig_with_will, rig_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OFF(connect_is_repeated_until_it_is_given_up),
        OFF(two_nodes_repeat_at_different_times),
        OFF(poll_says_when_the_repetition_is_due),
        OFF(connect_without_clean_session_says_so),
        OFF(congestion_at_connect_is_waited_for),
        OFF(refusal_is_told_and_final),
        OFF(a_request_made_while_connecting_follows_the_connection),
        WITH_WILL(will_is_given_at_the_prompt_in_any_repetition),
        WITH_WILL(a_prompt_that_stops_is_begun_again),
        CONNECTED(will_update_is_two_exchanges),
        CONNECTED(will_is_deleted_by_the_empty_form),
        OFF(a_will_set_before_connecting_is_asked_for_at_the_prompt),
        CONNECTED(refused_will_update_is_told),
        CONNECTED(keep_alive_counts_from_the_last_packet_sent),
        CONNECTED(a_gateway_that_answers_no_ping_is_lost),
        CONNECTED(keep_alive_of_zero_sends_no_ping),
        CONNECTED(ping_of_the_gateway_is_answered),
        CONNECTED(disconnect_is_repeated_and_ends_without_answer),
        CONNECTED(disconnect_drops_the_request_under_way),
        OFF(disconnect_works_while_connecting),
        CONNECTED(a_gateway_that_forgot_the_node_is_connected_to_again),
        CONNECTED(a_gateway_that_forgets_for_ever_is_given_up),
        CONNECTED(a_late_connack_changes_nothing),
        CONNECTED(packets_only_nodes_send_are_ignored),
        CONNECTED(broken_packets_are_refused_and_change_nothing),
        OFF(a_client_id_too_long_for_the_link_is_told_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
