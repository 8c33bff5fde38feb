#include "gateway/edge/udp.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/pool.h"
#include "config/address.h"

#define SEEN_MS 10000u

/* --- in -------------------------------------------------------------------------------------- */

static bool is_on_link(struct gw_udp *udp, const union gw_addr *from)
{
    bool v4 = from->any.sa_family == AF_INET;
    const void *ip = v4 ? (const void *)&from->v4.sin_addr : (const void *)&from->v6.sin6_addr;
    uint64_t now_ms = gw_loop_now(udp->loop);
    uint8_t key[16] = {0};
    struct gw_udp_seen *seen = NULL;

    memcpy(key, ip, v4 ? 4 : 16);
    seen = &udp->seen[(key[1] ^ key[2] ^ key[3] ^ key[15]) % GW_UDP_SEEN];
    if (now_ms >= seen->until_ms || memcmp(seen->ip, key, sizeof key) != 0) {
        memcpy(seen->ip, key, sizeof key);
        seen->until_ms = now_ms + SEEN_MS;
        seen->on_link = gw_addr_is_on_link(from);
    }
    return seen->on_link;
}

/* CONFIG [listener] auth: `open` has no answer for the wide world. */
static bool is_served(struct gw_udp *udp, const union gw_addr *from, bool near)
{
    return udp->conf->auth != CONF_OPEN || udp->conf->allow_insecure || near ||
           gw_addr_is_local(from) || is_on_link(udp, from);
}

static void take(struct gw_udp_socket *socket, const struct msghdr *head, struct span wire)
{
    struct gw_udp *udp = socket->udp;
    const union gw_addr *from = head->msg_name;
    struct sn_peer peer = {.listener = udp->listener};

    if (head->msg_flags & MSG_TRUNC) {
        udp->count.oversize++;
        return;
    }
    gw_addr_pack(&peer, from, socket->number);
    if (!is_served(udp, from, peer.near)) {
        udp->count.strangers++;
        gw_log(udp->loop->log, CONF_WARNING, "node",
               "listener %s: a sender that is neither private nor on-link gets no answer "
               "(auth = open without allow_insecure)",
               udp->conf->at.name);
        return;
    }
    peer.forwarder = conf_prefixes_hold(&udp->conf->forwarders, gw_addr_ip(from),
                                        peer.near || udp->conf->allow_insecure);
    hub_datagram(udp->loop->hub, &peer, wire, gw_loop_now(udp->loop));
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct gw_udp_socket *socket = arg;
    struct gw_udp_batch *in = &socket->udp->in;
    int count = recvmmsg(fd, in->heads, GW_UDP_BATCH, MSG_DONTWAIT, NULL);

    (void)what;
    for (int i = 0; i < count; i++) {
        struct msghdr *head = &in->heads[i].msg_hdr;

        take(socket, head, span_of(in->parts[i].iov_base, in->heads[i].msg_len));
        head->msg_namelen = sizeof in->from[i];
    }
}

static bool make_batch(struct gw_udp *udp)
{
    size_t room = udp->conf->max_message;

    udp->octets = reserve(GW_UDP_BATCH * room);
    for (size_t i = 0; i < GW_UDP_BATCH; i++) {
        udp->in.parts[i] = (struct iovec){udp->octets + i * room, room};
        udp->in.heads[i].msg_hdr = (struct msghdr){.msg_name = &udp->in.from[i],
                                                   .msg_namelen = sizeof udp->in.from[i],
                                                   .msg_iov = &udp->in.parts[i],
                                                   .msg_iovlen = 1};
    }
    return udp->octets != NULL;
}

/* --- out ------------------------------------------------------------------------------------- */

struct outgoing {
    struct mmsghdr heads[GW_UDP_BATCH];
    struct iovec parts[GW_UDP_BATCH];
    union gw_addr to[GW_UDP_BATCH];
    unsigned count;
    uint8_t socket; /* all leave by this one */
};

/* The first datagrams of the queue that leave by one socket. */
static void gather(const struct gw_udp *udp, struct outgoing *out)
{
    const struct sn_gate *gate = hub_gate(udp->loop->hub);
    struct sn_out next;
    size_t at = 0;

    out->count = 0;
    while (out->count < GW_UDP_BATCH && sn_gate_output(gate, udp->listener, &at, &next)) {
        unsigned i = out->count;
        uint8_t socket = gw_addr_unpack(&next.peer, &out->to[i]);

        if (i != 0 && socket != out->socket) {
            break;
        }
        out->socket = socket;
        /* The kernel reads what an iovec names, but its type is not const. */
        memcpy(&out->parts[i].iov_base, &next.wire.at, sizeof next.wire.at);
        out->parts[i].iov_len = next.wire.len;
        out->heads[i].msg_hdr = (struct msghdr){.msg_name = &out->to[i],
                                                .msg_namelen = gw_addr_len(&out->to[i]),
                                                .msg_iov = &out->parts[i],
                                                .msg_iovlen = 1};
        out->count++;
    }
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct gw_udp_socket *socket = arg;

    (void)fd;
    (void)what;
    socket->udp->stuck = false;
}

