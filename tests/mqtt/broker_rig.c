#include "tests/mqtt/broker_rig.h"

#include <stdlib.h>

static const struct mqtt_limits limits = {.sessions = 20,
                                          .subscriptions = 10,
                                          .entries = 2000,
                                          .retained = 10,
                                          .memory = 4000000,
                                          .max_packet = 300000,
                                          .client_id = 32,
                                          .topic_levels = 8,
                                          .expiry_ms = 3600000};

struct broker_rig *rig_new(void)
{
    struct broker_rig *rig = calloc(1, sizeof *rig);

    assert_non_null(rig);
    rig->now_ms = 5000;
    assert_true(journal_init(&rig->journal, 100, 1));
    rig->journal.off = true;
    assert_true(mqtt_sessions_init(&rig->sessions, &limits, &rig->journal, 2));
    assert_true(mqtt_broker_init(&rig->broker, &rig->sessions, PEERS, INFLIGHT, QUEUED));
    return rig;
}

void rig_free(struct broker_rig *rig)
{
    mqtt_broker_fini(&rig->broker);
    mqtt_sessions_fini(&rig->sessions);
    assert_int_equal(rig->sessions.budget.used, 0);
    journal_fini(&rig->journal);
    free(rig);
}

void rig_accept(struct broker_rig *rig, size_t i, bool anonymous)
{
    struct mqtt_entrance entrance = {
        .address = {WIRE("127.0.0.1")}, .connect_ms = 10000, .place = anonymous ? 0 : 1};
    struct peer *peer = &rig->peer[i];

    peer->conn = mqtt_broker_accept(&rig->broker, &entrance, peer, rig->now_ms);
    assert_non_null(peer->conn);
    peer->len = 0;
    peer->parts = 0;
}

static void judge(struct broker_rig *rig)
{
    struct mqtt_asking asking;

    while (mqtt_broker_asked(&rig->broker, &asking)) {
        enum mqtt_code no = asking.has_username ? MQTT_REFUSED_LOGIN : MQTT_REFUSED_RIGHTS;
        struct mqtt_verdict verdict = {.code = asking.place == 0 ? MQTT_ACCEPTED : no};

        mqtt_broker_login(&rig->broker, asking.ticket, &verdict, rig->now_ms);
    }
}

void rig_send(struct broker_rig *rig, size_t i, struct span octets)
{
    assert_non_null(rig->peer[i].conn);
    mqtt_broker_input(&rig->broker, rig->peer[i].conn, octets, rig->now_ms);
    judge(rig);
}

static void take(struct peer *peer, struct span octets)
{
    assert_true(peer->len + octets.len <= PEER_OUT);
    if (octets.len > 0) {
        memcpy(peer->out + peer->len, octets.at, octets.len);
    }
    peer->len += octets.len;
}

void rig_settle(struct broker_rig *rig)
{
    struct mqtt_out out;

    while (mqtt_broker_output(&rig->broker, &out, rig->scratch, rig->now_ms)) {
        struct peer *peer = out.socket;

        assert_ptr_equal(out.conn, peer->conn);
        take(peer, out.head);
        take(peer, out.body);
        peer->parts += out.block != NULL ? 1 : 0;
        block_drop(out.block);
        if (out.close) {
            mqtt_broker_gone(&rig->broker, out.conn, rig->now_ms);
            peer->conn = NULL;
        }
    }
}

void rig_say(struct broker_rig *rig, size_t i, struct span octets)
{
    rig_send(rig, i, at_edge(octets, octets.len));
    rig_settle(rig);
}

void rig_drop(struct broker_rig *rig, size_t i)
{
    mqtt_broker_gone(&rig->broker, rig->peer[i].conn, rig->now_ms);
    rig->peer[i].conn = NULL;
    rig_settle(rig);
}

void rig_run(struct broker_rig *rig, uint64_t now_ms)
{
    while (mqtt_broker_deadline(&rig->broker) <= now_ms) {
        rig->now_ms = mqtt_broker_deadline(&rig->broker);
        mqtt_broker_tick(&rig->broker, rig->now_ms);
        rig_settle(rig);
    }
    rig->now_ms = now_ms;
}

void rig_connect(struct broker_rig *rig, size_t i, char name)
{
    uint8_t wire[] = "\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01?";

    wire[14] = (uint8_t)name;
    rig_accept(rig, i, true);
    rig_say(rig, i, span_of(wire, 15));
    RIG_EXPECT(rig, i, "\x20\x02\0\0");
}

void assert_heard(struct broker_rig *rig, size_t i, struct span wire, const char *file, int line)
{
    assert_spans(span_of(rig->peer[i].out, rig->peer[i].len), wire, file, line);
    rig->peer[i].len = 0;
}
