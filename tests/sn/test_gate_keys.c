/* By which id a topic goes to a node, and what its ids mean. (CONFIG "Topic maps" 3, 5) */
#include "tests/sn/field.h"

static const struct sn_name entries[] = {
    {0, 6, 7, false}, {6, 7, 0x7470, true}, {0, 6, 8, false}, {0, 0, 9, false}};
static const struct sn_names names = {
    .entries = entries, .text = (const uint8_t *)"farm/7farm/tp", .count = COUNT(entries)};
static const struct sn_names mounted = {.entries = entries,
                                        .text = (const uint8_t *)"farm/7farm/tp",
                                        .count = COUNT(entries),
                                        .mount = {WIRE("farm/")}};

static struct sn_delivery message(const char *topic, uint8_t qos, uint16_t msg_id)
{
    return (struct sn_delivery){
        .topic = span_of_text(topic), .data = span_of_text("x"), .qos = qos, .msg_id = msg_id};
}

static struct sn_node *connects_with(struct field *f, const struct sn_names *with)
{
    struct sn_node *node = connects(f, 1);

    SAYS(f, 1, "\x08\x04\x00\x01\x00\x3Cn1");
    (void)tells(f, SN_NEWS_CONNECT);
    admits(f, node, false, with);
    HEARS(f, 1, "\x03\x05\x00");
    return node;
}

/* QoS 0 by predefined id 7. */
static void publishes_by_7(struct field *f)
{
    SAYS(f, 1, "\x08\x0C\x01\x00\x07\x00\x00v");
    assert_true(tells(f, SN_NEWS_PUBLISH)->mapped);
}

/* SUBSCRIBE QoS 0 by predefined id 7, MsgId 5. */
static void subscribes_by_7(struct field *f, struct sn_node *node)
{
    const struct sn_news *news = NULL;

    SAYS(f, 1, "\x07\x12\x01\x00\x05\x00\x07");
    news = tells(f, SN_NEWS_SUBSCRIBE);
    assert_int_equal(news->key, 7);
    assert_int_equal(news->topic_type, SN_TOPIC_PREDEFINED);
    answers(f, node, (struct sn_answer){.type = SN_SUBACK, .topic_id = 7, .msg_id = 5});
    HEARS(f, 1, "\x08\x13\x01\x00\x07\x00\x05\x00");
}

static void a_key_that_was_never_used_is_not_used_towards_the_node(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects_with(f, &names);

    (void)state;
    assert_int_equal(delivers(f, node, message("farm/7", 0, 0)), SN_OK);
    HEARS(f, 1,
          "\x0C\x0A\x00\x01\x00\x01"
          "farm/7");
    field_free(f);
}

