/* config/arena.h - memory of one configuration: given out piece by piece, freed at once.
 *
 * When memory is short `is_short` is set and stays, so that one test at the end of reading
 * covers all that was asked for.
 */
#ifndef CONFIG_ARENA_H
#define CONFIG_ARENA_H

#include "base/bytes.h"

struct conf_arena_piece;

struct conf_arena {
    struct conf_arena_piece *pieces; /* newest first */
    bool is_short;
};

/* NULL: no memory. */
struct conf_arena *conf_arena_new(void);

/* NULL is allowed. */
void conf_arena_free(struct conf_arena *arena);

/* `size` zeroed octets, aligned for any type, or NULL. */
void *conf_arena_take(struct conf_arena *arena, size_t size);

/* A copy that ends with NUL; "" when memory is short. */
const char *conf_arena_text(struct conf_arena *arena, struct span text);

/* A list is a pointer and a count in one struct, as those of config/value.h. */
struct conf_list {
    void *at;
    size_t count;
};

/* Adds a copy of `item`, `size` octets, to the list. The count is a list's whole state: it
 * grows when the count is a power of two. False: memory is short, the list as it was. */
bool conf_list_push(struct conf_arena *arena, struct conf_list *list, const void *item,
                    size_t size);

#endif
