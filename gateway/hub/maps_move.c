/* gateway/hub/maps_move.c - subscriptions whose KEY, or whose mount, means something else now. */
#include "gateway/hub/maps.h"

/* The whole topic that a KEY means to the node; empty: none. */
static struct span meaning_of(struct hub *hub, const struct hub_node *hn, uint32_t key)
{
    uint8_t octets[] = {(uint8_t)(key >> 8), (uint8_t)key};
    bool is_short = (key & HUB_KEY_SHORT) != 0;
    const struct sn_name *name = sn_names_by_id(hub_maps_of(hn), (uint16_t)key, is_short);
    struct writer w = writer_of(hub->topic, HUB_TOPIC_MOST);

    if (name != NULL) {
        return sn_names_topic(hub_maps_of(hn), name);
    }
    if (!is_short) {
        return (struct span){NULL, 0};
    }
    if (hub_maps_of(hn) != NULL) {
        write_span(&w, hub_maps_of(hn)->mount);
    }
    write_span(&w, span_of(octets, sizeof octets));
    return span_of(hub->topic, written(&w));
}

/* Who is subscribed to `filter` by a KEY that means something else now; NULL: nobody. */
static const struct mqtt_subscription *in_the_way(struct hub *hub, const struct hub_node *hn,
                                                  struct span filter)
{
    uint8_t room[HUB_TOPIC_MOST];

    CHAIN_EACH (link, &hn->session->subscriptions) {
        const struct mqtt_subscription *sub = LIST_ITEM(link, struct mqtt_subscription, in_session);

        if (sub->extra != 0 &&
            span_equal(mqtt_subscription_filter(sub, room, sizeof room), filter)) {
            return span_equal(meaning_of(hub, hn, sub->extra), filter) ? NULL : sub;
        }
    }
    return NULL;
}

/* To what the KEY of `sub` means now. Another KEY may have stood for that until now: then *sub
 * becomes its subscription, which has to move too; else its `extra` is 0. */
static void subscribe(struct hub *hub, struct hub_node *hn, struct mqtt_subscribing *sub,
                      uint64_t now_ms)
{
    uint8_t filter[HUB_TOPIC_MOST];
    struct writer w = writer_of(filter, sizeof filter);
    const struct mqtt_subscription *other = NULL;
    struct mqtt_subscribing next = {.extra = 0};
    uint64_t ticket = 0;

    write_span(&w, meaning_of(hub, hn, sub->extra));
    sub->filter = span_of(filter, written(&w));
    if (sub->filter.len != 0) {
        other = in_the_way(hub, hn, sub->filter);
        if (other != NULL) {
            next = (struct mqtt_subscribing){.qos = other->qos, .extra = other->extra};
        }
        (void)mqtt_session_subscribe(&hub->sessions, hn->session, sub, &ticket, now_ms);
    }
    *sub = next;
}

static void move(struct hub *hub, struct hub_node *hn, const struct mqtt_subscription *old,
                 uint64_t now_ms)
{
    struct mqtt_subscribing sub = {.qos = old->qos, .extra = old->extra};
    uint8_t room[HUB_TOPIC_MOST];
    struct span filter = mqtt_subscription_filter(old, room, sizeof room);
    uint64_t ticket = 0;

    if (span_equal(meaning_of(hub, hn, old->extra), filter)) {
        return;
    }
    (void)mqtt_session_unsubscribe(&hub->sessions, hn->session, filter, &ticket, now_ms);
    while (sub.extra != 0) { /* each turn one KEY more is right */
        subscribe(hub, hn, &sub, now_ms);
    }
}

/* What is left to move, from the first `left` subscriptions, the one whose new filter cannot be the
 * old one of another: the longest when the mount grows, else the shortest. NULL: nothing is. */
static const struct mqtt_subscription *next_below(const struct hub_node *hn, struct span old,
                                                  size_t left, bool grows)
{
    const struct mqtt_subscription *best = NULL;
    uint8_t room[HUB_TOPIC_MOST];
    size_t best_len = 0;

    CHAIN_EACH (link, &hn->session->subscriptions) {
        const struct mqtt_subscription *sub = LIST_ITEM(link, struct mqtt_subscription, in_session);
        struct span filter = {NULL, 0};

        if (left-- == 0) {
            break; /* from here on they are new */
        }
        filter = mqtt_subscription_filter(sub, room, sizeof room);
        if (sub->extra != 0 || filter.len <= old.len ||
            (old.len != 0 && memcmp(filter.at, old.at, old.len) != 0)) {
            continue;
        }
        if (best == NULL || (grows ? filter.len > best_len : filter.len < best_len)) {
            best = sub;
            best_len = filter.len;
        }
    }
    return best;
}

static void remount(struct hub *hub, struct hub_node *hn, const struct mqtt_subscription *sub,
                    struct span old, uint64_t now_ms)
{
    struct mqtt_subscribing anew = {.qos = sub->qos};
    uint8_t room[HUB_TOPIC_MOST];
    struct span filter = mqtt_subscription_filter(sub, room, sizeof room);
    uint64_t ticket = 0;

    anew.filter = hub_mounted(hub, hn, span_from(filter, old.len), false);
    (void)mqtt_session_unsubscribe(&hub->sessions, hn->session, filter, &ticket, now_ms);
    (void)mqtt_session_subscribe(&hub->sessions, hn->session, &anew, &ticket, now_ms);
}

void hub_maps_remount(struct hub *hub, struct hub_node *hn, struct span old, uint64_t now_ms)
{
    const struct sn_names *names = hub_maps_of(hn);
    struct span mount = names == NULL ? (struct span){NULL, 0} : names->mount;

    if (span_equal(old, mount)) {
        return;
    }
    for (size_t left = hn->session->subscription_count; left > 0; left--) {
        const struct mqtt_subscription *sub = next_below(hn, old, left, mount.len > old.len);

        if (sub == NULL) {
            return;
        }
        remount(hub, hn, sub, old, now_ms);
    }
}

/* What is subscribed anew stands behind the others, and is right. */
void hub_maps_move_subscriptions(struct hub *hub, struct hub_node *hn, bool known, uint64_t now_ms)
{
    CHAIN_EACH_SAFE (link, after, &hn->session->subscriptions) {
        const struct mqtt_subscription *sub = LIST_ITEM(link, struct mqtt_subscription, in_session);

        if (sub->extra == 0) {
            continue;
        }
        sn_gate_restore_key(hub->gate, hn->node, (uint16_t)sub->extra,
                            (sub->extra & HUB_KEY_SHORT) != 0);
        if (known) {
            move(hub, hn, sub, now_ms);
        }
    }
}
