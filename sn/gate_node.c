#include "sn/gate_parts.h"

struct sn_node *sn_gate_find_id(const struct sn_gate *gate, struct span client_id)
{
    return MAP_ITEM(map_find(&gate->by_id, client_id), struct sn_node, by_id);
}

struct sn_node *sn_gate_find_peer(const struct sn_gate *gate, const struct sn_peer *peer)
{
    uint8_t key[SN_PEER_KEY];

    return MAP_ITEM(map_find(&gate->by_peer, sn_peer_key(peer, key)), struct sn_node, by_peer);
}

void sn_node_unbind(struct sn_gate *gate, struct sn_node *node)
{
    if (node->bound) {
        map_remove(&gate->by_peer, &node->by_peer);
        node->bound = false;
    }
}

static struct span address_key(const struct sn_node *node)
{
    return span_from(block_span(node->who), node->by_id.len);
}

/* Others hold `who`, so another one takes its place. */
static bool set_key(struct sn_node *node, struct budget *budget, struct span key)
{
    struct span id = sn_node_id(node);
    struct block *who = block_new(budget, id.len + key.len);
    struct writer w;

    if (who == NULL) {
        return false;
    }
    w = writer_of(who->octets, who->len);
    write_span(&w, id);
    write_span(&w, key);
    map_moved(&node->by_id, who->octets);
    block_drop(node->who);
    node->who = who;
    return true;
}

/* False, and the old address kept, when the budget is short. */
static bool set_address(struct sn_node *node, struct budget *budget, const struct sn_peer *peer)
{
    uint8_t octets[SN_PEER_KEY];
    struct span key = sn_peer_key(peer, octets);

    if (!span_equal(address_key(node), key) && !set_key(node, budget, key)) {
        return false;
    }
    node->listener = peer->listener;
    node->near = peer->near;
    return true;
}

bool sn_node_bind(struct sn_gate *gate, struct sn_node *node, const struct sn_peer *peer)
{
    sn_node_unbind(gate, node);
    if (!set_address(node, gate->config.budget, peer)) {
        return false;
    }
    map_add(&gate->by_peer, &node->by_peer, address_key(node));
    node->bound = true;
    return true;
}

struct sn_node *sn_gate_make_node(struct sn_gate *gate, struct span client_id)
{
    struct sn_node *node = pool_take(&gate->nodes);

    if (node == NULL) {
        return NULL;
    }
    node->who = block_copy(gate->config.budget, client_id);
    if (node->who == NULL) {
        pool_give(&gate->nodes, node);
        return NULL;
    }
    list_init(&node->in_line);
    heap_item_init(&node->watch);
    node->silent_ms = HEAP_NEVER;
    map_add(&gate->by_id, &node->by_id, block_span(node->who));
    return node;
}

void sn_gate_forget(struct sn_gate *gate, struct sn_node *node)
{
    sn_gate_unsay(gate, node);
    for (size_t i = 0; node->queued > 0 && i < gate->config.listener_count; i++) {
        sn_outbox_disown(&gate->ports[i].box, node);
    }
    for (size_t i = 0; node->queued > 0 && i < gate->forwarder_count; i++) {
        sn_outbox_disown(&gate->forwarders[i].box, node);
    }
    sn_node_end_exchange(gate, node);
    sn_node_drop_challenge(gate, node);
    sn_node_drop_prompt(node);
    sn_gate_timer(gate, SN_TIMER_WATCH, &node->watch, HEAP_NEVER);
    sn_topics_clear(&node->topics);
    block_drop(node->keys);
    list_remove(&node->in_line);
    sn_node_unbind(gate, node);
    map_remove(&gate->by_id, &node->by_id);
    block_drop(node->who);
    pool_give(&gate->nodes, node);
}

struct sn_node *sn_gate_restore(struct sn_gate *gate, struct span client_id)
{
    struct sn_node *node = sn_gate_find_id(gate, client_id);

    if (node == NULL) {
        node = sn_gate_make_node(gate, client_id);
    }
    if (node != NULL) {
        sn_gate_stays(node);
    }
    return node;
}

bool sn_gate_restore_topic(struct sn_gate *gate, struct sn_node *node, uint16_t topic_id,
                           struct span topic, bool ours)
{
    return sn_topics_restore(&node->topics, gate->config.budget, topic_id, topic, ours);
}

struct span sn_node_id(const struct sn_node *node)
{
    return (struct span){node->by_id.key, node->by_id.len};
}

struct block *sn_node_who(const struct sn_node *node)
{
    return node->who;
}

struct sn_peer sn_node_peer(const struct sn_node *node)
{
    struct sn_peer peer = sn_peer_of_key(address_key(node));

    peer.near = node->near;
    return peer;
}

enum sn_state sn_node_state(const struct sn_node *node)
{
    return node->state;
}

struct sn_node_facts sn_node_facts(const struct sn_node *node)
{
    return (struct sn_node_facts){.heard_ms = 1000u * (uint64_t)node->heard_s,
                                  .due_ms = node->silent_ms,
                                  .errors = node->errors,
                                  .resent = node->resent,
                                  .topics = node->topics.count};
}

bool sn_node_topic(const struct sn_node *node, size_t place, uint16_t *id, struct span *name)
{
    const struct sn_topic *topic = sn_topics_at(&node->topics, place);

    if (topic == NULL) {
        return false;
    }
    *id = topic->id;
    *name = sn_topic_name(&node->topics, topic);
    return true;
}

bool sn_node_is_placed(const struct sn_node *node)
{
    return address_key(node).len != 0;
}

bool sn_node_is_asleep(const struct sn_node *node)
{
    return node->state == SN_ASLEEP;
}

bool sn_node_is_awake(const struct sn_node *node)
{
    return node->state == SN_AWAKE;
}

const struct sn_names *sn_node_names(const struct sn_node *node)
{
    return node->names;
}

void sn_node_set_names(struct sn_node *node, const struct sn_names *names)
{
    node->names = names;
}

const struct sn_limits *sn_node_limits(const struct sn_node *node)
{
    return node->limits;
}

void sn_node_set_limits(struct sn_node *node, const struct sn_limits *limits)
{
    node->limits = limits;
}

void *sn_node_user(const struct sn_node *node)
{
    return node->user;
}

void sn_node_set_user(struct sn_node *node, void *user)
{
    node->user = user;
}
