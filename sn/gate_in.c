#include "sn/gate_parts.h"

#include "sn/forward.h"

/* --- what the state machine says ------------------------------------------------------------- */

/* 7.2: half as much again up to a minute, a tenth above; or the factor that is set. */
static uint64_t patience_ms(uint16_t duration_s, uint16_t percent)
{
    uint64_t ms = 1000u * (uint64_t)duration_s;

    if (duration_s == 0) {
        return HEAP_NEVER; /* SN-048 */
    }
    if (percent != 0) {
        return ms * percent / 100;
    }
    return duration_s <= 60 ? ms * 3 / 2 : ms * 11 / 10;
}

static void watch(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    const struct sn_limits *limits = sn_gate_limits(gate, node);
    uint64_t ms = (uint64_t)limits->retry_ms * (limits->retries + 1u); /* SN-044 */

    (void)pkt;
    if (node->state == SN_ACTIVE) {
        ms = patience_ms(node->hello.duration_s, limits->keepalive_percent);
    } else if (node->state == SN_ASLEEP) {
        ms = patience_ms(node->sleep_s, limits->sleep_percent);
    }
    node->silent_ms = ms == HEAP_NEVER ? HEAP_NEVER : gate->now_ms + ms;
    if (node->silent_ms < node->watch.due) { /* else the timer finds it later */
        sn_gate_timer(gate, SN_TIMER_WATCH, &node->watch, node->silent_ms);
    }
}

static void unwatch(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    (void)pkt;
    node->silent_ms = HEAP_NEVER;
    sn_gate_timer(gate, SN_TIMER_WATCH, &node->watch, HEAP_NEVER);
}

static void send_bare(struct sn_gate *gate, const struct sn_node *node, enum sn_type type,
                      uint8_t code)
{
    struct sn_packet answer = {.type = type, .code = code};

    (void)sn_node_send(gate, node, &answer);
}

static void tell_connect(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    (void)pkt;
    sn_gate_tell_connect(gate, node);
}

static void ask_topic(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    (void)pkt;
    node->prompt.asking = true;
    send_bare(gate, node, SN_WILLTOPICREQ, 0);
}

static void ask_message(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    (void)pkt;
    send_bare(gate, node, SN_WILLMSGREQ, 0);
}

static void forget_will(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    (void)gate;
    (void)pkt;
    node->prompt.no_will = true;
}

static void connack(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    (void)pkt;
    send_bare(gate, node, SN_CONNACK, node->admission_code);
}

static void disconnect(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    (void)pkt;
    send_bare(gate, node, SN_DISCONNECT, 0);
}

static void pingresp(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    (void)pkt;
    send_bare(gate, node, SN_PINGRESP, 0);
}

static void tell_awake(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    (void)pkt;
    sn_node_resume_exchange(gate, node);
    sn_gate_tell(gate, SN_NEWS_AWAKE, node);
}

static void tell_sleep(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    sn_node_pause_exchange(gate, node);
    sn_gate_stays(node);
    node->sleep_s = pkt->duration_s;
    sn_gate_tell(gate, SN_NEWS_SLEEP, node)->duration_s = pkt->duration_s;
}

static void tell_kept(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    (void)pkt;
    sn_gate_tell(gate, SN_NEWS_GAVE_UP, node)->msg_id = node->pending->exchange.msg_id;
    sn_node_pause_exchange(gate, node);
}

/* The connection is over. A node that the hub never heard of goes with it. */
static void part(struct sn_gate *gate, struct sn_node *node, enum sn_news_kind kind)
{
    sn_node_end_exchange(gate, node);
    sn_node_drop_prompt(node);
    node->last.msg_id = 0;
    if (node->open) {
        node->open = false;
        sn_gate_tell(gate, kind, node)->cause = gate->cause;
    } else if (node->user == NULL) {
        sn_gate_forget(gate, node);
    }
}

static void tell_bye(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    gate->cause = pkt != NULL ? "DISCONNECT" : gate->cause;
    part(gate, node, SN_NEWS_BYE);
}

static void tell_lost(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    (void)pkt;
    part(gate, node, SN_NEWS_LOST);
}

typedef void action(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt);

/* In the order in which they are done; the last two may end the node. */
static const struct {
    enum sn_action bit;
    action *act;
} actions[] = {
    {SN_DO_ASK_TOPIC, ask_topic},
    {SN_DO_ASK_MESSAGE, ask_message},
    {SN_DO_FORGET_WILL, forget_will},
    {SN_DO_CONNECT, tell_connect},
    {SN_DO_CONNACK, connack},
    {SN_DO_SLEEP, tell_sleep},
    {SN_DO_KEEP, tell_kept},
    {SN_DO_WATCH, watch},
    {SN_DO_UNWATCH, unwatch},
    {SN_DO_SERVE, sn_gate_serve},
    {SN_DO_FORWARD, sn_gate_stray},
    {SN_DO_PINGRESP, pingresp},
    {SN_DO_AWAKE, tell_awake},
    {SN_DO_DISCONNECT, disconnect},
    {SN_DO_BYE, tell_bye},
    {SN_DO_LOST, tell_lost},
};

