/* gateway/hub/seen_keep.c - entries of the node registry in the store. */
#include "base/text.h"
#include "gateway/hub/seen.h"
#include "gateway/hub/told.h"

#define AT_ONCE   1000u /* rows of one flush; the next follows */
#define NEXT_MS   1000u
#define STALE_S   3600u
#define BODY_MOST (2u * UINT8_MAX + UINT16_MAX + 8u + SN_PEER_KEY)

/* --- out ------------------------------------------------------------------------------------- */

static struct span listener_of(const struct hub *hub, const struct hub_seen *seen)
{
    return seen->listener < hub->conf->listener_count
               ? span_of_text(hub->conf->listener[seen->listener].at.name)
               : (struct span){NULL, 0};
}

/* Client id and body of the row in one block; NULL: no memory. */
static struct block *row_of(struct hub *hub, const struct hub_seen *seen)
{
    struct span listener = listener_of(hub, seen);
    struct span place = span_from(block_span(seen->text), seen->address_at);
    size_t len = seen->id_len + 1u + listener.len + 2u + seen->name_len + place.len;
    struct block *block = block_new(&hub->sessions.budget, len);
    struct writer w;

    if (block == NULL) {
        return NULL;
    }
    w = writer_of(block->octets, block->len);
    write_span(&w, hub_seen_id(seen));
    write_u8(&w, (uint8_t)listener.len);
    write_span(&w, listener);
    write_u16(&w, seen->name_len);
    write_span(&w, hub_seen_name(seen));
    write_span(&w, place);
    return block;
}

void hub_seen_write(struct hub *hub, struct hub_seen *seen, uint64_t now_ms)
{
    struct hub_seen_facts facts = hub_seen_facts(hub, seen);
    struct record put = {
        .key = {TABLE_NODE, 0, seen->number},
        .fields = {1000 * (int64_t)seen->first_s, 1000 * (int64_t)facts.last_s, seen->state,
                   (int64_t)((uint64_t)(uint32_t)facts.errors << 32 | (uint32_t)facts.resent)}};

    if (!hub->journal.off) {
        put.block = journal_has_cells(&hub->journal, 1) ? row_of(hub, seen) : NULL;
        if (put.block == NULL) {
            hub_seen_touch(hub, seen, now_ms);
            return;
        }
        put.text = span_of(put.block->octets, seen->id_len);
        put.body = span_from(block_span(put.block), seen->id_len);
        (void)journal_put(&hub->journal, &put, now_ms);
    }
    seen->last_s = facts.last_s;
    seen->dirty = false;
    seen->stored = true;
}

static void flush_by(struct hub *hub, uint64_t due_ms)
{
    if (hub->registry.flush_ms == 0 || hub->registry.flush_ms > due_ms) {
        hub->registry.flush_ms = due_ms;
    }
}

void hub_registry_wake(struct hub *hub, uint64_t now_ms)
{
    flush_by(hub, now_ms + HUB_REGISTRY_MS);
}

void hub_seen_touch(struct hub *hub, struct hub_seen *seen, uint64_t now_ms)
{
    seen->dirty = true;
    hub_registry_wake(hub, now_ms);
}

void hub_seen_write_first(struct hub *hub, struct hub_seen *seen, uint64_t now_ms)
{
    hub_seen_touch(hub, seen, now_ms);
    if (hub->registry.first_sights < HUB_FIRST_SIGHTS) {
        hub->registry.first_sights++;
        hub_seen_write(hub, seen, now_ms);
    }
}

/* A node that is heard all the time is written now and then, at a clean stop every one that was. */
static bool is_due(const struct hub *hub, const struct hub_seen *seen)
{
    if (seen->dirty || seen->hn == NULL) {
        return seen->dirty;
    }
    if (hub->stopping) {
        return sn_node_facts(seen->hn->node).heard_ms != 0;
    }
    return hub_seen_facts(hub, seen).last_s - seen->last_s >= STALE_S;
}

