#include "mqtt/keep.h"

#include "mqtt/received.h"

#define QUEUE_MESSAGE 4 /* fields of TABLE_QUEUE from here are of the message within */

static uint64_t put(struct mqtt_sessions *ss, const struct record *record, uint64_t now_ms)
{
    return journal_put(ss->journal, record, now_ms);
}

uint64_t mqtt_keep_clock_of(const struct mqtt_sessions *ss, int64_t wall_ms)
{
    return wall_ms > ss->wall_ms ? (uint64_t)(wall_ms - ss->wall_ms) : 0;
}

static int64_t wall_of(const struct mqtt_sessions *ss, uint64_t at_ms)
{
    return (int64_t)at_ms + ss->wall_ms;
}

static void raise_ticket(struct mqtt_session *s, uint64_t ticket)
{
    s->ticket = ticket > s->ticket ? ticket : s->ticket;
}

static void put_session(struct mqtt_sessions *ss, struct mqtt_session *s, bool fresh,
                        uint64_t now_ms)
{
    struct record record = {.key = {TABLE_SESSION, s->number, 0},
                            .fields = {s->door, 0, 0, s->sends},
                            .text = mqtt_session_name(s),
                            .fresh = fresh};

    if (mqtt_keep_is_on(ss, s)) {
        record.block = block_hold(s->name);
        raise_ticket(s, put(ss, &record, now_ms));
    }
}

void mqtt_keep_session(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms)
{
    put_session(ss, s, true, now_ms);
}

uint64_t mqtt_keep_sending(struct mqtt_sessions *ss, struct mqtt_session *s, bool sends,
                           uint64_t now_ms)
{
    s->sends = sends;
    put_session(ss, s, false, now_ms);
    return s->ticket;
}

static void leave_row(struct mqtt_sessions *ss, struct mqtt_row *row, uint64_t now_ms)
{
    if (--row->users == 0) {
        journal_del(ss->journal, TABLE_MESSAGE, 0, row->number, now_ms);
        pool_give(&ss->rows, row);
    }
}

/* One queue row less needs the message. */
void mqtt_keep_leave_message(struct mqtt_sessions *ss, struct mqtt_message *m, uint64_t now_ms)
{
    if (m != NULL && --m->rows == 0) {
        leave_row(ss, m->row, now_ms);
        m->row = NULL;
    }
}

/* The entry's own row is gone, or says that it was released. */
static void leave_entry(struct mqtt_sessions *ss, struct mqtt_entry *entry, uint64_t now_ms)
{
    if (entry->within && entry->away) {
        pool_give(&ss->rows, entry->row);
    } else if (!entry->within && entry->away) {
        leave_row(ss, entry->row, now_ms);
    } else if (!entry->within) {
        mqtt_keep_leave_message(ss, entry->message, now_ms);
    }
    entry->message = entry->away ? NULL : entry->message;
    entry->away = false;
    entry->within = false;
}

static void end_entries(struct mqtt_sessions *ss, const struct mqtt_session *s,
                        const struct chain *entries, uint64_t now_ms)
{
    CHAIN_EACH (link, entries) {
        mqtt_keep_end(ss, s, LIST_ITEM(link, struct mqtt_entry, link), now_ms);
    }
}

void mqtt_keep_no_session(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms)
{
    if (mqtt_keep_is_on(ss, s)) {
        end_entries(ss, s, &s->inflight, now_ms);
        end_entries(ss, s, &s->queue, now_ms);
        journal_del_owner(ss->journal, s->number, now_ms);
    }
}

bool mqtt_keep_subscription(struct mqtt_sessions *ss, struct mqtt_session *s,
                            struct mqtt_subscription *sub, struct span filter, uint64_t now_ms)
{
    struct record record = {
        .key = {TABLE_SUBSCRIPTION, s->number},
        .fields = {sub->qos, sub->options, (int64_t)sub->extra << 16 | sub->rule,
                   (int64_t)sub->ttl_ms},
    };

    if (!mqtt_keep_is_on(ss, s)) {
        return true;
    }
    record.block = block_copy(&ss->budget, filter);
    if (record.block == NULL) {
        return false;
    }
    record.text = block_span(record.block);
    record.fresh = sub->number == 0;
    if (record.fresh) {
        sub->number = ++ss->last_number;
    }
    record.key[2] = sub->number;
    raise_ticket(s, put(ss, &record, now_ms));
    return true;
}

