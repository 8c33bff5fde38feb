/* Any datagrams from a few peers, time, and a hub that answers by whim: no fault, no leak, no
 * message to nobody; every datagram that leaves decodes. Afterwards, when the hub has forgotten all
 * nodes and attempts have run out, no memory is in use, and a good node is served. */
#include <stdlib.h>

#include "sn/forward.h"
#include "sn/gate.h"

#define PEERS 3u
#define NODES 4u
#define GOOD  9u     /* address of the good node */
#define CALM  4u     /* a whim to do all as it should be */
#define LONG  100000 /* ms, longer than any prompt or question */

struct world {
    struct sn_gate *gate;
    struct sn_node *nodes[NODES]; /* that the hub knows */
    struct reader in;
    uint64_t now_ms;
    bool calm;
};

static const struct sn_name entries[] = {{0, 3, 7, false}, {3, 4, 0x7470, true}};
static const struct sn_names names = {
    .entries = entries, .text = (const uint8_t *)"f/7f/tp", .count = 2};
static const struct sn_names mounted = {.entries = entries,
                                        .text = (const uint8_t *)"f/7f/tp",
                                        .count = 2,
                                        .mount = {(const uint8_t *)"a/", 2}};

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

static void know(struct world *w, struct sn_node *node)
{
    for (size_t i = 0; i < NODES && sn_node_user(node) == NULL; i++) {
        if (w->nodes[i] == NULL) {
            w->nodes[i] = node;
            sn_node_set_user(node, &w->nodes[i]);
        }
    }
    require(sn_node_user(node) != NULL);
}

static void forget(struct world *w, struct sn_node *node)
{
    for (size_t i = 0; i < NODES; i++) {
        if (w->nodes[i] == node) {
            w->nodes[i] = NULL;
            sn_gate_forget(w->gate, node);
            return;
        }
    }
}

static void on_connect(struct world *w, struct sn_node *node, unsigned whim)
{
    struct sn_admission admission = {
        .code = whim % 8 == 0, .present = whim & 1, .names = whim & 2 ? &names : &mounted};

    know(w, node);
    if (whim % 16 != 1) {
        sn_gate_admit(w->gate, node, &admission, w->now_ms);
    }
}

static void on_news(struct world *w, const struct sn_news *news)
{
    static const uint8_t types[] = {
        [SN_NEWS_REGISTER] = SN_REGACK,      [SN_NEWS_SUBSCRIBE] = SN_SUBACK,
        [SN_NEWS_UNSUBSCRIBE] = SN_UNSUBACK, [SN_NEWS_WILL_TOPIC] = SN_WILLTOPICRESP,
        [SN_NEWS_WILL_MSG] = SN_WILLMSGRESP, [SN_NEWS_PUBREC] = SN_PUBREL,
        [SN_NEWS_PUBREL] = SN_PUBCOMP,       [SN_NEWS_SLEEP] = SN_DISCONNECT};
    unsigned whim = w->calm ? CALM : read_u8(&w->in);
    struct sn_answer answer = {.type = news->kind < sizeof types ? types[news->kind] : 0,
                               .code = whim % 8 == 3,
                               .topic_id = news->topic_id,
                               .msg_id = news->msg_id,
                               .qos = news->qos};

    if (news->kind == SN_NEWS_CONNECT) {
        on_connect(w, news->node, whim);
    } else if (news->kind == SN_NEWS_PUBLISH) {
        answer.type = news->qos == 2 ? SN_PUBREC : SN_PUBACK;
    } else if (news->kind == SN_NEWS_BYE || news->kind == SN_NEWS_LOST) {
        require(sn_node_user(news->node) != NULL);
        if (whim & 1) {
            forget(w, news->node);
        }
        return;
    } else if (news->kind == SN_NEWS_EVICTED) {
        require(sn_node_user(news->node) != NULL);
        forget(w, news->node);
        return;
    } else if (news->kind == SN_NEWS_REGISTER || news->kind == SN_NEWS_SUBSCRIBE) {
        struct sn_news granted = *news;

        if ((whim & CALM) != 0 && !sn_gate_give_id(w->gate, &granted)) {
            answer.code = SN_RC_CONGESTION;
        }
        answer.topic_id = granted.topic_id;
    }
    if (answer.type != 0 && (whim & 2) == 0) {
        sn_gate_answer(w->gate, news->node, &answer, w->now_ms);
    }
}

static void hear(struct world *w)
{
    struct sn_news news;

    while (sn_gate_event(w->gate, &news)) {
        on_news(w, &news);
    }
}

static void drain(struct world *w, unsigned most)
{
    struct sn_out out;

    for (unsigned i = 0; i < most && sn_gate_output(w->gate, 0, NULL, &out); i++) {
        struct sn_packet pkt;
        struct span inner;

        out.peer.forwarder = true;
        require(sn_forward_decode(&pkt, &out.peer, &inner, out.wire) == SN_OK);
        sn_gate_sent(w->gate, 0, 1, w->now_ms);
    }
}

