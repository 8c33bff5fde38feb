/* mqtt_load PORT PUBLISHERS SUBSCRIBERS QOS MESSAGES - fan-in (50 1), fan-out (1 50) or
 * pairs (as many of both: subscriber n reads publisher n) with a payload of 64 octets. At most
 * 1,000 deliveries are outstanding, and 20 messages of one publisher unacknowledged.
 *
 * With 0 publishers it only reads what others publish under load/#, until stdin ends. */
#include "tests/bench/load.h"

#include <poll.h>

#include "mqtt/packet.h"

#define PAYLOAD     64
#define OUTSTANDING 1000
#define WINDOW      20
#define BUFFER      65536

struct peer {
    uint8_t in[BUFFER];
    uint8_t out[BUFFER];
    size_t have;
    struct writer w;
    uint16_t last_id;
    uint16_t unacked;
    size_t topic;
};

struct load {
    struct peer *peers; /* publishers first */
    struct pollfd *polls;
    size_t publishers;
    size_t subscribers;
    size_t topics;
    size_t fan; /* deliveries of one message */
    size_t messages;
    size_t sent;
    size_t delivered;
    size_t acked; /* publishes completed */
    unsigned qos;
};

static void flush(struct load *load, size_t i)
{
    struct peer *peer = &load->peers[i];

    if (peer->w.bad) {
        fprintf(stderr, "output does not fit\n");
        exit(1);
    }
    if (written(&peer->w) != 0) {
        load_check((int)send(load->polls[i].fd, peer->out, written(&peer->w), 0), "send");
        peer->w = writer_of(peer->out, sizeof peer->out);
    }
}

static void publish(struct load *load, struct peer *peer)
{
    static const uint8_t payload[PAYLOAD];
    char topic[32];

    snprintf(topic, sizeof topic, "load/%zu/value", peer->topic);
    peer->last_id = (uint16_t)(peer->last_id == UINT16_MAX ? 1 : peer->last_id + 1);
    mqtt_packet_encode(&(struct mqtt_packet){.type = MQTT_PUBLISH,
                                             .flags = (uint8_t)(load->qos << 1),
                                             .packet_id = peer->last_id,
                                             .topic = span_of_text(topic),
                                             .payload = span_of(payload, sizeof payload)},
                       &peer->w);
    peer->unacked = (uint16_t)(peer->unacked + (load->qos != 0));
    load->sent++;
}

/* One packet of the broker; answers are left in the peer's output. */
static void take(struct load *load, struct peer *peer, const struct mqtt_packet *pkt)
{
    switch (pkt->type) {
    case MQTT_PUBLISH:
        load->delivered++;
        if (mqtt_packet_qos(pkt) == 1) {
            mqtt_packet_encode_ack(MQTT_PUBACK, pkt->packet_id, &peer->w);
        } else if (mqtt_packet_qos(pkt) == 2) {
            mqtt_packet_encode_ack(MQTT_PUBREC, pkt->packet_id, &peer->w);
        }
        break;
    case MQTT_PUBREC: mqtt_packet_encode_ack(MQTT_PUBREL, pkt->packet_id, &peer->w); break;
    case MQTT_PUBREL: mqtt_packet_encode_ack(MQTT_PUBCOMP, pkt->packet_id, &peer->w); break;
    case MQTT_PUBACK:
    case MQTT_PUBCOMP:
        peer->unacked--;
        load->acked++;
        break;
    default: break;
    }
}

/* Reads what is there; returns the type of the last packet, 0 if none was whole. */
static enum mqtt_type receive(struct load *load, size_t i, int flags)
{
    struct peer *peer = &load->peers[i];
    ssize_t got = recv(load->polls[i].fd, peer->in + peer->have, BUFFER - peer->have, flags);
    struct span rest;
    enum mqtt_type last = 0;
    enum mqtt_err err = MQTT_OK;

    if (got == 0) {
        fprintf(stderr, "the broker closed a connection\n");
        exit(1);
    }
    load_check((int)got, "recv");
    rest = span_of(peer->in, peer->have + (size_t)got);
    for (size_t len; (len = mqtt_packet_length(rest, &err)) != 0 && len <= rest.len;) {
        struct mqtt_packet pkt;

        if (mqtt_packet_decode(&pkt, span_of(rest.at, len), MQTT_LEVEL_3_1_1) != MQTT_OK) {
            fprintf(stderr, "ill-formed packet\n");
            exit(1);
        }
        last = pkt.type;
        take(load, peer, &pkt);
        rest = span_from(rest, len);
    }
    if (rest.len != 0) {
        memmove(peer->in, rest.at, rest.len);
    }
    peer->have = rest.len;
    return last;
}

