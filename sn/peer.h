/* sn/peer.h - who sent a datagram, who gets one; and a peer as a key. */
#ifndef SN_PEER_H
#define SN_PEER_H

#include "base/bytes.h"

/* IP, 4 or 16 octets, then the edge's own: port, scope; of a bus one octet, its address there;
 * empty for a serial line. */
#define SN_PEER_ADDR 24u

#define SN_NODE_ID_MOST 250u /* octets of a WirelessNodeId (SN-192) */
#define SN_PEER_KEY     (3u + SN_PEER_ADDR + SN_NODE_ID_MOST)

/* The facts about a sender are judged where its address can be read. `addr_len` 0 on a listener of
 * datagrams means all who listen there: in `group`, or in all groups where that is 0. */
struct sn_peer {
    uint16_t listener; /* index into the gate's listeners */
    bool near;         /* loopback or a line: publish_without_connect `predefined` admits it */
    bool forwarder;    /* may encapsulate: CONFIG forwarders names it */
    uint8_t group;     /* came by this multicast group of the listener, from 1; 0: to us alone */
    uint8_t hops;      /* to a group: how far; 0: as the listener is set */
    uint8_t addr_len;
    uint8_t addr[SN_PEER_ADDR];
    struct span wireless; /* node id behind a forwarder, borrowed; empty: none */
};

/* The IP address, which `addr` of a datagram begins with; empty on a line or a bus. */
struct span sn_peer_ip(const struct sn_peer *peer);

/* Writes what tells peers apart into `out`: listener, address, node id. */
struct span sn_peer_key(const struct sn_peer *peer, uint8_t out[SN_PEER_KEY]);

/* The reverse; the node id lies in `key`, and `near` is not in it. An empty key is nobody's. */
struct sn_peer sn_peer_of_key(struct span key);

#endif
