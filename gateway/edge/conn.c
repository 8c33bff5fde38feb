#include "gateway/edge/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define LAST_READS 16

static struct mqtt_broker *broker_of(const struct gw_conn *conn)
{
    return hub_broker(conn->tcp->loop->hub);
}

void gw_conn_free(struct gw_conn *conn)
{
    list_remove(&conn->in_tcp);
    if (conn->readable != NULL) {
        event_free(conn->readable);
    }
    if (conn->writable != NULL) {
        event_free(conn->writable);
    }
    gw_tail_drop(&conn->tail);
    (void)close(conn->fd);
    free(conn);
}

static void end(struct gw_conn *conn)
{
    struct gw_tcp *tcp = conn->tcp;

    mqtt_broker_gone(broker_of(conn), conn->mqtt, gw_loop_now(tcp->loop));
    gw_conn_free(conn);
    tcp->loop->again = true;
    if (tcp->paused) {
        gw_loop_after(tcp->resume, 0);
    }
}

/* Closing with octets unread would send RST, which may overtake our last packet. */
static void end_politely(struct gw_conn *conn)
{
    (void)shutdown(conn->fd, SHUT_WR);
    for (int i = 0; i < LAST_READS; i++) {
        if (recv(conn->fd, conn->tcp->loop->scratch, MQTT_SCRATCH, MSG_DONTWAIT) <= 0) {
            break;
        }
    }
    end(conn);
}

static void regulate_reading(struct gw_conn *conn)
{
    bool may = mqtt_broker_may_read(broker_of(conn), conn->mqtt);

    if (may && !conn->reading) {
        (void)event_add(conn->readable, NULL);
    } else if (!may && conn->reading) {
        (void)event_del(conn->readable);
    }
    conn->reading = may;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct gw_conn *conn = arg;
    struct gw_loop *loop = conn->tcp->loop;
    ssize_t len = recv(fd, loop->scratch, MQTT_SCRATCH, MSG_DONTWAIT);

    (void)what;
    if (len > 0) {
        mqtt_broker_input(broker_of(conn), conn->mqtt, span_of(loop->scratch, (size_t)len),
                          gw_loop_now(loop));
        regulate_reading(conn);
    } else if (len == 0 || (errno != EAGAIN && errno != EINTR)) {
        end(conn);
    }
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct gw_conn *conn = arg;

    (void)what;
    switch (gw_tail_flush(&conn->tail, fd)) {
    case GW_SENT_ALL:
        (void)event_del(conn->writable);
        mqtt_broker_writable(broker_of(conn), conn->mqtt, gw_loop_now(conn->tcp->loop));
        break;
    case GW_SENT_PART: /* it takes octets: 60 s more */
        mqtt_broker_stuck(broker_of(conn), conn->mqtt, gw_loop_now(conn->tcp->loop));
        break;
    case GW_SENT_BROKEN: end(conn); break;
    }
}

void gw_conn_send(struct gw_conn *conn, const struct mqtt_out *out)
{
    enum gw_sent sent = GW_SENT_BROKEN;

    if (gw_tail_is_empty(&conn->tail)) {
        sent = gw_tail_send(&conn->tail, conn->fd, out);
    } else {
        /* The broker closes a connection that is stuck; it has nothing else to say to one. */
        block_drop(out->block);
    }
    if (sent == GW_SENT_BROKEN || (sent == GW_SENT_PART && out->close)) {
        end(conn);
    } else if (out->close) {
        end_politely(conn);
    } else if (sent == GW_SENT_PART) {
        mqtt_broker_stuck(broker_of(conn), conn->mqtt, gw_loop_now(conn->tcp->loop));
        (void)event_add(conn->writable, NULL);
        regulate_reading(conn);
    } else {
        regulate_reading(conn);
    }
}

static bool open_conn(struct gw_conn *conn, const struct gw_port_of_broker *port,
                      const union gw_addr *from)
{
    struct event_base *base = conn->tcp->loop->base;
    struct mqtt_entrance entrance = {.place = (uint16_t)(port - conn->tcp->ports)};
    char text[GW_ADDR_TEXT];

    conn->readable = event_new(base, conn->fd, EV_READ | EV_PERSIST, on_readable, conn);
    conn->writable = event_new(base, conn->fd, EV_WRITE | EV_PERSIST, on_writable, conn);
    if (conn->readable == NULL || conn->writable == NULL) {
        return false;
    }
    gw_addr_print(from, text);
    entrance.address = span_of_text(text);
    conn->mqtt = mqtt_broker_accept(broker_of(conn), &entrance, conn, gw_loop_now(conn->tcp->loop));
    return conn->mqtt != NULL;
}

void gw_conn_new(const struct gw_port_of_broker *port, int fd, const union gw_addr *from)
{
    struct gw_tcp *tcp = port->tcp;
    struct gw_conn *conn = calloc(1, sizeof *conn);

    if (conn == NULL) {
        (void)close(fd);
        return;
    }
    conn->tcp = tcp;
    conn->fd = fd;
    conn->reading = true;
    list_push(&tcp->conns, &conn->in_tcp);
    if (!open_conn(conn, port, from)) {
        gw_log(tcp->loop->log, CONF_WARNING, "mqtt", "no room for another connection");
        gw_conn_free(conn);
        return;
    }
    (void)event_add(conn->readable, NULL);
}
