#include "sn/gate_parts.h"

#include <assert.h>

#include "sn/forward.h"

/* --- the exchange under way --------------------------------------------------------------------
 */

void sn_node_end_exchange(struct sn_gate *gate, struct sn_node *node)
{
    sn_gate_timer(gate, &node->retry, HEAP_NEVER);
    sn_exchange_end(&node->exchange);
}

static void finish(struct sn_gate *gate, struct sn_node *node)
{
    sn_node_end_exchange(gate, node);
    sn_gate_tell(gate, SN_NEWS_READY, node);
}

static void tell_id(struct sn_gate *gate, struct sn_node *node, enum sn_news_kind kind)
{
    sn_gate_tell(gate, kind, node)->msg_id = node->exchange.msg_id;
}

/* It can never be made: at QoS 1 and 2 the hub counts it as done. */
static void give_up(struct sn_gate *gate, struct sn_node *node)
{
    if (node->exchange.qos != 0) {
        tell_id(gate, node, SN_NEWS_DROPPED);
    }
    finish(gate, node);
}

static void turn(struct sn_gate *gate, struct sn_node *node, enum sn_exchange_kind kind)
{
    sn_exchange_turn(&node->exchange, kind);
    if (kind == SN_EXCHANGE_REGISTER) {
        node->register_id = (uint16_t)(node->register_id == UINT16_MAX ? 1 : node->register_id + 1);
        node->exchange.register_id = node->register_id;
    }
    sn_gate_send_exchange(gate, node);
}

/* QoS 0 wants no answer: sent, and over. */
static void send_once(struct sn_gate *gate, struct sn_node *node)
{
    struct sn_packet pkt;

    sn_exchange_turn(&node->exchange, SN_EXCHANGE_PUBLISH);
    pkt = sn_exchange_packet(&node->exchange);
    (void)sn_gate_send(gate, &node->address.peer, &pkt);
}

void sn_node_pause_exchange(struct sn_gate *gate, struct sn_node *node)
{
    if (node->exchange.kind != SN_EXCHANGE_REGISTER || node->exchange.qos != 0) {
        sn_node_end_exchange(gate, node);
        return;
    }
    sn_gate_timer(gate, &node->retry, HEAP_NEVER);
    node->exchange.turn++; /* what has not left yet starts no timer */
}

void sn_node_resume_exchange(struct sn_gate *gate, struct sn_node *node)
{
    const struct sn_topic *topic = sn_topics_by_id(&node->topics, node->exchange.topic_id);

    if (!sn_exchange_is_open(&node->exchange)) {
        return;
    }
    if (topic == NULL) {
        finish(gate, node);
    } else if (topic->told) {
        send_once(gate, node);
        finish(gate, node);
    } else {
        turn(gate, node, SN_EXCHANGE_REGISTER);
    }
}

/* SN-079 SN-140 SN-148 SN-183 */
void sn_gate_retry_due(struct sn_gate *gate, struct sn_node *node)
{
    const struct sn_listener *listener = sn_gate_listener(gate, &node->address.peer);

    if (sn_exchange_repeat(&node->exchange, listener->retries)) {
        gate->count.resent++;
        node->resent++;
        sn_gate_send_exchange(gate, node);
        return;
    }
    gate->cause = "no answer";
    sn_gate_step(gate, node, SN_ON_GAVE_UP, NULL);
}

/* --- its answers ------------------------------------------------------------------------------ */

/* 7.2: TWAIT from now, in whole seconds. */
static uint32_t wait_until_s(const struct sn_gate *gate)
{
    return (uint32_t)((gate->now_ms + SN_TWAIT_MS + 999) / 1000);
}

static void on_regack(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    struct sn_topic *topic = sn_topics_by_id(&node->topics, node->exchange.topic_id);

    if (topic == NULL) {
        give_up(gate, node);
        return;
    }
    topic->told = pkt->code == SN_RC_ACCEPTED;
    if (topic->told && node->exchange.qos != 0) {
        turn(gate, node, SN_EXCHANGE_PUBLISH);
    } else if (topic->told && node->state == SN_ASLEEP) {
        return; /* SN-167: the message goes when it wakes */
    } else if (topic->told) {
        send_once(gate, node);
        finish(gate, node);
    } else {
        bool later = pkt->code == SN_RC_CONGESTION;

        topic->refused = !later;                             /* SN-080 */
        topic->ask_after_s = later ? wait_until_s(gate) : 0; /* SN-081 */
        give_up(gate, node);
    }
}