void sn_gate_step(struct sn_gate *gate, struct sn_node *node, enum sn_event event,
                  const struct sn_packet *pkt)
{
    struct sn_step step = sn_state_step(node->state, event);

    node->state = step.next;
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (step.actions & actions[i].bit) {
            actions[i].act(gate, node, pkt);
        }
    }
}

/* --- a datagram ------------------------------------------------------------------------------ */

/* SN_EVENTS: nothing that a gateway has to do with. SN-011 SN-021 */
static enum sn_event event_of(const struct sn_packet *pkt)
{
    switch (pkt->type) {
    case SN_WILLTOPIC: return pkt->data.len != 0 ? SN_ON_WILLTOPIC : SN_ON_NO_WILLTOPIC;
    case SN_WILLMSG: return SN_ON_WILLMSG;
    case SN_PUBLISH:
        return sn_flags_qos(pkt->flags) == SN_QOS_MINUS_1 ? SN_ON_STRAY : SN_ON_REQUEST;
    case SN_REGISTER:
    case SN_SUBSCRIBE:
    case SN_UNSUBSCRIBE:
    case SN_PUBREL:
    case SN_WILLTOPICUPD:
    case SN_WILLMSGUPD: return SN_ON_REQUEST;
    case SN_REGACK:
    case SN_PUBACK:
    case SN_PUBREC:
    case SN_PUBCOMP: return SN_ON_ACK;
    case SN_PINGREQ: return SN_ON_PING;
    case SN_PINGRESP: return SN_ON_PONG;
    case SN_DISCONNECT: return pkt->duration_s != 0 ? SN_ON_SLEEP : SN_ON_BYE; /* SN-165 */
    default: return SN_EVENTS;
    }
}

/* Someone without a connection: DISCONNECT is all he can learn. SN-052 */
static void answer_stranger(struct sn_gate *gate, enum sn_event event, const struct sn_packet *pkt)
{
    static const struct sn_packet disconnect = {.type = SN_DISCONNECT};
    uint32_t todo = sn_state_step(SN_GONE, event).actions;

    if (todo & SN_DO_FORWARD) {
        sn_gate_stray(gate, NULL, pkt);
    }
    if (todo & SN_DO_DISCONNECT) {
        sn_gate_send_stranger(gate, &disconnect);
    }
}

/* True if a prompt's answer comes when it was asked for, and in order. */
static bool prompt_fits(const struct sn_node *node, enum sn_event event)
{
    return node->state == SN_CONNECTING && node->prompt.asking &&
           (event != SN_ON_WILLMSG || node->prompt.will != NULL);
}

/* A PINGREQ that carries another client's id is a stranger's. SN-181 SN-185 */
static bool is_its_own(const struct sn_node *node, const struct sn_packet *pkt)
{
    return pkt->type != SN_PINGREQ || pkt->data.len == 0 || span_equal(pkt->data, sn_node_id(node));
}

static void dispatch(struct sn_gate *gate, const struct sn_packet *pkt)
{
    struct sn_node *node = sn_gate_find_peer(gate, &gate->from);
    enum sn_event event = event_of(pkt);

    if (sn_gate_discovers(gate, pkt) || sn_gate_sends_away(gate, node, event, pkt)) {
        return;
    }
    node = sn_gate_rebind(gate, node, pkt);
    if (node != NULL) {
        node->heard_s = (uint32_t)(gate->now_ms / 1000);
        sn_gate_heard(gate, node);
    }
    if (node != NULL && node->challenge != NULL) {
        sn_gate_challenge_answered(gate, node);
    }
    if (pkt->type == SN_CONNECT) {
        sn_gate_connect(gate, pkt);
        return;
    }
    if (event == SN_EVENTS) {
        sn_node_errs(node);
        return;
    }
    if (node == NULL || node->state == SN_GONE || node->state == SN_LOST ||
        !is_its_own(node, pkt)) {
        answer_stranger(gate, event, pkt);
        return;
    }
    if (pkt->type == SN_WILLTOPIC || pkt->type == SN_WILLMSG) {
        if (!prompt_fits(node, event) || !sn_gate_keep_will(gate, node, pkt)) {
            sn_node_errs(node);
            return;
        }
    }
    sn_gate_step(gate, node, event, pkt);
}

void sn_gate_input(struct sn_gate *gate, const struct sn_peer *from, struct span wire,
                   uint64_t now_ms)
{
    struct sn_packet pkt;
    enum sn_err err = SN_OK;

    gate->now_ms = now_ms;
    gate->from = *from;
    gate->count.received++;
    err = sn_forward_decode(&pkt, &gate->from, &gate->wire, wire);
    if (gate->from.wireless.len != 0) {
        sn_gate_heard_forwarder(gate);
    }
    if (err == SN_OK) {
        dispatch(gate, &pkt);
    } else if (err == SN_ERR_FORWARDER) {
        gate->count.no_forwarder++;
    } else {
        gate->count.malformed++;
        sn_node_errs(sn_gate_find_peer(gate, &gate->from));
    }
}
