#include "gateway/edge/store.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/edge/clock.h"
#include "gateway/edge/reserve.h"
#include "gateway/edge/ring.h"
#include "gateway/edge/store_file.h"
#include "gateway/edge/store_mend.h"
#include "gateway/edge/store_sql.h"
#include "gateway/edge/thread.h"

#define RETRY_MS   1000
#define SYNC_MS    1000  /* CONFIG [store] durability: relaxed */
#define ROOM_LEAST 65536 /* octets: with less left on the disk every failure is one of room */
#define WORDS      8u    /* with one batch and one fetch out there are never more than five */

struct gw_store {
    struct gw_ring given; /* to the writer */
    struct gw_ring heard; /* from it */
    struct gw_store_word given_words[WORDS];
    struct gw_store_word heard_words[WORDS];
    atomic_bool stop;
    bool running;
    pthread_t writer;
    struct gw_sql sql;
    struct gw_store_setup setup; /* its path is the one below */
    struct gw_reserve reserve;
    bool full; /* the writer's own, so the rest: as told last */
    uint64_t synced_ms;
    const char *told;       /* why the batch at hand, or the last sync, failed */
    struct gw_fetch *fetch; /* asked for, and not answered yet */
    bool replaced;          /* as corrupt, while it ran */
    struct gw_fault note;   /* of that */
    int lock;
    char path[PATH_MAX];
};

static bool replace(struct gw_store *store, struct gw_fault *note, struct gw_fault *fault);

/* --- the writer's thread --------------------------------------------------------------------- */

static uint64_t less_a_tenth(uint64_t octets)
{
    return octets - octets / 10;
}

/* Once full, it eases when a tenth more is free than made it full. What the reserve holds is free,
 * but a reserve that was given up is to be had again first. */
static bool is_full(struct gw_store *store)
{
    bool was_held = store->reserve.held;
    uint64_t left = gw_file_disk_left(store->lock);
    uint64_t used = gw_sql_used(&store->sql);

    if (!gw_reserve_take(&store->reserve, left)) {
        return true;
    }
    left += was_held ? store->reserve.size : 0;
    return store->full
               ? used > less_a_tenth(store->setup.max) || less_a_tenth(left) < store->setup.min_free
               : used > store->setup.max || left < store->setup.min_free;
}

/* Until something is given or something is due: a second try, the sync of relaxed commits,
 * a look for room. */
static void wait_for_work(struct gw_store *store, bool is_retry)
{
    struct pollfd fd = {.fd = store->given.fd, .events = POLLIN};

    (void)poll(&fd, 1, is_retry || gw_sql_is_due(&store->sql) || store->full ? RETRY_MS : -1);
    gw_ring_hush(&store->given);
}

/* Once for each cause, and no more once `told` is not heard: the ring has room for what must go. */
static void tell_cause(struct gw_store *store, const char *cause)
{
    if (cause != store->told && gw_ring_left(&store->heard) > WORDS / 2 &&
        gw_ring_push(&store->heard, &(struct gw_store_word){.cause = cause})) {
        store->told = cause;
    }
}

/* What relaxed commits left, and what is in doubt. */
static void sync_when_due(struct gw_store *store)
{
    uint64_t now_ms = gw_clock_ms();
    int error = SQLITE_OK;

    if (gw_sql_is_due(&store->sql) && now_ms - store->synced_ms >= SYNC_MS) {
        error = gw_sql_sync(&store->sql);
        store->synced_ms = now_ms;
    }
    if (error != SQLITE_OK) {
        tell_cause(store, sqlite3_errstr(error));
    }
}

/* It may be well again without a batch: a sync worked, others deleted on the disk; a full store
 * gets few batches. */
static void look_around(struct gw_store *store)
{
    bool full = store->full && is_full(store);
    bool mended = store->told != NULL && !store->sql.doubt;

    if ((mended || full != store->full) &&
        gw_ring_push(&store->heard, &(struct gw_store_word){.full = full})) {
        store->full = full;
        store->told = NULL;
    }
}

/* The file was found corrupt as it was written. Once: after that something else is wrong. */
static bool replace_once(struct gw_store *store)
{
    bool was_replaced = store->replaced;
    bool good = !was_replaced && replace(store, &store->note, &store->note);

    store->replaced = true;
    if (!was_replaced) {
        (void)gw_ring_push(&store->heard, &(struct gw_store_word){.note = store->note.text});
    }
    return good;
}

static bool is_for_want_of_room(const struct gw_store *store, int error)
{
    return error == SQLITE_FULL ||
           (error != SQLITE_OK && gw_file_disk_left(store->lock) < ROOM_LEAST);
}

/* Again at once where that may help. */
static int commit(struct gw_store *store, const struct batch *batch)
{
    int error = gw_sql_commit(&store->sql, batch);

    if (is_for_want_of_room(store, error) && gw_reserve_give_up(&store->reserve)) {
        error = gw_sql_commit(&store->sql, batch);
    }
    if (gw_sql_is_damage(error) && replace_once(store)) {
        error = gw_sql_commit(&store->sql, batch);
    }
    return error;
}

