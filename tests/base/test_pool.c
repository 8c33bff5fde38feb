#include "base/pool.h"
#include "tests/support.h"

static void a_pool_gives_zeroed_cells_up_to_its_limit(void **state)
{
    struct pool pool;
    uint64_t *cells[3];

    (void)state;
    pool_init(&pool, 2 * sizeof(uint64_t), 3);
    for (int i = 0; i < 3; i++) {
        cells[i] = pool_take(&pool);
        assert_non_null(cells[i]);
        assert_int_equal((uintptr_t)cells[i] % 16, 0);
        cells[i][0] = cells[i][1] = UINT64_MAX;
    }
    assert_null(pool_take(&pool));
    assert_int_equal(pool.used, 3);
    pool_give(&pool, cells[0]);
    pool_give(&pool, cells[2]);
    assert_ptr_equal(pool_take(&pool), cells[2]); /* the one given back last */
    assert_true(cells[2][0] == 0 && cells[2][1] == 0);
    assert_ptr_equal(pool_take(&pool), cells[0]);
    assert_true(cells[1][1] == UINT64_MAX);
    pool_fini(&pool);
}

static void a_pool_that_nobody_asks_reserves_nothing(void **state)
{
    struct pool pool;

    (void)state;
    pool_init(&pool, 1, SIZE_MAX / 32);
    assert_null(pool.cells);
    pool_fini(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pool_gives_zeroed_cells_up_to_its_limit),
        cmocka_unit_test(a_pool_that_nobody_asks_reserves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
