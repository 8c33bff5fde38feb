/* mqtt/fan.h - from one message to the queues of all who read it.
 *
 *     mqtt_fan_match  --> who, each session once, by which of its subscriptions
 *     ... is there room for all? ...
 *     mqtt_fan_out    --> an entry for each; the payload is shared
 *
 * Of overlapping subscriptions the one with the highest QoS counts [MQTT-3.3.5-1]; of those with
 * rules the first rule in file order, and an exclude before all.
 */
#ifndef MQTT_FAN_H
#define MQTT_FAN_H

#include "mqtt/session.h"

struct mqtt_fan {
    size_t count;    /* the first of sessions' `matched`, each session once */
    size_t kept;     /* of them, kept sessions */
    bool stored;     /* set after the match, as the next: it goes out as a retained message that was
                        there */
    uint64_t ttl_ms; /* from its arrival; 0: as each queue says */
};

/* `from` is the number of the session it came by. Holds until the next call. */
void mqtt_fan_match(struct mqtt_sessions *ss, struct span topic, uint64_t from,
                    struct mqtt_fan *fan);

/* Returns the ticket of the records made; 0: none. */
uint64_t mqtt_fan_out(struct mqtt_sessions *ss, const struct mqtt_fan *fan,
                      struct mqtt_message *message, uint64_t now_ms);

/* Queues a retained message for a new subscription, unless another rule of the session decides
 * over its topic. Returns a ticket as above. */
uint64_t mqtt_fan_retained(struct mqtt_sessions *ss, struct mqtt_session *s,
                           struct mqtt_subscription *sub, struct mqtt_message *message,
                           uint64_t now_ms);

#endif
