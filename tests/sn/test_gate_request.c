/* What a connected node asks for: REGISTER, PUBLISH, SUBSCRIBE, will update, QoS -1. */
#include "tests/sn/field.h"

static const struct sn_name entries[] = {{0, 6, 7, false}, {6, 7, 0x7470, true}};
static const struct sn_names names = {
    .entries = entries, .text = (const uint8_t *)"farm/7farm/tp", .count = COUNT(entries)};

/* Node 1 with predefined id 7 and short name "tp". */
static struct sn_node *named(struct field *f)
{
    struct sn_node *node = connects(f, 1);

    SAYS(f, 1, "\x08\x04\x00\x01\x00\x3Cn1");
    (void)tells(f, SN_NEWS_CONNECT);
    admits(f, node, false, &names);
    HEARS(f, 1, "\x03\x05\x00");
    return node;
}

static void regack(struct field *f, struct sn_node *node, const struct sn_news *news)
{
    answers(
        f, node,
        (struct sn_answer){.type = SN_REGACK, .topic_id = news->topic_id, .msg_id = news->msg_id});
}

/* SN-066 SN-067 SN-068 SN-070 SN-075 SN-077 */
static void a_name_gets_an_id_of_its_own_and_keeps_it(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects(f, 1);
    struct sn_news *news = NULL;

    (void)state;
    SAYS(f, 1,
         "\x09\x0A\x12\x34\x00\x01"
         "a/b");
    HEARS_NOTHING(f, 1);
    news = tells(f, SN_NEWS_REGISTER);
    assert_span_equal(news->topic, WIRE_SPAN("a/b"));
    regack(f, node, news);
    HEARS(f, 1, "\x07\x0B\x00\x01\x00\x01\x00");
    SAYS(f, 1,
         "\x08\x0A\x00\x00\x00\x02"
         "ab");
    regack(f, node, tells(f, SN_NEWS_REGISTER));
    HEARS(f, 1, "\x07\x0B\x00\x02\x00\x02\x00");
    SAYS(f, 1,
         "\x09\x0A\x00\x00\x00\x03"
         "a/b");
    regack(f, node, tells(f, SN_NEWS_REGISTER));
    HEARS(f, 1, "\x07\x0B\x00\x01\x00\x03\x00");
    tells_nothing(f);
    field_free(f);
}

/* SN-072 SN-073 SN-074 */
static void ill_formed_names_and_a_full_table_are_refused(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects(f, 1);

    (void)state;
    SAYS(f, 1,
         "\x09\x0A\x00\x00\x00\x01"
         "a/#");
    HEARS(f, 1, "\x07\x0B\x00\x00\x00\x01\x03");
    SAYS(f, 1, "\x06\x0A\x00\x00\x00\x02");
    HEARS(f, 1, "\x07\x0B\x00\x00\x00\x02\x03");
    SAYS(f, 1, "\x07\x0A\x00\x00\x00\x03\xFF");
    HEARS(f, 1, "\x07\x0B\x00\x00\x00\x03\x03");
    for (uint8_t i = 0; i < 3; i++) {
        uint8_t wire[] = {7, 0x0A, 0, 0, 0, 4, (uint8_t)('a' + i)};

        says(f, 1, span_of(wire, sizeof wire));
        regack(f, node, tells(f, SN_NEWS_REGISTER));
        assert_int_equal(hears(f, 1).len, 7);
    }
    SAYS(f, 1, "\x07\x0A\x00\x00\x00\x05z");
    HEARS(f, 1, "\x07\x0B\x00\x00\x00\x05\x01");
    SAYS(f, 1, "\x08\x0C\x00\x00\x03\x00\x00x"); /* the old ones stay */
    assert_span_equal(tells(f, SN_NEWS_PUBLISH)->topic, WIRE_SPAN("c"));
    tells_nothing(f);
    field_free(f);
}

