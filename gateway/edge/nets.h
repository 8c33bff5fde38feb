/* gateway/edge/nets.h - the networks of this machine as they are now: one entry for each address of
 * each interface. The kernel tells when that changes; where it does not (no netlink), they are
 * looked at again after GW_NETS_MS. */
#ifndef GATEWAY_EDGE_NETS_H
#define GATEWAY_EDGE_NETS_H

#include <event2/event.h>
#include <net/if.h>

#include "gateway/edge/addr.h"
#include "gateway/edge/fault.h"

#define GW_NETS_MS 10000u

struct gw_net {
    union gw_addr address;
    union gw_addr mask;
    unsigned interface; /* index */
    char name[IF_NAMESIZE];
    bool is_up;
    bool is_loopback;
    bool multicasts;
};

struct gw_nets {
    struct gw_net *at;
    size_t count;
    uint64_t version; /* another one when anything may have changed */
    uint64_t looked_ms;
    struct event *changed; /* NULL: the kernel does not tell */
    int fd;
};

bool gw_nets_init(struct gw_nets *nets, struct event_base *base, struct gw_fault *fault);
void gw_nets_fini(struct gw_nets *nets);

/* Makes the entries fresh; their version. */
uint64_t gw_nets_look(struct gw_nets *nets, uint64_t now_ms);

/* True when `addr` lies in one of the networks. */
bool gw_nets_hold(const struct gw_nets *nets, const union gw_addr *addr);

#endif
