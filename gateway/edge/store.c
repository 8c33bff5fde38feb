#include "gateway/edge/store.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/edge/clock.h"
#include "gateway/edge/ring.h"
#include "gateway/edge/store_file.h"
#include "gateway/edge/store_sql.h"
#include "gateway/edge/thread.h"

#define RETRY_MS 1000
#define SYNC_MS  1000 /* CONFIG [store] durability: relaxed */
#define WORDS    8u   /* with one batch and one fetch out there are never more than four */

struct gw_store {
    struct gw_ring given; /* to the writer */
    struct gw_ring heard; /* from it */
    struct gw_store_word given_words[WORDS];
    struct gw_store_word heard_words[WORDS];
    atomic_bool stop;
    bool running;
    pthread_t writer;
    struct gw_sql sql;
    uint64_t max;
    uint64_t min_free;
    bool full; /* the writer's own, so the next two: as told last */
    uint64_t synced_ms;
    const char *told;       /* why the batch at hand failed last */
    struct gw_fetch *fetch; /* asked for, and not answered yet */
    int lock;
    char path[PATH_MAX];
};

/* --- the writer's thread --------------------------------------------------------------------- */

static uint64_t less_a_tenth(uint64_t octets)
{
    return octets - octets / 10;
}

/* Once full, it eases when a tenth more is free than made it full. */
static bool is_full(struct gw_store *store)
{
    uint64_t left = gw_file_disk_left(store->lock);
    uint64_t used = gw_sql_used(&store->sql);

    return store->full ? used > less_a_tenth(store->max) || less_a_tenth(left) < store->min_free
                       : used > store->max || left < store->min_free;
}

/* Room may come without a batch: others delete on the disk, and a full store gets few batches. */
static void look_for_room(struct gw_store *store)
{
    if (store->full && !is_full(store)) {
        store->full = !gw_ring_push(&store->heard, &(struct gw_store_word){.full = false});
    }
}

/* Until something is given or something is due: a second try, the sync of relaxed commits,
 * a look for room. */
static void wait_for_work(struct gw_store *store, bool is_retry)
{
    struct pollfd fd = {.fd = store->given.fd, .events = POLLIN};

    (void)poll(&fd, 1, is_retry || store->sql.unsynced || store->full ? RETRY_MS : -1);
    gw_ring_hush(&store->given);
}

static void sync_when_due(struct gw_store *store)
{
    uint64_t now_ms = gw_clock_ms();

    if (!store->sql.unsynced) {
        store->synced_ms = now_ms;
    } else if (now_ms - store->synced_ms >= SYNC_MS) {
        gw_sql_sync(&store->sql);
        store->synced_ms = now_ms;
    }
}

/* NULL when it is kept; else the batch, to be tried again. */
static struct batch *attempt(struct gw_store *store, struct batch *batch)
{
    const char *cause = gw_sql_commit(&store->sql, batch);

    if (cause == NULL) {
        store->full = is_full(store);
        (void)gw_ring_push(&store->heard,
                           &(struct gw_store_word){.kept = batch, .full = store->full});
    } else if (cause != store->told) {
        (void)gw_ring_push(&store->heard, &(struct gw_store_word){.cause = cause});
    }
    store->told = cause;
    return cause == NULL ? NULL : batch;
}

/* What was given since; a batch is there only when none is at hand. */
static struct batch *take_given(struct gw_store *store, struct batch *batch)
{
    struct gw_store_word word;

    while (gw_ring_pop(&store->given, &word)) {
        batch = word.kept != NULL ? word.kept : batch;
        store->fetch = word.fetched != NULL ? word.fetched : store->fetch;
    }
    return batch;
}

static void answer_fetch(struct gw_store *store)
{
    if (store->fetch != NULL && gw_sql_fetch(&store->sql, store->fetch)) {
        (void)gw_ring_push(&store->heard, &(struct gw_store_word){.fetched = store->fetch});
        store->fetch = NULL;
    }
}

static void *write_batches(void *arg)
{
    struct gw_store *store = arg;
    struct batch *batch = NULL;
    bool stop = false;

    while (!stop) {
        wait_for_work(store, batch != NULL || store->fetch != NULL);
        stop = atomic_load(&store->stop);
        batch = take_given(store, batch);
        answer_fetch(store);
        if (batch != NULL) {
            batch = attempt(store, batch);
        } else {
            look_for_room(store);
        }
        sync_when_due(store);
    }
    gw_sql_sync(&store->sql);
    return NULL;
}

/* --- the loop's side ------------------------------------------------------------------------- */

bool gw_store_next(struct gw_store *store, struct record *out)
{
    return gw_sql_next(&store->sql, out);
}

const char *gw_store_trouble(const struct gw_store *store)
{
    return store->sql.error == SQLITE_OK ? NULL : sqlite3_errstr(store->sql.error);
}

void gw_store_give(struct gw_store *store, struct batch *batch)
{
    (void)gw_ring_push(&store->given, &(struct gw_store_word){.kept = batch});
}

