#include "tests/mqtt/client_rig.h"

void client_rig_init(struct client_rig *rig)
{
    *rig = (struct client_rig){.budget = {.limit = 100000}, .now_ms = 1000};
    rig->config = (struct mqtt_client_config){.client_id = {WIRE("gw")},
                                              .keepalive_s = KEEPALIVE_S,
                                              .reconnect_least_ms = 1000,
                                              .reconnect_most_ms = 8000,
                                              .ack_timeout_ms = 30000,
                                              .max_packet = 4096};
    mqtt_client_init(&rig->client, &rig->config, &rig->budget, 5, rig->now_ms);
}

void client_rig_fini(struct client_rig *rig)
{
    mqtt_client_fini(&rig->client);
    assert_int_equal(rig->budget.used, 0);
}

struct span client_said(struct client_rig *rig)
{
    struct writer w = writer_of(rig->out, sizeof rig->out);

    mqtt_client_write(&rig->client, &w, rig->now_ms);
    return span_of(rig->out, written(&w));
}

void client_expect_event(struct client_rig *rig, enum mqtt_client_news_kind kind)
{
    assert_true(mqtt_client_event(&rig->client, &rig->news, rig->now_ms));
    assert_int_equal(rig->news.kind, kind);
}

void client_expect_quiet(struct client_rig *rig)
{
    assert_false(mqtt_client_event(&rig->client, &rig->news, rig->now_ms));
    assert_int_equal(client_said(rig).len, 0);
}

void client_at(struct client_rig *rig, uint64_t now_ms)
{
    rig->now_ms = now_ms;
    mqtt_client_tick(&rig->client, now_ms);
}

void client_hear(struct client_rig *rig, struct span octets, enum mqtt_client_news_kind kind)
{
    octets = at_edge(octets, octets.len);
    assert_true(mqtt_client_input(&rig->client, &octets, &rig->news, rig->now_ms));
    assert_int_equal(rig->news.kind, kind);
    assert_int_equal(octets.len, 0);
}

void client_hear_nothing_new(struct client_rig *rig, struct span octets)
{
    assert_false(mqtt_client_input(&rig->client, &octets, &rig->news, rig->now_ms));
    assert_int_equal(octets.len, 0);
}

void client_dial(struct client_rig *rig)
{
    client_at(rig, mqtt_client_deadline(&rig->client));
    client_expect_event(rig, MQTT_CLIENT_DIAL);
    mqtt_client_up(&rig->client, rig->now_ms);
}

void client_go_online(struct client_rig *rig)
{
    client_dial(rig);
    assert_true(client_said(rig).len > 0);
    client_hear(rig, WIRE_SPAN("\x20\x02\0\0"), MQTT_CLIENT_ONLINE);
}

static const struct mqtt_client_filter filters[] = {{{WIRE("a/#")}, 1}, {{WIRE("b")}, 0}};

bool client_subscribe(struct client_rig *rig)
{
    struct writer w = writer_of(rig->out, sizeof rig->out);
    bool done = mqtt_client_subscribe(&rig->client, &w, filters, 2, rig->now_ms);

    rig->len = written(&w);
    return done;
}

bool client_unsubscribe(struct client_rig *rig)
{
    struct writer w = writer_of(rig->out, sizeof rig->out);
    bool done = mqtt_client_unsubscribe(&rig->client, &w, filters, 2, rig->now_ms);

    rig->len = written(&w);
    return done;
}

bool client_deliver(struct client_rig *rig, uint8_t qos, uint16_t packet_id)
{
    struct mqtt_message *m = mqtt_message_new(&rig->budget, span_of_text("in"), span_of_text("x"));
    struct mqtt_op op = {.kind = MQTT_OP_DELIVER, .qos = qos, .packet_id = packet_id, .message = m};
    struct writer w = writer_of(rig->out, sizeof rig->out);
    bool done = mqtt_client_send(&rig->client, &w, &op, span_of_text("up"), rig->now_ms);

    mqtt_message_drop(m);
    rig->len = written(&w);
    return done;
}
