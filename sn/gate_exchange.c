#include "sn/gate_parts.h"

#include <assert.h>

static bool open_exchange(struct sn_gate *gate, struct sn_node *node, const struct sn_exchange *x)
{
    struct sn_pending *pending = pool_take(&gate->pending);

    assert(node->pending == NULL);
    if (pending == NULL) {
        return false;
    }
    pending->exchange = *x;
    pending->exchange.turn = node->turn;
    pending->exchange.block = x->block == NULL ? NULL : block_hold(x->block);
    pending->node = node;
    heap_item_init(&pending->retry);
    node->pending = pending;
    return true;
}

void sn_node_end_exchange(struct sn_gate *gate, struct sn_node *node)
{
    struct sn_pending *pending = node->pending;

    if (pending == NULL) {
        return;
    }
    sn_gate_timer(gate, SN_TIMER_RETRY, &pending->retry, HEAP_NEVER);
    sn_exchange_end(&pending->exchange);
    node->turn = pending->exchange.turn;
    node->pending = NULL;
    pool_give(&gate->pending, pending);
}

static void finish(struct sn_gate *gate, struct sn_node *node)
{
    sn_node_end_exchange(gate, node);
    sn_gate_tell(gate, SN_NEWS_READY, node);
}

static void tell_id(struct sn_gate *gate, struct sn_node *node, enum sn_news_kind kind)
{
    sn_gate_tell(gate, kind, node)->msg_id = node->pending->exchange.msg_id;
}

/* It can never be made, or not yet; at QoS 0 the hub has it no more. */
static void give_up(struct sn_gate *gate, struct sn_node *node, enum sn_err why)
{
    bool later = why == SN_ERR_LATER && node->pending->exchange.qos != 0;

    tell_id(gate, node, later ? SN_NEWS_LATER : SN_NEWS_DROPPED);
    finish(gate, node);
}

/* SN-167: what a sleeper's acknowledgement leads to goes when it wakes. */
static void turn(struct sn_gate *gate, struct sn_node *node, enum sn_exchange_kind kind)
{
    struct sn_exchange *x = &node->pending->exchange;

    sn_exchange_turn(x, kind);
    if (kind == SN_EXCHANGE_REGISTER) {
        node->register_id = (uint16_t)(node->register_id == UINT16_MAX ? 1 : node->register_id + 1);
        x->register_id = node->register_id;
    }
    if (node->state != SN_ASLEEP) {
        sn_gate_send_exchange(gate, node);
    }
}

bool sn_node_begin_exchange(struct sn_gate *gate, struct sn_node *node, const struct sn_exchange *x)
{
    if (!open_exchange(gate, node, x)) {
        return false;
    }
    turn(gate, node, x->kind);
    return true;
}

/* QoS 0 wants no answer: sent, and over. */
static void send_once(struct sn_gate *gate, const struct sn_node *node, struct sn_exchange *x)
{
    struct sn_packet pkt;

    sn_exchange_turn(x, SN_EXCHANGE_PUBLISH);
    pkt = sn_exchange_packet(x);
    (void)sn_node_send(gate, node, &pkt);
}

void sn_node_pause_exchange(struct sn_gate *gate, struct sn_node *node)
{
    struct sn_pending *pending = node->pending;

    if (pending == NULL) {
        return;
    }
    sn_gate_timer(gate, SN_TIMER_RETRY, &pending->retry, HEAP_NEVER);
    pending->exchange.turn++; /* what has not left yet starts no timer */
}

void sn_node_resume_exchange(struct sn_gate *gate, struct sn_node *node)
{
    struct sn_pending *pending = node->pending;
    const struct sn_topic *topic = NULL;

    if (pending == NULL) {
        return;
    }
    if (pending->exchange.kind != SN_EXCHANGE_REGISTER || pending->exchange.qos != 0) {
        sn_node_end_exchange(gate, node);
        return;
    }
    topic = sn_topics_by_id(&node->topics, pending->exchange.topic_id);
    if (topic == NULL) {
        give_up(gate, node, SN_ERR_FULL);
    } else if (topic->told) {
        send_once(gate, node, &pending->exchange);
        finish(gate, node);
    } else {
        turn(gate, node, SN_EXCHANGE_REGISTER);
    }
}

