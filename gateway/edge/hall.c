#include "gateway/edge/hall.h"

#include <stdlib.h>

#include "gateway/edge/conn.h"

struct gw_held {
    struct heap_item due;
    struct list in_waiting;
    struct gw_conn *conn;
    const char *cause; /* of an end at once */
    uint64_t by_ms;    /* connect_timeout after accept */
    bool shaking;
    char address[GW_ADDR_TEXT];
};

static struct gw_conn *conn_of(struct gw_wire *wire)
{
    return (struct gw_conn *)(void *)((char *)wire - offsetof(struct gw_conn, wire));
}

static struct gw_loop *loop_of(const struct gw_hall *hall)
{
    return hall->user.wires->loop;
}

static struct gw_hall *hall_of(const struct gw_held *held)
{
    return &held->conn->port->tcp->hall;
}

/* Makes the event come when the first is late. */
static void arm(struct gw_hall *hall)
{
    uint64_t due_ms = heap_due(&hall->held);
    uint64_t now_ms = gw_loop_now(loop_of(hall));

    if (due_ms < hall->late_ms) {
        hall->late_ms = due_ms;
        gw_loop_after(hall->late, due_ms > now_ms ? due_ms - now_ms : 0);
    }
}

static void must_be_up(struct gw_held *held, uint64_t by_ms)
{
    heap_set(&hall_of(held)->held, &held->due, by_ms);
    arm(hall_of(held));
}

/* --- handshakes ------------------------------------------------------------------------------ */

/* Puts the stages on, the handshake counted; false: no memory, and its end comes next. */
static bool begin(struct gw_held *held)
{
    const struct gw_port_of_broker *port = held->conn->port;
    struct gw_hall *hall = hall_of(held);
    struct gw_stage *stages[GW_WIRE_STAGES] = {NULL};
    uint64_t now_ms = gw_loop_now(loop_of(hall));
    uint64_t half_ms = now_ms + port->conf->connect_timeout_ms / 2;
    size_t count = port->door->stages(port, stages);

    if (count == 0 || !gw_wire_raise(&held->conn->wire, stages, count)) {
        held->cause = "no memory for its handshake";
        must_be_up(held, now_ms);
        return false;
    }
    held->shaking = port->door->shakes;
    hall->shaking += port->door->shakes ? 1 : 0;
    must_be_up(held, port->door->shakes && half_ms < held->by_ms ? half_ms : held->by_ms);
    return true;
}

/* Its first octets begin the handshake. */
static bool may_read(struct gw_wire *wire)
{
    struct gw_conn *conn = conn_of(wire);
    struct gw_hall *hall = hall_of(conn->held);

    if (wire->stages != NULL) {
        return true;
    }
    if (conn->port->door->shakes && hall->shaking >= hall->most) {
        list_push(&hall->waiting, &conn->held->in_waiting);
        return false;
    }
    return begin(conn->held);
}

/* Its handshake is over: whoever has waited longest is next. */
static void end_shaking(struct gw_held *held)
{
    struct gw_hall *hall = hall_of(held);
    struct list *next = NULL;

    if (!held->shaking) {
        return;
    }
    held->shaking = false;
    hall->shaking--;
    while (hall->shaking < hall->most && (next = list_pop(&hall->waiting)) != NULL) {
        struct gw_held *waiting = LIST_ITEM(next, struct gw_held, in_waiting);

        if (begin(waiting)) {
            gw_wire_read(&waiting->conn->wire, true);
        }
    }
}

/* --- the way in, and out --------------------------------------------------------------------- */

bool gw_hall_enter(struct gw_hall *hall, struct gw_conn *conn, const union gw_addr *from)
{
    struct gw_held *held = calloc(1, sizeof *held);

    if (held == NULL) {
        return false;
    }
    conn->held = held;
    held->conn = conn;
    held->by_ms = gw_loop_now(loop_of(hall)) + conn->port->conf->connect_timeout_ms;
    gw_addr_print(from, held->address);
    heap_item_init(&held->due);
    list_init(&held->in_waiting);
    must_be_up(held, held->by_ms);
    return true;
}

void gw_hall_leave(struct gw_hall *hall, struct gw_conn *conn)
{
    struct gw_held *held = conn->held;

    if (held != NULL) {
        heap_set(&hall->held, &held->due, HEAP_NEVER);
        list_remove(&held->in_waiting);
        end_shaking(held);
        free(held);
        conn->held = NULL;
    }
}

static bool on_up(struct gw_wire *wire)
{
    struct gw_conn *conn = conn_of(wire);
    struct gw_held *held = conn->held;
    const struct gw_port_of_broker *port = conn->port;
    uint64_t now_ms = gw_loop_now(port->tcp->loop);
    struct mqtt_entrance entrance = {.address = span_of_text(held->address)};

    end_shaking(held);
    if (!gw_wire_is_up(wire)) {
        must_be_up(held, held->by_ms);
        return true;
    }
    if (port->door->identity != NULL) {
        entrance.identity = port->door->identity(wire->stages->at[0]);
    }
    entrance.connect_ms = held->by_ms > now_ms ? held->by_ms - now_ms : 1;
    if (!gw_conn_admit(conn, &entrance)) {
        held->cause = "no room for another connection";
        return false;
    }
    return true;
}

static void say_why(const struct gw_held *held, const char *cause)
{
    struct gw_log *log = loop_of(hall_of(held))->log;

    if (cause != NULL) {
        gw_log(log, CONF_INFO, "mqtt", "broker %s: %s: %s", held->conn->port->conf->at.name,
               held->address, cause);
    } else {
        gw_log(log, CONF_DEBUG, "mqtt", "broker %s: %s: closed before CONNECT",
               held->conn->port->conf->at.name, held->address);
    }
}

static void on_over(struct gw_wire *wire, const char *cause)
{
    struct gw_conn *conn = conn_of(wire);

    say_why(conn->held, cause != NULL ? cause : conn->held->cause);
    gw_conn_end(conn);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
    struct gw_hall *hall = arg;
    struct heap_item *item = NULL;

    (void)fd;
    (void)what;
    hall->late_ms = HEAP_NEVER;
    while ((item = heap_pop(&hall->held, gw_loop_now(loop_of(hall)))) != NULL) {
        struct gw_held *held = HEAP_ITEM(item, struct gw_held, due);

        say_why(held, held->cause != NULL ? held->cause : "no CONNECT in time");
        gw_wire_part(&held->conn->wire);
        gw_conn_end(held->conn);
    }
    arm(hall);
}

bool gw_hall_init(struct gw_hall *hall, struct gw_wires *wires, uint64_t handshakes)
{
    *hall = (struct gw_hall){.most = handshakes, .late_ms = HEAP_NEVER};
    hall->user =
        (struct gw_wire_user){.wires = wires, .may_read = may_read, .up = on_up, .over = on_over};
    heap_init(&hall->held);
    list_init(&hall->waiting);
    hall->late = evtimer_new(wires->loop->base, on_late, hall);
    return hall->late != NULL;
}

void gw_hall_stop(struct gw_hall *hall)
{
    hall->most = 0;
}

void gw_hall_fini(struct gw_hall *hall)
{
    if (hall->late != NULL) {
        event_free(hall->late);
        hall->late = NULL;
    }
}
