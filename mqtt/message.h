/* mqtt/message.h - one application message, shared by all who hold it.
 *
 * One block holds the head, the topic and the payload, so a message costs one allocation and
 * a fan-out to N receivers keeps no copy.
 *
 * Ownership: reference-counted; mqtt_message_new gives one reference. Charged to the budget.
 */
#ifndef MQTT_MESSAGE_H
#define MQTT_MESSAGE_H

#include <stdbool.h>

#include "base/block.h"
#include "base/bytes.h"

/* The row in which the store has a message: one of its own that queue rows share, or the queue row
 * that has it within. Several messages may be of one row: each that was brought back is one. */
struct mqtt_row {
    uint64_t number;
    uint32_t users;  /* messages of the row, and entries whose message is there alone */
    uint32_t octets; /* of topic and payload */
};

struct mqtt_message {
    struct mqtt_row *row; /* NULL: it has none */
    uint64_t from;        /* number of the session it came by; 0: the gateway's own */
    uint64_t arrived_ms;  /* in the caller's time */
    uint32_t rows;        /* queue rows of the store that need its row, by this message */
    uint32_t origin;      /* who sent it, by the door's own number; 0: nobody that it knows */
    uint32_t payload_len;
    uint16_t topic_len;
    uint8_t qos;     /* as published */
    bool retain : 1; /* as published */
    bool shared : 1; /* several queue rows need it: they share one of its own */
    uint8_t octets[];
};

/* A message with a copy of topic and payload, all else 0; NULL when the budget is short. */
struct mqtt_message *mqtt_message_new(struct budget *budget, struct span topic,
                                      struct span payload);

static inline struct block *mqtt_message_block(struct mqtt_message *m)
{
    return (struct block *)(void *)((uint8_t *)m - offsetof(struct block, octets));
}

static inline struct mqtt_message *mqtt_message_hold(struct mqtt_message *m)
{
    block_hold(mqtt_message_block(m));
    return m;
}

/* Gives one reference back; NULL is allowed. */
static inline void mqtt_message_drop(struct mqtt_message *m)
{
    if (m != NULL) {
        block_drop(mqtt_message_block(m));
    }
}

static inline struct span mqtt_message_topic(const struct mqtt_message *m)
{
    return (struct span){m->octets, m->topic_len};
}

static inline struct span mqtt_message_payload(const struct mqtt_message *m)
{
    return (struct span){m->octets + m->topic_len, m->payload_len};
}

#endif
