#include "base/journal.h"

#define SLACK         4u  /* cells for each record of the limit */
#define RECORD_OCTETS 64u /* of a row beside its text and body */

static struct span key_of(const struct record *record)
{
    return span_of(record->key, sizeof record->key);
}

static size_t octets_of(const struct record *record)
{
    return RECORD_OCTETS + record->text.len + record->body.len;
}

static void batch_init(struct batch *batch)
{
    *batch = (struct batch){.count = 0};
    list_init(&batch->records);
}

bool journal_init(struct journal *journal, size_t limit, uint64_t seed)
{
    *journal = (struct journal){.limit = limit};
    batch_init(&journal->pending);
    pool_init(&journal->records, sizeof(struct record), limit * SLACK);
    return map_init(&journal->by_key, limit, seed);
}

void journal_fini(struct journal *journal)
{
    LIST_EACH_SAFE (link, after, &journal->pending.records) {
        block_drop(LIST_ITEM(link, struct record, in_batch)->block);
    }
    map_fini(&journal->by_key);
    pool_fini(&journal->records);
}

bool journal_has_cells(const struct journal *journal, size_t count)
{
    return journal->off || (journal->records.used <= journal->limit &&
                            count <= journal->limit - journal->records.used);
}

bool journal_has_room(const struct journal *journal, size_t count)
{
    return journal->off || (!journal->full && journal_has_cells(journal, count));
}

/* Puts a record at the end of what is pending and gives it the next ticket. */
static uint64_t append(struct journal *journal, struct record *record, uint64_t now_ms)
{
    if (journal->pending.count == 0) {
        journal->oldest_ms = now_ms;
    }
    record->ticket = ++journal->last;
    list_push(&journal->pending.records, &record->in_batch);
    journal->pending.count++;
    journal->pending.octets += octets_of(record);
    return record->ticket;
}

/* Takes a pending record out; its block is given up. */
static void withdraw(struct journal *journal, struct record *record)
{
    list_remove(&record->in_batch);
    journal->pending.count--;
    journal->pending.octets -= octets_of(record);
    block_drop(record->block);
    record->block = NULL;
}

/* When nothing is under way, all is kept. */
static void settle(struct journal *journal)
{
    if (journal->pending.count == 0 && journal->out == 0) {
        journal->kept = journal->last;
        journal->oldest_ms = 0;
    }
}

static struct record *pending_put(const struct journal *journal, const uint64_t key[3])
{
    return MAP_ITEM(map_find(&journal->by_key, span_of(key, 3 * sizeof *key)), struct record,
                    by_key);
}

uint64_t journal_put(struct journal *journal, const struct record *put, uint64_t now_ms)
{
    struct record *record = NULL;

    if (journal->off) {
        block_drop(put->block);
        return 0;
    }
    record = pending_put(journal, put->key);
    if (record != NULL) {
        withdraw(journal, record);
    } else {
        record = pool_take(&journal->records);
        if (record == NULL) {
            block_drop(put->block);
            return UINT64_MAX;
        }
        memcpy(record->key, put->key, sizeof record->key);
        record->fresh = put->fresh;
        map_add(&journal->by_key, &record->by_key, key_of(record));
    }
    memcpy(record->fields, put->fields, sizeof record->fields);
    record->text = put->text;
    record->body = put->body;
    record->block = put->block;
    record->op = RECORD_PUT;
    return append(journal, record, now_ms);
}

static uint64_t append_new(struct journal *journal, const struct record *from, uint64_t now_ms)
{
    struct record *record = pool_take(&journal->records);

    if (record == NULL) {
        return UINT64_MAX;
    }
    *record = *from;
    return append(journal, record, now_ms);
}

uint64_t journal_del(struct journal *journal, enum table table, uint64_t owner, uint64_t item,
                     uint64_t now_ms)
{
    struct record del = {.key = {table, owner, item}, .op = RECORD_DEL};
    struct record *put = journal->off ? NULL : pending_put(journal, del.key);
    bool fresh = put != NULL && put->fresh;

    if (journal->off) {
        return 0;
    }
    if (put != NULL) {
        withdraw(journal, put);
        map_remove(&journal->by_key, &put->by_key);
        pool_give(&journal->records, put);
    }
    if (fresh) {
        settle(journal);
        return 0;
    }
    return append_new(journal, &del, now_ms);
}

uint64_t journal_del_owner(struct journal *journal, uint64_t owner, uint64_t now_ms)
{
    struct record del = {.key = {0, owner, 0}, .op = RECORD_DEL_OWNER};

    return journal->off ? 0 : append_new(journal, &del, now_ms);
}

bool journal_take(struct journal *journal, struct batch *batch)
{
    struct list *link = NULL;

    if (journal->pending.count == 0) {
        return false;
    }
    batch_init(batch);
    batch->count = journal->pending.count;
    batch->octets = journal->pending.octets;
    batch->ticket = journal->last;
    while ((link = list_pop(&journal->pending.records)) != NULL) {
        struct record *record = LIST_ITEM(link, struct record, in_batch);

        if (record->op == RECORD_PUT) {
            map_remove(&journal->by_key, &record->by_key);
        }
        list_push(&batch->records, link);
    }
    batch_init(&journal->pending);
    journal->oldest_ms = 0;
    journal->out++;
    return true;
}

void journal_kept(struct journal *journal, struct batch *batch)
{
    struct list *link = NULL;

    while ((link = list_pop(&batch->records)) != NULL) {
        struct record *record = LIST_ITEM(link, struct record, in_batch);

        block_drop(record->block);
        pool_give(&journal->records, record);
    }
    journal->out--;
    journal->kept = batch->ticket;
    settle(journal);
}
