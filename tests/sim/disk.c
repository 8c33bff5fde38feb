#include "tests/sim/disk.h"

#include <stdlib.h>

#include "tests/support.h"

#define USUAL 65536u /* rows */

struct sim_row {
    struct map_item by_key;
    uint64_t found_by[3]; /* its key; of a queue without the owner: numbers are unique there */
    size_t place;         /* in the disk's rows */
    uint64_t key[3];
    int64_t fields[RECORD_FIELDS];
    size_t text_len;
    size_t body_len;
    uint8_t *octets;
};

struct gw_store {
    struct sim_disk *disk;
    struct batch *given;
    struct gw_fetch *fetch;
    uint64_t due_ms;
    size_t next;
};

static struct sim_row *find(const struct sim_disk *disk, const uint64_t key[3])
{
    uint64_t found_by[3] = {key[0], key[0] == TABLE_QUEUE ? 0 : key[1], key[2]};

    return disk->room == 0 ? NULL
                           : MAP_ITEM(map_find(&disk->by_key, span_of(found_by, sizeof found_by)),
                                      struct sim_row, by_key);
}

static void row_del(struct sim_disk *disk, struct sim_row *row)
{
    struct sim_row *last = disk->rows[--disk->count];

    disk->rows[row->place] = last;
    last->place = row->place;
    map_remove(&disk->by_key, &row->by_key);
    free(row->octets);
    free(row);
}

static void row_del_key(struct sim_disk *disk, const uint64_t key[3])
{
    struct sim_row *row = find(disk, key);

    if (row != NULL && row->key[1] == key[1]) {
        row_del(disk, row);
    }
}

static struct sim_row *row_new(struct sim_disk *disk, const uint64_t key[3])
{
    struct sim_row *row = calloc(1, sizeof *row);

    if (disk->room == 0) {
        assert_true(map_init(&disk->by_key, USUAL, 1));
    }
    if (disk->count == disk->room) {
        disk->room = disk->room * 2 + 64;
        disk->rows = realloc(disk->rows, disk->room * sizeof(struct sim_row *));
        assert_non_null(disk->rows);
    }
    assert_non_null(row);
    memcpy(row->key, key, sizeof row->key);
    memcpy(row->found_by, key, sizeof row->found_by);
    row->found_by[1] = key[0] == TABLE_QUEUE ? 0 : key[1];
    row->place = disk->count;
    disk->rows[disk->count++] = row;
    map_add(&disk->by_key, &row->by_key, span_of(row->found_by, sizeof row->found_by));
    return row;
}

static void row_put(struct sim_disk *disk, const struct record *record)
{
    struct sim_row *row = NULL;

    row_del_key(disk, record->key);
    row = row_new(disk, record->key);
    memcpy(row->fields, record->fields, sizeof row->fields);
    row->text_len = record->text.len;
    row->body_len = record->body.len;
    row->octets = malloc(row->text_len + row->body_len + 1);
    assert_non_null(row->octets);
    if (row->text_len > 0) {
        memcpy(row->octets, record->text.at, row->text_len);
    }
    if (row->body_len > 0) {
        memcpy(row->octets + row->text_len, record->body.at, row->body_len);
    }
}

static void del_owner(struct sim_disk *disk, uint64_t owner)
{
    for (size_t i = disk->count; i-- > 0;) {
        if (disk->rows[i]->key[0] != TABLE_QUEUE && disk->rows[i]->key[1] == owner) {
            row_del(disk, disk->rows[i]);
        }
    }
}

static void apply(struct sim_disk *disk, const struct batch *batch)
{
    LIST_EACH (link, &batch->records) {
        const struct record *record = LIST_ITEM(link, struct record, in_batch);

        switch (record->op) {
        case RECORD_PUT: row_put(disk, record); break;
        case RECORD_DEL: row_del_key(disk, record->key); break;
        default: del_owner(disk, record->key[1]); break;
        }
    }
}

static int by_key(const void *a, const void *b)
{
    const struct sim_row *x = *(struct sim_row *const *)a;
    const struct sim_row *y = *(struct sim_row *const *)b;

    for (size_t i = 0; i < 3; i++) {
        if (x->key[i] != y->key[i]) {
            return x->key[i] < y->key[i] ? -1 : 1;
        }
    }
    return 0;
}

