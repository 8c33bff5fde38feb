/* gateway/hub/seen_name.c - entries whose names are others now: a reload, a node replaced. */
#include "config/nodename.h"
#include "gateway/hub/seen.h"
#include "gateway/hub/told.h"
#include "gateway/hub/who.h"

/* What the entry is called now, written to `w`: by its node; a gone one by the [node] of its client
 * id; by its client id when the [node] that had its name went; else as it was. */
static struct span name_now(const struct hub *hub, const struct hub_seen *seen, struct writer *w)
{
    struct span id = hub_seen_id(seen);
    const struct conf_node *section = hub_who_has(hub, id);

    if (seen->hn != NULL) {
        write_span(w, hub_node_name(hub, seen->hn));
    } else if (section != NULL) {
        write_span(w, span_of_text(section->at.name));
    } else if (seen->named && id.len != 0 && hub_who_named(hub, hub_seen_name(seen)) == NULL) {
        conf_name_escape(id, w);
    }
    return w->bad || written(w) == 0 ? hub_seen_name(seen) : span_of(w->start, written(w));
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
    uint8_t room[CONF_NAME_MOST];
    struct writer w = writer_of(room, sizeof room);
    struct hub_sighting is = {.name = name_now(hub, seen, &w),
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
    seen->named = hub_who_named(hub, hub_seen_name(seen)) != NULL;
    hub_seen_touch(hub, seen, now_ms);
    hub_tell_node_state(hub, seen, now_ms);
    hub_tell_node_info(hub, seen, now_ms);
}

static bool is_renamed(const struct hub *hub, const struct hub_seen *seen)
{
    uint8_t room[CONF_NAME_MOST];
    struct writer w = writer_of(room, sizeof room);

    return !span_equal(name_now(hub, seen, &w), hub_seen_name(seen));
}

void hub_registry_rename(struct hub *hub, uint64_t now_ms)
{
    size_t place = 0;
    struct hub_seen *seen = NULL;

    while ((seen = hub_seen_next(hub, &place)) != NULL) {
        if (is_renamed(hub, seen)) {
            unname(hub, seen, now_ms);
        } else {
            seen->named = hub_who_named(hub, hub_seen_name(seen)) != NULL;
        }
    }
    place = 0;
    while ((seen = hub_seen_next(hub, &place)) != NULL) {
        if (!seen->in_map) {
            rename_one(hub, seen, now_ms);
        }
    }
}

void hub_seen_rename(struct hub *hub, struct hub_seen *seen, uint64_t now_ms)
{
    unname(hub, seen, now_ms);
    rename_one(hub, seen, now_ms);
}
