#include "base/heap.h"
#include "base/rng.h"
#include "tests/support.h"

#define ITEMS 200

static void an_empty_heap_is_never_due(void **state)
{
    struct heap heap;

    (void)state;
    heap_init(&heap);
    assert_true(heap_due(&heap) == HEAP_NEVER);
    assert_null(heap_pop(&heap, UINT64_MAX));
}

static void the_least_deadline_comes_first(void **state)
{
    struct heap heap;
    struct heap_item items[3];

    (void)state;
    heap_init(&heap);
    for (int i = 0; i < 3; i++) {
        heap_item_init(&items[i]);
    }
    heap_set(&heap, &items[0], 30);
    heap_set(&heap, &items[1], 10);
    heap_set(&heap, &items[2], 20);
    assert_int_equal(heap_due(&heap), 10);
    assert_null(heap_pop(&heap, 9));
    assert_ptr_equal(heap_pop(&heap, 10), &items[1]);
    heap_set(&heap, &items[2], 40); /* later */
    heap_set(&heap, &items[1], 35); /* in again */
    assert_ptr_equal(heap_pop(&heap, 100), &items[0]);
    heap_set(&heap, &items[1], HEAP_NEVER);
    assert_ptr_equal(heap_pop(&heap, 100), &items[2]);
    assert_null(heap_pop(&heap, 100));
}

/* Against a plain scan, over random changes. */
static void it_agrees_with_a_scan_whatever_is_done(void **state)
{
    struct heap heap;
    struct heap_item items[ITEMS];
    struct rng rng = {7};

    (void)state;
    heap_init(&heap);
    for (int i = 0; i < ITEMS; i++) {
        heap_item_init(&items[i]);
    }
    for (int round = 0; round < 20000; round++) {
        struct heap_item *item = &items[rng_below(&rng, ITEMS)];
        uint64_t least = HEAP_NEVER;

        heap_set(&heap, item, rng_below(&rng, 4) == 0 ? HEAP_NEVER : rng_below(&rng, 1000));
        if (rng_below(&rng, 3) == 0) {
            struct heap_item *popped = heap_pop(&heap, 500);

            assert_true(popped == NULL || popped->due == HEAP_NEVER);
        }
        for (int i = 0; i < ITEMS; i++) {
            least = items[i].due < least ? items[i].due : least;
        }
        assert_true(heap_due(&heap) == least);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_heap_is_never_due),
        cmocka_unit_test(the_least_deadline_comes_first),
        cmocka_unit_test(it_agrees_with_a_scan_whatever_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