void sim_disk_fini(struct sim_disk *disk)
{
    while (disk->count > 0) {
        row_del(disk, disk->rows[disk->count - 1]);
    }
    if (disk->room != 0) {
        map_fini(&disk->by_key);
    }
    free(disk->rows);
}

struct gw_store *sim_store_open(struct sim_disk *disk)
{
    struct gw_store *store = calloc(1, sizeof *store);

    assert_non_null(store);
    store->disk = disk;
    if (disk->count > 0) {
        qsort(disk->rows, disk->count, sizeof(struct sim_row *), by_key);
    }
    for (size_t i = 0; i < disk->count; i++) {
        disk->rows[i]->place = i;
    }
    return store;
}

bool gw_store_next(struct gw_store *store, struct record *out)
{
    const struct sim_row *row = NULL;

    if (store->next == store->disk->count) {
        return false;
    }
    row = store->disk->rows[store->next++];
    *out = (struct record){.op = RECORD_PUT};
    memcpy(out->key, row->key, sizeof out->key);
    memcpy(out->fields, row->fields, sizeof out->fields);
    if (row->key[0] == TABLE_MESSAGE || row->key[0] == TABLE_QUEUE) {
        memset(&out->fields[4], 0, 4 * sizeof out->fields[0]);
        out->octets = (uint32_t)(row->text_len + row->body_len);
        return true;
    }
    out->text = span_of(row->octets, row->text_len);
    out->body = span_of(row->octets + row->text_len, row->body_len);
    return true;
}

void gw_store_fetch(struct gw_store *store, struct gw_fetch *fetch)
{
    assert_null(store->fetch);
    store->fetch = fetch;
}

static void fetch_one(const struct sim_disk *disk, uint64_t number, struct record *out)
{
    const struct sim_row *row = find(disk, (const uint64_t[3]){TABLE_MESSAGE, 0, number});
    bool within = row == NULL;

    *out = (struct record){.op = RECORD_DEL, .key = {TABLE_MESSAGE, 0, number}};
    row = within ? find(disk, (const uint64_t[3]){TABLE_QUEUE, 0, number}) : row;
    if (row != NULL && (!within || row->fields[0] == 0)) {
        out->op = RECORD_PUT;
        memcpy(out->fields, &row->fields[within ? 4 : 0], 4 * sizeof out->fields[0]);
        out->text = span_of(row->octets, row->text_len);
        out->body = span_of(row->octets + row->text_len, row->body_len);
    }
}

/* The octets are the disk's. */
void gw_fetch_end(struct gw_fetch *fetch)
{
    fetch->got = 0;
}

const char *gw_store_trouble(const struct gw_store *store)
{
    (void)store;
    return NULL;
}

void gw_store_give(struct gw_store *store, struct batch *batch)
{
    assert_null(store->given);
    store->given = batch;
    store->due_ms = store->disk->now_ms + SIM_COMMIT_MS;
}

static void judge(struct sim_disk *disk)
{
    size_t most = disk->full ? disk->most - disk->most / 10 : disk->most;

    disk->full = disk->most != 0 && disk->count > most;
}

bool gw_store_hear(struct gw_store *store, struct gw_store_word *out)
{
    if (store->fetch != NULL) {
        *out = (struct gw_store_word){.fetched = store->fetch};
        for (size_t i = 0; i < store->fetch->count; i++) {
            fetch_one(store->disk, store->fetch->numbers[i], &store->fetch->rows[i]);
        }
        store->fetch->got = store->fetch->count;
        store->fetch = NULL;
        return true;
    }
    if (sim_store_due(store) > store->disk->now_ms) {
        return false;
    }
    if (store->disk->fails) {
        store->due_ms += SIM_RETRY_MS;
        *out = (struct gw_store_word){.cause = "disk I/O error"};
        return true;
    }
    apply(store->disk, store->given);
    judge(store->disk);
    *out = (struct gw_store_word){.kept = store->given, .full = store->disk->full};
    store->given = NULL;
    return true;
}

int gw_store_fd(const struct gw_store *store)
{
    (void)store;
    return -1;
}

void gw_store_close(struct gw_store *store)
{
    if (store != NULL) {
        sim_store_crash(store, true);
    }
}

uint64_t sim_store_due(const struct gw_store *store)
{
    return store->given == NULL ? UINT64_MAX : store->due_ms;
}

void sim_store_crash(struct gw_store *store, bool got_there)
{
    if (store->given != NULL && got_there) {
        apply(store->disk, store->given);
    }
    free(store);
}
