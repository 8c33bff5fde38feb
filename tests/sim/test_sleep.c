/* tests/sim/test_sleep.c - sleepers in bad air, over crashes; each story from several seeds. */
#include <stdlib.h>

#include "tests/sim/world.h"

#define SEEDS 8

/* SIM_SEEDS=1000 make check-sim/test_sleep tries more of them. */
static uint64_t seeds(void)
{
    const char *more = getenv("SIM_SEEDS");

    return more == NULL ? SEEDS : strtoull(more, NULL, 10);
}

static const char plain[] =
    "[listener udp]\ntype = udp\nbind = 0.0.0.0:1884\nretry = 500ms\nretries = 10\n"
    "[broker local]\nbind = 127.0.0.1:1883\n[store]\npath = none\n";
static const char kept[] =
    "[listener udp]\ntype = udp\nbind = 0.0.0.0:1884\nretry = 500ms\nretries = 10\n"
    "[broker local]\nbind = 127.0.0.1:1883\n"
    "[store]\npath = disk\ncommit_delay = 3ms\n";

static const struct sim_faults bad_air = {.lost = 200, .doubled = 100, .late_ms = 40};

static const char *numbered(const char *prefix, size_t i)
{
    static char text[32];

    snprintf(text, sizeof text, "%s%03zu", prefix, i);
    return text;
}

/* A node that reads "set/#" at QoS 2 and sleeps. */
static struct sim_node *sleeper(struct sim *sim, bool clean)
{
    struct sim_node *node = sim_node(sim, "n1");

    sim_node_connect(sim, node, clean);
    sim_node_subscribe(sim, node, "set/#", 2);
    assert_int_equal(snode_sleep(&node->core, 3600), SNODE_OK);
    sim_wait(sim, node, SNODE_SLEEPS);
    return node;
}

/* A hundred messages of all kinds and seven topics: m at QoS 0, n at 1, o at 2. */
static void publish_hundred(struct sim *sim, struct sim_client *writer)
{
    static const char *const prefixes[] = {"m", "n", "o"};

    for (size_t i = 0; i < 100; i++) {
        char topic[32];

        snprintf(topic, sizeof topic, "set/%zu", i % 7);
        sim_client_publish(sim, writer, topic, numbered(prefixes[i % 3], i), (uint8_t)(i % 3 << 1));
    }
    sim_run(sim, 5000);
}

/* QoS 1 comes, QoS 2 comes once, in order; QoS 0 in `least` cases of 34. */
static void assert_hundred(const struct sim_inbox *inbox, size_t least)
{
    size_t fleeting = 0;
    const char *last = "000";

    for (size_t i = 0; i < 100; i++) {
        size_t times = sim_times(inbox, numbered(i % 3 == 0 ? "m" : i % 3 == 1 ? "n" : "o", i));

        fleeting += i % 3 == 0 && times > 0;
        if (i % 3 != 0) {
            assert_in_range(times, 1, i % 3 == 1 ? 12 : 1);
        }
    }
    assert_true(fleeting >= least);
    for (size_t i = 0; i < inbox->count; i++) { /* QoS 0 may overtake in the air */
        if (inbox->at[i].qos > 0) {
            assert_true(strcmp(last, inbox->at[i].data + 1) <= 0);
            last = inbox->at[i].data + 1;
        }
    }
}

/* SN-168 to SN-172: all hundred, in order, whatever the air does; nothing after PINGRESP. */
static void a_hundred_messages_come_in_one_waking(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct sim *sim = sim_new(plain, seed);
        struct sim_client *writer = sim_client(sim, false, "writer", true);
        struct sim_node *node = sleeper(sim, seed % 2);
        size_t came = 0;

        publish_hundred(sim, writer);
        assert_int_equal(node->inbox.count, 0);
        sim->faults = bad_air;
        sim->faults.lost = seed % 2 ? 200 : 0;
        assert_int_equal(snode_wake(&node->core), SNODE_OK);
        sim_wait(sim, node, SNODE_AWAKE_DONE);
        sim_run(sim, 2 * bad_air.late_ms); /* PINGRESP may overtake in the air */
        assert_hundred(&node->inbox, seed % 2 ? 10 : 34);
        came = node->inbox.count;
        sim_run(sim, 100000);
        assert_int_equal(node->inbox.count, came);
        assert_int_equal(snode_state(&node->core), SNODE_ASLEEP);
        sim_free(sim);
    }
}

/* SN-176 SN-177 */
static void a_hundred_messages_come_to_a_sleeper_that_connects(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct sim *sim = sim_new(plain, seed);
        struct sim_client *writer = sim_client(sim, false, "writer", true);
        struct sim_node *node = sleeper(sim, seed % 2);

        publish_hundred(sim, writer);
        sim->faults.late_ms = 40;
        sim_node_connect(sim, node, false);
        sim_run(sim, 60000);
        assert_hundred(&node->inbox, 34);
        sim_free(sim);
    }
}

