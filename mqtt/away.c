#include "mqtt/away.h"

#include "mqtt/inflight.h"
#include "mqtt/keep.h"
#include "mqtt/session_parts.h"

static struct mqtt_entry *entry_of(struct list *link)
{
    return LIST_ITEM(link, struct mqtt_entry, link);
}

void mqtt_away_send(struct mqtt_sessions *ss, const struct mqtt_session *s,
                    const struct mqtt_message *message)
{
    struct mqtt_entry *entry = NULL;
    struct mqtt_message *m = NULL;
    struct mqtt_row *row = NULL;

    if (s->queue_bytes <= MQTT_NEAR_OCTETS) {
        return;
    }
    entry = entry_of(chain_last(&s->queue));
    if (entry->away || entry->message != message || entry->number == 0) {
        return;
    }
    m = entry->message;
    if (entry->within) {
        row = mqtt_keep_row(ss, m, entry->number);
    } else {
        row = m->row;
        row->users++;
        mqtt_keep_leave_message(ss, m, 0); /* not the last user: nothing is deleted */
    }
    mqtt_message_drop(m);
    entry->row = row;
    entry->away = true;
}

bool mqtt_away_waits(const struct mqtt_session *s)
{
    if (s->to_send != NULL) {
        return s->to_send->away;
    }
    return !chain_is_empty(&s->queue) && entry_of(s->queue.first)->away;
}

/* --- asking ---------------------------------------------------------------------------------- */

/* Takes the rows of a list's entries that are away; false: enough. */
static bool want_from(const struct mqtt_sessions *ss, const struct chain *entries,
                      uint64_t numbers[MQTT_WANTED], size_t *count)
{
    CHAIN_EACH (link, entries) {
        const struct mqtt_entry *entry = entry_of(link);

        if (!entry->away) {
            continue;
        }
        if (*count == MQTT_WANTED || entry->row->number > ss->stored) {
            return false;
        }
        numbers[(*count)++] = entry->row->number;
    }
    return true;
}

size_t mqtt_sessions_wanted(struct mqtt_sessions *ss, uint64_t numbers[MQTT_WANTED])
{
    struct mqtt_session *s = NULL;
    size_t count = 0;

    if (ss->fetching.under_way || list_is_empty(&ss->wanting)) {
        return 0;
    }
    s = LIST_ITEM(ss->wanting.next, struct mqtt_session, in_line);
    if (mqtt_away_waits(s) && want_from(ss, &s->inflight, numbers, &count)) {
        (void)want_from(ss, &s->queue, numbers, &count);
    }
    if (count != 0) {
        ss->fetching.under_way = true;
        ss->fetching.starved = false;
        ss->fetching.session = s;
    }
    return count;
}

/* --- coming back ----------------------------------------------------------------------------- */

static struct mqtt_entry *find(const struct chain *entries, uint64_t number)
{
    CHAIN_EACH (link, entries) {
        if (entry_of(link)->away && entry_of(link)->row->number == number) {
            return entry_of(link);
        }
    }
    return NULL;
}

static void drop(struct mqtt_sessions *ss, struct mqtt_session *s, struct mqtt_entry *entry,
                 uint64_t now_ms)
{
    if (entry->state == MQTT_ENTRY_WAITS) {
        mqtt_queue_take(s, entry);
    } else {
        mqtt_inflight_remove(s, entry);
    }
    mqtt_keep_end(ss, s, entry, now_ms);
    mqtt_entry_free(ss, entry);
}

/* NULL: no memory. */
static struct mqtt_message *message_of(struct mqtt_sessions *ss, const struct record *record)
{
    struct mqtt_message *m = mqtt_message_new(&ss->budget, record->text, record->body);

    if (m != NULL) {
        m->qos = (uint8_t)record->fields[0];
        m->retain = (record->fields[1] & 1) != 0;
        m->origin = (uint32_t)(record->fields[1] >> 1);
        m->from = (uint64_t)record->fields[2];
        m->arrived_ms = mqtt_keep_clock_of(ss, record->fields[3]);
    }
    return m;
}

void mqtt_sessions_fetched(struct mqtt_sessions *ss, const struct record *record, uint64_t now_ms)
{
    struct mqtt_session *s = ss->fetching.session;
    struct mqtt_entry *entry = s == NULL ? NULL : find(&s->inflight, record->key[2]);
    struct mqtt_message *m = NULL;

    if (s != NULL && entry == NULL) {
        entry = find(&s->queue, record->key[2]);
    }
    if (entry == NULL) {
        return; /* it was dropped meanwhile */
    }
    if (record->op != RECORD_PUT) {
        ss->count.unread++;
        drop(ss, s, entry, now_ms);
        return;
    }
    m = message_of(ss, record);
    if (m == NULL) {
        ss->fetching.starved = true;
        return;
    }
    if (entry->within) {
        pool_give(&ss->rows, entry->row);
    } else {
        m->row = entry->row;
        m->rows = 1;
    }
    entry->message = m;
    entry->away = false;
    if (!mqtt_acl_may_read(mqtt_acl_of(s->acl), mqtt_message_topic(m))) {
        ss->count.denied++;
        drop(ss, s, entry, now_ms);
    }
}

/* Without memory it is tried again when something has changed, not at once. */
void mqtt_sessions_fetch_end(struct mqtt_sessions *ss)
{
    struct mqtt_session *s = ss->fetching.session;

    ss->fetching.under_way = false;
    ss->fetching.session = NULL;
    if (s == NULL) {
        return;
    }
    mqtt_session_leave_line(s);
    if (ss->fetching.starved && mqtt_away_waits(s)) {
        list_push(&ss->waiting, &s->in_line);
    } else {
        mqtt_session_again(ss, s);
    }
}
