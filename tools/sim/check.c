/* Who is owed what. A message carries a stamp of 24 hexadecimal digits: run (4), source (5), number
 * (7) and microseconds since the start of the run (8). */
#include <stdlib.h>

#include "base/bytes.h"
#include "tools/sim/sim.h"

enum { STAMP = 24, WINDOW = 64 };

#define PAIRS_MOST (1u << 20)
#define LOOKS_MOST 50000000u /* of a filter with wildcards at a source, for a start in seconds */

static void put_digits(uint8_t *at, size_t count, uint64_t value)
{
    while (count-- > 0) {
        at[count] = (uint8_t) "0123456789abcdef"[value & 15];
        value >>= 4;
    }
}

void sim_check_stamp(struct sim *sim, size_t at, size_t len)
{
    uint8_t stamp[STAMP];
    uint32_t number = sim->sources[at].sent;

    put_digits(stamp, 4, sim->run);
    put_digits(stamp + 4, 5, at);
    put_digits(stamp + 9, 7, number);
    put_digits(stamp + 16, 8, sim->now_us - sim->start_us);
    memset(sim->payload, '.', len);
    if (len >= STAMP) {
        memcpy(sim->payload, stamp, STAMP);
    } else {
        put_digits(sim->payload, len, number);
    }
}

static uint32_t read_digits(struct reader *r, size_t count)
{
    uint32_t value = 0;

    while (count-- > 0) {
        unsigned c = read_u8(r);
        bool letter = c >= 'a' && c <= 'f';

        r->bad = r->bad || !(letter || (c >= '0' && c <= '9'));
        value = value << 4 | (letter ? c - 'a' + 10 : c - '0');
    }
    return value;
}

static int by_source(const void *a, const void *b)
{
    uint32_t x = ((const struct sim_pair *)a)->source;
    uint32_t y = ((const struct sim_pair *)b)->source;

    return (x > y) - (x < y);
}

static struct sim_pair *pair_of(const struct sim *sim, const struct sim_node *node, uint32_t source)
{
    struct sim_pair key = {.source = source};

    if (node->pair_count == 0) {
        return NULL;
    }
    return bsearch(&key, sim->pairs + node->pair, node->pair_count, sizeof key, by_source);
}

/* True if message `number` is new. Messages of one source come in order but for repetitions. */
static bool take(struct sim_pair *pair, uint32_t number)
{
    if (number >= pair->next) {
        uint32_t up = number + 1 - pair->next;

        pair->seen = up >= WINDOW ? 1 : pair->seen << up | 1;
        pair->next = number + 1;
    } else {
        uint32_t back = pair->next - 1 - number;

        if (back >= WINDOW || (pair->seen >> back & 1) != 0) {
            return false;
        }
        pair->seen |= UINT64_C(1) << back;
    }
    pair->got++;
    return true;
}

void sim_check_got(struct sim *sim, struct sim_node *node, struct span payload)
{
    struct reader r = reader_of(payload);
    uint32_t run = read_digits(&r, 4);
    uint32_t source = read_digits(&r, 5);
    uint32_t number = read_digits(&r, 7);
    uint32_t sent_us = read_digits(&r, 8);
    struct sim_pair *pair;

    sim->counts.delivered++;
    if (r.bad || run != sim->run || source >= sim->source_count) {
        return;
    }
    pair = pair_of(sim, node, source);
    if (pair != NULL && !take(pair, number)) {
        sim->counts.again++;
        return;
    }
    spread_add(&sim->transit, (uint32_t)(sim->now_us - sim->start_us) - sent_us);
}

void sim_check_count(struct sim *sim)
{
    sim->counts.owed = 0;
    sim->counts.missing = 0;
    for (size_t i = 0; i < sim->count; i++) {
        const struct sim_node *node = &sim->nodes[i];
        uint32_t pairs = node->unsure ? 0 : node->pair_count;

        for (uint32_t at = node->pair; at < node->pair + pairs; at++) {
            const struct sim_pair *pair = &sim->pairs[at];
            uint32_t acked = sim->sources[pair->source].acked;

            sim->counts.owed += acked;
            sim->counts.missing += acked > pair->got ? acked - pair->got : 0;
        }
    }
}

