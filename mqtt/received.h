/* mqtt/received.h - QoS 2 packet ids that a session took and its client has not released: a
 * PUBLISH under such an id is a repetition [MQTT-4.3.3-2]. */
#ifndef MQTT_RECEIVED_H
#define MQTT_RECEIVED_H

#include "mqtt/session.h"

struct mqtt_received {
    struct map_item by_id;
    struct list in_session;
    uint64_t key[2]; /* number of the session, packet id */
    uint64_t ticket; /* that PUBREC waits for */
};

struct mqtt_received *mqtt_received_find(const struct mqtt_sessions *ss,
                                         const struct mqtt_session *s, uint16_t packet_id);

/* The id is not there. NULL: no room. */
struct mqtt_received *mqtt_received_add(struct mqtt_sessions *ss, struct mqtt_session *s,
                                        uint16_t packet_id);
void mqtt_received_remove(struct mqtt_sessions *ss, struct mqtt_session *s,
                          struct mqtt_received *received);
void mqtt_received_clear(struct mqtt_sessions *ss, struct mqtt_session *s);

#endif
