/* gateway/hub/seen_name.c - entries whose names are others now: a reload, a node replaced. */
#include "gateway/hub/seen.h"
#include "gateway/hub/told.h"

/* What the entry is called now: by its node; a gone one by the [node] of its client id, else as it
 * was. */
static struct span name_now(const struct hub *hub, const struct hub_seen *seen)
{
    struct span id = hub_seen_id(seen);

    if (seen->hn != NULL) {
        return hub_node_name(hub, seen->hn);
    }
    for (size_t i = 0; i < hub->conf->node_count; i++) {
        const struct conf_node *section = &hub->conf->node[i];

        if (section->client_id != NULL && span_equal(span_of_text(section->client_id), id)) {
            return span_of_text(section->at.name);
        }
    }
    return hub_seen_name(seen);
}

/* The name may be that of an entry whose node is gone: then this one goes on with its past. False:
 * it is another live node's. */
static bool clear_name(struct hub *hub, struct hub_seen *seen, struct span name, uint64_t now_ms)
{
    struct hub_seen *other = hub_seen_find(hub, name);

    if (other == NULL) {
        return true;
    }
    if (other->hn != NULL) {
        return false;
    }
    if (other->first_s != 0 && (seen->first_s == 0 || other->first_s < seen->first_s)) {
        seen->first_s = other->first_s;
    }
    hub_seen_drop(hub, other, now_ms);
    return true;
}

/* Out of the map, so that two can change places. */
static void unname(struct hub *hub, struct hub_seen *seen, uint64_t now_ms)
{
    hub_tell_no_node(hub, hub_seen_name(seen), now_ms);
    map_remove(&hub->registry.by_name, &seen->by_name);
    seen->in_map = false;
}

static void rename_one(struct hub *hub, struct hub_seen *seen, uint64_t now_ms)
{
    struct hub_sighting is = {.name = name_now(hub, seen),
                              .id = hub_seen_id(seen),
                              .listener = seen->listener,
                              .address = hub_seen_place(seen)};

    if (!clear_name(hub, seen, is.name, now_ms) || !hub_seen_identify(hub, seen, &is)) {
        if (seen->hn != NULL) {
            seen->hn->seen = NULL;
            seen->hn = NULL;
        }
        hub_seen_drop(hub, seen, now_ms);
        return;
    }
    hub_seen_touch(hub, seen, now_ms);
    hub_tell_node_state(hub, seen, now_ms);
    hub_tell_node_info(hub, seen, now_ms);
}

void hub_registry_rename(struct hub *hub, uint64_t now_ms)
{
    size_t place = 0;
    struct hub_seen *seen = NULL;

    while ((seen = hub_seen_next(hub, &place)) != NULL) {
        if (!span_equal(name_now(hub, seen), hub_seen_name(seen))) {
            unname(hub, seen, now_ms);
        }
    }
    place = 0;
    while ((seen = hub_seen_next(hub, &place)) != NULL) {
        seen->named = hub_section_named(hub->conf, name_now(hub, seen)) != NULL;
        if (!seen->in_map) {
            rename_one(hub, seen, now_ms);
        }
    }
}

void hub_seen_rename(struct hub *hub, struct hub_seen *seen, uint64_t now_ms)
{
    unname(hub, seen, now_ms);
    seen->named = hub_section_named(hub->conf, name_now(hub, seen)) != NULL;
    rename_one(hub, seen, now_ms);
}