/* SN-087 SN-088 SN-100 SN-102 */
static void a_publish_comes_under_its_full_name(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects(f, 1);
    struct sn_news *news = NULL;

    (void)state;
    SAYS(f, 1,
         "\x09\x0A\x00\x00\x00\x01"
         "a/b");
    regack(f, node, tells(f, SN_NEWS_REGISTER));
    HEARS(f, 1, "\x07\x0B\x00\x01\x00\x01\x00");
    SAYS(f, 1, "\x09\x0C\x30\x00\x01\x00\x02\x00\xFF");
    news = tells(f, SN_NEWS_PUBLISH);
    assert_span_equal(news->topic, WIRE_SPAN("a/b"));
    assert_span_equal(news->data, WIRE_SPAN("\x00\xFF"));
    assert_int_equal(news->qos, 1);
    assert_true(news->retain);
    assert_int_equal(news->msg_id, 2);
    answers(f, node, (struct sn_answer){.type = SN_PUBACK, .topic_id = 1, .msg_id = 2});
    HEARS(f, 1, "\x07\x0D\x00\x01\x00\x02\x00");
    SAYS(f, 1, "\x07\x0C\x00\x00\x01\x00\x00"); /* QoS 0, no data */
    assert_int_equal(tells(f, SN_NEWS_PUBLISH)->data.len, 0);
    HEARS_NOTHING(f, 1);
    field_free(f);
}

/* SN-089 SN-091 SN-092: exactly once is the hub's; the gate carries each step */
static void the_steps_of_qos_2_are_carried(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = named(f);

    (void)state;
    SAYS(f, 1, "\x08\x0C\x41\x00\x07\x00\x09x");
    assert_int_equal(tells(f, SN_NEWS_PUBLISH)->qos, 2);
    answers(f, node, (struct sn_answer){.type = SN_PUBREC, .msg_id = 9});
    HEARS(f, 1, "\x04\x0F\x00\x09");
    SAYS(f, 1, "\x04\x10\x00\x09");
    assert_int_equal(tells(f, SN_NEWS_PUBREL)->msg_id, 9);
    answers(f, node, (struct sn_answer){.type = SN_PUBCOMP, .msg_id = 9});
    HEARS(f, 1, "\x04\x0E\x00\x09");
    field_free(f);
}

/* SN-098 SN-099 SN-105: the same two octets in three spaces */
static void normal_predefined_and_short_ids_are_three_spaces(void **state)
{
    struct field *f = field_new();

    (void)state;
    (void)named(f);
    SAYS(f, 1, "\x08\x0C\x01\x00\x07\x00\x00x");
    assert_span_equal(tells(f, SN_NEWS_PUBLISH)->topic, WIRE_SPAN("farm/7"));
    SAYS(f, 1, "\x08\x0C\x02tp\x00\x00x");
    assert_span_equal(tells(f, SN_NEWS_PUBLISH)->topic, WIRE_SPAN("farm/tp"));
    SAYS(f, 1, "\x08\x0C\x02xy\x00\x00x");
    assert_span_equal(tells(f, SN_NEWS_PUBLISH)->topic, WIRE_SPAN("xy"));
    SAYS(f, 1, "\x08\x0C\x00\x00\x07\x00\x00x");
    HEARS(f, 1, "\x07\x0D\x00\x07\x00\x00\x02");
    tells_nothing(f);
    field_free(f);
}

/* SN-069 SN-083 SN-094 SN-095 SN-096 SN-097 SN-104 */
static void what_names_no_topic_is_answered_2_at_every_qos(void **state)
{
    static const struct {
        struct span says;
        struct span hears;
    } cases[] = {
        {{WIRE("\x08\x0C\x00\x00\x05\x00\x00x")}, {WIRE("\x07\x0D\x00\x05\x00\x00\x02")}},
        {{WIRE("\x08\x0C\x20\x00\x05\x00\x01x")}, {WIRE("\x07\x0D\x00\x05\x00\x01\x02")}},
        {{WIRE("\x08\x0C\x40\x00\x05\x00\x02x")}, {WIRE("\x07\x0D\x00\x05\x00\x02\x02")}},
        {{WIRE("\x08\x0C\x21\x00\x05\x00\x03x")}, {WIRE("\x07\x0D\x00\x05\x00\x03\x02")}},
        {{WIRE("\x08\x0C\x20\x00\x00\x00\x04x")}, {WIRE("\x07\x0D\x00\x00\x00\x04\x02")}},
        {{WIRE("\x08\x0C\x20\xFF\xFF\x00\x05x")}, {WIRE("\x07\x0D\xFF\xFF\x00\x05\x02")}},
        {{WIRE("\x08\x0C\x23\x00\x07\x00\x06x")}, {WIRE("\x07\x0D\x00\x07\x00\x06\x02")}},
        {{WIRE("\x08\x0C\x22"
               "a#\x00\x07x")},
         {WIRE("\x07\x0D"
               "a#\x00\x07\x02")}},
        {{WIRE("\x08\x0C\x22"
               "+b\x00\x08x")},
         {WIRE("\x07\x0D"
               "+b\x00\x08\x02")}},
        {{WIRE("\x08\x0C\x22"
               "a\x00\x00\x09x")},
         {WIRE("\x07\x0D"
               "a\x00\x00\x09\x02")}},
    };
    struct field *f = field_new();

    (void)state;
    (void)named(f);
    for (size_t i = 0; i < COUNT(cases); i++) {
        says(f, 1, cases[i].says);
        assert_span_equal(hears(f, 1), cases[i].hears);
        if ((cases[i].says.at[2] & SN_FLAG_TOPIC) == SN_TOPIC_PREDEFINED) {
            assert_int_equal(tells(f, SN_NEWS_UNKNOWN)->topic_id, 5);
        }
    }
    tells_nothing(f);
    assert_int_equal(sn_gate_counts(f->gate)->unknown_id, COUNT(cases));
    field_free(f);
}

