/* gateway/hub/told.h - what the gateway says of itself and its nodes under STATE ([gateway] state):
 *
 *     STATE/state                online, offline
 *     STATE/upstream/NAME/state    online, offline, paused, standby
 *     STATE/upstream/NAME/info     a line of JSON, with each change of state and then once a minute
 *                                  as the queue changes; docs/upstream.md has its fields
 *     STATE/upstream/NAME/dropped  a line of JSON, once something was; docs/upstream.md likewise
 *     STATE/nodes/NAME/state       active, asleep, lost, disconnected
 *     STATE/nodes/NAME/info        a line of JSON, at each CONNECT; docs/nodes.md has its fields
 *
 * all retained, at QoS 1, never stored. Those of nodes begin when somebody first subscribes to what
 * lies under STATE: then all are told as retained messages that were there, later ones as they
 * change. Until then they cost nothing.
 */
#ifndef GATEWAY_HUB_TOLD_H
#define GATEWAY_HUB_TOLD_H

#include "gateway/hub/seen.h"

/* "online" of the gateway, and how each upstream is. */
void hub_tell_all(struct hub *hub, uint64_t now_ms);
void hub_tell_upstream(struct hub *hub, const struct hub_uplink *up, uint64_t now_ms);
void hub_tell_upstream_info(struct hub *hub, const struct hub_uplink *up, uint64_t now_ms);
void hub_tell_lost(struct hub *hub, const struct hub_uplink *up, const char *counts,
                   uint64_t now_ms);
void hub_tell_gateway(struct hub *hub, const char *state, uint64_t now_ms);

void hub_tell_node_state(struct hub *hub, const struct hub_seen *seen, uint64_t now_ms);
void hub_tell_node_info(struct hub *hub, const struct hub_seen *seen, uint64_t now_ms);

/* There is no node of this name any more: its retained messages go. */
void hub_tell_no_node(struct hub *hub, struct span name, uint64_t now_ms);

/* STATE is about to be another topic: all that was told goes. */
void hub_tell_nothing(struct hub *hub, uint64_t now_ms);

/* When somebody listens for the first time. */
void hub_told_pump(struct hub *hub, uint64_t now_ms);

#endif
