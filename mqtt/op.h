/* mqtt/op.h - a session's operations as packets: what mqtt/conn and mqtt/client write. */
#ifndef MQTT_OP_H
#define MQTT_OP_H

#include "mqtt/packet.h"
#include "mqtt/session.h"

/* Writes `op` as a packet, a delivery under `topic`, but for its body: the payload of a delivery,
 * the codes of SUBACK. Whole or nothing; nothing for what no packet says. */
void mqtt_op_encode_head(const struct mqtt_op *op, struct span topic, struct writer *w);

/* Its body is too long to be copied behind its head, and goes as a part of its block. Else the
 * whole fits an empty scratch; a head always does. */
bool mqtt_op_goes_apart(const struct mqtt_op *op, struct span topic);

/* The body, and a reference of the block it lies in, for the caller to drop. */
struct span mqtt_op_body(const struct mqtt_op *op, struct block **block);

/* As mqtt_op_encode_head, with the body: whole or nothing, and `w` bad. */
void mqtt_op_encode(const struct mqtt_op *op, struct span topic, struct writer *w);

/* The operation that this acknowledgement is: PUBACK, PUBREC, PUBREL or PUBCOMP. */
enum mqtt_op_kind mqtt_op_of(enum mqtt_type type);

/* Gives up what `op` refers to. */
void mqtt_op_drop(struct mqtt_op *op);

#endif
