#include "gateway/hub/registry.h"

#include "gateway/hub/bus.h"
#include "gateway/hub/say.h"
#include "gateway/hub/seen.h"
#include "gateway/hub/told.h"
#include "gateway/hub/who.h"

const char *hub_node_state_name(enum hub_node_state state)
{
    static const char *const names[] = {[HUB_NODE_NEVER] = "never",
                                        [HUB_NODE_ACTIVE] = "active",
                                        [HUB_NODE_ASLEEP] = "asleep",
                                        [HUB_NODE_LOST] = "lost",
                                        [HUB_NODE_DISCONNECTED] = "disconnected"};

    return names[state];
}

static struct span name_of_listener(const struct hub *hub, uint16_t listener)
{
    return listener < hub->conf->listener_count
               ? span_of_text(hub->conf->listener[listener].at.name)
               : (struct span){NULL, 0};
}

static uint64_t wall_ms(const struct hub *hub, uint64_t ms)
{
    return (uint64_t)((int64_t)ms + hub->sessions.wall_ms);
}

/* --- nodes ----------------------------------------------------------------------------------- */

static void view_session(const struct mqtt_session *s, struct hub_node_view *out)
{
    out->has_session = true;
    out->is_clean = s->clean;
    out->queued = s->queue_count + (uint64_t)s->inflight_count;
    out->queued_octets = s->queue_bytes;
    out->queue_most = s->quota.queued;
    out->dropped = s->dropped;
    out->subscriptions = s->subscription_count;
}

static void view_live(const struct hub *hub, const struct hub_node *hn, struct hub_node_view *out)
{
    struct sn_node_facts facts = sn_node_facts(hn->node);

    if (hn->session != NULL) {
        view_session(hn->session, out);
    }
    out->topic_ids = facts.topics;
    if (out->state == HUB_NODE_ASLEEP && facts.due_ms != HEAP_NEVER) {
        out->asleep_until_ms = wall_ms(hub, facts.due_ms);
    }
}

static void view_seen(const struct hub *hub, const struct hub_seen *seen, struct hub_node_view *out)
{
    struct hub_seen_facts facts = hub_seen_facts(hub, seen);
    struct writer w = writer_of((uint8_t *)out->address, sizeof out->address);

    *out = (struct hub_node_view){.name = hub_seen_name(seen),
                                  .client_id = hub_seen_id(seen),
                                  .listener = name_of_listener(hub, seen->listener),
                                  .state = (enum hub_node_state)seen->state,
                                  .is_configured = seen->named,
                                  .first_seen_ms = 1000 * (uint64_t)seen->first_s,
                                  .last_seen_ms = 1000 * (uint64_t)facts.last_s,
                                  .errors = facts.errors,
                                  .resent = facts.resent};
    (void)hub_write_address(&w, hub_seen_address(seen, &out->wireless));
    if (seen->hn != NULL) {
        view_live(hub, seen->hn, out);
    }
}

static void view_never(const struct conf_node *section, struct hub_node_view *out)
{
    *out = (struct hub_node_view){.name = span_of_text(section->at.name), .is_configured = true};
    if (section->client_id != NULL) {
        out->client_id = span_of_text(section->client_id);
    }
    if (section->listener != NULL) {
        out->listener = span_of_text(section->listener);
    }
}

bool hub_nodes_next(struct hub *hub, struct hub_nodes_walk *walk, struct hub_node_view *out)
{
    const struct hub_seen *seen = walk->section > 0 ? NULL : hub_seen_next(hub, &walk->seen);

    if (seen != NULL) {
        view_seen(hub, seen, out);
        return true;
    }
    while (walk->section < hub->conf->node_count) {
        const struct conf_node *section = &hub->conf->node[walk->section++];

        if (hub_seen_find(hub, span_of_text(section->at.name)) == NULL) {
            view_never(section, out);
            return true;
        }
    }
    return false;
}

