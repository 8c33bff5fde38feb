/* gateway/edge/wires.h - what all wires share: who is ready, and room to work in.
 *
 * Thousands of sockets stand behind one event of the loop: an event of libevent for each would be
 * 170 octets, and here the kernel alone keeps what is watched.
 *
 * Ownership: wires are borrowed while they are watched; the loop is borrowed.
 */
#ifndef GATEWAY_EDGE_WIRES_H
#define GATEWAY_EDGE_WIRES_H

#include <sys/epoll.h>

#include "gateway/edge/loop.h"

#define GW_WIRES_BATCH 256 /* sockets looked at in one turn */

struct gw_wire;

struct gw_wires {
    struct gw_loop *loop;
    struct event *ready;
    uint8_t *room; /* GW_WIRE_ROOM octets, for stages; costs nothing until there are some */
    int fd;
    int next; /* of the batch */
    int count;
    struct epoll_event batch[GW_WIRES_BATCH];
};

bool gw_wires_init(struct gw_wires *wires, struct gw_loop *loop, struct gw_fault *fault);
void gw_wires_fini(struct gw_wires *wires);

/* Moves what `fd` of `wire` is watched for from `was` to `what` (EPOLLIN, EPOLLOUT, both, or 0);
 * false: the kernel has no memory. */
bool gw_wires_watch(struct gw_wires *wires, struct gw_wire *wire, uint32_t was, uint32_t what);

/* What was read of `wire`'s readiness and not told yet is forgotten. */
void gw_wires_forget(struct gw_wires *wires, const struct gw_wire *wire);

#endif
