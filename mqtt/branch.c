#include "mqtt/branch.h"

#include "base/map.h"
#include "base/pool.h"
#include "base/rng.h"
#include "mqtt/topic.h"

#define BUCKETS  64u /* at first; doubled whenever there are as many branches */
#define OVERHEAD 16u /* what an allocation costs besides */

static bool is_plus(struct span level)
{
    return level.len == 1 && level.at[0] == '+';
}

static bool is_hash(struct span level)
{
    return level.len == 1 && level.at[0] == '#';
}

static struct span level_of(const struct mqtt_branch *branch)
{
    return (struct span){branch->level, branch->len};
}

static uint32_t key_of(const struct mqtt_branch *parent, uint64_t hash)
{
    uint64_t key = (hash ^ (uint64_t)(uintptr_t)parent) * UINT64_C(0x9E3779B97F4A7C15);

    return (uint32_t)(key >> 32);
}

uint64_t mqtt_branch_hash(const struct mqtt_branches *bs, struct span level)
{
    return map_hash(bs->seed, level);
}

struct mqtt_branch *mqtt_branch_child(const struct mqtt_branches *bs,
                                      const struct mqtt_branch *parent, struct span level,
                                      uint64_t hash)
{
    uint32_t key = key_of(parent, hash);
    struct mqtt_branch *at = bs->buckets[key & bs->mask];

    while (at != NULL &&
           (at->key != key || at->parent != parent || !span_equal(level_of(at), level))) {
        at = at->next_in_bucket;
    }
    return at;
}

static size_t octets_of(size_t len)
{
    return offsetof(struct mqtt_branch, level) + len;
}

static struct mqtt_branch *branch_new(struct budget *budget, struct mqtt_branch *parent,
                                      struct span level)
{
    struct mqtt_branch *branch = NULL;

    if (!budget_charge(budget, octets_of(level.len) + OVERHEAD)) {
        return NULL;
    }
    branch = reserve(octets_of(level.len));
    if (branch == NULL) {
        budget_refund(budget, octets_of(level.len) + OVERHEAD);
        return NULL;
    }
    branch->parent = parent;
    branch->len = (uint16_t)level.len;
    if (level.len != 0) {
        memcpy(branch->level, level.at, level.len);
    }
    return branch;
}

static void branch_free(struct budget *budget, struct mqtt_branch *branch)
{
    budget_refund(budget, octets_of(branch->len) + OVERHEAD);
    release(branch);
}

static void link_in_bucket(struct mqtt_branches *bs, struct mqtt_branch *branch)
{
    struct mqtt_branch **bucket = &bs->buckets[branch->key & bs->mask];

    branch->next_in_bucket = *bucket;
    *bucket = branch;
}

static void unlink_in_bucket(struct mqtt_branches *bs, const struct mqtt_branch *branch)
{
    struct mqtt_branch **at = &bs->buckets[branch->key & bs->mask];

    while (*at != branch) {
        at = &(*at)->next_in_bucket;
    }
    *at = branch->next_in_bucket;
}

/* Doubles the buckets. When there is no memory for that, steps become slower, not wrong. */
static void grow(struct mqtt_branches *bs)
{
    struct mqtt_branch **old = bs->buckets;
    size_t old_mask = bs->mask;
    struct mqtt_branch **wide = reserve((old_mask + 1) * 2 * sizeof(void *));

    if (wide == NULL) {
        return;
    }
    bs->buckets = wide;
    bs->mask = old_mask * 2 + 1;
    for (size_t i = 0; i <= old_mask; i++) {
        while (old[i] != NULL) {
            struct mqtt_branch *branch = old[i];

            old[i] = branch->next_in_bucket;
            link_in_bucket(bs, branch);
        }
    }
    release(old);
}

bool mqtt_branches_init(struct mqtt_branches *bs, struct budget *budget, uint64_t seed)
{
    struct rng rng = {seed};

    *bs = (struct mqtt_branches){.budget = budget, .mask = BUCKETS - 1};
    bs->seed[0] = rng_next(&rng);
    bs->seed[1] = rng_next(&rng);
    bs->plus = mqtt_branch_hash(bs, span_of_text("+"));
    bs->hash = mqtt_branch_hash(bs, span_of_text("#"));
    bs->buckets = reserve(BUCKETS * sizeof(void *));
    bs->root = branch_new(budget, NULL, (struct span){NULL, 0});
    if (bs->buckets == NULL || bs->root == NULL) {
        mqtt_branches_fini(bs);
        return false;
    }
    return true;
}

