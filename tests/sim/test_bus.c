/* tests/sim/test_bus.c - master and nodes on a virtual bus that errs. */
#include <stdio.h>

#include "tests/sim/bus.h"
#include "tests/support.h"

#define SECOND UINT64_C(1000000)

/* All that nodes' programs were let say came once, in order, and nothing else did. */
static void all_came(struct vbus *bus, const char *what)
{
    struct vbus_result r;

    vbus_hush(bus);
    for (unsigned i = 0; i < 600 && vbus_left(bus) > 0; i++) {
        vbus_run(bus, SECOND / 10);
    }
    r = vbus_result(bus);
    if (r.wrong + r.again + r.skipped != 0 || r.came != r.said - r.refused || r.came == 0) {
        fail_msg("%s: %llu of %llu came, %llu wrong, %llu again, %llu skipped", what,
                 (unsigned long long)r.came, (unsigned long long)(r.said - r.refused),
                 (unsigned long long)r.wrong, (unsigned long long)r.again,
                 (unsigned long long)r.skipped);
    }
}

static void play(const struct vbus_setup *setup, const char *what)
{
    struct vbus *bus = vbus_new(setup);

    vbus_run(bus, setup->nodes > 32 ? 5 * SECOND : 10 * SECOND);
    all_came(bus, what);
    vbus_free(bus);
}

static struct vbus_setup usual(unsigned nodes, double share)
{
    return (struct vbus_setup){.baud = 115200,
                               .nodes = nodes,
                               .host_us = 1500,
                               .assigned = true,
                               .per_second = share * 115200 / 270 / nodes,
                               .octets = 27,
                               .seed = nodes};
}

static void all_that_is_said_comes_once_and_in_order_however_many_nodes(void **state)
{
    static const unsigned counts[] = {1, 2, 3, 8, 32, 33, 128, 247};

    (void)state;
    for (size_t i = 0; i < COUNT(counts); i++) {
        struct vbus_setup setup = usual(counts[i], 0.3);
        char what[32];

        setup.answered = true;
        (void)snprintf(what, sizeof what, "%u nodes", counts[i]);
        play(&setup, what);
    }
}

