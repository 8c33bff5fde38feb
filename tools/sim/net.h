/* tools/sim/net.h - the sockets of the nodes: one for each, or a few that all share, each node then
 * being one behind a forwarder [5.5] with its number for a node id.
 *
 * Ownership: the net owns its descriptors. Nothing blocks but sim_net_wait.
 * Errors: what cannot be opened is told in words.
 */
#ifndef TOOLS_SIM_NET_H
#define TOOLS_SIM_NET_H

#include <netdb.h>
#include <sys/epoll.h>

#include "base/bytes.h"

enum { SIM_DATAGRAM = 65535, SIM_EVENTS = 64 };

struct sim_net {
    struct addrinfo *addresses;
    const struct addrinfo *address; /* the one in use */
    int epoll;
    int signals; /* readable when SIGINT or SIGTERM has come */
    int *fds;    /* -1: not open */
    size_t count;
    size_t shared; /* sockets of all nodes; 0: one for each */
    size_t failed; /* packets that the kernel did not take */
    int err;       /* the last errno of those */
    struct epoll_event events[SIM_EVENTS];
    uint8_t in[SIM_DATAGRAM];
    uint8_t out[SIM_DATAGRAM];
};

/* For `nodes`; raises the limit of descriptors. NULL or what is wrong. */
const char *sim_net_open(struct sim_net *net, const char *host, const char *port, size_t nodes,
                         size_t shared);
void sim_net_close(struct sim_net *net);

/* Makes the socket of `node` if there is none. */
const char *sim_net_join(struct sim_net *net, size_t node);
void sim_net_leave(struct sim_net *net, size_t node);

void sim_net_send(struct sim_net *net, size_t node, struct span packet);

/* Waits at most `wait_us` (UINT64_MAX: without end) for sockets that have something; how many. */
size_t sim_net_wait(struct sim_net *net, uint64_t wait_us);

/* The next packet of the socket of event `at`, and whose it is; false if there is none now. */
bool sim_net_receive(struct sim_net *net, size_t at, size_t *node, struct span *packet);

/* True once if a signal came. */
bool sim_net_stopped(const struct sim_net *net, size_t at);

#endif
