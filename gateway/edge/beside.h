/* gateway/edge/beside.h - what goes beside a datagram's octets, as control messages: by which of
 * our addresses and which interface it came or leaves, how far it may go, what the kernel dropped.
 */
#ifndef GATEWAY_EDGE_BESIDE_H
#define GATEWAY_EDGE_BESIDE_H

#include "gateway/edge/addr.h"

#define GW_BESIDE_ROOM 96u /* octets; of the longest of both directions */

struct gw_beside {
    union gw_addr local; /* of no family: not known, or the kernel's choice */
    unsigned interface;  /* its index; 0: likewise */
    uint32_t dropped;    /* in: datagrams that the socket dropped so far, if told */
    bool tells_dropped;
    uint8_t hops; /* out: 0: as the socket is set */
};

/* Makes a socket tell its drops, and with `ways` address and interface of what comes. */
void gw_beside_ask(int fd, int family, bool ways);

void gw_beside_read(struct gw_beside *beside, struct msghdr *head);

/* Sets head's control messages, for a datagram of `family`, in `room`, which lives as long as head
 * and is aligned for a struct cmsghdr. */
void gw_beside_write(const struct gw_beside *beside, int family, struct msghdr *head,
                     uint8_t room[GW_BESIDE_ROOM]);

#endif
