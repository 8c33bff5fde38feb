#include "mqtt/inflight.h"

#include <assert.h>

static struct mqtt_entry *entry_of(struct list *link)
{
    return LIST_ITEM(link, struct mqtt_entry, link);
}

static bool is_sent(const struct mqtt_entry *entry)
{
    return entry->state == MQTT_ENTRY_SENT || entry->state == MQTT_ENTRY_RELEASED;
}

struct mqtt_entry *mqtt_inflight_find(const struct mqtt_session *s, uint16_t packet_id)
{
    CHAIN_EACH (link, &s->inflight) {
        if (entry_of(link)->packet_id == packet_id) {
            return entry_of(link);
        }
    }
    return NULL;
}

/* Ids are given in turn, so until 65535 of them were given since none was in use, the next cannot
 * be in use. */
static uint16_t next_id(struct mqtt_session *s)
{
    if (s->inflight_count == 0) {
        s->ids_given = 0;
    }
    do {
        s->last_packet_id = s->last_packet_id == UINT16_MAX ? 1 : s->last_packet_id + 1u;
        s->ids_given = s->ids_given < UINT16_MAX ? s->ids_given + 1u : UINT16_MAX;
    } while (s->ids_given == UINT16_MAX && mqtt_inflight_find(s, s->last_packet_id) != NULL);
    return s->last_packet_id;
}

static void push(struct mqtt_session *s, struct mqtt_entry *entry)
{
    chain_push(&s->inflight, &entry->link);
    s->inflight_count++;
    if (is_sent(entry)) {
        s->sent_count++;
    }
    if (s->to_send == NULL && entry->state == MQTT_ENTRY_TO_SEND) {
        s->to_send = entry;
    }
}

void mqtt_inflight_add(struct mqtt_session *s, struct mqtt_entry *entry)
{
    assert(s->inflight_count < UINT16_MAX);
    entry->packet_id = next_id(s);
    entry->state = MQTT_ENTRY_TO_SEND;
    entry->due = 0;
    push(s, entry);
}

void mqtt_inflight_restore(struct mqtt_session *s, struct mqtt_entry *entry)
{
    s->ids_given = UINT16_MAX;
    push(s, entry);
}

/* The first to be sent from `link` on. */
static struct mqtt_entry *first_to_send(const struct mqtt_session *s, struct list *link)
{
    for (; link != NULL; link = chain_after(&s->inflight, link)) {
        if (entry_of(link)->state == MQTT_ENTRY_TO_SEND) {
            return entry_of(link);
        }
    }
    return NULL;
}

static void leave_to_send(struct mqtt_session *s, const struct mqtt_entry *entry)
{
    if (s->to_send == entry) {
        s->to_send = first_to_send(s, chain_after(&s->inflight, &entry->link));
    }
}

void mqtt_inflight_sent(struct mqtt_session *s, struct mqtt_entry *entry)
{
    entry->state = MQTT_ENTRY_SENT;
    s->sent_count++;
    leave_to_send(s, entry);
}

void mqtt_inflight_release(struct mqtt_session *s, struct mqtt_entry *entry)
{
    if (!is_sent(entry)) {
        s->sent_count++;
    }
    entry->state = MQTT_ENTRY_RELEASED;
    leave_to_send(s, entry);
    mqtt_message_drop(entry->message);
    entry->message = NULL;
}

void mqtt_inflight_again(struct mqtt_session *s, struct mqtt_entry *entry)
{
    if (entry->state == MQTT_ENTRY_SENT) {
        entry->state = MQTT_ENTRY_TO_SEND;
        entry->dup = true;
        s->sent_count--;
        s->to_send = first_to_send(s, s->inflight.first);
    }
}

bool mqtt_inflight_has_room(const struct mqtt_session *s)
{
    return s->inflight_count - s->held_count < s->window && s->held_count < MQTT_HELD_MOST;
}

void mqtt_inflight_hold(struct mqtt_session *s, struct mqtt_entry *entry)
{
    assert(entry->state == MQTT_ENTRY_SENT);
    entry->state = MQTT_ENTRY_HELD;
    s->sent_count--;
    s->held_count++;
}

void mqtt_inflight_unhold(struct mqtt_session *s)
{
    if (s->held_count == 0) {
        return;
    }
    CHAIN_EACH (link, &s->inflight) {
        if (entry_of(link)->state == MQTT_ENTRY_HELD) {
            entry_of(link)->state = MQTT_ENTRY_TO_SEND;
        }
    }
    s->held_count = 0;
    s->to_send = first_to_send(s, s->inflight.first);
}

void mqtt_inflight_all_again(struct mqtt_session *s)
{
    mqtt_inflight_unhold(s);
    CHAIN_EACH (link, &s->inflight) {
        struct mqtt_entry *entry = entry_of(link);

        if (entry->state == MQTT_ENTRY_SENT) {
            entry->state = MQTT_ENTRY_TO_SEND;
            entry->dup = true;
            s->sent_count--;
        }
    }
    s->to_send = first_to_send(s, s->inflight.first);
}

void mqtt_inflight_remove(struct mqtt_session *s, struct mqtt_entry *entry)
{
    leave_to_send(s, entry);
    if (is_sent(entry)) {
        s->sent_count--;
    }
    if (entry->state == MQTT_ENTRY_HELD) {
        s->held_count--;
    }
    chain_remove(&s->inflight, &entry->link);
    s->inflight_count--;
}

void mqtt_inflight_clear(struct mqtt_sessions *ss, struct mqtt_session *s)
{
    while (!chain_is_empty(&s->inflight)) {
        struct mqtt_entry *first = entry_of(s->inflight.first);

        mqtt_inflight_remove(s, first);
        mqtt_entry_free(ss, first);
    }
}
