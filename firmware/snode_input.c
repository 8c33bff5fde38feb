/* Packets of the gateway. */
#include "firmware/snode_parts.h"

/* The step under way is of `type`, was sent, and this is the answer to it. */
static bool answers(const struct snode *node, enum sn_type type, const struct sn_packet *pkt)
{
    const struct snode_step *step = &node->step;

    return step->type == (uint8_t)type && step->sent && step->msg_id == pkt->msg_id;
}

/* The request under way has got `code` for an answer. */
static void conclude(struct snode *node, enum snode_news news, uint8_t code, uint32_t now_ms)
{
    node->rejoins = 0;
    if (code == SN_RC_CONGESTION) {
        snode_hold(node, now_ms);
    } else {
        snode_finish(node, news, code);
    }
}

static void on_connack(struct snode *node, const struct sn_packet *pkt, uint32_t now_ms)
{
    if (!answers(node, SN_CONNECT, pkt)) {
        return;
    }
    if (pkt->code == SN_RC_CONGESTION) {
        snode_hold(node, now_ms);
    } else if (pkt->code != SN_RC_ACCEPTED) {
        snode_stop(node, SNODE_OFF, SNODE_REFUSED, pkt->code);
    } else {
        node->state = SNODE_ACTIVE;
        node->step.type = SNODE_NOTHING;
        if (node->clean) {
            snode_forget(node);
        }
        snode_tell(node, SNODE_CONNECTED, SN_RC_ACCEPTED);
    }
}

/* 6.2: the prompts are answered however often they come; the timer is CONNECT's own. */
static void on_will_request(struct snode *node, enum sn_type answer, uint32_t now_ms)
{
    if (node->step.type == SN_CONNECT && node->step.sent) {
        snode_reply(node, (struct snode_answer){.type = (uint8_t)answer});
        snode_restart(node, now_ms);
    }
}

static bool is_reserved(uint16_t topic_id)
{
    return topic_id == 0 || topic_id == UINT16_MAX;
}

static void on_register(struct snode *node, const struct sn_packet *pkt)
{
    struct snode_answer regack = {SN_REGACK, SN_RC_ACCEPTED, pkt->topic_id, pkt->msg_id};

    if (is_reserved(pkt->topic_id)) {
        regack.code = SN_RC_INVALID_ID;
    } else if (!snode_learn(node, pkt->data, pkt->topic_id)) {
        regack.code = SN_RC_NOT_SUPPORTED;
    }
    snode_reply(node, regack);
}

static void on_regack(struct snode *node, const struct sn_packet *pkt, uint32_t now_ms)
{
    uint8_t code = pkt->code;

    if (!answers(node, SN_REGISTER, pkt)) {
        return;
    }
    if (code == SN_RC_ACCEPTED && is_reserved(pkt->topic_id)) {
        code = SN_RC_INVALID_ID;
    }
    if (code == SN_RC_ACCEPTED) {
        snode_unlearn(node, pkt->topic_id);
        node->memory.ids[node->want.topic.id] = pkt->topic_id;
    }
    if (code == SN_RC_ACCEPTED && node->want.type == SN_PUBLISH) {
        node->step.type = SNODE_NOTHING;
    } else {
        conclude(node, node->want.type == SN_PUBLISH ? SNODE_PUBLISHED : SNODE_REGISTERED, code,
                 now_ms);
    }
}

/* True when `msg_id` is of a QoS 2 message that came before; else it is from now on. */
static bool came_before(struct snode *node, uint16_t msg_id)
{
    for (size_t i = 0; i < SNODE_INBOUND; i++) {
        if (node->inbound[i] == msg_id) {
            return true;
        }
    }
    memmove(node->inbound + 1, node->inbound, sizeof node->inbound - sizeof node->inbound[0]);
    node->inbound[0] = msg_id;
    return false;
}

static enum snode_by by_of(enum sn_topic_type type)
{
    switch (type) {
    case SN_TOPIC_PREDEFINED: return SNODE_BY_ID;
    case SN_TOPIC_SHORT: return SNODE_BY_SHORT;
    default: return SNODE_BY_NAME;
    }
}