/* SN-093, protocol page 7.12 */
static void a_repeat_at_qos_1_is_acknowledged_and_not_forwarded(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = named(f);
    struct sn_answer puback = {.type = SN_PUBACK, .topic_id = 7, .msg_id = 2};

    (void)state;
    SAYS(f, 1, "\x08\x0C\x21\x00\x07\x00\x02x");
    (void)tells(f, SN_NEWS_PUBLISH);
    SAYS(f, 1, "\x08\x0C\xA1\x00\x07\x00\x02x"); /* the answer is under way */
    HEARS_NOTHING(f, 1);
    answers(f, node, puback);
    HEARS(f, 1, "\x07\x0D\x00\x07\x00\x02\x00");
    SAYS(f, 1, "\x08\x0C\xA1\x00\x07\x00\x02x");
    HEARS(f, 1, "\x07\x0D\x00\x07\x00\x02\x00");
    tells_nothing(f);
    SAYS(f, 1, "\x08\x0C\xA1\x00\x07\x00\x02y"); /* other data: another message */
    (void)tells(f, SN_NEWS_PUBLISH);
    puback.code = SN_RC_CONGESTION; /* SN-111: refused, so its repeat is new */
    answers(f, node, puback);
    HEARS(f, 1, "\x07\x0D\x00\x07\x00\x02\x01");
    SAYS(f, 1, "\x08\x0C\xA1\x00\x07\x00\x02y");
    assert_true(tells(f, SN_NEWS_PUBLISH)->dup);
    field_free(f);
}

/* SN-115 SN-116 SN-126 SN-127 */
static void a_plain_name_gets_an_id_with_suback_and_a_filter_does_not(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects(f, 1);
    struct sn_news *news = NULL;

    (void)state;
    SAYS(f, 1,
         "\x08\x12\x20\x00\x03"
         "a/b");
    news = tells(f, SN_NEWS_SUBSCRIBE);
    assert_int_equal(news->topic_id, 1);
    assert_true(news->fresh);
    assert_int_equal(news->qos, 1);
    answers(f, node, (struct sn_answer){.type = SN_SUBACK, .topic_id = 1, .msg_id = 3, .qos = 1});
    HEARS(f, 1, "\x08\x13\x20\x00\x01\x00\x03\x00");
    SAYS(f, 1, "\x08\x0C\x00\x00\x01\x00\x00x");
    assert_span_equal(tells(f, SN_NEWS_PUBLISH)->topic, WIRE_SPAN("a/b"));
    SAYS(f, 1,
         "\x08\x12\x40\x00\x04"
         "a/b"); /* SN-122: again, no new id */
    news = tells(f, SN_NEWS_SUBSCRIBE);
    assert_int_equal(news->topic_id, 1);
    assert_false(news->fresh);
    SAYS(f, 1,
         "\x08\x12\x20\x00\x05"
         "a/#");
    assert_int_equal(tells(f, SN_NEWS_SUBSCRIBE)->topic_id, 0);
    tells_nothing(f);
    field_free(f);
}

