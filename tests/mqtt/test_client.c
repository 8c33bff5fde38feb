#include "mqtt/client.h"
#include "tests/support.h"

#define KEEPALIVE_S 60

struct rig {
    struct mqtt_client_config config;
    struct budget budget;
    struct mqtt_client client;
    struct mqtt_client_news news;
    uint8_t out[512];
    size_t len;
    uint64_t now_ms;
};

static void rig_init(struct rig *rig)
{
    *rig = (struct rig){.budget = {.limit = 100000}, .now_ms = 1000};
    rig->config = (struct mqtt_client_config){.client_id = {WIRE("gw")},
                                              .keepalive_s = KEEPALIVE_S,
                                              .reconnect_least_ms = 1000,
                                              .reconnect_most_ms = 8000,
                                              .ack_timeout_ms = 30000,
                                              .max_packet = 4096};
    mqtt_client_init(&rig->client, &rig->config, &rig->budget, 5, rig->now_ms);
}

static void rig_fini(struct rig *rig)
{
    mqtt_client_fini(&rig->client);
    assert_int_equal(rig->budget.used, 0);
}

/* What the client writes of its own. */
static struct span said(struct rig *rig)
{
    struct writer w = writer_of(rig->out, sizeof rig->out);

    mqtt_client_write(&rig->client, &w, rig->now_ms);
    return span_of(rig->out, written(&w));
}

static void expect_event(struct rig *rig, enum mqtt_client_news_kind kind)
{
    assert_true(mqtt_client_event(&rig->client, &rig->news, rig->now_ms));
    assert_int_equal(rig->news.kind, kind);
}

static void expect_quiet(struct rig *rig)
{
    assert_false(mqtt_client_event(&rig->client, &rig->news, rig->now_ms));
    assert_int_equal(said(rig).len, 0);
}

static void at(struct rig *rig, uint64_t now_ms)
{
    rig->now_ms = now_ms;
    mqtt_client_tick(&rig->client, now_ms);
}

/* Octets that bring one piece of news. */
static void hear(struct rig *rig, struct span octets, enum mqtt_client_news_kind kind)
{
    octets = at_edge(octets, octets.len);
    assert_true(mqtt_client_input(&rig->client, &octets, &rig->news, rig->now_ms));
    assert_int_equal(rig->news.kind, kind);
    assert_int_equal(octets.len, 0);
}

static void hear_nothing_new(struct rig *rig, struct span octets)
{
    assert_false(mqtt_client_input(&rig->client, &octets, &rig->news, rig->now_ms));
    assert_int_equal(octets.len, 0);
}

static void dial(struct rig *rig)
{
    at(rig, mqtt_client_deadline(&rig->client));
    expect_event(rig, MQTT_CLIENT_DIAL);
    mqtt_client_up(&rig->client, rig->now_ms);
}

static void go_online(struct rig *rig)
{
    dial(rig);
    assert_true(said(rig).len > 0);
    hear(rig, WIRE_SPAN("\x20\x02\0\0"), MQTT_CLIENT_ONLINE);
}

static bool subscribe(struct rig *rig)
{
    static const struct mqtt_client_filter filters[] = {{{WIRE("a/#")}, 1}, {{WIRE("b")}, 0}};
    struct writer w = writer_of(rig->out, sizeof rig->out);
    bool done = mqtt_client_subscribe(&rig->client, &w, filters, 2, rig->now_ms);

    rig->len = written(&w);
    return done;
}

static bool deliver(struct rig *rig, uint8_t qos, uint16_t packet_id)
{
    struct mqtt_message *m = mqtt_message_new(&rig->budget, span_of_text("in"), span_of_text("x"));
    struct mqtt_op op = {.kind = MQTT_OP_DELIVER, .qos = qos, .packet_id = packet_id, .message = m};
    struct writer w = writer_of(rig->out, sizeof rig->out);
    bool done = mqtt_client_send(&rig->client, &w, &op, span_of_text("up"), rig->now_ms);

    mqtt_message_drop(m);
    rig->len = written(&w);
    return done;
}

