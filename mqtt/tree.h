/* mqtt/tree.h - who reads what: all subscriptions of all sessions, by filter.
 *
 *     for (branch = mqtt_tree_match(tree, topic); branch != NULL; branch = branch->next)
 *         LIST_EACH(link, &branch->subscriptions) ...
 *
 * A session with overlapping filters comes up once for each; the highest QoS among them is the
 * caller's to find [MQTT-3.3.5-1]. A match costs one hash for each level of the topic, whatever
 * the number of subscriptions; levels below which nobody reads cost nothing.
 *
 * Ownership: subscriptions are the caller's, and stay in place while they are in the tree.
 */
#ifndef MQTT_TREE_H
#define MQTT_TREE_H

#include "mqtt/branch.h"

/* Options of a subscription. Retain of what is delivered: as the session's quota says, or kept,
 * taken off, put on. */
#define MQTT_SUB_RETAIN       0x03u
#define MQTT_SUB_RETAIN_KEEP  0x01u
#define MQTT_SUB_RETAIN_STRIP 0x02u
#define MQTT_SUB_RETAIN_SET   0x03u
#define MQTT_SUB_FIXED_QOS    0x04u /* `qos` replaces the message's own; else it is the most */
#define MQTT_SUB_EXCLUDE      0x08u /* what it matches is not delivered, whatever else matches */
#define MQTT_SUB_STORED       0x0Fu /* of the above, all that the store is believed */
#define MQTT_SUB_SHARED       0x10u /* a member of a group: not in the tree itself */
#define MQTT_SUB_GROUP        0x20u /* stands in the tree for all members; mqtt/share */

struct mqtt_share;

struct mqtt_subscription {
    struct list in_branch; /* or among the members of its share */
    struct list in_session;
    union {
        struct mqtt_branch *branch; /* its filter: mqtt_subscription_filter */
        struct mqtt_share *share;   /* of a member */
    };
    void *owner;     /* the session; of a group its share */
    uint64_t number; /* names it in the store */
    uint64_t ttl_ms; /* 0: none */
    uint32_t extra;  /* the door's own; it is kept */
    uint16_t rule;
    uint8_t qos;
    uint8_t options;
};

/* Its filter, written into `room`; empty when that has less octets. Not for a member of a share. */
static inline struct span mqtt_subscription_filter(const struct mqtt_subscription *sub,
                                                   uint8_t *room, size_t size)
{
    struct writer w = writer_of(room, size);

    mqtt_branch_write(sub->branch, &w);
    return span_of(room, written(&w));
}

struct mqtt_tree {
    struct mqtt_branches branches;
    size_t count; /* subscriptions */
};

/* False: no memory. */
bool mqtt_tree_init(struct mqtt_tree *tree, struct budget *budget, uint64_t seed);
void mqtt_tree_fini(struct mqtt_tree *tree);

/* Puts `sub` under a well-formed filter that its owner has not subscribed (ask mqtt_tree_find).
 * Sets in_branch and branch only. False: the budget is short, nothing was done. */
bool mqtt_tree_add(struct mqtt_tree *tree, struct span filter, struct mqtt_subscription *sub);

/* Takes `sub` out; in_session is left alone. */
void mqtt_tree_remove(struct mqtt_tree *tree, struct mqtt_subscription *sub);

/* The owner's subscription of exactly this filter [MQTT-3.10.4-1], or NULL. `owned` lists all the
 * owner's, by in_session; the shorter of the two lists decides the cost. */
struct mqtt_subscription *mqtt_tree_find(const struct mqtt_tree *tree, struct span filter,
                                         const void *owner, const struct chain *owned);

/* The first of the branches whose subscriptions match this topic name, chained by next; NULL:
 * nobody reads it. Holds until the next call for this tree. */
struct mqtt_branch *mqtt_tree_match(struct mqtt_tree *tree, struct span topic);

#endif
