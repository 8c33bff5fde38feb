/* gateway/hub/maps.h - what a node's KEYs mean, and its mount: expanded for each connection.
 *
 * Nodes whose maps name neither %n nor %c share one result. An entry whose template wants a value
 * that the node does not have stays, with an empty topic: its id is unknown, and a short name does
 * not fall back to itself.
 *
 * Ownership: counted by the nodes that have it; charged to the budget.
 */
#ifndef GATEWAY_HUB_MAPS_H
#define GATEWAY_HUB_MAPS_H

#include "gateway/hub/nodes.h"

/* False: no memory. */
bool hub_maps_init(struct hub *hub, uint64_t seed);
void hub_maps_fini(struct hub *hub);

/* Gives the node's names at `place`, below the template `mount` or NULL, to the gate, which keeps
 * the one pointer to them. */
enum hub_outcome hub_maps_learn(struct hub *hub, struct hub_node *hn,
                                const struct conf_place *place, const char *mount);
void hub_maps_drop(struct hub *hub, struct hub_node *hn);

/* NULL: it has no KEYs and no mount. */
const struct sn_names *hub_maps_of(const struct hub_node *hn);

/* The mount of `place`, or nothing. False: it has one that cannot be made for it. */
bool hub_mount_write(const struct hub *hub, const struct conf_place *place, struct writer *w);

/* The whole topic of what a node wrote below its mount, or of what a map said (`mapped`); lies in
 * `topic` or in the hub's scratch until the next call. Empty: too long. */
struct span hub_mounted(struct hub *hub, const struct hub_node *hn, struct span topic, bool mapped);

/* Where a node's mount was `old`, what it subscribed by name lies below the one that it has now. */
void hub_maps_remount(struct hub *hub, struct hub_node *hn, struct span old, uint64_t now_ms);

/* Subscriptions made by KEY mean what the KEY means now; a KEY that means nothing any more has
 * none. Where it is not known who the node is, for nobody knows where, they stay. Tells the gate,
 * too, which KEYs those are. */
void hub_maps_move_subscriptions(struct hub *hub, struct hub_node *hn, bool known, uint64_t now_ms);

#endif
