/* tests/sim/peer.c - a program on the broker: connects, subscribes, publishes, acknowledges. */
#include <stdlib.h>

#include "mqtt/packet.h"
#include "tests/sim/world.h"

static void say(struct sim *sim, struct sim_client *client, const struct mqtt_packet *packet)
{
    uint8_t out[1024];
    struct writer w = writer_of(out, sizeof out);

    mqtt_packet_encode(packet, &w);
    assert_false(w.bad);
    mqtt_broker_input(hub_broker(client->at), client->conn, span_of(out, written(&w)), sim->now_ms);
}

static void say_ack(struct sim *sim, struct sim_client *client, enum mqtt_type type, uint16_t id)
{
    if (!client->mute) {
        say(sim, client, &(struct mqtt_packet){.type = type, .packet_id = id});
    }
}

static void put(struct sim_inbox *inbox, const struct mqtt_packet *packet)
{
    size_t at = inbox->count++;

    assert_true(inbox->count <= SIM_INBOX);
    snprintf(inbox->at[at].topic, SIM_TEXT, "%.*s", (int)packet->topic.len,
             (const char *)packet->topic.at);
    snprintf(inbox->at[at].data, SIM_TEXT, "%.*s", (int)packet->payload.len,
             (const char *)packet->payload.at);
    inbox->at[at].qos = mqtt_packet_qos(packet);
    inbox->at[at].retain = packet->flags & MQTT_RETAIN;
    inbox->at[at].dup = packet->flags & MQTT_DUP;
}

static void took(struct sim *sim, struct sim_client *client, const struct mqtt_packet *packet)
{
    uint8_t qos = mqtt_packet_qos(packet);

    if (client->taker != NULL) {
        client->taker(client->ctx, packet);
    } else {
        put(&client->inbox, packet);
    }
    if (qos > 0) {
        say_ack(sim, client, qos == 1 ? MQTT_PUBACK : MQTT_PUBREC, packet->packet_id);
    }
}

static void heard(struct sim *sim, struct sim_client *client, const struct mqtt_packet *packet)
{
    switch (packet->type) {
    case MQTT_CONNACK:
        client->connected = packet->code == 0;
        client->code = packet->code;
        client->present = packet->present;
        break;
    case MQTT_PUBLISH: took(sim, client, packet); break;
    case MQTT_PUBREL: say_ack(sim, client, MQTT_PUBCOMP, packet->packet_id); break;
    case MQTT_PUBREC: say_ack(sim, client, MQTT_PUBREL, packet->packet_id); break;
    case MQTT_PUBACK:
    case MQTT_PUBCOMP: client->pubacks++; break;
    case MQTT_SUBACK: client->subacks++; break;
    default: break;
    }
}

void sim_client_input(struct sim *sim, struct sim_client *client, struct span octets)
{
    struct span wire;
    struct mqtt_packet packet;

    while (mqtt_stream_next(&client->stream, &octets, &wire) == MQTT_OK && wire.len > 0) {
        assert_int_equal(mqtt_packet_decode(&packet, wire, 4), MQTT_OK);
        heard(sim, client, &packet);
    }
}

void sim_client_reconnect(struct sim *sim, struct sim_client *client, const char *id, bool clean)
{
    struct mqtt_entrance entrance = {.address = span_of_text(id)};
    struct mqtt_packet packet = {.type = MQTT_CONNECT,
                                 .level = MQTT_LEVEL_3_1_1,
                                 .connect_flags = clean ? MQTT_CONNECT_CLEAN : 0,
                                 .client_id = span_of_text(id)};

    client->conn = mqtt_broker_accept(hub_broker(client->at), &entrance, client, sim->now_ms);
    assert_non_null(client->conn);
    say(sim, client, &packet);
    sim_run(sim, 50);
    assert_true(client->connected);
}

struct sim_client *sim_client(struct sim *sim, bool far, const char *id, bool clean)
{
    struct sim_client *client = calloc(1, sizeof *client);

    assert_non_null(client);
    assert_true(sim->client_count < SIM_CLIENTS);
    sim->clients[sim->client_count++] = client;
    client->at = far ? sim->far : sim->hub;
    client->budget.limit = SIZE_MAX;
    mqtt_stream_init(&client->stream, &client->budget, MQTT_SCRATCH);
    sim_client_reconnect(sim, client, id, clean);
    return client;
}

void sim_client_drop(struct sim *sim, struct sim_client *client)
{
    mqtt_broker_gone(hub_broker(client->at), client->conn, sim->now_ms);
    client->conn = NULL;
    client->connected = false;
}

void sim_client_subscribe(struct sim *sim, struct sim_client *client, const char *filter,
                          uint8_t qos)
{
    uint8_t out[256];
    struct writer w = writer_of(out, sizeof out);
    struct mqtt_filter one = {span_of_text(filter), qos};
    size_t had = client->subacks;

    mqtt_filter_write(MQTT_SUBSCRIBE, &one, &w);
    say(sim, client,
        &(struct mqtt_packet){.type = MQTT_SUBSCRIBE,
                              .packet_id = ++client->last_id,
                              .payload = span_of(out, written(&w))});
    sim_run(sim, 50);
    assert_int_equal(client->subacks, had + 1);
}

void sim_client_publish(struct sim *sim, struct sim_client *client, const char *topic,
                        const char *data, uint8_t flags)
{
    say(sim, client,
        &(struct mqtt_packet){.type = MQTT_PUBLISH,
                              .flags = flags,
                              .packet_id = flags & MQTT_QOS ? ++client->last_id : 0,
                              .topic = span_of_text(topic),
                              .payload = span_of_text(data)});
}