static void a_bad_line_costs_time_and_no_message(void **state)
{
    static const struct {
        const char *what;
        struct vbus_setup more;
    } rows[] = {
        {"bit errors of 1e-5", {.ber = 1e-5}},
        {"bit errors of 1e-4", {.ber = 1e-4}},
        {"bit errors of 1e-3", {.ber = 1e-3}},
        {"octets dropped", {.dropped = 1e-3}},
        {"octets inserted", {.inserted = 1e-3}},
        {"a stray 00 at each turnaround", {.stray = 1}},
        {"its own echo", {.echo = true, .stray = 0.3}},
        {"clocks 1 % off", {.skewed = true}},
        {"a host at once", {.host_us = 300}},
        {"a host that is 17 ms late", {.host_us = 17000}},
        {"all of it",
         {.ber = 1e-4,
          .dropped = 1e-4,
          .inserted = 1e-4,
          .stray = 0.1,
          .echo = true,
          .skewed = true,
          .host_us = 17000}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (unsigned nodes = 1; nodes <= 32; nodes = nodes == 1 ? 8 : nodes * 4) {
            struct vbus_setup setup = usual(nodes, nodes == 1 ? 0.1 : 0.2);
            char what[64];

            setup.ber = rows[i].more.ber;
            setup.dropped = rows[i].more.dropped;
            setup.inserted = rows[i].more.inserted;
            setup.stray = rows[i].more.stray;
            setup.echo = rows[i].more.echo;
            setup.skewed = rows[i].more.skewed;
            setup.host_us = rows[i].more.host_us != 0 ? rows[i].more.host_us : setup.host_us;
            setup.answered = true;
            (void)snprintf(what, sizeof what, "%s, %u nodes", rows[i].what, nodes);
            play(&setup, what);
        }
    }
}

/* Turns that nobody can read come in rows on such a line, of many nodes in turn. */
static void a_very_bad_line_is_not_two_devices_of_one_address(void **state)
{
    struct vbus_setup setup = usual(32, 0.4);
    struct vbus *bus = NULL;

    (void)state;
    setup.ber = 1e-3;
    setup.dropped = setup.inserted = 1e-4;
    setup.stray = 0.1;
    setup.skewed = true;
    setup.answered = true;
    setup.echo = true;
    setup.seed = 30;
    bus = vbus_new(&setup);
    vbus_run(bus, 600 * SECOND);
    all_came(bus, "ten minutes");
    vbus_free(bus);
}

static void each_rate_serves(void **state)
{
    static const uint32_t rates[] = {9600, 19200, 38400, 57600, 250000, 500000, 1000000};

    (void)state;
    for (size_t i = 0; i < COUNT(rates); i++) {
        struct vbus_setup setup = usual(8, 0.2);
        char what[32];

        setup.baud = rates[i];
        setup.per_second = 0.2 * rates[i] / 270 / 8;
        (void)snprintf(what, sizeof what, "%u baud", rates[i]);
        play(&setup, what);
    }
}

static void newcomers_get_an_address_and_are_heard(void **state)
{
    static const struct {
        unsigned nodes;
        uint64_t most_us;
    } rows[] = {{1, 300000}, {8, 500000}, {32, 1000000}, {247, 8000000}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vbus_setup setup = usual(rows[i].nodes, 0.1);
        struct vbus *bus = NULL;
        char what[32];

        setup.assigned = false;
        setup.per_second = 0;
        bus = vbus_new(&setup);
        while (vbus_assigned(bus) < rows[i].nodes && vbus_now(bus) < rows[i].most_us) {
            vbus_run(bus, 1000);
        }
        assert_int_equal(vbus_assigned(bus), rows[i].nodes);
        for (unsigned k = 0; k < rows[i].nodes; k++) {
            assert_true(vbus_say(bus, k));
        }
        (void)snprintf(what, sizeof what, "%u newcomers", rows[i].nodes);
        all_came(bus, what);
        vbus_free(bus);
    }
}

/* A cycle, for it came behind its slot; the rest of the roll call; the transfer; the host. */
static void a_lone_event_waits_no_longer_than_a_cycle_and_its_transfer(void **state)
{
    static const struct {
        unsigned nodes;
        uint64_t most_us;
    } rows[] = {{8, 14000}, {32, 24000}, {247, 95000}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vbus_setup setup = usual(rows[i].nodes, 0);
        struct vbus *bus = vbus_new(&setup);
        struct rng when = {7};

        setup.per_second = 0;
        vbus_run(bus, SECOND);
        for (unsigned k = 0; k < rows[i].nodes; k++) { /* all are known */
            assert_true(vbus_say(bus, k));
            vbus_run(bus, 50000);
        }
        for (unsigned k = 0; k < 200; k++) {
            struct vbus_result before = vbus_result(bus);
            uint64_t from_us = vbus_now(bus);

            assert_true(vbus_say(bus, (unsigned)rng_below(&when, rows[i].nodes)));
            while (vbus_result(bus).came == before.came) {
                vbus_run(bus, 100);
            }
            if (vbus_now(bus) - from_us > rows[i].most_us + setup.host_us) {
                fail_msg("%u nodes: %llu us", rows[i].nodes,
                         (unsigned long long)(vbus_now(bus) - from_us));
            }
            vbus_run(bus, 100000 + rng_below(&when, 100000));
        }
        vbus_free(bus);
    }
}

static void all_at_once_come_within_their_time(void **state)
{
    struct vbus_setup setup = usual(247, 0);
    struct vbus *bus = NULL;
    uint64_t from_us = 0;

    (void)state;
    setup.per_second = 0;
    bus = vbus_new(&setup);
    for (unsigned i = 0; i < 20; i++) { /* how late the host is becomes known */
        assert_true(vbus_say(bus, i));
        vbus_run(bus, SECOND / 10);
    }
    from_us = vbus_now(bus);
    for (unsigned i = 0; i < 247; i++) {
        assert_true(vbus_say(bus, i));
    }
    vbus_run(bus, SECOND * 12 / 10);
    assert_int_equal(vbus_result(bus).came, 20 + 247);
    assert_true(vbus_result(bus).last_us - from_us < SECOND * 12 / 10);
    vbus_free(bus);
}

/* What a device had not said is lost with it; nothing else is, and nothing comes twice. */
static void devices_and_master_may_end_at_any_moment(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct vbus_setup setup = usual(8, 0.3);
        struct vbus *bus = NULL;
        struct rng when = {seed};
        unsigned ends = 0;

        setup.seed = seed;
        setup.ber = 1e-4;
        bus = vbus_new(&setup);
        for (unsigned i = 0; i < 30; i++) {
            vbus_run(bus, rng_below(&when, 300000));
            if (rng_below(&when, 4) == 0) {
                vbus_reset_master(bus);
                ends++;
            } else {
                vbus_reset_node(bus, (unsigned)rng_below(&when, 8));
            }
        }
        vbus_run(bus, 3 * SECOND);
        assert_int_equal(vbus_assigned(bus), 8);
        vbus_hush(bus);
        vbus_run(bus, 5 * SECOND);
        assert_int_equal(vbus_left(bus), 0);
        assert_int_equal(vbus_result(bus).wrong, 0);
        assert_int_equal(vbus_result(bus).skipped, 0);
        assert_true(vbus_result(bus).again <=
                    8 * ends); /* taken by one run, said again to the next */
        vbus_free(bus);
    }
}