/* SN-117 SN-118, protocol page 7.16 */
static void suback_echoes_the_type_of_the_request(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = named(f);
    struct sn_news *news = NULL;

    (void)state;
    SAYS(f, 1, "\x07\x12\x21\x00\x03\x00\x07");
    news = tells(f, SN_NEWS_SUBSCRIBE);
    assert_span_equal(news->topic, WIRE_SPAN("farm/7"));
    answers(
        f, node,
        (struct sn_answer){.type = SN_SUBACK, .topic_id = news->topic_id, .msg_id = 3, .qos = 1});
    HEARS(f, 1, "\x08\x13\x21\x00\x07\x00\x03\x00");
    SAYS(f, 1, "\x07\x12\x02\x00\x04xy");
    news = tells(f, SN_NEWS_SUBSCRIBE);
    assert_span_equal(news->topic, WIRE_SPAN("xy"));
    answers(f, node, (struct sn_answer){.type = SN_SUBACK, .msg_id = 4});
    HEARS(f, 1, "\x08\x13\x02\x00\x00\x00\x04\x00");
    SAYS(f, 1, "\x07\x12\x02\x00\x05+/"); /* 7.18: a filter of two octets */
    assert_span_equal(tells(f, SN_NEWS_SUBSCRIBE)->topic, WIRE_SPAN("+/"));
    field_free(f);
}

/* SN-119 SN-120 SN-121 SN-128 SN-136 */
static void what_cannot_be_subscribed_is_refused(void **state)
{
    struct field *f = field_new();

    (void)state;
    (void)named(f);
    SAYS(f, 1, "\x07\x12\x01\x00\x03\x00\x09");
    HEARS(f, 1, "\x08\x13\x01\x00\x00\x00\x03\x02");
    assert_int_equal(tells(f, SN_NEWS_UNKNOWN)->topic_id, 9);
    SAYS(f, 1,
         "\x07\x12\x03\x00\x04"
         "ab");
    HEARS(f, 1, "\x08\x13\x03\x00\x00\x00\x04\x03");
    SAYS(f, 1,
         "\x08\x12\x60\x00\x05"
         "a/b");
    HEARS(f, 1, "\x08\x13\x00\x00\x00\x00\x05\x03");
    SAYS(f, 1,
         "\x07\x12\x00\x00\x06"
         "a+");
    HEARS(f, 1, "\x08\x13\x00\x00\x00\x00\x06\x03");
    SAYS(f, 1, "\x05\x12\x00\x00\x07");
    HEARS(f, 1, "\x08\x13\x00\x00\x00\x00\x07\x03");
    for (uint8_t i = 0; i < 3; i++) {
        uint8_t wire[] = {6, 0x12, 0, 0, 8, (uint8_t)('a' + i)};

        says(f, 1, span_of(wire, sizeof wire));
        (void)tells(f, SN_NEWS_SUBSCRIBE);
    }
    SAYS(f, 1, "\x06\x12\x00\x00\x09z");
    HEARS(f, 1, "\x08\x13\x00\x00\x00\x00\x09\x01");
    tells_nothing(f);
    field_free(f);
}

/* Nor does a REGISTER; what the hub could not keep it is told of again. */
static void what_the_hub_refuses_uses_up_no_id(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects(f, 1);
    struct sn_answer refusal = {.type = SN_SUBACK, .code = SN_RC_NOT_SUPPORTED, .msg_id = 3};
    struct sn_news *news = NULL;

    (void)state;
    f->refuses = true;
    for (unsigned i = 0; i < 5; i++) {
        uint8_t wire[] = {8, 0x12, 0, 0, 3, 'd', '/', (uint8_t)('a' + i)};

        says(f, 1, span_of(wire, sizeof wire));
        assert_int_equal(tells(f, SN_NEWS_SUBSCRIBE)->topic_id, 0);
        answers(f, node, refusal);
        HEARS(f, 1, "\x08\x13\x00\x00\x00\x00\x03\x03");
    }
    SAYS(f, 1,
         "\x07\x0A\x00\x00\x00\x03"
         "x");
    (void)tells(f, SN_NEWS_REGISTER);
    refusal.type = SN_REGACK;
    answers(f, node, refusal);
    HEARS(f, 1, "\x07\x0B\x00\x00\x00\x03\x03");
    assert_int_equal(sn_node_facts(node).topics, 0);
    f->refuses = false;
    SAYS(f, 1,
         "\x07\x0A\x00\x00\x00\x03"
         "x");
    assert_int_equal(tells(f, SN_NEWS_REGISTER)->topic_id, 1);
    refusal = (struct sn_answer){SN_REGACK, .code = SN_RC_CONGESTION, .topic_id = 1, .msg_id = 3};
    answers(f, node, refusal);
    HEARS(f, 1, "\x07\x0B\x00\x01\x00\x03\x01");
    SAYS(f, 1,
         "\x07\x0A\x00\x00\x00\x03"
         "x");
    news = tells(f, SN_NEWS_REGISTER);
    assert_int_equal(news->topic_id, 1);
    assert_true(news->fresh);
    tells_nothing(f);
    field_free(f);
}

