/* tests/edge/test_store_full.c - a store that has little room: told, drained, eased. */
#include <sqlite3.h>

#include "tests/edge/store_home.h"

/* Gives `count` bodies of 64 KiB and returns what the store says first. */
static struct gw_store_word give_bodies(struct gw_store *store, struct changes *changes,
                                        uint64_t count)
{
    static char body[65536];
    struct gw_store_word word = {.kept = NULL};

    memset(body, 'x', sizeof body - 1);
    begin(changes);
    for (uint64_t n = 0; n < count; n++) {
        put(changes, KEY(TABLE_MESSAGE, 0, n), "t", body);
    }
    gw_store_give(store, &changes->batch);
    while (!gw_store_hear(store, &word)) {
        wait_home(store);
    }
    return word;
}

static struct gw_store *open_small(const struct store_home *home, uint64_t max, uint64_t min_free)
{
    struct gw_store_setup setup = {.path = home->path, .max = max, .min_free = min_free};
    struct gw_fault note;
    struct gw_fault fault;
    struct gw_store *store = gw_store_open(&setup, &note, &fault);

    assert_non_null(store);
    return store;
}

static struct gw_store_word next_word(struct gw_store *store)
{
    struct gw_store_word word = {.kept = NULL};

    while (!gw_store_hear(store, &word)) {
        wait_home(store);
    }
    return word;
}

/* Deletes bodies `from` to `to` - 1; is the store full after that? */
static bool is_full_without(struct gw_store *store, struct changes *changes, uint64_t from,
                            uint64_t to)
{
    struct gw_store_word word = {.kept = NULL};

    begin(changes);
    for (uint64_t n = from; n < to; n++) {
        change(changes, RECORD_DEL, KEY(TABLE_MESSAGE, 0, n));
    }
    gw_store_give(store, &changes->batch);
    word = next_word(store);
    assert_ptr_equal(word.kept, &changes->batch);
    return word.full;
}

/* 16 bodies take 17 pages each and more than 1 MiB with the tables. */
static void a_store_above_max_keeps_all_the_same_and_is_full_until_deletions_make_room(void **state)
{
    struct store_home *home = *state;
    struct gw_store *store = open_small(home, UINT64_C(1048576), 0);
    struct gw_store_word word = {.kept = NULL};
    struct changes changes;

    expect_end(store);
    word = give_bodies(store, &changes, 14);
    assert_non_null(word.kept);
    assert_false(word.full);
    word = give_bodies(store, &changes, 16);
    assert_non_null(word.kept);
    assert_true(word.full);
    assert_true(is_full_without(store, &changes, 0, 1)); /* below max, by less than a tenth */
    assert_false(is_full_without(store, &changes, 1, 4));
    gw_store_close(store);
    store = home->open(home);
    for (uint64_t n = 4; n < 16; n++) {
        struct record got;

        assert_true(gw_store_next(store, &got));
        assert_int_equal(got.key[2], n);
    }
    expect_end(store);
    gw_store_close(store);
}

static void a_batch_far_beyond_max_is_not_kept_and_nothing_of_it(void **state)
{
    struct store_home *home = *state;
    struct gw_store *store = open_small(home, UINT64_C(65536), 0);
    struct gw_store_word word = {.kept = NULL};
    struct changes changes;

    expect_end(store);
    word = give_bodies(store, &changes, CASE_RECORDS);
    assert_null(word.kept);
    assert_string_equal(word.cause, "database or disk is full");
    gw_store_close(store);
    store = open_empty(home);
    keep(home, store, &changes);
    gw_store_close(store);
}

static void a_store_from_before_a_smaller_max_drains(void **state)
{
    struct store_home *home = *state;
    struct gw_store *store = open_empty(home);
    struct changes changes;
    struct gw_store_word word = give_bodies(store, &changes, CASE_RECORDS);

    assert_non_null(word.kept);
    assert_false(word.full);
    gw_store_close(store);
    store = open_small(home, UINT64_C(65536), 0);
    for (struct record got; gw_store_next(store, &got);) {
    }
    begin(&changes);
    for (uint64_t n = 1; n < CASE_RECORDS; n++) {
        put(&changes, KEY(TABLE_QUEUE, n, n), "", "");
    }
    gw_store_give(store, &changes.batch);
    word = next_word(store);
    assert_ptr_equal(word.kept, &changes.batch);
    assert_true(word.full);
    assert_false(is_full_without(store, &changes, 0, CASE_RECORDS));
    gw_store_close(store);
}

static void on_a_disk_that_is_nearly_full_the_store_is_full_and_keeps_all_the_same(void **state)
{
    struct store_home *home = *state;
    struct gw_store *store = open_small(home, MAX_OCTETS, UINT64_MAX);
    struct gw_store_word word = {.kept = NULL};
    struct changes changes;

    expect_end(store);
    word = give_bodies(store, &changes, 8);
    assert_non_null(word.kept);
    assert_true(word.full);
    assert_true(is_full_without(store, &changes, 0, 8));
    gw_store_close(store);
}

/* Few batches come to a full store: the writer looks by itself. */
static void a_full_store_says_without_a_batch_that_it_has_room_again(void **state)
{
    struct store_home *home = *state;
    struct gw_store *store = open_small(home, UINT64_C(65536), 0);
    struct gw_store_word word = {.kept = NULL};
    struct changes changes;
    sqlite3 *other = NULL;

    expect_end(store);
    word = give_bodies(store, &changes, 8);
    assert_true(word.full);
    assert_int_equal(sqlite3_open(home->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "DELETE FROM message", NULL, NULL, NULL), SQLITE_OK);
    word = next_word(store);
    assert_null(word.kept);
    assert_null(word.cause);
    assert_false(word.full);
    gw_store_close(store);
    sqlite3_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_store_above_max_keeps_all_the_same_and_is_full_until_deletions_make_room, make_home,
            remove_home),
        cmocka_unit_test_setup_teardown(a_batch_far_beyond_max_is_not_kept_and_nothing_of_it,
                                        make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_store_from_before_a_smaller_max_drains, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(
            on_a_disk_that_is_nearly_full_the_store_is_full_and_keeps_all_the_same, make_home,
            remove_home),
        cmocka_unit_test_setup_teardown(a_full_store_says_without_a_batch_that_it_has_room_again,
                                        make_home, remove_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
