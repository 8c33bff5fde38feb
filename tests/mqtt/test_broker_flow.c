#include <stdlib.h>

#include "mqtt/conn.h"
#include "tests/mqtt/broker_rig.h"

/* Publisher p is peer 0, subscriber s is peer 1 with one filter at one QoS. */
static struct broker_rig *pair(struct span subscribe, struct span suback)
{
    struct broker_rig *rig = rig_new();

    rig_connect(rig, 0, 'p');
    rig_connect(rig, 1, 's');
    rig_say(rig, 1, subscribe);
    assert_heard(rig, 1, suback, __FILE__, __LINE__);
    return rig;
}

#define PAIR(qos) pair(WIRE_SPAN("\x82\x06\0\x01\0\x01t" qos), WIRE_SPAN("\x90\x03\0\x01" qos))

/* [MQTT-3.3.4-1, 4.3.1-1] */
static void qos_0_is_delivered_and_not_answered(void **state)
{
    struct broker_rig *rig = PAIR("\x02");

    (void)state;
    rig_say(rig, 0, WIRE_SPAN("\x30\x04\0\x01tm"));
    RIG_EXPECT(rig, 0, "");
    RIG_EXPECT(rig, 1, "\x30\x04\0\x01tm");
    rig_free(rig);
}

/* [MQTT-3.3.4-1, 4.3.2-1, 4.3.2-2, 2.3.1-6] */
static void qos_1_is_acknowledged_on_both_hops(void **state)
{
    struct broker_rig *rig = PAIR("\x02");

    (void)state;
    rig_say(rig, 0, WIRE_SPAN("\x32\x06\0\x01t\x01\x02m"));
    RIG_EXPECT(rig, 0, "\x40\x02\x01\x02");
    RIG_EXPECT(rig, 1, "\x32\x06\0\x01t\0\x01m");
    rig_say(rig, 1, WIRE_SPAN("\x40\x02\0\x01"));
    RIG_EXPECT(rig, 1, "");
    rig_say(rig, 0, WIRE_SPAN("\x32\x06\0\x01t\x01\x02m"));
    RIG_EXPECT(rig, 1, "\x32\x06\0\x01t\0\x02m"); /* the same id later is a new message */
    rig_free(rig);
}

/* [MQTT-4.3.3-1, 4.3.3-2] */
static void qos_2_is_delivered_once_however_often_it_is_said(void **state)
{
    struct broker_rig *rig = PAIR("\x02");

    (void)state;
    rig_say(rig, 0, WIRE_SPAN("\x34\x06\0\x01t\0\x07m"));
    rig_say(rig, 0, WIRE_SPAN("\x3c\x06\0\x01t\0\x07m"));
    RIG_EXPECT(rig, 0, "\x50\x02\0\x07\x50\x02\0\x07");
    RIG_EXPECT(rig, 1, "\x34\x06\0\x01t\0\x01m");
    rig_say(rig, 1, WIRE_SPAN("\x50\x02\0\x01"));
    RIG_EXPECT(rig, 1, "\x62\x02\0\x01");
    rig_say(rig, 1, WIRE_SPAN("\x70\x02\0\x01"));
    RIG_EXPECT(rig, 1, "");
    rig_say(rig, 0, WIRE_SPAN("\x62\x02\0\x07"));
    rig_say(rig, 0, WIRE_SPAN("\x62\x02\0\x07"));
    RIG_EXPECT(rig, 0, "\x70\x02\0\x07\x70\x02\0\x07");
    rig_say(rig, 0, WIRE_SPAN("\x34\x06\0\x01t\0\x07m"));
    RIG_EXPECT(rig, 1, "\x34\x06\0\x01t\0\x02m");
    rig_free(rig);
}

/* [MQTT-3.8.4-6] */
static void delivery_takes_the_lower_qos(void **state)
{
    struct broker_rig *rig = PAIR("\0");

    (void)state;
    rig_say(rig, 0, WIRE_SPAN("\x34\x06\0\x01t\0\x07m"));
    RIG_EXPECT(rig, 1, "\x30\x04\0\x01tm");
    rig_free(rig);
}

