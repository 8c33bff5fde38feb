/* base/pool.h - equal cells, as many as a limit of the configuration allows.
 *
 * A pool reserves addresses for all its cells at once and hands out never-used
 * cells in order, so that the kernel gives memory only for cells that were used:
 * a limit that is not reached costs nothing. A cell given back is taken first.
 *
 * Ownership: the pool owns its cells; a taken cell is the caller's until given back.
 * Nothing here is thread-safe.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

struct pool {
    unsigned char *cells;
    size_t cell;  /* octets */
    size_t limit; /* cells */
    size_t fresh; /* cells handed out at least once */
    size_t used;  /* cells taken now */
    void *returned;
};

/* Reserves `size` zeroed octets that cost memory only where they are touched; NULL if
 * there is no address space. Give back with `release`. */
void *reserve(size_t size);
void release(void *memory);

/* `cell` octets each, at most `limit` of them. The first take reserves. */
void pool_init(struct pool *pool, size_t cell, size_t limit);
void pool_fini(struct pool *pool);

/* A zeroed cell, or NULL when all are taken. */
void *pool_take(struct pool *pool);
/* Cell number `place` of those handed out at least once, taken or not; NULL: there are not that
 * many. What lies in one that is not taken, beyond its first pointer, is as it was given back. */
static inline void *pool_at(const struct pool *pool, size_t place)
{
    return place < pool->fresh ? pool->cells + place * pool->cell : NULL;
}

void pool_give(struct pool *pool, void *cell);

#endif
