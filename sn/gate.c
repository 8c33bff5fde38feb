#include "sn/gate_parts.h"

#include <assert.h>

const struct sn_listener *sn_gate_listener(const struct sn_gate *gate, const struct sn_peer *peer)
{
    return &gate->config.listeners[peer->listener];
}

const struct sn_limits *sn_gate_limits(const struct sn_gate *gate, const struct sn_node *node)
{
    return node->limits != NULL ? node->limits : &sn_node_listener(gate, node)->limits;
}

/* --- from start to end ----------------------------------------------------------------------- */

static bool make_ports(struct sn_gate *gate)
{
    size_t count = gate->config.listener_count;

    gate->ports = reserve((count + 1) * sizeof *gate->ports);
    for (size_t i = 0; gate->ports != NULL && i < count; i++) {
        const struct sn_listener *listener = &gate->config.listeners[i];
        struct sn_port *port = &gate->ports[i];

        if (!sn_outbox_init(&port->box, listener->room)) {
            return false;
        }
        port->listener = (uint16_t)i;
        heap_item_init(&port->advertise);
        heap_item_init(&port->standby);
        sn_gate_settle_port(gate, port);
    }
    gate->forwarders = reserve(SN_FORWARDERS * sizeof *gate->forwarders);
    return gate->ports != NULL && gate->forwarders != NULL;
}

struct sn_gate *sn_gate_new(const struct sn_gate_config *config, uint64_t now_ms)
{
    struct sn_gate *gate = reserve(sizeof *gate);
    struct rng rng = {config->seed};

    if (gate == NULL) {
        return NULL;
    }
    gate->config = *config;
    gate->now_ms = now_ms;
    gate->seed[0] = rng_next(&rng);
    gate->seed[1] = rng_next(&rng);
    for (unsigned kind = 0; kind < SN_TIMERS; kind++) {
        heap_init(&gate->timers[kind]);
    }
    list_init(&gate->named);
    list_init(&gate->idle);
    list_init(&gate->half_open);
    /* one more: who is evicted is there until the hub has heard of it */
    pool_init(&gate->nodes, sizeof(struct sn_node), config->nodes + 1);
    pool_init(&gate->pending, sizeof(struct sn_pending), config->nodes);
    if (!map_init(&gate->by_id, config->nodes, rng_next(&rng)) ||
        !map_init(&gate->by_peer, config->nodes, rng_next(&rng)) || !make_ports(gate)) {
        sn_gate_free(gate);
        return NULL;
    }
    return gate;
}

static void free_nodes(struct sn_gate *gate)
{
    struct map_item *item = NULL;

    while (gate->by_id.buckets != NULL && (item = map_next(&gate->by_id, NULL)) != NULL) {
        sn_gate_forget(gate, MAP_ITEM(item, struct sn_node, by_id));
    }
}

void sn_gate_free(struct sn_gate *gate)
{
    if (gate == NULL) {
        return;
    }
    free_nodes(gate);
    for (size_t i = 0; gate->ports != NULL && i < gate->config.listener_count; i++) {
        sn_outbox_fini(&gate->ports[i].box);
    }
    for (size_t i = 0; i < gate->forwarder_count; i++) {
        sn_outbox_fini(&gate->forwarders[i].box);
    }
    release(gate->forwarders);
    release(gate->ports);
    map_fini(&gate->by_id);
    map_fini(&gate->by_peer);
    pool_fini(&gate->nodes);
    pool_fini(&gate->pending);
    release(gate);
}

/* --- news ------------------------------------------------------------------------------------ */

struct sn_news *sn_gate_tell(struct sn_gate *gate, enum sn_news_kind kind, struct sn_node *node)
{
    struct sn_news *news = &gate->news[(gate->news_first + gate->news_count) % SN_GATE_NEWS];

    assert(gate->news_count < SN_GATE_NEWS);
    gate->news_count++;
    *news = (struct sn_news){.kind = kind, .node = node};
    return news;
}

void sn_gate_name(struct sn_gate *gate, struct sn_node *node)
{
    sn_gate_stays(node);
    list_remove(&node->in_line);
    list_push(&gate->named, &node->in_line);
}

void sn_gate_tell_names(struct sn_gate *gate, struct sn_node *node)
{
    sn_topics_refresh(&node->topics);
    sn_gate_name(gate, node);
}

void sn_gate_unsay(struct sn_gate *gate, const struct sn_node *node)
{
    size_t kept = 0;

    for (size_t i = 0; i < gate->news_count; i++) {
        struct sn_news news = gate->news[(gate->news_first + i) % SN_GATE_NEWS];

        if (news.node != node) {
            gate->news[(gate->news_first + kept++) % SN_GATE_NEWS] = news;
        }
    }
    gate->news_count = kept;
}

