/* base/heap.h - deadlines, least first: an intrusive pairing heap.
 *
 * The link lies inside the element, so a heap needs no memory of its own and has
 * no limit. Setting a deadline costs O(1), taking the least O(log n) amortised.
 * Times are in the caller's unit (milliseconds everywhere but sn/bus).
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_NEVER UINT64_MAX

struct heap_item {
    uint64_t due;            /* HEAP_NEVER: in no heap */
    struct heap_item *child; /* first child */
    struct heap_item *next;  /* next sibling */
    struct heap_item *prev;  /* previous sibling; of a first child, its parent */
};

struct heap {
    struct heap_item *root;
};

/* The element of `type` whose member `member` is `item`. */
#define HEAP_ITEM(item, type, member) ((type *)(void *)((char *)(item)-offsetof(type, member)))

void heap_init(struct heap *heap);
void heap_item_init(struct heap_item *item);

/* Makes `item` due at `due`, whether it is in the heap or not; HEAP_NEVER takes it out. */
void heap_set(struct heap *heap, struct heap_item *item, uint64_t due);

/* The least deadline, or HEAP_NEVER. */
static inline uint64_t heap_due(const struct heap *heap)
{
    return heap->root == NULL ? HEAP_NEVER : heap->root->due;
}

/* Takes out and returns the item with the least deadline if it is at or before `now`; else NULL. */
struct heap_item *heap_pop(struct heap *heap, uint64_t now);

#endif
