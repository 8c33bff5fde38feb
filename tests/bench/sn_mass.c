/* sn_mass PORT KIND COUNT [QOS MESSAGES] - many MQTT-SN nodes by one socket, each with an address
 * of its own under 127.0.0.0/8. Before "ready" they do what their kind asks:
 *
 *     hold     connect, register four names, subscribe to one of their own
 *     sleep    connect, and tell that they sleep
 *     connect  nothing; on the word all connect at once. Prints "latency P50 MOST AGAIN",
 *              microseconds, and how many datagrams were sent again
 *     burst    connect and register a name; on the word each publishes once at QoS 1, all without
 *              waiting. Prints "answered COUNT"
 *     fan      connect and subscribe to one name for all; on the word one node more publishes
 *              MESSAGES, each when all have the last
 *
 * A request without an answer is sent again after a second, but of burst. */
#include "tests/bench/load.h"

#include <poll.h>

#include "sn/packet.h"

#define ROUTE    0x7f010000u /* 127.1.0.0: of node 0 */
#define WINDOW   128u        /* nodes that wait for an answer at once */
#define BATCH    64
#define WAIT_MS  1000
#define NAMES    4u
#define ASLEEP_S 3600
#define PAYLOAD  64u

enum step { CONNECT, REGISTER, SUBSCRIBE = REGISTER + NAMES, SLEEP, PUBLISH, DONE };

struct node {
    double asked;
    uint16_t topic_id;
    uint8_t step;
    bool waits;
};

struct mass {
    struct node *nodes;
    size_t count;
    size_t first; /* the first that has not begun */
    size_t waiting;
    size_t done;
    size_t got;     /* deliveries */
    size_t repeats; /* datagrams sent again */
    double *latency;
    const uint8_t *steps; /* what a node does, DONE behind it */
    const char *filter;   /* of all, or NULL */
    int qos;
    int fd;
    struct sockaddr_in gateway;
};

/* --- datagrams ------------------------------------------------------------------------------- */

