#include "gateway/hub/echo.h"

#define USUAL 64u /* notes at a time */

struct note {
    struct map_item by_key;
    struct list in_age;
    uint64_t key[2]; /* hashes of topic and payload */
    uint64_t at_ms;  /* sent last */
    uint32_t count;  /* of those that have not come back */
};

static struct note *note_of(struct list *link)
{
    return LIST_ITEM(link, struct note, in_age);
}

static bool is_ready(struct hub_echo *echo)
{
    if (echo->cells.limit == 0) {
        if (!map_init(&echo->notes, USUAL, echo->seed)) {
            return false;
        }
        pool_init(&echo->cells, sizeof(struct note), HUB_ECHO_NOTES);
        list_init(&echo->by_age);
    }
    return true;
}

void hub_echo_fini(struct hub_echo *echo)
{
    if (echo->cells.limit != 0) {
        map_fini(&echo->notes);
        pool_fini(&echo->cells);
        echo->cells.limit = 0;
    }
}

static void forget(struct hub_echo *echo, struct note *note)
{
    list_remove(&note->in_age);
    map_remove(&echo->notes, &note->by_key);
    pool_give(&echo->cells, note);
}

/* Those of longer ago. */
static void forget_old(struct hub_echo *echo, uint64_t now_ms)
{
    while (!list_is_empty(&echo->by_age) &&
           now_ms - note_of(echo->by_age.next)->at_ms > HUB_ECHO_MS) {
        forget(echo, note_of(echo->by_age.next));
    }
}

static void make_key(const struct hub_echo *echo, struct span topic, struct span payload,
                     uint64_t key[2])
{
    key[0] = map_hash(echo->notes.seed, topic);
    key[1] = map_hash(echo->notes.seed, payload);
}

static struct note *find(const struct hub_echo *echo, const uint64_t key[2])
{
    return MAP_ITEM(map_find(&echo->notes, span_of(key, 2 * sizeof *key)), struct note, by_key);
}

/* A cell; the oldest gives way. */
static struct note *cell_of(struct hub_echo *echo)
{
    if (echo->cells.used == HUB_ECHO_NOTES) {
        forget(echo, note_of(echo->by_age.next));
    }
    return pool_take(&echo->cells);
}

void hub_echo_note(struct hub_echo *echo, struct span topic, struct span payload, uint64_t now_ms)
{
    struct note *note = NULL;
    uint64_t key[2];

    if (!is_ready(echo)) {
        return;
    }
    forget_old(echo, now_ms);
    make_key(echo, topic, payload, key);
    note = find(echo, key);
    if (note == NULL) {
        note = cell_of(echo);
        if (note == NULL) {
            return;
        }
        memcpy(note->key, key, sizeof key);
        list_init(&note->in_age);
        map_add(&echo->notes, &note->by_key, span_of(note->key, sizeof note->key));
    }
    note->count++;
    note->at_ms = now_ms;
    list_remove(&note->in_age);
    list_push(&echo->by_age, &note->in_age);
}

bool hub_echo_take(struct hub_echo *echo, struct span topic, struct span payload, uint64_t now_ms)
{
    struct note *note = NULL;
    uint64_t key[2];

    if (echo->cells.limit == 0) {
        return false;
    }
    forget_old(echo, now_ms);
    make_key(echo, topic, payload, key);
    note = find(echo, key);
    if (note == NULL) {
        return false;
    }
    if (--note->count == 0) {
        forget(echo, note);
    }
    return true;
}
