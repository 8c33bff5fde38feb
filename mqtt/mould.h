/* mqtt/mould.h - one session's subscriptions for many sessions: each message goes to that of its
 * sender.
 *
 * A session opened with `quota.is_mould` gets nothing itself. What it is subscribed to goes, under
 * its rules, to the session that was joined to it for the message's origin; of other origins, and
 * of 0, it goes nowhere.
 */
#ifndef MQTT_MOULD_H
#define MQTT_MOULD_H

#include "mqtt/session.h"

/* `s` gets what those of `origin` send; it leaves before it is freed. False: no memory. */
bool mqtt_mould_join(struct mqtt_sessions *ss, const struct mqtt_session *mould, uint32_t origin,
                     struct mqtt_session *s);
void mqtt_mould_leave(struct mqtt_sessions *ss, const struct mqtt_session *mould, uint32_t origin);

/* NULL: none was joined for it. */
struct mqtt_session *mqtt_mould_find(const struct mqtt_sessions *ss,
                                     const struct mqtt_session *mould, uint32_t origin);

#endif