/* SN-131 SN-132 SN-133 */
static void unsubscribe_is_told_by_every_kind_of_topic_and_always_answered(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = named(f);

    (void)state;
    SAYS(f, 1,
         "\x08\x14\x00\x00\x03"
         "a/#");
    assert_span_equal(tells(f, SN_NEWS_UNSUBSCRIBE)->topic, WIRE_SPAN("a/#"));
    answers(f, node, (struct sn_answer){.type = SN_UNSUBACK, .msg_id = 3});
    HEARS(f, 1, "\x04\x15\x00\x03");
    SAYS(f, 1, "\x07\x14\x01\x00\x04\x00\x07");
    assert_span_equal(tells(f, SN_NEWS_UNSUBSCRIBE)->topic, WIRE_SPAN("farm/7"));
    SAYS(f, 1, "\x07\x14\x02\x00\x05xy");
    assert_span_equal(tells(f, SN_NEWS_UNSUBSCRIBE)->topic, WIRE_SPAN("xy"));
    SAYS(f, 1, "\x07\x14\x01\x00\x06\x00\x09"); /* unknown id */
    HEARS(f, 1, "\x04\x15\x00\x06");
    assert_int_equal(tells(f, SN_NEWS_UNKNOWN)->topic_id, 9);
    tells_nothing(f);
    field_free(f);
}

static void what_a_node_does_against_the_protocol_is_counted(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = named(f);
    struct sn_node_facts facts = sn_node_facts(node);
    struct span name;
    uint16_t id = 0;

    (void)state;
    assert_int_equal(facts.errors, 0);
    assert_int_equal(facts.heard_ms, f->now_ms / 1000 * 1000);
    f->now_ms += 5000;
    SAYS(f, 1, "\x08\x0C\x21\x00\x05\x00\x03x"); /* unknown id */
    SAYS(f, 1, "\x03\x0C\x21");                  /* cut */
    SAYS(f, 1, "\x05\x12\x00\x00\x07");          /* no topic */
    SAYS(f, 1, "\x03\x05\x00");                  /* a gateway's message */
    SAYS(f, 2, "\x03\x0C\x21");                  /* somebody else's */
    facts = sn_node_facts(node);
    assert_int_equal(facts.errors, 4);
    assert_int_equal(facts.resent, 0);
    assert_int_equal(facts.heard_ms, f->now_ms / 1000 * 1000);
    assert_int_equal(facts.topics, 0);
    assert_false(sn_node_topic(node, 0, &id, &name));
    SAYS(f, 1, "\x07\x0A\x00\x00\x00\x02z");
    assert_true(sn_node_topic(node, 0, &id, &name));
    assert_int_equal(id, 1);
    assert_span_equal(name, WIRE_SPAN("z"));
    assert_false(sn_node_topic(node, 1, &id, &name));
    field_free(f);
}

/* SN-057 to SN-061 SN-064 */
static void a_will_is_updated_part_by_part(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects(f, 1);
    struct sn_news *news = NULL;

    (void)state;
    SAYS(f, 1, "\x04\x1A\x50w");
    news = tells(f, SN_NEWS_WILL_TOPIC);
    assert_true(news->will && news->retain);
    assert_int_equal(news->qos, 2);
    assert_span_equal(news->topic, WIRE_SPAN("w"));
    answers(f, node, (struct sn_answer){.type = SN_WILLTOPICRESP});
    HEARS(f, 1, "\x03\x1B\x00");
    SAYS(f, 1,
         "\x05\x1C"
         "bye");
    assert_span_equal(tells(f, SN_NEWS_WILL_MSG)->data, WIRE_SPAN("bye"));
    answers(f, node, (struct sn_answer){.type = SN_WILLMSGRESP});
    HEARS(f, 1, "\x03\x1D\x00");
    SAYS(f, 1, "\x02\x1A");
    assert_false(tells(f, SN_NEWS_WILL_TOPIC)->will);
    SAYS(f, 1,
         "\x05\x1A\x00"
         "a#");
    HEARS(f, 1, "\x03\x1B\x03");
    tells_nothing(f);
    field_free(f);
}