static void deliver(struct world *w, unsigned whim)
{
    static const char *const topics[] = {"a/b", "c", "xy", "f/7", "f/tp", "tp", "long/topic", "d"};
    struct sn_node *node = w->nodes[whim % NODES];
    struct sn_delivery d = {.topic = span_of_text(topics[whim >> 2 & 7]),
                            .data = span_of_text("x"),
                            .qos = (uint8_t)((whim >> 5) % 3),
                            .msg_id = (uint16_t)(1 + whim % 3)};

    if (node != NULL && sn_gate_is_ready(w->gate, node)) {
        (void)sn_gate_deliver(w->gate, node, &d, w->now_ms);
    }
}

static void act(struct world *w, unsigned what, unsigned whim)
{
    struct sn_peer peer = {.near = whim & 1,
                           .forwarder = true,
                           .group = whim == 255,
                           .addr_len = 1,
                           .addr = {(uint8_t)(whim % PEERS)}};
    struct sn_node *node = w->nodes[whim % NODES];

    switch (what % 8) {
    case 0:
        w->now_ms += whim * 500u;
        sn_gate_tick(w->gate, w->now_ms);
        break;
    case 1: deliver(w, whim); break;
    case 2: drain(w, whim % 8); break;
    case 3:
        if (node != NULL && whim & 128) {
            sn_gate_dismiss(w->gate, node, w->now_ms);
        } else if (node != NULL && sn_node_is_awake(node)) {
            sn_gate_drained(w->gate, node, w->now_ms);
        }
        break;
    case 4:
        if (node != NULL && whim >= 240) {
            forget(w, node);
        }
        break;
    default: sn_gate_input(w->gate, &peer, read_span(&w->in, whim >> 3), w->now_ms); break;
    }
}

/* --- afterwards ------------------------------------------------------------------------------ */

static void let_all_go(struct world *w)
{
    for (unsigned i = 0; i < 8; i++) {
        w->now_ms += LONG;
        sn_gate_tick(w->gate, w->now_ms);
        hear(w);
        drain(w, 1000);
    }
    for (size_t i = 0; i < NODES; i++) {
        if (w->nodes[i] != NULL) {
            forget(w, w->nodes[i]);
        }
    }
}

/* The good node says this and hears a message of that type and code, whoever else is sent what. */
static void asks(struct world *w, const char *text, size_t len, enum sn_type type)
{
    struct sn_peer peer = {.addr_len = 1, .addr = {GOOD}};
    struct sn_out out;
    bool heard = false;

    sn_gate_input(w->gate, &peer, span_of((const uint8_t *)text, len), w->now_ms);
    hear(w);
    if (w->nodes[0] != NULL && sn_node_is_awake(w->nodes[0])) {
        sn_gate_drained(w->gate, w->nodes[0], w->now_ms);
    }
    while (sn_gate_output(w->gate, 0, NULL, &out)) {
        struct sn_packet pkt;

        require(sn_packet_decode(&pkt, out.wire) == SN_OK);
        heard |= out.peer.addr_len == 1 && out.peer.addr[0] == GOOD && pkt.type == type &&
                 pkt.code == SN_RC_ACCEPTED;
        sn_gate_sent(w->gate, 0, 1, w->now_ms);
    }
    require(heard);
}

#define ASKS(w, text, type) asks(w, text, sizeof(text) - 1, type)

static void good_node_is_served(struct world *w)
{
    w->calm = true;
    ASKS(w, "\x08\x04\x04\x01\x00\x00ok", SN_CONNACK);
    ASKS(w, "\x08\x0a\x00\x00\x00\x01xy", SN_REGACK);
    ASKS(w, "\x06\x12\x20\x00\x02#", SN_SUBACK);
    ASKS(w, "\x08\x0c\x20\x00\x01\x00\x03x", SN_PUBACK);
    ASKS(w, "\x02\x16", SN_PINGRESP);
    ASKS(w, "\x04\x18\x00\x3c", SN_DISCONNECT);
    ASKS(w, "\x04\x16ok", SN_PINGRESP);
    ASKS(w, "\x02\x18", SN_DISCONNECT);
    let_all_go(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    struct sn_listener listener = {.limits.retry_ms = 1000,
                                   .limits.retries = 2,
                                   .limits.max_message = 64,
                                   .takeover_wait_ms = 2000,
                                   .stranger_rate = 20,
                                   .advertise_s = 30,
                                   .groups = 1,
                                   .standby_after = 2,
                                   .forwarder_rate = {50, 1000},
                                   .room = 1024};
    struct budget budget = {.limit = 8192};
    struct sn_gate_config config = {.nodes = NODES,
                                    .client_id = 4,
                                    .registrations = 2,
                                    .wildcard_names = 2,
                                    .listeners = &listener,
                                    .listener_count = 1,
                                    .budget = &budget};
    struct world w = {.in = reader_of(span_of(octets, len))};
    size_t empty = 0;

    listener.qosm1 = (enum sn_qosm1)(read_u8(&w.in) & 3);
    listener.standby_for = read_u8(&w.in) == 255 ? 9 : 0;
    listener.rebind = read_u8(&w.in) & 1;
    w.gate = sn_gate_new(&config, 0);
    empty = budget.used;
    while (read_left(&w.in) > 1 && !w.in.bad) {
        unsigned what = read_u8(&w.in);

        act(&w, what, read_u8(&w.in));
        hear(&w);
    }
    let_all_go(&w);
    require(budget.used == empty);
    good_node_is_served(&w);
    require(budget.used == empty);
    sn_gate_free(w.gate);
    require(budget.used == 0);
    return 0;
}
