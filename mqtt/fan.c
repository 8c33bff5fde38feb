#include "mqtt/fan.h"

#include "mqtt/away.h"
#include "mqtt/inflight.h"
#include "mqtt/keep.h"
#include "mqtt/mould.h"
#include "mqtt/share.h"

static bool is_exclude(const struct mqtt_subscription *sub)
{
    return (sub->options & MQTT_SUB_EXCLUDE) != 0;
}

/* Does `a` decide rather than `b`, of one session and both matching? */
static bool goes_before(const struct mqtt_subscription *a, const struct mqtt_subscription *b)
{
    if (is_exclude(a) || is_exclude(b)) {
        return is_exclude(a);
    }
    if (a->rule != b->rule) {
        return a->rule < b->rule;
    }
    return a->qos > b->qos;
}

/* The place of a session in the row of those matched, or NULL: what it says of itself may be of an
 * earlier match, so the row must say the same. */
static struct mqtt_subscription **place_of(const struct mqtt_sessions *ss,
                                           const struct mqtt_fan *fan, const struct mqtt_session *s)
{
    struct mqtt_subscription **at = &ss->matched[s->matched_at];

    return s->matched_at < fan->count && (*at)->owner == s ? at : NULL;
}

static void add(struct mqtt_sessions *ss, struct mqtt_fan *fan, struct mqtt_subscription *sub)
{
    struct mqtt_session *s = sub == NULL ? NULL : sub->owner;
    struct mqtt_subscription **at = s == NULL ? NULL : place_of(ss, fan, s);

    if (s == NULL) {
        return;
    }
    if (at == NULL) {
        s->matched_at = (uint32_t)fan->count;
        ss->matched[fan->count++] = sub;
        fan->kept += s->clean ? 0 : 1;
    } else if (goes_before(sub, *at)) {
        *at = sub;
    }
}

/* The subscription that stands here; of a group its member whose turn it is, if any. */
static struct mqtt_subscription *whose(struct list *link, struct span topic, uint64_t from)
{
    struct mqtt_subscription *sub = LIST_ITEM(link, struct mqtt_subscription, in_branch);

    return (sub->options & MQTT_SUB_GROUP) == 0 ? sub : mqtt_share_turn(sub, topic, from);
}

void mqtt_fan_match(struct mqtt_sessions *ss, struct span topic, uint64_t from,
                    struct mqtt_fan *fan)
{
    struct mqtt_branch *branch = mqtt_tree_match(&ss->tree, topic);

    *fan = (struct mqtt_fan){.count = 0};
    for (; branch != NULL; branch = branch->next) {
        LIST_EACH (link, &branch->subscriptions) {
            add(ss, fan, whose(link, topic, from));
        }
    }
}

static uint8_t qos_of(const struct mqtt_subscription *sub, const struct mqtt_message *m)
{
    if ((sub->options & MQTT_SUB_FIXED_QOS) != 0 || sub->qos < m->qos) {
        return sub->qos;
    }
    return m->qos; /* [MQTT-3.8.4-6] */
}

/* [MQTT-3.3.1-8], [MQTT-3.3.1-9], unless the subscription says otherwise. */
static bool retain_of(const struct mqtt_session *s, const struct mqtt_subscription *sub,
                      const struct mqtt_message *m, bool stored)
{
    switch (sub->options & MQTT_SUB_RETAIN) {
    case MQTT_SUB_RETAIN_KEEP: return m->retain;
    case MQTT_SUB_RETAIN_STRIP: return false;
    case MQTT_SUB_RETAIN_SET: return true;
    default: return stored || (s->quota.retain_as_published && m->retain);
    }
}

/* The sooner of two times, of which 0 is never. */
static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* Who gets what `sub` takes; NULL: nobody. */
static struct mqtt_session *taker_of(const struct mqtt_sessions *ss,
                                     const struct mqtt_subscription *sub,
                                     const struct mqtt_message *m)
{
    struct mqtt_session *s = sub->owner;

    return s->quota.is_mould ? mqtt_mould_find(ss, s, m->origin) : s;
}

/* When it is too old for `s`, or by `ttl_ms` (0: none); 0: never. */
static uint64_t due_of(const struct mqtt_session *s, const struct mqtt_message *m, uint64_t ttl_ms,
                       uint64_t now_ms)
{
    uint64_t age = s->quota.age_ms == 0 ? 0 : now_ms + s->quota.age_ms;

    return sooner(age, ttl_ms == 0 ? 0 : m->arrived_ms + ttl_ms);
}

static bool may_get(const struct mqtt_session *s, const struct mqtt_subscription *sub,
                    const struct mqtt_message *m, uint8_t qos)
{
    if (is_exclude(sub) || s->quota.takes_nothing || (s->quota.no_echo && m->from == s->number)) {
        return false;
    }
    if (qos == 0 && !s->open) {
        return false;
    }
    return s->acl == NULL || mqtt_acl_may_read(mqtt_acl_of(s->acl), mqtt_message_topic(m));
}

