/* gateway/hub/border.h - where a node's request becomes a session's operation, and back.
 *
 * sn and mqtt do not know each other; here a topic id has become a topic name, a MsgId is a packet
 * id, and a sleeper is a session with window 0.
 */
#ifndef GATEWAY_HUB_BORDER_H
#define GATEWAY_HUB_BORDER_H

#include "gateway/hub/nodes.h"

/* Answers that may wait for their turn, for the store above all, before a node hears "congestion":
 * one that answers nobody's questions but asks on cannot take all memory. */
#define HUB_NODE_ANSWERS 64u

/* One message of a node, and all that follows from it. */
void hub_border_input(struct hub *hub, const struct sn_peer *from, struct span wire,
                      uint64_t now_ms);

/* The gate's timers. */
void hub_border_tick(struct hub *hub, uint64_t now_ms);

/* Carries answers and deliveries of the node's session to the gate while it can take them. */
void hub_border_serve(struct hub *hub, struct hub_node *hn, uint64_t now_ms);

/* A delivery that can never be made is counted, and over as if it had been acknowledged; id 0: of
 * QoS 0. */
void hub_border_give_up(struct hub *hub, struct hub_node *hn, uint16_t packet_id, uint64_t now_ms);

/* Serves every node whose session has something. */
void hub_border_pump(struct hub *hub, uint64_t now_ms);

/* News of the gate; in border_in.c. */
void hub_border_news(struct hub *hub, const struct sn_news *news, uint64_t now_ms);

/* True if `news` is a request for which there is no room, and was answered so; in border_crowd.c.
 */
bool hub_border_turns_down(struct hub *hub, const struct sn_news *news, uint64_t now_ms);

/* EVICTED: of a session that nothing was asked of there is nothing to keep. */
void hub_border_evicted(struct hub *hub, const struct sn_news *news, uint64_t now_ms);

/* MOVED, RIVAL: a node that moved, or two of one client id, or a thief; a line for the log. */
void hub_border_rival(struct hub *hub, const struct sn_news *news, uint64_t now_ms);

/* --- wills, in border_will.c: each gives a return code; refused, the old will stays */

/* The will that a CONNECT brought, or that it has none any more. */
uint8_t hub_border_take_will(struct hub *hub, const struct sn_news *news, uint64_t now_ms);

/* WILL_TOPIC and WILL_MSG: the other part stays as it was. SN-059 */
uint8_t hub_border_update_will(struct hub *hub, const struct sn_news *news, uint64_t now_ms);

/* CONFIG [limits] topic_levels; of a whole topic. One that is empty was too long. */
bool hub_border_is_too_deep(const struct hub *hub, struct span topic);

/* --- topic ids, in border_ids.c */

/* What is granted has an id from now on, kept with the session. False: no room for it. */
bool hub_border_give_id(struct hub *hub, struct sn_news *granted, uint64_t now_ms);

/* NAMED: an id was made for a delivery. */
void hub_border_named(struct hub *hub, const struct sn_news *news, uint64_t now_ms);

/* UNKNOWN: for `sedge topics`. */
void hub_border_unknown(struct hub *hub, const struct sn_news *news, uint64_t now_ms);

/* --- QoS -1, in border_stray.c */

void hub_border_stray(struct hub *hub, const struct sn_news *news, uint64_t now_ms);

#endif
