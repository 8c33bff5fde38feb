#include "mqtt/retain.h"

#include "mqtt/topic.h"

/* Branches to look at, first in first out. */
struct row {
    struct mqtt_branch *first;
    struct mqtt_branch **end;
};

static void row_init(struct row *row)
{
    row->first = NULL;
    row->end = &row->first;
}

static void row_push(struct row *row, struct mqtt_branch *branch)
{
    if (branch != NULL) {
        branch->next_visit = NULL;
        *row->end = branch;
        row->end = &branch->next_visit;
    }
}

/* All children; at the top those that begin with `$` only if `system`. [MQTT-4.7.2-1] */
static void row_push_children(struct row *row, const struct mqtt_branch *branch)
{
    LIST_EACH (link, &branch->children) {
        struct mqtt_branch *child = LIST_ITEM(link, struct mqtt_branch, in_parent);
        struct span level = {child->level, child->len};

        if (branch->parent != NULL || !mqtt_topic_is_system(level)) {
            row_push(row, child);
        }
    }
}

bool mqtt_retain_init(struct mqtt_retain *retain, struct budget *budget, size_t limit,
                      uint64_t seed)
{
    retain->limit = limit;
    retain->count = 0;
    return mqtt_branches_init(&retain->branches, budget, seed);
}

void mqtt_retain_fini(struct mqtt_retain *retain)
{
    mqtt_branches_fini(&retain->branches);
}

struct mqtt_branch *mqtt_retain_set(struct mqtt_retain *retain, struct mqtt_message *message)
{
    struct span topic = mqtt_message_topic(message);
    struct mqtt_branch *branch = mqtt_retain_find(retain, topic);

    if (branch == NULL) {
        if (retain->count == retain->limit) {
            return NULL;
        }
        branch = mqtt_branch_make(&retain->branches, topic);
        if (branch == NULL) {
            return NULL;
        }
        branch->number = 0;
        retain->count++;
    }
    mqtt_message_hold(message);
    mqtt_message_drop(branch->message);
    branch->message = message;
    return branch;
}

struct mqtt_branch *mqtt_retain_find(const struct mqtt_retain *retain, struct span topic)
{
    struct mqtt_branch *branch = mqtt_branch_find(&retain->branches, topic);

    return branch == NULL || branch->message == NULL ? NULL : branch;
}

void mqtt_retain_clear(struct mqtt_retain *retain, struct mqtt_branch *branch)
{
    mqtt_message_drop(branch->message);
    branch->message = NULL;
    branch->number = 0;
    retain->count--;
    mqtt_branch_prune(&retain->branches, branch);
}

/* One level of the filter down from every branch of `row`. */
static struct mqtt_branch *descend(const struct mqtt_branches *bs, struct mqtt_branch *at,
                                   struct span level)
{
    bool plus = level.len == 1 && level.at[0] == '+';
    uint64_t hash = plus ? 0 : mqtt_branch_hash(bs, level);
    struct row below;

    row_init(&below);
    while (at != NULL) {
        struct mqtt_branch *next = at->next_visit;

        if (plus) {
            row_push_children(&below, at);
        } else {
            row_push(&below, mqtt_branch_child(bs, at, level, hash));
        }
        at = next;
    }
    return below.first;
}

/* Adds all that lies below the branches from `first` on. */
static struct mqtt_branch *with_all_below(struct mqtt_branch *first)
{
    struct row row = {first, &first};

    for (struct mqtt_branch *at = first; at != NULL; at = at->next_visit) {
        row.end = &at->next_visit;
    }
    for (struct mqtt_branch *at = first; at != NULL; at = at->next_visit) {
        row_push_children(&row, at);
    }
    return first;
}

struct mqtt_branch *mqtt_retain_match(struct mqtt_retain *retain, struct span filter)
{
    struct mqtt_branch *visit = retain->branches.root;
    struct mqtt_branch *found = NULL;
    struct mqtt_branch **end = &found;
    struct span level;

    visit->next_visit = NULL;
    while (visit != NULL && mqtt_topic_next_level(&filter, &level)) {
        if (level.len == 1 && level.at[0] == '#') {
            visit = with_all_below(visit);
        } else {
            visit = descend(&retain->branches, visit, level);
        }
    }
    for (struct mqtt_branch *at = visit; at != NULL; at = at->next_visit) {
        if (at->message != NULL) {
            *end = at;
            end = &at->next_found;
        }
    }
    *end = NULL;
    return found;
}
