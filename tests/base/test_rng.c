#include "base/rng.h"
#include "tests/support.h"

static void the_same_seed_gives_the_same_row(void **state)
{
    struct rng a;
    struct rng b;

    (void)state;
    rng_init(&a, 42);
    rng_init(&b, 42);
    for (int i = 0; i < 100; i++) {
        assert_true(rng_next(&a) == rng_next(&b));
    }
    rng_init(&b, 43);
    assert_true(rng_next(&a) != rng_next(&b));
}

/* The first numbers of splitmix64 for the seed 1234567. */
static void it_is_splitmix64(void **state)
{
    struct rng rng;

    (void)state;
    rng_init(&rng, 1234567);
    assert_true(rng_next(&rng) == UINT64_C(6457827717110365317));
    assert_true(rng_next(&rng) == UINT64_C(3203168211198807973));
    assert_true(rng_next(&rng) == UINT64_C(9817491932198370423));
}

static void numbers_below_a_bound_are_below_it_and_all_come(void **state)
{
    struct rng rng = {1};
    int met[7] = {0};

    (void)state;
    for (int i = 0; i < 1000; i++) {
        uint64_t number = rng_below(&rng, 7);

        assert_true(number < 7);
        met[number]++;
    }
    for (int i = 0; i < 7; i++) {
        assert_true(met[i] > 100);
    }
    assert_int_equal(rng_below(&rng, 0), 0);
    assert_int_equal(rng_below(&rng, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_row),
        cmocka_unit_test(it_is_splitmix64),
        cmocka_unit_test(numbers_below_a_bound_are_below_it_and_all_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
