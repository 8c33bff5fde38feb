/* gateway/hub/nodes.h - what the hub knows of each node: its section, session and names.
 *
 * A hub_node lives as long as its sn_node: from the first CONNECT, or from the store, until its
 * session is gone. What it is by the configuration is learnt at each CONNECT and reload, and kept
 * in few octets: naming.h its section and name, maps.h its KEYs and mount, limits.h its settings.
 */
#ifndef GATEWAY_HUB_NODES_H
#define GATEWAY_HUB_NODES_H

#include "gateway/hub/parts.h"

struct hub_called;

struct hub_node {
    struct list in_stalled;
    struct sn_node *node;            /* NULL: the cell is free */
    struct mqtt_session *session;    /* NULL: none yet */
    struct hub_seen *seen;           /* its entry in the registry; NULL: there was no room */
    const struct conf_node *section; /* NULL: no [node] names it */
    struct hub_called *called;       /* naming.h; NULL: as its section, else as its client id */
    uint32_t wake_left;              /* deliveries that this waking may still make */
    bool waking;
    bool known;     /* the configuration names it */
    bool on_trial;  /* its session is kept from its first request on */
    bool said_lack; /* that some of its KEYs do not exist */
};

/* The hub's part of `node`, made if need be; NULL: no room. */
struct hub_node *hub_node_of(struct hub *hub, struct sn_node *node);

/* The next one from `place` on in no order; NULL at the end. Nodes may go meanwhile. */
struct hub_node *hub_node_next(const struct hub *hub, size_t *place);

/* Frees the hub's part and the gate's. The session must be gone or about to be. */
void hub_node_forget(struct hub *hub, struct hub_node *hn);

/* Frees what all nodes hold; before the gate goes. */
void hub_nodes_fini(struct hub *hub);

/* Ends its connection, with DISCONNECT, and its session, and forgets it. */
void hub_node_end(struct hub *hub, struct hub_node *hn, uint64_t now_ms);

enum hub_outcome {
    HUB_LEARNT,
    HUB_NAME_TAKEN, /* another node has the name that it would get */
    HUB_NO_MOUNT,   /* its mount wants a value that it does not have */
    HUB_NO_MEMORY
};

/* Learns section, name, KEYs, mount and limits from where it stands now; fills `place`. What cannot
 * be learnt stays as it was. */
enum hub_outcome hub_node_learn(struct hub *hub, struct hub_node *hn, struct conf_place *place,
                                uint64_t now_ms);

/* Where it is; until it connects in this run, where it was last. False: nobody knows, then it is
 * said to be at the first listener. */
bool hub_node_whereabouts(const struct hub_node *hn, struct sn_peer *peer);

/* Where the node stands for topic maps and settings. */
struct conf_place hub_node_place(const struct hub *hub, const struct hub_node *hn);

/* What it is called: stable while its session lives, but for a reload or `sedge node replace`.
 * Lives until the hub is called again. Octets that a section name may not hold are %XX in it. */
struct span hub_node_name(const struct hub *hub, const struct hub_node *hn);

/* The node of that name that has, or had, a session; NULL: none. */
struct hub_node *hub_node_named(struct hub *hub, struct span name);

/* After hub->conf is another one: finds the section of every node anew, its name, KEYs, limits,
 * queue and acl, all that the hub caches of the configuration. Subscriptions made by KEY move to
 * what the KEY means now. No session ends. hub_apply calls this, and nothing else of nodes. */
void hub_nodes_relearn(struct hub *hub, uint64_t now_ms);

/* The same for one node, when only who it is has changed. */
void hub_node_relearn(struct hub *hub, struct hub_node *hn, uint64_t now_ms);

/* What a session told by itself: a full queue, or its end, which takes its node along. */
void hub_nodes_notice(struct hub *hub, const struct mqtt_notice *notice);

#endif
