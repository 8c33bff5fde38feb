#include "gateway/edge/udp_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/pool.h"

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

/* A socket hears what it joined, not what any program of this machine did. */
static void set_options(const struct gw_udp_socket *s)
{
    int on = 1;
    int off = 0;

    if (s->bound.any.sa_family == AF_INET6) {
        (void)setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        (void)setsockopt(s->fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, sizeof off);
    } else {
        (void)setsockopt(s->fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off);
    }
    if (s->group != 0) {
        (void)setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    }
    gw_beside_ask(s->fd, s->bound.any.sa_family, s->is_wild || s->group != 0);
}

static bool is_wild(const union gw_addr *addr)
{
    static const uint8_t zeros[16];
    struct span ip = gw_addr_ip(addr);

    return memcmp(ip.at, zeros, ip.len) == 0;
}

static bool bind_socket(struct gw_udp_socket *s, const struct conf_address *bind_to)
{
    gw_addr_of_conf(&s->bound, bind_to);
    if (s->interface != 0) {
        s->bound.v6.sin6_scope_id = s->interface;
    }
    s->is_wild = is_wild(&s->bound);
    s->fd = socket(s->bound.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0) {
        return false;
    }
    set_options(s);
    return bind(s->fd, &s->bound.any, gw_addr_len(&s->bound)) == 0;
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct gw_udp_socket *s = arg;

    (void)fd;
    (void)what;
    s->udp->stuck = false;
}

bool gw_udp_open(struct gw_udp_socket *s, const struct conf_address *bind_to,
                 struct gw_fault *fault)
{
    const struct gw_udp *udp = s->udp;
    const struct conf_section *at = &udp->conf->at;
    socklen_t len = sizeof s->bound;
    char text[GW_ADDR_TEXT];

    if (!bind_socket(s, bind_to)) {
        gw_addr_print(&s->bound, text);
        return gw_fail(fault, "%s:%" PRIu64 ": [listener %s] %s: cannot listen on %s: %s", at->file,
                       at->line, at->name, s->group == 0 ? "bind" : "multicast", text,
                       strerror(errno));
    }
    (void)getsockname(s->fd, &s->bound.any, &len);
    s->readable = event_new(udp->loop->base, s->fd, EV_READ | EV_PERSIST, gw_udp_readable, s);
    s->writable = event_new(udp->loop->base, s->fd, EV_WRITE, on_writable, s);
    if (s->readable == NULL || s->writable == NULL || event_add(s->readable, NULL) != 0) {
        return gw_fail(fault, "listener %s: no memory", at->name);
    }
    if (s->group == 0) {
        say_open(s);
    } else {
        (void)ask_for_room(s);
    }
    return true;
}

static bool add_socket(struct gw_udp *udp, uint8_t number, struct gw_fault *fault)
{
    struct gw_udp_socket *s = &udp->sockets[number];

    *s = (struct gw_udp_socket){.udp = udp, .fd = -1, .number = number};
    udp->places[number] = (struct gw_udp_place){.socket = number};
    udp->socket_count++;
    udp->place_count++;
    return gw_udp_open(s, &udp->conf->bind.at[number], fault);
}

bool gw_udp_init(struct gw_udp *udp, struct gw_loop *loop, uint16_t listener,
                 const struct conf_listener *conf, struct gw_fault *fault)
{
    *udp = (struct gw_udp){.loop = loop, .conf = conf, .listener = listener};
    udp->sockets = calloc(conf->bind.count + 1, sizeof *udp->sockets);
    if (!gw_udp_make_batch(udp) || udp->sockets == NULL) {
        return gw_fail(fault, "listener %s: no memory", conf->at.name);
    }
    if (conf->bind.count > GW_UDP_BINDS) {
        return gw_fail(fault, "%s:%" PRIu64 ": [listener %s] bind: at most %u of them",
                       conf->at.file, conf->at.line, conf->at.name, GW_UDP_BINDS);
    }
    for (size_t i = 0; i < conf->bind.count; i++) {
        if (!add_socket(udp, (uint8_t)i, fault)) {
            return false;
        }
    }
    return gw_udp_open_groups(udp, fault);
}

void gw_udp_close(struct gw_udp_socket *s)
{
    if (s->readable != NULL) {
        event_free(s->readable);
    }
    if (s->writable != NULL) {
        event_free(s->writable);
    }
    if (s->udp != NULL && s->fd >= 0) {
        (void)close(s->fd);
    }
    *s = (struct gw_udp_socket){.fd = -1};
}

void gw_udp_fini(struct gw_udp *udp)
{
    for (size_t i = 0; i < udp->socket_count; i++) {
        gw_udp_close(&udp->sockets[i]);
    }
    for (size_t i = 0; udp->groups != NULL && i < udp->group_count + GW_UDP_WAYS; i++) {
        gw_udp_close(&udp->groups[i]);
    }
    free(udp->sockets);
    free(udp->groups);
    release(udp->octets);
    *udp = (struct gw_udp){0};
}
