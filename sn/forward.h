/* sn/forward.h - forwarder encapsulation, in and out. [5.5]
 *
 * A node behind a forwarder is a peer with the forwarder's address and its own wireless node id;
 * nothing else in sn/ knows of encapsulation.
 */
#ifndef SN_FORWARD_H
#define SN_FORWARD_H

#include "sn/packet.h"
#include "sn/peer.h"

/* Opens one datagram from `peer`. Of an encapsulated one *pkt is the message inside, *inner its
 * octets, and peer->wireless its node id, which lies in `wire`. SN-188 SN-192 SN-194
 * SN_ERR_FORWARDER if it is encapsulated and the peer may not, SN_ERR_TYPE if twice. */
enum sn_err sn_forward_decode(struct sn_packet *pkt, struct sn_peer *peer, struct span *inner,
                              struct span wire);

/* Writes what stands before a message to `peer`, which has a node id. Returns its octets, 0 if they
 * do not fit. SN-189 SN-195 */
size_t sn_forward_wrap(const struct sn_peer *peer, uint8_t radius, uint8_t *out, size_t size);

/* Octets of `pkt` on its way to `peer`, encapsulated if that has a node id. */
size_t sn_forward_len(const struct sn_packet *pkt, const struct sn_peer *peer);

#endif
