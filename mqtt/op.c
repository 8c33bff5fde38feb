#include "mqtt/op.h"

#include "mqtt/broker.h"
#include "mqtt/topic.h"

static const uint8_t types[] = {
    [MQTT_OP_OPENED] = MQTT_CONNACK,    [MQTT_OP_PUBACK] = MQTT_PUBACK,
    [MQTT_OP_PUBREC] = MQTT_PUBREC,     [MQTT_OP_PUBREL] = MQTT_PUBREL,
    [MQTT_OP_PUBCOMP] = MQTT_PUBCOMP,   [MQTT_OP_SUBACK] = MQTT_SUBACK,
    [MQTT_OP_UNSUBACK] = MQTT_UNSUBACK, [MQTT_OP_DELIVER] = MQTT_PUBLISH,
};

static uint8_t publish_flags(const struct mqtt_op *op)
{
    unsigned flags = (unsigned)op->qos << 1;

    flags |= op->dup ? MQTT_DUP : 0;
    flags |= op->retain ? MQTT_RETAIN : 0;
    return (uint8_t)flags;
}

static struct mqtt_packet publish_of(const struct mqtt_op *op, struct span topic)
{
    return (struct mqtt_packet){
        .flags = publish_flags(op), .packet_id = op->packet_id, .topic = topic};
}

void mqtt_op_encode_head(const struct mqtt_op *op, struct span topic, struct writer *w)
{
    struct mqtt_packet pkt;

    switch (op->kind) {
    case MQTT_OP_DELIVER:
        pkt = publish_of(op, topic);
        mqtt_packet_encode_head(&pkt, op->message->payload_len, w);
        break;
    case MQTT_OP_PUBACK:
    case MQTT_OP_PUBREC:
    case MQTT_OP_PUBREL:
    case MQTT_OP_PUBCOMP:
    case MQTT_OP_UNSUBACK:
        mqtt_packet_encode_ack((enum mqtt_type)types[op->kind], op->packet_id, w);
        break;
    case MQTT_OP_SUBACK:
        mqtt_packet_begin_codes(op->packet_id, block_span(op->codes).len, w);
        break;
    case MQTT_OP_OPENED:
        pkt = (struct mqtt_packet){.type = MQTT_CONNACK, .code = op->code, .present = op->present};
        mqtt_packet_encode(&pkt, w);
        break;
    default: break;
    }
}

static struct span body_of(const struct mqtt_op *op)
{
    switch (op->kind) {
    case MQTT_OP_DELIVER: return mqtt_message_payload(op->message);
    case MQTT_OP_SUBACK: return block_span(op->codes);
    default: return (struct span){NULL, 0};
    }
}

bool mqtt_op_goes_apart(const struct mqtt_op *op, struct span topic)
{
    size_t len = body_of(op).len;

    return len > MQTT_COPY_MOST || len + topic.len > MQTT_TOPIC_MAX;
}

struct span mqtt_op_body(const struct mqtt_op *op, struct block **block)
{
    bool is_codes = op->kind == MQTT_OP_SUBACK;

    *block = block_hold(is_codes ? op->codes : mqtt_message_block(op->message));
    return body_of(op);
}

void mqtt_op_encode(const struct mqtt_op *op, struct span topic, struct writer *w)
{
    struct writer start = *w;

    mqtt_op_encode_head(op, topic, w);
    write_span(w, body_of(op));
    if (w->bad) {
        w->at = start.at;
    }
}

enum mqtt_op_kind mqtt_op_of(enum mqtt_type type)
{
    switch (type) {
    case MQTT_PUBACK: return MQTT_OP_PUBACK;
    case MQTT_PUBREC: return MQTT_OP_PUBREC;
    case MQTT_PUBREL: return MQTT_OP_PUBREL;
    default: return MQTT_OP_PUBCOMP;
    }
}

void mqtt_op_drop(struct mqtt_op *op)
{
    mqtt_message_drop(op->message);
    block_drop(op->codes);
    op->message = NULL;
    op->codes = NULL;
}