/* [MQTT-3.1.0-1, 3.1.3-1] */
static void connect_is_the_first_that_is_said(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig.config.username = span_of_text("u");
    rig.config.password = span_of_text("p");
    rig.config.will_topic = span_of_text("w");
    rig.config.will_payload = span_of_text("off");
    rig.config.will_qos = 1;
    rig.config.will_retain = true;
    dial(&rig);
    assert_false(mqtt_client_may_send(&rig.client));
    assert_false(subscribe(&rig));
    assert_span_equal(said(&rig), WIRE_SPAN("\x10\x1c\0\x04MQTT\x04\xec\0\x3c\0\x02gw\0\x01w\0\x03"
                                            "off\0\x01u\0\x01p"));
    expect_quiet(&rig);
    hear(&rig, WIRE_SPAN("\x20\x02\x01\0"), MQTT_CLIENT_ONLINE);
    assert_true(rig.news.present);
    assert_true(mqtt_client_may_send(&rig.client));
    rig_fini(&rig);
}

static void a_refusal_ends_the_connection_with_its_cause(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    dial(&rig);
    said(&rig);
    hear_nothing_new(&rig, WIRE_SPAN("\x20\x02\0\x05"));
    expect_event(&rig, MQTT_CLIENT_DOWN);
    assert_string_equal(rig.news.cause, "CONNACK 5: not authorised");
    expect_quiet(&rig);
    rig_fini(&rig);
}

/* The delay doubles from least to most, drawn from its upper half. */
static void each_failure_waits_longer_up_to_the_most(void **state)
{
    static const uint64_t upper[] = {1000, 2000, 4000, 8000, 8000};
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_int_equal(mqtt_client_deadline(&rig.client), 1000);
    for (size_t i = 0; i < COUNT(upper); i++) {
        at(&rig, mqtt_client_deadline(&rig.client));
        expect_event(&rig, MQTT_CLIENT_DIAL);
        assert_int_equal(mqtt_client_deadline(&rig.client), UINT64_MAX);
        mqtt_client_down(&rig.client, "connection refused", rig.now_ms);
        expect_event(&rig, MQTT_CLIENT_DOWN);
        assert_in_range(mqtt_client_deadline(&rig.client) - rig.now_ms, upper[i] / 2, upper[i]);
    }
    rig_fini(&rig);
}

static void a_good_connection_starts_the_delay_anew(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (int i = 0; i < 3; i++) {
        go_online(&rig);
        mqtt_client_down(&rig.client, "lost", rig.now_ms);
        expect_event(&rig, MQTT_CLIENT_DOWN);
    }
    assert_in_range(mqtt_client_deadline(&rig.client) - rig.now_ms, 2000, 4000);
    go_online(&rig);
    mqtt_client_down(&rig.client, "lost", rig.now_ms + 30000);
    assert_in_range(mqtt_client_deadline(&rig.client) - rig.now_ms - 30000, 500, 1000);
    rig_fini(&rig);
}

static void so_does_a_suback_with_an_acknowledged_publish(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (int i = 0; i < 3; i++) {
        go_online(&rig);
        mqtt_client_down(&rig.client, "lost", rig.now_ms);
        expect_event(&rig, MQTT_CLIENT_DOWN);
    }
    go_online(&rig);
    assert_true(subscribe(&rig));
    assert_true(deliver(&rig, 1, 1));
    hear(&rig, WIRE_SPAN("\x90\x04\xff\xff\x01\0"), MQTT_CLIENT_SUBSCRIBED);
    hear(&rig, WIRE_SPAN("\x40\x02\0\x01"), MQTT_CLIENT_ACK);
    mqtt_client_down(&rig.client, "lost", rig.now_ms);
    assert_in_range(mqtt_client_deadline(&rig.client) - rig.now_ms, 500, 1000);
    rig_fini(&rig);
}

/* [MQTT-3.8.3-3, 3.8.4-2] */
static void one_subscribe_is_under_way_at_a_time(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    go_online(&rig);
    assert_true(subscribe(&rig));
    assert_span_equal(span_of(rig.out, rig.len), WIRE_SPAN("\x82\x0c\xff\xff\0\x03"
                                                           "a/#\x01\0\x01"
                                                           "b\0"));
    assert_false(subscribe(&rig));
    assert_int_equal(rig.len, 0);
    hear(&rig, WIRE_SPAN("\x90\x04\xff\xff\x01\x80"), MQTT_CLIENT_SUBSCRIBED);
    assert_span_equal(rig.news.packet.payload, WIRE_SPAN("\x01\x80"));
    assert_true(subscribe(&rig));
    rig_fini(&rig);
}

