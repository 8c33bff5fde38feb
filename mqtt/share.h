/* mqtt/share.h - shared subscriptions: of the members of a group, one gets each message.
 *
 *     SUBSCRIBE $share/GROUP/FILTER
 *
 * An extension to MQTT 3.1.1 by the words of MQTT 5, 4.8.2, for clients with an MQTT connection. A
 * group stands in the tree once, under its FILTER; its members take turns. A member that may send
 * now goes before one whose window is full, and that before one that is away. A member that reads
 * the topic by a subscription of its own too gets the message once. Retained messages are not sent
 * at SUBSCRIBE. What waits for a member when its session ends is not handed to another.
 *
 * Ownership: a group lives as long as it has members, in a block charged to the budget.
 */
#ifndef MQTT_SHARE_H
#define MQTT_SHARE_H

#include "mqtt/session.h"

/* The FILTER of a shared subscription, empty if that is ill-formed; false: `text` is none, *filter
 * stays as it is. */
bool mqtt_share_parse(struct span text, struct span *filter);

/* The session's membership in the group of exactly this text, or NULL. */
struct mqtt_subscription *mqtt_share_find(const struct mqtt_sessions *ss, struct span text,
                                          const struct mqtt_session *s);

/* Makes `sub`, whose owner is set, a member. False: no memory. */
bool mqtt_share_join(struct mqtt_sessions *ss, struct span text, struct mqtt_subscription *sub);
void mqtt_share_leave(struct mqtt_sessions *ss, struct mqtt_subscription *sub);

/* Whose turn it is with a message of this topic that came by session number `from`, of the group
 * that stands in the tree as `group`; NULL: no member may read it. A member out of the store has
 * the rights of its next opening: what they forbid is dropped then. */
struct mqtt_subscription *mqtt_share_turn(const struct mqtt_subscription *group, struct span topic,
                                          uint64_t from);

#endif
