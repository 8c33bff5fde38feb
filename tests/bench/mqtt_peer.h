/* tests/bench/mqtt_peer.h - one MQTT client of a load generator: a blocking socket with its octets
 * in and out. What comes is given to the caller packet by packet; what cannot go on ends the
 * program. */
#ifndef TESTS_BENCH_MQTT_PEER_H
#define TESTS_BENCH_MQTT_PEER_H

#include "tests/bench/load.h"

#include "mqtt/packet.h"

#define PEER_BUFFER  65536
#define PEER_PAYLOAD 64

struct peer {
    uint8_t in[PEER_BUFFER];
    uint8_t out[PEER_BUFFER];
    size_t have;
    struct writer w;
    int fd;
    uint16_t last_id;
    uint16_t unacked;
};

static inline void peer_fail(const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(1);
}

static inline void peer_start(struct peer *peer, int fd)
{
    peer->fd = fd;
    peer->have = 0;
    peer->last_id = 0;
    peer->unacked = 0;
    peer->w = writer_of(peer->out, sizeof peer->out);
}

static inline void peer_flush(struct peer *peer)
{
    if (peer->w.bad) {
        peer_fail("output does not fit");
    }
    if (written(&peer->w) != 0) {
        load_check((int)send(peer->fd, peer->out, written(&peer->w), 0), "send");
        peer->w = writer_of(peer->out, sizeof peer->out);
    }
}

/* Reads what is there, waiting for something; all whole packets go to `take`. Returns the type of
 * the last one, 0 if none was whole. */
static inline enum mqtt_type peer_receive(
    struct peer *peer, void (*take)(void *, struct peer *, const struct mqtt_packet *), void *arg)
{
    ssize_t got = recv(peer->fd, peer->in + peer->have, PEER_BUFFER - peer->have, 0);
    struct span rest;
    enum mqtt_type last = 0;
    enum mqtt_err err = MQTT_OK;

    if (got == 0) {
        peer_fail("the broker closed a connection");
    }
    load_check((int)got, "recv");
    rest = span_of(peer->in, peer->have + (size_t)got);
    for (size_t len; (len = mqtt_packet_length(rest, &err)) != 0 && len <= rest.len;) {
        struct mqtt_packet pkt;

        if (mqtt_packet_decode(&pkt, span_of(rest.at, len), MQTT_LEVEL_3_1_1) != MQTT_OK) {
            peer_fail("ill-formed packet");
        }
        last = pkt.type;
        if (take != NULL) {
            take(arg, peer, &pkt);
        }
        rest = span_from(rest, len);
    }
    if (rest.len != 0) {
        memmove(peer->in, rest.at, rest.len);
    }
    peer->have = rest.len;
    return last;
}

static inline void peer_await(struct peer *peer, enum mqtt_type type)
{
    peer_flush(peer);
    while (peer_receive(peer, NULL, NULL) != type) {
    }
}

static inline uint16_t peer_next_id(struct peer *peer)
{
    peer->last_id = (uint16_t)(peer->last_id == UINT16_MAX ? 1 : peer->last_id + 1);
    return peer->last_id;
}

/* Connects as load-NUMBER with a clean session, and waits for CONNACK. */
static inline void peer_join(struct peer *peer, const char *port, size_t number)
{
    char id[32];

    snprintf(id, sizeof id, "load-%zu", number);
    peer_start(peer, load_connect(SOCK_STREAM, port));
    mqtt_packet_encode(&(struct mqtt_packet){.type = MQTT_CONNECT,
                                             .level = MQTT_LEVEL_3_1_1,
                                             .connect_flags = MQTT_CONNECT_CLEAN,
                                             .keepalive_s = 600,
                                             .client_id = span_of_text(id)},
                       &peer->w);
    peer_await(peer, MQTT_CONNACK);
}

/* Leaves a SUBSCRIBE in the peer's output. */
static inline void peer_subscribe(struct peer *peer, const char *filter, unsigned qos)
{
    uint8_t octets[128];
    struct writer w = writer_of(octets, sizeof octets);

    mqtt_filter_write(MQTT_SUBSCRIBE, &(struct mqtt_filter){span_of_text(filter), (uint8_t)qos},
                      &w);
    mqtt_packet_encode(&(struct mqtt_packet){.type = MQTT_SUBSCRIBE,
                                             .packet_id = peer_next_id(peer),
                                             .payload = span_of(octets, written(&w))},
                       &peer->w);
}

/* Leaves a PUBLISH in the peer's output; `flags` as in the fixed header. */
static inline void peer_publish(struct peer *peer, unsigned flags, const char *topic,
                                struct span payload)
{
    mqtt_packet_encode(&(struct mqtt_packet){.type = MQTT_PUBLISH,
                                             .flags = (uint8_t)flags,
                                             .packet_id = peer_next_id(peer),
                                             .topic = span_of_text(topic),
                                             .payload = payload},
                       &peer->w);
}

#endif
