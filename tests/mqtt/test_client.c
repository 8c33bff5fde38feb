#include "tests/mqtt/client_rig.h"

/* [MQTT-3.1.0-1, 3.1.3-1] */
static void connect_is_the_first_that_is_said(void **state)
{
    struct client_rig rig;

    (void)state;
    client_rig_init(&rig);
    rig.config.username = span_of_text("u");
    rig.config.password = span_of_text("p");
    rig.config.will_topic = span_of_text("w");
    rig.config.will_payload = span_of_text("off");
    rig.config.will_qos = 1;
    rig.config.will_retain = true;
    client_dial(&rig);
    assert_false(mqtt_client_may_send(&rig.client));
    assert_false(client_subscribe(&rig));
    assert_span_equal(client_said(&rig),
                      WIRE_SPAN("\x10\x1c\0\x04MQTT\x04\xec\0\x3c\0\x02gw\0\x01w\0\x03"
                                "off\0\x01u\0\x01p"));
    client_expect_quiet(&rig);
    client_hear(&rig, WIRE_SPAN("\x20\x02\x01\0"), MQTT_CLIENT_ONLINE);
    assert_true(rig.news.present);
    assert_true(mqtt_client_may_send(&rig.client));
    client_rig_fini(&rig);
}

static void a_refusal_ends_the_connection_with_its_cause(void **state)
{
    struct client_rig rig;

    (void)state;
    client_rig_init(&rig);
    client_dial(&rig);
    client_said(&rig);
    client_hear_nothing_new(&rig, WIRE_SPAN("\x20\x02\0\x05"));
    client_expect_event(&rig, MQTT_CLIENT_DOWN);
    assert_string_equal(rig.news.cause, "CONNACK 5: not authorised");
    client_expect_quiet(&rig);
    client_rig_fini(&rig);
}

/* A broker that takes no bridge is told of none from then on. */
static void a_bridge_says_so_until_that_is_refused(void **state)
{
    struct client_rig rig;

    (void)state;
    client_rig_init(&rig);
    rig.config.bridge = true;
    client_dial(&rig);
    assert_span_equal(client_said(&rig), WIRE_SPAN("\x10\x0e\0\x04MQTT\x84\0\0\x3c\0\x02gw"));
    client_hear_nothing_new(&rig, WIRE_SPAN("\x20\x02\0\x01"));
    client_expect_event(&rig, MQTT_CLIENT_DOWN);
    client_at(&rig, mqtt_client_deadline(&rig.client));
    client_dial(&rig);
    assert_span_equal(client_said(&rig), WIRE_SPAN("\x10\x0e\0\x04MQTT\x04\0\0\x3c\0\x02gw"));
    client_rig_fini(&rig);
}

/* The delay doubles from least to most, drawn from its upper half. */
static void each_failure_waits_longer_up_to_the_most(void **state)
{
    static const uint64_t upper[] = {1000, 2000, 4000, 8000, 8000};
    struct client_rig rig;

    (void)state;
    client_rig_init(&rig);
    assert_int_equal(mqtt_client_deadline(&rig.client), 1000);
    for (size_t i = 0; i < COUNT(upper); i++) {
        client_at(&rig, mqtt_client_deadline(&rig.client));
        client_expect_event(&rig, MQTT_CLIENT_DIAL);
        assert_int_equal(mqtt_client_deadline(&rig.client), UINT64_MAX);
        mqtt_client_down(&rig.client, "connection refused", rig.now_ms);
        client_expect_event(&rig, MQTT_CLIENT_DOWN);
        assert_in_range(mqtt_client_deadline(&rig.client) - rig.now_ms, upper[i] / 2, upper[i]);
    }
    client_rig_fini(&rig);
}

static void a_good_connection_starts_the_delay_anew(void **state)
{
    struct client_rig rig;

    (void)state;
    client_rig_init(&rig);
    for (int i = 0; i < 3; i++) {
        client_go_online(&rig);
        mqtt_client_down(&rig.client, "lost", rig.now_ms);
        client_expect_event(&rig, MQTT_CLIENT_DOWN);
    }
    assert_in_range(mqtt_client_deadline(&rig.client) - rig.now_ms, 2000, 4000);
    client_go_online(&rig);
    mqtt_client_down(&rig.client, "lost", rig.now_ms + 30000);
    assert_in_range(mqtt_client_deadline(&rig.client) - rig.now_ms - 30000, 500, 1000);
    client_rig_fini(&rig);
}

