#include "base/block.h"

#include <assert.h>
#include <stdlib.h>

bool budget_charge(struct budget *budget, size_t len)
{
    if (len > budget->limit - budget->used) {
        return false;
    }
    budget->used += len;
    return true;
}

void budget_refund(struct budget *budget, size_t len)
{
    assert(len <= budget->used);
    budget->used -= len;
}

void *budget_reserve(struct budget *budget, size_t size)
{
    void *memory = NULL;

    if (!budget_charge(budget, size)) {
        return NULL;
    }
    memory = calloc(1, size);
    if (memory == NULL) {
        budget_refund(budget, size);
    }
    return memory;
}

void budget_release(struct budget *budget, void *memory, size_t size)
{
    free(memory);
    budget_refund(budget, size);
}

struct block *block_new(struct budget *budget, size_t len)
{
    struct block *block = NULL;

    if (len > UINT32_MAX || !budget_charge(budget, len + BLOCK_OVERHEAD)) {
        return NULL;
    }
    block = malloc(sizeof *block + len);
    if (block == NULL) {
        budget_refund(budget, len + BLOCK_OVERHEAD);
        return NULL;
    }
    block->refs = 1;
    block->len = (uint32_t)len;
    block->budget = budget;
    return block;
}

struct block *block_copy(struct budget *budget, struct span octets)
{
    struct block *block = block_new(budget, octets.len);

    if (block != NULL && octets.len != 0) {
        memcpy(block->octets, octets.at, octets.len);
    }
    return block;
}

struct block *block_hold(struct block *block)
{
    block->refs++;
    return block;
}

void block_drop(struct block *block)
{
    if (block == NULL || --block->refs != 0) {
        return;
    }
    budget_refund(block->budget, block->len + BLOCK_OVERHEAD);
    free(block);
}

struct block *block_resize(struct block *block, size_t len)
{
    struct budget *budget = block->budget;
    struct block *moved = NULL;

    assert(block->refs == 1);
    if (len > UINT32_MAX || (len > block->len && !budget_charge(budget, len - block->len))) {
        return NULL;
    }
    moved = realloc(block, sizeof *block + len);
    if (moved == NULL) {
        if (len > block->len) {
            budget_refund(budget, len - block->len);
        }
        return NULL;
    }
    if (len < moved->len) {
        budget_refund(budget, moved->len - len);
    }
    moved->len = (uint32_t)len;
    return moved;
}
