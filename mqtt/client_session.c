/* mqtt/client_session.c - news of a client for the session behind it. */
#include "mqtt/client.h"
#include "mqtt/op.h"

bool mqtt_client_settle(struct mqtt_sessions *ss, struct mqtt_session *s,
                        const struct mqtt_client_news *news, uint64_t now_ms)
{
    const struct mqtt_packet *pkt = &news->packet;
    struct mqtt_answer answer = {.kind =
                                     mqtt_packet_qos(pkt) == 2 ? MQTT_OP_PUBREC : MQTT_OP_PUBACK,
                                 .packet_id = pkt->packet_id};

    if (news->kind == MQTT_CLIENT_ACK) {
        mqtt_session_ack(ss, s, mqtt_op_of(pkt->type), pkt->packet_id, now_ms);
        return true;
    }
    if (news->kind != MQTT_CLIENT_PUBLISH && news->kind != MQTT_CLIENT_SKIPPED) {
        return false;
    }
    return mqtt_packet_qos(pkt) == 0 || mqtt_session_owe(ss, s, &answer);
}