static void stray(struct field *f, enum sn_qosm1 rule, struct span wire, bool admitted)
{
    f->listener.qosm1 = rule;
    says(f, 5, wire);
    if (admitted) {
        struct sn_news *news = tells(f, SN_NEWS_STRAY);

        assert_null(news->node);
        assert_span_equal(news->data, WIRE_SPAN("x"));
        assert_int_equal(news->peer->addr[3], 5);
    }
    tells_nothing(f);
    HEARS_NOTHING(f, 5);
}

/* SN-106 SN-107 SN-109 SN-110 */
static void qos_minus_1_is_admitted_by_type_and_never_answered(void **state)
{
    static const struct span predefined = {WIRE("\x08\x0C\x61\x00\x07\x00\x00x")};
    static const struct span brief = {WIRE("\x08\x0C\x62"
                                           "ab\x00\x00x")};
    static const struct span normal = {WIRE("\x08\x0C\x60\x00\x01\x00\x00x")};
    static const struct span wild = {WIRE("\x08\x0C\x62"
                                          "a#\x00\x00x")};
    struct field *f = field_new();

    (void)state;
    stray(f, SN_QOSM1_PREDEFINED, predefined, true);
    stray(f, SN_QOSM1_PREDEFINED, brief, false);
    stray(f, SN_QOSM1_YES, predefined, true);
    stray(f, SN_QOSM1_YES, brief, true);
    stray(f, SN_QOSM1_YES, wild, false);
    stray(f, SN_QOSM1_YES, normal, false);
    stray(f, SN_QOSM1_NO, predefined, false);
    stray(f, SN_QOSM1_BY_SENDER, predefined, true); /* the hub knows who that is */
    stray(f, SN_QOSM1_BY_SENDER, brief, false);
    assert_int_equal(sn_gate_counts(f->gate)->refused, 5);
    field_free(f);
}

/* SN-106 SN-108 SN-196 */
static void qos_minus_1_is_admitted_from_near_and_connected_senders_and_forwarders(void **state)
{
    struct field *f = field_new();
    struct sn_peer near = {.near = true, .addr_len = 6, .addr = {127, 0, 0, 9}};
    struct sn_node *node = named(f);
    struct sn_news *news = NULL;

    (void)state;
    sn_gate_input(f->gate, &near, WIRE_SPAN("\x08\x0C\x61\x00\x07\x00\x00x"), f->now_ms);
    news = tells(f, SN_NEWS_STRAY);
    assert_int_equal(news->topic_type, SN_TOPIC_PREDEFINED);
    assert_int_equal(news->topic_id, 7);
    SAYS(f, 1, "\x08\x0C\x61\x00\x07\x00\x00x");
    assert_ptr_equal(tells(f, SN_NEWS_STRAY)->node, node);
    f->listener.qosm1 = SN_QOSM1_PREDEFINED;
    SAYS(f, 2, "\x04\xFE\x00\x0A\x08\x0C\x61\x00\x07\x00\x00x");
    assert_span_equal(tells(f, SN_NEWS_STRAY)->data, WIRE_SPAN("x"));
    SAYS(f, 1, "\x02\x16");
    HEARS(f, 1, "\x02\x17");
    field_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_gets_an_id_of_its_own_and_keeps_it),
        cmocka_unit_test(ill_formed_names_and_a_full_table_are_refused),
        cmocka_unit_test(a_publish_comes_under_its_full_name),
        cmocka_unit_test(the_steps_of_qos_2_are_carried),
        cmocka_unit_test(normal_predefined_and_short_ids_are_three_spaces),
        cmocka_unit_test(what_names_no_topic_is_answered_2_at_every_qos),
        cmocka_unit_test(a_repeat_at_qos_1_is_acknowledged_and_not_forwarded),
        cmocka_unit_test(a_plain_name_gets_an_id_with_suback_and_a_filter_does_not),
        cmocka_unit_test(suback_echoes_the_type_of_the_request),
        cmocka_unit_test(what_cannot_be_subscribed_is_refused),
        cmocka_unit_test(what_the_hub_refuses_uses_up_no_id),
        cmocka_unit_test(unsubscribe_is_told_by_every_kind_of_topic_and_always_answered),
        cmocka_unit_test(what_a_node_does_against_the_protocol_is_counted),
        cmocka_unit_test(a_will_is_updated_part_by_part),
        cmocka_unit_test(qos_minus_1_is_admitted_by_type_and_never_answered),
        cmocka_unit_test(qos_minus_1_is_admitted_from_near_and_connected_senders_and_forwarders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