bool hub_node_find(struct hub *hub, struct span name, struct hub_node_view *out)
{
    const struct hub_seen *seen = hub_seen_find(hub, name);
    const struct conf_node *section = seen != NULL ? NULL : hub_who_named(hub, name);

    if (seen != NULL) {
        view_seen(hub, seen, out);
    } else if (section != NULL) {
        view_never(section, out);
    }
    return seen != NULL || section != NULL;
}

/* --- topics ---------------------------------------------------------------------------------- */

/* Where the node of that name stands; false: there is none. */
static bool place_named(const struct hub *hub, struct span name, const struct hub_seen *seen,
                        struct conf_place *out)
{
    *out = (struct conf_place){.node = hub_who_named(hub, name), .name = name};
    if (seen == NULL) {
        if (out->node != NULL && out->node->client_id != NULL) {
            out->client_id = span_of_text(out->node->client_id);
        }
        if (out->node != NULL && out->node->listener != NULL) {
            out->listener = conf_listener_find(hub->conf, out->node->listener);
        }
        return out->node != NULL;
    }
    if (seen->hn != NULL) {
        *out = hub_node_place(hub, seen->hn);
        return true;
    }
    out->client_id = hub_seen_id(seen);
    if (seen->listener < hub->conf->listener_count) {
        out->listener = &hub->conf->listener[seen->listener];
    }
    return true;
}

bool hub_node_topics_next(struct hub *hub, struct span name, struct hub_topics_walk *walk,
                          struct hub_topic_view *out)
{
    const struct hub_seen *seen = hub_seen_find(hub, name);
    struct conf_topicmap_walk at = {walk->map, walk->entry};
    const struct conf_topic_entry *entry = NULL;
    struct writer w = writer_of(hub->registry.room, sizeof hub->registry.room);
    struct conf_place place;

    if (!place_named(hub, name, seen, &place)) {
        return false;
    }
    *out = (struct hub_topic_view){.kind = HUB_TOPIC_NORMAL};
    if (walk->id == 0 && conf_topicmap_next(hub->conf, &place, &at, &entry)) {
        (void)conf_place_expand(hub->conf, &place, entry->template, &w);
        out->kind = entry->key.is_short ? HUB_TOPIC_SHORT : HUB_TOPIC_PREDEFINED;
        out->id = entry->key.id;
        out->template = entry->template;
        out->topic = span_of(hub->registry.room, written(&w));
        *walk = (struct hub_topics_walk){at.map, at.entry, 0};
        return true;
    }
    return seen != NULL && seen->hn != NULL &&
           sn_node_topic(seen->hn->node, walk->id++, &out->id, &out->topic);
}

bool hub_unknown_next(struct hub *hub, size_t *walk, struct hub_unknown_view *out)
{
    const struct hub_unknown *unknown = &hub->registry.unknown[*walk];

    if (*walk >= hub->registry.unknown_count) {
        return false;
    }
    (*walk)++;
    *out = (struct hub_unknown_view){.listener = name_of_listener(hub, unknown->listener),
                                     .id = unknown->id,
                                     .count = unknown->count,
                                     .last_ms = wall_ms(hub, unknown->last_ms)};
    if (unknown->seen != NULL) {
        out->node = hub_seen_name(unknown->seen);
    }
    return true;
}

/* --- forget ---------------------------------------------------------------------------------- */

bool hub_node_forget_named(struct hub *hub, struct span name, uint64_t now_ms)
{
    struct hub_seen *seen = hub_seen_find(hub, name);
    struct sn_peer peer = {0};
    struct span address;

    if (seen == NULL) {
        return false;
    }
    peer.listener = seen->listener;
    address = hub_seen_address(seen, &peer.wireless);
    peer.addr_len = address.len == 1;
    peer.addr[0] = peer.addr_len == 1 ? address.at[0] : 0;
    if (seen->hn != NULL) {
        hub_node_end(hub, seen->hn, now_ms);
    }
    hub_bus_forget(hub, &peer, now_ms);
    hub_tell_no_node(hub, hub_seen_name(seen), now_ms);
    hub_seen_drop(hub, seen, now_ms);
    return true;
}