/* SN-146: the client forgot the id; it is told once more, and the message sent again. */
static bool renew(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    struct sn_exchange *x = &node->exchange;
    struct sn_topic *topic = sn_topics_by_id(&node->topics, x->topic_id);

    if (pkt->code != SN_RC_INVALID_ID || x->topic_type != SN_TOPIC_NORMAL || topic == NULL) {
        return false;
    }
    topic->told = false;
    if (x->renewed) {
        return false;
    }
    x->renewed = true;
    turn(gate, node, SN_EXCHANGE_REGISTER);
    return true;
}

static void on_puback(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    if (pkt->code == SN_RC_ACCEPTED) {
        tell_id(gate, node, SN_NEWS_PUBACK);
        finish(gate, node);
    } else if (!renew(gate, node, pkt)) {
        give_up(gate, node); /* SN-147 */
    }
}

/* At QoS 0 nothing is repeated, but the next one is told first. */
static void forget_told(struct sn_node *node, const struct sn_packet *pkt)
{
    struct sn_topic *topic = sn_topics_by_id(&node->topics, pkt->topic_id);

    if (topic != NULL && pkt->type == SN_PUBACK && pkt->msg_id == 0 &&
        pkt->code == SN_RC_INVALID_ID) {
        topic->told = false;
    }
}

void sn_gate_acknowledged(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    if (!sn_exchange_expects(&node->exchange, pkt)) {
        forget_told(node, pkt);
        return;
    }
    sn_gate_timer(gate, &node->retry, HEAP_NEVER);
    switch (pkt->type) {
    case SN_REGACK: on_regack(gate, node, pkt); break;
    case SN_PUBACK: on_puback(gate, node, pkt); break;
    case SN_PUBREC:
        sn_exchange_turn(&node->exchange, SN_EXCHANGE_HELD);
        tell_id(gate, node, SN_NEWS_PUBREC);
        break;
    default:
        tell_id(gate, node, SN_NEWS_PUBCOMP);
        finish(gate, node);
        break;
    }
}

/* --- the hub's answers ------------------------------------------------------------------------ */

static bool is_connected(const struct sn_node *node)
{
    return node->state == SN_ACTIVE || node->state == SN_ASLEEP || node->state == SN_AWAKE;
}

/* SN-141; held back from a sleeper, to whom the hub says it again. */
static void answer_pubrel(struct sn_gate *gate, struct sn_node *node, uint16_t msg_id)
{
    struct sn_exchange *x = &node->exchange;
    struct sn_packet pkt = {.type = SN_PUBREL, .msg_id = msg_id};

    if (node->state == SN_ASLEEP) {
        return;
    }
    if (x->kind == SN_EXCHANGE_NONE || (x->kind == SN_EXCHANGE_HELD && x->msg_id == msg_id)) {
        sn_node_end_exchange(gate, node);
        x->msg_id = msg_id;
        x->qos = 2;
        turn(gate, node, SN_EXCHANGE_PUBREL);
    } else {
        (void)sn_gate_send(gate, &node->address.peer, &pkt);
    }
}

static void note_told(struct sn_node *node, const struct sn_packet *pkt)
{
    struct sn_topic *topic = sn_topics_by_id(&node->topics, pkt->topic_id);

    if (topic != NULL && pkt->code == SN_RC_ACCEPTED &&
        sn_flags_topic_type(pkt->flags) == SN_TOPIC_NORMAL) {
        topic->told = true;
    }
}

static void note_puback(struct sn_node *node, const struct sn_packet *pkt)
{
    if (node->last.known && node->last.msg_id == pkt->msg_id) {
        node->last.answered = pkt->code == SN_RC_ACCEPTED;
        node->last.known = node->last.answered; /* what was refused may come again */
    }
}

void sn_gate_answer(struct sn_gate *gate, struct sn_node *node, const struct sn_answer *answer,
                    uint64_t now_ms)
{
    struct sn_packet pkt = {.type = (enum sn_type)answer->type,
                            .code = answer->code,
                            .topic_id = answer->topic_id,
                            .msg_id = answer->msg_id};

    gate->now_ms = now_ms;
    if (!is_connected(node)) {
        return;
    }
    switch (answer->type) {
    case SN_PUBREL: answer_pubrel(gate, node, answer->msg_id); return;
    case SN_SUBACK:
        pkt.flags = sn_flags_of_qos(answer->qos);
        if (answer->msg_id == node->subscribe_id) {
            pkt.flags |= node->subscribe_type;
        }
        note_told(node, &pkt);
        break;
    case SN_REGACK: note_told(node, &pkt); break;
    case SN_PUBACK: note_puback(node, &pkt); break;
    default: break;
    }
    (void)sn_gate_send(gate, &node->address.peer, &pkt);
}

bool sn_gate_has_room(const struct sn_gate *gate, const struct sn_node *node)
{
    uint16_t listener = node->address.peer.listener;

    return sn_gate_room(gate, listener) >= gate->config.listeners[listener].max_message;
}

