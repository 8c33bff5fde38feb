/* gateway/hub/border.h - where a node's request becomes a session's operation, and back.
 *
 * sn and mqtt do not know each other; here a topic id has become a topic name, a MsgId is a packet
 * id, and a sleeper is a session with window 0.
 */
#ifndef GATEWAY_HUB_BORDER_H
#define GATEWAY_HUB_BORDER_H

#include "gateway/hub/nodes.h"

/* One message of a node, and all that follows from it. */
void hub_border_input(struct hub *hub, const struct sn_peer *from, struct span wire,
                      uint64_t now_ms);

/* The gate's timers. */
void hub_border_tick(struct hub *hub, uint64_t now_ms);

/* Carries answers and deliveries of the node's session to the gate while it can take them. */
void hub_border_serve(struct hub *hub, struct hub_node *hn, uint64_t now_ms);

/* Serves every node whose session has something. */
void hub_border_pump(struct hub *hub, uint64_t now_ms);

/* News of the gate; in border_in.c. */
void hub_border_news(struct hub *hub, const struct sn_news *news, uint64_t now_ms);

#endif
