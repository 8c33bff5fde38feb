#include "sn/gate_parts.h"

#include "sn/forward.h"

void sn_node_drop_prompt(struct sn_node *node)
{
    block_drop(node->prompt.will);
    node->prompt = (struct sn_prompt){.will = NULL};
}

void sn_gate_refuse(struct sn_gate *gate, uint8_t code)
{
    struct sn_packet answer = {.type = SN_CONNACK, .code = code};

    sn_gate_send_stranger(gate, &answer);
}

/* --- will prompt ----------------------------------------------------------------------------- */

static bool keep_topic(struct sn_gate *gate, struct sn_prompt *prompt, const struct sn_packet *pkt)
{
    block_drop(prompt->will);
    prompt->will = block_copy(gate->config.budget, pkt->data);
    prompt->topic_len = (uint16_t)pkt->data.len;
    prompt->flags = pkt->flags;
    return prompt->will != NULL;
}

static bool keep_message(struct sn_prompt *prompt, struct span message)
{
    struct block *will = block_resize(prompt->will, prompt->topic_len + message.len);

    if (will == NULL) {
        return false;
    }
    if (message.len != 0) {
        memcpy(will->octets + prompt->topic_len, message.at, message.len);
    }
    prompt->will = will;
    return true;
}

/* What cannot be kept ends the attempt, and what it was before, as a CONNECT of another kind does.
 */
bool sn_gate_keep_will(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    bool is_topic = pkt->type == SN_WILLTOPIC;

    if (is_topic && pkt->data.len == 0) { /* there is none */
        return true;
    }
    if (is_topic && !sn_topic_is_name(pkt->data)) {
        node->admission_code = SN_RC_NOT_SUPPORTED;
    } else if (is_topic ? keep_topic(gate, &node->prompt, pkt)
                        : keep_message(&node->prompt, pkt->data)) {
        return true;
    } else {
        node->admission_code = SN_RC_CONGESTION;
    }
    gate->cause = "its will cannot be kept";
    sn_gate_step(gate, node, SN_ON_REFUSED, NULL);
    return false;
}

void sn_gate_tell_connect(struct sn_gate *gate, struct sn_node *node)
{
    struct sn_prompt *prompt = &node->prompt;
    int qos = sn_flags_qos(prompt->flags);
    struct sn_news *news = sn_gate_tell(gate, SN_NEWS_CONNECT, node);

    prompt->asking = false;
    node->open = true;
    sn_gate_idles(gate, node);
    news->clean = (node->hello.flags & SN_FLAG_CLEAN) != 0;
    news->no_will = prompt->no_will;
    news->will = !prompt->no_will && prompt->will != NULL;
    if (prompt->will != NULL) {
        news->topic = span_of(prompt->will->octets, prompt->topic_len);
        news->data = span_from(block_span(prompt->will), prompt->topic_len);
    }
    news->qos = qos < 0 ? 0 : (uint8_t)qos;
    news->retain = (prompt->flags & SN_FLAG_RETAIN) != 0;
}

/* --- CONNECT --------------------------------------------------------------------------------- */

/* The client did not hear our CONNACK, or the hub has not answered yet. SN-047 */
static bool is_repeat(struct sn_gate *gate, struct sn_node *node, uint32_t hash)
{
    const struct sn_limits *limits = sn_gate_limits(gate, node);
    uint64_t window = (uint64_t)limits->retry_ms * limits->retries;

    if (hash != node->hello.hash || (node->hello.flags & SN_FLAG_WILL)) {
        return false;
    }
    return node->state == SN_CONNECTING ||
           (node->state == SN_ACTIVE && gate->now_ms - node->hello.at_ms <= window);
}

void sn_gate_begin(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt,
                   bool moved)
{
    uint32_t hash = (uint32_t)map_hash(gate->seed, gate->wire);
    struct sn_packet again = {.type = SN_CONNACK};
    bool will = (pkt->flags & SN_FLAG_WILL) != 0;

    if (node->bound && sn_gate_find_peer(gate, &gate->from) == node &&
        is_repeat(gate, node, hash)) {
        if (node->state == SN_ACTIVE) {
            (void)sn_gate_send(gate, &gate->from, &again);
            sn_gate_step(gate, node, SN_ON_PONG, NULL); /* a sign of life, no more: SN-050 */
        }
        return;
    }
    if (pkt->flags & SN_FLAG_CLEAN) {
        sn_node_end_exchange(gate, node);
    } else {
        sn_node_pause_exchange(gate, node);
    }
    sn_node_drop_prompt(node);
    node->last.msg_id = 0;
    node->heard_s = (uint32_t)(gate->now_ms / 1000);
    node->hello.hash = hash;
    node->hello.at_ms = gate->now_ms;
    node->hello.duration_s = pkt->duration_s;
    node->hello.flags = pkt->flags;
    node->hello.moved = moved;
    if (!sn_node_bind(gate, node, &gate->from)) {
        sn_gate_refuse(gate, SN_RC_CONGESTION);
        gate->cause = "no memory for its address";
        node->state = SN_CONNECTING;
        sn_gate_step(gate, node, SN_ON_SILENCE, NULL);
        return;
    }
    if (will && node->user == NULL) {
        sn_gate_half_open(gate, node);
    }
    sn_gate_step(gate, node, will ? SN_ON_CONNECT_WILL : SN_ON_CONNECT, pkt);
}

void sn_gate_connect(struct sn_gate *gate, const struct sn_packet *pkt)
{
    struct sn_node *node = sn_gate_find_id(gate, pkt->data);

    if (pkt->protocol != SN_PROTOCOL_ID || pkt->data.len == 0 ||
        pkt->data.len > gate->config.client_id) {
        sn_gate_refuse(gate, SN_RC_NOT_SUPPORTED); /* SN-033 SN-035 SN-036 */
        return;
    }
    if (node == NULL && sn_gate_make_place(gate)) {
        node = sn_gate_make_node(gate, pkt->data);
    }
    if (node == NULL) {
        sn_gate_refuse(gate, SN_RC_CONGESTION); /* SN-032 */
    } else {
        sn_gate_move(gate, node, pkt);
    }
}

void sn_gate_admit(struct sn_gate *gate, struct sn_node *node, const struct sn_admission *admission,
                   uint64_t now_ms)
{
    gate->now_ms = now_ms;
    if (node->state != SN_CONNECTING || node->prompt.asking) {
        return; /* it has left, or begun anew, meanwhile */
    }
    node->admission_code = admission->code;
    if (admission->code != SN_RC_ACCEPTED) {
        node->open = false;
        sn_gate_step(gate, node, SN_ON_REFUSED, NULL);
        return;
    }
    sn_node_drop_prompt(node);
    if (admission->present) {
        sn_topics_untell(&node->topics);
    } else {
        sn_topics_clear(&node->topics);
        block_drop(node->keys);
        node->keys = NULL;
    }
    sn_topics_pardon(&node->topics);
    node->names = admission->names;
    if (admission->known) {
        sn_gate_stays(node);
    }
    sn_gate_step(gate, node, SN_ON_ADMITTED, NULL);
    sn_node_resume_exchange(gate, node);
}
