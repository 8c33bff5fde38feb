/* Subscribing, messages of the gateway, the names it registers; sleep and waking. */
#include "tests/firmware/rig.h"

static void rig_got(struct rig *rig, enum snode_by by, uint16_t id, const char *name,
                    const char *text)
{
    rig_tells(rig, SNODE_MESSAGE, 0);
    assert_int_equal(rig->event.message.topic.by, by);
    assert_int_equal(rig->event.message.topic.id, id);
    assert_span_equal(rig->event.message.topic.name, span_of_text(name));
    assert_span_equal(rig->event.message.data, span_of_text(text));
}

/* The gateway registers `id` for "c/x". */
static void learn(struct rig *rig)
{
    rig_rx(rig, "\x09\x0a\0\x20\x01\0c/x");
    rig_sends(rig, "\x07\x0b\0\x20\x01\0\0");
}

static void subscribe_is_repeated_and_given_up(void **state)
{
    struct rig *rig = *state;
    struct snode_topic topic = snode_filter("c/#");

    assert_int_equal(snode_subscribe(&rig->node, &topic, 1), SNODE_OK);
    rig_repeats(rig,
                "\x08\x12\x20\0\x01"
                "c/#",
                "\x08\x12\xa0\0\x01"
                "c/#");
    rig_tells(rig, SNODE_SILENT, SN_SUBSCRIBE);
}

static void granted_qos_is_told(void **state)
{
    struct rig *rig = *state;
    struct snode_topic topic = snode_filter("c/#");

    snode_subscribe(&rig->node, &topic, 2);
    rig_sends(rig, "\x08\x12\x40\0\x01"
                   "c/#");
    rig_rx(rig, "\x08\x13\x20\0\0\0\x01\0");
    rig_tells(rig, SNODE_SUBSCRIBED, 0);
    assert_int_equal(rig->event.message.qos, 1);
}

static void refused_subscribe_is_told(void **state)
{
    struct rig *rig = *state;
    struct snode_topic topic = snode_predefined(9);

    snode_subscribe(&rig->node, &topic, 0);
    rig_sends(rig, "\x07\x12\x01\0\x01\0\x09");
    rig_rx(rig, "\x08\x13\0\0\x09\0\x01\x02");
    rig_tells(rig, SNODE_SUBSCRIBED, 2);
}

/* SN-138 */
static void one_subscribe_is_outstanding_at_a_time(void **state)
{
    struct rig *rig = *state;
    struct snode_topic first = snode_short('a', 'b');
    struct snode_topic second = snode_index(RIG_LED);

    snode_subscribe(&rig->node, &first, 0);
    assert_int_equal(snode_subscribe(&rig->node, &second, 0), SNODE_BUSY);
    assert_int_equal(snode_unsubscribe(&rig->node, &second), SNODE_BUSY);
    rig_sends(rig, "\x07\x12\x02\0\x01"
                   "ab");
    rig_quiet(rig);
}

static void a_subscribed_name_of_the_config_comes_by_its_index(void **state)
{
    struct rig *rig = *state;
    struct snode_topic topic = snode_index(RIG_LED);

    snode_subscribe(&rig->node, &topic, 1);
    rig_sends(rig, "\x0a\x12\x20\0\x01"
                   "a/led");
    rig_rx(rig, "\x08\x13\x20\0\x0c\0\x01\0");
    rig_tells(rig, SNODE_SUBSCRIBED, 0);
    rig_rx(rig, "\x09\x0c\x20\0\x0c\0\x05on");
    rig_got(rig, SNODE_BY_INDEX, RIG_LED, "a/led", "on");
    rig_sends(rig, "\x07\x0d\0\x0c\0\x05\0");
    rig_publish(rig, RIG_LED, 0, "x"); /* SN-126: the id serves for publishing too */
    rig_sends(rig, "\x08\x0c\0\0\x0c\0\0x");
}