static void so_does_a_suback_with_an_acknowledged_publish(void **state)
{
    struct client_rig rig;

    (void)state;
    client_rig_init(&rig);
    for (int i = 0; i < 3; i++) {
        client_go_online(&rig);
        mqtt_client_down(&rig.client, "lost", rig.now_ms);
        client_expect_event(&rig, MQTT_CLIENT_DOWN);
    }
    client_go_online(&rig);
    assert_true(client_subscribe(&rig));
    assert_true(client_deliver(&rig, 1, 1));
    client_hear(&rig, WIRE_SPAN("\x90\x04\xff\xff\x01\0"), MQTT_CLIENT_SUBSCRIBED);
    client_hear(&rig, WIRE_SPAN("\x40\x02\0\x01"), MQTT_CLIENT_ACK);
    mqtt_client_down(&rig.client, "lost", rig.now_ms);
    assert_in_range(mqtt_client_deadline(&rig.client) - rig.now_ms, 500, 1000);
    client_rig_fini(&rig);
}

/* [MQTT-3.8.3-3, 3.8.4-2] */
static void one_subscribe_is_under_way_at_a_time(void **state)
{
    struct client_rig rig;

    (void)state;
    client_rig_init(&rig);
    client_go_online(&rig);
    assert_true(client_subscribe(&rig));
    assert_span_equal(span_of(rig.out, rig.len), WIRE_SPAN("\x82\x0c\xff\xff\0\x03"
                                                           "a/#\x01\0\x01"
                                                           "b\0"));
    assert_false(client_subscribe(&rig));
    assert_int_equal(rig.len, 0);
    client_hear(&rig, WIRE_SPAN("\x90\x04\xff\xff\x01\x80"), MQTT_CLIENT_SUBSCRIBED);
    assert_span_equal(rig.news.packet.payload, WIRE_SPAN("\x01\x80"));
    assert_true(client_subscribe(&rig));
    client_rig_fini(&rig);
}

/* [MQTT-3.10.4-4] */
static void an_unsubscribe_takes_its_turn_and_has_its_answer(void **state)
{
    struct client_rig rig;

    (void)state;
    client_rig_init(&rig);
    client_go_online(&rig);
    assert_true(client_unsubscribe(&rig));
    assert_span_equal(span_of(rig.out, rig.len), WIRE_SPAN("\xa2\x0a\xff\xff\0\x03"
                                                           "a/#\0\x01"
                                                           "b"));
    assert_false(client_subscribe(&rig));
    assert_false(client_unsubscribe(&rig));
    client_hear(&rig, WIRE_SPAN("\xb0\x02\xff\xff"), MQTT_CLIENT_UNSUBSCRIBED);
    assert_true(client_subscribe(&rig));
    client_rig_fini(&rig);
}

