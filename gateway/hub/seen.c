#include "gateway/hub/seen.h"

#include "gateway/hub/mould.h"
#include "gateway/hub/told.h"
#include "gateway/hub/who.h"

#define GONE_ASKED 64u /* entries that are looked at for one to give way */

/* --- parts ----------------------------------------------------------------------------------- */

struct span hub_seen_name(const struct hub_seen *seen)
{
    return span_of(seen->text->octets, seen->name_len);
}

struct span hub_seen_id(const struct hub_seen *seen)
{
    return span_of(seen->text->octets + seen->id_at, seen->id_len);
}

struct span hub_seen_place(const struct hub_seen *seen)
{
    return span_from(block_span(seen->text), seen->address_at);
}

struct span hub_seen_address(const struct hub_seen *seen, struct span *wireless)
{
    struct reader r = reader_of(hub_seen_place(seen));
    struct span address = read_span(&r, read_u8(&r));

    *wireless = read_rest(&r);
    return address;
}

uint32_t hub_wall_s(const struct hub *hub, uint64_t ms)
{
    return (uint32_t)(((int64_t)ms + hub->sessions.wall_ms) / 1000);
}

struct hub_seen_facts hub_seen_facts(const struct hub *hub, const struct hub_seen *seen)
{
    struct hub_seen_facts facts = {seen->errors, seen->resent, seen->last_s};
    struct sn_node_facts live = {0};
    uint32_t heard_s = 0;

    if (seen->hn != NULL) {
        live = sn_node_facts(seen->hn->node);
        heard_s = live.heard_ms == 0 ? 0 : hub_wall_s(hub, live.heard_ms);
    }
    heard_s = heard_s < seen->first_s ? seen->first_s : heard_s; /* which is rounded less */
    facts.errors += live.errors;
    facts.resent += live.resent;
    facts.last_s = heard_s > facts.last_s ? heard_s : facts.last_s;
    return facts;
}

/* --- all of them ----------------------------------------------------------------------------- */

bool hub_registry_init(struct hub *hub, uint64_t seed)
{
    size_t limit = hub->conf->limits.nodes + hub->conf->node_count;

    list_init(&hub->registry.gone);
    pool_init(&hub->registry.seen, sizeof(struct hub_seen), limit);
    return map_init(&hub->registry.by_name, limit, seed);
}

struct hub_seen *hub_seen_next(const struct hub *hub, size_t *place)
{
    struct hub_seen *seen = NULL;

    do {
        seen = pool_at(&hub->registry.seen, (*place)++);
    } while (seen != NULL && seen->number == 0);
    return seen;
}

void hub_registry_fini(struct hub *hub)
{
    size_t place = 0;
    struct hub_seen *seen = NULL;

    while ((seen = hub_seen_next(hub, &place)) != NULL) {
        block_drop(seen->text);
    }
    map_fini(&hub->registry.by_name);
    pool_fini(&hub->registry.seen);
}

struct hub_seen *hub_seen_find(const struct hub *hub, struct span name)
{
    return MAP_ITEM(map_find(&hub->registry.by_name, name), struct hub_seen, by_name);
}

const struct hub_seen *hub_seen_numbered(struct hub *hub, uint32_t number)
{
    uint32_t *known = &hub->registry.places[number % HUB_PLACES];
    const struct hub_seen *seen = pool_at(&hub->registry.seen, *known);
    size_t place = 0;

    if (number == 0 || (seen != NULL && seen->number == number)) {
        return number == 0 ? NULL : seen;
    }
    do {
        seen = hub_seen_next(hub, &place);
    } while (seen != NULL && seen->number != number);
    *known = seen == NULL ? *known : (uint32_t)(place - 1);
    return seen;
}

/* --- one ------------------------------------------------------------------------------------- */

static bool is_as_before(const struct hub_seen *seen, const struct hub_sighting *is)
{
    return seen->text != NULL && seen->listener == is->listener &&
           span_equal(hub_seen_name(seen), is->name) && span_equal(hub_seen_id(seen), is->id) &&
           span_equal(hub_seen_place(seen), is->address);
}

