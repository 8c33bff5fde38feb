#include "base/journal.h"
#include "tests/support.h"

struct bench {
    struct budget budget;
    struct journal journal;
};

static struct bench *begin(size_t limit)
{
    struct bench *b = test_calloc(1, sizeof *b);

    b->budget.limit = 1000000;
    assert_true(journal_init(&b->journal, limit, 1));
    return b;
}

static void end(struct bench *b)
{
    journal_fini(&b->journal);
    assert_int_equal(b->budget.used, 0);
    test_free(b);
}

static uint64_t put(struct bench *b, uint64_t item, const char *body, bool fresh)
{
    struct record record = {.key = {TABLE_QUEUE, 1, item}, .fresh = fresh};

    record.block = block_copy(&b->budget, span_of_text(body));
    record.body = block_span(record.block);
    return journal_put(&b->journal, &record, 5);
}

static uint64_t del(struct bench *b, uint64_t item)
{
    return journal_del(&b->journal, TABLE_QUEUE, 1, item, 5);
}

/* What a batch holds, as text: +item=body, -item, and !owner. */
static const char *text_of(const struct batch *batch)
{
    static char text[256];
    struct writer w = writer_of((uint8_t *)text, sizeof text - 1);

    LIST_EACH (link, &batch->records) {
        const struct record *record = LIST_ITEM(link, struct record, in_batch);

        write_u8(&w, (uint8_t) "+-!"[record->op]);
        write_u8(&w, (uint8_t)('0' + record->key[record->op == RECORD_DEL_OWNER ? 1 : 2]));
        if (record->op == RECORD_PUT) {
            write_u8(&w, '=');
            write_span(&w, record->body);
        }
        write_u8(&w, ' ');
    }
    *w.at = 0;
    return text;
}

static const char *take_all(struct bench *b)
{
    struct batch batch;
    const char *text = "";

    if (journal_take(&b->journal, &batch)) {
        text = text_of(&batch);
        journal_kept(&b->journal, &batch);
    }
    return text;
}

static void changes_leave_in_order_and_tickets_grow(void **state)
{
    struct bench *b = begin(10);
    uint64_t first = put(b, 1, "a", true);
    uint64_t second = put(b, 2, "b", true);
    struct batch batch;

    (void)state;
    assert_true(second > first);
    assert_false(journal_is_kept(&b->journal, first));
    assert_int_equal(b->journal.oldest_ms, 5);
    assert_true(journal_take(&b->journal, &batch));
    assert_int_equal(batch.count, 2);
    assert_string_equal(text_of(&batch), "+1=a +2=b ");
    assert_false(journal_is_kept(&b->journal, first));
    journal_kept(&b->journal, &batch);
    assert_true(journal_is_kept(&b->journal, second));
    assert_false(journal_take(&b->journal, &batch));
    end(b);
}

static void a_fresh_put_and_its_delete_vanish_and_count_as_kept(void **state)
{
    struct bench *b = begin(10);
    uint64_t ticket = put(b, 1, "a", true);

    (void)state;
    assert_int_equal(del(b, 1), 0);
    assert_int_equal(b->journal.pending.count, 0);
    assert_int_equal(b->journal.pending.octets, 0);
    assert_true(journal_is_kept(&b->journal, ticket));
    assert_string_equal(take_all(b), "");
    end(b);
}

static void what_vanished_is_kept_no_sooner_than_what_came_before_it(void **state)
{
    struct bench *b = begin(10);
    uint64_t first = put(b, 1, "a", true);
    uint64_t second = put(b, 2, "b", true);

    (void)state;
    del(b, 2);
    assert_false(journal_is_kept(&b->journal, first));
    assert_false(journal_is_kept(&b->journal, second));
    assert_string_equal(take_all(b), "+1=a ");
    assert_true(journal_is_kept(&b->journal, second));
    end(b);
}

static void what_vanished_beside_a_batch_under_way_waits_for_it(void **state)
{
    struct bench *b = begin(10);
    struct batch batch;
    uint64_t second = 0;

    (void)state;
    put(b, 1, "a", true);
    assert_true(journal_take(&b->journal, &batch));
    second = put(b, 2, "b", true);
    del(b, 2);
    assert_false(journal_is_kept(&b->journal, second));
    journal_kept(&b->journal, &batch);
    assert_true(journal_is_kept(&b->journal, second));
    end(b);
}