/* [MQTT-3.8.4-5] and an answer to what was not asked */
static void an_answer_that_fits_no_request_ends_the_connection(void **state)
{
    static const struct {
        bool subscribes;
        struct span wire;
        const char *cause;
    } rows[] = {
        {true, {WIRE("\x90\x03\xff\xff\0")}, "packet ends inside a field"},
        {true, {WIRE("\x90\x05\xff\xff\0\0\0")}, "octets left over after the packet"},
        {true, {WIRE("\x90\x04\0\x01\0\0")}, "packet out of place"},
        {true, {WIRE("\xb0\x02\xff\xff")}, "packet out of place"},
        {false, {WIRE("\x90\x04\xff\xff\0\0")}, "packet out of place"},
        {false, {WIRE("\xb0\x02\0\x01")}, "packet out of place"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct client_rig rig;

        client_rig_init(&rig);
        client_go_online(&rig);
        assert_true(rows[i].subscribes ? client_subscribe(&rig) : client_unsubscribe(&rig));
        client_hear_nothing_new(&rig, rows[i].wire);
        client_expect_event(&rig, MQTT_CLIENT_DOWN);
        assert_string_equal(rig.news.cause, rows[i].cause);
        client_rig_fini(&rig);
    }
}

/* max_packet is 4096: one of 5000 octets, cut everywhere, and one behind it */
static void a_message_above_max_packet_comes_without_its_payload(void **state)
{
    static const struct span head = {WIRE("\x34\x85\x27\0\x03"
                                          "a/b\x01\x02")};
    static const struct span next = {WIRE("\x30\x03\0\x01"
                                          "c")};
    static uint8_t wire[5000 + 5];
    struct writer w = writer_of(wire, sizeof wire);

    (void)state;
    write_span(&w, head);
    memset(wire + head.len, 'x', 5000 - head.len);
    memcpy(wire + 5000, next.at, next.len);
    for (size_t cut = 1; cut < sizeof wire; cut += cut < 16 ? 1 : 997) {
        struct client_rig rig;
        struct span first = {wire, cut};
        struct span rest = {wire + cut, sizeof wire - cut};
        struct span *from = &rest;

        client_rig_init(&rig);
        client_go_online(&rig);
        if (mqtt_client_input(&rig.client, &first, &rig.news, rig.now_ms)) {
            from = &first;
        } else {
            assert_true(rig.budget.used <= 256);
            assert_true(mqtt_client_input(&rig.client, &rest, &rig.news, rig.now_ms));
        }
        assert_int_equal(rig.news.kind, MQTT_CLIENT_SKIPPED);
        assert_span_equal(rig.news.packet.topic, WIRE_SPAN("a/b"));
        assert_int_equal(rig.news.packet.packet_id, 0x102);
        assert_int_equal(mqtt_packet_qos(&rig.news.packet), 2);
        assert_int_equal(rig.news.packet.payload.len, 0);
        assert_false(from == &first &&
                     mqtt_client_input(&rig.client, &first, &rig.news, rig.now_ms));
        assert_true(mqtt_client_input(&rig.client, &rest, &rig.news, rig.now_ms));
        assert_int_equal(rig.news.kind, MQTT_CLIENT_PUBLISH);
        assert_span_equal(rig.news.packet.topic, WIRE_SPAN("c"));
        client_rig_fini(&rig);
    }
}

/* [MQTT-2.3.1-2] */
static void a_subscribe_never_shares_its_packet_id_with_a_delivery(void **state)
{
    struct client_rig rig;

    (void)state;
    client_rig_init(&rig);
    client_go_online(&rig);
    assert_true(client_deliver(&rig, 2, 65535));
    assert_false(client_subscribe(&rig));
    client_hear(&rig, WIRE_SPAN("\x50\x02\xff\xff"), MQTT_CLIENT_ACK);
    assert_false(client_subscribe(&rig));
    client_hear(&rig, WIRE_SPAN("\x70\x02\xff\xff"), MQTT_CLIENT_ACK);
    assert_true(client_subscribe(&rig));
    assert_false(client_deliver(&rig, 1, 65535));
    assert_true(client_deliver(&rig, 1, 1));
    client_hear(&rig, WIRE_SPAN("\x90\x04\xff\xff\x01\0"), MQTT_CLIENT_SUBSCRIBED);
    assert_true(client_deliver(&rig, 1, 65535));
    client_rig_fini(&rig);
}

static void a_subscribe_that_does_not_fit_writes_nothing(void **state)
{
    static const struct mqtt_client_filter filter = {{WIRE("a/b/c")}, 1};
    struct client_rig rig;
    struct writer w;

    (void)state;
    client_rig_init(&rig);
    client_go_online(&rig);
    w = writer_of(rig.out, 11);
    assert_false(mqtt_client_subscribe(&rig.client, &w, &filter, 1, rig.now_ms));
    assert_int_equal(written(&w), 0);
    assert_false(w.bad);
    w = writer_of(rig.out, 12);
    assert_true(mqtt_client_subscribe(&rig.client, &w, &filter, 1, rig.now_ms));
    client_rig_fini(&rig);
}

/* [MQTT-4.3.1-1, 4.3.2-1] */
static void a_delivery_goes_under_the_topic_that_the_rule_made(void **state)
{
    struct client_rig rig;

    (void)state;
    client_rig_init(&rig);
    client_go_online(&rig);
    assert_true(client_deliver(&rig, 0, 0));
    assert_span_equal(span_of(rig.out, rig.len), WIRE_SPAN("\x30\x05\0\x02upx"));
    assert_true(client_deliver(&rig, 2, 0x102));
    assert_span_equal(span_of(rig.out, rig.len), WIRE_SPAN("\x34\x07\0\x02up\x01\x02x"));
    client_rig_fini(&rig);
}

static void an_operation_that_does_not_fit_writes_nothing(void **state)
{
    struct client_rig rig;
    struct mqtt_message *m = NULL;
    struct mqtt_op op = {.kind = MQTT_OP_DELIVER};
    struct writer w;

    (void)state;
    client_rig_init(&rig);
    client_go_online(&rig);
    m = mqtt_message_new(&rig.budget, span_of_text("in"), span_of_text("payload"));
    op.message = m;
    w = writer_of(rig.out, 12);
    assert_false(mqtt_client_send(&rig.client, &w, &op, span_of_text("up"), rig.now_ms));
    assert_int_equal(written(&w), 0);
    assert_false(w.bad);
    assert_true(mqtt_client_send_head(&rig.client, &w, &op, span_of_text("up"), rig.now_ms));
    assert_span_equal(span_of(rig.out, written(&w)), WIRE_SPAN("\x30\x0b\0\x02up"));
    mqtt_message_drop(m);
    client_rig_fini(&rig);
}

static void acknowledgements_go_both_ways(void **state)
{
    static const struct {
        enum mqtt_op_kind kind;
        struct span wire;
    } rows[] = {
        {MQTT_OP_PUBACK, {WIRE("\x40\x02\x01\x02")}},
        {MQTT_OP_PUBREC, {WIRE("\x50\x02\x01\x02")}},
        {MQTT_OP_PUBREL, {WIRE("\x62\x02\x01\x02")}},
        {MQTT_OP_PUBCOMP, {WIRE("\x70\x02\x01\x02")}},
        {MQTT_OP_OPENED, {NULL, 0}},
    };
    struct client_rig rig;

    (void)state;
    client_rig_init(&rig);
    client_go_online(&rig);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mqtt_op op = {.kind = rows[i].kind, .packet_id = 0x102};
        struct writer w = writer_of(rig.out, sizeof rig.out);

        assert_true(mqtt_client_send(&rig.client, &w, &op, (struct span){NULL, 0}, rig.now_ms));
        assert_span_equal(span_of(rig.out, written(&w)), rows[i].wire);
        if (rows[i].wire.len > 0) {
            client_hear(&rig, rows[i].wire, MQTT_CLIENT_ACK);
            assert_int_equal(rig.news.packet.packet_id, 0x102);
        }
    }
    client_rig_fini(&rig);
}