/* SN-079 SN-140 SN-148 SN-183 */
void sn_gate_retry_due(struct sn_gate *gate, struct sn_node *node)
{
    if (sn_gate_is_silent(gate, node->listener)) {
        gate->cause = "this gateway stands by again";
        sn_gate_step(gate, node, SN_ON_BYE, NULL);
        return;
    }
    if (sn_exchange_repeat(&node->pending->exchange, sn_gate_limits(gate, node)->retries)) {
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
    struct sn_exchange *x = &node->pending->exchange;
    struct sn_topic *topic = sn_topics_by_id(&node->topics, x->topic_id);

    if (topic == NULL) {
        give_up(gate, node, SN_ERR_FULL);
        return;
    }
    topic->told = pkt->code == SN_RC_ACCEPTED;
    if (topic->told && x->qos != 0) {
        turn(gate, node, SN_EXCHANGE_PUBLISH);
    } else if (topic->told && node->state == SN_ASLEEP) {
        return; /* SN-167: the message goes when it wakes */
    } else if (topic->told) {
        send_once(gate, node, x);
        finish(gate, node);
    } else {
        bool later = pkt->code == SN_RC_CONGESTION;

        topic->refused = !later;                             /* SN-080 */
        topic->ask_after_s = later ? wait_until_s(gate) : 0; /* SN-081 */
        give_up(gate, node, later ? SN_ERR_LATER : SN_ERR_REFUSED);
    }
}

/* SN-146: the client does not know the id; it is told once more, and the message sent again.
 * Instead of a KEY it gets a normal id. */
static enum sn_err renew_key(struct sn_gate *gate, struct sn_node *node, struct sn_exchange *x)
{
    enum sn_err err = SN_OK;

    sn_gate_forget_key(node, x->topic_id, x->topic_type);
    err = sn_gate_choose_normal(gate, node, x);
    if (err == SN_OK && !sn_gate_fits(gate, node, *x)) { /* under its KEY it did */
        gate->count.too_long++;
        err = SN_ERR_SIZE;
    }
    if (err == SN_OK) {
        turn(gate, node, x->kind);
    }
    return err;
}

static enum sn_err renew(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    struct sn_exchange *x = &node->pending->exchange;
    struct sn_topic *topic = NULL;

    if (pkt->code != SN_RC_INVALID_ID) {
        return SN_ERR_REFUSED;
    }
    if (x->topic_type != SN_TOPIC_NORMAL) {
        return renew_key(gate, node, x);
    }
    topic = sn_topics_by_id(&node->topics, x->topic_id);
    if (topic == NULL) {
        return SN_ERR_REFUSED;
    }
    topic->told = false;
    if (x->renewed) {
        return SN_ERR_REFUSED;
    }
    x->renewed = true;
    turn(gate, node, SN_EXCHANGE_REGISTER);
    return SN_OK;
}

static void on_puback(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    enum sn_err err = SN_OK;

    if (pkt->code == SN_RC_ACCEPTED) {
        tell_id(gate, node, SN_NEWS_PUBACK);
        finish(gate, node);
        return;
    }
    err = renew(gate, node, pkt);
    if (err != SN_OK) {
        give_up(gate, node, err); /* SN-147 */
    }
}

/* At QoS 0 nothing is repeated, but the next one is told first. */
static void forget_told(struct sn_node *node, const struct sn_packet *pkt)
{
    struct sn_topic *topic = sn_topics_by_id(&node->topics, pkt->topic_id);

    if (pkt->type != SN_PUBACK || pkt->msg_id != 0 || pkt->code != SN_RC_INVALID_ID) {
        return;
    }
    sn_gate_forget_key(node, pkt->topic_id, SN_TOPIC_NORMAL); /* PUBACK does not say which kind */
    if (topic != NULL) {
        topic->told = false;
    }
}

void sn_gate_acknowledged(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    struct sn_pending *pending = node->pending;

    if (pending == NULL || !sn_exchange_expects(&pending->exchange, pkt)) {
        forget_told(node, pkt);
        return;
    }
    sn_gate_timer(gate, SN_TIMER_RETRY, &pending->retry, HEAP_NEVER);
    switch (pkt->type) {
    case SN_REGACK: on_regack(gate, node, pkt); break;
    case SN_PUBACK: on_puback(gate, node, pkt); break;
    case SN_PUBREC:
        sn_exchange_turn(&pending->exchange, SN_EXCHANGE_HELD);
        tell_id(gate, node, SN_NEWS_PUBREC);
        break;
    default:
        tell_id(gate, node, SN_NEWS_PUBCOMP);
        finish(gate, node);
        break;
    }
}
