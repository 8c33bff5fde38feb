#include "tests/support.h"

#include <stdlib.h>
#include <string.h>

#include "tools/sim/sim.h"

static void set(struct sim_group *group, const char *key, const char *text)
{
    size_t row = 0;

    while (strcmp(sim_profile_key(row).name, key) != 0) {
        row++;
    }
    assert_null(sim_group_set(group, row, text));
}

/* Publishers "pub-1" to "pub-3" on a/%n and "b", and one subscriber to `filter`. */
static struct sim *sim_of(const char *filter, const char *qos)
{
    struct sim *sim = calloc(1, sizeof *sim);

    sim->groups = calloc(2, sizeof sim->groups[0]);
    sim->group_count = 2;
    sim->run = 0x1234;
    sim_group_init(&sim->groups[0], "pub");
    set(&sim->groups[0], "count", "3");
    set(&sim->groups[0], "topic", "a/%n");
    set(&sim->groups[0], "topic", "b");
    set(&sim->groups[0], "qos", qos);
    sim_group_init(&sim->groups[1], "sub");
    set(&sim->groups[1], "subscribe", filter);
    assert_true(sim_make(sim));
    return sim;
}

static void free_sim(struct sim *sim)
{
    free(sim->groups);
    sim_free(sim);
    free(sim);
}

/* Source `at` sends its next message, which is acknowledged; `come` times it comes. */
static void send_one(struct sim *sim, size_t at, int come)
{
    sim_check_stamp(sim, at, 24);
    sim->sources[at].sent++;
    sim->sources[at].acked++;
    for (; come > 0; come--) {
        sim_check_got(sim, &sim->nodes[3], span_of(sim->payload, 24));
    }
}

static void a_filter_finds_the_sources_that_it_matches(void **state)
{
    static const struct {
        const char *filter;
        size_t pairs;
    } cases[] = {
        {"#", 6},        {"a/+", 3},     {"a/#", 3},       {"b", 3}, {"b/#", 3},
        {"+", 3},        {"a/pub-2", 1}, {"a/pub-2/#", 1}, {"a", 0}, {"+/+", 3},
        {"a/pub-22", 0}, {"a/+/x", 0},   {"# qos 0", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sim *sim = sim_of(cases[i].filter, "1");

        assert_int_equal(sim->pair_count, cases[i].pairs);
        assert_int_equal(sim->nodes[3].pair_count, cases[i].pairs);
        free_sim(sim);
    }
}

static void what_was_acknowledged_and_did_not_come_is_missing(void **state)
{
    struct sim *sim = sim_of("a/+", "1");

    (void)state;
    send_one(sim, 0, 1); /* a/pub-1 */
    send_one(sim, 0, 0);
    send_one(sim, 0, 2);
    send_one(sim, 1, 0); /* b: nobody reads it */
    send_one(sim, 2, 1); /* a/pub-2 */
    sim_check_count(sim);
    assert_int_equal(sim->counts.owed, 4);
    assert_int_equal(sim->counts.missing, 1);
    assert_int_equal(sim->counts.delivered, 4);
    assert_int_equal(sim->counts.again, 1);
    assert_int_equal(sim->transit.count, 3);
    sim->nodes[3].unsure = true;
    sim_check_count(sim);
    assert_int_equal(sim->counts.owed, 0);
    assert_int_equal(sim->counts.missing, 0);
    free_sim(sim);
}

static void nothing_is_owed_at_qos_0(void **state)
{
    struct sim *sim = sim_of("#", "0");

    (void)state;
    assert_int_equal(sim->pair_count, 0);
    send_one(sim, 0, 1);
    assert_int_equal(sim->counts.delivered, 1);
    assert_int_equal(sim->transit.count, 1);
    free_sim(sim);
}

static void a_message_of_another_run_counts_for_nothing(void **state)
{
    struct sim *sim = sim_of("#", "1");

    (void)state;
    sim_check_got(sim, &sim->nodes[3], span_of_text("123400000000000000000000"));
    sim_check_got(sim, &sim->nodes[3], span_of_text("123300000000000000000000"));
    sim_check_got(sim, &sim->nodes[3], span_of_text("12340000000000000000000"));
    sim_check_got(sim, &sim->nodes[3], span_of_text("1234fffff000000000000000"));
    sim_check_got(sim, &sim->nodes[3], span_of_text("on"));
    assert_int_equal(sim->counts.delivered, 5);
    assert_int_equal(sim->transit.count, 1);
    free_sim(sim);
}

static void shares_are_told_within_three_percent(void **state)
{
    static struct spread spread;

    (void)state;
    assert_int_equal(spread_at(&spread, 0.5), 0);
    for (uint64_t i = 1; i <= 100000; i++) {
        spread_add(&spread, i);
    }
    assert_in_range(spread_at(&spread, 0.5), 50000, 51600);
    assert_in_range(spread_at(&spread, 0.99), 99000, 100000);
    assert_int_equal(spread_at(&spread, 1), 100000);
    assert_int_equal(spread.most, 100000);
    spread_add(&spread, UINT64_MAX);
    assert_int_equal(spread_at(&spread, 1), UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filter_finds_the_sources_that_it_matches),
        cmocka_unit_test(what_was_acknowledged_and_did_not_come_is_missing),
        cmocka_unit_test(nothing_is_owed_at_qos_0),
        cmocka_unit_test(a_message_of_another_run_counts_for_nothing),
        cmocka_unit_test(shares_are_told_within_three_percent),
    };

    return cmocka_run_group_tests_name("tools/sim/check.c", tests, NULL, NULL);
}
