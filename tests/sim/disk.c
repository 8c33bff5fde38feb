/* tests/sim/disk.c - the virtual store: rows in memory, one batch at a time on its way to them. */
#include <stdlib.h>

#include "tests/sim/world.h"

struct sim_row {
    uint64_t key[3];
    int64_t fields[RECORD_FIELDS];
    size_t text_len;
    size_t body_len;
    uint8_t *octets;
};

static void row_del(struct sim *sim, size_t i)
{
    free(sim->rows[i].octets);
    sim->rows[i] = sim->rows[--sim->row_count];
}

static size_t row_find(const struct sim *sim, const uint64_t key[3])
{
    size_t i = 0;

    while (i < sim->row_count && memcmp(sim->rows[i].key, key, sizeof sim->rows[i].key) != 0) {
        i++;
    }
    return i;
}

static void row_put(struct sim *sim, const struct record *record)
{
    size_t i = row_find(sim, record->key);
    struct sim_row *row = NULL;

    assert_false(record->fresh && i < sim->row_count); /* fresh: the store has no such row */
    if (i < sim->row_count) {
        row_del(sim, i);
    }
    if (sim->row_count == sim->row_room) {
        sim->row_room = sim->row_room * 2 + 64;
        sim->rows = realloc(sim->rows, sim->row_room * sizeof *sim->rows);
        assert_non_null(sim->rows);
    }
    row = &sim->rows[sim->row_count++];
    memcpy(row->key, record->key, sizeof row->key);
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

static void del_owner(struct sim *sim, uint64_t owner)
{
    for (size_t i = sim->row_count; i-- > 0;) {
        if (sim->rows[i].key[1] == owner) {
            row_del(sim, i);
        }
    }
}

void sim_disk_apply(struct sim *sim)
{
    LIST_EACH (link, &sim->batch.records) {
        struct record *record = LIST_ITEM(link, struct record, in_batch);
        size_t i = 0;

        switch (record->op) {
        case RECORD_PUT: row_put(sim, record); break;
        case RECORD_DEL:
            i = row_find(sim, record->key);
            if (i < sim->row_count) {
                row_del(sim, i);
            }
            break;
        default: del_owner(sim, record->key[1]); break;
        }
    }
}

static int by_key(const void *a, const void *b)
{
    const struct sim_row *x = a;
    const struct sim_row *y = b;

    for (size_t i = 0; i < 3; i++) {
        if (x->key[i] != y->key[i]) {
            return x->key[i] < y->key[i] ? -1 : 1;
        }
    }
    return 0;
}

void sim_disk_restore(struct sim *sim)
{
    if (sim->row_count > 0) {
        qsort(sim->rows, sim->row_count, sizeof *sim->rows, by_key);
    }
    for (size_t i = 0; i < sim->row_count; i++) {
        struct sim_row *row = &sim->rows[i];
        struct record record = {.fresh = false};

        memcpy(record.key, row->key, sizeof record.key);
        memcpy(record.fields, row->fields, sizeof record.fields);
        record.block =
            block_copy(hub_budget(sim->hub), span_of(row->octets, row->text_len + row->body_len));
        record.text = span_of(record.block->octets, row->text_len);
        record.body = span_of(record.block->octets + row->text_len, row->body_len);
        assert_true(hub_restore(sim->hub, &record, sim->now_ms));
        block_drop(record.block);
    }
}

void sim_disk_free(struct sim *sim)
{
    while (sim->row_count > 0) {
        row_del(sim, sim->row_count - 1);
    }
    free(sim->rows);
}
