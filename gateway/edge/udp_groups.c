#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/edge/nets.h"
#include "gateway/edge/udp_parts.h"

#define NAMES 256u /* octets of the interfaces' names in a line of the log */

/* --- joining --------------------------------------------------------------------------------- */

/* True when the socket of the group hears it on that interface, now or before. */
static bool join(const struct gw_udp_socket *s, unsigned interface)
{
    struct ip_mreqn v4 = {.imr_multiaddr = s->bound.v4.sin_addr, .imr_ifindex = (int)interface};
    struct ipv6_mreq v6 = {.ipv6mr_multiaddr = s->bound.v6.sin6_addr,
                           .ipv6mr_interface = interface};
    int rc = s->bound.any.sa_family == AF_INET
                 ? setsockopt(s->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &v4, sizeof v4)
                 : setsockopt(s->fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &v6, sizeof v6);

    return rc == 0 || errno == EADDRINUSE;
}

static bool is_own(const struct gw_udp_socket *s, const struct gw_net *net)
{
    return s->bound.any.sa_family == net->address.any.sa_family &&
           span_equal(gw_addr_ip(&s->bound), gw_addr_ip(&net->address));
}

/* The first `bind` that is at this network: the one that the group is spoken to from. With
 * `interface` set any of the family will do. NULL: the network is not for this group. */
static const struct gw_udp_socket *speaker(const struct gw_udp *udp, const struct gw_net *net)
{
    const char *only = udp->conf->interface;

    if (!net->is_up || (only != NULL && strcmp(only, net->name) != 0)) {
        return NULL;
    }
    for (size_t i = 0; i < udp->socket_count; i++) {
        const struct gw_udp_socket *s = &udp->sockets[i];

        if (s->bound.any.sa_family == net->address.any.sa_family &&
            (only != NULL || is_own(s, net) ||
             (s->is_wild && net->multicasts && !net->is_loopback))) {
            return s;
        }
    }
    return NULL;
}

const struct gw_udp_way *gw_udp_way(const struct gw_udp *udp, uint8_t group, unsigned interface)
{
    for (size_t i = 0; i < udp->way_count; i++) {
        if (udp->ways[i].group == group && udp->ways[i].interface == interface) {
            return &udp->ways[i];
        }
    }
    return NULL;
}

/* Of a link-local group of IPv6 the interface is part of the address. */
static bool is_link_local(const union gw_addr *group)
{
    return group->any.sa_family == AF_INET6 && (IN6_IS_ADDR_MC_LINKLOCAL(&group->v6.sin6_addr) ||
                                                IN6_IS_ADDR_MC_NODELOCAL(&group->v6.sin6_addr));
}

/* The socket of link-local group `s` on that interface, opened if there is none; NULL: no room. */
static struct gw_udp_socket *socket_on(struct gw_udp *udp, const struct gw_udp_socket *s,
                                       unsigned interface)
{
    struct gw_udp_socket *unused = NULL;
    struct gw_fault fault = {""};

    for (size_t i = udp->group_count; i < udp->group_count + GW_UDP_WAYS; i++) {
        struct gw_udp_socket *one = &udp->groups[i];

        if (one->udp != NULL && one->group == s->group && one->interface == interface) {
            return one;
        }
        unused = one->udp == NULL && unused == NULL ? one : unused;
    }
    if (unused == NULL) {
        return NULL;
    }
    *unused =
        (struct gw_udp_socket){.udp = udp, .fd = -1, .group = s->group, .interface = interface};
    if (!gw_udp_open(unused, &udp->conf->multicast.at[s->group - 1], &fault)) {
        gw_log(udp->loop->log, CONF_WARNING, "node", "%s", fault.text);
        gw_udp_close(unused);
        return NULL;
    }
    return unused;
}

/* Interfaces that went away. */
static void close_unused(struct gw_udp *udp)
{
    for (size_t i = udp->group_count; i < udp->group_count + GW_UDP_WAYS; i++) {
        struct gw_udp_socket *s = &udp->groups[i];

        if (s->udp != NULL && gw_udp_way(udp, s->group, s->interface) == NULL) {
            gw_udp_close(s);
        }
    }
}

/* IPv6 chooses its source by the group's scope; IPv4 would take any address, so it is told. */
static void add_way(struct gw_udp *udp, struct gw_udp_socket *s, const struct gw_net *net)
{
    const struct gw_udp_socket *from = speaker(udp, net);
    static const union gw_addr none;
    bool v4 = net->address.any.sa_family == AF_INET;

    if (from == NULL || s->bound.any.sa_family != net->address.any.sa_family ||
        udp->way_count == GW_UDP_WAYS || gw_udp_way(udp, s->group, net->interface) != NULL) {
        return;
    }
    if (is_link_local(&s->bound)) {
        s = socket_on(udp, s, net->interface);
    }
    if (s == NULL) {
        return;
    }
    if (!join(s, net->interface)) {
        gw_log(udp->loop->log, CONF_WARNING, "node", "listener %s: multicast on %s: %s",
               udp->conf->at.name, net->name, strerror(errno));
        return;
    }
    udp->ways[udp->way_count++] =
        (struct gw_udp_way){.interface = net->interface,
                            .group = s->group,
                            .place = gw_udp_place(udp, from->number, v4 ? &net->address : &none)};
}

