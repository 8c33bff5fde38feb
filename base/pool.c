#include "base/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN 8u

void *reserve(size_t size)
{
    return calloc(1, size);
}

void release(void *memory)
{
    free(memory);
}

void pool_init(struct pool *pool, size_t cell, size_t limit)
{
    *pool = (struct pool){.cell = (cell + ALIGN - 1) / ALIGN * ALIGN, .limit = limit};
}

void pool_fini(struct pool *pool)
{
    release(pool->cells);
    pool->cells = NULL;
}

void *pool_take(struct pool *pool)
{
    void *cell = pool->returned;

    if (pool->cells == NULL) {
        pool->cells = reserve(pool->cell * pool->limit);
    }
    if (pool->used == pool->limit || pool->cells == NULL) {
        return NULL;
    }
    pool->used++;
    if (cell == NULL) {
        return pool->cells + pool->cell * pool->fresh++;
    }
    memcpy(&pool->returned, cell, sizeof pool->returned);
    memset(cell, 0, pool->cell);
    return cell;
}

void pool_give(struct pool *pool, void *cell)
{
    assert(pool->used > 0);
    memcpy(cell, &pool->returned, sizeof pool->returned);
    pool->returned = cell;
    pool->used--;
}