/* [MQTT-3.3.5-1] */
static void overlapping_filters_deliver_once_at_the_highest_qos(void **state)
{
    struct broker_rig *rig = pair(WIRE_SPAN("\x82\x0e\0\x01\0\x01t\0\0\x01#\x01\0\x01+\0"),
                                  WIRE_SPAN("\x90\x05\0\x01\0\x01\0")); /* [MQTT-3.9.3-1] */

    (void)state;
    rig_say(rig, 0, WIRE_SPAN("\x34\x06\0\x01t\0\x07m"));
    RIG_EXPECT(rig, 1, "\x32\x06\0\x01t\0\x01m");
    rig_free(rig);
}

/* [MQTT-3.3.1-3]: DUP of one hop is not DUP of the next */
static void dup_and_retain_of_the_publisher_are_not_passed_on(void **state)
{
    struct broker_rig *rig = PAIR("\x01");

    (void)state;
    rig_say(rig, 0, WIRE_SPAN("\x3b\x06\0\x01t\0\x01m"));
    RIG_EXPECT(rig, 1, "\x32\x06\0\x01t\0\x01m"); /* [MQTT-3.3.1-9] */
    rig_free(rig);
}

/* [MQTT-3.3.1-5, -6, -8] */
static void a_new_subscription_hears_what_is_retained(void **state)
{
    struct broker_rig *rig = rig_new();

    (void)state;
    rig_connect(rig, 0, 'p');
    rig_say(rig, 0, WIRE_SPAN("\x31\x04\0\x01tm\x31\x04\0\x01un"));
    rig_connect(rig, 1, 's');
    rig_say(rig, 1, WIRE_SPAN("\x82\x06\0\x01\0\x01t\x01"));
    RIG_EXPECT(rig, 1, "\x90\x03\0\x01\x01\x31\x04\0\x01tm");
    /* [MQTT-3.8.4-3]: again, when it is replaced */
    rig_say(rig, 1, WIRE_SPAN("\x82\x06\0\x02\0\x01t\0"));
    RIG_EXPECT(rig, 1, "\x90\x03\0\x02\0\x31\x04\0\x01tm");
    /* [MQTT-3.3.1-10, -11]: an empty one is delivered, and removes */
    rig_say(rig, 0, WIRE_SPAN("\x31\x03\0\x01t"));
    RIG_EXPECT(rig, 1, "\x30\x03\0\x01t");
    assert_int_equal(rig->sessions.retain.count, 1);
    /* [MQTT-3.3.1-12] */
    rig_say(rig, 0, WIRE_SPAN("\x30\x04\0\x01uo"));
    rig_say(rig, 1, WIRE_SPAN("\x82\x06\0\x03\0\x01u\0"));
    RIG_EXPECT(rig, 1, "\x90\x03\0\x03\0\x31\x04\0\x01un");
    rig_free(rig);
}

/* [MQTT-3.10.4-1, -2, -4, -5, -6] */
static void unsubscribe_takes_exact_filters_away(void **state)
{
    struct broker_rig *rig =
        pair(WIRE_SPAN("\x82\x0a\0\x01\0\x01t\0\0\x01u\0"), WIRE_SPAN("\x90\x04\0\x01\0\0"));

    (void)state;
    rig_say(rig, 1, WIRE_SPAN("\xa2\x05\0\x02\0\x01+"));
    RIG_EXPECT(rig, 1, "\xb0\x02\0\x02");
    rig_say(rig, 0, WIRE_SPAN("\x30\x04\0\x01tm"));
    RIG_EXPECT(rig, 1, "\x30\x04\0\x01tm");
    rig_say(rig, 1, WIRE_SPAN("\xa2\x08\0\x03\0\x01t\0\x01u"));
    RIG_EXPECT(rig, 1, "\xb0\x02\0\x03");
    rig_say(rig, 0, WIRE_SPAN("\x30\x04\0\x01tm\x30\x04\0\x01um"));
    RIG_EXPECT(rig, 1, "");
    rig_free(rig);
}