/* [MQTT-2.3.1-2] */
static void a_subscribe_never_shares_its_packet_id_with_a_delivery(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    go_online(&rig);
    assert_true(deliver(&rig, 2, 65535));
    assert_false(subscribe(&rig));
    hear(&rig, WIRE_SPAN("\x50\x02\xff\xff"), MQTT_CLIENT_ACK);
    assert_false(subscribe(&rig));
    hear(&rig, WIRE_SPAN("\x70\x02\xff\xff"), MQTT_CLIENT_ACK);
    assert_true(subscribe(&rig));
    assert_false(deliver(&rig, 1, 65535));
    assert_true(deliver(&rig, 1, 1));
    hear(&rig, WIRE_SPAN("\x90\x04\xff\xff\x01\0"), MQTT_CLIENT_SUBSCRIBED);
    assert_true(deliver(&rig, 1, 65535));
    rig_fini(&rig);
}

static void a_subscribe_that_does_not_fit_writes_nothing(void **state)
{
    static const struct mqtt_client_filter filter = {{WIRE("a/b/c")}, 1};
    struct rig rig;
    struct writer w;

    (void)state;
    rig_init(&rig);
    go_online(&rig);
    w = writer_of(rig.out, 11);
    assert_false(mqtt_client_subscribe(&rig.client, &w, &filter, 1, rig.now_ms));
    assert_int_equal(written(&w), 0);
    assert_false(w.bad);
    w = writer_of(rig.out, 12);
    assert_true(mqtt_client_subscribe(&rig.client, &w, &filter, 1, rig.now_ms));
    rig_fini(&rig);
}

/* [MQTT-4.3.1-1, 4.3.2-1] */
static void a_delivery_goes_under_the_topic_that_the_rule_made(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    go_online(&rig);
    assert_true(deliver(&rig, 0, 0));
    assert_span_equal(span_of(rig.out, rig.len), WIRE_SPAN("\x30\x05\0\x02upx"));
    assert_true(deliver(&rig, 2, 0x102));
    assert_span_equal(span_of(rig.out, rig.len), WIRE_SPAN("\x34\x07\0\x02up\x01\x02x"));
    rig_fini(&rig);
}

static void an_operation_that_does_not_fit_writes_nothing(void **state)
{
    struct rig rig;
    struct mqtt_message *m = NULL;
    struct mqtt_op op = {.kind = MQTT_OP_DELIVER};
    struct writer w;

    (void)state;
    rig_init(&rig);
    go_online(&rig);
    m = mqtt_message_new(&rig.budget, span_of_text("in"), span_of_text("payload"));
    op.message = m;
    w = writer_of(rig.out, 12);
    assert_false(mqtt_client_send(&rig.client, &w, &op, span_of_text("up"), rig.now_ms));
    assert_int_equal(written(&w), 0);
    assert_false(w.bad);
    assert_true(mqtt_client_send_head(&rig.client, &w, &op, span_of_text("up"), rig.now_ms));
    assert_span_equal(span_of(rig.out, written(&w)), WIRE_SPAN("\x30\x0b\0\x02up"));
    mqtt_message_drop(m);
    rig_fini(&rig);
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
    struct rig rig;

    (void)state;
    rig_init(&rig);
    go_online(&rig);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mqtt_op op = {.kind = rows[i].kind, .packet_id = 0x102};
        struct writer w = writer_of(rig.out, sizeof rig.out);

        assert_true(mqtt_client_send(&rig.client, &w, &op, (struct span){NULL, 0}, rig.now_ms));
        assert_span_equal(span_of(rig.out, written(&w)), rows[i].wire);
        if (rows[i].wire.len > 0) {
            hear(&rig, rows[i].wire, MQTT_CLIENT_ACK);
            assert_int_equal(rig.news.packet.packet_id, 0x102);
        }
    }
    rig_fini(&rig);
}

static void packets_come_one_by_one_out_of_many_octets(void **state)
{
    struct rig rig;
    struct span octets = WIRE_SPAN("\x30\x04\0\x01"
                                   "a1\x30\x04\0\x01"
                                   "b2\xd0\0\x30");

    (void)state;
    rig_init(&rig);
    go_online(&rig);
    assert_true(mqtt_client_input(&rig.client, &octets, &rig.news, rig.now_ms));
    assert_span_equal(rig.news.packet.topic, WIRE_SPAN("a"));
    assert_true(mqtt_client_input(&rig.client, &octets, &rig.news, rig.now_ms));
    assert_span_equal(rig.news.packet.payload, WIRE_SPAN("2"));
    assert_false(mqtt_client_input(&rig.client, &octets, &rig.news, rig.now_ms));
    hear(&rig,
         WIRE_SPAN("\x03\0\x01"
                   "c"),
         MQTT_CLIENT_PUBLISH);
    assert_span_equal(rig.news.packet.topic, WIRE_SPAN("c"));
    rig_fini(&rig);
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
        struct rig rig;

        rig_init(&rig);
        go_online(&rig);
        hear_nothing_new(&rig, wires[i]);
        expect_event(&rig, MQTT_CLIENT_DOWN);
        rig_fini(&rig);
    }
}

