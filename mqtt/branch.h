/* mqtt/branch.h - topic levels as a tree: what mqtt/tree and mqtt/retain stand on.
 *
 * A branch is one level below its parent. Children are found by a keyed hash of (parent, level), so
 * a step costs the same however many there are; `+` and `#` are children like others, and the
 * parent says that it has them. Nothing recurses: a walk threads the branches it visits, and then
 * those it found, through `next`. In a tree, no walk meets a branch twice.
 *
 * There may be millions, so a branch is small: one allocation with its level in it.
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
    struct mqtt_branch *next_sibling; /* in order of making; NULL ends it */
    struct mqtt_branch *prev_sibling; /* of the first: the last */
    union {                           /* what hangs here, if in use */
        struct list subscriptions;    /* mqtt/tree: struct mqtt_subscription, by in_branch */
        struct {
            struct mqtt_message *message; /* mqtt/retain: one reference */
            uint64_t number;              /* mqtt/retain: the caller's; 0 when new */
        };
    };
    struct mqtt_branch *next; /* of a walk, or of its result; NULL ends it */
    struct mqtt_branch *first_child;
    struct mqtt_branch *parent; /* NULL: the root, which stands for no level */
    struct mqtt_branch *next_in_bucket;
    uint32_t key;   /* hash of (parent, level) */
    uint32_t plain; /* children that are not wildcards */
    uint16_t len;
    bool in_use;   /* something hangs here: the user's to set */
    bool has_plus; /* a child `+` */
    bool has_hash; /* a child `#` */
    uint8_t level[];
};

struct mqtt_branches {
    struct budget *budget;
    struct mqtt_branch *root;
    struct mqtt_branch **buckets;
    size_t mask;
    size_t count;
    uint64_t seed[2];
    uint64_t plus; /* hashes of the two */
    uint64_t hash;
};

/* False: no memory. */
bool mqtt_branches_init(struct mqtt_branches *bs, struct budget *budget, uint64_t seed);

/* Frees all branches; what hangs on them has been taken off, or is not the branches' to free. */
void mqtt_branches_fini(struct mqtt_branches *bs);

/* The branch of a topic or filter, compared octet by octet; NULL: there is none. */
struct mqtt_branch *mqtt_branch_find(const struct mqtt_branches *bs, struct span topic);

/* As above, and made, not in use, if it is not there; NULL: the budget is short, nothing was
 * made. */
struct mqtt_branch *mqtt_branch_make(struct mqtt_branches *bs, struct span topic);

/* Frees `branch` and its ancestors as far as they are not in use. */
void mqtt_branch_prune(struct mqtt_branches *bs, struct mqtt_branch *branch);

/* The hash of a level, and the child of `parent` with it; NULL: there is none. */
uint64_t mqtt_branch_hash(const struct mqtt_branches *bs, struct span level);
struct mqtt_branch *mqtt_branch_child(const struct mqtt_branches *bs,
                                      const struct mqtt_branch *parent, struct span level,
                                      uint64_t hash);

/* The children `+` and `#`. */
static inline struct mqtt_branch *mqtt_branch_plus(const struct mqtt_branches *bs,
                                                   const struct mqtt_branch *parent)
{
    return parent->has_plus ? mqtt_branch_child(bs, parent, span_of_text("+"), bs->plus) : NULL;
}

static inline struct mqtt_branch *mqtt_branch_rest(const struct mqtt_branches *bs,
                                                   const struct mqtt_branch *parent)
{
    return parent->has_hash ? mqtt_branch_child(bs, parent, span_of_text("#"), bs->hash) : NULL;
}

/* Writes the topic or filter that `branch` stands for, whole or not at all. */
void mqtt_branch_write(const struct mqtt_branch *branch, struct writer *w);

#endif
