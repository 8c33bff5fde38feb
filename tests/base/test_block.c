#include "base/block.h"
#include "tests/support.h"

static void a_block_charges_its_budget_as_long_as_it_lives(void **state)
{
    struct budget budget = {.limit = 100};
    struct block *block = block_copy(&budget, WIRE_SPAN("abc"));

    (void)state;
    assert_non_null(block);
    assert_span_equal(block_span(block), WIRE_SPAN("abc"));
    assert_int_equal(budget.used, 3 + BLOCK_OVERHEAD);
    assert_ptr_equal(block_hold(block), block);
    block_drop(block);
    assert_int_equal(budget.used, 3 + BLOCK_OVERHEAD);
    block_drop(block);
    assert_int_equal(budget.used, 0);
    block_drop(NULL);
    assert_int_equal(block_span(NULL).len, 0);
}

static void a_short_budget_gives_nothing_and_charges_nothing(void **state)
{
    struct budget budget = {.limit = 10 + BLOCK_OVERHEAD};
    struct block *block = NULL;

    (void)state;
    assert_null(block_new(&budget, 11));
    assert_null(block_new(&budget, SIZE_MAX / 2));
    assert_int_equal(budget.used, 0);
    block = block_new(&budget, 10);
    assert_non_null(block);
    assert_null(block_new(&budget, 0));
    block_drop(block);
}

static void a_block_moves_to_another_size_with_its_octets(void **state)
{
    struct budget budget = {.limit = 20 + BLOCK_OVERHEAD};
    struct block *block = block_copy(&budget, WIRE_SPAN("0123456789"));

    (void)state;
    assert_null(block_resize(block, 21));
    assert_int_equal(budget.used, 10 + BLOCK_OVERHEAD);
    block = block_resize(block, 20);
    assert_int_equal(budget.used, 20 + BLOCK_OVERHEAD);
    assert_memory_equal(block->octets, "0123456789", 10);
    block = block_resize(block, 4);
    assert_span_equal(block_span(block), WIRE_SPAN("0123"));
    block_drop(block);
    assert_int_equal(budget.used, 0);
}

static void a_budget_is_charged_to_its_limit_and_no_further(void **state)
{
    struct budget budget = {.limit = 10};

    (void)state;
    assert_true(budget_charge(&budget, 10));
    assert_false(budget_charge(&budget, 1));
    budget_refund(&budget, 4);
    assert_true(budget_charge(&budget, 4));
    assert_false(budget_charge(&budget, SIZE_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_charges_its_budget_as_long_as_it_lives),
        cmocka_unit_test(a_short_budget_gives_nothing_and_charges_nothing),
        cmocka_unit_test(a_block_moves_to_another_size_with_its_octets),
        cmocka_unit_test(a_budget_is_charged_to_its_limit_and_no_further),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
