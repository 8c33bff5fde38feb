#include <errno.h>

#include "gateway/edge/udp_parts.h"

struct outgoing {
    struct mmsghdr heads[GW_UDP_BATCH];
    struct iovec parts[GW_UDP_BATCH];
    union gw_addr to[GW_UDP_BATCH];
    _Alignas(struct cmsghdr) uint8_t beside[GW_UDP_BATCH][GW_BESIDE_ROOM];
    unsigned count;
    uint8_t socket; /* all leave by this one */
};

static struct hub_datagrams *count_of(struct gw_udp *udp)
{
    return hub_datagrams(udp->loop->hub, udp->listener);
}

/* The kernel reads what an iovec names, but its type is not const. */
static struct iovec part_of(struct span wire)
{
    struct iovec part = {.iov_len = wire.len};

    memcpy(&part.iov_base, &wire.at, sizeof wire.at);
    return part;
}

/* --- to a group ------------------------------------------------------------------------------ */

static bool cast_one(struct gw_udp *udp, const struct gw_udp_way *way, const struct sn_out *out)
{
    const struct gw_udp_place *place = &udp->places[way->place];
    const struct gw_udp_socket *s = &udp->sockets[place->socket];
    struct gw_beside beside = {.local = s->is_wild ? place->local : s->bound,
                               .interface = way->interface,
                               .hops = out->peer.hops};
    union gw_addr to = udp->groups[way->group - 1].bound;
    struct iovec part = part_of(out->wire);
    struct msghdr head = {
        .msg_name = &to, .msg_namelen = gw_addr_len(&to), .msg_iov = &part, .msg_iovlen = 1};
    _Alignas(struct cmsghdr) uint8_t room[GW_BESIDE_ROOM];

    if (to.any.sa_family == AF_INET6) {
        to.v6.sin6_scope_id = way->interface;
    }
    gw_beside_write(&beside, to.any.sa_family, &head, room);
    return sendmsg(s->fd, &head, MSG_DONTWAIT) >= 0;
}

/* By every way of the group, or of all; what does not leave now is not worth waiting for. */
static void cast(struct gw_udp *udp, const struct sn_out *out)
{
    for (size_t i = 0; i < udp->way_count; i++) {
        const struct gw_udp_way *way = &udp->ways[i];

        if ((out->peer.group == 0 || out->peer.group == way->group) && !cast_one(udp, way, out)) {
            count_of(udp)->unsent++;
        }
    }
}

/* --- to one ---------------------------------------------------------------------------------- */

/* Puts one datagram into the batch; false: it leaves by another socket than the first. */
static bool add(const struct gw_udp *udp, struct outgoing *out, const struct sn_out *next)
{
    unsigned i = out->count;
    const struct gw_udp_place *place =
        &udp->places[gw_addr_unpack(&next->peer, &out->to[i]) % GW_UDP_PLACES];
    struct msghdr *head = &out->heads[i].msg_hdr;

    if (i != 0 && place->socket != out->socket) {
        return false;
    }
    out->socket = place->socket;
    out->parts[i] = part_of(next->wire);
    *head = (struct msghdr){.msg_name = &out->to[i],
                            .msg_namelen = gw_addr_len(&out->to[i]),
                            .msg_iov = &out->parts[i],
                            .msg_iovlen = 1};
    if (place->local.any.sa_family != AF_UNSPEC) {
        struct gw_beside beside = {.local = place->local};

        gw_beside_write(&beside, out->to[i].any.sa_family, head, out->beside[i]);
    }
    out->count++;
    return true;
}

/* The first datagrams of the queue that leave by one socket, none of them to a group. */
static void gather(const struct gw_udp *udp, struct outgoing *out)
{
    const struct sn_gate *gate = hub_gate(udp->loop->hub);
    struct sn_out next;
    size_t at = 0;

    out->count = 0;
    while (out->count < GW_UDP_BATCH && sn_gate_output(gate, udp->listener, &at, &next)) {
        if (next.peer.addr_len == 0 || !add(udp, out, &next)) {
            break;
        }
    }
}

/* How many of `out` are done with: sent, or the first one given up. */
static unsigned send_out(struct gw_udp *udp, struct outgoing *out)
{
    struct gw_udp_socket *s = &udp->sockets[out->socket];
    int sent = sendmmsg(s->fd, out->heads, out->count, MSG_DONTWAIT);

    if (sent > 0) {
        return (unsigned)sent;
    }
    if (errno == EAGAIN || errno == EINTR) {
        udp->stuck = true;
        (void)event_add(s->writable, NULL);
        return 0;
    }
    /* No route, refused, too long for the link: the node's retry, or its own, tries again. */
    count_of(udp)->unsent++;
    return 1;
}

/* What stands first in the gate's queue; how many of it are done with. */
static unsigned send_next(struct gw_udp *udp, struct outgoing *out)
{
    struct sn_out next;
    size_t at = 0;

    gather(udp, out);
    if (out->count != 0) {
        return send_out(udp, out);
    }
    if (!sn_gate_output(hub_gate(udp->loop->hub), udp->listener, &at, &next)) {
        return 0;
    }
    cast(udp, &next);
    return 1;
}

bool gw_udp_output(struct gw_udp *udp)
{
    struct outgoing out;
    unsigned done = 1;
    bool left = false;

    gw_udp_follow_nets(udp);
    while (!udp->stuck && done != 0) {
        done = send_next(udp, &out);
        if (done != 0) {
            sn_gate_sent(hub_gate(udp->loop->hub), udp->listener, done, gw_loop_now(udp->loop));
            left = true;
        }
    }
    return left;
}
