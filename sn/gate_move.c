#include "sn/gate_parts.h"

static struct sn_challenge *challenge_of(const struct sn_node *node)
{
    return (struct sn_challenge *)(void *)node->challenge->octets;
}

/* The newcomer does not get the session. */
static void end_challenge(struct sn_gate *gate, struct sn_node *node, uint8_t code)
{
    struct sn_packet answer = {.type = SN_CONNACK, .code = code};

    (void)sn_gate_send(gate, &challenge_of(node)->newcomer, &answer);
    sn_gate_timer(gate, SN_TIMER_CHALLENGE, &challenge_of(node)->timer, HEAP_NEVER);
    block_drop(node->challenge);
    node->challenge = NULL;
}

/* The node goes, so the newcomer finds its place free when it tries again. */
void sn_node_drop_challenge(struct sn_gate *gate, struct sn_node *node)
{
    if (node->challenge != NULL) {
        end_challenge(gate, node, SN_RC_CONGESTION);
    }
}

static uint32_t ask_every_ms(const struct sn_gate *gate, const struct sn_node *node)
{
    const struct sn_listener *listener = sn_gate_listener(gate, &challenge_of(node)->newcomer);
    uint32_t wait_ms = listener->takeover_wait_ms;

    return (wait_ms != 0 ? wait_ms : SN_MOVE_MS) / SN_TAKEOVER_ASK;
}

static void ask_old_address(struct sn_gate *gate, struct sn_node *node)
{
    static const struct sn_packet ping = {.type = SN_PINGREQ};

    challenge_of(node)->asked++;
    (void)sn_node_send(gate, node, &ping);
    sn_gate_timer(gate, SN_TIMER_CHALLENGE, &challenge_of(node)->timer,
                  gate->now_ms + ask_every_ms(gate, node));
}

static bool is_the_newcomer(const struct sn_gate *gate, const struct sn_node *node)
{
    uint8_t here[SN_PEER_KEY];
    uint8_t there[SN_PEER_KEY];

    return span_equal(sn_peer_key(&gate->from, here),
                      sn_peer_key(&challenge_of(node)->newcomer, there));
}

/* Repeats of the newcomer wait for the end of the one under way; third parties try again later. */
static void challenge(struct sn_gate *gate, struct sn_node *node)
{
    size_t octets = gate->from.wireless.len + gate->wire.len;
    struct sn_challenge *challenge = NULL;
    struct writer w;

    if (node->challenge != NULL) {
        if (!is_the_newcomer(gate, node)) {
            sn_gate_refuse(gate, SN_RC_CONGESTION);
        }
        return;
    }
    node->challenge = block_new(gate->config.budget, sizeof *challenge + octets);
    if (node->challenge == NULL) {
        sn_gate_refuse(gate, SN_RC_CONGESTION);
        return;
    }
    challenge = challenge_of(node);
    w = writer_of(challenge->octets, octets);
    *challenge = (struct sn_challenge){.node = node, .newcomer = gate->from};
    heap_item_init(&challenge->timer);
    challenge->newcomer.wireless = span_of(w.at, gate->from.wireless.len);
    write_span(&w, gate->from.wireless);
    challenge->connect = span_of(w.at, gate->wire.len);
    write_span(&w, gate->wire);
    ask_old_address(gate, node);
}

/* Without the node id, which lies in memory of its own: news is read later. */
static void tell_rival(struct sn_gate *gate, enum sn_news_kind kind, struct sn_node *node,
                       const struct sn_peer *rival)
{
    struct sn_news *news = sn_gate_tell(gate, kind, node);

    news->rival = *rival;
    news->rival.wireless = (struct span){NULL, 0};
}

void sn_gate_challenge_answered(struct sn_gate *gate, struct sn_node *node)
{
    tell_rival(gate, SN_NEWS_RIVAL, node, &challenge_of(node)->newcomer);
    end_challenge(gate, node, SN_RC_NOT_SUPPORTED);
}