/* An open window takes the message at once; else it waits within the quota. False: it is dropped,
 * and `entry` is freed. */
static bool place(struct mqtt_sessions *ss, struct mqtt_session *s, struct mqtt_entry *entry,
                  uint64_t now_ms)
{
    if (s->quota.keeps_nothing && (s->asleep || !s->open)) {
        s->dropped++;
        s->too_old++;
        ss->count.expired++;
        mqtt_entry_free(ss, entry);
        return false;
    }
    if (entry->qos != 0 && mqtt_inflight_has_room(s) && s->queue_count == 0) {
        mqtt_inflight_add(s, entry);
        return true;
    }
    if (!mqtt_queue_make_room(ss, s, entry->message->payload_len + entry->message->topic_len,
                              entry->qos, now_ms)) {
        mqtt_entry_free(ss, entry);
        return false;
    }
    mqtt_queue_push(s, entry);
    return true;
}

static struct mqtt_entry *entry_for(struct mqtt_sessions *ss, const struct mqtt_session *s,
                                    struct mqtt_message *m, uint8_t qos)
{
    bool keeps = qos != 0 && mqtt_keep_is_on(ss, s);

    return keeps && !journal_has_room(ss->journal, 2) ? NULL : mqtt_entry_new(ss, m);
}

static uint64_t queue_for(struct mqtt_sessions *ss, const struct mqtt_subscription *sub,
                          struct mqtt_message *m, const struct mqtt_fan *fan, uint64_t now_ms)
{
    struct mqtt_session *s = taker_of(ss, sub, m);
    uint8_t qos = qos_of(sub, m);
    struct mqtt_entry *entry = NULL;
    uint64_t ticket = 0;

    if (s == NULL || !may_get(s, sub, m, qos)) {
        return 0;
    }
    entry = entry_for(ss, s, m, qos);
    if (entry == NULL) {
        ss->count.refused++;
        return 0;
    }
    entry->qos = qos;
    entry->retain = retain_of(s, sub, m, fan->stored);
    entry->rule = sub->rule;
    entry->due = due_of(s, m, sooner(sub->ttl_ms, fan->ttl_ms), now_ms);
    if (!place(ss, s, entry, now_ms)) {
        return 0;
    }
    if (qos != 0) {
        ticket = mqtt_keep_entry(ss, s, entry, now_ms);
    }
    if (qos == 2 && entry->state == MQTT_ENTRY_TO_SEND) {
        entry->due = ticket; /* its id is on disk before it is sent */
    } else if (qos == 1 && entry->state == MQTT_ENTRY_TO_SEND && !mqtt_keep_may_send(ss, s)) {
        entry->due = mqtt_keep_sending(ss, s, true, now_ms);
    }
    mqtt_session_again(ss, s);
    return ticket;
}

/* What was queued for a long queue goes on to wait in the store alone. */
static void send_away(struct mqtt_sessions *ss, const struct mqtt_subscription *sub,
                      const struct mqtt_message *m)
{
    const struct mqtt_session *s = taker_of(ss, sub, m);

    if (s != NULL) {
        mqtt_away_send(ss, s, m);
    }
}

/* More than one is to have a row for it. */
static bool many_keep(const struct mqtt_sessions *ss, const struct mqtt_fan *fan,
                      const struct mqtt_message *m)
{
    size_t count = 0;

    for (size_t i = 0; i < fan->count; i++) {
        const struct mqtt_subscription *sub = ss->matched[i];

        count += qos_of(sub, m) != 0 && mqtt_keep_is_on(ss, sub->owner);
    }
    return count > 1;
}

uint64_t mqtt_fan_out(struct mqtt_sessions *ss, const struct mqtt_fan *fan,
                      struct mqtt_message *message, uint64_t now_ms)
{
    uint64_t last = 0;

    message->shared = many_keep(ss, fan, message);
    for (size_t i = 0; i < fan->count; i++) {
        uint64_t ticket = queue_for(ss, ss->matched[i], message, fan, now_ms);

        last = ticket > last ? ticket : last;
    }
    for (size_t i = 0; i < fan->count; i++) { /* all share its row by now */
        send_away(ss, ss->matched[i], message);
    }
    return last;
}

uint64_t mqtt_fan_retained(struct mqtt_sessions *ss, struct mqtt_session *s,
                           struct mqtt_subscription *sub, struct mqtt_message *message,
                           uint64_t now_ms)
{
    struct mqtt_subscription **at = NULL;
    struct mqtt_fan fan = {.stored = true};
    uint64_t ticket = 0;

    if (sub->rule != 0) {
        mqtt_fan_match(ss, mqtt_message_topic(message), message->from, &fan);
        at = place_of(ss, &fan, s);
        if (at == NULL || *at != sub) {
            return 0;
        }
    }
    fan.stored = true;
    ticket = queue_for(ss, sub, message, &fan, now_ms);
    send_away(ss, sub, message);
    return ticket;
}
