/* gateway/hub/naming.h - what each node is called, and that no two are called the same.
 *
 * A name is its section's, else one given at run time, else its group's, else its client id; see
 * config/nodename.h. Only names that are none of section and client id cost a node memory.
 */
#ifndef GATEWAY_HUB_NAMING_H
#define GATEWAY_HUB_NAMING_H

#include "gateway/hub/nodes.h"

bool hub_naming_init(struct hub *hub, uint64_t seed);
void hub_naming_fini(struct hub *hub);

/* Finds section and name of the node as it stands now, and takes the name unless another node has
 * it, in which case all is as before. Fills `place`, whose name lives until the hub is called
 * again.
 *
 * A node that the section itself names by where it is or what it proves has the name before one
 * that is not connected. If that one is of the section too, its session ends when this one
 * connects: the device there was changed. */
enum hub_outcome hub_naming_learn(struct hub *hub, struct hub_node *hn, struct conf_place *place,
                                  uint64_t now_ms);

/* "WHAT NAME (CLIENT-ID): more" for the log, the client id where it is not the name. */
void hub_say_node(struct hub *hub, enum conf_level level, const char *what,
                  const struct sn_node *node, const char *more);

/* The node is called nothing any more. */
void hub_naming_drop(struct hub *hub, struct hub_node *hn);

#endif
