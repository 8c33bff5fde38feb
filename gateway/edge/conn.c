#include "gateway/edge/conn.h"

#include <unistd.h>

static struct gw_conn *conn_of(struct gw_wire *wire)
{
    return (struct gw_conn *)(void *)((char *)wire - offsetof(struct gw_conn, wire));
}

static struct mqtt_broker *broker_of(const struct gw_conn *conn)
{
    return hub_broker(conn->port->tcp->loop->hub);
}

static uint64_t now_of(const struct gw_conn *conn)
{
    return gw_loop_now(conn->port->tcp->loop);
}

void gw_conn_free(struct gw_conn *conn)
{
    struct gw_tcp *tcp = conn->port->tcp;

    if (conn->wire.user == &tcp->hall.user) {
        gw_hall_leave(&tcp->hall, conn);
    }
    list_remove(&conn->in_tcp);
    gw_wire_fini(&conn->wire);
    pool_give(&tcp->room, conn);
}

void gw_conn_end(struct gw_conn *conn)
{
    struct gw_tcp *tcp = conn->port->tcp;

    if (conn->wire.user == &tcp->user) {
        mqtt_broker_gone(broker_of(conn), conn->mqtt, now_of(conn));
    }
    gw_conn_free(conn);
    tcp->loop->again = true;
    if (tcp->paused) {
        gw_loop_after(tcp->resume, 0);
    }
}

/* Asked when there is something to read: mostly what is owed then has gone by the end of the same
 * turn, and stopping for it would be two calls of the kernel for nothing. */
static bool may_read(struct gw_wire *wire)
{
    const struct gw_conn *conn = conn_of(wire);

    return mqtt_broker_may_read(broker_of(conn), conn->mqtt);
}

static void on_input(struct gw_wire *wire, struct span octets)
{
    struct gw_conn *conn = conn_of(wire);

    mqtt_broker_input(broker_of(conn), conn->mqtt, octets, now_of(conn));
}

static void on_moved(struct gw_wire *wire)
{
    struct gw_conn *conn = conn_of(wire);

    if (gw_wire_waits(wire)) { /* it takes octets: 60 s more */
        mqtt_broker_stuck(broker_of(conn), conn->mqtt, now_of(conn));
    } else {
        mqtt_broker_writable(broker_of(conn), conn->mqtt, now_of(conn));
    }
}

/* The broker knows no more than that it is closed. */
static void say_why(const struct gw_conn *conn, const char *cause)
{
    union gw_addr from = {.v6 = {0}};
    socklen_t len = sizeof from;
    char text[GW_ADDR_TEXT];

    (void)getpeername(conn->wire.fd, &from.any, &len);
    gw_addr_print(&from, text);
    gw_log(conn->port->tcp->loop->log, CONF_INFO, "mqtt", "broker %s: %s: %s",
           conn->port->conf->at.name, text, cause);
}

static void on_over(struct gw_wire *wire, const char *cause)
{
    struct gw_conn *conn = conn_of(wire);

    if (wire->stages != NULL && cause != NULL) {
        say_why(conn, cause);
    }
    gw_conn_end(conn);
}

void gw_conn_use(struct gw_wire_user *user, struct gw_wires *wires)
{
    *user = (struct gw_wire_user){.wires = wires,
                                  .may_read = may_read,
                                  .input = on_input,
                                  .moved = on_moved,
                                  .over = on_over};
}

void gw_conn_send(struct gw_conn *conn, const struct mqtt_out *out)
{
    enum gw_sent sent = GW_SENT_BROKEN;

    if (!gw_wire_waits(&conn->wire)) {
        sent = gw_wire_send(&conn->wire, out);
    } else {
        /* The broker closes a connection that is stuck; it has nothing else to say to one. */
        block_drop(out->block);
    }
    if (sent == GW_SENT_BROKEN || (sent == GW_SENT_PART && out->close)) {
        gw_conn_end(conn);
    } else if (out->close) {
        gw_wire_part(&conn->wire);
        gw_conn_end(conn);
    } else {
        if (sent == GW_SENT_PART) {
            mqtt_broker_stuck(broker_of(conn), conn->mqtt, now_of(conn));
        }
        if (may_read(&conn->wire)) {
            gw_wire_read(&conn->wire, true);
        }
    }
}

bool gw_conn_admit(struct gw_conn *conn, struct mqtt_entrance *entrance)
{
    struct gw_tcp *tcp = conn->port->tcp;
    struct mqtt_conn *mqtt = NULL;

    entrance->place = (uint16_t)(conn->port - tcp->ports);
    mqtt = mqtt_broker_accept(broker_of(conn), entrance, conn, now_of(conn));
    if (mqtt == NULL) {
        return false;
    }
    if (conn->wire.user == &tcp->hall.user) {
        gw_hall_leave(&tcp->hall, conn);
    }
    conn->wire.user = &tcp->user;
    conn->mqtt = mqtt;
    return true;
}

static bool admit_at_once(struct gw_conn *conn, const union gw_addr *from)
{
    struct mqtt_entrance entrance = {.connect_ms = conn->port->conf->connect_timeout_ms};
    char text[GW_ADDR_TEXT];

    gw_addr_print(from, text);
    entrance.address = span_of_text(text);
    return gw_conn_admit(conn, &entrance);
}

void gw_conn_new(const struct gw_port_of_broker *port, int fd, const union gw_addr *from)
{
    struct gw_tcp *tcp = port->tcp;
    struct gw_conn *conn = pool_take(&tcp->room);

    if (conn == NULL) {
        gw_log(tcp->loop->log, CONF_WARNING, "mqtt", "no room for another connection");
        (void)close(fd);
        return;
    }
    conn->port = port;
    list_push(&tcp->conns, &conn->in_tcp);
    /* The hall's until it is admitted, even where there is nothing to wait for. */
    if (!gw_wire_init(&conn->wire, &tcp->hall.user, fd) ||
        !(port->door->stages == NULL ? admit_at_once(conn, from)
                                     : gw_hall_enter(&tcp->hall, conn, from))) {
        gw_log(tcp->loop->log, CONF_WARNING, "mqtt", "no room for another connection");
        gw_conn_free(conn);
    }
}
