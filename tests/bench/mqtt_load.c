/* mqtt_load PORT PUBLISHERS SUBSCRIBERS QOS MESSAGES [BURST [RATE]] - fan-in (50 1), fan-out
 * (1 50) or pairs (as many of both: subscriber n reads publisher n) with a payload of 64 octets.
 * At most 1,000 deliveries are outstanding, and 20 messages of one publisher unacknowledged.
 * Publishers take turns; in its turn each sends what its window allows, at most BURST messages
 * (20), and all together no more than RATE a second. With 0 subscribers it is done when all is
 * acknowledged.
 *
 * With 0 publishers it only reads what others publish under load/#, until stdin ends. Messages are
 * counted as they are sent and as they are delivered. */
#include "tests/bench/mqtt_peer.h"

#include <poll.h>

#define OUTSTANDING 1000
#define WINDOW      20

struct load {
    struct peer *peers; /* publishers first */
    struct pollfd *polls;
    size_t publishers;
    size_t subscribers;
    size_t topics;
    size_t fan; /* deliveries of one message */
    size_t messages;
    size_t burst;
    double rate; /* messages a second; 0: as they may */
    double start;
    size_t turn; /* publisher that goes on */
    size_t sent;
    size_t delivered;
    size_t acked; /* publishes completed */
    unsigned qos;
};

static void publish(struct load *load, size_t i)
{
    static const uint8_t payload[PEER_PAYLOAD];
    struct peer *peer = &load->peers[i];
    char topic[32];

    snprintf(topic, sizeof topic, "load/%zu/value", i % load->topics);
    peer_publish(peer, load->qos << 1, topic, span_of(payload, sizeof payload));
    peer->unacked = (uint16_t)(peer->unacked + (load->qos != 0));
    load->sent++;
}

/* One packet of the broker; answers are left in the peer's output. */
static void take(void *arg, struct peer *peer, const struct mqtt_packet *pkt)
{
    struct load *load = arg;

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

static void join(struct load *load, size_t i, const char *port)
{
    struct peer *peer = &load->peers[i];
    char filter[32];

    peer_join(peer, port, i);
    load->polls[i] = (struct pollfd){peer->fd, POLLIN, 0};
    if (i >= load->publishers) {
        snprintf(filter, sizeof filter,
                 load->publishers == load->subscribers ? "load/%zu/value" : "load/#",
                 i - load->publishers);
        peer_subscribe(peer, filter, load->qos);
        peer_await(peer, MQTT_SUBACK);
    }
}

static bool may_publish(const struct load *load)
{
    return load->sent < load->messages &&
           (load->rate == 0 || (double)load->sent < (load_now() - load->start) * load->rate) &&
           (load->sent + 1) * load->fan <= load->delivered + OUTSTANDING;
}

/* Each publisher has one turn. */
static void publish_what_may(struct load *load)
{
    for (size_t turns = 0; turns < load->publishers && may_publish(load); turns++) {
        struct peer *peer = &load->peers[load->turn];

        for (size_t n = 0; n < load->burst && peer->unacked < WINDOW && may_publish(load); n++) {
            publish(load, load->turn);
        }
        load->turn = (load->turn + 1) % load->publishers;
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
            peer_flush(&load->peers[i]);
        }
        /* The last entry is stdin, watched by a reader without publishers. */
        poll(load->polls, count + (load->publishers == 0), load->rate == 0 ? -1 : 1);
        for (size_t i = 0; i < count; i++) {
            if (load->polls[i].revents != 0) {
                peer_receive(&load->peers[i], take, load);
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
    struct load load = {.burst = WINDOW};
    size_t count = 0;

    if (argc < 6 || argc > 8) {
        return 1;
    }
    load.publishers = number(argv[2]);
    load.subscribers = number(argv[3]);
    load.qos = (unsigned)number(argv[4]);
    load.messages = number(argv[5]);
    load.burst = argc > 6 ? number(argv[6]) : WINDOW;
    load.rate = argc > 7 ? (double)number(argv[7]) : 0;
    load.topics = load.publishers == 0 ? 1 : load.publishers;
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
    load.start = load_now();
    run(&load);
    load_done(load.sent + load.delivered, load_now() - load.start);
    return 0;
}