static void a_subscribed_name_of_the_caller_comes_by_its_name(void **state)
{
    struct rig *rig = *state;
    struct snode_topic topic = snode_filter("c/x");

    snode_subscribe(&rig->node, &topic, 0);
    rig_sends(rig, "\x08\x12\0\0\x01"
                   "c/x");
    rig_rx(rig, "\x08\x13\0\0\x0c\0\x01\0");
    rig_tells(rig, SNODE_SUBSCRIBED, 0);
    rig_rx(rig, "\x08\x0c\x10\0\x0c\0\0y");
    rig_got(rig, SNODE_BY_NAME, 0x0c, "c/x", "y");
    assert_true(rig->event.message.retain);
    rig_quiet(rig);
}

static void predefined_and_short_topics_come_as_such(void **state)
{
    struct rig *rig = *state;

    rig_rx(rig, "\x08\x0c\x01\0\x0c\0\0y");
    rig_got(rig, SNODE_BY_ID, 0x0c, "", "y");
    rig_rx(rig, "\x08\x0c\x02"
                "ab\0\0z");
    rig_got(rig, SNODE_BY_SHORT, 'a' << 8 | 'b', "", "z");
    rig_quiet(rig);
}

static void unsubscribe_is_repeated_and_told(void **state)
{
    struct rig *rig = *state;
    struct snode_topic topic = snode_filter("c/#");

    snode_unsubscribe(&rig->node, &topic);
    rig_sends(rig, "\x08\x14\0\0\x01"
                   "c/#");
    rig_pass(rig, RIG_LATEST_MS);
    rig_sends(rig, "\x08\x14\0\0\x01"
                   "c/#");
    rig_rx(rig, "\x04\x15\0\x02");
    rig_tells_nothing(rig);
    rig_rx(rig, "\x04\x15\0\x01");
    rig_tells(rig, SNODE_UNSUBSCRIBED, 0);
}

/* SN-086 */
static void register_of_the_gateway_is_answered_each_time(void **state)
{
    struct rig *rig = *state;

    learn(rig);
    learn(rig);
    rig_rx(rig, "\x08\x0c\0\0\x20\0\0y");
    rig_got(rig, SNODE_BY_NAME, 0x20, "c/x", "y");
}

static void register_of_the_gateway_for_a_name_of_the_config_costs_no_memory(void **state)
{
    struct rig *rig = *state;

    rig_rx(rig, "\x0c\x0a\0\x20\x01\0"
                "a/temp");
    rig_sends(rig, "\x07\x0b\0\x20\x01\0\0");
    assert_int_equal(rig->node.names_len, 0);
    rig_rx(rig, "\x08\x0c\0\0\x20\0\0y");
    rig_got(rig, SNODE_BY_INDEX, RIG_TEMP, "a/temp", "y");
}

static void an_id_given_to_another_name_means_that_one_only(void **state)
{
    struct rig *rig = *state;

    rig_register(rig); /* 7 is a/temp */
    rig_rx(rig, "\x09\x0a\0\x07\x01\0c/x");
    rig_sends(rig, "\x07\x0b\0\x07\x01\0\0");
    rig_rx(rig, "\x08\x0c\0\0\x07\0\0y");
    rig_got(rig, SNODE_BY_NAME, 7, "c/x", "y");
    rig_publish(rig, RIG_TEMP, 0, "x");
    rig_sends(rig, "\x0c\x0a\0\0\0\x02"
                   "a/temp");
}

/* RIG_NAMES holds two entries of 4 + 8 octets. */
static void the_oldest_name_gives_way(void **state)
{
    struct rig *rig = *state;

    rig_rx(rig, "\x0e\x0a\0\x20\x01\0"
                "name/one");
    rig_sends(rig, "\x07\x0b\0\x20\x01\0\0");
    rig_rx(rig, "\x0e\x0a\0\x21\x01\x01"
                "name/two");
    rig_sends(rig, "\x07\x0b\0\x21\x01\x01\0");
    rig_rx(rig, "\x0e\x0a\0\x22\x01\x02"
                "name/333");
    rig_sends(rig, "\x07\x0b\0\x22\x01\x02\0");
    rig_rx(rig, "\x08\x0c\0\0\x21\0\0y");
    rig_got(rig, SNODE_BY_NAME, 0x21, "name/two", "y");
    rig_rx(rig, "\x08\x0c\0\0\x22\0\0z");
    rig_got(rig, SNODE_BY_NAME, 0x22, "name/333", "z");
    rig_rx(rig, "\x08\x0c\x20\0\x20\0\x09x"); /* SN-155: so the gateway registers it again */
    rig_sends(rig, "\x07\x0d\0\x20\0\x09\x02");
    rig_tells_nothing(rig);
}

