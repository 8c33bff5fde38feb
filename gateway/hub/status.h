/* gateway/hub/status.h - the hub in a few numbers, for those who ask how it is.
 *
 * Views are for reading: spans in them live until the hub is called again.
 */
#ifndef GATEWAY_HUB_STATUS_H
#define GATEWAY_HUB_STATUS_H

#include "gateway/hub/hub.h"

struct hub_status {
    uint64_t up_ms;   /* since what was kept is restored */
    int64_t wall_ms;  /* wall clock less the clock of `now_ms` */
    uint64_t clients; /* MQTT sessions, and of these the open ones */
    uint64_t connected;
    uint64_t queued; /* messages that wait or are not acknowledged, in all sessions */
    uint64_t retained;
    uint64_t memory; /* octets of the budget in use */
    uint64_t memory_limit;
    uint64_t dropped;  /* messages, by full queues */
    uint64_t refused;  /* publishes, for want of memory or store */
    uint64_t denied;   /* by acl */
    const char *store; /* "works", "full", or why it does not keep */
};

void hub_status(const struct hub *hub, struct hub_status *out, uint64_t now_ms);

struct hub_upstream_view {
    struct span name;
    const char *state;          /* online, offline, paused, standby */
    uint64_t since_ms;          /* of the state; wall clock */
    const char *cause;          /* why it was lost, or not reached, last; "": never */
    const struct conf_url *url; /* in use, or next to be tried */
    uint64_t queued;            /* messages that wait or are not acknowledged */
    uint64_t queued_octets;     /* of those that wait */
    uint64_t oldest_ms;         /* when the oldest came; 0: none, or it is in the store alone */
    uint64_t sent;              /* messages that went up, repetitions too */
    uint64_t echoes;            /* messages of ours that came back, and went no further */
    uint64_t full;              /* messages dropped: by a full queue, ... */
    uint64_t old;               /* ... as too old, ... */
    uint64_t unfit;             /* ... against a limit of the upstream */
    bool is_mould;              /* mode = transparent: all of the above of all nodes together */
    uint64_t nodes;             /* that have a session */
    uint64_t connections;       /* online, by several */
};

/* Of upstream number `i`, below hub_uplink_count. */
void hub_upstream_view(const struct hub *hub, size_t i, struct hub_upstream_view *out);

/* mqtts://broker.example:8883, as a configuration may say it. */
void hub_write_url(struct writer *w, const struct conf_url *url);

#endif