void mqtt_keep_no_subscription(struct mqtt_sessions *ss, struct mqtt_session *s,
                               const struct mqtt_subscription *sub, uint64_t now_ms)
{
    if (mqtt_keep_is_on(ss, s)) {
        raise_ticket(s,
                     journal_del(ss->journal, TABLE_SUBSCRIPTION, s->number, sub->number, now_ms));
    }
}

static struct record record_of(enum table table, uint64_t owner, uint64_t item,
                               struct mqtt_message *m)
{
    return (struct record){.key = {table, owner, item},
                           .text = mqtt_message_topic(m),
                           .body = mqtt_message_payload(m),
                           .block = block_hold(mqtt_message_block(m))};
}

void mqtt_keep_will(struct mqtt_sessions *ss, const struct mqtt_session *s, uint64_t now_ms)
{
    struct record record;

    if (!mqtt_keep_is_on(ss, s) || s->door != MQTT_DOOR_NODE) {
        return;
    }
    if (s->will == NULL) {
        journal_del(ss->journal, TABLE_WILL, s->number, 0, now_ms);
        return;
    }
    record = record_of(TABLE_WILL, s->number, 0, s->will);
    record.fields[0] = s->will->qos;
    record.fields[1] = s->will->retain;
    record.fields[2] = s->will->origin;
    put(ss, &record, now_ms);
}

static void say_message(const struct mqtt_sessions *ss, const struct mqtt_message *m,
                        int64_t fields[4])
{
    fields[0] = m->qos;
    fields[1] = m->retain | (int64_t)m->origin << 1;
    fields[2] = (int64_t)m->from;
    fields[3] = wall_of(ss, m->arrived_ms);
}

struct mqtt_row *mqtt_keep_row(struct mqtt_sessions *ss, const struct mqtt_message *m,
                               uint64_t number)
{
    struct mqtt_row *row = pool_take(&ss->rows);

    *row = (struct mqtt_row){.number = number, .users = 1, .octets = m->payload_len + m->topic_len};
    return row;
}

static void put_message(struct mqtt_sessions *ss, struct mqtt_message *m, uint64_t now_ms)
{
    struct record record;

    m->row = mqtt_keep_row(ss, m, ++ss->last_number);
    record = record_of(TABLE_MESSAGE, 0, m->row->number, m);
    say_message(ss, m, record.fields);
    record.fresh = true;
    put(ss, &record, now_ms);
}

static int64_t shared_row_of(const struct mqtt_entry *entry)
{
    const struct mqtt_row *row = NULL;

    if (!entry->within && entry->away) {
        row = entry->row;
    } else if (!entry->within && entry->message != NULL) {
        row = entry->message->row;
    }
    return row == NULL ? 0 : (int64_t)row->number;
}

static uint64_t put_entry(struct mqtt_sessions *ss, const struct mqtt_session *s,
                          const struct mqtt_entry *entry, bool fresh, uint64_t now_ms)
{
    bool waits = entry->state == MQTT_ENTRY_WAITS;
    struct record record = {.key = {TABLE_QUEUE, s->number, entry->number}};

    if (entry->within && entry->message != NULL) {
        record = record_of(TABLE_QUEUE, s->number, entry->number, entry->message);
        say_message(ss, entry->message, &record.fields[QUEUE_MESSAGE]);
    }
    record.fresh = fresh;
    record.fields[0] = shared_row_of(entry);
    record.fields[1] = entry->qos | entry->retain << 2 | entry->state << 3;
    record.fields[2] = entry->packet_id | (int64_t)entry->rule << 16;
    record.fields[3] = waits && entry->due != 0 ? wall_of(ss, entry->due) : 0;
    return put(ss, &record, now_ms);
}

uint64_t mqtt_keep_entry(struct mqtt_sessions *ss, const struct mqtt_session *s,
                         struct mqtt_entry *entry, uint64_t now_ms)
{
    bool fresh = entry->number == 0;

    if (!mqtt_keep_is_on(ss, s)) {
        return 0;
    }
    if (fresh) {
        entry->within = !entry->message->shared;
        if (entry->message->shared && entry->message->rows++ == 0) {
            put_message(ss, entry->message, now_ms);
        }
        entry->number = ++ss->last_number;
    }
    return put_entry(ss, s, entry, fresh, now_ms);
}

uint64_t mqtt_keep_release(struct mqtt_sessions *ss, const struct mqtt_session *s,
                           struct mqtt_entry *entry, uint64_t now_ms)
{
    struct mqtt_entry released = *entry;
    uint64_t ticket = 0;

