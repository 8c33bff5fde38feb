#include "mqtt/received.h"

struct mqtt_received *mqtt_received_find(const struct mqtt_sessions *ss,
                                         const struct mqtt_session *s, uint16_t packet_id)
{
    uint64_t key[2] = {s->number, packet_id};

    return MAP_ITEM(map_find(&ss->received_by_id, span_of(key, sizeof key)), struct mqtt_received,
                    by_id);
}

struct mqtt_received *mqtt_received_add(struct mqtt_sessions *ss, struct mqtt_session *s,
                                        uint16_t packet_id)
{
    struct mqtt_received *received = pool_take(&ss->received);

    if (received == NULL) {
        return NULL;
    }
    received->key[0] = s->number;
    received->key[1] = packet_id;
    received->ticket = 0;
    map_add(&ss->received_by_id, &received->by_id, span_of(received->key, sizeof received->key));
    chain_push(&s->received, &received->in_session);
    return received;
}

void mqtt_received_remove(struct mqtt_sessions *ss, struct mqtt_session *s,
                          struct mqtt_received *received)
{
    map_remove(&ss->received_by_id, &received->by_id);
    chain_remove(&s->received, &received->in_session);
    pool_give(&ss->received, received);
}

void mqtt_received_clear(struct mqtt_sessions *ss, struct mqtt_session *s)
{
    CHAIN_EACH_SAFE (link, after, &s->received) {
        mqtt_received_remove(ss, s, LIST_ITEM(link, struct mqtt_received, in_session));
    }
}