static void a_name_longer_than_the_memory_is_refused(void **state)
{
    struct rig *rig = *state;

    rig_rx(rig, "\x1b\x0a\0\x20\x01\0"
                "name/of/21/characters");
    rig_sends(rig, "\x07\x0b\0\x20\x01\0\x03");
    rig_rx(rig, "\x09\x0a\0\0\x01\0c/x"); /* and so is a reserved id */
    rig_sends(rig, "\x07\x0b\0\0\x01\0\x02");
}

/* SN-155 */
static void an_unknown_id_is_answered_with_0x02(void **state)
{
    struct rig *rig = *state;

    rig_rx(rig, "\x08\x0c\x40\0\x20\0\x09y");
    rig_sends(rig, "\x07\x0d\0\x20\0\x09\x02");
    rig_rx(rig, "\x08\x0c\0\0\0\0\0y"); /* an unused place of the config has no id 0 */
    rig_sends(rig, "\x07\x0d\0\0\0\0\x02");
    rig_tells_nothing(rig);
}

static void what_no_gateway_may_send_is_not_told(void **state)
{
    struct rig *rig = *state;

    learn(rig);
    rig_rx(rig, "\x08\x0c\x23\0\x20\0\x09y"); /* TopicIdType 11 */
    rig_sends(rig, "\x07\x0d\0\x20\0\x09\x02");
    rig_rx(rig, "\x08\x0c\x60\0\x20\0\0y"); /* QoS -1 */
    rig_quiet(rig);
    rig_tells_nothing(rig);
}

static void qos_2_is_told_once(void **state)
{
    struct rig *rig = *state;

    learn(rig);
    rig_rx(rig, "\x08\x0c\x40\0\x20\0\x09y");
    rig_got(rig, SNODE_BY_NAME, 0x20, "c/x", "y");
    rig_sends(rig, "\x04\x0f\0\x09");
    rig_rx(rig, "\x08\x0c\xc0\0\x20\0\x09y");
    rig_sends(rig, "\x04\x0f\0\x09");
    rig_tells_nothing(rig);
    for (int i = 0; i < 2; i++) {
        rig_rx(rig, "\x04\x10\0\x09");
        rig_sends(rig, "\x04\x0e\0\x09");
    }
    rig_rx(rig, "\x08\x0c\x40\0\x20\0\x09z"); /* the id is free for another message */
    rig_got(rig, SNODE_BY_NAME, 0x20, "c/x", "z");
}

static void qos_2_is_told_once_over_a_new_connection(void **state)
{
    struct rig *rig = *state;

    learn(rig);
    rig_rx(rig, "\x08\x0c\x40\0\x20\0\x09y");
    rig_got(rig, SNODE_BY_NAME, 0x20, "c/x", "y");
    rig_sends(rig, "\x04\x0f\0\x09");
    snode_connect(&rig->node, false);
    rig_sends(rig, "\x08\x04\0\x01\x00\x3Cn1");
    rig_rx(rig, "\x03\x05\x00");
    rig_tells(rig, SNODE_CONNECTED, 0);
    rig_rx(rig, "\x08\x0c\xc0\0\x20\0\x09y");
    rig_sends(rig, "\x04\x0f\0\x09");
    rig_tells_nothing(rig);
}

