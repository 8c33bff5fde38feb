/* gateway/hub/nodes.h - what the hub knows of each node: its section, session and names.
 *
 * A hub_node lives as long as its sn_node: from the first CONNECT, or from the store, until its
 * session is gone. Names are the predefined ids and short names of its topic maps, expanded once
 * for each connection.
 */
#ifndef GATEWAY_HUB_NODES_H
#define GATEWAY_HUB_NODES_H

#include "gateway/hub/parts.h"

struct hub_node {
    struct list in_all;
    struct list in_stalled;
    struct sn_node *node;
    struct mqtt_session *session; /* NULL: none yet */
    struct hub_seen *seen;        /* its entry in the registry; NULL: there was no room */
    struct block *names_memory;   /* entries of `names`, then their topics */
    struct sn_names names;
    uint32_t wake_left; /* deliveries that this waking may still make */
    bool waking;
    bool known;    /* the configuration names it */
    bool on_trial; /* its session is kept from its first request on */
};

/* The hub's part of `node`, made if need be; NULL: no room. */
struct hub_node *hub_node_of(struct hub *hub, struct sn_node *node);

/* Frees the hub's part and the gate's. The session must be gone or about to be. */
void hub_node_forget(struct hub *hub, struct hub_node *hn);

/* Frees what all nodes hold; before the gate goes. */
void hub_nodes_fini(struct hub *hub);

/* Where the node stands for topic maps and settings; until it connects in this
 * run, the first listener stands for its own. */
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

/* Its settings: queue, window of a waking, when_full. */
struct conf_settings hub_node_settings(const struct hub *hub, const struct hub_node *hn);

/* What its session may queue, connected or not. */
struct mqtt_quota hub_node_quota(const struct hub *hub, const struct hub_node *hn);

/* Expands its topic maps anew. False: no memory, or too many. */
bool hub_node_learn_names(struct hub *hub, struct hub_node *hn);

/* What a session told by itself: a full queue, or its end, which takes its node along. */
void hub_nodes_notice(struct hub *hub, const struct mqtt_notice *notice);

#endif
