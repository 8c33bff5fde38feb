#include "mqtt/message.h"

struct mqtt_message *mqtt_message_new(struct budget *budget, struct span topic, struct span payload)
{
    struct block *block = NULL;
    struct mqtt_message *m = NULL;

    if (topic.len > UINT16_MAX || payload.len > UINT32_MAX) {
        return NULL;
    }
    block = block_new(budget, sizeof *m + topic.len + payload.len);
    if (block == NULL) {
        return NULL;
    }
    m = (struct mqtt_message *)(void *)block->octets;
    *m = (struct mqtt_message){.payload_len = (uint32_t)payload.len,
                               .topic_len = (uint16_t)topic.len};
    if (topic.len != 0) {
        memcpy(m->octets, topic.at, topic.len);
    }
    if (payload.len != 0) {
        memcpy(m->octets + topic.len, payload.at, payload.len);
    }
    return m;
}
