#include "tests/sn/field.h"

#include <stdlib.h>

struct field *field_new_for(size_t nodes)
{
    struct field *f = calloc(1, sizeof *f);
    struct sn_gate_config config = {.gw_id = 7,
                                    .nodes = nodes,
                                    .client_id = 23,
                                    .registrations = 3,
                                    .wildcard_names = 2,
                                    .listener_count = 1,
                                    .seed = 1};

    assert_non_null(f);
    f->listener = (struct sn_listener){.limits.retry_ms = 10000,
                                       .limits.retries = 4,
                                       .limits.max_message = 300,
                                       .takeover_wait_ms = 2000,
                                       .stranger_rate = 20,
                                       .room = 16384};
    f->forwarder = true;
    f->budget.limit = 1000000;
    f->now_ms = 1000;
    config.listeners = &f->listener;
    config.budget = &f->budget;
    f->gate = sn_gate_new(&config, f->now_ms);
    assert_non_null(f->gate);
    return f;
}

struct field *field_new(void)
{
    return field_new_for(8);
}

void field_free(struct field *f)
{
    sn_gate_free(f->gate);
    assert_int_equal(f->budget.used, 0);
    free(f);
}

static void collect_wires(struct field *f)
{
    struct sn_out out;

    while (sn_gate_output(f->gate, 0, NULL, &out)) {
        assert_true(f->wire_count < FIELD_WIRES);
        f->wires[f->wire_count].to = out.peer.addr_len == 0 ? 0 : out.peer.addr[3];
        f->wires[f->wire_count].group = out.peer.group;
        f->wires[f->wire_count].hops = out.peer.hops;
        f->wires[f->wire_count].len = out.wire.len;
        memcpy(f->wires[f->wire_count].octets, out.wire.at, out.wire.len);
        f->wire_count++;
        sn_gate_sent(f->gate, 0, 1, f->now_ms);
    }
}

static void copy_into(uint8_t *place, size_t size, struct span *s)
{
    assert_true(s->len <= size);
    if (s->len != 0) {
        memcpy(place, s->at, s->len);
    }
    s->at = place;
}

/* The hub grants what asks for an id, or has no room. */
static bool grants(struct field *f, struct sn_news *news)
{
    bool subscribes = news->kind == SN_NEWS_SUBSCRIBE;
    struct sn_answer congestion = {.type = subscribes ? SN_SUBACK : SN_REGACK,
                                   .code = SN_RC_CONGESTION,
                                   .msg_id = news->msg_id};

    if (f->refuses || (news->kind != SN_NEWS_REGISTER && !subscribes) ||
        sn_gate_give_id(f->gate, news)) {
        return true;
    }
    sn_gate_answer(f->gate, news->node, &congestion, f->now_ms);
    return false;
}

static void collect_news(struct field *f)
{
    struct sn_news news;

    while (sn_gate_event(f->gate, &news)) {
        struct field_news *kept = &f->news[f->news_count % FIELD_NEWS];

        if (!grants(f, &news)) {
            continue;
        }
        assert_true(f->news_count - f->news_at < FIELD_NEWS);
        kept->is = news;
        copy_into(kept->topic, sizeof kept->topic, &kept->is.topic);
        copy_into(kept->data, sizeof kept->data, &kept->is.data);
        f->news_count++;
    }
    collect_wires(f);
}

static struct sn_peer peer_of(uint8_t node)
{
    return (struct sn_peer){.addr_len = 6, .addr = {10, 0, 0, node, 7, 92}};
}

void says(struct field *f, uint8_t node, struct span wire)
{
    struct sn_peer peer = peer_of(node);

    peer.forwarder = f->forwarder;
    peer.group = f->group;
    sn_gate_input(f->gate, &peer, at_edge(wire, wire.len), f->now_ms);
    collect_news(f);
}

static void forget_taken(struct field *f)
{
    for (size_t i = 0; i < f->wire_count; i++) {
        if (!f->wires[i].taken) {
            return;
        }
    }
    f->wire_count = 0;
    memset(f->wires, 0, sizeof f->wires);
}

