#include "mqtt/branch.h"

#include "base/map.h"
#include "base/pool.h"
#include "base/rng.h"
#include "mqtt/topic.h"

#define BUCKETS 64u /* at first; doubled whenever there are as many branches */

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

static uint64_t key_of(const struct mqtt_branch *parent, uint64_t hash)
{
    uint64_t key = (hash ^ (uint64_t)(uintptr_t)parent) * UINT64_C(0x9E3779B97F4A7C15);

    return key ^ key >> 32;
}

uint64_t mqtt_branch_hash(const struct mqtt_branches *bs, struct span level)
{
    return map_hash(bs->seed, level);
}

struct mqtt_branch *mqtt_branch_child(const struct mqtt_branches *bs,
                                      const struct mqtt_branch *parent, struct span level,
                                      uint64_t hash)
{
    uint64_t key = key_of(parent, hash);
    struct mqtt_branch *at = bs->buckets[key & bs->mask];

    while (at != NULL &&
           (at->key != key || at->parent != parent || !span_equal(level_of(at), level))) {
        at = at->next_in_bucket;
    }
    return at;
}

static struct mqtt_branch *branch_new(struct budget *budget, struct mqtt_branch *parent,
                                      struct span level)
{
    struct block *block = block_new(budget, sizeof(struct mqtt_branch) + level.len);
    struct mqtt_branch *branch = NULL;

    if (block == NULL) {
        return NULL;
    }
    branch = (struct mqtt_branch *)(void *)block->octets;
    *branch = (struct mqtt_branch){.parent = parent, .len = (uint16_t)level.len};
    list_init(&branch->children);
    list_init(&branch->in_parent);
    list_init(&branch->subscriptions);
    if (level.len != 0) {
        memcpy(branch->level, level.at, level.len);
    }
    return branch;
}

static void branch_free(struct mqtt_branch *branch)
{
    mqtt_message_drop(branch->message);
    block_drop((struct block *)(void *)((uint8_t *)branch - offsetof(struct block, octets)));
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
    bs->buckets = reserve(BUCKETS * sizeof(void *));
    bs->root = branch_new(budget, NULL, (struct span){NULL, 0});
    if (bs->buckets == NULL || bs->root == NULL) {
        mqtt_branches_fini(bs);
        return false;
    }
    return true;
}

static struct mqtt_branch *first_child(const struct mqtt_branch *branch)
{
    if (!list_is_empty(&branch->children)) {
        return LIST_ITEM(branch->children.next, struct mqtt_branch, in_parent);
    }
    return branch->plus != NULL ? branch->plus : branch->hash;
}

/* Frees a branch without children and returns its parent. */
static struct mqtt_branch *cut(struct mqtt_branches *bs, struct mqtt_branch *branch)
{
    struct mqtt_branch *parent = branch->parent;

    if (parent == NULL) {
        bs->root = NULL;
    } else if (parent->plus == branch) {
        parent->plus = NULL;
    } else if (parent->hash == branch) {
        parent->hash = NULL;
    } else {
        list_remove(&branch->in_parent);
        unlink_in_bucket(bs, branch);
        bs->count--;
    }
    branch_free(branch);
    return parent;
}

void mqtt_branches_fini(struct mqtt_branches *bs)
{
    struct mqtt_branch *at = bs->root;

    while (at != NULL) {
        struct mqtt_branch *child = first_child(at);

        at = child != NULL ? child : cut(bs, at);
    }
    release(bs->buckets);
    bs->buckets = NULL;
}

static struct mqtt_branch *step(const struct mqtt_branches *bs, const struct mqtt_branch *parent,
                                struct span level)
{
    if (is_plus(level)) {
        return parent->plus;
    }
    if (is_hash(level)) {
        return parent->hash;
    }
    return mqtt_branch_child(bs, parent, level, mqtt_branch_hash(bs, level));
}

struct mqtt_branch *mqtt_branch_find(const struct mqtt_branches *bs, struct span topic)
{
    struct mqtt_branch *at = bs->root;
    struct span level;

    while (at != NULL && mqtt_topic_next_level(&topic, &level)) {
        at = step(bs, at, level);
    }
    return at;
}

static struct mqtt_branch *grow_child(struct mqtt_branches *bs, struct mqtt_branch *parent,
                                      struct span level)
{
    struct mqtt_branch *branch = branch_new(bs->budget, parent, level);

    if (branch == NULL) {
        return NULL;
    }
    if (is_plus(level)) {
        parent->plus = branch;
    } else if (is_hash(level)) {
        parent->hash = branch;
    } else {
        if (bs->count > bs->mask) {
            grow(bs);
        }
        branch->key = key_of(parent, mqtt_branch_hash(bs, level));
        list_push(&parent->children, &branch->in_parent);
        link_in_bucket(bs, branch);
        bs->count++;
    }
    return branch;
}

struct mqtt_branch *mqtt_branch_make(struct mqtt_branches *bs, struct span topic)
{
    struct mqtt_branch *at = bs->root;
    struct span level;

    while (mqtt_topic_next_level(&topic, &level)) {
        struct mqtt_branch *child = step(bs, at, level);

        if (child == NULL) {
            child = grow_child(bs, at, level);
        }
        if (child == NULL) {
            mqtt_branch_prune(bs, at);
            return NULL;
        }
        at = child;
    }
    return at;
}

static bool is_bare(const struct mqtt_branch *branch)
{
    return first_child(branch) == NULL && list_is_empty(&branch->subscriptions) &&
           branch->message == NULL;
}

void mqtt_branch_prune(struct mqtt_branches *bs, struct mqtt_branch *branch)
{
    while (branch->parent != NULL && is_bare(branch)) {
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
