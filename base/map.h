/* base/map.h - octets to element: an intrusive hash map with a secret key.
 *
 * The item lies inside the element and borrows the element's key, so a map
 * allocates nothing but its buckets, once. The hash is SipHash-1-3 under a seed,
 * so that a peer who chooses keys cannot choose collisions.
 *
 * Ownership: the map owns its buckets; elements and keys stay the caller's and must
 * not move or change while they are in the map.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct map_item {
    struct map_item *next;
    const uint8_t *key;
    uint32_t len;
    uint32_t hash;
};

struct map {
    struct map_item **buckets;
    size_t mask;
    size_t count; /* items */
    uint64_t seed[2];
};

/* The element of `type` whose member `member` is `item`; NULL of NULL. */
#define MAP_ITEM(item, type, member) \
    ((item) == NULL ? NULL : (type *)(void *)((char *)(item)-offsetof(type, member)))

uint64_t map_hash(const uint64_t seed[2], struct span key);

/* For about `expected` items; more make it slower, not wrong. False: no memory. */
bool map_init(struct map *map, size_t expected, uint64_t seed);
void map_fini(struct map *map);

/* Adds `item` under `key`. The caller has made sure that the key is not there. */
void map_add(struct map *map, struct map_item *item, struct span key);

/* The key of an item that is in a map lies at `key` from now on, the same octets. */
static inline void map_moved(struct map_item *item, const uint8_t *key)
{
    item->key = key;
}

struct map_item *map_find(const struct map *map, struct span key);

/* Takes out an item that is in the map. */
void map_remove(struct map *map, struct map_item *item);

/* Walks all items in no order: the first with `item` NULL; NULL at the end. The item last
 * returned may not be removed before the next step. */
struct map_item *map_next(const struct map *map, const struct map_item *item);

#endif