/* How many of `out` are done with: sent, or the first one given up. */
static unsigned send_out(struct gw_udp *udp, struct outgoing *out)
{
    struct gw_udp_socket *socket = NULL;
    int sent = 0;

    if (out->socket >= udp->socket_count) {
        udp->count.unsent++;
        return 1;
    }
    socket = &udp->sockets[out->socket];
    sent = sendmmsg(socket->fd, out->heads, out->count, MSG_DONTWAIT);
    if (sent > 0) {
        return (unsigned)sent;
    }
    if (errno == EAGAIN || errno == EINTR) {
        udp->stuck = true;
        (void)event_add(socket->writable, NULL);
        return 0;
    }
    /* No route, refused, too long for the link: the node's retry, or its own, tries again. */
    udp->count.unsent++;
    return 1;
}

bool gw_udp_output(struct gw_udp *udp)
{
    struct outgoing out;
    bool left = false;

    while (!udp->stuck) {
        unsigned done = 0;

        gather(udp, &out);
        if (out.count == 0) {
            break;
        }
        done = send_out(udp, &out);
        if (done != 0) {
            sn_gate_sent(hub_gate(udp->loop->hub), udp->listener, done, gw_loop_now(udp->loop));
            left = true;
        }
    }
    return left;
}

/* --- start and end --------------------------------------------------------------------------- */

/* Returns what was granted, in octets. */
static int ask_for_room(const struct gw_udp_socket *s)
{
    int asked = GW_UDP_RCVBUF;
    int granted = 0;
    socklen_t len = sizeof granted;

    if (setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &asked, sizeof asked) != 0) {
        (void)setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &asked, sizeof asked);
    }
    (void)getsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &granted, &len);
    return granted / 2; /* the kernel doubles what is asked, for its own bookkeeping */
}

static void say_open(const struct gw_udp_socket *s)
{
    int granted = ask_for_room(s);
    char text[GW_ADDR_TEXT];

    gw_addr_print(&s->bound, text);
    gw_log(s->udp->loop->log, CONF_INFO, "node",
           "listener %s: MQTT-SN on udp %s, receive buffer %d KiB%s", s->udp->conf->at.name, text,
           granted / 1024,
           granted < GW_UDP_RCVBUF ? " of 4096 KiB asked for (net.core.rmem_max)" : "");
}

static bool open_socket(struct gw_udp_socket *s, const struct conf_address *bind_to)
{
    int on = 1;

    gw_addr_of_conf(&s->bound, bind_to);
    s->fd = socket(s->bound.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0) {
        return false;
    }
    if (s->bound.any.sa_family == AF_INET6) {
        (void)setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    return bind(s->fd, &s->bound.any, gw_addr_len(&s->bound)) == 0;
}

static bool add_socket(struct gw_udp *udp, uint8_t number, struct gw_fault *fault)
{
    const struct conf_listener *conf = udp->conf;
    struct gw_udp_socket *s = &udp->sockets[number];
    socklen_t len = sizeof s->bound;
    char text[GW_ADDR_TEXT];

    *s = (struct gw_udp_socket){.udp = udp, .fd = -1, .number = number};
    udp->socket_count++;
    if (!open_socket(s, &conf->bind.at[number])) {
        gw_addr_print(&s->bound, text);
        return gw_fail(fault, "%s:%" PRIu64 ": [listener %s] bind: cannot listen on %s: %s",
                       conf->at.file, conf->at.line, conf->at.name, text, strerror(errno));
    }
    (void)getsockname(s->fd, &s->bound.any, &len);
    s->readable = event_new(udp->loop->base, s->fd, EV_READ | EV_PERSIST, on_readable, s);
    s->writable = event_new(udp->loop->base, s->fd, EV_WRITE, on_writable, s);
    if (s->readable == NULL || s->writable == NULL || event_add(s->readable, NULL) != 0) {
        return gw_fail(fault, "listener %s: no memory", conf->at.name);
    }
    say_open(s);
    return true;
}

bool gw_udp_init(struct gw_udp *udp, struct gw_loop *loop, uint16_t listener,
                 const struct conf_listener *conf, struct gw_fault *fault)
{
    *udp = (struct gw_udp){.loop = loop, .conf = conf, .listener = listener};
    udp->sockets = calloc(conf->bind.count + 1, sizeof *udp->sockets);
    if (!make_batch(udp) || udp->sockets == NULL) {
        return gw_fail(fault, "listener %s: no memory", conf->at.name);
    }
    if (conf->bind.count > UINT8_MAX) {
        return gw_fail(fault, "%s:%" PRIu64 ": [listener %s] bind: at most 255 of them",
                       conf->at.file, conf->at.line, conf->at.name);
    }
    for (size_t i = 0; i < conf->bind.count; i++) {
        if (!add_socket(udp, (uint8_t)i, fault)) {
            return false;
        }
    }
    return true;
}

void gw_udp_fini(struct gw_udp *udp)
{
    for (size_t i = 0; i < udp->socket_count; i++) {
        struct gw_udp_socket *s = &udp->sockets[i];

        if (s->readable != NULL) {
            event_free(s->readable);
        }
        if (s->writable != NULL) {
            event_free(s->writable);
        }
        if (s->fd >= 0) {
            (void)close(s->fd);
        }
    }
    free(udp->sockets);
    release(udp->octets);
    *udp = (struct gw_udp){0};
}