/* SN-150: no map is needed to know what they are. */
static void two_octets_are_a_short_name_unless_a_map_says_otherwise(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects_with(f, &names);

    (void)state;
    assert_int_equal(delivers(f, node, message("xy", 0, 0)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x02xy\x00\x00x");
    assert_int_equal(delivers(f, node, message("tp", 0, 0)), SN_OK); /* means farm/tp to it */
    HEARS(f, 1, "\x08\x0A\x00\x01\x00\x01tp");
    field_free(f);
}

/* SN-118 SN-151 */
static void the_key_by_which_it_subscribed_is_used(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects_with(f, &names);

    (void)state;
    SAYS(f, 1, "\x08\x0C\x01\x00\x08\x00\x00v"); /* publishes it by 8, too */
    (void)tells(f, SN_NEWS_PUBLISH);
    subscribes_by_7(f, node);
    assert_int_equal(delivers(f, node, message("farm/7", 0, 0)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x01\x00\x07\x00\x00x");
    field_free(f);
}

static void else_the_key_by_which_it_last_published_is_used(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects_with(f, &names);

    (void)state;
    publishes_by_7(f);
    SAYS(f, 1, "\x08\x0C\x01\x00\x08\x00\x00v");
    (void)tells(f, SN_NEWS_PUBLISH);
    assert_int_equal(delivers(f, node, message("farm/7", 0, 0)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x01\x00\x08\x00\x00x");
    SAYS(f, 1, "\x08\x0C\x02tp\x00\x00v"); /* a short name is such a KEY */
    (void)tells(f, SN_NEWS_PUBLISH);
    assert_int_equal(delivers(f, node, message("farm/tp", 0, 0)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x02tp\x00\x00x");
    field_free(f);
}

static void a_topic_last_published_by_its_name_goes_by_its_normal_id(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects_with(f, &names);

    (void)state;
    publishes_by_7(f);
    SAYS(f, 1,
         "\x0C\x0A\x00\x00\x00\x05"
         "farm/7");
    (void)tells(f, SN_NEWS_REGISTER);
    answers(f, node, (struct sn_answer){.type = SN_REGACK, .topic_id = 1, .msg_id = 5});
    HEARS(f, 1, "\x07\x0B\x00\x01\x00\x05\x00");
    SAYS(f, 1, "\x08\x0C\x00\x00\x01\x00\x00v");
    assert_false(tells(f, SN_NEWS_PUBLISH)->mapped);
    assert_int_equal(delivers(f, node, message("farm/7", 0, 0)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x00\x00\x01\x00\x00x");
    field_free(f);
}

static void a_key_unsubscribed_is_not_used_any_more(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects_with(f, &names);

    (void)state;
    subscribes_by_7(f, node);
    SAYS(f, 1, "\x07\x14\x01\x00\x06\x00\x07");
    (void)tells(f, SN_NEWS_UNSUBSCRIBE);
    assert_int_equal(delivers(f, node, message("farm/7", 0, 0)), SN_OK);
    HEARS(f, 1,
          "\x0C\x0A\x00\x01\x00\x01"
          "farm/7");
    field_free(f);
}

static void keys_stay_used_in_a_kept_session_and_not_in_a_new_one(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects_with(f, &names);

    (void)state;
    subscribes_by_7(f, node);
    SAYS(f, 1, "\x08\x04\x00\x01\x00\x3Dn1");
    (void)tells(f, SN_NEWS_CONNECT);
    admits(f, node, true, &names);
    HEARS(f, 1, "\x03\x05\x00");
    assert_int_equal(delivers(f, node, message("farm/7", 0, 0)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x01\x00\x07\x00\x00x");
    SAYS(f, 1, "\x08\x04\x04\x01\x00\x3Cn1");
    (void)tells(f, SN_NEWS_CONNECT);
    admits(f, node, false, &names);
    HEARS(f, 1, "\x03\x05\x00");
    assert_int_equal(delivers(f, node, message("farm/7", 0, 0)), SN_OK);
    HEARS(f, 1,
          "\x0C\x0A\x00\x01\x00\x01"
          "farm/7");
    field_free(f);
}

/* SN-146 */
static void a_key_that_the_node_rejects_is_registered_and_sent_again(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects_with(f, &names);

    (void)state;
    subscribes_by_7(f, node);
    assert_int_equal(delivers(f, node, message("farm/7", 1, 3)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x21\x00\x07\x00\x03x");
    SAYS(f, 1, "\x07\x0D\x00\x07\x00\x03\x02");
    HEARS(f, 1,
          "\x0C\x0A\x00\x01\x00\x01"
          "farm/7");
    SAYS(f, 1, "\x07\x0B\x00\x01\x00\x01\x00");
    HEARS(f, 1, "\x08\x0C\x20\x00\x01\x00\x03x");
    SAYS(f, 1, "\x07\x0D\x00\x01\x00\x03\x00");
    (void)tells(f, SN_NEWS_NAMED);
    (void)tells(f, SN_NEWS_PUBACK);
    (void)tells(f, SN_NEWS_READY);
    assert_int_equal(delivers(f, node, message("farm/7", 0, 0)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x00\x00\x01\x00\x00x");
    field_free(f);
}

/* SN-149: the KEY was short enough for the link, the name is not. */
static void a_rejected_key_whose_name_is_too_long_is_dropped_and_the_next_goes(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects_with(f, &names);

    (void)state;
    subscribes_by_7(f, node);
    f->listener.limits.max_message = 11;
    assert_int_equal(delivers(f, node, message("farm/7", 1, 3)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x21\x00\x07\x00\x03x");
    SAYS(f, 1, "\x07\x0D\x00\x07\x00\x03\x02");
    HEARS_NOTHING(f, 1);
    (void)tells(f, SN_NEWS_NAMED);
    assert_int_equal(tells(f, SN_NEWS_DROPPED)->msg_id, 3);
    (void)tells(f, SN_NEWS_READY);
    assert_int_equal(sn_gate_counts(f->gate)->too_long, 1);
    assert_int_equal(delivers(f, node, message("xy", 1, 4)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x22xy\x00\x04x");
    field_free(f);
}

static void a_key_rejected_at_qos_0_is_not_used_for_the_next(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects_with(f, &names);

    (void)state;
    publishes_by_7(f);
    assert_int_equal(delivers(f, node, message("farm/7", 0, 0)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x01\x00\x07\x00\x00x");
    SAYS(f, 1, "\x07\x0D\x00\x07\x00\x00\x02");
    assert_int_equal(delivers(f, node, message("farm/7", 0, 0)), SN_OK);
    HEARS(f, 1,
          "\x0C\x0A\x00\x01\x00\x01"
          "farm/7");
    field_free(f);
}

static void below_its_mount_a_node_is_sent_what_it_calls_a_topic(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects_with(f, &mounted);

    (void)state;
    assert_int_equal(delivers(f, node, message("farm/a", 0, 0)), SN_OK);
    HEARS(f, 1,
          "\x07\x0A\x00\x01\x00\x01"
          "a");
    field_free(f);
}

static void what_lies_outside_the_mount_comes_by_a_key_alone(void **state)
{
    static const struct sn_names out = {.entries = entries,
                                        .text = (const uint8_t *)"farm/7farm/tp",
                                        .count = COUNT(entries),
                                        .mount = {WIRE("shed/")}};
    struct field *f = field_new();
    struct sn_node *node = connects_with(f, &out);

    (void)state;
    assert_int_equal(delivers(f, node, message("farm/7", 0, 0)), SN_ERR_OUTSIDE);
    subscribes_by_7(f, node);
    assert_int_equal(delivers(f, node, message("farm/7", 1, 3)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x21\x00\x07\x00\x03x");
    SAYS(f, 1, "\x07\x0D\x00\x07\x00\x03\x02"); /* no other way to name it */
    (void)tells(f, SN_NEWS_DROPPED);
    (void)tells(f, SN_NEWS_READY);
    field_free(f);
}

static void a_topic_is_the_same_by_key_and_below_the_mount(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects_with(f, &mounted);

    (void)state;
    publishes_by_7(f);
    SAYS(f, 1,
         "\x07\x0A\x00\x00\x00\x05"
         "7");
    (void)tells(f, SN_NEWS_REGISTER);
    answers(f, node, (struct sn_answer){.type = SN_REGACK, .topic_id = 1, .msg_id = 5});
    HEARS(f, 1, "\x07\x0B\x00\x01\x00\x05\x00");
    SAYS(f, 1, "\x08\x0C\x00\x00\x01\x00\x00v"); /* farm/7, last by its normal id */
    (void)tells(f, SN_NEWS_PUBLISH);
    assert_int_equal(delivers(f, node, message("farm/7", 0, 0)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x00\x00\x01\x00\x00x");
    field_free(f);
}

static void an_entry_without_its_value_is_an_unknown_id(void **state)
{
    struct field *f = field_new();

    (void)state;
    (void)connects_with(f, &names);
    SAYS(f, 1, "\x08\x0C\x21\x00\x09\x00\x03x");
    HEARS(f, 1, "\x07\x0D\x00\x09\x00\x03\x02");
    field_free(f);
}

/* Two octets that no map has: what they stand for lies below the mount. */
static void a_short_name_without_an_entry_is_itself_both_ways(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects_with(f, &mounted);
    const struct sn_news *news = NULL;

    (void)state;
    SAYS(f, 1, "\x08\x0C\x02xy\x00\x00v");
    news = tells(f, SN_NEWS_PUBLISH);
    assert_false(news->mapped);
    assert_span_equal(news->topic, WIRE_SPAN("xy"));
    assert_int_equal(delivers(f, node, message("farm/xy", 0, 0)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x02xy\x00\x00x");
    field_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_that_was_never_used_is_not_used_towards_the_node),
        cmocka_unit_test(two_octets_are_a_short_name_unless_a_map_says_otherwise),
        cmocka_unit_test(the_key_by_which_it_subscribed_is_used),
        cmocka_unit_test(else_the_key_by_which_it_last_published_is_used),
        cmocka_unit_test(a_topic_last_published_by_its_name_goes_by_its_normal_id),
        cmocka_unit_test(a_key_unsubscribed_is_not_used_any_more),
        cmocka_unit_test(keys_stay_used_in_a_kept_session_and_not_in_a_new_one),
        cmocka_unit_test(a_key_that_the_node_rejects_is_registered_and_sent_again),
        cmocka_unit_test(a_rejected_key_whose_name_is_too_long_is_dropped_and_the_next_goes),
        cmocka_unit_test(a_key_rejected_at_qos_0_is_not_used_for_the_next),
        cmocka_unit_test(below_its_mount_a_node_is_sent_what_it_calls_a_topic),
        cmocka_unit_test(what_lies_outside_the_mount_comes_by_a_key_alone),
        cmocka_unit_test(a_topic_is_the_same_by_key_and_below_the_mount),
        cmocka_unit_test(an_entry_without_its_value_is_an_unknown_id),
        cmocka_unit_test(a_short_name_without_an_entry_is_itself_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
