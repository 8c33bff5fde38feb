/* gateway/edge/wire.h - one stream socket and the stages on it: octets in, octets out, its tail.
 *
 *     socket -- [TLS] -- [WebSocket] -- user         as many stages as are given, GW_WIRE_STAGES
 * most
 *
 * Without stages one readiness is one recv, what a user sends is one sendmsg, and a body goes as a
 * part of its block. With stages what the kernel did not take is the tail; a long body is wrapped
 * piece by piece as the socket takes it, and never copied whole.
 *
 * Limits: what waits for the kernel is at most MQTT_SCRATCH octets and their wrapping, charged to
 * the budget of the loop; no memory for it breaks the wire.
 *
 * Ownership: a wire owns its socket, its stages and its tail. It lies inside its user's element.
 */
#ifndef GATEWAY_EDGE_WIRE_H
#define GATEWAY_EDGE_WIRE_H

#include "gateway/edge/stage.h"
#include "gateway/edge/tail.h"
#include "gateway/edge/wires.h"

#define GW_WIRE_STAGES 2u
#define GW_WIRE_ROOM   (8 * (size_t)GW_STAGE_LEAST)
#define GW_WIRE_READS  16 /* at most, to empty a socket that is closed */

struct gw_wire;

/* What the users of one sort are told. Only within `over`, which is the last, a wire is freed. */
struct gw_wire_user {
    struct gw_wires *wires;
    /* It is readable: true, perhaps after gw_wire_raise, lets it read; false: not now, and reading
     * is stopped. NULL: it may. */
    bool (*may_read)(struct gw_wire *wire);
    /* One more stage is up, or all: gw_wire_is_up. False: `over` is told. */
    bool (*up)(struct gw_wire *wire);
    /* Plain octets that came. */
    void (*input)(struct gw_wire *wire, struct span octets);
    /* The kernel took some of what waited, or all: gw_wire_waits. NULL: nobody asks. */
    void (*moved)(struct gw_wire *wire);
    /* Closed by the other side (cause NULL), or broken; the cause lives as long as the wire. */
    void (*over)(struct gw_wire *wire, const char *cause);
};

struct gw_wire_stages {
    struct gw_stage *at[GW_WIRE_STAGES]; /* the one next to the socket first */
    size_t count;
    size_t up; /* told */
};

struct gw_wire {
    const struct gw_wire_user *user;
    struct gw_wire_stages *stages; /* NULL: none */
    struct block *tail;            /* NULL: nothing waits */
    int fd;
    uint8_t watched;
    bool reading;
};

enum gw_sent { GW_SENT_ALL, GW_SENT_PART, GW_SENT_BROKEN };

/* Takes `fd`, a connected socket, and reads it. False: no memory, and gw_wire_fini comes next. */
bool gw_wire_init(struct gw_wire *wire, const struct gw_wire_user *user, int fd);

/* Puts `count` stages on a wire that has none, the one next to the socket first, and takes them
 * over; none may be NULL. What they have to say goes out when octets came, or by gw_wire_speak.
 * False: no memory, and the stages are freed. */
bool gw_wire_raise(struct gw_wire *wire, struct gw_stage *const *stages, size_t count);

/* Sends what the stages themselves have to say. False: broken, and errno says why. */
bool gw_wire_speak(struct gw_wire *wire);

bool gw_wire_is_up(const struct gw_wire *wire);

/* Sends head and body of `out` and takes over its block. Nothing waits before. PART: the rest is
 * the tail, and `moved` will be told. BROKEN: errno says why; nothing is kept. */
enum gw_sent gw_wire_send(struct gw_wire *wire, const struct mqtt_out *out);

static inline bool gw_wire_waits(const struct gw_wire *wire)
{
    return wire->tail != NULL;
}

void gw_wire_read(struct gw_wire *wire, bool on);

/* Says goodbye: the stages' own, if nothing waits, then the end of octets. Then gw_wire_fini. */
void gw_wire_part(struct gw_wire *wire);

/* Closes; harmless on one that is closed or all zero. */
void gw_wire_fini(struct gw_wire *wire);

/* For wires.c: the socket is ready for what `events` of epoll say. */
void gw_wire_ready(struct gw_wire *wire, uint32_t events);

#endif
