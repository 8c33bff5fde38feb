#include "sn/topics.h"

#define FIRST_ENTRIES 8u

static struct sn_topic *entries_of(const struct sn_topics *topics)
{
    return topics->table == NULL ? NULL : (struct sn_topic *)(void *)topics->table->octets;
}

/* FNV-1a: spares comparisons, keeps nothing secret. */
static uint32_t hash_of(struct span name)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < name.len; i++) {
        hash = (hash ^ name.at[i]) * 16777619u;
    }
    return hash;
}

void sn_topics_init(struct sn_topics *topics, struct budget *budget)
{
    *topics = (struct sn_topics){.budget = budget};
}

void sn_topics_clear(struct sn_topics *topics)
{
    for (size_t i = 0; i < topics->count; i++) {
        block_drop(entries_of(topics)[i].name);
    }
    block_drop(topics->table);
    sn_topics_init(topics, topics->budget);
}

/* The first entry whose id is not below `id`. */
static size_t lower_bound(const struct sn_topics *topics, uint16_t id)
{
    const struct sn_topic *entries = entries_of(topics);
    size_t low = 0;
    size_t high = topics->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (entries[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct sn_topic *sn_topics_at(const struct sn_topics *topics, size_t place)
{
    return place < topics->count ? &entries_of(topics)[place] : NULL;
}

struct sn_topic *sn_topics_by_id(const struct sn_topics *topics, uint16_t id)
{
    size_t at = lower_bound(topics, id);

    return at < topics->count && entries_of(topics)[at].id == id ? &entries_of(topics)[at] : NULL;
}

struct sn_topic *sn_topics_by_name(const struct sn_topics *topics, struct span name)
{
    struct sn_topic *entries = entries_of(topics);
    uint32_t hash = hash_of(name);

    for (size_t i = 0; i < topics->count; i++) {
        if (entries[i].hash == hash && span_equal(sn_topic_name(&entries[i]), name)) {
            return &entries[i];
        }
    }
    return NULL;
}

static bool has_space(struct sn_topics *topics)
{
    size_t size = (topics->count + 1u) * sizeof(struct sn_topic);
    struct block *table = topics->table;

    if (table == NULL) {
        table = block_new(topics->budget, FIRST_ENTRIES * sizeof(struct sn_topic));
    } else if (size > table->len) {
        table = block_resize(table, (size_t)2 * table->len);
    }
    if (table == NULL) {
        return false;
    }
    topics->table = table;
    return true;
}

static struct sn_topic *insert(struct sn_topics *topics, uint16_t id, struct span name)
{
    size_t at = lower_bound(topics, id);
    struct sn_topic *entry = NULL;
    struct block *copy = has_space(topics) ? block_copy(topics->budget, name) : NULL;

    if (copy == NULL) {
        return NULL;
    }
    entry = &entries_of(topics)[at];
    memmove(entry + 1, entry, (topics->count - at) * sizeof *entry);
    *entry = (struct sn_topic){.name = copy, .hash = hash_of(name), .id = id};
    topics->count++;
    return entry;
}

struct sn_topic *sn_topics_add(struct sn_topics *topics, struct span name, bool ours, size_t limit)
{
    size_t used = ours ? topics->ours : (size_t)(topics->count - topics->ours);
    unsigned last = topics->count == 0 ? 0 : entries_of(topics)[topics->count - 1].id;
    struct sn_topic *entry = NULL;

    if (used < limit && last < SN_TOPIC_ID_LAST) {
        entry = insert(topics, (uint16_t)(last + 1), name);
    }
    if (entry != NULL) {
        entry->ours = ours;
        entry->fresh = true;
        topics->ours = (uint16_t)(topics->ours + ours);
    }
    return entry;
}

bool sn_topics_restore(struct sn_topics *topics, uint16_t id, struct span name, bool ours)
{
    bool good = id != 0 && id <= SN_TOPIC_ID_LAST && sn_topics_by_id(topics, id) == NULL;
    struct sn_topic *entry = good ? insert(topics, id, name) : NULL;

    if (entry != NULL) {
        entry->ours = ours;
        topics->ours = (uint16_t)(topics->ours + ours);
    }
    return entry != NULL;
}

void sn_topics_untell(struct sn_topics *topics)
{
    for (size_t i = 0; i < topics->count; i++) {
        entries_of(topics)[i].told = false;
    }
}

void sn_topics_pardon(struct sn_topics *topics)
{
    for (size_t i = 0; i < topics->count; i++) {
        entries_of(topics)[i].refused = false;
    }
}

struct sn_topic *sn_topics_fresh(const struct sn_topics *topics)
{
    for (size_t i = 0; i < topics->count; i++) {
        if (entries_of(topics)[i].fresh) {
            return &entries_of(topics)[i];
        }
    }
    return NULL;
}