struct span hears(struct field *f, uint8_t node)
{
    collect_wires(f);
    for (size_t i = 0; i < f->wire_count; i++) {
        if (!f->wires[i].taken && f->wires[i].to == node) {
            f->wires[i].taken = true;
            return span_of(f->wires[i].octets, f->wires[i].len);
        }
    }
    forget_taken(f);
    return (struct span){NULL, 0};
}

struct sn_news *tells(struct field *f, enum sn_news_kind kind)
{
    collect_news(f);
    if (f->news_at == f->news_count) {
        fail_msg("no news, not even of kind %u", (unsigned)kind);
    }
    assert_int_equal(f->news[f->news_at % FIELD_NEWS].is.kind, kind);
    return &f->news[f->news_at++ % FIELD_NEWS].is;
}

void tells_nothing(struct field *f)
{
    collect_news(f);
    if (f->news_at != f->news_count) {
        fail_msg("news of kind %u", (unsigned)f->news[f->news_at % FIELD_NEWS].is.kind);
    }
}

void waits(struct field *f, uint64_t ms)
{
    uint64_t end = f->now_ms + ms;

    for (;;) {
        uint64_t due = sn_gate_deadline(f->gate);

        f->now_ms = due > end ? end : due < f->now_ms ? f->now_ms : due;
        sn_gate_tick(f->gate, f->now_ms);
        collect_news(f);
        if (due > end) {
            return;
        }
    }
}

void admits(struct field *f, struct sn_node *node, bool present, const struct sn_names *names)
{
    struct sn_admission admission = {.present = present, .names = names};

    sn_gate_admit(f->gate, node, &admission, f->now_ms);
    collect_wires(f);
}

void answers(struct field *f, struct sn_node *node, struct sn_answer answer)
{
    sn_gate_answer(f->gate, node, &answer, f->now_ms);
    collect_wires(f);
}

enum sn_err delivers(struct field *f, struct sn_node *node, struct sn_delivery delivery)
{
    enum sn_err err;

    delivery.block = block_new(&f->budget, delivery.topic.len + delivery.data.len);
    assert_non_null(delivery.block);
    memcpy(delivery.block->octets, delivery.topic.at, delivery.topic.len);
    if (delivery.data.len != 0) {
        memcpy(delivery.block->octets + delivery.topic.len, delivery.data.at, delivery.data.len);
    }
    delivery.topic = span_of(delivery.block->octets, delivery.topic.len);
    delivery.data = span_of(delivery.block->octets + delivery.topic.len, delivery.data.len);
    assert_true(sn_gate_is_ready(f->gate, node));
    err = sn_gate_deliver(f->gate, node, &delivery, f->now_ms);
    block_drop(delivery.block);
    collect_wires(f);
    return err;
}

void drained(struct field *f, struct sn_node *node)
{
    sn_gate_drained(f->gate, node, f->now_ms);
    collect_wires(f);
}

struct sn_node *connects(struct field *f, uint8_t node)
{
    uint8_t wire[] = {8, 4, 4, 1, 0, 60, 'n', (uint8_t)('0' + node)};
    struct sn_node *made = NULL;

    says(f, node, span_of(wire, sizeof wire));
    made = tells(f, SN_NEWS_CONNECT)->node;
    sn_node_set_user(made, f);
    admits(f, made, false, NULL);
    HEARS(f, node, "\x03\x05\x00");
    return made;
}

struct sn_node *falls_asleep(struct field *f, uint8_t node, uint16_t duration_s)
{
    struct sn_node *made = connects(f, node);
    uint8_t wire[] = {4, 0x18, (uint8_t)(duration_s >> 8), (uint8_t)duration_s};

    says(f, node, span_of(wire, sizeof wire));
    assert_int_equal(tells(f, SN_NEWS_SLEEP)->duration_s, duration_s);
    answers(f, made, (struct sn_answer){.type = SN_DISCONNECT});
    HEARS(f, node, "\x02\x18");
    return made;
}