static void a_letter_to_who_is_gone_is_given_up(void **state)
{
    static const uint8_t gone[SN_BUS_UID] = {0xAA};
    struct vbus_setup setup = usual(8, 0.1);
    struct vbus *bus = vbus_new(&setup);
    struct sn_bus_master *master = vbus_master(bus);

    (void)state;
    assert_true(sn_bus_give(master, gone, 200));
    for (unsigned i = 0; i < 3; i++) {
        assert_true(sn_bus_send(master, 200, WIRE_SPAN("\x02\x17"), true, i));
    }
    assert_false(sn_bus_send(master, 201, WIRE_SPAN("\x02\x17"), true, 0)); /* nobody's */
    vbus_run(bus, 10 * SECOND);
    assert_int_equal(master->letters.used, 0);
    assert_int_equal(master->count.given_up, 3);
    all_came(bus, "others");
    vbus_free(bus);
}

/* --- addresses that are nobody's ------------------------------------------------------------- */

/* While two had one address, what one said was the other's for the master. */
static void all_are_themselves_again(struct vbus *bus, unsigned nodes, const char *what)
{
    uint64_t came = 0;

    for (unsigned i = 0; i < 1200 && vbus_assigned(bus) < nodes; i++) {
        vbus_run(bus, SECOND / 10);
    }
    if (vbus_assigned(bus) != nodes) {
        fail_msg("%s: %u of %u have their addresses", what, vbus_assigned(bus), nodes);
    }
    vbus_hush(bus);
    vbus_run(bus, 10 * SECOND);
    came = vbus_result(bus).came;
    for (unsigned i = 0; i < nodes; i++) {
        assert_true(vbus_say(bus, i));
    }
    vbus_run(bus, 5 * SECOND);
    assert_int_equal(vbus_result(bus).came - came, nodes);
}

static void nothing_was_lost(struct vbus *bus)
{
    assert_int_equal(vbus_left(bus), 0);
    assert_int_equal(vbus_result(bus).skipped, 0);
    assert_int_equal(vbus_result(bus).wrong, 0);
}

static void whose_address_was_taken_back_asks_anew(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct vbus_setup setup = usual(seed % 2 == 0 ? 8 : 2, 0.2);
        struct vbus *bus = NULL;
        struct rng when = {seed};
        char what[32];

        setup.seed = seed;
        setup.ber = 1e-4;
        bus = vbus_new(&setup);
        for (unsigned i = 0; i < 20; i++) {
            vbus_run(bus, rng_below(&when, 1000000));
            sn_bus_take_back(vbus_master(bus), (uint8_t)(1 + rng_below(&when, setup.nodes)));
        }
        (void)snprintf(what, sizeof what, "seed %llu", (unsigned long long)seed);
        all_are_themselves_again(bus, setup.nodes, what);
        nothing_was_lost(bus);
        assert_true(vbus_result(bus).again <= 20); /* taken, but that was not acknowledged */
        vbus_free(bus);
    }
}

static void who_has_an_address_of_a_store_that_is_lost_asks_anew(void **state)
{
    static const unsigned counts[] = {1, 8, 40, 247};

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(counts); i++) {
        bool is_seen = i >= COUNT(counts); /* else two may have one address for a while */
        struct vbus_setup setup = usual(counts[i % COUNT(counts)], 0.1);
        struct vbus *bus = vbus_new(&setup);

        vbus_run(bus, 2 * SECOND);
        vbus_lose_addresses(bus, is_seen);
        all_are_themselves_again(bus, setup.nodes, is_seen ? "lost" : "lost, without a sign");
        if (is_seen) {
            nothing_was_lost(bus);
        }
        vbus_free(bus);
    }
}

static void who_has_anothers_address_or_nobodys_asks_anew(void **state)
{
    static const uint8_t taken[] = {1, 3, 30, 31, 200, 247};

    (void)state;
    for (size_t i = 0; i < COUNT(taken); i++) {
        struct vbus_setup setup = usual(i % 2 == 0 ? 8 : 2, 0.2);
        struct vbus *bus = vbus_new(&setup);

        vbus_run(bus, SECOND);
        vbus_usurp(bus, 1, taken[i]);
        all_are_themselves_again(bus, setup.nodes, "usurped");
        vbus_free(bus);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_is_said_comes_once_and_in_order_however_many_nodes),
        cmocka_unit_test(a_bad_line_costs_time_and_no_message),
        cmocka_unit_test(a_very_bad_line_is_not_two_devices_of_one_address),
        cmocka_unit_test(each_rate_serves),
        cmocka_unit_test(newcomers_get_an_address_and_are_heard),
        cmocka_unit_test(a_lone_event_waits_no_longer_than_a_cycle_and_its_transfer),
        cmocka_unit_test(all_at_once_come_within_their_time),
        cmocka_unit_test(a_letter_to_who_is_gone_is_given_up),
        cmocka_unit_test(whose_address_was_taken_back_asks_anew),
        cmocka_unit_test(who_has_an_address_of_a_store_that_is_lost_asks_anew),
        cmocka_unit_test(who_has_anothers_address_or_nobodys_asks_anew),
        cmocka_unit_test(devices_and_master_may_end_at_any_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
