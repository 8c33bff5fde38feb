#include "sn/gate_parts.h"

#include <assert.h>

#include "sn/forward.h"

/* --- the hub's answers ------------------------------------------------------------------------ */

static bool is_connected(const struct sn_node *node)
{
    return node->state == SN_ACTIVE || node->state == SN_ASLEEP || node->state == SN_AWAKE;
}

/* SN-141; held back from a sleeper, to whom the hub says it again. */
static void answer_pubrel(struct sn_gate *gate, struct sn_node *node, uint16_t msg_id)
{
    const struct sn_exchange *x = node->pending == NULL ? NULL : &node->pending->exchange;
    struct sn_exchange release = {.kind = SN_EXCHANGE_PUBREL, .msg_id = msg_id, .qos = 2};
    struct sn_packet pkt = {.type = SN_PUBREL, .msg_id = msg_id};

    if (node->state == SN_ASLEEP) {
        return;
    }
    if (x != NULL && x->kind == SN_EXCHANGE_HELD && x->msg_id == msg_id) {
        sn_node_end_exchange(gate, node);
    }
    if (node->pending == NULL && sn_node_begin_exchange(gate, node, &release)) {
        return;
    }
    (void)sn_node_send(gate, node, &pkt);
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
    if (node->last.msg_id != pkt->msg_id) {
        return;
    }
    node->last_answered = pkt->code == SN_RC_ACCEPTED;
    if (!node->last_answered) {
        node->last.msg_id = 0; /* what was refused may come again */
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
    (void)sn_node_send(gate, node, &pkt);
}

bool sn_gate_has_room(const struct sn_gate *gate, const struct sn_node *node)
{
    return sn_gate_room(gate, node->listener) >= sn_node_listener(gate, node)->max_message &&
           sn_gate_forwarder_has_room(gate, node);
}

bool sn_gate_is_ready(const struct sn_gate *gate, const struct sn_node *node)
{
    return (node->state == SN_ACTIVE || node->state == SN_AWAKE) && node->pending == NULL &&
           sn_gate_has_room(gate, node);
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
    struct sn_peer to = sn_node_peer(node);
    size_t most = sn_node_listener(gate, node)->max_message;
    struct sn_packet pkt = sn_exchange_packet(&x);
    bool first = sn_forward_len(&pkt, &to) <= most;

    if (x.kind == SN_EXCHANGE_PUBLISH) {
        return first;
    }
    x.kind = SN_EXCHANGE_PUBLISH;
    pkt = sn_exchange_packet(&x);
    return first && sn_forward_len(&pkt, &to) <= most;
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
                            .block = delivery->block};
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
    if (x.kind == SN_EXCHANGE_PUBLISH && x.qos == 0) { /* it wants no answer: sent, and over */
        struct sn_packet pkt = sn_exchange_packet(&x);

        (void)sn_node_send(gate, node, &pkt);
        return SN_OK;
    }
    return sn_node_begin_exchange(gate, node, &x) ? SN_OK : SN_ERR_FULL;
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