/* MQTT 3.1.1, 4.7: `filter` is well formed. */
static bool matches(const char *filter, const char *name)
{
    if (name[0] == '$' && (filter[0] == '+' || filter[0] == '#')) {
        return false;
    }
    while (*filter != '\0' && *filter != '#') {
        if (*filter == '+') {
            filter++;
            name += strcspn(name, "/");
        } else if (*filter == *name) {
            filter++;
            name++;
        } else {
            return *name == '\0' && strcmp(filter, "/#") == 0;
        }
    }
    return *filter == '#' || *name == '\0';
}

/* Sources in the order of their topics, for filters without wildcards. */
struct index {
    const struct sim *sim;
    uint32_t *order;
    size_t count;
    size_t looks;
    size_t room; /* of sim->pairs */
};

static int by_topic(const void *a, const void *b, void *sim)
{
    const struct sim_source *sources = ((const struct sim *)sim)->sources;

    return strcmp(sources[*(const uint32_t *)a].topic, sources[*(const uint32_t *)b].topic);
}

static bool make_index(struct sim *sim, struct index *index)
{
    index->sim = sim;
    index->order = malloc((sim->source_count + 1) * sizeof index->order[0]);
    if (index->order == NULL) {
        return false;
    }
    for (size_t i = 0; i < sim->source_count; i++) {
        if (sim->sources[i].topic != NULL && sim->sources[i].sure) {
            index->order[index->count++] = (uint32_t)i;
        }
    }
    qsort_r(index->order, index->count, sizeof index->order[0], by_topic, sim);
    return true;
}

static bool add_pair(struct sim *sim, struct index *index, uint32_t source)
{
    if (sim->pair_count == index->room) {
        size_t room = index->room == 0 ? 64 : index->room * 2;
        struct sim_pair *pairs = realloc(sim->pairs, room * sizeof pairs[0]);

        if (pairs == NULL) {
            return false;
        }
        sim->pairs = pairs;
        index->room = room;
    }
    sim->pairs[sim->pair_count++] = (struct sim_pair){.source = source};
    return true;
}

static const char *topic_at(const struct index *index, size_t at)
{
    return index->sim->sources[index->order[at]].topic;
}

/* The first in order whose topic is not before `name`. */
static size_t lower(const struct index *index, const char *name)
{
    size_t low = 0;
    size_t high = index->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(topic_at(index, middle), name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* A filter without wildcards looks at its neighbours only. False: no memory. */
static bool add_matches(struct sim *sim, struct index *index, const char *filter)
{
    bool wild = strpbrk(filter, "+#") != NULL;
    size_t at = wild ? 0 : lower(index, filter);

    for (; at < index->count && sim->pair_count < PAIRS_MOST; at++) {
        bool match = matches(filter, topic_at(index, at));

        index->looks++;
        if (!match && !wild) {
            break;
        }
        if (match && !add_pair(sim, index, index->order[at])) {
            return false;
        }
    }
    return true;
}

/* Sorts the pairs of `node`, which are the last, and leaves one of each. */
static void tidy(struct sim *sim, struct sim_node *node)
{
    struct sim_pair *pairs = sim->pairs == NULL ? NULL : sim->pairs + node->pair;
    size_t kept = 0;
    size_t count = sim->pair_count - node->pair;

    if (count != 0) {
        qsort(pairs, count, sizeof pairs[0], by_source);
    }
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || pairs[kept - 1].source != pairs[i].source) {
            pairs[kept++] = pairs[i];
        }
    }
    node->pair_count = (uint32_t)kept;
    sim->pair_count = node->pair + kept;
}

static bool add_node(struct sim *sim, struct index *index, struct sim_node *node)
{
    const struct sim_group *group = node->group;

    node->pair = (uint32_t)sim->pair_count;
    for (size_t i = 0; i < group->filter_count; i++) {
        if (group->filters[i].qos != 0 && !add_matches(sim, index, node->filters[i])) {
            return false;
        }
    }
    tidy(sim, node);
    return true;
}

bool sim_check_make(struct sim *sim)
{
    struct index index = {0};
    bool good = make_index(sim, &index);

    for (size_t i = 0; good && i < sim->count && !sim->unchecked; i++) {
        good = add_node(sim, &index, &sim->nodes[i]);
        sim->unchecked = sim->pair_count >= PAIRS_MOST || index.looks > LOOKS_MOST;
    }
    for (size_t i = 0; sim->unchecked && i < sim->count; i++) {
        sim->nodes[i].pair_count = 0;
    }
    free(index.order);
    return good;
}
