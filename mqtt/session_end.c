/* mqtt/session_end.c - sessions closed, put to sleep, discarded, expired; notices. */
#include "mqtt/inflight.h"
#include "mqtt/keep.h"
#include "mqtt/queue.h"
#include "mqtt/received.h"
#include "mqtt/session_parts.h"

#define NEVER UINT64_MAX

/* [MQTT-3.1.2-8], [MQTT-3.1.2-10]; a kept node's will is stored data and stays (SN-039). */
static void publish_will(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms)
{
    struct mqtt_message *will = s->will;
    struct mqtt_message *m = NULL;

    if (will == NULL) {
        return;
    }
    m = mqtt_message_new(&ss->budget, mqtt_message_topic(will), mqtt_message_payload(will));
    if (m == NULL || !mqtt_sessions_may_publish(ss, s->acl, mqtt_message_topic(will))) {
        ss->count.refused += m == NULL;
        ss->count.denied += m != NULL;
        mqtt_message_drop(m);
        return;
    }
    m->from = s->number;
    m->arrived_ms = now_ms;
    m->origin = will->origin;
    m->qos = will->qos;
    m->retain = will->retain;
    ss->count.received++;
    ss->count.received_octets += m->payload_len;
    mqtt_sessions_spread(ss, m, now_ms);
    mqtt_message_drop(m);
}

static void end_will(struct mqtt_sessions *ss, struct mqtt_session *s, enum mqtt_end end,
                     uint64_t now_ms)
{
    bool stored = s->door == MQTT_DOOR_NODE && !s->clean;

    if (end == MQTT_END_LOST) {
        publish_will(ss, s, now_ms);
    }
    if (end == MQTT_END_BYE || !stored) {
        mqtt_session_set_will(ss, s, NULL, now_ms);
    }
}

static void expire_later(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms)
{
    uint64_t after = ss->limits.expiry_ms;

    if (s->door != MQTT_DOOR_UPSTREAM && after != 0 && after < NEVER - now_ms) {
        s->ends_ms = now_ms + after;
        list_push(&ss->closed, &s->in_line);
    }
}

void mqtt_session_close(struct mqtt_sessions *ss, struct mqtt_session *s, enum mqtt_end end,
                        uint64_t now_ms)
{
    s->window = 0;
    if (end == MQTT_END_ASLEEP) {
        s->asleep = true;
        if (s->quota.keeps_nothing) {
            mqtt_queue_drop_all(ss, s, now_ms);
        }
        return;
    }
    s->open = false;
    s->asleep = false;
    s->door_item = NULL;
    mqtt_session_owe_nothing(ss, s);
    mqtt_session_leave_line(s);
    mqtt_queue_clear_q0(ss, s);
    if (s->clean) {
        mqtt_session_unsubscribe_all(ss, s);
    }
    end_will(ss, s, end, now_ms);
    if (s->sends && s->queue_count + s->inflight_count == 0) {
        (void)mqtt_keep_sending(ss, s, false, now_ms);
    }
    if (s->clean) {
        mqtt_session_discard(ss, s, now_ms);
    } else {
        expire_later(ss, s, now_ms);
    }
}

void mqtt_session_begin_anew(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms)
{
    mqtt_inflight_all_again(s);
    CHAIN_EACH_SAFE (link, after, &s->inflight) {
        struct mqtt_entry *entry = LIST_ITEM(link, struct mqtt_entry, link);

        entry->dup = false;
        if (entry->state == MQTT_ENTRY_RELEASED) {
            mqtt_keep_end(ss, s, entry, now_ms);
            mqtt_inflight_remove(s, entry);
            mqtt_entry_free(ss, entry);
        }
    }
    CHAIN_EACH (link, &s->queue) {
        LIST_ITEM(link, struct mqtt_entry, link)->dup = false;
    }
    CHAIN_EACH (link, &s->received) {
        const struct mqtt_received *received = LIST_ITEM(link, struct mqtt_received, in_session);

        mqtt_keep_no_received(ss, s, (uint16_t)received->key[1], now_ms);
    }
    mqtt_received_clear(ss, s);
}

void mqtt_session_discard(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms)
{
    mqtt_keep_no_session(ss, s, now_ms);
    mqtt_session_empty(ss, s);
    mqtt_session_free(ss, s);
}

static void expire(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms)
{
    mqtt_keep_no_session(ss, s, now_ms);
    s->expired = true;
    ss->count.ended++;
    mqtt_session_empty(ss, s);
    list_remove(&s->in_notices);
    list_push(&ss->notices, &s->in_notices);
}

void mqtt_sessions_tick(struct mqtt_sessions *ss, uint64_t now_ms)
{
    while (mqtt_sessions_deadline(ss) <= now_ms) {
        expire(ss, LIST_ITEM(ss->closed.next, struct mqtt_session, in_line), now_ms);
    }
}

uint64_t mqtt_sessions_deadline(const struct mqtt_sessions *ss)
{
    return list_is_empty(&ss->closed)
               ? NEVER
               : LIST_ITEM(ss->closed.next, struct mqtt_session, in_line)->ends_ms;
}

bool mqtt_sessions_notice(struct mqtt_sessions *ss, struct mqtt_notice *notice)
{
    struct list *link = list_pop(&ss->notices);
    struct mqtt_session *s = NULL;

    if (ss->told != NULL) {
        mqtt_session_free(ss, ss->told);
        ss->told = NULL;
    }
    if (link == NULL) {
        return false;
    }
    s = LIST_ITEM(link, struct mqtt_session, in_notices);
    *notice = (struct mqtt_notice){.kind = s->expired ? MQTT_NOTICE_EXPIRED : MQTT_NOTICE_DROPPING,
                                   .door = (enum mqtt_door)s->door,
                                   .user = s->user,
                                   .name = mqtt_session_name(s),
                                   .dropped = s->dropped};
    ss->told = s->expired ? s : NULL;
    return true;
}