bool sn_gate_is_ready(const struct sn_gate *gate, const struct sn_node *node)
{
    return (node->state == SN_ACTIVE || node->state == SN_AWAKE) &&
           !sn_exchange_is_open(&node->exchange) && sn_gate_has_room(gate, node);
}

/* --- deliveries ------------------------------------------------------------------------------- */

/* Two octets may go as a short name, unless these mean something else to the node. SN-150 */
static bool is_short_name(const struct sn_node *node, struct span topic)
{
    return topic.len == 2 &&
           sn_names_by_id(&node->names, (uint16_t)(topic.at[0] << 8 | topic.at[1]), true) == NULL;
}

/* An id made for the delivery, or one that the client must be told of. */
static enum sn_err use_registered(struct sn_gate *gate, struct sn_node *node,
                                  struct sn_topic *topic, struct sn_exchange *x)
{
    if (topic == NULL) {
        topic = sn_topics_add(&node->topics, gate->config.budget, x->topic, true,
                              gate->config.wildcard_names);
        if (topic == NULL) {
            return SN_ERR_FULL;
        }
        sn_gate_name(gate, node);
    }
    if (topic->refused || gate->now_ms < 1000 * (uint64_t)topic->ask_after_s) {
        return SN_ERR_REFUSED;
    }
    x->topic_id = topic->id;
    x->kind = topic->told ? SN_EXCHANGE_PUBLISH : SN_EXCHANGE_REGISTER;
    return SN_OK;
}

/* Chooses type and id, and so what is sent first. */
static enum sn_err choose_id(struct sn_gate *gate, struct sn_node *node, struct sn_exchange *x)
{
    const struct sn_name *name = sn_names_by_topic(&node->names, x->topic);
    struct sn_topic *topic = sn_topics_by_name(&node->topics, x->topic);

    x->kind = SN_EXCHANGE_PUBLISH;
    if (name != NULL) {
        x->topic_type = name->is_short ? SN_TOPIC_SHORT : SN_TOPIC_PREDEFINED;
        x->topic_id = name->id;
        return SN_OK;
    }
    if (topic == NULL && is_short_name(node, x->topic)) {
        x->topic_type = SN_TOPIC_SHORT;
        x->topic_id = (uint16_t)(x->topic.at[0] << 8 | x->topic.at[1]);
        return SN_OK;
    }
    return use_registered(gate, node, topic, x);
}

/* SN-013 SN-149: whatever the exchange will send must fit the link. */
static bool fits(const struct sn_gate *gate, const struct sn_node *node, struct sn_exchange x)
{
    const struct sn_peer *to = &node->address.peer;
    size_t most = sn_gate_listener(gate, to)->max_message;
    struct sn_packet pkt = sn_exchange_packet(&x);
    bool first = sn_forward_len(&pkt, to) <= most;

    x.kind = SN_EXCHANGE_PUBLISH;
    pkt = sn_exchange_packet(&x);
    return first && sn_forward_len(&pkt, to) <= most;
}

enum sn_err sn_gate_deliver(struct sn_gate *gate, struct sn_node *node,
                            const struct sn_delivery *delivery, uint64_t now_ms)
{
    struct sn_exchange x = {.topic = delivery->topic,
                            .data = delivery->data,
                            .msg_id = delivery->qos == 0 ? 0 : delivery->msg_id,
                            .qos = delivery->qos,
                            .dup = delivery->dup,
                            .retain = delivery->retain,
                            .turn = node->exchange.turn};
    enum sn_err err = SN_OK;

    gate->now_ms = now_ms;
    assert(sn_gate_is_ready(gate, node));
    err = choose_id(gate, node, &x);
    if (err != SN_OK) {
        return err;
    }
    if (!fits(gate, node, x)) {
        gate->count.too_long++;
        return SN_ERR_SIZE;
    }
    node->exchange = x;
    if (x.kind == SN_EXCHANGE_PUBLISH && x.qos == 0) {
        send_once(gate, node);
        sn_exchange_end(&node->exchange);
        return SN_OK;
    }
    node->exchange.block = delivery->block == NULL ? NULL : block_hold(delivery->block);
    turn(gate, node, x.kind);
    return SN_OK;
}

void sn_gate_drained(struct sn_gate *gate, struct sn_node *node, uint64_t now_ms)
{
    gate->now_ms = now_ms;
    sn_gate_step(gate, node, SN_ON_DRAINED, NULL);
}

void sn_gate_dismiss(struct sn_gate *gate, struct sn_node *node, uint64_t now_ms)
{
    gate->now_ms = now_ms;
    node->open = false;
    sn_node_end_exchange(gate, node);
    sn_node_drop_prompt(node);
    sn_gate_step(gate, node, SN_ON_DISMISS, NULL);
}
