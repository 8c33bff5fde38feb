/* mqtt/session_restore.c - sessions out of the records of the store. */
#include "mqtt/inflight.h"
#include "mqtt/keep.h"
#include "mqtt/received.h"
#include "mqtt/session_parts.h"

#define RESTORED_USUAL 65536u

/* A session or a message's row that later rows may name; the two share their numbers. */
struct restored {
    struct map_item by_number;
    uint64_t number;
    struct mqtt_session *session; /* NULL: a message */
    struct mqtt_row *row;
};

static void count_on(struct mqtt_sessions *ss, uint64_t number)
{
    ss->last_number = number > ss->last_number ? number : ss->last_number;
}

static struct restored *find_restored(const struct mqtt_sessions *ss, uint64_t number)
{
    if (ss->restored.limit == 0) {
        return NULL;
    }
    return MAP_ITEM(map_find(&ss->restoring, span_of(&number, sizeof number)), struct restored,
                    by_number);
}

/* NULL: no memory. */
static struct restored *remember(struct mqtt_sessions *ss, uint64_t number)
{
    struct restored *cell = NULL;

    if (ss->restored.limit == 0) {
        if (!map_init(&ss->restoring, RESTORED_USUAL, rng_next(&ss->rng))) {
            return NULL;
        }
        pool_init(&ss->restored, sizeof *cell, ss->limits.entries + ss->limits.sessions);
    }
    cell = pool_take(&ss->restored);
    if (cell != NULL) {
        cell->number = number;
        map_add(&ss->restoring, &cell->by_number, span_of(&cell->number, sizeof cell->number));
    }
    return cell;
}

struct mqtt_session *mqtt_sessions_by_number(const struct mqtt_sessions *ss, uint64_t number)
{
    struct restored *cell = find_restored(ss, number);

    return cell == NULL ? NULL : cell->session;
}

static struct mqtt_message *message_of(struct mqtt_sessions *ss, const struct record *record)
{
    return mqtt_message_new(&ss->budget, record->text, record->body);
}

static bool restore_session(struct mqtt_sessions *ss, const struct record *record, uint64_t now_ms)
{
    uint64_t number = record->key[1];
    struct restored *cell = NULL;
    struct mqtt_session *s = NULL;

    if (record->fields[0] < 0 || record->fields[0] >= MQTT_DOORS ||
        find_restored(ss, number) != NULL ||
        mqtt_session_find(ss, (enum mqtt_door)record->fields[0], record->text) != NULL) {
        return false;
    }
    cell = remember(ss, number);
    s = cell == NULL
            ? NULL
            : mqtt_session_make(ss, (enum mqtt_door)record->fields[0], record->text, NULL, number);
    if (s == NULL) {
        return false;
    }
    cell->session = s;
    s->last_packet_id = (uint16_t)rng_below(&ss->rng, UINT16_MAX);
    s->quota.queued = UINT32_MAX;
    mqtt_session_close(ss, s, MQTT_END_PARTED, now_ms);
    s->sends = record->fields[3] != 0;
    return true;
}

static bool restore_subscription(struct mqtt_sessions *ss, const struct record *record)
{
    struct mqtt_session *s = mqtt_sessions_by_number(ss, record->key[1]);
    struct mqtt_subscription *sub = NULL;

    if (s == NULL || mqtt_session_find_subscription(ss, s, record->text) != NULL) {
        return false;
    }
    sub = mqtt_session_add_subscription(ss, s, record->text, record->key[2]);
    if (sub == NULL) {
        return false;
    }
    sub->qos = (uint8_t)record->fields[0];
    sub->options = (uint8_t)((sub->options & MQTT_SUB_SHARED) |
                             ((uint64_t)record->fields[1] & MQTT_SUB_STORED));
    sub->rule = (uint16_t)record->fields[2];
    sub->extra = (uint32_t)(record->fields[2] >> 16);
    sub->ttl_ms = (uint64_t)record->fields[3];
    return true;
}

static bool restore_will(struct mqtt_sessions *ss, const struct record *record)
{
    struct mqtt_session *s = mqtt_sessions_by_number(ss, record->key[1]);
    struct mqtt_message *will = s == NULL ? NULL : message_of(ss, record);

    if (will == NULL) {
        return false;
    }
    will->qos = (uint8_t)record->fields[0];
    will->retain = record->fields[1] != 0;
    will->origin = (uint32_t)record->fields[2];
    mqtt_message_drop(s->will);
    s->will = will;
    return true;
}

/* It stays in the store until it is wanted (mqtt/away.h). */
static bool restore_message(struct mqtt_sessions *ss, const struct record *record)
{
    struct restored *cell = remember(ss, record->key[2]);

    if (cell == NULL) {
        return false;
    }
    cell->row = pool_take(&ss->rows);
    if (cell->row == NULL) {
        return false;
    }
    *cell->row = (struct mqtt_row){.number = record->key[2], .octets = record->octets};
    return true;
}

static bool restore_retained(struct mqtt_sessions *ss, const struct record *record)
{
    struct mqtt_message *m = message_of(ss, record);
    struct mqtt_branch *branch = NULL;

    if (m == NULL) {
        return false;
    }
    m->qos = (uint8_t)record->fields[0];
    m->from = (uint64_t)record->fields[1];
    m->arrived_ms = mqtt_keep_clock_of(ss, record->fields[2]);
    m->origin = (uint32_t)record->fields[3];
    m->retain = true;
    branch = mqtt_retain_set(&ss->retain, m);
    mqtt_message_drop(m);
    if (branch == NULL) {
        return false;
    }
    branch->number = record->key[2];
    return true;
}