static void deliver(struct snode *node, const struct sn_packet *pkt,
                    const struct snode_topic *topic)
{
    node->message = (struct snode_message){.topic = *topic,
                                           .data = pkt->data,
                                           .qos = (int8_t)sn_flags_qos(pkt->flags),
                                           .retain = (pkt->flags & SN_FLAG_RETAIN) != 0};
    node->has_message = true;
    snode_tell(node, SNODE_MESSAGE, SN_RC_ACCEPTED);
}

/* What cannot be told or answered is as good as lost on the way: the gateway repeats it. */
static void on_publish(struct snode *node, const struct sn_packet *pkt)
{
    struct snode_topic topic = {.by = by_of(sn_flags_topic_type(pkt->flags)), .id = pkt->topic_id};
    struct snode_answer answer = {SN_PUBACK, SN_RC_ACCEPTED, pkt->topic_id, pkt->msg_id};
    int qos = sn_flags_qos(pkt->flags);

    if (qos < 0 || node->has_message || node->brief_count == SNODE_BRIEFS ||
        node->answer_count == SNODE_ANSWERS) {
        return;
    }
    if (sn_flags_topic_type(pkt->flags) == SN_TOPIC_RESERVED || !snode_recall(node, &topic)) {
        answer.code = SN_RC_INVALID_ID;
        snode_reply(node, answer);
        return;
    }
    if (qos == 2) {
        answer.type = SN_PUBREC;
    }
    if (qos > 0) {
        snode_reply(node, answer);
    }
    if (qos != 2 || !came_before(node, pkt->msg_id)) {
        deliver(node, pkt, &topic);
    }
}

static void on_pubrel(struct snode *node, const struct sn_packet *pkt)
{
    for (size_t i = 0; i < SNODE_INBOUND; i++) {
        if (node->inbound[i] == pkt->msg_id) {
            node->inbound[i] = 0;
        }
    }
    snode_reply(node, (struct snode_answer){.type = SN_PUBCOMP, .msg_id = pkt->msg_id});
}

/* 6.7: the gateway has no such id (any more). A message of QoS 0 is gone then, its id too. */
static void on_invalid_id(struct snode *node, const struct sn_packet *pkt)
{
    struct snode_request *want = &node->want;

    snode_unlearn(node, pkt->topic_id);
    if (!answers(node, SN_PUBLISH, pkt)) {
        return;
    }
    if (want->topic.by != SNODE_BY_INDEX || want->renewed) {
        snode_finish(node, SNODE_PUBLISHED, pkt->code);
        return;
    }
    want->renewed = true;
    want->dup = false;
    want->msg_id = 0;
    node->step.type = SNODE_NOTHING;
}

static void on_puback(struct snode *node, const struct sn_packet *pkt, uint32_t now_ms)
{
    bool ours = answers(node, SN_PUBLISH, pkt);

    if (pkt->code == SN_RC_INVALID_ID) {
        on_invalid_id(node, pkt);
    } else if (ours && (pkt->code != SN_RC_ACCEPTED || node->want.qos == 1)) {
        conclude(node, SNODE_PUBLISHED, pkt->code, now_ms);
    } else if (!ours && pkt->msg_id == 0 && pkt->code == SN_RC_CONGESTION) {
        snode_hold(node, now_ms);
    }
}

static void on_pubrec(struct snode *node, const struct sn_packet *pkt)
{
    if (answers(node, SN_PUBLISH, pkt) && node->want.qos == 2) {
        node->want.received = true;
        node->step.type = SNODE_NOTHING;
    }
}

static void on_suback(struct snode *node, const struct sn_packet *pkt, uint32_t now_ms)
{
    struct span name = snode_name(node, &node->want.topic);

    if (!answers(node, SN_SUBSCRIBE, pkt)) {
        return;
    }
    if (pkt->code == SN_RC_ACCEPTED) {
        node->want.qos = (int8_t)sn_flags_qos(pkt->flags);
        if (name.len != 0 && !is_reserved(pkt->topic_id)) {
            snode_learn(node, name, pkt->topic_id);
        }
    }
    conclude(node, SNODE_SUBSCRIBED, pkt->code, now_ms);
}

static void on_will_response(struct snode *node, enum sn_type asked, const struct sn_packet *pkt,
                             uint32_t now_ms)
{
    if (!answers(node, asked, pkt)) {
        return;
    }
    if (asked == SN_WILLTOPICUPD && pkt->code == SN_RC_ACCEPTED && node->will != NULL) {
        node->want.type = SN_WILLMSGUPD;
        node->step.type = SNODE_NOTHING;
    } else {
        conclude(node, SNODE_WILL_SET, pkt->code, now_ms);
    }
}

