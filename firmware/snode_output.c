/* From the step under way, or an answer owed, to octets. */
#include "firmware/snode_parts.h"

static uint8_t flags_of_will(const struct snode_will *will)
{
    return (uint8_t)(sn_flags_of_qos(will->qos) | (will->retain ? SN_FLAG_RETAIN : 0));
}

/* The empty form, which deletes the will, has neither flags nor topic. */
static void put_will_topic(const struct snode *node, struct sn_packet *pkt)
{
    if (node->will != NULL) {
        pkt->full = true;
        pkt->flags = flags_of_will(node->will);
        pkt->data = span_of_text(node->will->topic);
    }
}

static void put_connect(const struct snode *node, struct sn_packet *pkt)
{
    pkt->flags =
        (uint8_t)((node->will != NULL ? SN_FLAG_WILL : 0) | (node->clean ? SN_FLAG_CLEAN : 0));
    pkt->protocol = SN_PROTOCOL_ID;
    pkt->duration_s = node->config->keepalive_s;
    pkt->data = span_of_text(node->config->client_id);
}

static void put_publish(const struct snode *node, struct sn_packet *pkt)
{
    const struct snode_request *want = &node->want;

    pkt->flags = (uint8_t)(snode_kind(&want->topic) | sn_flags_of_qos(want->qos) |
                           (want->retain ? SN_FLAG_RETAIN : 0) | (want->dup ? SN_FLAG_DUP : 0));
    pkt->topic_id =
        want->topic.by == SNODE_BY_INDEX ? node->memory.ids[want->topic.id] : want->topic.id;
    pkt->data = span_of(node->memory.data, want->data_len);
}

/* SUBSCRIBE and UNSUBSCRIBE; the latter has no QoS and no DUP. */
static void put_filter(const struct snode *node, struct sn_packet *pkt)
{
    const struct snode_request *want = &node->want;

    pkt->flags = snode_kind(&want->topic);
    pkt->topic_id = want->topic.id;
    pkt->data = snode_name(node, &want->topic);
    if (pkt->type == SN_SUBSCRIBE) {
        pkt->flags =
            (uint8_t)(pkt->flags | sn_flags_of_qos(want->qos) | (want->dup ? SN_FLAG_DUP : 0));
    }
}

static void put_step(const struct snode *node, struct sn_packet *pkt)
{
    switch (pkt->type) {
    case SN_CONNECT: put_connect(node, pkt); break;
    case SN_REGISTER: pkt->data = snode_name(node, &node->want.topic); break;
    case SN_PUBLISH: put_publish(node, pkt); break;
    case SN_SUBSCRIBE:
    case SN_UNSUBSCRIBE: put_filter(node, pkt); break;
    case SN_PINGREQ:
        if (node->state == SNODE_AWAKE) {
            pkt->data = span_of_text(node->config->client_id);
        }
        break;
    case SN_DISCONNECT:
        pkt->duration_s = node->want.duration_s;
        pkt->full = pkt->duration_s != 0;
        break;
    case SN_WILLTOPICUPD: put_will_topic(node, pkt); break;
    case SN_WILLMSGUPD: pkt->data = node->will->data; break;
    default: break;
    }
}

static size_t encode_step(struct snode *node, uint8_t *out, size_t size, uint32_t now_ms)
{
    struct sn_packet pkt = {.type = (enum sn_type)node->step.type, .msg_id = node->step.msg_id};
    size_t len;

    put_step(node, &pkt);
    len = sn_packet_encode(&pkt, out, size);
    node->step.sent = true;
    node->step.tries++;
    snode_restart(node, now_ms);
    if (pkt.type == SN_PUBLISH || pkt.type == SN_SUBSCRIBE) {
        node->want.dup = true;
    }
    if (pkt.type == SN_PUBLISH && node->want.qos <= 0) {
        snode_finish(node, SNODE_PUBLISHED, SN_RC_ACCEPTED);
    }
    return len;
}

static size_t encode_answer(struct snode *node, uint8_t *out, size_t size)
{
    struct snode_answer answer = node->answers[0];
    struct sn_packet pkt = {.type = (enum sn_type)answer.type,
                            .code = answer.code,
                            .topic_id = answer.topic_id,
                            .msg_id = answer.msg_id};

    node->answer_count--;
    memmove(node->answers, node->answers + 1, sizeof node->answers - sizeof answer);
    if (pkt.type == SN_WILLTOPIC) {
        put_will_topic(node, &pkt);
    } else if (pkt.type == SN_WILLMSG && node->will != NULL) {
        pkt.data = node->will->data;
    }
    return sn_packet_encode(&pkt, out, size);
}

size_t snode_output(struct snode *node, uint8_t *out, size_t size, uint32_t now_ms)
{
    size_t len = 0;

    if (node->answer_count != 0) {
        len = encode_answer(node, out, size);
    } else {
        snode_choose(node, now_ms);
        if (node->step.type != SNODE_NOTHING && !node->step.sent) {
            len = encode_step(node, out, size, now_ms);
        }
    }
    if (len != 0) {
        node->sent_ms = now_ms;
    }
    return len;
}