static struct mqtt_entry *entry_of(struct mqtt_sessions *ss, const struct record *record,
                                   struct mqtt_row *row)
{
    struct mqtt_entry *entry = mqtt_entry_new(ss, NULL);
    int64_t state = record->fields[1];

    if (entry == NULL) {
        return NULL;
    }
    if (row != NULL) {
        entry->row = row;
        entry->away = true;
        entry->within = record->fields[0] == 0;
        row->users++;
    }
    entry->number = record->key[2];
    entry->qos = state & 3;
    entry->retain = (state & 4) != 0;
    entry->state = (uint8_t)(state >> 3);
    entry->packet_id = (uint16_t)(record->fields[2] & UINT16_MAX);
    entry->rule = (uint16_t)(record->fields[2] >> 16);
    if (entry->packet_id == 0 && record->fields[3] != 0) {
        entry->due = mqtt_keep_clock_of(ss, record->fields[3]);
        entry->due += entry->due == 0 ? 1 : 0; /* 0 would be never */
    }
    return entry;
}

/* An id that was recorded may have been sent. At QoS 1 not every id is recorded, so what stands
 * behind one that waits is sent anew, in order [MQTT-4.6.0-6], and with DUP unless the session was
 * away for all of its time [MQTT-3.3.1-1]. */
static void place(struct mqtt_session *s, struct mqtt_entry *entry)
{
    if (entry->qos == 1) {
        entry->packet_id = s->queue_count > 0 ? 0 : entry->packet_id;
        entry->dup = s->sends;
    }
    if (entry->packet_id == 0) {
        entry->state = MQTT_ENTRY_WAITS;
        mqtt_queue_push(s, entry);
        return;
    }
    if (entry->state != MQTT_ENTRY_RELEASED) {
        entry->state = MQTT_ENTRY_SENT;
    }
    mqtt_inflight_restore(s, entry);
}

/* NULL: it has none. */
static struct mqtt_row *row_of(struct mqtt_sessions *ss, const struct record *record)
{
    struct restored *cell = NULL;
    struct mqtt_row *row = NULL;

    if (record->fields[0] != 0) {
        cell = find_restored(ss, (uint64_t)record->fields[0]);
        return cell == NULL ? NULL : cell->row;
    }
    row = record->octets == 0 ? NULL : pool_take(&ss->rows);
    if (row != NULL) {
        *row = (struct mqtt_row){.number = record->key[2], .octets = record->octets};
    }
    return row;
}

static bool restore_entry(struct mqtt_sessions *ss, const struct record *record)
{
    struct mqtt_session *s = mqtt_sessions_by_number(ss, record->key[1]);
    bool released = record->fields[1] >> 3 == MQTT_ENTRY_RELEASED;
    struct mqtt_row *row = s == NULL || released ? NULL : row_of(ss, record);
    struct mqtt_entry *entry = NULL;

    if (s == NULL || (row == NULL && !released)) {
        return false;
    }
    entry = entry_of(ss, record, row);
    if (entry != NULL) {
        place(s, entry);
    } else if (row != NULL && record->fields[0] == 0) {
        pool_give(&ss->rows, row);
    }
    return entry != NULL;
}

static bool restore_received(struct mqtt_sessions *ss, const struct record *record)
{
    struct mqtt_session *s = mqtt_sessions_by_number(ss, record->key[1]);

    return s != NULL && mqtt_received_add(ss, s, (uint16_t)record->key[2]) != NULL;
}

bool mqtt_sessions_restore(struct mqtt_sessions *ss, const struct record *record, uint64_t now_ms)
{
    if (record->key[0] != TABLE_META) {
        count_on(ss, record->key[1]);
        count_on(ss, record->key[2]);
    }
    switch (record->key[0]) {
    case TABLE_SESSION: return restore_session(ss, record, now_ms);
    case TABLE_SUBSCRIPTION: return restore_subscription(ss, record);
    case TABLE_WILL: return restore_will(ss, record);
    case TABLE_MESSAGE: return restore_message(ss, record);
    case TABLE_RETAINED: return restore_retained(ss, record);
    case TABLE_QUEUE: return restore_entry(ss, record);
    case TABLE_RECEIVED: return restore_received(ss, record);
    default: return true;
    }
}

void mqtt_sessions_restored(struct mqtt_sessions *ss, uint64_t now_ms)
{
    struct map_item *item = ss->restored.limit == 0 ? NULL : map_next(&ss->restoring, NULL);

    while (item != NULL) {
        struct restored *cell = MAP_ITEM(item, struct restored, by_number);

        item = map_next(&ss->restoring, item);
        if (cell->row != NULL && cell->row->users == 0) {
            journal_del(ss->journal, TABLE_MESSAGE, 0, cell->row->number, now_ms);
            pool_give(&ss->rows, cell->row);
        }
        map_remove(&ss->restoring, &cell->by_number);
        pool_give(&ss->restored, cell);
    }
    ss->stored = ss->last_number;
    map_fini(&ss->restoring);
    pool_fini(&ss->restored);
    ss->restored.limit = 0;
}
