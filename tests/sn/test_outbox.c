#include "tests/support.h"

#include "base/rng.h"
#include "sn/outbox.h"
#include "sn/strangers.h"

static bool put(struct sn_outbox *box, struct span wire, void *node)
{
    struct sn_letter letter = {.node = node, .len = (uint32_t)wire.len};
    uint8_t *place = sn_outbox_place(box, wire.len);

    if (place == NULL) {
        return false;
    }
    memcpy(place, wire.at, wire.len);
    sn_outbox_push(box, &letter);
    return true;
}

static void datagrams_leave_in_the_order_in_which_they_came(void **state)
{
    struct sn_outbox box;
    struct sn_letter letter;
    struct span wire;
    size_t at = 0;

    (void)state;
    assert_true(sn_outbox_init(&box, 1000));
    assert_true(put(&box, WIRE_SPAN("one"), NULL));
    assert_true(put(&box, WIRE_SPAN("two"), &box));
    assert_true(sn_outbox_next(&box, &at, &letter, &wire));
    assert_span_equal(wire, WIRE_SPAN("one"));
    assert_true(sn_outbox_next(&box, &at, &letter, &wire));
    assert_span_equal(wire, WIRE_SPAN("two"));
    assert_ptr_equal(letter.node, &box);
    assert_false(sn_outbox_next(&box, &at, &letter, &wire));
    sn_outbox_disown(&box, &box);
    at = 0;
    assert_true(sn_outbox_next(&box, &at, &letter, &wire));
    sn_outbox_drop(&box, at);
    at = 0;
    assert_true(sn_outbox_next(&box, &at, &letter, &wire));
    assert_span_equal(wire, WIRE_SPAN("two"));
    assert_null(letter.node);
    sn_outbox_fini(&box);
}

static void a_full_queue_takes_nothing_and_loses_nothing(void **state)
{
    struct sn_outbox box;
    struct rng rng = {3};
    uint8_t octets[64];
    unsigned in = 0;
    unsigned out = 0;

    (void)state;
    assert_true(sn_outbox_init(&box, 1000));
    for (unsigned i = 0; i < 20000; i++) {
        size_t len = 1 + rng_below(&rng, sizeof octets);

        memset(octets, (uint8_t)in, len);
        if (rng_below(&rng, 2) == 0) {
            in += put(&box, span_of(octets, len), NULL);
        } else {
            struct sn_letter letter;
            struct span wire;
            size_t at = 0;

            if (sn_outbox_next(&box, &at, &letter, &wire)) {
                assert_int_equal(wire.at[0], (uint8_t)out);
                assert_int_equal(wire.at[wire.len - 1], (uint8_t)out);
                sn_outbox_drop(&box, at);
                out++;
            }
        }
        assert_true(sn_outbox_room(&box) <= 1000 - sizeof(struct sn_letter));
    }
    assert_true(out > 1000);
    sn_outbox_fini(&box);
}

static const struct sn_stranger_rates rates = {{20, 1000}, {SN_STRANGERS_LISTENER, 1000}};

static void a_stranger_is_answered_so_often_in_a_second(void **state)
{
    static struct sn_strangers strangers;
    unsigned answers = 0;

    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        answers += sn_strangers_admit(&strangers, 7, rates, 5000 + i);
    }
    assert_int_equal(answers, 20);
    assert_true(sn_strangers_admit(&strangers, 8, rates, 5999)); /* another one */
    assert_false(sn_strangers_admit(&strangers, 7, rates, 5049));
    assert_true(sn_strangers_admit(&strangers, 7, rates, 5050)); /* a twentieth of a second later */
    assert_false(sn_strangers_admit(&strangers, 7, rates, 5051));
    assert_true(sn_strangers_admit(&strangers, 7, rates, 6000)); /* the next second */
}

static void all_strangers_together_are_answered_1000_times_a_second(void **state)
{
    static struct sn_strangers strangers;
    unsigned answers = 0;

    (void)state;
    for (uint64_t hash = 0; hash < 5000; hash++) {
        answers += sn_strangers_admit(&strangers, hash, rates, 5000);
    }
    assert_int_equal(answers, SN_STRANGERS_LISTENER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagrams_leave_in_the_order_in_which_they_came),
        cmocka_unit_test(a_full_queue_takes_nothing_and_loses_nothing),
        cmocka_unit_test(a_stranger_is_answered_so_often_in_a_second),
        cmocka_unit_test(all_strangers_together_are_answered_1000_times_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
