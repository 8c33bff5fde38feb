#include "mqtt/queue.h"

#include "mqtt/keep.h"

static struct mqtt_entry *entry_of(struct list *link)
{
    return LIST_ITEM(link, struct mqtt_entry, link);
}

static uint32_t octets_of(const struct mqtt_entry *entry)
{
    return entry->away ? entry->row->octets
                       : entry->message->payload_len + entry->message->topic_len;
}

bool mqtt_entries_have_room(const struct mqtt_sessions *ss, size_t count)
{
    return count <= ss->entries.limit - ss->entries.used &&
           count * MQTT_ENTRY_COST <= ss->budget.limit - ss->budget.used;
}

struct mqtt_entry *mqtt_entry_new(struct mqtt_sessions *ss, struct mqtt_message *message)
{
    struct mqtt_entry *entry = NULL;

    if (!budget_charge(&ss->budget, MQTT_ENTRY_COST)) {
        return NULL;
    }
    entry = pool_take(&ss->entries);
    if (entry == NULL) {
        budget_refund(&ss->budget, MQTT_ENTRY_COST);
        return NULL;
    }
    entry->message = message == NULL ? NULL : mqtt_message_hold(message);
    return entry;
}

void mqtt_entry_free(struct mqtt_sessions *ss, struct mqtt_entry *entry)
{
    if (!entry->away) {
        mqtt_message_drop(entry->message);
    }
    pool_give(&ss->entries, entry);
    budget_refund(&ss->budget, MQTT_ENTRY_COST);
}

void mqtt_queue_push(struct mqtt_session *s, struct mqtt_entry *entry)
{
    chain_push(&s->queue, &entry->link);
    s->queue_count++;
    s->queue_bytes += octets_of(entry);
    if (entry->qos == 0 && s->oldest_q0 == NULL) {
        s->oldest_q0 = entry;
    }
}

/* The pointer only moves on, so all its steps together cost no more than the pushes. */
static struct mqtt_entry *next_q0(const struct mqtt_session *s, const struct mqtt_entry *entry)
{
    struct list *link = chain_after(&s->queue, &entry->link);

    for (; link != NULL; link = chain_after(&s->queue, link)) {
        if (entry_of(link)->qos == 0) {
            return entry_of(link);
        }
    }
    return NULL;
}

void mqtt_queue_take(struct mqtt_session *s, struct mqtt_entry *entry)
{
    if (entry == s->oldest_q0) {
        s->oldest_q0 = next_q0(s, entry);
    }
    chain_remove(&s->queue, &entry->link);
    s->queue_count--;
    s->queue_bytes -= octets_of(entry);
    if (s->queue_count == 0) {
        s->in_drop = false;
    }
}

static void count_drop(struct mqtt_sessions *ss, struct mqtt_session *s)
{
    s->dropped++;
    ss->count.dropped++;
    if (!s->in_drop && !s->expired) {
        s->in_drop = true;
        list_remove(&s->in_notices);
        list_push(&ss->notices, &s->in_notices);
    }
}

/* Too old. */
static void count_old(struct mqtt_sessions *ss, struct mqtt_session *s)
{
    s->dropped++;
    s->too_old++;
    ss->count.expired++;
}

static void drop(struct mqtt_sessions *ss, struct mqtt_session *s, struct mqtt_entry *entry,
                 uint64_t now_ms)
{
    mqtt_queue_take(s, entry);
    mqtt_keep_end(ss, s, entry, now_ms);
    mqtt_entry_free(ss, entry);
}

/* What goes for a newcomer at `qos`; NULL: the newcomer. */
static struct mqtt_entry *victim_of(const struct mqtt_session *s, uint8_t qos)
{
    if (s->quota.when_full == MQTT_DROP_NEWEST || chain_is_empty(&s->queue)) {
        return NULL;
    }
    if (s->quota.when_full == MQTT_DROP_QOS0_FIRST && (s->oldest_q0 != NULL || qos == 0)) {
        return s->oldest_q0;
    }
    return entry_of(s->queue.first);
}

static bool has_room(const struct mqtt_session *s, size_t octets)
{
    uint64_t bytes = s->queue_bytes + octets;
    uint64_t limit = s->quota.queued_bytes == 0 ? UINT64_MAX : s->quota.queued_bytes;

    return s->queue_count < s->quota.queued && bytes <= limit;
}

uint64_t mqtt_queue_due(const struct mqtt_session *s)
{
    uint64_t due = chain_is_empty(&s->queue) ? 0 : entry_of(s->queue.first)->due;

    return due == 0 ? UINT64_MAX : due;
}

struct mqtt_entry *mqtt_queue_first(struct mqtt_sessions *ss, struct mqtt_session *s,
                                    uint64_t now_ms)
{
    while (!chain_is_empty(&s->queue)) {
        struct mqtt_entry *first = entry_of(s->queue.first);

        if (first->due == 0 || first->due > now_ms) {
            return first;
        }
        count_old(ss, s);
        drop(ss, s, first, now_ms);
    }
    return NULL;
}

bool mqtt_queue_make_room(struct mqtt_sessions *ss, struct mqtt_session *s, size_t octets,
                          uint8_t qos, uint64_t now_ms)
{
    bool too_big = s->quota.queued_bytes != 0 && octets > s->quota.queued_bytes;

    if (!has_room(s, octets)) {
        (void)mqtt_queue_first(ss, s, now_ms); /* what is too old has no claim to the room */
    }
    while (!has_room(s, octets)) {
        struct mqtt_entry *victim = too_big ? NULL : victim_of(s, qos);

        if (victim == NULL) {
            count_drop(ss, s);
            return false;
        }
        drop(ss, s, victim, now_ms);
        count_drop(ss, s);
    }
    return true;
}

void mqtt_queue_drop_denied(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms)
{
    CHAIN_EACH_SAFE (link, after, &s->queue) {
        struct mqtt_entry *entry = entry_of(link);

        if (!entry->away && /* it is asked again when it is back */
            !mqtt_acl_may_read(mqtt_acl_of(s->acl), mqtt_message_topic(entry->message))) {
            ss->count.denied++;
            drop(ss, s, entry, now_ms);
        }
    }
}

void mqtt_queue_drop_all(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms)
{
    while (!chain_is_empty(&s->queue)) {
        count_old(ss, s);
        drop(ss, s, entry_of(s->queue.first), now_ms);
    }
}

size_t mqtt_queue_purge(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms)
{
    size_t count = 0;

    for (; !chain_is_empty(&s->queue); count++) {
        drop(ss, s, entry_of(s->queue.first), now_ms);
    }
    return count;
}

/* The rows may be gone already, and with them how long what is away was. */
void mqtt_queue_clear(struct mqtt_sessions *ss, struct mqtt_session *s)
{
    while (!chain_is_empty(&s->queue)) {
        struct mqtt_entry *first = entry_of(s->queue.first);

        chain_remove(&s->queue, &first->link);
        mqtt_entry_free(ss, first);
    }
    s->oldest_q0 = NULL;
    s->queue_count = 0;
    s->queue_bytes = 0;
    s->in_drop = false;
}

void mqtt_queue_clear_q0(struct mqtt_sessions *ss, struct mqtt_session *s)
{
    while (s->oldest_q0 != NULL) {
        struct mqtt_entry *entry = s->oldest_q0;

        mqtt_queue_take(s, entry);
        mqtt_entry_free(ss, entry);
    }
}
