/* tests/edge/store_cases.h - what every store does, whichever home it has (gateway/edge/store.h).
 *
 * A program includes this, says how its store is opened again and waited for, and runs the cases.
 */
#ifndef TESTS_EDGE_STORE_CASES_H
#define TESTS_EDGE_STORE_CASES_H

#include "tests/edge/store_changes.h"

static void what_was_put_comes_back_table_by_table(void **state)
{
    struct store_home *home = *state;
    struct gw_store *store = open_empty(home);
    struct changes changes;

    begin(&changes);
    put(&changes, KEY(TABLE_META, 0, 1), "", "");
    put(&changes, KEY(TABLE_MESSAGE, 0, 77), "a/b", "21.5");
    put(&changes, KEY(TABLE_SESSION, 2, 0), "roof", "");
    put(&changes, KEY(TABLE_SESSION, 1, 0), "bed-1", "");
    put(&changes, KEY(TABLE_QUEUE, 2, 5), "", "");
    put(&changes, KEY(TABLE_QUEUE, 2, 4), "", "");
    keep(home, store, &changes);
    store = reopen(home, store);
    expect(store, KEY(TABLE_SESSION, 1, 0), "bed-1", "");
    expect(store, KEY(TABLE_SESSION, 2, 0), "roof", "");
    expect(store, KEY(TABLE_MESSAGE, 0, 77), "a/b", "21.5");
    expect(store, KEY(TABLE_QUEUE, 2, 4), "", "");
    expect(store, KEY(TABLE_QUEUE, 2, 5), "", "");
    expect(store, KEY(TABLE_META, 0, 1), "", "");
    expect_end(store);
    gw_store_close(store);
}

static void all_fields_and_octets_come_back_as_they_were(void **state)
{
    static const int64_t fields[RECORD_FIELDS] = {INT64_MIN, -1, 0, INT64_MAX};
    struct store_home *home = *state;
    struct gw_store *store = open_empty(home);
    struct changes changes;
    struct record got;

    begin(&changes);
    for (unsigned table = 0; table < TABLES; table++) {
        struct record *record = put(&changes, KEY(table, table == 0, 1), "", "");
        memcpy(record->fields, fields, sizeof fields);
        record->text = WIRE_SPAN("caf\xC3\xA9/\xFF");
        record->body = WIRE_SPAN("\0\x01\xFF\0");
    }
    keep(home, store, &changes);
    store = reopen(home, store);
    for (unsigned table = 0; table < TABLES; table++) {
        assert_true(gw_store_next(store, &got));
        assert_int_equal(got.key[0], table);
        assert_memory_equal(got.fields, fields, sizeof fields);
        if (table == TABLE_MESSAGE || table == TABLE_QUEUE) {
            assert_int_equal(got.octets, 11);
            continue;
        }
        assert_span_equal(got.text, WIRE_SPAN("caf\xC3\xA9/\xFF"));
        assert_span_equal(got.body, WIRE_SPAN("\0\x01\xFF\0"));
    }
    expect_end(store);
    gw_store_close(store);
}

static void messages_are_read_by_their_numbers(void **state)
{
    static const int64_t fields[RECORD_FIELDS] = {INT64_MIN, -1, 0, INT64_MAX};
    struct store_home *home = *state;
    struct gw_store *store = open_empty(home);
    struct gw_fetch asked = {.numbers = {9, 3, 7}, .count = 3};
    struct changes changes;

    begin(&changes);
    for (uint64_t number = 5; number < 10; number++) {
        struct record *record = put(&changes, KEY(TABLE_MESSAGE, 0, number), "t", "first");
        memcpy(record->fields, fields, sizeof fields);
        record->body = number == 7 ? WIRE_SPAN("\0\xFF\0") : record->body;
    }
    keep(home, store, &changes);
    fetch(home, store, &asked);
    assert_int_equal(asked.got, 3);
    assert_int_equal(asked.rows[0].op, RECORD_PUT);
    assert_int_equal(asked.rows[0].key[2], 9);
    assert_memory_equal(asked.rows[0].fields, fields, sizeof fields);
    assert_span_equal(asked.rows[0].text, WIRE_SPAN("t"));
    assert_span_equal(asked.rows[0].body, WIRE_SPAN("first"));
    assert_int_equal(asked.rows[1].op, RECORD_DEL);
    assert_int_equal(asked.rows[1].key[2], 3);
    assert_int_equal(asked.rows[2].op, RECORD_PUT);
    assert_span_equal(asked.rows[2].body, WIRE_SPAN("\0\xFF\0"));
    gw_fetch_end(&asked);
    gw_store_close(store);
}

/* Asked for by the same numbers, and answered alike. */
static void a_message_may_lie_within_a_row_of_a_queue(void **state)
{
    static const int64_t fields[RECORD_FIELDS] = {0, 1, 7, 8, 2, INT64_MAX, INT64_MIN, -1};
    struct store_home *home = *state;
    struct gw_store *store = open_empty(home);
    struct gw_fetch asked = {.numbers = {9, 7}, .count = 2};
    struct changes changes;
    struct record *record = NULL;

    begin(&changes);
    record = put(&changes, KEY(TABLE_QUEUE, 1, 9), "t", "within");
    memcpy(record->fields, fields, sizeof fields);
    record = put(&changes, KEY(TABLE_QUEUE, 1, 7), "", "");
    record->fields[0] = 8; /* its message is elsewhere */
    keep(home, store, &changes);
    fetch(home, store, &asked);
    assert_int_equal(asked.got, 2);
    assert_int_equal(asked.rows[0].op, RECORD_PUT);
    assert_int_equal(asked.rows[0].key[0], TABLE_MESSAGE);
    assert_int_equal(asked.rows[0].key[2], 9);
    assert_memory_equal(asked.rows[0].fields, &fields[4], 4 * sizeof fields[0]);
    assert_span_equal(asked.rows[0].text, WIRE_SPAN("t"));
    assert_span_equal(asked.rows[0].body, WIRE_SPAN("within"));
    assert_int_equal(asked.rows[1].op, RECORD_DEL);
    gw_fetch_end(&asked);
    gw_store_close(store);
}