static void on_pingresp(struct snode *node)
{
    if (node->step.type != SN_PINGREQ || !node->step.sent) {
        return;
    }
    node->rejoins = 0;
    if (node->state == SNODE_AWAKE) {
        snode_finish(node, SNODE_AWAKE_DONE, SN_RC_ACCEPTED);
    } else {
        node->step.type = SNODE_NOTHING;
    }
}

/* The gateway knows us no more (5.4.21): connect again and go on with the request, or give in. */
static void rejoin(struct snode *node)
{
    if (node->rejoins >= node->config->retries) {
        snode_stop(node, SNODE_OFF, SNODE_LOST, SN_RC_ACCEPTED);
        return;
    }
    node->rejoins++;
    if (node->want.type == SN_PINGREQ) {
        node->want.type = SNODE_NOTHING;
    }
    node->step.type = SNODE_NOTHING;
    node->state = SNODE_CONNECTING;
    for (uint16_t i = 0; i < node->config->topic_count; i++) {
        node->memory.ids[i] = 0;
    }
    snode_tell(node, SNODE_REJOINING, SN_RC_ACCEPTED);
}

static void on_disconnect(struct snode *node)
{
    bool to_sleep = node->want.duration_s != 0;

    if (node->step.type == SN_DISCONNECT && node->step.sent) {
        snode_stop(node, to_sleep ? SNODE_ASLEEP : SNODE_OFF,
                   to_sleep ? SNODE_SLEEPS : SNODE_DISCONNECTED, SN_RC_ACCEPTED);
    } else if (node->state == SNODE_ACTIVE || node->state == SNODE_AWAKE ||
               (node->state == SNODE_ASLEEP && node->step.type != SNODE_NOTHING)) {
        rejoin(node);
    }
}

static void act(struct snode *node, const struct sn_packet *pkt, uint32_t now_ms)
{
    switch (pkt->type) {
    case SN_CONNACK: on_connack(node, pkt, now_ms); break;
    case SN_WILLTOPICREQ: on_will_request(node, SN_WILLTOPIC, now_ms); break;
    case SN_WILLMSGREQ: on_will_request(node, SN_WILLMSG, now_ms); break;
    case SN_REGISTER: on_register(node, pkt); break;
    case SN_REGACK: on_regack(node, pkt, now_ms); break;
    case SN_PUBLISH: on_publish(node, pkt); break;
    case SN_PUBACK: on_puback(node, pkt, now_ms); break;
    case SN_PUBREC: on_pubrec(node, pkt); break;
    case SN_PUBREL: on_pubrel(node, pkt); break;
    case SN_PUBCOMP:
        if (answers(node, SN_PUBREL, pkt)) {
            conclude(node, SNODE_PUBLISHED, SN_RC_ACCEPTED, now_ms);
        }
        break;
    case SN_SUBACK: on_suback(node, pkt, now_ms); break;
    case SN_UNSUBACK:
        if (answers(node, SN_UNSUBSCRIBE, pkt)) {
            conclude(node, SNODE_UNSUBSCRIBED, SN_RC_ACCEPTED, now_ms);
        }
        break;
    case SN_PINGREQ: snode_reply(node, (struct snode_answer){.type = SN_PINGRESP}); break;
    case SN_PINGRESP: on_pingresp(node); break;
    case SN_DISCONNECT: on_disconnect(node); break;
    case SN_WILLTOPICRESP: on_will_response(node, SN_WILLTOPICUPD, pkt, now_ms); break;
    case SN_WILLMSGRESP: on_will_response(node, SN_WILLMSGUPD, pkt, now_ms); break;
    default: break;
    }
}

enum sn_err snode_rx(struct snode *node, struct span wire, uint32_t now_ms)
{
    struct sn_packet pkt;
    enum sn_err err = sn_packet_decode(&pkt, wire);

    if (err == SN_OK && node->state != SNODE_OFF) {
        act(node, &pkt, now_ms);
        if (node->state == SNODE_AWAKE && node->step.sent) {
            snode_restart(node, now_ms); /* 6.14: each message shows that the gateway is at it */
            node->step.tries = 1;
        }
    }
    return err;
}