/* [MQTT-3.1.2-4, -5, 4.4.0-1] */
static void a_kept_session_gets_what_it_missed_and_what_it_did_not_acknowledge(void **state)
{
    static const struct span kept = {WIRE("\x10\x0d\0\x04MQTT\x04\0\0\0\0\x01s")};
    struct broker_rig *rig = rig_new();

    (void)state;
    rig_connect(rig, 0, 'p');
    rig_accept(rig, 1, true);
    rig_say(rig, 1, kept);
    rig_say(rig, 1, WIRE_SPAN("\x82\x06\0\x01\0\x01t\x02"));
    RIG_EXPECT(rig, 1, "\x20\x02\0\0\x90\x03\0\x01\x02");
    rig_say(rig, 0, WIRE_SPAN("\x32\x06\0\x01t\0\x01m"));
    rig_say(rig, 0, WIRE_SPAN("\x34\x06\0\x01t\0\x02n"));
    rig_say(rig, 1, WIRE_SPAN("\x50\x02\0\x02"));
    RIG_EXPECT(rig, 1, "\x32\x06\0\x01t\0\x01m\x34\x06\0\x01t\0\x02n\x62\x02\0\x02");
    rig_drop(rig, 1);
    rig_say(rig, 0, WIRE_SPAN("\x32\x06\0\x01t\0\x03o\x30\x04\0\x01tx"));
    rig_accept(rig, 1, true);
    rig_say(rig, 1, kept);
    /* [MQTT-3.3.1-1, 4.6.0-1]: PUBLISH with DUP and in the old order; PUBREL once PUBREC came */
    RIG_EXPECT(rig, 1, "\x20\x02\x01\0\x62\x02\0\x02\x3a\x06\0\x01t\0\x01m\x32\x06\0\x01t\0\x03o");
    rig_free(rig);
}

/* [MQTT-4.6.0-6], and the window of each session */
static void deliveries_keep_their_order_and_their_window(void **state)
{
    struct broker_rig *rig = PAIR("\x01");

    (void)state;
    for (uint8_t i = 1; i <= 6; i++) {
        uint8_t wire[] = "\x32\x06\0\x01t\0?m";

        wire[6] = i;
        rig_say(rig, 0, span_of(wire, 8));
    }
    RIG_EXPECT(rig, 1,
               "\x32\x06\0\x01t\0\x01m\x32\x06\0\x01t\0\x02m\x32\x06\0\x01t\0\x03m"
               "\x32\x06\0\x01t\0\x04m");
    rig_say(rig, 1, WIRE_SPAN("\x40\x02\0\x01"));
    RIG_EXPECT(rig, 1, "\x32\x06\0\x01t\0\x05m");
    rig_free(rig);
}

static void reading_pauses_while_answers_are_owed(void **state)
{
    struct broker_rig *rig = rig_new();

    (void)state;
    rig_connect(rig, 0, 'p');
    for (uint8_t i = 1; i <= INFLIGHT; i++) {
        uint8_t wire[] = "\x32\x06\0\x01t\0?m";

        assert_true(mqtt_broker_may_read(&rig->broker, rig->peer[0].conn));
        wire[6] = i;
        rig_send(rig, 0, span_of(wire, 8));
    }
    assert_false(mqtt_broker_may_read(&rig->broker, rig->peer[0].conn));
    rig_settle(rig);
    RIG_EXPECT(rig, 0, "\x40\x02\0\x01\x40\x02\0\x02\x40\x02\0\x03\x40\x02\0\x04");
    assert_true(mqtt_broker_may_read(&rig->broker, rig->peer[0].conn));
    rig_free(rig);
}

/* Writes PUBLISH at this QoS (packet id 1) with that much of a topic and of a payload. */
static struct span big_publish(uint8_t qos, size_t topic_len, size_t payload_len)
{
    static uint8_t wire[PEER_OUT];
    static uint8_t topic[65535];
    struct mqtt_packet pkt = {.type = MQTT_PUBLISH, .packet_id = 1, .topic = {topic, topic_len}};
    struct writer w = writer_of(wire, sizeof wire);

    pkt.flags = (uint8_t)(qos << 1);
    memset(topic, 't', sizeof topic);
    mqtt_packet_encode_head(&pkt, payload_len, &w);
    for (size_t i = 0; i < payload_len; i++) {
        write_u8(&w, (uint8_t)(i * 7));
    }
    assert_false(w.bad);
    return span_of(wire, written(&w));
}

