#include "base/pool.h"
#include "config/address.h"
#include "gateway/edge/nets.h"
#include "gateway/edge/udp_parts.h"

bool gw_udp_make_batch(struct gw_udp *udp)
{
    size_t room = udp->conf->max_message;

    udp->octets = reserve(GW_UDP_BATCH * room);
    for (size_t i = 0; i < GW_UDP_BATCH; i++) {
        udp->in.parts[i] = (struct iovec){udp->octets + i * room, room};
        udp->in.heads[i].msg_hdr = (struct msghdr){.msg_name = &udp->in.from[i],
                                                   .msg_namelen = sizeof udp->in.from[i],
                                                   .msg_iov = &udp->in.parts[i],
                                                   .msg_iovlen = 1,
                                                   .msg_control = udp->in.beside[i],
                                                   .msg_controllen = GW_BESIDE_ROOM};
    }
    return udp->octets != NULL;
}

/* --- to whom --------------------------------------------------------------------------------- */

static bool is_same(const union gw_addr *a, const union gw_addr *b)
{
    return a->any.sa_family == b->any.sa_family && span_equal(gw_addr_ip(a), gw_addr_ip(b)) &&
           (a->any.sa_family == AF_INET || a->v6.sin6_scope_id == b->v6.sin6_scope_id);
}

uint8_t gw_udp_place(struct gw_udp *udp, uint8_t socket, const union gw_addr *local)
{
    if (!udp->sockets[socket].is_wild || local->any.sa_family == AF_UNSPEC) {
        return socket;
    }
    for (size_t i = udp->socket_count; i < udp->place_count; i++) {
        if (udp->places[i].socket == socket && is_same(&udp->places[i].local, local)) {
            return (uint8_t)i;
        }
    }
    if (udp->place_count == GW_UDP_PLACES) {
        return socket;
    }
    udp->places[udp->place_count] = (struct gw_udp_place){*local, socket};
    return (uint8_t)udp->place_count++;
}

/* False: by a group on an interface that is not ours to hear. */
static bool find_place(struct gw_udp_socket *s, const struct gw_beside *beside, uint8_t *place)
{
    const struct gw_udp_way *way = NULL;

    if (s->group == 0) {
        *place = gw_udp_place(s->udp, s->number, &beside->local);
        return true;
    }
    way = gw_udp_way(s->udp, s->group, beside->interface);
    *place = way == NULL ? 0 : way->place;
    return way != NULL;
}

/* --- from whom ------------------------------------------------------------------------------- */

/* What is to be known of a sender, all of it here: `near` is for QoS -1 and the word `any`; false
 * where `auth = open` has no answer for him. */
static bool know(struct gw_udp *udp, const union gw_addr *from, struct sn_peer *peer)
{
    const struct conf_listener *conf = udp->conf;

    peer->forwarder =
        conf->forwarders.count != 0 &&
        conf_prefixes_hold(&conf->forwarders, gw_addr_ip(from), peer->near || conf->allow_insecure);
    return conf->auth != CONF_OPEN || conf->allow_insecure || peer->near ||
           gw_addr_is_local(from) || gw_nets_hold(udp->loop->nets, from);
}

static void take(struct gw_udp_socket *s, struct msghdr *head, struct span wire)
{
    struct gw_udp *udp = s->udp;
    struct hub_datagrams *count = hub_datagrams(udp->loop->hub, udp->listener);
    const union gw_addr *from = head->msg_name;
    struct sn_peer peer = {.listener = udp->listener, .group = s->group};
    struct gw_beside beside;
    uint8_t place = 0;

    gw_beside_read(&beside, head);
    if (beside.tells_dropped) {
        count->lost += beside.dropped - s->dropped; /* of 32 bits, both */
        s->dropped = beside.dropped;
    }
    if (head->msg_flags & MSG_TRUNC) {
        count->too_long++;
        return;
    }
    if (!find_place(s, &beside, &place)) {
        return;
    }
    gw_addr_pack(&peer, from, place);
    if (!know(udp, from, &peer)) {
        count->strangers++;
        gw_log(udp->loop->log, CONF_WARNING, "node",
               "listener %s: a sender that is neither private nor on-link gets no answer "
               "(auth = open without allow_insecure)",
               udp->conf->at.name);
        return;
    }
    hub_datagram(udp->loop->hub, &peer, wire, gw_loop_now(udp->loop));
}

void gw_udp_readable(evutil_socket_t fd, short what, void *arg)
{
    struct gw_udp_socket *s = arg;
    struct gw_udp_batch *in = &s->udp->in;
    int count = recvmmsg(fd, in->heads, GW_UDP_BATCH, MSG_DONTWAIT, NULL);

    (void)what;
    for (int i = 0; i < count; i++) {
        struct msghdr *head = &in->heads[i].msg_hdr;

        take(s, head, span_of(in->parts[i].iov_base, in->heads[i].msg_len));
        head->msg_namelen = sizeof in->from[i];
        head->msg_controllen = GW_BESIDE_ROOM;
    }
}