/* SN-045: the old address is served no more, and told so unless it sleeps. */
static void leave_address(struct sn_gate *gate, struct sn_node *node)
{
    static const struct sn_packet disconnect = {.type = SN_DISCONNECT};
    struct sn_peer left = sn_node_peer(node);

    if (node->state == SN_ACTIVE || node->state == SN_AWAKE || node->state == SN_CONNECTING) {
        (void)sn_node_send(gate, node, &disconnect);
    }
    if (node->user != NULL) {
        tell_rival(gate, SN_NEWS_MOVED, node, &left);
    }
    sn_node_unbind(gate, node);
}

/* SN-046: another client now answers at this address. */
static void take_address(struct sn_gate *gate, struct sn_node *other)
{
    gate->cause = "another client took its address";
    sn_node_unbind(gate, other);
    sn_gate_step(gate, other, SN_ON_TAKEN, NULL);
}

static void move(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    struct sn_node *other = sn_gate_find_peer(gate, &gate->from);
    bool moves = node->bound && other != node;

    if (moves) {
        leave_address(gate, node);
    }
    if (other != NULL && other != node) {
        take_address(gate, other);
    }
    sn_gate_begin(gate, node, pkt, moves);
}

void sn_gate_challenge_due(struct sn_gate *gate, struct sn_node *node)
{
    struct block *over = node->challenge;
    struct sn_packet pkt;

    if (challenge_of(node)->asked < SN_TAKEOVER_ASK) {
        ask_old_address(gate, node);
        return;
    }
    gate->from = challenge_of(node)->newcomer;
    gate->wire = challenge_of(node)->connect;
    node->challenge = NULL; /* it is ours now */
    if (sn_packet_decode(&pkt, gate->wire) == SN_OK) {
        move(gate, node, &pkt);
    }
    block_drop(over);
}

/* CONFIG takeover: an active node is asked first. Whatever the setting, so is one that moved a
 * moment ago: two nodes of one id do not take it from each other as fast as they can. */
static bool must_ask(const struct sn_gate *gate, const struct sn_node *node)
{
    bool fresh = node->hello.moved && gate->now_ms - node->hello.at_ms < SN_MOVE_MS;
    bool asks = sn_gate_listener(gate, &gate->from)->takeover_wait_ms != 0;

    if (!node->bound || sn_gate_find_peer(gate, &gate->from) == node) {
        return false;
    }
    return node->state == SN_ACTIVE ? asks || fresh : node->state == SN_CONNECTING && fresh;
}

void sn_gate_move(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    if (must_ask(gate, node)) {
        challenge(gate, node);
    } else {
        move(gate, node, pkt);
    }
}

/* SN-181; to another listener nothing moves but by CONNECT. */
static bool may_rebind(const struct sn_gate *gate, const struct sn_node *sleeper)
{
    return sleeper != NULL && (sleeper->state == SN_ASLEEP || sleeper->state == SN_AWAKE) &&
           sleeper->listener == gate->from.listener;
}

struct sn_node *sn_gate_rebind(struct sn_gate *gate, struct sn_node *here,
                               const struct sn_packet *pkt)
{
    struct sn_node *sleeper = NULL;
    struct sn_peer left;

    if (pkt->type != SN_PINGREQ || pkt->data.len == 0 ||
        !sn_gate_listener(gate, &gate->from)->rebind) {
        return here;
    }
    sleeper = sn_gate_find_id(gate, pkt->data);
    if (sleeper == here || !may_rebind(gate, sleeper)) {
        return here;
    }
    if (here != NULL) {
        take_address(gate, here);
    }
    left = sn_node_peer(sleeper);
    tell_rival(gate, SN_NEWS_MOVED, sleeper, &left);
    return sn_node_bind(gate, sleeper, &gate->from) ? sleeper : NULL;
}