/* More codes than any scratch holds, all in one SUBACK [MQTT-3.8.4-5]. */
static void a_subscribe_of_many_filters_is_answered_whole(void **state)
{
    static uint8_t wire[PEER_OUT];
    static uint8_t codes[70000];
    static const size_t counts[] = {8192, 8193, 65531, sizeof codes};

    (void)state;
    memset(codes, 1, sizeof codes);
    for (size_t i = 0; i < COUNT(counts); i++) {
        struct broker_rig *rig = rig_new();
        struct mqtt_packet suback = {
            .type = MQTT_SUBACK, .packet_id = 9, .payload = {codes, counts[i]}};
        struct writer w = writer_of(wire, sizeof wire);

        rig_connect(rig, 0, 'p');
        assert_true(mqtt_packet_begin_filters(MQTT_SUBSCRIBE, 9, counts[i] * 4, &w));
        for (size_t k = 0; k < counts[i]; k++) {
            mqtt_filter_write(MQTT_SUBSCRIBE, &(struct mqtt_filter){WIRE_SPAN("f"), 1}, &w);
        }
        assert_false(w.bad);
        rig_send(rig, 0, span_of(wire, written(&w)));
        rig_settle(rig);
        w = writer_of(wire, sizeof wire);
        mqtt_packet_encode(&suback, &w);
        assert_heard(rig, 0, span_of(wire, written(&w)), __FILE__, __LINE__);
        rig_free(rig);
    }
}

/* Payloads and topics at every edge of what is copied, of the scratch, and of MQTT. */
static void long_messages_pass_unchanged(void **state)
{
    static const struct {
        size_t topic;
        size_t payload;
        size_t parts;
    } rows[] = {
        {1, 8192, 0},     {1, 8193, 1},     {1, 200000, 1},   {57343, 8192, 0},
        {57344, 8192, 1}, {65526, 0, 0},    {65534, 1, 0},    {65535, 0, 0},
        {65535, 1, 1},    {65535, 8192, 1}, {65535, 8193, 1}, {65535, 200000, 1},
    };

    (void)state;
    for (uint8_t qos = 0; qos < 3; qos++) {
        for (size_t i = 0; i < COUNT(rows); i++) {
            struct broker_rig *rig =
                pair(WIRE_SPAN("\x82\x06\0\x01\0\x01#\x02"), WIRE_SPAN("\x90\x03\0\x01\x02"));
            struct span wire = big_publish(qos, rows[i].topic, rows[i].payload);

            rig_send(rig, 0, wire);
            rig_settle(rig);
            assert_heard(rig, 1, wire, __FILE__, __LINE__);
            if (qos == 0) {
                assert_int_equal(rig->peer[1].parts, rows[i].parts);
            }
            /* The connection goes on behind it. */
            rig_say(rig, 1, WIRE_SPAN("\xc0\0"));
            RIG_EXPECT(rig, 1, "\xd0\0");
            rig_free(rig);
        }
    }
}

static void more_than_a_scratch_leaves_in_order(void **state)
{
    struct broker_rig *rig = PAIR("\0");
    size_t len = 0;

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct span wire = big_publish(0, 1, 8000);

        rig_send(rig, 0, wire);
        len += wire.len;
    }
    rig_settle(rig);
    assert_int_equal(rig->peer[1].len, len);
    for (int i = 0; i < 20; i++) {
        struct span wire = big_publish(0, 1, 8000);

        assert_span_equal(span_of(rig->peer[1].out + wire.len * (size_t)i, wire.len), wire);
    }
    rig_free(rig);
}

static void a_stuck_connection_is_not_asked_until_it_is_writable(void **state)
{
    struct broker_rig *rig = PAIR("\0");

    (void)state;
    mqtt_broker_stuck(&rig->broker, rig->peer[1].conn, rig->now_ms);
    rig_say(rig, 0, WIRE_SPAN("\x30\x04\0\x01tm"));
    rig_say(rig, 1, WIRE_SPAN("\xc0\0"));
    RIG_EXPECT(rig, 1, "");
    mqtt_broker_writable(&rig->broker, rig->peer[1].conn, rig->now_ms);
    rig_settle(rig);
    RIG_EXPECT(rig, 1, "\xd0\0\x30\x04\0\x01tm");
    rig_free(rig);
}

