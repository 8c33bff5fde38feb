/* gateway/edge/udp_parts.h - what the files udp*.c share; nobody else includes it.
 *
 *     udp.c         open and close
 *     udp_in.c      what came: from whom, to which of our addresses
 *     udp_out.c     what leaves
 *     udp_groups.c  multicast groups: joined on which interfaces, spoken to from where
 */
#ifndef GATEWAY_EDGE_UDP_PARTS_H
#define GATEWAY_EDGE_UDP_PARTS_H

#include "gateway/edge/udp.h"

/* --- udp.c */

/* A socket that is read, with its events; number, group and interface stay as they are. */
bool gw_udp_open(struct gw_udp_socket *s, const struct conf_address *bind_to,
                 struct gw_fault *fault);

/* Harmless when it is not open. */
void gw_udp_close(struct gw_udp_socket *s);

/* --- udp_in.c */
bool gw_udp_make_batch(struct gw_udp *udp);
void gw_udp_readable(evutil_socket_t fd, short what, void *arg);

/* The place of what comes to `local` by that socket. */
uint8_t gw_udp_place(struct gw_udp *udp, uint8_t socket, const union gw_addr *local);

/* --- udp_groups.c */
bool gw_udp_open_groups(struct gw_udp *udp, struct gw_fault *fault);

/* Joins on interfaces that came, when any did. */
void gw_udp_follow_nets(struct gw_udp *udp);

/* The way by which a datagram of that group came; NULL: none that we use. */
const struct gw_udp_way *gw_udp_way(const struct gw_udp *udp, uint8_t group, unsigned interface);

#endif
