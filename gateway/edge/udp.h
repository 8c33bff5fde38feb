/* gateway/edge/udp.h - datagrams of one [listener] of type udp, to and from the gate.
 *
 * One socket for each `bind`. What came is read GW_UDP_BATCH datagrams at a time; what leaves goes
 * straight from the gate's queue to sendmmsg.
 *
 * Limits: a datagram above the listener's max_message is dropped and counted.
 */
#ifndef GATEWAY_EDGE_UDP_H
#define GATEWAY_EDGE_UDP_H

#include "gateway/edge/addr.h"
#include "gateway/edge/loop.h"

#define GW_UDP_BATCH  64
#define GW_UDP_RCVBUF (4 * 1024 * 1024)
#define GW_UDP_SEEN   64u /* senders whose network was looked up, remembered */

struct gw_udp;

struct gw_udp_socket {
    struct gw_udp *udp;
    struct event *readable;
    struct event *writable;
    union gw_addr bound;
    int fd;
    uint8_t number;
};

/* Whether a sender beyond private addresses is on-link, so that not every datagram asks. */
struct gw_udp_seen {
    uint8_t ip[16];
    uint64_t until_ms;
    bool on_link;
};

/* Where recvmmsg puts what came; set up once. */
struct gw_udp_batch {
    struct mmsghdr heads[GW_UDP_BATCH];
    struct iovec parts[GW_UDP_BATCH];
    union gw_addr from[GW_UDP_BATCH];
};

struct gw_udp {
    struct gw_loop *loop;
    const struct conf_listener *conf;
    uint16_t listener; /* its place in the configuration */
    bool stuck;        /* a socket takes no more: wait for it */
    struct gw_udp_socket *sockets;
    size_t socket_count;
    uint8_t *octets; /* GW_UDP_BATCH datagrams, max_message octets each */
    struct gw_udp_batch in;
    struct gw_udp_seen seen[GW_UDP_SEEN];
    struct {
        uint64_t oversize;  /* longer than max_message */
        uint64_t strangers; /* not of a network that `open` serves */
        uint64_t unsent;    /* refused by the kernel, given up */
    } count;
};

/* Opens and binds all sockets. */
bool gw_udp_init(struct gw_udp *udp, struct gw_loop *loop, uint16_t listener,
                 const struct conf_listener *conf, struct gw_fault *fault);
void gw_udp_fini(struct gw_udp *udp);

/* Sends what the gate has for this listener. True: something left, so there is room again. */
bool gw_udp_output(struct gw_udp *udp);

#endif