static void packets_come_one_by_one_out_of_many_octets(void **state)
{
    struct client_rig rig;
    struct span octets = WIRE_SPAN("\x30\x04\0\x01"
                                   "a1\x30\x04\0\x01"
                                   "b2\xd0\0\x30");

    (void)state;
    client_rig_init(&rig);
    client_go_online(&rig);
    assert_true(mqtt_client_input(&rig.client, &octets, &rig.news, rig.now_ms));
    assert_span_equal(rig.news.packet.topic, WIRE_SPAN("a"));
    assert_true(mqtt_client_input(&rig.client, &octets, &rig.news, rig.now_ms));
    assert_span_equal(rig.news.packet.payload, WIRE_SPAN("2"));
    assert_false(mqtt_client_input(&rig.client, &octets, &rig.news, rig.now_ms));
    client_hear(&rig,
                WIRE_SPAN("\x03\0\x01"
                          "c"),
                MQTT_CLIENT_PUBLISH);
    assert_span_equal(rig.news.packet.topic, WIRE_SPAN("c"));
    client_rig_fini(&rig);
}

/* [MQTT-4.8.0-1]; what a server may not say, or not now */
static void what_is_out_of_place_ends_the_connection(void **state)
{
    static const struct span wires[] = {
        {WIRE("\x20\x02\0\0")}, {WIRE("\xc0\0")},       {WIRE("\x90\x03\0\x01\0")},
        {WIRE("\xe0\0")},       {WIRE("\x40\x02\0\0")}, {WIRE("\xd1\0")},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(wires); i++) {
        struct client_rig rig;

        client_rig_init(&rig);
        client_go_online(&rig);
        client_hear_nothing_new(&rig, wires[i]);
        client_expect_event(&rig, MQTT_CLIENT_DOWN);
        client_rig_fini(&rig);
    }
}

