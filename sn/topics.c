#include "sn/topics.h"

static struct sn_topic *entries_of(const struct sn_topics *topics)
{
    return topics->table == NULL ? NULL : (struct sn_topic *)(void *)topics->table->octets;
}

/* Where the octets of names begin. */
static uint8_t *names_of(const struct sn_topics *topics)
{
    return (uint8_t *)(void *)(entries_of(topics) + topics->count);
}

/* Where the name of the entry at `at` begins among them. */
static size_t begin_of(const struct sn_topics *topics, size_t at)
{
    return at == 0 ? 0 : entries_of(topics)[at - 1].end;
}

static struct span name_at(const struct sn_topics *topics, size_t at)
{
    size_t begin = begin_of(topics, at);

    return span_of(names_of(topics) + begin, entries_of(topics)[at].end - begin);
}

struct span sn_topic_name(const struct sn_topics *topics, const struct sn_topic *topic)
{
    return name_at(topics, (size_t)(topic - entries_of(topics)));
}

void sn_topics_clear(struct sn_topics *topics)
{
    block_drop(topics->table);
    *topics = (struct sn_topics){.table = NULL};
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
    for (size_t i = 0; i < topics->count; i++) {
        if (span_equal(name_at(topics, i), name)) {
            return &entries_of(topics)[i];
        }
    }
    return NULL;
}

/* Room for one more entry and `octets` of a name; what is there stays where it is. */
static bool make_room(struct sn_topics *topics, struct budget *budget, size_t octets)
{
    size_t used = topics->table == NULL ? 0 : topics->table->len;
    size_t size = used + sizeof(struct sn_topic) + octets;
    struct block *table = used == 0 ? block_new(budget, size) : block_resize(topics->table, size);

    if (table == NULL) {
        return false;
    }
    topics->table = table;
    return true;
}

/* Opens a gap of `size` octets at `at`, before the `behind` octets that follow it. */
static void open_gap(uint8_t *at, size_t size, size_t behind)
{
    memmove(at + size, at, behind);
}

static struct sn_topic *insert(struct sn_topics *topics, struct budget *budget, uint16_t id,
                               struct span name)
{
    size_t at = lower_bound(topics, id);
    size_t begin = begin_of(topics, at);
    size_t octets = begin_of(topics, topics->count); /* of all names */
    struct sn_topic *entry = NULL;

    if (name.len > UINT16_MAX || !make_room(topics, budget, name.len)) {
        return NULL;
    }
    open_gap(names_of(topics) + begin, name.len, octets - begin);
    if (name.len != 0) {
        memcpy(names_of(topics) + begin, name.at, name.len);
    }
    entry = &entries_of(topics)[at];
    open_gap((uint8_t *)(void *)entry, sizeof *entry,
             (topics->count - at) * sizeof *entry + octets + name.len);
    topics->count++;
    *entry = (struct sn_topic){.id = id, .end = (uint32_t)begin};
    for (size_t i = at; i < topics->count; i++) {
        entries_of(topics)[i].end += (uint32_t)name.len;
    }
    return entry;
}

static void count_in(struct sn_topics *topics, struct sn_topic *entry, size_t len, bool ours)
{
    entry->ours = ours;
    if (ours) {
        topics->ours++;
    } else {
        size_t octets = topics->octets + len; /* more only out of a store of another limit */

        topics->octets = (uint16_t)(octets < UINT16_MAX ? octets : UINT16_MAX);
    }
}

struct sn_topic *sn_topics_add(struct sn_topics *topics, struct budget *budget, struct span name,
                               bool ours, size_t limit)
{
    size_t used = ours ? topics->ours : (size_t)(topics->count - topics->ours);
    unsigned last = topics->count == 0 ? 0 : entries_of(topics)[topics->count - 1].id;
    struct sn_topic *entry = NULL;

    if (used < limit && last < SN_TOPIC_ID_LAST &&
        (ours || topics->octets + name.len <= SN_TOPICS_OCTETS)) {
        entry = insert(topics, budget, (uint16_t)(last + 1), name);
    }
    if (entry != NULL) {
        entry->fresh = true;
        count_in(topics, entry, name.len, ours);
    }
    return entry;
}

bool sn_topics_restore(struct sn_topics *topics, struct budget *budget, uint16_t id,
                       struct span name, bool ours)
{
    bool good = id != 0 && id <= SN_TOPIC_ID_LAST && sn_topics_by_id(topics, id) == NULL;
    struct sn_topic *entry = good ? insert(topics, budget, id, name) : NULL;

    if (entry != NULL) {
        count_in(topics, entry, name.len, ours);
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

bool sn_topics_may_ask(struct sn_topics *topics, uint64_t now_ms)
{
    bool may = false;

    for (size_t i = 0; i < topics->count; i++) {
        struct sn_topic *topic = &entries_of(topics)[i];

        if (topic->ask_after_s != 0 && 1000 * (uint64_t)topic->ask_after_s <= now_ms) {
            topic->ask_after_s = 0;
            may = true;
        }
    }
    return may;
}

void sn_topics_refresh(struct sn_topics *topics)
{
    for (size_t i = 0; i < topics->count; i++) {
        entries_of(topics)[i].fresh = true;
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