/* SN-183: it falls silent again and again; each waking goes on where the last one ended. */
static void a_sleeper_that_falls_silent_loses_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct sim *sim = sim_new(plain, seed);
        struct sim_client *writer = sim_client(sim, false, "writer", true);
        struct sim_node *node = sleeper(sim, seed % 2);
        struct rng when = {seed};

        publish_hundred(sim, writer);
        for (size_t i = 0; i < 20; i++) {
            (void)snode_wake(&node->core);
            sim->faults = (struct sim_faults){.late_ms = 40};
            sim_run(sim, 1 + rng_below(&when, 700));
            sim->faults.lost = 1000; /* out of reach until both have given up */
            sim_run(sim, 120000);
        }
        sim->faults = (struct sim_faults){0};
        if (snode_state(&node->core) == SNODE_ASLEEP) {
            assert_int_equal(snode_wake(&node->core), SNODE_OK);
        }
        sim_run(sim, 60000);
        assert_hundred(&node->inbox, 1);
        sim_free(sim);
    }
}

/* SN-045 SN-181: its address changes while it is active, asleep or awake; it is told, and connects.
 */
static void a_node_that_moves_about_loses_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct sim *sim = sim_new(seed % 2 ? plain : kept, seed);
        struct sim_client *writer = sim_client(sim, false, "writer", true);
        struct sim_client *reader = sim_client(sim, false, "reader", true);
        struct sim_node *node = sleeper(sim, false);
        struct rng when = {seed};

        sim_client_subscribe(sim, reader, "site/#", 2);
        publish_hundred(sim, writer);
        for (size_t i = 0; i < 10; i++) {
            node->port++;
            if (snode_state(&node->core) == SNODE_ASLEEP) {
                assert_int_equal(snode_wake(&node->core), SNODE_OK);
            }
            sim_run(sim, 1 + rng_below(&when, 30));
            if (snode_state(&node->core) == SNODE_ACTIVE) {
                node->port++;
                sim_node_publish(sim, node, numbered("p", i), 2);
                assert_int_equal(snode_sleep(&node->core, 3600), SNODE_OK);
                sim_wait(sim, node, SNODE_SLEEPS);
                assert_int_equal(sim_times(&reader->inbox, numbered("p", i)), 1);
            }
        }
        sim_run(sim, 60000);
        if (snode_state(&node->core) == SNODE_ASLEEP) {
            assert_int_equal(snode_wake(&node->core), SNODE_OK);
        }
        sim_run(sim, 60000);
        assert_hundred(&node->inbox, 1);
        assert_true(node->events[SNODE_REJOINING] > 0);
        sim_free(sim);
    }
}

/* A power cut while it sleeps, or in the midst of its waking. Messages at QoS 0 are in memory. */
static void sleep_goes_on_over_restarts(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct sim *sim = sim_new(kept, seed);
        struct sim_client *writer = sim_client(sim, false, "writer", true);
        struct sim_node *node = sleeper(sim, false);
        struct rng when = {seed};

        publish_hundred(sim, writer);
        for (size_t i = 0; i < 6; i++) {
            sim_crash(sim);
            if (snode_state(&node->core) == SNODE_ASLEEP) {
                (void)snode_wake(&node->core);
            }
            sim_run(sim, 1 + rng_below(&when, 60)); /* it hears DISCONNECT, and connects */
        }
        sim_run(sim, 120000);
        assert_hundred(&node->inbox, 0);
        sim_free(sim);
    }
}

/* A clean session that goes on as a kept one is on disk from then on, ids and all. */
static void a_clean_sleeper_that_connects_is_on_disk(void **state)
{
    struct sim *sim = sim_new(kept, 5);
    struct sim_client *writer = sim_client(sim, false, "writer", true);
    struct sim_node *node = sleeper(sim, true);

    (void)state;
    for (size_t i = 0; i < 10; i++) {
        sim_client_publish(sim, writer, "set/a", numbered("o", i), i % 2 ? 0x04 : 0x02);
    }
    sim_run(sim, 100);
    sim_node_connect(sim, node, false);
    sim_crash(sim); /* CONNACK came: what it promised is there */
    sim_client_reconnect(sim, writer, "writer", true);
    sim_client_publish(sim, writer, "set/a", "after", 0x02);
    sim_run(sim, 1000);
    sim_node_connect(sim, node, false);
    sim_run(sim, 5000);
    for (size_t i = 0; i < 10; i++) {
        assert_in_range(sim_times(&node->inbox, numbered("o", i)), 1, i % 2 ? 1 : 2);
    }
    assert_int_equal(sim_times(&node->inbox, "after"), 1);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_messages_come_in_one_waking),
        cmocka_unit_test(a_hundred_messages_come_to_a_sleeper_that_connects),
        cmocka_unit_test(a_sleeper_that_falls_silent_loses_nothing),
        cmocka_unit_test(a_node_that_moves_about_loses_nothing),
        cmocka_unit_test(sleep_goes_on_over_restarts),
        cmocka_unit_test(a_clean_sleeper_that_connects_is_on_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