static void a_minute_without_progress_ends_a_stuck_connection(void **state)
{
    struct broker_rig *rig = PAIR("\0");
    uint64_t start = rig->now_ms;

    (void)state;
    mqtt_broker_stuck(&rig->broker, rig->peer[1].conn, start);
    rig_run(rig, start + 30000);
    mqtt_broker_stuck(&rig->broker, rig->peer[1].conn, rig->now_ms); /* a part of it went */
    rig_run(rig, start + 30000 + MQTT_STUCK_MS - 1);
    assert_non_null(rig->peer[1].conn);
    rig_run(rig, start + 30000 + MQTT_STUCK_MS);
    RIG_EXPECT_CLOSED(rig, 1);
    rig_free(rig);
}

/* A whole life in one row of octets, cut into pieces of any length, hears as many octets; in one
 * piece answers stand before deliveries. */
static void every_split_of_a_conversation_gives_the_same_answers(void **state)
{
    static const struct span life = {
        WIRE("\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01s\x82\x06\0\x01\0\x01t\x01"
             "\x32\x06\0\x01t\0\x02m\xc0\0\x34\x06\0\x01u\0\x04m\x62\x02\0\x04"
             "\xa2\x05\0\x03\0\x01u\xe0\0")};
    const struct span talk = {life.at, life.len - 2}; /* all but DISCONNECT */

    (void)state;
    for (size_t piece = 1; piece <= talk.len; piece++) {
        struct broker_rig *rig = rig_new();

        rig_accept(rig, 0, true);
        for (size_t from = 0; from < talk.len; from += piece) {
            size_t len = talk.len - from < piece ? talk.len - from : piece;

            rig_say(rig, 0, span_of(talk.at + from, len));
        }
        assert_int_equal(rig->peer[0].len, 4 + 5 + 4 + 8 + 2 + 4 + 4 + 4);
        rig->peer[0].len = 0;
        rig_say(rig, 0, WIRE_SPAN("\xe0\0"));
        RIG_EXPECT_CLOSED(rig, 0);
        rig_free(rig);
    }
    for (size_t at = 0; at < life.len; at++) {
        struct broker_rig *rig = rig_new();

        rig_accept(rig, 0, true);
        rig_say(rig, 0, span_of(life.at, at));
        rig_say(rig, 0, span_from(life, at));
        assert_null(rig->peer[0].conn);
        rig_free(rig);
    }
}

/* The store takes no more: not acknowledged, not read, tried again. */
static void a_publish_that_finds_no_room_waits(void **state)
{
    struct broker_rig *rig = PAIR("\x01");
    size_t limit = rig->sessions.budget.limit;

    (void)state;
    rig->sessions.budget.limit =
        rig->sessions.budget.used + 120; /* the rest of input, no message */
    rig_say(rig, 0, WIRE_SPAN("\x32\x06\0\x01t\0\x09m\xc0\0"));
    RIG_EXPECT(rig, 0, "");
    assert_false(mqtt_broker_may_read(&rig->broker, rig->peer[0].conn));
    rig_run(rig, rig->now_ms + 1000);
    RIG_EXPECT(rig, 0, "");
    rig->sessions.budget.limit = limit;
    rig_run(rig, rig->now_ms + MQTT_RETRY_MS);
    RIG_EXPECT(rig, 0, "\xd0\0\x40\x02\0\x09");
    RIG_EXPECT(rig, 1, "\x32\x06\0\x01t\0\x01m");
    assert_true(mqtt_broker_may_read(&rig->broker, rig->peer[0].conn));
    rig_free(rig);
}

/* [MQTT-4.8.0-2] */
static void a_publish_that_cannot_even_wait_closes(void **state)
{
    struct broker_rig *rig = PAIR("\x01");
    size_t limit = rig->sessions.budget.limit;

    (void)state;
    rig->sessions.budget.limit = rig->sessions.budget.used;
    rig_say(rig, 0, WIRE_SPAN("\x32\x06\0\x01t\0\x09m\xc0\0"));
    RIG_EXPECT_CLOSED(rig, 0);
    assert_int_equal(rig->broker.count.malformed, 0);
    rig->sessions.budget.limit = limit;
    rig_free(rig);
}