void gw_store_fetch(struct gw_store *store, struct gw_fetch *fetch)
{
    (void)gw_ring_push(&store->given, &(struct gw_store_word){.fetched = fetch});
}

bool gw_store_hear(struct gw_store *store, struct gw_store_word *out)
{
    gw_ring_hush(&store->heard);
    return gw_ring_pop(&store->heard, out);
}

int gw_store_fd(const struct gw_store *store)
{
    return store->heard.fd;
}

void gw_store_close(struct gw_store *store)
{
    if (store == NULL) {
        return;
    }
    if (store->running) {
        atomic_store(&store->stop, true);
        gw_ring_wake(&store->given);
        (void)pthread_join(store->writer, NULL);
    }
    gw_sql_close(&store->sql);
    if (store->lock >= 0) {
        (void)close(store->lock);
    }
    gw_ring_fini(&store->given);
    gw_ring_fini(&store->heard);
    free(store);
}

/* --- opening --------------------------------------------------------------------------------- */

static bool fail_to_open(const struct gw_store *store, const struct gw_fault *why,
                         struct gw_fault *fault)
{
    return gw_fail(fault, "store %.200s cannot be opened: %.200s", store->path, why->text);
}

/* A new file in place of the broken one, with all that can still be read. */
static bool replace(struct gw_store *store, const struct gw_store_setup *setup,
                    struct gw_fault *note, struct gw_fault *fault)
{
    struct gw_fault why = {""};
    struct gw_sql damaged;
    char bad[PATH_MAX];
    unsigned long long rows = 0;

    if (!gw_file_set_aside(store->path, bad, fault)) {
        return false;
    }
    (void)close(store->lock);
    store->lock = gw_file_lock(store->path, fault);
    if (store->lock < 0) {
        return false;
    }
    if (gw_sql_open(&store->sql, setup, &why) != GW_SQL_OPEN) {
        return fail_to_open(store, &why, fault);
    }
    if (gw_sql_open_damaged(&damaged, bad)) {
        rows = gw_sql_take_over(&store->sql, &damaged);
        gw_sql_close(&damaged);
    }
    (void)gw_fail(note, "store %.200s was corrupt: set aside as %.200s, %llu rows taken over",
                  store->path, bad, rows);
    return true;
}

static bool open_file(struct gw_store *store, const struct gw_store_setup *setup,
                      struct gw_fault *note, struct gw_fault *fault)
{
    struct gw_fault why = {""};
    enum gw_sql_result result = GW_SQL_CORRUPT;
    enum gw_file_kind kind = gw_file_kind_of(store->lock);

    if (kind == GW_FILE_NEWER) {
        return gw_fail(fault, "store %s is of a newer sedge; it was not touched", store->path);
    }
    if (kind != GW_FILE_DAMAGED && kind != GW_FILE_FOREIGN) {
        result = gw_sql_open(&store->sql, setup, &why);
    }
    if (kind == GW_FILE_FOREIGN || result == GW_SQL_FOREIGN) {
        return gw_fail(fault, "%s is not a store of sedge; it was not touched", store->path);
    }
    switch (result) {
    case GW_SQL_OPEN: return true;
    case GW_SQL_CORRUPT: return replace(store, setup, note, fault);
    case GW_SQL_FOREIGN:
    case GW_SQL_FAILED: break;
    }
    return fail_to_open(store, &why, fault);
}

static bool open_all(struct gw_store *store, const struct gw_store_setup *setup,
                     struct gw_fault *note, struct gw_fault *fault)
{
    if (!gw_ring_init(&store->given, store->given_words, sizeof store->given_words[0], WORDS) ||
        !gw_ring_init(&store->heard, store->heard_words, sizeof store->heard_words[0], WORDS)) {
        return gw_fail(fault, "store: %s", strerror(errno));
    }
    store->lock = gw_file_lock(store->path, fault);
    if (store->lock < 0 || !open_file(store, setup, note, fault)) {
        return false;
    }
    store->running = gw_thread_start(&store->writer, write_batches, store);
    return store->running || gw_fail(fault, "store: no thread for the writer");
}

struct gw_store *gw_store_open(const struct gw_store_setup *setup, struct gw_fault *note,
                               struct gw_fault *fault)
{
    struct gw_store *store = calloc(1, sizeof *store);

    note->text[0] = '\0';
    if (store == NULL || strlen(setup->path) >= sizeof store->path) {
        (void)gw_fail(fault, "store: no memory, or the path is too long");
        free(store);
        return NULL;
    }
    memcpy(store->path, setup->path, strlen(setup->path));
    store->max = setup->max;
    store->min_free = setup->min_free;
    store->lock = -1;
    store->given.fd = -1;
    store->heard.fd = -1;
    if (!open_all(store, setup, note, fault)) {
        gw_store_close(store);
        return NULL;
    }
    return store;
}