/* NULL when it is kept; else the batch, to be tried again. */
static struct batch *attempt(struct gw_store *store, struct batch *batch)
{
    int error = commit(store, batch);

    if (error != SQLITE_OK) {
        tell_cause(store, sqlite3_errstr(error));
        return batch;
    }
    store->told = NULL;
    store->full = is_full(store);
    (void)gw_ring_push(&store->heard, &(struct gw_store_word){.kept = batch, .full = store->full});
    return NULL;
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
        if (!gw_sql_is_due(&store->sql)) {
            store->synced_ms = gw_clock_ms();
        }
        batch = take_given(store, batch);
        answer_fetch(store);
        if (batch != NULL) {
            batch = attempt(store, batch);
        }
        sync_when_due(store);
        if (batch == NULL) {
            look_around(store);
        }
    }
    (void)gw_sql_sync(&store->sql);
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

/* A new file, with all that can be read of the one set aside. */
static bool open_new(struct gw_store *store, const char *damaged, struct gw_fault *fault)
{
    struct gw_fault why = {""};
    int error = SQLITE_OK;

    store->lock = gw_file_lock(store->path, fault);
    if (store->lock < 0) {
        return false;
    }
    if (gw_sql_open(&store->sql, &store->setup, &why) != GW_SQL_OPEN) {
        return fail_to_open(store, &why, fault);
    }
    error = gw_mend_take_over(&store->sql, store->path, damaged);
    return error == SQLITE_OK ||
           gw_fail(fault, "store %.200s is corrupt, and what can be read finds no place: %s",
                   store->path, sqlite3_errstr(error));
}

/* A new file in place of the broken one, or the broken one as it was. */
static bool replace(struct gw_store *store, struct gw_fault *note, struct gw_fault *fault)
{
    char name[PATH_MAX];

    if (!gw_file_set_aside(store->path, name, fault)) {
        return false;
    }
    gw_sql_close(&store->sql); /* after it was renamed: SQLite deletes a WAL by its name */
    (void)close(store->lock);
    if (!open_new(store, name, fault)) {
        gw_sql_close(&store->sql);
        (void)gw_file_put_back(store->path);
        return false;
    }
    gw_file_keep_bad(store->path, name);
    (void)gw_fail(note, "store %.200s was corrupt: set aside as %.200s, %llu rows taken over",
                  store->path, name, (unsigned long long)gw_sql_rows(&store->sql));
    return true;
}

static bool open_file(struct gw_store *store, struct gw_fault *note, struct gw_fault *fault)
{
    struct gw_fault why = {""};
    enum gw_sql_result result = GW_SQL_CORRUPT;
    enum gw_file_kind kind = gw_file_kind_of(store->lock);

    if (kind == GW_FILE_NEWER) {
        return gw_fail(fault, "store %s is of a newer sedge; it was not touched", store->path);
    }
    if (kind != GW_FILE_DAMAGED && kind != GW_FILE_FOREIGN) {
        result = gw_sql_open(&store->sql, &store->setup, &why);
    }
    if (kind == GW_FILE_FOREIGN || result == GW_SQL_FOREIGN) {
        return gw_fail(fault, "%s is not a store of sedge; it was not touched", store->path);
    }
    switch (result) {
    case GW_SQL_OPEN: return true;
    case GW_SQL_CORRUPT: return replace(store, note, fault);
    case GW_SQL_FOREIGN:
    case GW_SQL_FAILED: break;
    }
    return fail_to_open(store, &why, fault);
}

static bool open_all(struct gw_store *store, struct gw_fault *note, struct gw_fault *fault)
{
    if (!gw_ring_init(&store->given, store->given_words, sizeof store->given_words[0], WORDS) ||
        !gw_ring_init(&store->heard, store->heard_words, sizeof store->heard_words[0], WORDS)) {
        return gw_fail(fault, "store: %s", strerror(errno));
    }
    store->lock = gw_file_lock(store->path, fault);
    if (store->lock >= 0 && gw_file_put_back(store->path)) {
        (void)close(store->lock);
        store->lock = gw_file_lock(store->path, fault);
    }
    if (store->lock < 0) {
        return false;
    }
    gw_reserve_init(&store->reserve, store->path, store->setup.min_free);
    if (!open_file(store, note, fault)) {
        return false;
    }
    (void)gw_reserve_take(&store->reserve, gw_file_disk_left(store->lock));
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
    store->setup = *setup;
    store->setup.path = store->path;
    store->lock = -1;
    store->given.fd = -1;
    store->heard.fd = -1;
    if (!open_all(store, note, fault)) {
        gw_store_close(store);
        return NULL;
    }
    return store;
}
