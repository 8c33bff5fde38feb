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

    if (topic == NULL || sn_flags_topic_type(pkt->flags) != SN_TOPIC_NORMAL) {
        return;
    }
    if (pkt->code == SN_RC_ACCEPTED) {
        topic->told = true;
    } else {
        topic->fresh = true; /* the hub could not keep it */
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
    return sn_gate_room(gate, node->listener) >= sn_gate_limits(gate, node)->max_message &&
           sn_gate_forwarder_has_room(gate, node);
}

bool sn_gate_is_ready(const struct sn_gate *gate, const struct sn_node *node)
{
    return (node->state == SN_ACTIVE || node->state == SN_AWAKE) && node->pending == NULL &&
           sn_gate_has_room(gate, node);
}

/* --- deliveries ------------------------------------------------------------------------------- */

/* SN-013 SN-149 */
bool sn_gate_fits(const struct sn_gate *gate, const struct sn_node *node, struct sn_exchange x)
{
    size_t most = sn_gate_limits(gate, node)->max_message;
    size_t longer = x.topic.len > x.data.len ? x.topic.len : x.data.len;
    struct sn_packet pkt = sn_exchange_packet(&x);
    struct sn_peer to;
    bool first = false;

    if (2 * SN_HEAD_MAX + node->who->len + longer <= most) { /* without looking at either */
        return true;
    }
    to = sn_node_peer(node);
    first = sn_forward_len(&pkt, &to) <= most;
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
    err = sn_gate_choose_id(gate, node, &x);
    if (err != SN_OK) {
        return err;
    }
    if (!sn_gate_fits(gate, node, x)) {
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
