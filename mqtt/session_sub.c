/* mqtt/session_sub.c - SUBSCRIBE and UNSUBSCRIBE. [MQTT 3.1.1, 3.8, 3.10] */
#include "mqtt/fan.h"
#include "mqtt/keep.h"
#include "mqtt/session_parts.h"
#include "mqtt/share.h"
#include "mqtt/topic.h"

#define REFUSED 0x80u

/* Shared subscriptions are for MQTT clients; to others `$share` is a level like others. */
static bool is_shared(const struct mqtt_session *s, struct span text, struct span *filter)
{
    return s->door == MQTT_DOOR_CONN && mqtt_share_parse(text, filter);
}

static bool enter(struct mqtt_sessions *ss, const struct mqtt_session *s, struct span text,
                  struct mqtt_subscription *sub)
{
    struct span filter = text;
    bool shared = is_shared(s, text, &filter);

    ss->own_read |= mqtt_topic_reaches(filter, ss->own);
    if (shared) {
        sub->options = MQTT_SUB_SHARED;
        return mqtt_share_join(ss, text, sub);
    }
    return mqtt_tree_add(&ss->tree, text, sub);
}

struct mqtt_subscription *mqtt_session_find_subscription(const struct mqtt_sessions *ss,
                                                         const struct mqtt_session *s,
                                                         struct span filter)
{
    struct mqtt_subscription *member = mqtt_share_find(ss, filter, s);

    return member != NULL ? member : mqtt_tree_find(&ss->tree, filter, s, &s->subscriptions);
}

struct mqtt_subscription *mqtt_session_add_subscription(struct mqtt_sessions *ss,
                                                        struct mqtt_session *s, struct span filter,
                                                        uint64_t number)
{
    struct mqtt_subscription *sub = pool_take(&ss->subscriptions);

    if (sub == NULL) {
        return NULL;
    }
    sub->owner = s;
    sub->number = number;
    if (!enter(ss, s, filter, sub)) {
        pool_give(&ss->subscriptions, sub);
        return NULL;
    }
    chain_push(&s->subscriptions, &sub->in_session);
    s->subscription_count++;
    return sub;
}

void mqtt_session_cut_subscription(struct mqtt_sessions *ss, struct mqtt_session *s,
                                   struct mqtt_subscription *sub)
{
    if ((sub->options & MQTT_SUB_SHARED) != 0) {
        mqtt_share_leave(ss, sub);
    } else {
        mqtt_tree_remove(&ss->tree, sub);
    }
    chain_remove(&s->subscriptions, &sub->in_session);
    s->subscription_count--;
    pool_give(&ss->subscriptions, sub);
}

void mqtt_session_unsubscribe_all(struct mqtt_sessions *ss, struct mqtt_session *s)
{
    CHAIN_EACH_SAFE (link, after, &s->subscriptions) {
        mqtt_session_cut_subscription(ss, s, LIST_ITEM(link, struct mqtt_subscription, in_session));
    }
}

bool mqtt_session_may_subscribe(const struct mqtt_sessions *ss, const struct mqtt_session *s,
                                struct span filter)
{
    (void)is_shared(s, filter, &filter);
    return mqtt_topic_is_filter(filter) && mqtt_topic_levels(filter) <= ss->limits.topic_levels &&
           mqtt_acl_may_subscribe(mqtt_acl_of(s->acl), filter);
}

static size_t most_subscriptions(const struct mqtt_sessions *ss, const struct mqtt_session *s)
{
    return s->quota.subscriptions != 0 ? s->quota.subscriptions : ss->limits.subscriptions;
}

static bool is_same(const struct mqtt_subscription *sub, const struct mqtt_subscribing *as)
{
    return sub->qos == as->qos && (sub->options & ~MQTT_SUB_SHARED) == as->options &&
           sub->rule == as->rule && sub->extra == as->extra && sub->ttl_ms == as->ttl_ms;
}

static void take_over(struct mqtt_subscription *sub, const struct mqtt_subscribing *from)
{
    sub->qos = from->qos;
    sub->options = (uint8_t)((sub->options & MQTT_SUB_SHARED) | from->options);
    sub->rule = from->rule;
    sub->extra = from->extra;
    sub->ttl_ms = from->ttl_ms;
}

static void raise_to(uint64_t *ticket, uint64_t other)
{
    *ticket = other > *ticket ? other : *ticket;
}

/* Replaces or adds; NULL: refused, all as before. */
static struct mqtt_subscription *put(struct mqtt_sessions *ss, struct mqtt_session *s,
                                     const struct mqtt_subscribing *from, uint64_t now_ms)
{
    struct mqtt_subscription *sub = mqtt_session_find_subscription(ss, s, from->filter);
    bool fresh = sub == NULL;
    struct mqtt_subscription was;

    if (fresh) {
        if (s->subscription_count >= most_subscriptions(ss, s)) {
            return NULL;
        }
        sub = mqtt_session_add_subscription(ss, s, from->filter, 0);
    }
    if (sub == NULL || (!fresh && is_same(sub, from))) {
        return sub;
    }
    was = *sub;
    take_over(sub, from);
    if (mqtt_keep_subscription(ss, s, sub, from->filter, now_ms)) {
        return sub;
    }
    if (fresh) {
        mqtt_session_cut_subscription(ss, s, sub);
    } else {
        *sub = was;
    }
    return NULL;
}

/* [MQTT-3.3.1-6], [MQTT-3.8.4-3] */
static uint64_t send_retained(struct mqtt_sessions *ss, struct mqtt_session *s,
                              struct mqtt_subscription *sub, struct span filter, uint64_t now_ms)
{
    struct mqtt_branch *branch = mqtt_retain_match(&ss->retain, filter);
    uint64_t last = 0;

    for (; branch != NULL; branch = branch->next) {
        raise_to(&last, mqtt_fan_retained(ss, s, sub, branch->message, now_ms));
    }
    return last;
}

uint8_t mqtt_session_subscribe(struct mqtt_sessions *ss, struct mqtt_session *s,
                               const struct mqtt_subscribing *sub, uint64_t *ticket,
                               uint64_t now_ms)
{
    struct mqtt_subscription *made = NULL;

    if (mqtt_session_may_subscribe(ss, s, sub->filter) && journal_has_cells(ss->journal, 1)) {
        made = put(ss, s, sub, now_ms);
        raise_to(ticket, s->ticket);
    }
    if (made == NULL) {
        return REFUSED;
    }
    if (!sub->no_retained && (made->options & MQTT_SUB_SHARED) == 0) {
        raise_to(ticket, send_retained(ss, s, made, sub->filter, now_ms));
    }
    return made->qos;
}

bool mqtt_session_unsubscribe(struct mqtt_sessions *ss, struct mqtt_session *s, struct span filter,
                              uint64_t *ticket, uint64_t now_ms)
{
    struct mqtt_subscription *sub = mqtt_session_find_subscription(ss, s, filter);

    if (sub != NULL) {
        mqtt_keep_no_subscription(ss, s, sub, now_ms);
        mqtt_session_cut_subscription(ss, s, sub);
    }
    raise_to(ticket, s->ticket);
    return sub != NULL;
}
