#include "gateway/edge/conn.h"

#include <assert.h>
#include <unistd.h>

#include "gateway/edge/ws.h"

static struct gw_conn *conn_of(struct gw_wire *wire)
{
    return (struct gw_conn *)(void *)((char *)wire - offsetof(struct gw_conn, wire));
}

static struct gw_loop *loop_of(const struct gw_conn *conn)
{
    return conn->port->tcp->loop;
}

static struct mqtt_broker *broker_of(const struct gw_conn *conn)
{
    return hub_broker(loop_of(conn)->hub);
}

static uint64_t now_of(const struct gw_conn *conn)
{
    return gw_loop_now(loop_of(conn));
}

void gw_conn_free(struct gw_conn *conn)
{
    list_remove(&conn->in_tcp);
    gw_wire_fini(&conn->wire);
    pool_give(&conn->port->tcp->room, conn);
}

static void end(struct gw_conn *conn)
{
    struct gw_tcp *tcp = conn->port->tcp;

    mqtt_broker_gone(broker_of(conn), conn->mqtt, now_of(conn));
    gw_conn_free(conn);
    tcp->loop->again = true;
    if (tcp->paused) {
        gw_loop_after(tcp->resume, 0);
    }
}

static void regulate_reading(struct gw_conn *conn)
{
    gw_wire_read(&conn->wire, mqtt_broker_may_read(broker_of(conn), conn->mqtt));
}

static void on_input(struct gw_wire *wire, struct span octets)
{
    struct gw_conn *conn = conn_of(wire);

    mqtt_broker_input(broker_of(conn), conn->mqtt, octets, now_of(conn));
    regulate_reading(conn);
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

/* That a socket broke is every day's news; what a stage could not take is worth a line. */
static void on_over(struct gw_wire *wire, const char *cause)
{
    struct gw_conn *conn = conn_of(wire);
    union gw_addr from = {0};
    socklen_t len = sizeof from;
    char text[GW_ADDR_TEXT];

    if (wire->stages != NULL && cause != NULL && getpeername(wire->fd, &from.any, &len) == 0) {
        gw_addr_print(&from, text);
        gw_log(loop_of(conn)->log, CONF_INFO, "mqtt", "broker %s: %s: %s",
               conn->port->conf->at.name, text, cause);
    }
    end(conn);
}

/* Only now, since a connection that says nothing shall cost nothing. */
static bool on_begin(struct gw_wire *wire)
{
    struct gw_conn *conn = conn_of(wire);
    struct gw_stage *stage = gw_ws_accept(conn->port->conf->path, hub_budget(loop_of(conn)->hub));

    return stage != NULL && gw_wire_raise(wire, &stage, 1);
}

static bool on_up(struct gw_wire *wire)
{
    (void)wire;
    return true;
}

void gw_conn_use(struct gw_tcp *tcp, struct gw_wires *wires)
{
    tcp->plain = (struct gw_wire_user){
        .wires = wires, .input = on_input, .moved = on_moved, .over = on_over};
    tcp->staged = tcp->plain;
    tcp->staged.begin = on_begin;
    tcp->staged.up = on_up;
}

void gw_conn_send(struct gw_conn *conn, const struct mqtt_out *out)
{
    enum gw_sent sent = GW_SENT_BROKEN;

    if (!gw_wire_is_up(&conn->wire)) { /* nobody came to CONNECT: there is nothing to say */
        assert(out->close && out->block == NULL);
        gw_wire_part(&conn->wire);
        end(conn);
        return;
    }
    if (!gw_wire_waits(&conn->wire)) {
        sent = gw_wire_send(&conn->wire, out);
    } else {
        /* The broker closes a connection that is stuck; it has nothing else to say to one. */
        block_drop(out->block);
    }
    if (sent == GW_SENT_BROKEN || (sent == GW_SENT_PART && out->close)) {
        end(conn);
    } else if (out->close) {
        gw_wire_part(&conn->wire);
        end(conn);
    } else {
        if (sent == GW_SENT_PART) {
            mqtt_broker_stuck(broker_of(conn), conn->mqtt, now_of(conn));
        }
        regulate_reading(conn);
    }
}

static bool open_conn(struct gw_conn *conn, const struct gw_port_of_broker *port,
                      const union gw_addr *from)
{
    struct mqtt_entrance entrance = {.place = (uint16_t)(port - port->tcp->ports)};
    char text[GW_ADDR_TEXT];

    gw_addr_print(from, text);
    entrance.address = span_of_text(text);
    conn->mqtt = mqtt_broker_accept(broker_of(conn), &entrance, conn, now_of(conn));
    return conn->mqtt != NULL;
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
    if (!gw_wire_init(&conn->wire, port->conf->transport == CONF_TCP ? &tcp->plain : &tcp->staged,
                      fd) ||
        !open_conn(conn, port, from)) {
        gw_log(tcp->loop->log, CONF_WARNING, "mqtt", "no room for another connection");
        gw_conn_free(conn);
    }
}