static void a_delete_of_what_the_store_has_is_written(void **state)
{
    struct bench *b = begin(10);

    (void)state;
    assert_true(del(b, 1) > 0); /* nothing pending under that key */
    put(b, 2, "b", false);
    assert_true(del(b, 2) > 0);
    assert_string_equal(take_all(b), "-1 -2 ");
    put(b, 3, "c", true);
    assert_string_equal(take_all(b), "+3=c ");
    assert_true(del(b, 3) > 0); /* it has left */
    assert_string_equal(take_all(b), "-3 ");
    end(b);
}

static void a_second_put_replaces_the_first_and_comes_later(void **state)
{
    struct bench *b = begin(10);
    uint64_t first = put(b, 1, "old", true);
    uint64_t again = 0;

    (void)state;
    put(b, 2, "b", true);
    again = put(b, 1, "new", false);
    assert_true(again > first);
    assert_string_equal(take_all(b), "+2=b +1=new ");
    put(b, 4, "d", true);
    put(b, 4, "e", false);
    assert_int_equal(del(b, 4), 0); /* the store never had it */
    assert_string_equal(take_all(b), "");
    end(b);
}

static void an_owners_rows_go_in_their_turn(void **state)
{
    struct bench *b = begin(10);

    (void)state;
    put(b, 1, "a", true);
    journal_del_owner(&b->journal, 1, 5);
    put(b, 1, "b", true); /* must not stand before the deletion */
    assert_string_equal(take_all(b), "!1 +1=b ");
    end(b);
}

static void room_is_what_the_limit_leaves_and_deletes_go_beyond(void **state)
{
    struct bench *b = begin(2);
    struct batch batch;

    (void)state;
    assert_true(journal_has_room(&b->journal, 2));
    assert_false(journal_has_room(&b->journal, 3));
    put(b, 1, "a", true);
    put(b, 2, "b", true);
    assert_false(journal_has_room(&b->journal, 1));
    assert_true(del(b, 3) > 0);
    assert_true(journal_take(&b->journal, &batch));
    assert_false(journal_has_room(&b->journal, 1)); /* until it is kept */
    journal_kept(&b->journal, &batch);
    assert_true(journal_has_room(&b->journal, 2));
    end(b);
}

static void beyond_all_room_a_put_is_never_kept(void **state)
{
    struct bench *b = begin(1);
    uint64_t ticket = 0;

    (void)state;
    for (uint64_t i = 0; i < 5; i++) {
        ticket = put(b, i, "a", true);
    }
    assert_int_equal(ticket, UINT64_MAX);
    take_all(b);
    assert_false(journal_is_kept(&b->journal, ticket));
    end(b);
}

static void a_journal_that_is_off_takes_nothing(void **state)
{
    struct bench *b = begin(1);

    (void)state;
    b->journal.off = true;
    assert_true(journal_has_room(&b->journal, 1000));
    assert_int_equal(put(b, 1, "a", true), 0);
    assert_int_equal(del(b, 1), 0);
    assert_int_equal(journal_del_owner(&b->journal, 1, 5), 0);
    assert_true(journal_is_kept(&b->journal, 0));
    assert_int_equal(b->budget.used, 0);
    end(b);
}

static void octets_pending_are_counted(void **state)
{
    struct bench *b = begin(10);
    size_t of_one = 0;

    (void)state;
    put(b, 1, "abc", true);
    of_one = b->journal.pending.octets;
    put(b, 2, "abcdef", true);
    assert_int_equal(b->journal.pending.octets, 2 * of_one + 3);
    put(b, 2, "abc", true);
    assert_int_equal(b->journal.pending.octets, 2 * of_one);
    end(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_leave_in_order_and_tickets_grow),
        cmocka_unit_test(a_fresh_put_and_its_delete_vanish_and_count_as_kept),
        cmocka_unit_test(what_vanished_is_kept_no_sooner_than_what_came_before_it),
        cmocka_unit_test(what_vanished_beside_a_batch_under_way_waits_for_it),
        cmocka_unit_test(a_delete_of_what_the_store_has_is_written),
        cmocka_unit_test(a_second_put_replaces_the_first_and_comes_later),
        cmocka_unit_test(an_owners_rows_go_in_their_turn),
        cmocka_unit_test(room_is_what_the_limit_leaves_and_deletes_go_beyond),
        cmocka_unit_test(beyond_all_room_a_put_is_never_kept),
        cmocka_unit_test(a_journal_that_is_off_takes_nothing),
        cmocka_unit_test(octets_pending_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