/* A text of its own: name, client id if that is another, address. */
static struct block *own_text(struct hub *hub, const struct hub_sighting *is, struct span id)
{
    size_t len = is->name.len + id.len + is->address.len;
    struct block *text = block_new(&hub->sessions.budget, len);
    struct writer w;

    if (text != NULL) {
        w = writer_of(text->octets, text->len);
        write_span(&w, is->name);
        write_span(&w, id);
        write_span(&w, is->address);
    }
    return text;
}

bool hub_seen_identify(struct hub *hub, struct hub_seen *seen, const struct hub_sighting *is)
{
    bool same = span_equal(is->name, is->id);
    bool shared = same && is->who != NULL;
    bool changed = !is_as_before(seen, is);
    size_t id_at = same ? 0 : is->name.len;
    struct block *text = NULL;

    if (!changed && (!shared || seen->text == is->who)) {
        return false;
    }
    text = shared ? block_hold(is->who) : own_text(hub, is, same ? (struct span){NULL, 0} : is->id);
    if (text == NULL) {
        return false;
    }
    if (seen->in_map) {
        map_remove(&hub->registry.by_name, &seen->by_name);
    }
    block_drop(seen->text);
    seen->text = text;
    seen->listener = is->listener;
    seen->name_len = (uint16_t)is->name.len;
    seen->id_at = (uint16_t)id_at;
    seen->id_len = (uint16_t)is->id.len;
    seen->address_at = (uint16_t)(text->len - is->address.len);
    seen->in_map = true;
    map_add(&hub->registry.by_name, &seen->by_name, hub_seen_name(seen));
    return changed;
}

static void forget_unknown_of(struct hub *hub, const struct hub_seen *seen)
{
    struct hub_registry *r = &hub->registry;
    size_t kept = 0;

    for (size_t i = 0; i < r->unknown_count; i++) {
        if (r->unknown[i].seen != seen) {
            r->unknown[kept++] = r->unknown[i];
        }
    }
    r->unknown_count = kept;
}

void hub_seen_drop(struct hub *hub, struct hub_seen *seen, uint64_t now_ms)
{
    if (seen->stored) {
        journal_del(&hub->journal, TABLE_NODE, 0, seen->number, now_ms);
    }
    forget_unknown_of(hub, seen);
    hub_moulds_forget(hub, seen, now_ms);
    if (seen->in_map) {
        map_remove(&hub->registry.by_name, &seen->by_name);
    }
    list_remove(&seen->in_gone);
    block_drop(seen->text);
    seen->number = 0;
    pool_give(&hub->registry.seen, seen);
}

/* Of those gone longest, as far as they are looked at. */
bool hub_seen_give_way(struct hub *hub, uint64_t now_ms)
{
    struct hub_seen *oldest = NULL;
    unsigned asked = 0;

    LIST_EACH (link, &hub->registry.gone) {
        struct hub_seen *seen = LIST_ITEM(link, struct hub_seen, in_gone);

        if (++asked > GONE_ASKED) {
            break;
        }
        if (!seen->named && (oldest == NULL || seen->last_s < oldest->last_s)) {
            oldest = seen;
        }
    }
    if (oldest == NULL) {
        return false;
    }
    hub_tell_no_node(hub, hub_seen_name(oldest), now_ms);
    hub_seen_drop(hub, oldest, now_ms);
    return true;
}

struct hub_seen *hub_seen_make(struct hub *hub, const struct hub_sighting *sighting)
{
    struct hub_seen *seen = pool_take(&hub->registry.seen);

    if (seen == NULL) {
        return NULL;
    }
    if (!hub_seen_identify(hub, seen, sighting)) {
        pool_give(&hub->registry.seen, seen);
        return NULL;
    }
    seen->number = ++hub->registry.last_number;
    seen->named = hub_who_named(hub, sighting->name) != NULL;
    seen->state = HUB_NODE_DISCONNECTED;
    list_push(&hub->registry.gone, &seen->in_gone);
    return seen;
}
