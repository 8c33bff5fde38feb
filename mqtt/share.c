#include "mqtt/share.h"

#include "mqtt/inflight.h"
#include "mqtt/topic.h"

#define PREFIX "$share"

struct mqtt_share {
    struct map_item by_text;
    struct mqtt_subscription group; /* in the tree; its owner is the share */
    struct list members; /* struct mqtt_subscription, by in_branch; the next turn first */
    struct block *block;
    uint16_t len;
    uint8_t text[];
};

static struct mqtt_subscription *member_of(struct list *link)
{
    return LIST_ITEM(link, struct mqtt_subscription, in_branch);
}

static bool is_group_name(struct span name)
{
    return name.len != 0 && memchr(name.at, '+', name.len) == NULL &&
           memchr(name.at, '#', name.len) == NULL;
}

bool mqtt_share_parse(struct span text, struct span *filter)
{
    struct span rest = text;
    struct span level;

    if (!mqtt_topic_next_level(&rest, &level) || !span_equal(level, span_of_text(PREFIX))) {
        return false;
    }
    if (!mqtt_topic_next_level(&rest, &level) || !is_group_name(level)) {
        rest = (struct span){NULL, 0};
    }
    *filter = rest;
    return true;
}

static struct mqtt_share *share_named(const struct mqtt_sessions *ss, struct span text)
{
    return MAP_ITEM(map_find(&ss->shares, text), struct mqtt_share, by_text);
}

struct mqtt_subscription *mqtt_share_find(const struct mqtt_sessions *ss, struct span text,
                                          const struct mqtt_session *s)
{
    struct mqtt_share *share = share_named(ss, text);

    if (share == NULL) {
        return NULL;
    }
    LIST_EACH (link, &share->members) {
        if (member_of(link)->owner == s) {
            return member_of(link);
        }
    }
    return NULL;
}

static struct mqtt_share *make(struct mqtt_sessions *ss, struct span text)
{
    struct block *block = block_new(&ss->budget, sizeof(struct mqtt_share) + text.len);
    struct mqtt_share *share = NULL;
    struct span filter = {NULL, 0};

    if (block == NULL) {
        return NULL;
    }
    share = (struct mqtt_share *)(void *)block->octets;
    *share = (struct mqtt_share){.block = block, .len = (uint16_t)text.len};
    memcpy(share->text, text.at, text.len);
    list_init(&share->members);
    share->group.owner = share;
    share->group.options = MQTT_SUB_GROUP;
    (void)mqtt_share_parse(text, &filter);
    if (!mqtt_tree_add(&ss->tree, filter, &share->group)) {
        block_drop(block);
        return NULL;
    }
    map_add(&ss->shares, &share->by_text, (struct span){share->text, share->len});
    return share;
}

bool mqtt_share_join(struct mqtt_sessions *ss, struct span text, struct mqtt_subscription *sub)
{
    struct mqtt_share *share = share_named(ss, text);

    if (share == NULL) {
        share = make(ss, text);
    }
    if (share == NULL) {
        return false;
    }
    sub->share = share;
    list_push(&share->members, &sub->in_branch);
    return true;
}

void mqtt_share_leave(struct mqtt_sessions *ss, struct mqtt_subscription *sub)
{
    struct mqtt_share *share = sub->share;

    list_remove(&sub->in_branch);
    if (list_is_empty(&share->members)) {
        mqtt_tree_remove(&ss->tree, &share->group);
        map_remove(&ss->shares, &share->by_text);
        block_drop(share->block);
    }
}

/* 0: may not read; the higher the sooner it is delivered. */
static unsigned rank(const struct mqtt_session *s, struct span topic, uint64_t from)
{
    if (s->quota.no_echo && s->number == from) {
        return 0;
    }
    if (!mqtt_acl_may_read(mqtt_acl_of(s->acl), topic)) {
        return 0;
    }
    if (!s->open) {
        return 1;
    }
    return mqtt_inflight_has_room(s) && s->queue_count == 0 ? 3 : 2;
}

struct mqtt_subscription *mqtt_share_turn(const struct mqtt_subscription *group, struct span topic,
                                          uint64_t from)
{
    struct mqtt_share *share = group->owner;
    struct mqtt_subscription *best = NULL;
    unsigned highest = 0;

    LIST_EACH (link, &share->members) {
        unsigned its = rank(member_of(link)->owner, topic, from);

        if (its > highest) {
            highest = its;
            best = member_of(link);
        }
        if (highest == 3) {
            break;
        }
    }
    if (best != NULL) {
        list_remove(&best->in_branch);
        list_push(&share->members, &best->in_branch);
    }
    return best;
}
