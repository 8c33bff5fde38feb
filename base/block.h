/* base/block.h - reference-counted octets charged to a budget.
 *
 * A message body is one block however many receivers it has. Each block charges
 * its octets and BLOCK_OVERHEAD to its budget as long as it lives.
 *
 * Ownership: block_new gives one reference; block_hold adds one, block_drop takes
 * one and frees at the last. Counts belong to one thread: another thread may read
 * `octets` of a block it was lent, nothing more.
 */
#ifndef BASE_BLOCK_H
#define BASE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define BLOCK_OVERHEAD 32u

/* What may be in use, and is, in octets. */
struct budget {
    size_t limit;
    size_t used;
};

struct block {
    uint32_t refs;
    uint32_t len; /* octets */
    struct budget *budget;
    _Alignas(uint64_t) uint8_t octets[]; /* structures too lie here */
};

/* Charges `len` octets; false, and nothing charged, when that exceeds the limit. */
bool budget_charge(struct budget *budget, size_t len);
void budget_refund(struct budget *budget, size_t len);

/* Zeroed memory of `size` octets, charged; NULL, and nothing charged, when budget or memory is
 * short. The same size gives it back. */
void *budget_reserve(struct budget *budget, size_t size);
void budget_release(struct budget *budget, void *memory, size_t size);

/* A block of `len` octets not yet set, or NULL when the budget or memory is short. */
struct block *block_new(struct budget *budget, size_t len);

/* A block that holds a copy of `octets`, or NULL. */
struct block *block_copy(struct budget *budget, struct span octets);

struct block *block_hold(struct block *block);

/* Gives one reference back. NULL is allowed. */
void block_drop(struct block *block);

/* Moves `block` to `len` octets, contents kept, and returns it, perhaps elsewhere; NULL, and
 * `block` untouched, when the budget is short. The caller's must be the only reference. */
struct block *block_resize(struct block *block, size_t len);

static inline struct span block_span(const struct block *block)
{
    return block == NULL ? (struct span){NULL, 0} : (struct span){block->octets, block->len};
}

#endif
