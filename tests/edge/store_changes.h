/* tests/edge/store_changes.h - batches for a store under test, whichever home it has. */
#ifndef TESTS_EDGE_STORE_CHANGES_H
#define TESTS_EDGE_STORE_CHANGES_H

#include "gateway/edge/store.h"
#include "tests/support.h"

/* The store under test. `open` opens what is kept, `wait` returns when there may be a word. */
struct store_home {
    struct gw_store *(*open)(struct store_home *home);
    void (*wait)(struct gw_store *store);
    char path[128];
};

#define CASE_RECORDS 64

/* Records of a batch, as the journal would hand them over. */
struct changes {
    struct batch batch;
    struct record records[CASE_RECORDS];
};

static inline void begin(struct changes *changes)
{
    changes->batch = (struct batch){0};
    list_init(&changes->batch.records);
}

static inline struct record *change(struct changes *changes, enum record_op op,
                                    const uint64_t key[3])
{
    struct record *record = &changes->records[changes->batch.count++];

    assert_true(changes->batch.count <= CASE_RECORDS);
    *record = (struct record){.op = (uint8_t)op, .key = {key[0], key[1], key[2]}};
    list_push(&changes->batch.records, &record->in_batch);
    return record;
}

#define KEY(table, owner, item) ((const uint64_t[3]){(table), (owner), (item)})

static inline struct record *put(struct changes *changes, const uint64_t key[3], const char *text,
                                 const char *body)
{
    struct record *record = change(changes, RECORD_PUT, key);

    record->text = span_of_text(text);
    record->body = span_of_text(body);
    return record;
}

static inline void keep(struct store_home *home, struct gw_store *store, struct changes *changes)
{
    struct gw_store_word word = {.kept = NULL};

    gw_store_give(store, &changes->batch);
    while (!gw_store_hear(store, &word)) {
        home->wait(store);
    }
    assert_ptr_equal(word.kept, &changes->batch);
    begin(changes);
}

static inline void expect_end(struct gw_store *store)
{
    struct record got;

    assert_false(gw_store_next(store, &got));
    assert_null(gw_store_trouble(store));
}

static inline struct gw_store *open_empty(struct store_home *home)
{
    struct gw_store *store = home->open(home);

    expect_end(store);
    return store;
}

/* The next record must be this one. */
static inline void expect(struct gw_store *store, const uint64_t key[3], const char *text,
                          const char *body)
{
    struct record got;

    assert_true(gw_store_next(store, &got));
    assert_int_equal(got.op, RECORD_PUT);
    assert_int_equal(got.key[0], key[0]);
    assert_int_equal(got.key[1], key[1]);
    assert_int_equal(got.key[2], key[2]);
    if (got.key[0] == TABLE_MESSAGE || got.key[0] == TABLE_QUEUE) {
        assert_int_equal(got.octets, strlen(text) + strlen(body));
        return;
    }
    assert_span_equal(got.text, span_of_text(text));
    assert_span_equal(got.body, span_of_text(body));
}

/* Asks for rows of messages and waits for the answer. */
static inline void fetch(struct store_home *home, struct gw_store *store, struct gw_fetch *fetch)
{
    struct gw_store_word word = {.kept = NULL};

    gw_store_fetch(store, fetch);
    while (!gw_store_hear(store, &word)) {
        home->wait(store);
    }
    assert_ptr_equal(word.fetched, fetch);
    assert_null(word.kept);
}

static inline struct gw_store *reopen(struct store_home *home, struct gw_store *store)
{
    gw_store_close(store);
    return home->open(home);
}

#endif
