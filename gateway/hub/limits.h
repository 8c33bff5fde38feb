/* gateway/hub/limits.h - the settings in force for a node, one copy for all nodes that have the
 * same.
 *
 * What [node], [group] and [listener] say of retries, silence, sizes and queues is laid together
 * once for each connection and reload (config/topicmap.h), and equal results are one object, so
 * that a node costs the pointer that the gate keeps of it (sn_node_limits).
 *
 * Ownership: counted by the nodes that have it; the memory is the hub's.
 */
#ifndef GATEWAY_HUB_LIMITS_H
#define GATEWAY_HUB_LIMITS_H

#include "gateway/hub/nodes.h"

struct hub_limits {
    struct sn_limits sn;     /* first: what the gate points to */
    struct mqtt_quota quota; /* of its session */
    uint32_t wake_messages;  /* UINT32_MAX: all */
};

/* False: no memory. */
bool hub_limits_init(struct hub *hub, uint64_t seed);

/* After all nodes have given theirs up. */
void hub_limits_fini(struct hub *hub);

/* Those of the place where the node stands now, from now on. False: no memory, as before. */
bool hub_limits_set(struct hub *hub, struct hub_node *hn, const struct conf_place *place,
                    const struct conf_settings *with);

/* The node is about to go. */
void hub_limits_drop(struct hub *hub, struct hub_node *hn);

/* Never NULL once set. */
const struct hub_limits *hub_limits_of(const struct hub_node *hn);

/* A listener's, for those without. */
struct sn_limits hub_limits_of_listener(const struct conf_listener *listener);

#endif