/* Tells the parent of `branch` that it has this child, or has it no more. */
static void tell_parent(const struct mqtt_branch *branch, bool has)
{
    struct mqtt_branch *parent = branch->parent;

    if (is_plus(level_of(branch))) {
        parent->has_plus = has;
    } else if (is_hash(level_of(branch))) {
        parent->has_hash = has;
    } else {
        parent->plain = has ? parent->plain + 1 : parent->plain - 1;
    }
}

static void link_in_parent(struct mqtt_branch *branch)
{
    struct mqtt_branch *first = branch->parent->first_child;

    if (first == NULL) {
        branch->parent->first_child = branch;
        branch->prev_sibling = branch;
    } else {
        branch->prev_sibling = first->prev_sibling;
        first->prev_sibling->next_sibling = branch;
        first->prev_sibling = branch;
    }
    tell_parent(branch, true);
}

static void unlink_in_parent(struct mqtt_branch *branch)
{
    struct mqtt_branch *parent = branch->parent;
    struct mqtt_branch *after = branch->next_sibling;

    if (parent->first_child == branch) {
        parent->first_child = after;
    } else {
        branch->prev_sibling->next_sibling = after;
    }
    if (after == NULL) { /* it was the last */
        after = parent->first_child;
    }
    if (after != NULL) {
        after->prev_sibling = branch->prev_sibling;
    }
    tell_parent(branch, false);
}

/* Frees a branch without children and returns its parent. */
static struct mqtt_branch *cut(struct mqtt_branches *bs, struct mqtt_branch *branch)
{
    struct mqtt_branch *parent = branch->parent;

    if (parent == NULL) {
        bs->root = NULL;
    } else {
        unlink_in_parent(branch);
        unlink_in_bucket(bs, branch);
        bs->count--;
    }
    branch_free(bs->budget, branch);
    return parent;
}

void mqtt_branches_fini(struct mqtt_branches *bs)
{
    struct mqtt_branch *at = bs->root;

    while (at != NULL) {
        at = at->first_child != NULL ? at->first_child : cut(bs, at);
    }
    release(bs->buckets);
    bs->buckets = NULL;
}

struct mqtt_branch *mqtt_branch_find(const struct mqtt_branches *bs, struct span topic)
{
    struct mqtt_branch *at = bs->root;
    struct span level;

    while (at != NULL && mqtt_topic_next_level(&topic, &level)) {
        at = mqtt_branch_child(bs, at, level, mqtt_branch_hash(bs, level));
    }
    return at;
}

static struct mqtt_branch *grow_child(struct mqtt_branches *bs, struct mqtt_branch *parent,
                                      struct span level, uint64_t hash)
{
    struct mqtt_branch *branch = branch_new(bs->budget, parent, level);

    if (branch == NULL) {
        return NULL;
    }
    if (bs->count > bs->mask) {
        grow(bs);
    }
    branch->key = key_of(parent, hash);
    link_in_parent(branch);
    link_in_bucket(bs, branch);
    bs->count++;
    return branch;
}

struct mqtt_branch *mqtt_branch_make(struct mqtt_branches *bs, struct span topic)
{
    struct mqtt_branch *at = bs->root;
    struct span level;

    while (mqtt_topic_next_level(&topic, &level)) {
        uint64_t hash = mqtt_branch_hash(bs, level);
        struct mqtt_branch *child = mqtt_branch_child(bs, at, level, hash);

        if (child == NULL) {
            child = grow_child(bs, at, level, hash);
        }
        if (child == NULL) {
            mqtt_branch_prune(bs, at);
            return NULL;
        }
        at = child;
    }
    return at;
}

void mqtt_branch_prune(struct mqtt_branches *bs, struct mqtt_branch *branch)
{
    while (branch->parent != NULL && branch->first_child == NULL && !branch->in_use) {
        branch = cut(bs, branch);
    }
}

static size_t text_length(const struct mqtt_branch *branch)
{
    size_t len = branch->len;

    for (branch = branch->parent; branch->parent != NULL; branch = branch->parent) {
        len += 1u + branch->len;
    }
    return len;
}

void mqtt_branch_write(const struct mqtt_branch *branch, struct writer *w)
{
    size_t left = text_length(branch);
    uint8_t *out = write_room(w, left);

    if (out == NULL) {
        return;
    }
    for (; branch->parent != NULL; branch = branch->parent) {
        left -= branch->len;
        memcpy(out + left, branch->level, branch->len);
        if (left != 0) {
            out[--left] = '/';
        }
    }
}
