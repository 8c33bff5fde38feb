/* mqtt/op.h - a session's operations as packets: what mqtt/conn and mqtt/client write. */
#ifndef MQTT_OP_H
#define MQTT_OP_H

#include "mqtt/packet.h"
#include "mqtt/session.h"

/* Writes `op` as a packet, a delivery under `topic`; of a delivery everything but its payload.
 * Whole or nothing; nothing for what no packet says. */
void mqtt_op_encode_head(const struct mqtt_op *op, struct span topic, struct writer *w);

/* Of a delivery, fixed header and topic length only: for a topic that is sent apart. */
void mqtt_op_encode_start(const struct mqtt_op *op, struct span topic, struct writer *w);

/* As mqtt_op_encode_head, with the payload: whole or nothing, and `w` bad. */
void mqtt_op_encode(const struct mqtt_op *op, struct span topic, struct writer *w);

/* The operation that this acknowledgement is: PUBACK, PUBREC, PUBREL or PUBCOMP. */
enum mqtt_op_kind mqtt_op_of(enum mqtt_type type);

/* Gives up what `op` refers to. */
void mqtt_op_drop(struct mqtt_op *op);

#endif
