/* mqtt/client_parts.h - what the files of mqtt/client.h share; for them alone. */
#ifndef MQTT_CLIENT_PARTS_H
#define MQTT_CLIENT_PARTS_H

#include "base/heap.h"
#include "mqtt/client.h"

/* Who ended a connection. FAULT: a broken rule, a refusal or a missing answer of the far side,
 * which the cause says; or ourselves. */
enum mqtt_client_end { MQTT_CLIENT_BY_FAULT, MQTT_CLIENT_BY_THEM };

/* CONNACK 0. */
void mqtt_client_begin_life(struct mqtt_client *c, uint64_t now_ms);

/* A packet came while online. */
void mqtt_client_heard(struct mqtt_client *c, uint64_t now_ms);

/* It answered something of ours. */
void mqtt_client_answered(struct mqtt_client *c);

/* Back to IDLE with news DOWN and a delay; while idle nothing. */
void mqtt_client_end(struct mqtt_client *c, enum mqtt_client_end by, const char *cause,
                     uint64_t now_ms);

#endif
