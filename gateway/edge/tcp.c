#include "gateway/edge/tcp.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/edge/clock.h"
#include "gateway/edge/conn.h"

static void pause_accepting(struct gw_tcp *tcp, const char *why)
{
    tcp->paused = true;
    for (size_t i = 0; i < tcp->port_count; i++) {
        (void)event_del(tcp->ports[i].acceptable);
    }
    gw_loop_after(tcp->resume, GW_TCP_PAUSE_MS);
    gw_log(tcp->loop->log, CONF_WARNING, "mqtt", "accepting pauses: %s", why);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
    struct gw_tcp *tcp = arg;

    (void)fd;
    (void)what;
    tcp->paused = false;
    for (size_t i = 0; i < tcp->port_count; i++) {
        (void)event_add(tcp->ports[i].acceptable, NULL);
    }
}

static bool is_exhaustion(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* One that comes too often is told nothing; the log is, but not more often than it bears. */
static bool may_come(struct gw_tcp *tcp, const union gw_addr *from)
{
    uint64_t now_ms = gw_loop_now(tcp->loop);
    char text[GW_ADDR_TEXT];

    if (gw_addr_is_loopback(from) || gw_rate_take(&tcp->rate, from, now_ms)) {
        return true;
    }
    tcp->refused++;
    if (tcp->told_ms == 0 || now_ms >= tcp->told_ms + GW_TCP_TELL_MS) {
        gw_addr_print(from, text);
        gw_log(tcp->loop->log, CONF_WARNING, "mqtt",
               "%s comes faster than [limits] connect_rate: %" PRIu64 " connections refused", text,
               tcp->refused - tcp->refused_told);
        tcp->refused_told = tcp->refused;
        tcp->told_ms = now_ms;
    }
    return false;
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
    struct gw_port_of_broker *port = arg;

    (void)what;
    for (int i = 0; i < GW_TCP_ACCEPTS; i++) {
        union gw_addr from;
        socklen_t len = sizeof from;
        int conn = accept4(fd, &from.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (conn >= 0 && !may_come(port->tcp, &from)) {
            (void)close(conn);
        } else if (conn >= 0) {
            gw_conn_new(port, conn, &from);
        } else if (is_exhaustion(errno)) {
            pause_accepting(port->tcp, strerror(errno));
            return;
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

void gw_tcp_output(struct gw_tcp *tcp)
{
    struct gw_loop *loop = tcp->loop;
    struct mqtt_out out;

    while (mqtt_broker_output(hub_broker(loop->hub), &out, loop->scratch, gw_loop_now(loop))) {
        gw_conn_send(out.socket, &out);
    }
}

/* --- start and end --------------------------------------------------------------------------- */

static bool open_port(struct gw_port_of_broker *port)
{
    int on = 1;

    gw_addr_of_conf(&port->bound, &port->conf->bind);
    port->fd = socket(port->bound.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (port->fd < 0) {
        return false;
    }
    (void)setsockopt(port->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (port->bound.any.sa_family == AF_INET6) {
        (void)setsockopt(port->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    /* On Linux the accepted sockets inherit it, which spares a call for each. */
    (void)setsockopt(port->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return bind(port->fd, &port->bound.any, gw_addr_len(&port->bound)) == 0 &&
           listen(port->fd, GW_TCP_BACKLOG) == 0;
}

static bool add_port(struct gw_tcp *tcp, const struct conf_broker *conf, struct gw_fault *fault)
{
    struct gw_port_of_broker *port = &tcp->ports[tcp->port_count];
    socklen_t len = sizeof port->bound;
    char text[GW_ADDR_TEXT];

    *port = (struct gw_port_of_broker){
        .tcp = tcp, .conf = conf, .door = gw_door_of(conf->transport), .fd = -1};
    tcp->port_count++;
    if (!open_port(port)) {
        gw_addr_print(&port->bound, text);
        return gw_fail(fault, "%s:%" PRIu64 ": [broker %s] bind: cannot listen on %s: %s",
                       conf->at.file, conf->at.line, conf->at.name, text, strerror(errno));
    }
    (void)getsockname(port->fd, &port->bound.any, &len);
    port->acceptable =
        event_new(tcp->loop->base, port->fd, EV_READ | EV_PERSIST, on_acceptable, port);
    if (port->acceptable == NULL || event_add(port->acceptable, NULL) != 0) {
        return gw_fail(fault, "broker %s: no memory", conf->at.name);
    }
    gw_addr_print(&port->bound, text);
    gw_log(tcp->loop->log, CONF_INFO, "mqtt", "broker %s: %s on tcp %s", conf->at.name,
           port->door->carries, text);
    return true;
}

bool gw_tcp_init(struct gw_tcp *tcp, struct gw_wires *wires, struct gw_certs *certs,
                 const struct conf *conf, struct gw_fault *fault)
{
    *tcp = (struct gw_tcp){.loop = wires->loop, .certs = certs};
    list_init(&tcp->conns);
    pool_init(&tcp->room, sizeof(struct gw_conn), conf->limits.clients + GW_TCP_HELD);
    gw_conn_use(&tcp->user, wires);
    tcp->resume = evtimer_new(tcp->loop->base, on_resume, tcp);
    tcp->ports = calloc(conf->broker_count + 1, sizeof *tcp->ports);
    if (tcp->resume == NULL || tcp->ports == NULL ||
        !gw_hall_init(&tcp->hall, wires, conf->limits.handshakes) ||
        !gw_rate_init(&tcp->rate, &conf->limits.connect_rate, gw_clock_seed())) {
        return gw_fail(fault, "no memory");
    }
    for (size_t i = 0; i < conf->broker_count; i++) {
        if (!add_port(tcp, &conf->broker[i], fault)) {
            return false;
        }
    }
    return true;
}

void gw_tcp_use(struct gw_tcp *tcp, const struct conf *conf)
{
    for (size_t i = 0; i < tcp->port_count; i++) {
        tcp->ports[i].conf = &conf->broker[i];
    }
}

void gw_tcp_stop(struct gw_tcp *tcp)
{
    if (tcp->resume != NULL) {
        event_free(tcp->resume);
        tcp->resume = NULL;
    }
    tcp->paused = false; /* connections that end from now on resume nothing */
    for (size_t i = 0; i < tcp->port_count; i++) {
        if (tcp->ports[i].acceptable != NULL) {
            event_free(tcp->ports[i].acceptable);
        }
        if (tcp->ports[i].fd >= 0) {
            (void)close(tcp->ports[i].fd);
        }
    }
    tcp->port_count = 0;
}

void gw_tcp_fini(struct gw_tcp *tcp)
{
    if (tcp->loop == NULL) {
        return;
    }
    gw_tcp_stop(tcp);
    gw_hall_stop(&tcp->hall);
    LIST_EACH_SAFE (link, after, &tcp->conns) {
        gw_conn_free(LIST_ITEM(link, struct gw_conn, in_tcp));
    }
    gw_hall_fini(&tcp->hall);
    gw_rate_fini(&tcp->rate);
    pool_fini(&tcp->room);
    free(tcp->ports);
    *tcp = (struct gw_tcp){0};
}
