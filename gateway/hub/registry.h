/* gateway/hub/registry.h - what is known of each node: every one that was seen, and those that the
 * configuration names and nobody has seen yet.
 *
 * An entry outlives the node's session, and the gateway: it is kept in the store (TABLE_NODE), when
 * the node is first seen, at a clean stop, within HUB_REGISTRY_MS when it is lost or back, and else
 * once an hour, for an SD card's sake. After a restart nobody is connected: who was active or
 * asleep is disconnected until he comes again. At [limits] nodes the one that is gone longest and
 * that no [node] names gives way.
 *
 * Views are for reading: spans in them live until the hub is called again. Walks start at {0} and
 * stay good whatever the hub does between two steps; entries made meanwhile may come or not.
 * Times are wall clock, milliseconds; 0: never.
 */
#ifndef GATEWAY_HUB_REGISTRY_H
#define GATEWAY_HUB_REGISTRY_H

#include "gateway/hub/hub.h"

#define HUB_REGISTRY_MS  600000u
#define HUB_ADDRESS_TEXT 72u

enum hub_node_state {
    HUB_NODE_NEVER, /* configured, not seen */
    HUB_NODE_ACTIVE,
    HUB_NODE_ASLEEP,
    HUB_NODE_LOST,
    HUB_NODE_DISCONNECTED
};

/* "active"; never NULL. */
const char *hub_node_state_name(enum hub_node_state state);

struct hub_node_view {
    struct span name;
    struct span client_id;          /* empty: not known, so the next three */
    struct span listener;           /* its name */
    struct span wireless;           /* octets of the node id behind a forwarder */
    char address[HUB_ADDRESS_TEXT]; /* "10.0.0.7:1884"; "" on a line */
    enum hub_node_state state;
    bool is_configured;       /* a [node] names it */
    bool has_session;         /* live or kept; else all below `resent` is 0 */
    bool is_clean;            /* the session ends with the connection */
    uint64_t asleep_until_ms; /* when it is lost unless it wakes; 0: not asleep, or for ever */
    uint64_t first_seen_ms;
    uint64_t last_seen_ms;
    uint64_t errors; /* its breaches of the protocol */
    uint64_t resent; /* messages sent to it again */
    uint64_t queued; /* messages that wait or are not acknowledged */
    uint64_t queued_octets;
    uint64_t queue_most; /* messages it may queue */
    uint64_t dropped;    /* messages, since it connected */
    uint64_t subscriptions;
    uint64_t topic_ids; /* normal ones */
};

/* Every node once: those seen, then those never seen in file order. */
struct hub_nodes_walk {
    size_t seen;
    size_t section;
};
bool hub_nodes_next(struct hub *hub, struct hub_nodes_walk *walk, struct hub_node_view *out);

/* The node of that name; false: there is none. */
bool hub_node_find(struct hub *hub, struct span name, struct hub_node_view *out);

enum hub_topic_kind { HUB_TOPIC_PREDEFINED, HUB_TOPIC_SHORT, HUB_TOPIC_NORMAL };

/* One way in which a node names a topic. */
struct hub_topic_view {
    enum hub_topic_kind kind;
    uint16_t id;          /* of a short name its two octets */
    struct span topic;    /* empty: its template needs a value that the node does not have */
    const char *template; /* of a KEY; NULL of a normal id */
};

/* The KEYs in force for the node of that name, then its normal ids. False at the end, or when there
 * is no such node. */
struct hub_topics_walk {
    size_t map; /* internal, as all here */
    size_t entry;
    size_t id;
};
bool hub_node_topics_next(struct hub *hub, struct span name, struct hub_topics_walk *walk,
                          struct hub_topic_view *out);

/* KEYs that nodes used and no map has (CONFIG "Topic maps" 2), those HUB_UNKNOWN_MOST used last. */
struct hub_unknown_view {
    struct span node;     /* its name; empty: a sender without a session */
    struct span listener; /* where */
    uint16_t id;          /* predefined */
    uint64_t count;
    uint64_t last_ms;
};
bool hub_unknown_next(struct hub *hub, size_t *walk, struct hub_unknown_view *out);

/* Forgets the node of that name: its entry, its kept session and what waits for it; one that is
 * connected is told DISCONNECT. False: there is none. One that a [node] names is "never" then. */
bool hub_node_forget_named(struct hub *hub, struct span name, uint64_t now_ms);

#endif
