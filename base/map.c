#include "base/map.h"

#include <assert.h>

#include "base/pool.h"
#include "base/rng.h"

static uint64_t rotate(uint64_t v, unsigned bits)
{
    return v << bits | v >> (64 - bits);
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static inline void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
}

/* SipHash-1-3, words in the machine's own octet order: the value never leaves the process. */
uint64_t map_hash(const uint64_t seed[2], struct span key)
{
    uint64_t v[4] = {seed[0] ^ UINT64_C(0x736f6d6570736575), seed[1] ^ UINT64_C(0x646f72616e646f6d),
                     seed[0] ^ UINT64_C(0x6c7967656e657261),
                     seed[1] ^ UINT64_C(0x7465646279746573)};
    uint64_t last = (uint64_t)key.len << 56;
    size_t at = 0;

    for (; key.len - at >= 8; at += 8) {
        uint64_t word = 0;

        memcpy(&word, key.at + at, 8);
        sip_word(v, word);
    }
    if (at < key.len) {
        uint64_t tail = 0;

        memcpy(&tail, key.at + at, key.len - at);
        last ^= tail;
    }
    sip_word(v, last);
    v[2] ^= 0xff;
    sip_round(v);
    sip_round(v);
    sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

bool map_init(struct map *map, size_t expected, uint64_t seed)
{
    struct rng rng = {seed};
    size_t size = 16;

    while (size < expected) {
        size *= 2;
    }
    *map = (struct map){.buckets = reserve(size * sizeof(void *)), .mask = size - 1};
    map->seed[0] = rng_next(&rng);
    map->seed[1] = rng_next(&rng);
    return map->buckets != NULL;
}

void map_fini(struct map *map)
{
    release(map->buckets);
    map->buckets = NULL;
}

void map_add(struct map *map, struct map_item *item, struct span key)
{
    struct map_item **bucket = NULL;

    item->hash = (uint32_t)map_hash(map->seed, key);
    item->key = key.at;
    item->len = (uint32_t)key.len;
    bucket = &map->buckets[item->hash & map->mask];
    item->next = *bucket;
    *bucket = item;
    map->count++;
}

struct map_item *map_find(const struct map *map, struct span key)
{
    uint32_t hash = (uint32_t)map_hash(map->seed, key);
    struct map_item *item = map->buckets[hash & map->mask];

    while (item != NULL &&
           (item->hash != hash || !span_equal((struct span){item->key, item->len}, key))) {
        item = item->next;
    }
    return item;
}

void map_remove(struct map *map, struct map_item *item)
{
    struct map_item **at = &map->buckets[item->hash & map->mask];

    while (*at != item) {
        assert(*at != NULL);
        at = &(*at)->next;
    }
    *at = item->next;
    map->count--;
}

struct map_item *map_next(const struct map *map, const struct map_item *item)
{
    size_t bucket = item == NULL ? 0 : (item->hash & map->mask) + 1;

    if (item != NULL && item->next != NULL) {
        return item->next;
    }
    for (; bucket <= map->mask; bucket++) {
        if (map->buckets[bucket] != NULL) {
            return map->buckets[bucket];
        }
    }
    return NULL;
}