/* [MQTT-3.2.0-1] */
static void nothing_counts_before_connack(void **state)
{
    static const struct span firsts[] = {
        {WIRE("\xd0\0")},
        {WIRE("HTTP/1.1 400 Bad Request\r\n")}, /* a PUBACK of 84 octets, read as MQTT */
        {WIRE("\x15")},                         /* a TLS alert begins so */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(firsts); i++) {
        struct client_rig rig;

        client_rig_init(&rig);
        client_dial(&rig);
        client_said(&rig);
        client_hear_nothing_new(&rig, firsts[i]);
        client_expect_event(&rig, MQTT_CLIENT_DOWN);
        assert_string_equal(rig.news.cause, "packet out of place");
        client_rig_fini(&rig);
    }
}

/* [MQTT-3.1.2-23] */
static void silence_is_broken_by_pings_before_keep_alive_ends(void **state)
{
    struct client_rig rig;
    uint64_t start = 0;

    (void)state;
    client_rig_init(&rig);
    client_go_online(&rig);
    start = rig.now_ms;
    for (int i = 0; i < 5; i++) {
        uint64_t due = mqtt_client_deadline(&rig.client);

        assert_in_range(due - start, 1, KEEPALIVE_S * 1000 - 1);
        client_at(&rig, due - 1);
        client_expect_quiet(&rig);
        client_at(&rig, due);
        assert_span_equal(client_said(&rig), WIRE_SPAN("\xc0\0"));
        client_hear_nothing_new(&rig, WIRE_SPAN("\xd0\0"));
        start = due;
    }
    client_rig_fini(&rig);
}

/* A stream of QoS 0 would hide that nobody listens. */
static void who_only_sends_still_asks_whether_anyone_listens(void **state)
{
    struct client_rig rig;
    size_t pings = 0;

    (void)state;
    client_rig_init(&rig);
    client_go_online(&rig);
    for (int i = 0; i < 60; i++) {
        client_at(&rig, rig.now_ms + 1000);
        assert_true(client_deliver(&rig, 0, 0));
        pings += client_said(&rig).len / 2;
    }
    assert_int_equal(pings, 1);
    client_rig_fini(&rig);
}

static void a_missing_answer_ends_the_connection(void **state)
{
    static const char *const causes[] = {"no CONNACK in time", "no PINGRESP in time",
                                         "no acknowledgement in time",
                                         "no acknowledgement in time"};

    (void)state;
    for (size_t i = 0; i < COUNT(causes); i++) {
        struct client_rig rig;
        uint64_t since = 0;

        client_rig_init(&rig);
        if (i == 0) {
            client_dial(&rig);
            client_said(&rig);
        } else {
            client_go_online(&rig);
        }
        if (i == 1) {
            client_at(&rig, mqtt_client_deadline(&rig.client));
            client_said(&rig);
        } else if (i > 1) {
            assert_true(i == 2 ? client_deliver(&rig, 1, 9) : client_subscribe(&rig));
        }
        since = rig.now_ms;
        client_at(&rig, since + rig.config.ack_timeout_ms - 1);
        client_expect_quiet(&rig);
        client_at(&rig, mqtt_client_deadline(&rig.client));
        assert_int_equal(rig.now_ms, since + rig.config.ack_timeout_ms);
        client_expect_event(&rig, MQTT_CLIENT_DOWN);
        assert_string_equal(rig.news.cause, causes[i]);
        client_rig_fini(&rig);
    }
}

/* Half a packet may take longer than any answer; what it holds up is not missing. */
static void a_long_packet_on_its_way_is_a_sign_of_life(void **state)
{
    struct client_rig rig;

    (void)state;
    client_rig_init(&rig);
    client_go_online(&rig);
    assert_true(client_deliver(&rig, 1, 9));
    client_hear_nothing_new(&rig, WIRE_SPAN("\x30\x7f\0\x01"
                                            "a"));
    for (int i = 0; i < 100; i++) {
        client_at(&rig, rig.now_ms + 20000);
        client_said(&rig);
        client_hear_nothing_new(&rig, WIRE_SPAN("x"));
        assert_false(mqtt_client_event(&rig.client, &rig.news, rig.now_ms));
    }
    client_at(&rig, rig.now_ms + 30000);
    client_expect_event(&rig, MQTT_CLIENT_DOWN);
    client_rig_fini(&rig);
}

