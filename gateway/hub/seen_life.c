/* gateway/hub/seen_life.c - what happens to a node, as its entry of the registry sees it. */
#include "gateway/hub/seen.h"
#include "gateway/hub/told.h"

static struct hub_sighting sighting_of(const struct hub *hub, const struct hub_node *hn,
                                       uint8_t key[SN_PEER_KEY])
{
    struct sn_peer peer = sn_node_peer(hn->node);

    return (struct hub_sighting){.name = hub_node_name(hub, hn),
                                 .id = sn_node_id(hn->node),
                                 .listener = peer.listener,
                                 .address = span_from(sn_peer_key(&peer, key), 2),
                                 .who = sn_node_is_placed(hn->node) ? sn_node_who(hn->node) : NULL};
}

void hub_seen_join(struct hub_seen *seen, struct hub_node *hn)
{
    list_remove(&seen->in_gone);
    seen->hn = hn;
    hn->seen = seen;
}

/* A new entry; another one may have to give way. */
static struct hub_seen *make_one(struct hub *hub, const struct hub_sighting *is, uint64_t now_ms)
{
    struct hub_seen *seen = hub_seen_make(hub, is);

    return seen != NULL || !hub_seen_give_way(hub, now_ms) ? seen : hub_seen_make(hub, is);
}

/* The entry of this name, unless another node has it. */
static struct hub_seen *entry_for(struct hub *hub, struct hub_node *hn,
                                  const struct hub_sighting *is, uint64_t now_ms)
{
    struct hub_seen *seen = hub_seen_find(hub, is->name);

    seen = seen != NULL ? seen : make_one(hub, is, now_ms);
    if (seen == NULL || (seen->hn != NULL && seen->hn != hn)) {
        return NULL;
    }
    hub_seen_join(seen, hn);
    return seen;
}

void hub_seen_met(struct hub *hub, struct hub_node *hn, uint64_t now_ms)
{
    uint8_t key[SN_PEER_KEY];
    struct hub_sighting is = sighting_of(hub, hn, key);
    struct hub_seen *seen = NULL;

    if (hn->seen != NULL && !span_equal(hub_seen_name(hn->seen), is.name)) {
        hub_seen_rename(hub, hn->seen, now_ms);
    }
    seen = hn->seen != NULL ? hn->seen : entry_for(hub, hn, &is, now_ms);
    if (seen == NULL) {
        return;
    }
    if (hub_seen_identify(hub, seen, &is)) {
        hub_seen_touch(hub, seen, now_ms);
    }
    hub_seen_changed(hub, hn, now_ms);
    hub_registry_wake(hub, now_ms);
    if (seen->first_s == 0) {
        seen->first_s = hub_wall_s(hub, now_ms);
        hub_seen_write_first(hub, seen, now_ms);
    }
    hub_tell_node_info(hub, seen, now_ms);
}

struct hub_seen *hub_seen_heard(struct hub *hub, const struct conf_place *place,
                                const struct sn_peer *peer, uint64_t now_ms)
{
    uint8_t key[SN_PEER_KEY];
    struct hub_sighting is = {.name = place->name,
                              .id = place->client_id,
                              .listener = peer->listener,
                              .address = span_from(sn_peer_key(peer, key), 2)};
    struct hub_seen *seen = NULL;
    bool changed = false;

    if (place->node == NULL) {
        return NULL;
    }
    seen = hub_seen_find(hub, place->name);
    seen = seen != NULL ? seen : make_one(hub, &is, now_ms);
    if (seen == NULL || seen->hn != NULL) {
        return seen;
    }
    changed = hub_seen_identify(hub, seen, &is) || seen->first_s == 0;
    seen->last_s = hub_wall_s(hub, now_ms);
    hub_seen_touch(hub, seen, now_ms);
    if (seen->first_s == 0) {
        seen->first_s = seen->last_s;
        hub_tell_node_state(hub, seen, now_ms);
        hub_seen_write_first(hub, seen, now_ms);
    }
    if (changed) {
        hub_tell_node_info(hub, seen, now_ms);
    }
    return seen;
}

void hub_seen_known(struct hub *hub, struct hub_node *hn, uint64_t now_ms)
{
    uint8_t key[SN_PEER_KEY];
    struct hub_sighting is = sighting_of(hub, hn, key);

    if (hn->seen == NULL) {
        (void)entry_for(hub, hn, &is, now_ms);
    }
}

/* A waking is part of a sleep; who is connecting is what he was. */
static enum hub_node_state state_of(const struct hub_seen *seen, const struct sn_node *node)
{
    switch (sn_node_state(node)) {
    case SN_ACTIVE: return HUB_NODE_ACTIVE;
    case SN_ASLEEP:
    case SN_AWAKE: return HUB_NODE_ASLEEP;
    case SN_LOST: return HUB_NODE_LOST;
    case SN_CONNECTING: return (enum hub_node_state)seen->state;
    default: return HUB_NODE_DISCONNECTED;
    }
}

void hub_seen_changed(struct hub *hub, struct hub_node *hn, uint64_t now_ms)
{
    struct hub_seen *seen = hn->seen;
    bool was_lost = seen != NULL && seen->state == HUB_NODE_LOST;

    if (seen == NULL || seen->state == state_of(seen, hn->node)) {
        return;
    }
    seen->state = (uint8_t)state_of(seen, hn->node);
    if (was_lost || seen->state == HUB_NODE_LOST) { /* the others are the same after a restart */
        hub_seen_touch(hub, seen, now_ms);
    }
    hub_tell_node_state(hub, seen, now_ms);
}

void hub_seen_left(struct hub *hub, struct hub_node *hn)
{
    struct hub_seen *seen = hn->seen;
    struct hub_seen_facts facts;

    if (seen == NULL) {
        return;
    }
    facts = hub_seen_facts(hub, seen);
    seen->errors = (uint32_t)facts.errors;
    seen->resent = (uint32_t)facts.resent;
    seen->last_s = facts.last_s;
    seen->dirty = true;
    if (seen->state != HUB_NODE_LOST) {
        seen->state = HUB_NODE_DISCONNECTED;
    }
    seen->hn = NULL;
    hn->seen = NULL;
    list_push(&hub->registry.gone, &seen->in_gone);
}

/* --- KEYs without an entry ------------------------------------------------------------------- */

static struct hub_unknown *unknown_of(struct hub_registry *r, const struct hub_unknown *key)
{
    struct hub_unknown *oldest = &r->unknown[0];

    for (size_t i = 0; i < r->unknown_count; i++) {
        struct hub_unknown *u = &r->unknown[i];

        if (u->seen == key->seen && u->listener == key->listener && u->id == key->id) {
            return u;
        }
        oldest = u->last_ms < oldest->last_ms ? u : oldest;
    }
    if (r->unknown_count < HUB_UNKNOWN_MOST) {
        oldest = &r->unknown[r->unknown_count++];
    }
    *oldest = *key;
    return oldest;
}

void hub_seen_unknown(struct hub *hub, const struct hub_seen *seen, uint16_t listener, uint16_t id,
                      uint64_t now_ms)
{
    struct hub_unknown key = {.seen = seen, .listener = listener, .id = id};
    struct hub_unknown *unknown = unknown_of(&hub->registry, &key);

    unknown->count++;
    unknown->last_ms = now_ms;
}
