/* gateway/edge/hall.h - connections that are not the broker's yet: their stages come up here.
 *
 *     accepted --speaks--> waits for a handshake --> stages OPENING --all up--> the broker's
 *
 * Who says nothing costs a socket and some 200 octets. Who speaks TLS takes one of a few
 * handshakes; where all are taken it waits, unread, in the order of speaking. connect_timeout
 * counts from accept; a handshake is given half of it, so that silence within one does not use up
 * the time of those who wait.
 *
 * Ownership: a held connection is the hall's; up, it is the broker's and what the hall had of it
 * is freed.
 */
#ifndef GATEWAY_EDGE_HALL_H
#define GATEWAY_EDGE_HALL_H

#include "base/heap.h"
#include "gateway/edge/addr.h"
#include "gateway/edge/wire.h"

struct gw_conn;

struct gw_hall {
    struct gw_wire_user user;
    struct heap held;    /* struct gw_held, by when they must be up */
    struct list waiting; /* of these, for a handshake */
    struct event *late;
    uint64_t late_ms; /* when `late` comes */
    uint64_t shaking; /* handshakes under way */
    uint64_t most;
};

/* At most `handshakes` of TLS at once. */
bool gw_hall_init(struct gw_hall *hall, struct gw_wires *wires, uint64_t handshakes);

/* No handshake begins any more; then the connections, then fini. */
void gw_hall_stop(struct gw_hall *hall);
void gw_hall_fini(struct gw_hall *hall);

/* Holds `conn`, whose port has stages, until they are up. False: no memory. */
bool gw_hall_enter(struct gw_hall *hall, struct gw_conn *conn, const union gw_addr *from);

/* Forgets a held connection, which is closed. */
void gw_hall_leave(struct gw_hall *hall, struct gw_conn *conn);

#endif
