/* gateway/edge/dial.h - a way out: from a name to a connected socket, never blocking.
 *
 *     NAME -> TCP [-> PROXY] -> up        one state machine
 *
 * By a proxy (proxy.h), name and address are the proxy's, and the far end's are told to it.
 *
 * Limits: GW_DIAL_STAGE_MS a stage, GW_DIAL_ADDRESS_MS for one address while another is left,
 * GW_DIAL_ALL_MS in all, GW_DIAL_ADDRESSES addresses of a name. Addresses and names in /etc/hosts
 * need no name server; without a network there is none, which is an error like others: who dials
 * tries again.
 *
 * Ownership: a resolver lives for one look-up (it reads resolv.conf when it is made).
 */
#ifndef GATEWAY_EDGE_DIAL_H
#define GATEWAY_EDGE_DIAL_H

#include <event2/dns.h>

#include "gateway/edge/addr.h"
#include "gateway/edge/loop.h"
#include "gateway/edge/proxy.h"

#define GW_DIAL_ADDRESS_MS 3000u
#define GW_DIAL_STAGE_MS   5000u
#define GW_DIAL_ALL_MS     30000u
#define GW_DIAL_ADDRESSES  16u

enum gw_dial_stage { GW_DIAL_IDLE, GW_DIAL_NAME, GW_DIAL_TCP, GW_DIAL_PROXY, GW_DIAL_STAGES };

struct gw_dial {
    struct gw_loop *loop;
    enum gw_dial_stage stage;
    uint64_t entered_ms[GW_DIAL_STAGES]; /* by the last attempt; 0: it did not come so far */
    const char *host;
    uint16_t port;
    const char *hosts;       /* files: /etc/hosts, */
    const char *resolv_conf; /* /etc/resolv.conf */
    struct event *step;      /* the stage's time is up, or its result is there */
    struct event *ready;     /* the socket connected, or failed */
    struct evdns_base *dns;
    struct evdns_getaddrinfo_request *look_up;
    union gw_addr addresses[GW_DIAL_ADDRESSES];
    size_t address_count;
    size_t tried;
    bool answered;     /* the look-up is over */
    const char *cause; /* of the last failure; static text, or the proxy's */
    bool by_proxy;
    struct gw_proxy proxy; /* while by_proxy */
    char words[192];       /* a cause on the way to the proxy */
    int fd;
    uint64_t end_ms;
    /* Called once for each gw_dial_start: `fd` is the callee's, or -1 and `cause` says why. */
    void (*done)(void *arg, int fd, const char *cause);
    void *arg;
};

bool gw_dial_init(struct gw_dial *dial, struct gw_loop *loop,
                  void (*done)(void *arg, int fd, const char *cause), void *arg);
void gw_dial_fini(struct gw_dial *dial);

/* `host`: a name or an address, borrowed until the end. Ends an attempt under way silently. */
void gw_dial_start(struct gw_dial *dial, const char *host, uint16_t port);

/* The same by a proxy, unless it is none: `host` is borrowed no longer than this call, and the
 * proxy's own until the end. */
void gw_dial_start_by(struct gw_dial *dial, const struct conf_proxy *proxy, const char *host,
                      uint16_t port);

/* What it dials is no name. */
static inline bool gw_dial_is_address(const struct gw_dial *dial)
{
    return !dial->answered && dial->address_count == 1;
}

/* Ends an attempt silently; harmless when there is none. */
void gw_dial_stop(struct gw_dial *dial);

#endif