/* --- what is said ---------------------------------------------------------------------------- */

static void write_names(const struct gw_udp *udp, uint8_t group, struct writer *w)
{
    for (size_t i = 0; i < udp->way_count; i++) {
        char name[IF_NAMESIZE] = "?";

        if (udp->ways[i].group == group) {
            (void)if_indextoname(udp->ways[i].interface, name);
            write_u8(w, ' ');
            write_span(w, span_of(name, strlen(name)));
        }
    }
    write_u8(w, 0);
}

static void say_group(const struct gw_udp_socket *s)
{
    const struct gw_udp *udp = s->udp;
    uint8_t names[NAMES] = "";
    struct writer w = writer_of(names, sizeof names);
    char text[GW_ADDR_TEXT];

    gw_addr_print(&s->bound, text);
    write_names(udp, s->group, &w);
    if (names[0] == 0) {
        gw_log(udp->loop->log, CONF_WARNING, "node",
               "listener %s: no interface for the group %s%s%s, yet", udp->conf->at.name, text,
               udp->conf->interface == NULL ? "" : " but ",
               udp->conf->interface == NULL ? "" : udp->conf->interface);
    } else {
        gw_log(udp->loop->log, CONF_INFO, "node", "listener %s: group %s on%.*s",
               udp->conf->at.name, text, (int)sizeof names - 1, (const char *)names);
    }
}

/* --- start, and what changes ----------------------------------------------------------------- */

/* A wildcard `bind` may have the port of a group: while that is being bound the port is shared, so
 * a second gateway still cannot take ours. */
static void set_reuse(struct gw_udp *udp, int on)
{
    for (size_t i = 0; i < udp->socket_count; i++) {
        (void)setsockopt(udp->sockets[i].fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    }
}

/* Tells one set of ways from another. */
static uint64_t sum_of(const struct gw_udp *udp)
{
    uint64_t sum = udp->way_count;

    for (size_t i = 0; i < udp->way_count; i++) {
        sum = sum * 31 * 65537 + udp->ways[i].interface * UINT64_C(65536) +
              udp->ways[i].group * UINT64_C(256) + udp->ways[i].place;
    }
    return sum;
}

/* True when there are other ways than before. */
static bool find_ways(struct gw_udp *udp)
{
    const struct gw_nets *nets = udp->loop->nets;
    uint64_t before = sum_of(udp);

    udp->way_count = 0;
    set_reuse(udp, 1);
    for (size_t i = 0; i < udp->group_count; i++) {
        for (size_t j = 0; j < nets->count; j++) {
            add_way(udp, &udp->groups[i], &nets->at[j]);
        }
    }
    set_reuse(udp, 0);
    close_unused(udp);
    return before != sum_of(udp);
}

void gw_udp_follow_nets(struct gw_udp *udp)
{
    uint64_t version = gw_nets_look(udp->loop->nets, gw_loop_now(udp->loop));
    bool is_first = udp->nets_version == 0;

    if (version == udp->nets_version) {
        return;
    }
    udp->nets_version = version;
    if (find_ways(udp) || is_first) {
        for (size_t i = 0; i < udp->group_count; i++) {
            say_group(&udp->groups[i]);
        }
    }
}

/* How far multicast goes from a socket of `bind`. What others joined is not for it, and what we
 * send to a group our own other listeners may hear. */
static void set_hops(const struct gw_udp_socket *s)
{
    int hops = (int)s->udp->conf->ttl;

    if (s->bound.any.sa_family == AF_INET) {
        (void)setsockopt(s->fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof hops);
    } else {
        (void)setsockopt(s->fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops);
    }
}

static bool open_group(struct gw_udp *udp, size_t i, struct gw_fault *fault)
{
    struct gw_udp_socket *s = &udp->groups[i];
    const struct conf_address *address = &udp->conf->multicast.at[i];

    *s = (struct gw_udp_socket){.udp = udp, .fd = -1, .group = (uint8_t)(i + 1)};
    gw_addr_of_conf(&s->bound, address);
    return is_link_local(&s->bound) || gw_udp_open(s, address, fault);
}

bool gw_udp_open_groups(struct gw_udp *udp, struct gw_fault *fault)
{
    size_t count = udp->conf->multicast.count;

    udp->groups = calloc(count + GW_UDP_WAYS, sizeof *udp->groups);
    if (udp->groups == NULL) {
        return gw_fail(fault, "listener %s: no memory", udp->conf->at.name);
    }
    for (size_t i = 0; i < udp->socket_count; i++) {
        set_hops(&udp->sockets[i]);
    }
    udp->group_count = count;
    set_reuse(udp, 1);
    for (size_t i = 0; i < count; i++) {
        if (!open_group(udp, i, fault)) {
            return false;
        }
    }
    set_reuse(udp, 0);
    if (count != 0) {
        gw_udp_follow_nets(udp);
    }
    return true;
}