    if (entry->number == 0) {
        return 0;
    }
    released.message = NULL;
    released.away = false;
    released.within = false;
    released.state = MQTT_ENTRY_RELEASED;
    ticket = put_entry(ss, s, &released, false, now_ms);
    leave_entry(ss, entry, now_ms);
    return ticket;
}

void mqtt_keep_end(struct mqtt_sessions *ss, const struct mqtt_session *s, struct mqtt_entry *entry,
                   uint64_t now_ms)
{
    if (entry->number != 0) {
        journal_del(ss->journal, TABLE_QUEUE, s->number, entry->number, now_ms);
        leave_entry(ss, entry, now_ms);
        entry->number = 0;
    }
}

void mqtt_keep_received(struct mqtt_sessions *ss, struct mqtt_session *s, uint16_t packet_id,
                        uint64_t now_ms)
{
    struct record record = {.key = {TABLE_RECEIVED, s->number, packet_id}, .fresh = true};

    if (mqtt_keep_is_on(ss, s)) {
        raise_ticket(s, put(ss, &record, now_ms));
    }
}

void mqtt_keep_no_received(struct mqtt_sessions *ss, struct mqtt_session *s, uint16_t packet_id,
                           uint64_t now_ms)
{
    if (mqtt_keep_is_on(ss, s)) {
        raise_ticket(s, journal_del(ss->journal, TABLE_RECEIVED, s->number, packet_id, now_ms));
    }
}

/* What went out waits for its row as it would have from the beginning. */
static void keep_entries(struct mqtt_sessions *ss, const struct mqtt_session *s,
                         const struct chain *entries, uint64_t now_ms)
{
    CHAIN_EACH (link, entries) {
        struct mqtt_entry *entry = LIST_ITEM(link, struct mqtt_entry, link);
        uint64_t ticket = 0;

        if (entry->message != NULL && entry->qos > 0) { /* a clean session's is never away */
            ticket = mqtt_keep_entry(ss, s, entry, now_ms);
        } else if (entry->message == NULL) {
            entry->number = ++ss->last_number;
            ticket = put_entry(ss, s, entry, true, now_ms);
        }
        if (entry->qos == 2 && entry->state != MQTT_ENTRY_WAITS) {
            entry->due = ticket;
        }
    }
}

static void keep_subscriptions(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms)
{
    uint8_t text[UINT16_MAX];

    CHAIN_EACH (link, &s->subscriptions) {
        struct mqtt_subscription *sub = LIST_ITEM(link, struct mqtt_subscription, in_session);
        struct span filter = mqtt_subscription_filter(sub, text, sizeof text);

        if (!mqtt_keep_subscription(ss, s, sub, filter, now_ms)) {
            ss->count.refused++;
        }
    }
}

void mqtt_keep_all(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms)
{
    mqtt_keep_session(ss, s, now_ms);
    if (!mqtt_keep_is_on(ss, s)) {
        return;
    }
    keep_subscriptions(ss, s, now_ms);
    CHAIN_EACH (link, &s->received) {
        const struct mqtt_received *received = LIST_ITEM(link, struct mqtt_received, in_session);

        mqtt_keep_received(ss, s, (uint16_t)received->key[1], now_ms);
    }
    if (s->will != NULL) {
        mqtt_keep_will(ss, s, now_ms);
    }
    keep_entries(ss, s, &s->inflight, now_ms);
    keep_entries(ss, s, &s->queue, now_ms);
}

uint64_t mqtt_keep_retained(struct mqtt_sessions *ss, struct mqtt_branch *branch, uint64_t now_ms)
{
    struct record record;
    bool fresh = branch->number == 0;

    if (ss->journal->off) {
        return 0;
    }
    if (fresh) {
        branch->number = ++ss->last_number;
    }
    record = record_of(TABLE_RETAINED, 0, branch->number, branch->message);
    record.fields[0] = branch->message->qos;
    record.fields[1] = (int64_t)branch->message->from;
    record.fields[2] = wall_of(ss, branch->message->arrived_ms);
    record.fields[3] = branch->message->origin;
    record.fresh = fresh;
    return put(ss, &record, now_ms);
}

uint64_t mqtt_keep_no_retained(struct mqtt_sessions *ss, const struct mqtt_branch *branch,
                               uint64_t now_ms)
{
    if (branch->number == 0) {
        return 0;
    }
    return journal_del(ss->journal, TABLE_RETAINED, 0, branch->number, now_ms);
}