/* Ten retained messages; a SUBSCRIBE of 2,000 times `#`, and behind it a PINGREQ. */
static void a_subscribe_may_not_walk_what_is_retained_without_end(void **state)
{
    enum { FILTERS = 2000 };
    static uint8_t room[FILTERS * 4 + 16];
    struct broker_rig *rig = rig_new();
    struct writer w = writer_of(room, sizeof room);
    size_t granted = 0;

    (void)state;
    rig_connect(rig, 0, 'p');
    for (uint8_t i = 0; i < 10; i++) {
        uint8_t publish[] = {0x31, 4, 0, 1, (uint8_t)('a' + i), 'x'};

        rig_say(rig, 0, span_of(publish, sizeof publish));
    }
    assert_true(mqtt_packet_begin_filters(MQTT_SUBSCRIBE, 7, FILTERS * 4, &w));
    for (size_t i = 0; i < FILTERS; i++) {
        mqtt_filter_write(MQTT_SUBSCRIBE, &(struct mqtt_filter){WIRE_SPAN("#"), 0}, &w);
    }
    write_span(&w, WIRE_SPAN("\xc0\0"));
    rig_send(rig, 0, span_of(room, written(&w)));
    assert_false(mqtt_broker_may_read(&rig->broker, rig->peer[0].conn)); /* the rest comes later */
    rig_settle(rig);
    for (size_t i = 0; i < FILTERS; i++) {
        granted += rig->peer[0].out[5 + i] == 0;
    }
    assert_in_range(granted, MQTT_WALK_MOST / 11, MQTT_WALK_MOST / 9);
    assert_int_equal(rig->peer[0].out[4 + FILTERS], MQTT_FAILURE);
    rig->peer[0].len = 0;
    rig_run(rig, rig->now_ms + MQTT_RETRY_MS);
    RIG_EXPECT(rig, 0, "\xd0\0");
    rig_free(rig);
}

/* CONFIG [limits] topic_levels, 8 here */
static void a_will_of_too_many_levels_closes(void **state)
{
    struct broker_rig *rig = rig_new();

    (void)state;
    rig_accept(rig, 0, true);
    rig_say(rig, 0, WIRE_SPAN("\x10\x1c\0\x04MQTT\x04\x06\0\0\0\x01p\0\x08////////\0\x03won"));
    RIG_EXPECT_CLOSED(rig, 0);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(qos_0_is_delivered_and_not_answered),
        cmocka_unit_test(qos_1_is_acknowledged_on_both_hops),
        cmocka_unit_test(qos_2_is_delivered_once_however_often_it_is_said),
        cmocka_unit_test(delivery_takes_the_lower_qos),
        cmocka_unit_test(overlapping_filters_deliver_once_at_the_highest_qos),
        cmocka_unit_test(dup_and_retain_of_the_publisher_are_not_passed_on),
        cmocka_unit_test(a_new_subscription_hears_what_is_retained),
        cmocka_unit_test(unsubscribe_takes_exact_filters_away),
        cmocka_unit_test(a_kept_session_gets_what_it_missed_and_what_it_did_not_acknowledge),
        cmocka_unit_test(deliveries_keep_their_order_and_their_window),
        cmocka_unit_test(reading_pauses_while_answers_are_owed),
        cmocka_unit_test(a_subscribe_of_many_filters_is_answered_whole),
        cmocka_unit_test(long_messages_pass_unchanged),
        cmocka_unit_test(more_than_a_scratch_leaves_in_order),
        cmocka_unit_test(a_stuck_connection_is_not_asked_until_it_is_writable),
        cmocka_unit_test(a_minute_without_progress_ends_a_stuck_connection),
        cmocka_unit_test(every_split_of_a_conversation_gives_the_same_answers),
        cmocka_unit_test(a_publish_that_finds_no_room_waits),
        cmocka_unit_test(a_publish_that_cannot_even_wait_closes),
        cmocka_unit_test(a_subscribe_may_not_walk_what_is_retained_without_end),
        cmocka_unit_test(a_will_of_too_many_levels_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
