/* sn/peer.h - who sent a datagram, who gets one; and a peer as a key. */
#ifndef SN_PEER_H
#define SN_PEER_H

#include "base/bytes.h"

#define SN_PEER_ADDR 24u /* IP, port, scope: the edge's own octets; empty for a serial line */

#define SN_NODE_ID_MOST 250u /* octets of a WirelessNodeId (SN-192) */
#define SN_PEER_KEY     (3u + SN_PEER_ADDR + SN_NODE_ID_MOST)

/* `addr_len` 0 on a listener of datagrams means all who listen there. */
struct sn_peer {
    uint16_t listener; /* index into the gate's listeners */
    bool near;         /* loopback or a line: publish_without_connect `predefined` admits it */
    uint8_t addr_len;
    uint8_t addr[SN_PEER_ADDR];
    struct span wireless; /* node id behind a forwarder, borrowed; empty: none */
};

/* Writes what tells peers apart into `out`: listener, address, node id. */
struct span sn_peer_key(const struct sn_peer *peer, uint8_t out[SN_PEER_KEY]);

/* The reverse; the node id lies in `key`, and `near` is not in it. An empty key is nobody's. */
struct sn_peer sn_peer_of_key(struct span key);

#endif
