#include "mqtt/tree.h"

#include "mqtt/topic.h"

/* The branches of one depth, and those found so far. */
struct walk {
    const struct mqtt_branches *branches;
    struct mqtt_branch *visit;
    struct mqtt_branch *found;
    struct mqtt_branch **end; /* of found */
};

bool mqtt_tree_init(struct mqtt_tree *tree, struct budget *budget, uint64_t seed)
{
    tree->count = 0;
    return mqtt_branches_init(&tree->branches, budget, seed);
}

void mqtt_tree_fini(struct mqtt_tree *tree)
{
    mqtt_branches_fini(&tree->branches);
}

bool mqtt_tree_add(struct mqtt_tree *tree, struct span filter, struct mqtt_subscription *sub)
{
    struct mqtt_branch *branch = mqtt_branch_make(&tree->branches, filter);

    if (branch == NULL) {
        return false;
    }
    if (!branch->in_use) {
        list_init(&branch->subscriptions);
        branch->in_use = true;
    }
    sub->branch = branch;
    list_push(&branch->subscriptions, &sub->in_branch);
    tree->count++;
    return true;
}

void mqtt_tree_remove(struct mqtt_tree *tree, struct mqtt_subscription *sub)
{
    list_remove(&sub->in_branch);
    sub->branch->in_use = !list_is_empty(&sub->branch->subscriptions);
    mqtt_branch_prune(&tree->branches, sub->branch);
    sub->branch = NULL;
    tree->count--;
}

struct mqtt_subscription *mqtt_tree_find(const struct mqtt_tree *tree, struct span filter,
                                         const void *owner, const struct chain *owned)
{
    const struct mqtt_branch *branch = mqtt_branch_find(&tree->branches, filter);
    struct list *mine = owned->first;

    if (branch == NULL || !branch->in_use) {
        return NULL;
    }
    LIST_EACH (link, &branch->subscriptions) {
        struct mqtt_subscription *sub = LIST_ITEM(link, struct mqtt_subscription, in_branch);
        struct mqtt_subscription *own = NULL;

        if (sub->owner == owner) {
            return sub;
        }
        if (mine == NULL) {
            return NULL;
        }
        own = LIST_ITEM(mine, struct mqtt_subscription, in_session);
        if (own->branch == branch) {
            return own;
        }
        mine = chain_after(owned, mine);
    }
    return NULL;
}

static void add_found(struct walk *walk, struct mqtt_branch *branch)
{
    if (branch != NULL && branch->in_use) {
        *walk->end = branch;
        walk->end = &branch->next;
    }
}

static void add_visit(struct mqtt_branch **visit, struct mqtt_branch *branch)
{
    if (branch != NULL) {
        branch->next = *visit;
        *visit = branch;
    }
}

/* One level down from every branch of this depth; its hash is made once, if anybody asks. */
static void descend(struct walk *walk, struct span level, bool wild)
{
    struct mqtt_branch *below = NULL;
    uint64_t hash = 0;
    bool hashed = false;

    for (struct mqtt_branch *at = walk->visit; at != NULL; at = at->next) {
        if (wild) {
            add_found(walk, mqtt_branch_rest(walk->branches, at));
            add_visit(&below, mqtt_branch_plus(walk->branches, at));
        }
        if (at->plain == 0) {
            continue;
        }
        if (!hashed) {
            hash = mqtt_branch_hash(walk->branches, level);
            hashed = true;
        }
        add_visit(&below, mqtt_branch_child(walk->branches, at, level, hash));
    }
    walk->visit = below;
}

struct mqtt_branch *mqtt_tree_match(struct mqtt_tree *tree, struct span topic)
{
    struct walk walk = {.branches = &tree->branches, .visit = tree->branches.root};
    bool wild = !mqtt_topic_is_system(topic); /* [MQTT-4.7.2-1] */
    struct mqtt_branch *next = NULL;
    struct span level;

    walk.end = &walk.found;
    walk.visit->next = NULL;
    while (walk.visit != NULL && mqtt_topic_next_level(&topic, &level)) {
        descend(&walk, level, wild);
        wild = true;
    }
    for (struct mqtt_branch *at = walk.visit; at != NULL; at = next) {
        next = at->next;
        add_found(&walk, at);
        add_found(&walk, mqtt_branch_rest(walk.branches, at)); /* a/# reads a too */
    }
    *walk.end = NULL;
    return walk.found;
}