struct control {
    _Alignas(struct cmsghdr) uint8_t octets[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

static void send_as(struct mass *m, size_t i, const struct sn_packet *pkt)
{
    uint8_t octets[256];
    struct iovec part = {octets, sn_packet_encode(pkt, octets, sizeof octets)};
    struct control control = {{0}};
    struct in_pktinfo from = {.ipi_spec_dst.s_addr = htonl(ROUTE + (uint32_t)i)};
    struct msghdr message = {.msg_name = &m->gateway,
                             .msg_namelen = sizeof m->gateway,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};

    *CMSG_FIRSTHDR(&message) = (struct cmsghdr){
        .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO, .cmsg_len = CMSG_LEN(sizeof from)};
    memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &from, sizeof from);
    load_check((int)sendmsg(m->fd, &message, 0), "sendmsg");
}

static size_t node_of(struct msghdr *head)
{
    struct in_pktinfo to = {.ipi_addr.s_addr = 0};

    memcpy(&to, CMSG_DATA(CMSG_FIRSTHDR(head)), sizeof to);
    return ntohl(to.ipi_addr.s_addr) - ROUTE;
}

/* --- what a node does ------------------------------------------------------------------------ */

static void ask(struct mass *m, size_t i)
{
    struct node *node = &m->nodes[i];
    unsigned step = m->steps[node->step];
    struct sn_packet pkt = {.msg_id = (uint16_t)(step + 1)};
    static const uint8_t payload[PAYLOAD];
    char text[32];

    snprintf(text, sizeof text, "node-%zu", i);
    pkt.data = span_of_text(text);
    if (step == CONNECT) {
        pkt = (struct sn_packet){.type = SN_CONNECT,
                                 .flags = SN_FLAG_CLEAN,
                                 .protocol = SN_PROTOCOL_ID,
                                 .duration_s = ASLEEP_S,
                                 .data = pkt.data};
    } else if (step < SUBSCRIBE) {
        snprintf(text, sizeof text, "mass/%zu/value-%u", i, step);
        pkt.type = SN_REGISTER;
        pkt.data = span_of_text(text);
    } else if (step == SUBSCRIBE) {
        snprintf(text, sizeof text, "mass/%zu/order", i);
        pkt.type = SN_SUBSCRIBE;
        pkt.flags = sn_flags_of_qos(m->qos);
        pkt.data = span_of_text(m->filter == NULL ? text : m->filter);
    } else if (step == SLEEP) {
        pkt = (struct sn_packet){.type = SN_DISCONNECT, .full = true, .duration_s = ASLEEP_S};
    } else {
        pkt.type = SN_PUBLISH;
        pkt.flags = sn_flags_of_qos(1);
        pkt.topic_id = node->topic_id;
        pkt.data = span_of(payload, sizeof payload);
    }
    send_as(m, i, &pkt);
}

static void begin(struct mass *m, size_t i)
{
    m->nodes[i].waits = true;
    m->nodes[i].asked = load_now();
    m->waiting++;
    ask(m, i);
}

static void answered(struct mass *m, size_t i, const struct sn_packet *pkt)
{
    struct node *node = &m->nodes[i];

    if (!node->waits || pkt->code != 0) {
        return;
    }
    if (pkt->type == SN_REGACK || pkt->type == SN_SUBACK) {
        node->topic_id = pkt->topic_id;
    }
    m->latency[i] = load_now() - node->asked;
    node->waits = false;
    m->waiting--;
    node->step++;
    if (m->steps[node->step] == DONE) {
        m->done++;
    } else {
        begin(m, i);
    }
}

static void delivered(struct mass *m, size_t i, const struct sn_packet *pkt)
{
    m->got++;
    if (sn_flags_qos(pkt->flags) == 1) {
        send_as(m, i,
                &(struct sn_packet){
                    .type = SN_PUBACK, .topic_id = pkt->topic_id, .msg_id = pkt->msg_id});
    }
}

static void take(struct mass *m, size_t i, struct span wire)
{
    static const uint8_t answers[] = {
        [CONNECT] = SN_CONNACK,     [SUBSCRIBE] = SN_SUBACK,   [SLEEP] = SN_DISCONNECT,
        [PUBLISH] = SN_PUBACK,      [REGISTER] = SN_REGACK,    [REGISTER + 1] = SN_REGACK,
        [REGISTER + 2] = SN_REGACK, [REGISTER + 3] = SN_REGACK};
    struct sn_packet pkt;
    unsigned step = 0;

    if (i > m->count || sn_packet_decode(&pkt, wire) != SN_OK) {
        return;
    }
    step = m->steps[m->nodes[i].step];
    if (pkt.type == SN_PUBLISH) {
        delivered(m, i, &pkt);
    } else if (step != DONE && pkt.type == answers[step] &&
               (pkt.msg_id == 0 || pkt.msg_id == step + 1)) {
        answered(m, i, &pkt);
    }
}

/* What came within `wait_ms`; false: nothing. */
static bool hear(struct mass *m, int wait_ms)
{
    static uint8_t octets[BATCH][256];
    static struct control controls[BATCH];
    struct mmsghdr heads[BATCH] = {{.msg_len = 0}};
    struct iovec parts[BATCH];
    struct pollfd readable = {.fd = m->fd, .events = POLLIN};
    int count = 0;

    for (size_t i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){octets[i], sizeof octets[i]};
        heads[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i],
                                           .msg_iovlen = 1,
                                           .msg_control = &controls[i],
                                           .msg_controllen = sizeof controls[i]};
    }
    if (poll(&readable, 1, wait_ms) <= 0) {
        return false;
    }
    count = recvmmsg(m->fd, heads, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) {
        take(m, node_of(&heads[i].msg_hdr), span_of(octets[i], heads[i].msg_len));
    }
    return true;
}

static void repeat(struct mass *m)
{
    for (size_t i = 0; i < m->first; i++) {
        if (m->nodes[i].waits) {
            ask(m, i);
            m->repeats++;
        }
    }
}

/* All nodes through all steps, so many at once. */
static void run(struct mass *m, const uint8_t *steps, size_t window)
{
    m->steps = steps;
    m->first = 0;
    m->done = 0;
    for (size_t i = 0; i < m->count; i++) {
        m->nodes[i].step = 0;
    }
    while (m->done < m->count) {
        while (m->waiting < window && m->first < m->count) {
            begin(m, m->first++);
        }
        if (!hear(m, WAIT_MS)) {
            repeat(m);
        }
    }
}

