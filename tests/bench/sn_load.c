/* sn_load PORT NODES QOS MESSAGES - so many MQTT-SN nodes, each with a socket and a topic of its
 * own and one message under way. At QoS 0 a PINGREQ after each ten messages waits for its answer,
 * so that nothing is lost in a socket. A datagram lost all the same is sent again after a second.
 */
#include "tests/bench/load.h"

#include <sys/epoll.h>

#include "sn/packet.h"

#define PAYLOAD 64
#define EVENTS  64
#define BURST   10 /* messages at QoS 0 before one is waited for */
#define WAIT_MS 1000

struct node {
    int fd;
    uint16_t topic_id;
    uint16_t msg_id;
    size_t sent; /* messages */
    bool waits;
};

struct load {
    struct node *nodes;
    size_t count;
    size_t each; /* messages of a node */
    int qos;
    int epoll;
    size_t done;    /* messages answered, or sent with the PINGREQ behind them answered */
    size_t repeats; /* datagrams sent again */
};

static void send_packet(struct node *node, const struct sn_packet *pkt)
{
    uint8_t octets[256];
    size_t len = sn_packet_encode(pkt, octets, sizeof octets);

    load_check((int)send(node->fd, octets, len, 0), "send");
}

/* Sends `pkt` until an answer of `type` comes. */
static struct sn_packet ask(struct node *node, const struct sn_packet *pkt, enum sn_type type)
{
    static uint8_t octets[256];
    struct sn_packet answer = {0};
    struct timeval wait = {1, 0};

    setsockopt(node->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    for (int tries = 0; tries < 20; tries++) {
        ssize_t len = 0;

        send_packet(node, pkt);
        len = recv(node->fd, octets, sizeof octets, 0);
        if (len > 0 && sn_packet_decode(&answer, span_of(octets, (size_t)len)) == SN_OK &&
            answer.type == type && answer.code == 0) {
            return answer;
        }
    }
    fprintf(stderr, "no good answer of type 0x%02x\n", (unsigned)type);
    exit(1);
}

static void join(struct load *load, size_t i, const char *port)
{
    struct node *node = &load->nodes[i];
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = node};
    char text[32];

    node->fd = load_connect(SOCK_DGRAM, port);
    snprintf(text, sizeof text, "load-%zu", i);
    ask(node,
        &(struct sn_packet){.type = SN_CONNECT,
                            .flags = SN_FLAG_CLEAN,
                            .protocol = SN_PROTOCOL_ID,
                            .duration_s = 600,
                            .data = span_of_text(text)},
        SN_CONNACK);
    snprintf(text, sizeof text, "load/%zu/value", i);
    node->topic_id =
        ask(node, &(struct sn_packet){.type = SN_REGISTER, .msg_id = 1, .data = span_of_text(text)},
            SN_REGACK)
            .topic_id;
    node->msg_id = 1;
    load_check(epoll_ctl(load->epoll, EPOLL_CTL_ADD, node->fd, &event), "epoll_ctl");
}

static void publish(struct load *load, struct node *node, bool again)
{
    static const uint8_t payload[PAYLOAD];
    unsigned flags = sn_flags_of_qos(load->qos) | (again ? SN_FLAG_DUP : 0u);

    if (load->qos > 0 && !again) {
        node->msg_id = (uint16_t)(node->msg_id == UINT16_MAX ? 1 : node->msg_id + 1);
    }
    send_packet(node, &(struct sn_packet){.type = SN_PUBLISH,
                                          .flags = (uint8_t)flags,
                                          .topic_id = node->topic_id,
                                          .msg_id = load->qos > 0 ? node->msg_id : 0,
                                          .data = span_of(payload, sizeof payload)});
}

static void go_on(struct load *load, struct node *node)
{
    if (node->sent == load->each) {
        return;
    }
    node->waits = true;
    if (load->qos > 0) {
        node->sent++;
        publish(load, node, false);
        return;
    }
    for (int i = 0; i < BURST && node->sent < load->each; i++) {
        node->sent++;
        publish(load, node, false);
    }
    send_packet(node, &(struct sn_packet){.type = SN_PINGREQ});
}

static void take(struct load *load, struct node *node)
{
    uint8_t octets[256];
    ssize_t len = recv(node->fd, octets, sizeof octets, MSG_DONTWAIT);
    struct sn_packet pkt;

    if (len <= 0 || sn_packet_decode(&pkt, span_of(octets, (size_t)len)) != SN_OK) {
        return;
    }
    if (load->qos > 0 ? pkt.type == SN_PUBACK && pkt.msg_id == node->msg_id
                      : pkt.type == SN_PINGRESP) {
        if (pkt.code != 0) {
            fprintf(stderr, "PUBACK with code %u\n", pkt.code);
            exit(1);
        }
        node->waits = false;
        load->done = load->done + (load->qos > 0 ? 1 : BURST);
        go_on(load, node);
    }
}

static void repeat(struct load *load)
{
    for (size_t i = 0; i < load->count; i++) {
        struct node *node = &load->nodes[i];

        if (node->waits) {
            load->repeats++;
            if (load->qos > 0) {
                publish(load, node, true);
            } else {
                send_packet(node, &(struct sn_packet){.type = SN_PINGREQ});
            }
        }
    }
}

static void run(struct load *load)
{
    struct epoll_event events[EVENTS];

    for (size_t i = 0; i < load->count; i++) {
        go_on(load, &load->nodes[i]);
    }
    while (load->done < load->each * load->count) {
        int count = epoll_wait(load->epoll, events, EVENTS, WAIT_MS);

        for (int i = 0; i < count; i++) {
            take(load, events[i].data.ptr);
        }
        if (count == 0) {
            repeat(load);
        }
    }
}

int main(int argc, char **argv)
{
    struct load load = {0};
    double start = 0;

    if (argc != 5) {
        return 1;
    }
    load.count = strtoul(argv[2], NULL, 10);
    load.qos = (int)strtol(argv[3], NULL, 10);
    load.each = strtoul(argv[4], NULL, 10) / load.count / BURST * BURST;
    load.nodes = calloc(load.count, sizeof *load.nodes);
    load.epoll = epoll_create1(0);
    if (load.nodes == NULL) {
        load_die("calloc");
    }
    for (size_t i = 0; i < load.count; i++) {
        join(&load, i, argv[1]);
    }
    load_ready();
    start = load_now();
    run(&load);
    load_done(load.each * load.count, load_now() - start);
    if (load.repeats != 0) {
        fprintf(stderr, "%zu datagrams were sent again\n", load.repeats);
    }
    return 0;
}
