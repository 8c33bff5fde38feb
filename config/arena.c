#include "config/arena.h"

#include "base/pool.h"

#define PIECE 16384u
#define ALIGN 16u

struct conf_arena_piece {
    struct conf_arena_piece *next;
    size_t left;    /* octets */
    uint8_t *fresh; /* first octet not given out */
};

static size_t aligned(size_t size)
{
    return (size + ALIGN - 1) / ALIGN * ALIGN;
}

struct conf_arena *conf_arena_new(void)
{
    return reserve(sizeof(struct conf_arena));
}

void conf_arena_free(struct conf_arena *arena)
{
    while (arena != NULL && arena->pieces != NULL) {
        struct conf_arena_piece *piece = arena->pieces;

        arena->pieces = piece->next;
        release(piece);
    }
    release(arena);
}

static struct conf_arena_piece *piece_for(struct conf_arena *arena, size_t size)
{
    struct conf_arena_piece *piece = arena->pieces;
    size_t head = aligned(sizeof *piece);
    size_t whole = size > PIECE / 4 ? size : PIECE;

    if (piece != NULL && size <= piece->left) {
        return piece;
    }
    piece = reserve(head + whole);
    if (piece == NULL) {
        return NULL;
    }
    *piece = (struct conf_arena_piece){arena->pieces, whole, (uint8_t *)piece + head};
    arena->pieces = piece;
    return piece;
}

void *conf_arena_take(struct conf_arena *arena, size_t size)
{
    size_t whole = aligned(size == 0 ? 1 : size);
    struct conf_arena_piece *piece = piece_for(arena, whole);
    uint8_t *memory = NULL;

    if (piece == NULL) {
        arena->is_short = true;
        return NULL;
    }
    memory = piece->fresh;
    piece->fresh += whole;
    piece->left -= whole;
    return memory;
}

const char *conf_arena_text(struct conf_arena *arena, struct span text)
{
    char *copy = conf_arena_take(arena, text.len + 1);

    if (copy == NULL) {
        return "";
    }
    if (text.len != 0) {
        memcpy(copy, text.at, text.len);
    }
    return copy;
}

bool conf_list_push(struct conf_arena *arena, struct conf_list *list, const void *item, size_t size)
{
    if ((list->count & (list->count - 1)) == 0) {
        void *wider = conf_arena_take(arena, (list->count == 0 ? 1 : 2 * list->count) * size);

        if (wider == NULL) {
            return false;
        }
        if (list->count != 0) {
            memcpy(wider, list->at, list->count * size);
        }
        list->at = wider;
    }
    memcpy((uint8_t *)list->at + list->count * size, item, size);
    list->count++;
    return true;
}
