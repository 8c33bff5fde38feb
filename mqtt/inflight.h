/* mqtt/inflight.h - deliveries at QoS 1 and 2 on their way to one session. [MQTT 3.1.1, 4.3, 4.4]
 *
 *     add --> TO_SEND --sent--> SENT --PUBREC--> RELEASED --PUBCOMP--> removed
 *                ^                |  \--PUBACK--> removed
 *                |-- again, dup --|
 *                '---- HELD <-----'
 *
 * An entry keeps its packet id and its place until it is removed [MQTT-4.6.0-1].
 */
#ifndef MQTT_INFLIGHT_H
#define MQTT_INFLIGHT_H

#include "mqtt/queue.h"

#define MQTT_HELD_MOST 16u /* of one session: more wait in its queue, which the quota bounds */

/* Puts `entry`, which is in no list, at the end, to be sent under an id that is not in use
 * [MQTT-2.3.1-4]. There must be fewer than 65535. */
void mqtt_inflight_add(struct mqtt_session *s, struct mqtt_entry *entry);

/* Puts back an entry of the store with its id and state. */
void mqtt_inflight_restore(struct mqtt_session *s, struct mqtt_entry *entry);

struct mqtt_entry *mqtt_inflight_find(const struct mqtt_session *s, uint16_t packet_id);

/* PUBLISH goes out: s->to_send moves on to the next that is to be sent. */
void mqtt_inflight_sent(struct mqtt_session *s, struct mqtt_entry *entry);

/* PUBREC came: the message is given up. */
void mqtt_inflight_release(struct mqtt_session *s, struct mqtt_entry *entry);

/* Is to be sent again, first of all that comes after it. */
void mqtt_inflight_again(struct mqtt_session *s, struct mqtt_entry *entry);

/* As above for all that went out and was not released; what was held is to be sent, too. */
void mqtt_inflight_all_again(struct mqtt_session *s);

/* One more may be taken into flight. */
bool mqtt_inflight_has_room(const struct mqtt_session *s);

/* It did not go out and is passed over ... */
void mqtt_inflight_hold(struct mqtt_session *s, struct mqtt_entry *entry);

/* ... as all that are held were until now. */
void mqtt_inflight_unhold(struct mqtt_session *s);

/* Takes `entry` out. */
void mqtt_inflight_remove(struct mqtt_session *s, struct mqtt_entry *entry);

void mqtt_inflight_clear(struct mqtt_sessions *ss, struct mqtt_session *s);

#endif