static void a_message_nobody_took_is_not_acknowledged(void **state)
{
    struct rig *rig = *state;

    snode_rx(&rig->node, WIRE_SPAN("\x08\x0c\x21\0\x05\0\x09y"), rig->now_ms);
    snode_rx(&rig->node, WIRE_SPAN("\x08\x0c\x21\0\x05\0\x0az"), rig->now_ms);
    rig_sends(rig, "\x07\x0d\0\x05\0\x09\0");
    rig_quiet(rig);
    rig_got(rig, SNODE_BY_ID, 5, "", "y");
    rig_tells_nothing(rig);
    rig_rx(rig, "\x08\x0c\xa1\0\x05\0\x0az");
    rig_got(rig, SNODE_BY_ID, 5, "", "z");
    rig_sends(rig, "\x07\x0d\0\x05\0\x0a\0");
}

static void a_clean_connection_forgets_ids_and_names(void **state)
{
    struct rig *rig = *state;

    rig_register(rig);
    learn(rig);
    snode_connect(&rig->node, true);
    rig_sends(rig, "\x08\x04\x04\x01\x00\x3Cn1");
    rig_rx(rig, "\x03\x05\x00");
    rig_rx(rig, "\x08\x0c\0\0\x20\0\0y");
    rig_sends(rig, "\x07\x0d\0\x20\0\0\x02");
    rig_publish(rig, RIG_TEMP, 0, "x");
    rig_sends(rig, "\x0c\x0a\0\0\0\x02"
                   "a/temp");
}

static void sleep_is_asked_for_repeatedly_and_entered_anyway(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(snode_sleep(&rig->node, 600), SNODE_OK);
    rig_repeats(rig, "\x04\x18\x02\x58", "\x04\x18\x02\x58");
    rig_tells(rig, SNODE_SLEEPS, SNODE_NO_ANSWER);
    assert_int_equal(snode_state(&rig->node), SNODE_ASLEEP);
}

static void a_sleeping_node_sends_nothing(void **state)
{
    struct rig *rig = *state;

    rig_sleep(rig);
    assert_int_equal(snode_poll(&rig->node, rig->now_ms), SNODE_FOREVER);
    rig_rx(rig, "\x02\x18"); /* the answer again, late */
    rig_pass(rig, 1000000);
    rig_quiet(rig);
    rig_tells_nothing(rig);
}

static void waking_fetches_what_waited(void **state)
{
    struct rig *rig = *state;

    rig_sleep(rig);
    rig_pass(rig, 500000);
    assert_int_equal(snode_wake(&rig->node), SNODE_OK);
    rig_sends(rig, "\x04\x16n1");
    learn(rig);
    rig_rx(rig, "\x08\x0c\x20\0\x20\0\x09y");
    rig_got(rig, SNODE_BY_NAME, 0x20, "c/x", "y");
    rig_sends(rig, "\x07\x0d\0\x20\0\x09\0");
    rig_rx(rig, "\x02\x17");
    rig_tells(rig, SNODE_AWAKE_DONE, 0);
    assert_int_equal(snode_state(&rig->node), SNODE_ASLEEP);
    assert_int_equal(snode_wake(&rig->node), SNODE_OK);
}

/* SN-187 */
static void waking_waits_anew_at_each_message_then_repeats(void **state)
{
    struct rig *rig = *state;

    rig_sleep(rig);
    snode_wake(&rig->node);
    rig_sends(rig, "\x04\x16n1");
    rig_pass(rig, RIG_RETRY_MS - 1);
    learn(rig);
    rig_pass(rig, RIG_RETRY_MS - 1);
    rig_quiet(rig);
    rig_pass(rig, RIG_LATEST_MS);
    rig_sends(rig, "\x04\x16n1");
}

/* SN-187 */
static void a_waking_nobody_answers_ends_asleep(void **state)
{
    struct rig *rig = *state;

    rig_sleep(rig);
    snode_wake(&rig->node);
    rig_repeats(rig, "\x04\x16n1", "\x04\x16n1");
    rig_tells(rig, SNODE_SILENT, SN_PINGREQ);
    assert_int_equal(snode_state(&rig->node), SNODE_ASLEEP);
}

static void a_gateway_that_forgot_the_sleeper_is_connected_to(void **state)
{
    struct rig *rig = *state;

    rig_sleep(rig);
    snode_wake(&rig->node);
    rig_sends(rig, "\x04\x16n1");
    rig_rx(rig, "\x02\x18");
    rig_tells(rig, SNODE_REJOINING, 0);
    rig_sends(rig, "\x08\x04\x04\x01\x00\x3Cn1");
    rig_rx(rig, "\x03\x05\x00");
    rig_tells(rig, SNODE_CONNECTED, 0);
    rig_sleep(rig);
}