/* --- kinds ----------------------------------------------------------------------------------- */

static int by_length(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static void tell_latency(struct mass *m)
{
    qsort(m->latency, m->count, sizeof *m->latency, by_length);
    printf("latency %.0f %.0f %zu\n", m->latency[m->count / 2] * 1e6,
           m->latency[m->count - 1] * 1e6, m->repeats);
}

/* The publisher is node `count`, which is not among those that `run` leads. */
static void spread(struct mass *m, size_t messages)
{
    static const uint8_t steps[] = {PUBLISH, DONE};
    struct node *publisher = &m->nodes[m->count];

    m->steps = steps;
    for (size_t i = 0; i < messages; i++) {
        m->got = 0;
        publisher->step = 0;
        begin(m, m->count);
        while (m->got <= m->count || publisher->waits) {
            if (!hear(m, WAIT_MS)) {
                fprintf(stderr, "message %zu reached %zu of %zu\n", i, m->got, m->count + 1);
                exit(1);
            }
        }
    }
}

static void burst(struct mass *m)
{
    static const uint8_t steps[] = {PUBLISH, DONE};

    m->steps = steps;
    m->done = 0;
    for (size_t i = 0; i < m->count; i++) {
        m->nodes[i].step = 0;
        begin(m, i);
    }
    while (m->done < m->count && hear(m, WAIT_MS)) {
    }
    printf("answered %zu\n", m->done);
}

static void open_socket(struct mass *m, const char *port)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    int on = 1;
    int room = 64 << 20;

    m->gateway = load_address(port);
    m->fd = socket(AF_INET, SOCK_DGRAM, 0);
    load_check(m->fd, "socket");
    load_check(bind(m->fd, (struct sockaddr *)&any, sizeof any), "bind");
    load_check(setsockopt(m->fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on), "IP_PKTINFO");
    if (setsockopt(m->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0) {
        (void)setsockopt(m->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    }
}

int main(int argc, char **argv)
{
    static const uint8_t connect[] = {CONNECT, DONE};
    static const uint8_t hold[] = {CONNECT,      REGISTER,  REGISTER + 1, REGISTER + 2,
                                   REGISTER + 3, SUBSCRIBE, DONE};
    static const uint8_t asleep[] = {CONNECT, SLEEP, DONE};
    static const uint8_t writer[] = {CONNECT, REGISTER, DONE};
    static const uint8_t reader[] = {CONNECT, SUBSCRIBE, DONE};
    struct mass m = {.qos = argc > 4 ? (int)strtol(argv[4], NULL, 10) : 1};
    size_t messages = argc > 5 ? strtoul(argv[5], NULL, 10) : 0;
    const char *kind = argc > 3 ? argv[2] : "";
    double start = 0;

    m.count = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
    m.nodes = calloc(m.count + 1, sizeof *m.nodes);
    m.latency = calloc(m.count + 1, sizeof *m.latency);
    if (m.count == 0 || m.nodes == NULL || m.latency == NULL) {
        return 1;
    }
    open_socket(&m, argv[1]);
    if (strcmp(kind, "hold") == 0) {
        run(&m, hold, WINDOW);
    } else if (strcmp(kind, "sleep") == 0) {
        run(&m, asleep, WINDOW);
    } else if (strcmp(kind, "burst") == 0) {
        run(&m, writer, WINDOW);
    } else if (strcmp(kind, "fan") == 0) {
        m.filter = "mass/all";
        m.count++;
        run(&m, reader, WINDOW);
        m.count--;
    }
    load_ready();
    start = load_now();
    if (strcmp(kind, "connect") == 0) {
        run(&m, connect, m.count);
        tell_latency(&m);
    } else if (strcmp(kind, "burst") == 0) {
        burst(&m);
    } else if (strcmp(kind, "fan") == 0) {
        spread(&m, messages);
    }
    load_done(messages == 0 ? m.count : messages * m.count, load_now() - start);
    return 0;
}
