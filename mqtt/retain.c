#include "mqtt/retain.h"

#include "mqtt/topic.h"

/* Branches to look at, first in first out. */
struct row {
    struct mqtt_branch *first;
    struct mqtt_branch **end;
    size_t count; /* pushed */
};

static void row_init(struct row *row)
{
    row->first = NULL;
    row->end = &row->first;
    row->count = 0;
}

static void row_push(struct row *row, struct mqtt_branch *branch)
{
    if (branch != NULL) {
        branch->next = NULL;
        *row->end = branch;
        row->end = &branch->next;
        row->count++;
    }
}

static void row_push_children(struct row *row, const struct mqtt_branch *branch)
{
    for (struct mqtt_branch *child = branch->first_child; child != NULL;
         child = child->next_sibling) {
        row_push(row, child);
    }
}

/* As a wildcard: at the top without those that begin with `$`. [MQTT-4.7.2-1] */
static void row_push_matching(struct row *row, const struct mqtt_branch *branch)
{
    if (branch->parent != NULL) {
        row_push_children(row, branch);
        return;
    }
    for (struct mqtt_branch *child = branch->first_child; child != NULL;
         child = child->next_sibling) {
        if (!mqtt_topic_is_system((struct span){child->level, child->len})) {
            row_push(row, child);
        }
    }
}

bool mqtt_retain_init(struct mqtt_retain *retain, struct budget *budget, size_t limit,
                      uint64_t seed)
{
    retain->limit = limit;
    retain->count = 0;
    retain->visited = 0;
    return mqtt_branches_init(&retain->branches, budget, seed);
}

void mqtt_retain_fini(struct mqtt_retain *retain)
{
    struct row row;

    row_init(&row);
    row_push(&row, retain->branches.root);
    for (struct mqtt_branch *at = row.first; at != NULL; at = at->next) {
        row_push_children(&row, at);
        mqtt_message_drop(at->message);
    }
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
        branch->message = NULL;
        branch->number = 0;
        branch->in_use = true;
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

    return branch == NULL || !branch->in_use ? NULL : branch;
}

void mqtt_retain_clear(struct mqtt_retain *retain, struct mqtt_branch *branch)
{
    mqtt_message_drop(branch->message);
    branch->message = NULL;
    branch->in_use = false;
    retain->count--;
    mqtt_branch_prune(&retain->branches, branch);
}

/* One level of the filter down from every branch of `row`. */
static struct mqtt_branch *descend(struct mqtt_retain *retain, struct mqtt_branch *at,
                                   struct span level)
{
    const struct mqtt_branches *bs = &retain->branches;
    bool plus = level.len == 1 && level.at[0] == '+';
    uint64_t hash = plus ? 0 : mqtt_branch_hash(bs, level);
    struct row below;

    row_init(&below);
    while (at != NULL) {
        struct mqtt_branch *next = at->next;

        if (plus) {
            row_push_matching(&below, at);
        } else {
            row_push(&below, mqtt_branch_child(bs, at, level, hash));
        }
        at = next;
    }
    retain->visited += below.count;
    return below.first;
}

/* Adds all that lies below the branches from `first` on. */
static struct mqtt_branch *with_all_below(struct mqtt_retain *retain, struct mqtt_branch *first)
{
    struct row row = {.first = first, .end = &first};

    for (struct mqtt_branch *at = first; at != NULL; at = at->next) {
        row.end = &at->next;
    }
    for (struct mqtt_branch *at = first; at != NULL; at = at->next) {
        row_push_matching(&row, at);
    }
    retain->visited += row.count;
    return first;
}

struct mqtt_branch *mqtt_retain_match(struct mqtt_retain *retain, struct span filter)
{
    struct mqtt_branch *visit = retain->branches.root;
    struct mqtt_branch *found = NULL;
    struct mqtt_branch **end = &found;
    struct span level;

    visit->next = NULL;
    while (visit != NULL && mqtt_topic_next_level(&filter, &level)) {
        if (level.len == 1 && level.at[0] == '#') {
            visit = with_all_below(retain, visit);
        } else {
            visit = descend(retain, visit, level);
        }
    }
    for (; visit != NULL; visit = visit->next) {
        if (visit->in_use) {
            *end = visit;
            end = &visit->next;
        }
    }
    *end = NULL;
    return found;
}