static void publishing_from_sleep_leaves_the_node_asleep(void **state)
{
    struct rig *rig = *state;
    struct snode_message message = {snode_predefined(5), WIRE_SPAN("x"), 1, false};

    rig_sleep(rig);
    assert_int_equal(snode_publish(&rig->node, &message), SNODE_OK);
    rig_sends(rig, "\x08\x0c\x21\0\x05\0\x01x");
    assert_int_equal(snode_wake(&rig->node), SNODE_BUSY);
    rig_rx(rig, "\x07\x0d\0\x05\0\x01\0");
    rig_tells(rig, SNODE_PUBLISHED, 0);
    assert_int_equal(snode_state(&rig->node), SNODE_ASLEEP);
    snode_publish(&rig->node, &message);
    rig_repeats(rig, "\x08\x0c\x21\0\x05\0\x02x", "\x08\x0c\xa1\0\x05\0\x02x");
    rig_tells(rig, SNODE_SILENT, SN_PUBLISH);
    assert_int_equal(snode_state(&rig->node), SNODE_ASLEEP);
}

static void sleep_and_wake_need_their_states(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(snode_wake(&rig->node), SNODE_STATE);
    assert_int_equal(snode_sleep(&rig->node, 0), SNODE_STATE);
    rig_sleep(rig);
    rig_sleep(rig);
    snode_disconnect(&rig->node);
    rig_sends(rig, "\x02\x18");
    rig_rx(rig, "\x02\x18");
    rig_tells(rig, SNODE_DISCONNECTED, 0);
    assert_int_equal(snode_sleep(&rig->node, 600), SNODE_STATE);
}

static void sleep_asked_for_while_connecting_follows_the_connection(void **state)
{
    struct rig *rig = *state;

    snode_connect(&rig->node, true);
    assert_int_equal(snode_sleep(&rig->node, 600), SNODE_OK);
    rig_sends(rig, "\x08\x04\x04\x01\x00\x3Cn1");
    rig_rx(rig, "\x03\x05\x00");
    rig_sends(rig, "\x04\x18\x02\x58");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, rig_connected, rig_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(subscribe_is_repeated_and_given_up),
        TEST(granted_qos_is_told),
        TEST(refused_subscribe_is_told),
        TEST(one_subscribe_is_outstanding_at_a_time),
        TEST(a_subscribed_name_of_the_config_comes_by_its_index),
        TEST(a_subscribed_name_of_the_caller_comes_by_its_name),
        TEST(predefined_and_short_topics_come_as_such),
        TEST(unsubscribe_is_repeated_and_told),
        TEST(register_of_the_gateway_is_answered_each_time),
        TEST(register_of_the_gateway_for_a_name_of_the_config_costs_no_memory),
        TEST(an_id_given_to_another_name_means_that_one_only),
        TEST(the_oldest_name_gives_way),
        TEST(a_name_longer_than_the_memory_is_refused),
        TEST(an_unknown_id_is_answered_with_0x02),
        TEST(what_no_gateway_may_send_is_not_told),
        TEST(qos_2_is_told_once),
        TEST(qos_2_is_told_once_over_a_new_connection),
        TEST(a_message_nobody_took_is_not_acknowledged),
        TEST(a_clean_connection_forgets_ids_and_names),
        TEST(sleep_is_asked_for_repeatedly_and_entered_anyway),
        TEST(a_sleeping_node_sends_nothing),
        TEST(waking_fetches_what_waited),
        TEST(waking_waits_anew_at_each_message_then_repeats),
        TEST(a_waking_nobody_answers_ends_asleep),
        TEST(a_gateway_that_forgot_the_sleeper_is_connected_to),
        TEST(publishing_from_sleep_leaves_the_node_asleep),
        TEST(sleep_and_wake_need_their_states),
        TEST(sleep_asked_for_while_connecting_follows_the_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
