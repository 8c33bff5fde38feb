/* base/heap.c - a pairing heap; the pairs of heap_pop are merged without recursion. */
#include "base/heap.h"

static struct heap_item *merge(struct heap_item *a, struct heap_item *b)
{
    if (a == NULL || b == NULL) {
        return a == NULL ? b : a;
    }
    if (b->due < a->due) {
        struct heap_item *swap = a;
        a = b;
        b = swap;
    }
    b->next = a->child;
    b->prev = a;
    if (a->child != NULL) {
        a->child->prev = b;
    }
    a->child = b;
    a->next = NULL;
    a->prev = NULL;
    return a;
}

/* Merges a row of siblings: pairs from the left, stacked, then all from the right. */
static struct heap_item *merge_row(struct heap_item *row)
{
    struct heap_item *stack = NULL;
    struct heap_item *root = NULL;

    while (row != NULL) {
        struct heap_item *a = row;
        struct heap_item *b = a->next;

        row = b == NULL ? NULL : b->next;
        a->next = NULL;
        if (b != NULL) {
            b->next = NULL;
        }
        a = merge(a, b);
        a->next = stack;
        stack = a;
    }
    while (stack != NULL) {
        struct heap_item *a = stack;

        stack = a->next;
        a->next = NULL;
        root = merge(root, a);
    }
    if (root != NULL) {
        root->prev = NULL;
    }
    return root;
}

static void take_out(struct heap *heap, struct heap_item *item)
{
    struct heap_item *rest = merge_row(item->child);

    if (heap->root == item) {
        heap->root = rest;
    } else {
        if (item->prev->child == item) {
            item->prev->child = item->next;
        } else {
            item->prev->next = item->next;
        }
        if (item->next != NULL) {
            item->next->prev = item->prev;
        }
        heap->root = merge(heap->root, rest);
    }
    heap_item_init(item);
}

void heap_init(struct heap *heap)
{
    heap->root = NULL;
}

void heap_item_init(struct heap_item *item)
{
    *item = (struct heap_item){.due = HEAP_NEVER};
}

void heap_set(struct heap *heap, struct heap_item *item, uint64_t due)
{
    if (item->due == due) {
        return;
    }
    if (item->due != HEAP_NEVER) {
        take_out(heap, item);
    }
    if (due != HEAP_NEVER) {
        item->due = due;
        heap->root = merge(heap->root, item);
    }
}

struct heap_item *heap_pop(struct heap *heap, uint64_t now)
{
    struct heap_item *least = heap->root;

    if (least == NULL || least->due > now) {
        return NULL;
    }
    take_out(heap, least);
    return least;
}