static void what_is_still_leaving_is_not_waited_for(void **state)
{
    struct client_rig rig;

    (void)state;
    client_rig_init(&rig);
    client_go_online(&rig);
    assert_true(client_deliver(&rig, 1, 9));
    for (int i = 0; i < 10; i++) {
        client_at(&rig, rig.now_ms + 29999);
        mqtt_client_moved(&rig.client, rig.now_ms);
        assert_false(mqtt_client_event(&rig.client, &rig.news, rig.now_ms));
    }
    client_at(&rig, rig.now_ms + 30000);
    client_expect_event(&rig, MQTT_CLIENT_DOWN);
    assert_string_equal(rig.news.cause, "no acknowledgement in time");
    client_rig_fini(&rig);
}

/* [MQTT-3.14.4-1, 3.14.4-2] */
static void a_stop_says_disconnect_and_dials_no_more(void **state)
{
    struct client_rig rig;

    (void)state;
    client_rig_init(&rig);
    client_go_online(&rig);
    mqtt_client_stop(&rig.client, rig.now_ms);
    assert_false(mqtt_client_may_send(&rig.client));
    assert_span_equal(client_said(&rig), WIRE_SPAN("\xe0\0"));
    client_expect_event(&rig, MQTT_CLIENT_DOWN);
    assert_int_equal(rig.client.state, MQTT_IDLE);
    assert_int_equal(mqtt_client_deadline(&rig.client), UINT64_MAX);
    client_expect_quiet(&rig);
    client_rig_fini(&rig);
}

static void a_stop_while_idle_dials_no_more(void **state)
{
    struct client_rig rig;

    (void)state;
    client_rig_init(&rig);
    mqtt_client_stop(&rig.client, rig.now_ms);
    client_at(&rig, 1000000);
    client_expect_quiet(&rig);
    client_rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connect_is_the_first_that_is_said),
        cmocka_unit_test(a_refusal_ends_the_connection_with_its_cause),
        cmocka_unit_test(a_bridge_says_so_until_that_is_refused),
        cmocka_unit_test(each_failure_waits_longer_up_to_the_most),
        cmocka_unit_test(a_good_connection_starts_the_delay_anew),
        cmocka_unit_test(so_does_a_suback_with_an_acknowledged_publish),
        cmocka_unit_test(one_subscribe_is_under_way_at_a_time),
        cmocka_unit_test(an_unsubscribe_takes_its_turn_and_has_its_answer),
        cmocka_unit_test(an_answer_that_fits_no_request_ends_the_connection),
        cmocka_unit_test(a_message_above_max_packet_comes_without_its_payload),
        cmocka_unit_test(a_subscribe_never_shares_its_packet_id_with_a_delivery),
        cmocka_unit_test(a_subscribe_that_does_not_fit_writes_nothing),
        cmocka_unit_test(a_delivery_goes_under_the_topic_that_the_rule_made),
        cmocka_unit_test(an_operation_that_does_not_fit_writes_nothing),
        cmocka_unit_test(acknowledgements_go_both_ways),
        cmocka_unit_test(packets_come_one_by_one_out_of_many_octets),
        cmocka_unit_test(what_is_out_of_place_ends_the_connection),
        cmocka_unit_test(nothing_counts_before_connack),
        cmocka_unit_test(silence_is_broken_by_pings_before_keep_alive_ends),
        cmocka_unit_test(who_only_sends_still_asks_whether_anyone_listens),
        cmocka_unit_test(a_missing_answer_ends_the_connection),
        cmocka_unit_test(a_long_packet_on_its_way_is_a_sign_of_life),
        cmocka_unit_test(what_is_still_leaving_is_not_waited_for),
        cmocka_unit_test(a_stop_says_disconnect_and_dials_no_more),
        cmocka_unit_test(a_stop_while_idle_dials_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