static void a_second_put_of_a_key_replaces_the_first(void **state)
{
    struct store_home *home = *state;
    struct gw_store *store = open_empty(home);
    struct changes changes;

    begin(&changes);
    put(&changes, KEY(TABLE_RETAINED, 0, 9), "t", "old");
    keep(home, store, &changes);
    put(&changes, KEY(TABLE_RETAINED, 0, 9), "t", "new")->fresh = true;
    keep(home, store, &changes);
    store = reopen(home, store);
    expect(store, KEY(TABLE_RETAINED, 0, 9), "t", "new");
    expect_end(store);
    gw_store_close(store);
}

static void what_was_deleted_is_gone_and_nothing_else(void **state)
{
    struct store_home *home = *state;
    struct gw_store *store = open_empty(home);
    struct changes changes;

    begin(&changes);
    put(&changes, KEY(TABLE_SESSION, 1, 0), "a", "");
    put(&changes, KEY(TABLE_SESSION, 2, 0), "b", "");
    put(&changes, KEY(TABLE_TOPIC, 1, 3), "x", "");
    put(&changes, KEY(TABLE_QUEUE, 1, 3), "", "");
    put(&changes, KEY(TABLE_QUEUE, 2, 4), "", "");
    put(&changes, KEY(TABLE_QUEUE, 2, 5), "", "");
    put(&changes, KEY(TABLE_MESSAGE, 0, 1), "m", "1");
    put(&changes, KEY(TABLE_MESSAGE, 0, 2), "m", "2");
    keep(home, store, &changes);
    change(&changes, RECORD_DEL, KEY(TABLE_MESSAGE, 0, 1));
    change(&changes, RECORD_DEL, KEY(TABLE_QUEUE, 2, 4));
    change(&changes, RECORD_DEL, KEY(TABLE_QUEUE, 2, 99));
    change(&changes, RECORD_DEL_OWNER, KEY(0, 1, 0));
    keep(home, store, &changes);
    store = reopen(home, store);
    expect(store, KEY(TABLE_SESSION, 2, 0), "b", "");
    expect(store, KEY(TABLE_MESSAGE, 0, 2), "m", "2");
    expect(store, KEY(TABLE_QUEUE, 1, 3), "", ""); /* of queues each row is deleted by itself */
    expect(store, KEY(TABLE_QUEUE, 2, 5), "", "");
    expect_end(store);
    gw_store_close(store);
}

static void changes_of_a_batch_happen_in_their_order(void **state)
{
    struct store_home *home = *state;
    struct gw_store *store = open_empty(home);
    struct changes changes;

    begin(&changes);
    put(&changes, KEY(TABLE_WILL, 4, 0), "w", "1");
    change(&changes, RECORD_DEL_OWNER, KEY(0, 4, 0));
    put(&changes, KEY(TABLE_WILL, 4, 0), "w", "2");
    put(&changes, KEY(TABLE_TOPIC, 4, 1), "t", "");
    change(&changes, RECORD_DEL, KEY(TABLE_TOPIC, 4, 1));
    keep(home, store, &changes);
    store = reopen(home, store);
    expect(store, KEY(TABLE_WILL, 4, 0), "w", "2");
    expect_end(store);
    gw_store_close(store);
}

static void a_batch_given_before_the_close_is_kept(void **state)
{
    struct store_home *home = *state;
    struct gw_store *store = open_empty(home);
    struct changes changes;

    begin(&changes);
    put(&changes, KEY(TABLE_SESSION, 8, 0), "late", "");
    gw_store_give(store, &changes.batch);
    store = reopen(home, store);
    expect(store, KEY(TABLE_SESSION, 8, 0), "late", "");
    expect_end(store);
    gw_store_close(store);
}

#define STORE_CASES(setup, teardown)                                                          \
    cmocka_unit_test_setup_teardown(what_was_put_comes_back_table_by_table, setup, teardown), \
        cmocka_unit_test_setup_teardown(all_fields_and_octets_come_back_as_they_were, setup,  \
                                        teardown),                                            \
        cmocka_unit_test_setup_teardown(messages_are_read_by_their_numbers, setup, teardown), \
        cmocka_unit_test_setup_teardown(a_message_may_lie_within_a_row_of_a_queue, setup,     \
                                        teardown),                                            \
        cmocka_unit_test_setup_teardown(a_second_put_of_a_key_replaces_the_first, setup,      \
                                        teardown),                                            \
        cmocka_unit_test_setup_teardown(what_was_deleted_is_gone_and_nothing_else, setup,     \
                                        teardown),                                            \
        cmocka_unit_test_setup_teardown(changes_of_a_batch_happen_in_their_order, setup,      \
                                        teardown),                                            \
        cmocka_unit_test_setup_teardown(a_batch_given_before_the_close_is_kept, setup, teardown)

#endif
