/* mqtt/branch.h - topic levels as a tree: what mqtt/tree and mqtt/retain stand on.
 *
 * A branch is one level below its parent. Ordinary children are found by a keyed hash of (parent,
 * level), so a step costs the same however many children there are; `+` and `#` have pointers of
 * their own. Nothing recurses: a walk threads the branches it visits, and the branches it found,
 * through `next_visit` and `next_found`. In a tree, no walk meets a branch twice.
 *
 * Ownership: branches belong to `struct mqtt_branches` and are charged to its budget; what hangs
 * on them is the user's.
 */
#ifndef MQTT_BRANCH_H
#define MQTT_BRANCH_H

#include "base/block.h"
#include "base/list.h"
#include "mqtt/message.h"

struct mqtt_branch {
    struct mqtt_branch *next_found; /* result of the last match; NULL ends it */
    struct mqtt_branch *next_visit;
    struct mqtt_branch *parent; /* NULL: the root, which stands for no level */
    struct mqtt_branch *plus;   /* child `+` */
    struct mqtt_branch *hash;   /* child `#` */
    struct mqtt_branch *next_in_bucket;
    struct list children; /* all others, by in_parent */
    struct list in_parent;
    struct list subscriptions;    /* mqtt/tree: struct mqtt_subscription, by in_branch */
    struct mqtt_message *message; /* mqtt/retain: one reference */
    uint64_t number;              /* mqtt/retain: the caller's; 0 when new */
    uint64_t key;                 /* hash of (parent, level) */
    uint16_t len;
    uint8_t level[];
};

struct mqtt_branches {
    struct budget *budget;
    struct mqtt_branch *root;
    struct mqtt_branch **buckets;
    size_t mask;
    size_t count;
    uint64_t seed[2];
};

/* False: no memory. */
bool mqtt_branches_init(struct mqtt_branches *bs, struct budget *budget, uint64_t seed);

/* Frees all branches; what hangs on them has been taken off. */
void mqtt_branches_fini(struct mqtt_branches *bs);

/* The branch of a topic or filter, compared octet by octet; NULL: there is none. */
struct mqtt_branch *mqtt_branch_find(const struct mqtt_branches *bs, struct span topic);

/* As above, and made if it is not there; NULL: the budget is short, nothing was made. */
struct mqtt_branch *mqtt_branch_make(struct mqtt_branches *bs, struct span topic);

/* Frees `branch` and its ancestors as far as nothing hangs on them. */
void mqtt_branch_prune(struct mqtt_branches *bs, struct mqtt_branch *branch);

/* The hash of a level, and the ordinary child of `parent` with it; NULL: there is none. */
uint64_t mqtt_branch_hash(const struct mqtt_branches *bs, struct span level);
struct mqtt_branch *mqtt_branch_child(const struct mqtt_branches *bs,
                                      const struct mqtt_branch *parent, struct span level,
                                      uint64_t hash);

/* Writes the topic or filter that `branch` stands for, whole or not at all. */
void mqtt_branch_write(const struct mqtt_branch *branch, struct writer *w);

#endif