static bool next_name(struct sn_gate *gate, struct sn_news *news)
{
    while (!list_is_empty(&gate->named)) {
        struct sn_node *node = LIST_ITEM(gate->named.next, struct sn_node, in_line);
        struct sn_topic *topic = sn_topics_fresh(&node->topics);

        if (topic != NULL) {
            topic->fresh = false;
            *news = (struct sn_news){.kind = SN_NEWS_NAMED,
                                     .node = node,
                                     .topic_id = topic->id,
                                     .topic = sn_topic_name(&node->topics, topic),
                                     .ours = topic->ours};
            return true;
        }
        list_remove(&node->in_line);
    }
    return false;
}

/* --- time ------------------------------------------------------------------------------------ */

void sn_gate_timer(struct sn_gate *gate, enum sn_timer kind, struct heap_item *item,
                   uint64_t due_ms)
{
    heap_set(&gate->timers[kind], item, due_ms);
}

/* A node that went to the gateway we stood in for is no lost one: its will stays. */
static void watch_due(struct sn_gate *gate, struct sn_node *node)
{
    bool gone_there = sn_gate_is_silent(gate, node->listener);

    if (node->silent_ms > gate->ticked_ms) { /* it was heard since, or had a topic wait */
        sn_gate_timer(gate, SN_TIMER_WATCH, &node->watch, node->silent_ms);
        if (node->open && sn_topics_may_ask(&node->topics, gate->ticked_ms)) {
            sn_gate_tell(gate, SN_NEWS_READY, node);
        }
        return;
    }
    gate->cause = "silent for too long";
    sn_gate_step(gate, node, gone_there ? SN_ON_BYE : SN_ON_SILENCE, NULL);
}

static void run_timer(struct sn_gate *gate, enum sn_timer kind, struct heap_item *item)
{
    switch (kind) {
    case SN_TIMER_WATCH: watch_due(gate, HEAP_ITEM(item, struct sn_node, watch)); break;
    case SN_TIMER_RETRY:
        sn_gate_retry_due(gate, HEAP_ITEM(item, struct sn_pending, retry)->node);
        break;
    case SN_TIMER_CHALLENGE:
        sn_gate_challenge_due(gate, HEAP_ITEM(item, struct sn_challenge, timer)->node);
        break;
    case SN_TIMER_STANDBY:
        sn_gate_standby_due(gate, HEAP_ITEM(item, struct sn_port, standby));
        break;
    case SN_TIMER_FORWARDER:
        sn_gate_forwarder_due(gate, HEAP_ITEM(item, struct sn_forwarder, timer));
        break;
    default: sn_gate_advertise(gate, HEAP_ITEM(item, struct sn_port, advertise)); break;
    }
}

/* Whose least deadline is the least of all. */
static enum sn_timer next_kind(const struct sn_gate *gate)
{
    enum sn_timer next = SN_TIMER_WATCH;

    for (unsigned kind = 1; kind < SN_TIMERS; kind++) {
        if (heap_due(&gate->timers[kind]) < heap_due(&gate->timers[next])) {
            next = (enum sn_timer)kind;
        }
    }
    return next;
}

/* As many as the row of news has room for; sn_gate_event goes on. */
static void run_timers(struct sn_gate *gate)
{
    while (gate->behind && gate->news_count + SN_NEWS_AT_ONCE <= SN_GATE_NEWS) {
        enum sn_timer kind = next_kind(gate);
        struct heap_item *item = heap_pop(&gate->timers[kind], gate->ticked_ms);

        gate->behind = item != NULL;
        if (item != NULL) {
            run_timer(gate, kind, item);
        }
    }
}

void sn_gate_tick(struct sn_gate *gate, uint64_t now_ms)
{
    gate->now_ms = now_ms;
    gate->ticked_ms = now_ms;
    gate->behind = true;
    run_timers(gate);
}

uint64_t sn_gate_deadline(const struct sn_gate *gate)
{
    bool waits = gate->news_count > 0 || !list_is_empty(&gate->named);

    return waits ? 0 : heap_due(&gate->timers[next_kind(gate)]);
}

bool sn_gate_event(struct sn_gate *gate, struct sn_news *news)
{
    if (gate->news_count == 0) {
        run_timers(gate);
    }
    if (next_name(gate, news)) {
        return true;
    }
    if (gate->news_count == 0) {
        return false;
    }
    *news = gate->news[gate->news_first];
    gate->news_first = (gate->news_first + 1) % SN_GATE_NEWS;
    gate->news_count--;
    return true;
}

const struct sn_counts *sn_gate_counts(const struct sn_gate *gate)
{
    return &gate->count;
}
