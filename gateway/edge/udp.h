/* gateway/edge/udp.h - datagrams of one [listener] of type udp, to and from the gate.
 *
 * One socket for each `bind`, and one for each multicast group (of a link-local group of IPv6, for
 * each interface), which only hears: what goes to a
 * group leaves by a socket of `bind`, so that its sender's address is one that answers. What came
 * is read GW_UDP_BATCH datagrams at a time; what leaves goes straight from the gate's queue to
 * sendmmsg. An answer leaves from the address that was asked, also where that was a wildcard's.
 *
 * Limits: a datagram above the listener's max_message is dropped and counted; so are GW_UDP_PLACES
 * addresses of ours told apart, beyond which the kernel chooses, and GW_UDP_WAYS pairs of group and
 * interface.
 */
#ifndef GATEWAY_EDGE_UDP_H
#define GATEWAY_EDGE_UDP_H

#include "gateway/edge/beside.h"
#include "gateway/edge/loop.h"

#define GW_UDP_BATCH  64
#define GW_UDP_RCVBUF (4 * 1024 * 1024)
#define GW_UDP_BINDS  32u
#define GW_UDP_PLACES 128u
#define GW_UDP_WAYS   64u

struct gw_udp;

struct gw_udp_socket {
    struct gw_udp *udp;
    struct event *readable;
    struct event *writable;
    union gw_addr bound;
    int fd;
    uint8_t number;     /* of a `bind`: its place too */
    uint8_t group;      /* from 1; 0: a socket of `bind` */
    unsigned interface; /* of a link-local group; 0: any */
    bool is_wild;       /* bound to no address of its own */
    uint32_t dropped;   /* as the kernel last told */
};

/* Where a peer's datagrams come to: a socket, and of a wildcard one the address. Its number is in
 * struct sn_peer. The first are the sockets themselves. */
struct gw_udp_place {
    union gw_addr local; /* of no family: the socket's own, or the kernel's choice */
    uint8_t socket;
};

/* A group on an interface, and where from it is spoken to. */
struct gw_udp_way {
    unsigned interface;
    uint8_t group;
    uint8_t place;
};

/* Where recvmmsg puts what came; set up once. */
struct gw_udp_batch {
    struct mmsghdr heads[GW_UDP_BATCH];
    struct iovec parts[GW_UDP_BATCH];
    union gw_addr from[GW_UDP_BATCH];
    _Alignas(struct cmsghdr) uint8_t beside[GW_UDP_BATCH][GW_BESIDE_ROOM];
};

struct gw_udp {
    struct gw_loop *loop;
    const struct conf_listener *conf;
    uint16_t listener; /* its place in the configuration */
    bool stuck;        /* a socket takes no more: wait for it */
    struct gw_udp_socket *sockets;
    size_t socket_count;
    struct gw_udp_socket *groups; /* one for each `multicast`, then GW_UDP_WAYS of interfaces */
    size_t group_count;           /* of `multicast` */
    uint8_t *octets;              /* GW_UDP_BATCH datagrams, max_message octets each */
    struct gw_udp_batch in;
    struct gw_udp_place places[GW_UDP_PLACES];
    size_t place_count;
    struct gw_udp_way ways[GW_UDP_WAYS];
    size_t way_count;
    uint64_t nets_version; /* that the ways were found by */
};

/* Opens and binds all sockets, and joins groups where there is an interface for them. */
bool gw_udp_init(struct gw_udp *udp, struct gw_loop *loop, uint16_t listener,
                 const struct conf_listener *conf, struct gw_fault *fault);
void gw_udp_fini(struct gw_udp *udp);

/* Sends what the gate has for this listener. True: something left, so there is room again. */
bool gw_udp_output(struct gw_udp *udp);

#endif