/* [MQTT-3.2.0-1] */
static void nothing_counts_before_connack(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    dial(&rig);
    said(&rig);
    hear_nothing_new(&rig, WIRE_SPAN("\xd0\0"));
    expect_event(&rig, MQTT_CLIENT_DOWN);
    assert_string_equal(rig.news.cause, "packet out of place");
    rig_fini(&rig);
}

/* [MQTT-3.1.2-23] */
static void silence_is_broken_by_pings_before_keep_alive_ends(void **state)
{
    struct rig rig;
    uint64_t start = 0;

    (void)state;
    rig_init(&rig);
    go_online(&rig);
    start = rig.now_ms;
    for (int i = 0; i < 5; i++) {
        uint64_t due = mqtt_client_deadline(&rig.client);

        assert_in_range(due - start, 1, KEEPALIVE_S * 1000 - 1);
        at(&rig, due - 1);
        expect_quiet(&rig);
        at(&rig, due);
        assert_span_equal(said(&rig), WIRE_SPAN("\xc0\0"));
        hear_nothing_new(&rig, WIRE_SPAN("\xd0\0"));
        start = due;
    }
    rig_fini(&rig);
}

/* A stream of QoS 0 would hide that nobody listens. */
static void who_only_sends_still_asks_whether_anyone_listens(void **state)
{
    struct rig rig;
    size_t pings = 0;

    (void)state;
    rig_init(&rig);
    go_online(&rig);
    for (int i = 0; i < 60; i++) {
        at(&rig, rig.now_ms + 1000);
        assert_true(deliver(&rig, 0, 0));
        pings += said(&rig).len / 2;
    }
    assert_int_equal(pings, 1);
    rig_fini(&rig);
}

static void a_missing_answer_ends_the_connection(void **state)
{
    static const char *const causes[] = {"no CONNACK in time", "no PINGRESP in time",
                                         "no acknowledgement in time",
                                         "no acknowledgement in time"};

    (void)state;
    for (size_t i = 0; i < COUNT(causes); i++) {
        struct rig rig;
        uint64_t since = 0;

        rig_init(&rig);
        if (i == 0) {
            dial(&rig);
            said(&rig);
        } else {
            go_online(&rig);
        }
        if (i == 1) {
            at(&rig, mqtt_client_deadline(&rig.client));
            said(&rig);
        } else if (i > 1) {
            assert_true(i == 2 ? deliver(&rig, 1, 9) : subscribe(&rig));
        }
        since = rig.now_ms;
        at(&rig, since + rig.config.ack_timeout_ms - 1);
        expect_quiet(&rig);
        at(&rig, mqtt_client_deadline(&rig.client));
        assert_int_equal(rig.now_ms, since + rig.config.ack_timeout_ms);
        expect_event(&rig, MQTT_CLIENT_DOWN);
        assert_string_equal(rig.news.cause, causes[i]);
        rig_fini(&rig);
    }
}

/* [MQTT-3.14.4-1, 3.14.4-2] */
static void a_stop_says_disconnect_and_dials_no_more(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    go_online(&rig);
    mqtt_client_stop(&rig.client, rig.now_ms);
    assert_false(mqtt_client_may_send(&rig.client));
    assert_span_equal(said(&rig), WIRE_SPAN("\xe0\0"));
    expect_event(&rig, MQTT_CLIENT_DOWN);
    assert_int_equal(rig.client.state, MQTT_IDLE);
    assert_int_equal(mqtt_client_deadline(&rig.client), UINT64_MAX);
    expect_quiet(&rig);
    rig_fini(&rig);
}

static void a_stop_while_idle_dials_no_more(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    mqtt_client_stop(&rig.client, rig.now_ms);
    at(&rig, 1000000);
    expect_quiet(&rig);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connect_is_the_first_that_is_said),
        cmocka_unit_test(a_refusal_ends_the_connection_with_its_cause),
        cmocka_unit_test(each_failure_waits_longer_up_to_the_most),
        cmocka_unit_test(a_good_connection_starts_the_delay_anew),
        cmocka_unit_test(so_does_a_suback_with_an_acknowledged_publish),
        cmocka_unit_test(one_subscribe_is_under_way_at_a_time),
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
        cmocka_unit_test(a_stop_says_disconnect_and_dials_no_more),
        cmocka_unit_test(a_stop_while_idle_dials_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