static void await(struct load *load, size_t i, enum mqtt_type type)
{
    flush(load, i);
    while (receive(load, i, 0) != type) {
    }
}

static void join(struct load *load, size_t i, const char *port)
{
    struct peer *peer = &load->peers[i];
    bool subscribes = i >= load->publishers;
    uint8_t filters[64];
    char text[32];
    struct writer w = writer_of(filters, sizeof filters);

    load->polls[i] = (struct pollfd){load_connect(SOCK_STREAM, port), POLLIN, 0};
    peer->w = writer_of(peer->out, sizeof peer->out);
    peer->topic = (subscribes ? i - load->publishers : i) % load->topics;
    snprintf(text, sizeof text, "load-%zu", i);
    mqtt_packet_encode(&(struct mqtt_packet){.type = MQTT_CONNECT,
                                             .level = MQTT_LEVEL_3_1_1,
                                             .connect_flags = MQTT_CONNECT_CLEAN,
                                             .keepalive_s = 600,
                                             .client_id = span_of_text(text)},
                       &peer->w);
    await(load, i, MQTT_CONNACK);
    if (subscribes) {
        snprintf(text, sizeof text, load->publishers ? "load/%zu/value" : "load/#", peer->topic);
        mqtt_filter_write(MQTT_SUBSCRIBE,
                          &(struct mqtt_filter){span_of_text(text), (uint8_t)load->qos}, &w);
        mqtt_packet_encode(&(struct mqtt_packet){.type = MQTT_SUBSCRIBE,
                                                 .packet_id = 1,
                                                 .payload = span_of(filters, written(&w))},
                           &peer->w);
        await(load, i, MQTT_SUBACK);
    }
}

static void publish_what_may(struct load *load)
{
    bool any = true;

    while (any) {
        any = false;
        for (size_t i = 0; i < load->publishers; i++) {
            if (load->sent == load->messages ||
                (load->sent + 1) * load->fan > load->delivered + OUTSTANDING) {
                return;
            }
            if (load->peers[i].unacked < WINDOW) {
                publish(load, &load->peers[i]);
                any = true;
            }
        }
    }
}

static bool is_over(const struct load *load)
{
    return load->publishers != 0 && load->delivered >= load->messages * load->fan &&
           (load->qos == 0 || load->acked >= load->messages);
}

static void run(struct load *load)
{
    size_t count = load->publishers + load->subscribers;

    while (!is_over(load)) {
        publish_what_may(load);
        for (size_t i = 0; i < count; i++) {
            flush(load, i);
        }
        /* The last entry is stdin, watched by a reader without publishers. */
        poll(load->polls, count + (load->publishers == 0), -1);
        for (size_t i = 0; i < count; i++) {
            if (load->polls[i].revents != 0) {
                receive(load, i, 0);
            }
        }
        if (load->publishers == 0 && load->polls[count].revents != 0) {
            return;
        }
    }
}

static size_t number(const char *text)
{
    return strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
    struct load load = {0};
    double start = 0;
    size_t count = 0;

    if (argc != 6) {
        return 1;
    }
    load.publishers = number(argv[2]);
    load.subscribers = number(argv[3]);
    load.qos = (unsigned)number(argv[4]);
    load.messages = number(argv[5]);
    load.topics = load.publishers == load.subscribers ? load.publishers : 1;
    load.fan = load.publishers == load.subscribers ? 1 : load.subscribers;
    count = load.publishers + load.subscribers;
    load.peers = calloc(count, sizeof *load.peers);
    load.polls = calloc(count + 1, sizeof *load.polls);
    if (load.peers == NULL || load.polls == NULL) {
        load_die("calloc");
    }
    for (size_t i = 0; i < count; i++) {
        join(&load, i, argv[1]);
    }
    load.polls[count] = (struct pollfd){STDIN_FILENO, POLLIN, 0};
    load_ready();
    start = load_now();
    run(&load);
    load_done(load.publishers == 0 ? load.delivered : load.messages * load.fan, load_now() - start);
    return 0;
}