/* Writes up to `most` of those that are due from flush_at on; true when it came to the end. */
static bool flush(struct hub *hub, size_t most, uint64_t now_ms)
{
    struct hub_registry *r = &hub->registry;
    struct hub_seen *seen = NULL;

    while (most > 0 && (seen = hub_seen_next(hub, &r->flush_at)) != NULL) {
        if (is_due(hub, seen)) {
            hub_seen_write(hub, seen, now_ms);
            most--;
        }
    }
    if (most == 0) {
        return false;
    }
    r->flush_at = 0;
    return true;
}

void hub_registry_tick(struct hub *hub, uint64_t now_ms)
{
    struct hub_registry *r = &hub->registry;

    if (hub_registry_deadline(hub) > now_ms) {
        return;
    }
    r->flush_ms = 0;
    r->first_sights = 0;
    if (!flush(hub, AT_ONCE, now_ms)) {
        flush_by(hub, now_ms + NEXT_MS);
    } else if (hub->nodes.used > 0) {
        flush_by(hub, now_ms + HUB_REGISTRY_MS);
    }
}

uint64_t hub_registry_deadline(const struct hub *hub)
{
    return hub->registry.flush_ms == 0 ? UINT64_MAX : hub->registry.flush_ms;
}

void hub_registry_stop(struct hub *hub, uint64_t now_ms)
{
    hub->registry.flush_at = 0;
    (void)flush(hub, SIZE_MAX, now_ms);
}

/* --- in -------------------------------------------------------------------------------------- */

static uint16_t listener_named(const struct conf *conf, struct span name)
{
    size_t i = 0;

    while (i < conf->listener_count && !span_equal(span_of_text(conf->listener[i].at.name), name)) {
        i++;
    }
    return i < conf->listener_count ? (uint16_t)i : HUB_NO_LISTENER;
}

static struct hub_node *node_of(const struct hub *hub, struct span id)
{
    const struct mqtt_session *s = mqtt_session_find(&hub->sessions, MQTT_DOOR_NODE, id);

    return s == NULL ? NULL : s->user;
}

/* Nobody is connected now. */
static void take_state(struct hub_seen *seen, const struct record *record)
{
    seen->number = (uint32_t)record->key[2];
    seen->stored = true;
    seen->first_s = (uint32_t)(record->fields[0] / 1000);
    seen->last_s = (uint32_t)(record->fields[1] / 1000);
    seen->errors = (uint32_t)((uint64_t)record->fields[3] >> 32);
    seen->resent = (uint32_t)record->fields[3];
    seen->state = record->fields[2] == HUB_NODE_LOST ? HUB_NODE_LOST : HUB_NODE_DISCONNECTED;
}

bool hub_registry_restore(struct hub *hub, const struct record *record)
{
    struct reader r = reader_of(record->body);
    struct hub_sighting is = {.id = record->text};
    struct hub_seen *seen = NULL;
    struct hub_node *hn = node_of(hub, record->text);

    is.listener = listener_named(hub->conf, read_span(&r, read_u8(&r)));
    is.name = read_span(&r, read_u16(&r));
    is.address = read_rest(&r);
    if (is.name.len == 0 || is.address.len == 0 || record->key[2] == 0 ||
        record->key[2] > UINT32_MAX || is.id.len > UINT16_MAX ||
        hub_seen_find(hub, is.name) != NULL) {
        return false;
    }
    if (record->key[2] > hub->registry.last_number) {
        hub->registry.last_number = (uint32_t)record->key[2];
    }
    seen = hub_seen_make(hub, &is);
    if (seen == NULL) {
        return false;
    }
    take_state(seen, record);
    if (hn != NULL && hn->seen == NULL) {
        hub_seen_join(seen, hn);
    }
    return true;
}

void hub_registry_restored(struct hub *hub, uint64_t now_ms)
{
    size_t place = 0;
    struct hub_node *hn = NULL;

    hub_registry_rename(hub, now_ms);
    while ((hn = hub_node_next(hub, &place)) != NULL) {
        hub_seen_known(hub, hn, now_ms);
    }
}
