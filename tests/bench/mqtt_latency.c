/* mqtt_latency PORT PAIRS RATE QOS SECONDS - so many pairs of a publisher and its subscriber; RATE
 * messages of 64 octets a second in all, evenly. Prints "done MESSAGES SECONDS", and before it
 * "latency P50 P99 MAX": microseconds from send to receipt. */
#include "tests/bench/mqtt_peer.h"

#include <poll.h>
#include <sys/prctl.h>

struct load {
    struct peer *peers; /* publishers first */
    struct pollfd *polls;
    double *delays; /* microseconds, in order of receipt */
    size_t pairs;
    size_t messages;
    size_t sent;
    size_t got;
    double start;
    double step; /* seconds from message to message */
    unsigned qos;
};

static void take(void *arg, struct peer *peer, const struct mqtt_packet *pkt)
{
    struct load *load = arg;
    double sent_at = 0;

    if (pkt->type != MQTT_PUBLISH) {
        return;
    }
    memcpy(&sent_at, pkt->payload.at, sizeof sent_at);
    if (load->got < load->messages) {
        load->delays[load->got++] = (load_now() - sent_at) * 1e6;
    }
    if (mqtt_packet_qos(pkt) == 1) {
        mqtt_packet_encode_ack(MQTT_PUBACK, pkt->packet_id, &peer->w);
        peer_flush(peer);
    }
}

static void publish(struct load *load)
{
    size_t pair = load->sent++ % load->pairs;
    double now = load_now();
    uint8_t payload[PEER_PAYLOAD] = {0};
    char topic[32];

    memcpy(payload, &now, sizeof now);
    snprintf(topic, sizeof topic, "load/%zu/value", pair);
    peer_publish(&load->peers[pair], load->qos << 1, topic, span_of(payload, sizeof payload));
    peer_flush(&load->peers[pair]);
}

static void wait_until(struct load *load, double due)
{
    double left = due - load_now();
    struct timespec most = {0, 0};

    if (left > 0) {
        most = (struct timespec){(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
    }
    if (ppoll(load->polls, load->pairs * 2, &most, NULL) <= 0) {
        return;
    }
    for (size_t i = 0; i < load->pairs * 2; i++) {
        if (load->polls[i].revents != 0) {
            peer_receive(&load->peers[i], take, load);
        }
    }
}

static void run(struct load *load)
{
    while (load->got < load->messages) {
        double due = load->start + load->step * (double)load->sent;

        if (load->sent < load->messages && load_now() >= due) {
            publish(load);
        } else {
            wait_until(load, load->sent < load->messages ? due : load_now() + 1);
        }
    }
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return (left > right) - (left < right);
}

static void join(struct load *load, size_t i, const char *port)
{
    struct peer *peer = &load->peers[i];
    char filter[32];

    peer_join(peer, port, i);
    load->polls[i] = (struct pollfd){peer->fd, POLLIN, 0};
    if (i >= load->pairs) {
        snprintf(filter, sizeof filter, "load/%zu/value", i - load->pairs);
        peer_subscribe(peer, filter, load->qos);
        peer_await(peer, MQTT_SUBACK);
    }
}

int main(int argc, char **argv)
{
    struct load load = {0};

    if (argc != 6) {
        return 1;
    }
    load.pairs = strtoul(argv[2], NULL, 10);
    load.step = 1 / strtod(argv[3], NULL);
    load.qos = (unsigned)strtoul(argv[4], NULL, 10);
    load.messages = (size_t)(strtod(argv[5], NULL) / load.step);
    load.peers = calloc(load.pairs * 2, sizeof *load.peers);
    load.polls = calloc(load.pairs * 2, sizeof *load.polls);
    load.delays = calloc(load.messages, sizeof *load.delays);
    if (load.peers == NULL || load.polls == NULL || load.delays == NULL) {
        load_die("calloc");
    }
    (void)prctl(PR_SET_TIMERSLACK, 1UL);
    for (size_t i = 0; i < load.pairs * 2; i++) {
        join(&load, i, argv[1]);
    }
    load_ready();
    load.start = load_now();
    run(&load);
    qsort(load.delays, load.messages, sizeof *load.delays, compare);
    printf("latency %.0f %.0f %.0f\n", load.delays[load.messages / 2],
           load.delays[load.messages * 99 / 100], load.delays[load.messages - 1]);
    load_done(load.messages, load_now() - load.start);
    return 0;
}
