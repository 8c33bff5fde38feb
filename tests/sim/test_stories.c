/* tests/sim/test_stories.c - days on a site, in milliseconds; each story from several seeds. */
#include <stdlib.h>

#include "mqtt/packet.h"
#include "tests/sim/world.h"

#define SEEDS 16

/* SIM_SEEDS=1000 make check-sim/test_stories tries more of them. */
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
static const char cloudy[] = "[listener udp]\ntype = udp\nbind = 0.0.0.0:1884\n"
                             "[broker local]\nbind = 127.0.0.1:1883\n"
                             "[store]\npath = disk\n"
                             "[upstream cloud]\nurl = mqtt://far.example\n"
                             "send = site/# to up/%t qos 1\nreceive = down/# to site/set/%t\n"
                             "reconnect = 1s..8s\n";

static const struct sim_faults bad_air = {.lost = 200, .doubled = 100, .late_ms = 200};

static const char *numbered(const char *prefix, size_t i)
{
    static char text[32];

    snprintf(text, sizeof text, "%s%03zu", prefix, i);
    return text;
}

/* Every number from 0 to count - 1 came `least` to `most` times. */
static void assert_all_came(const struct sim_inbox *inbox, const char *prefix, size_t count,
                            size_t most)
{
    for (size_t i = 0; i < count; i++) {
        assert_in_range(sim_times(inbox, numbered(prefix, i)), 1, most);
    }
}

static void assert_in_order(const struct sim_inbox *inbox, const char *prefix)
{
    const char *last = "";

    for (size_t i = 0; i < inbox->count; i++) {
        if (strncmp(inbox->at[i].data, prefix, strlen(prefix)) == 0 && !inbox->at[i].dup) {
            assert_true(strcmp(last, inbox->at[i].data) <= 0);
            last = inbox->at[i].data;
        }
    }
}

static void a_nodes_value_reaches_a_subscriber_at_each_qos(void **state)
{
    struct sim *sim = sim_new(plain, 1);
    struct sim_client *reader = sim_client(sim, false, "reader", true);
    struct sim_node *node = sim_node(sim, "n1");

    (void)state;
    sim_client_subscribe(sim, reader, "site/#", 2);
    sim_node_connect(sim, node, true);
    sim_node_publish(sim, node, "zero", 0);
    sim_node_publish(sim, node, "one", 1);
    sim_node_publish(sim, node, "two", 2);
    sim_run(sim, 1000);
    assert_int_equal(reader->inbox.count, 3);
    assert_string_equal(reader->inbox.at[0].topic, "site/value");
    for (uint8_t qos = 0; qos < 3; qos++) {
        assert_int_equal(reader->inbox.at[qos].qos, qos);
    }
    sim_free(sim);
}

static void bad_air_loses_nothing_and_doubles_no_qos2(uint64_t seed)
{
    struct sim *sim = sim_new(plain, seed);
    struct sim_client *reader = sim_client(sim, false, "reader", true);
    struct sim_node *node[4];

    sim_client_subscribe(sim, reader, "#", 2);
    sim->faults = bad_air;
    for (size_t n = 0; n < COUNT(node); n++) {
        node[n] = sim_node(sim, numbered("n", n));
        sim_node_connect(sim, node[n], true);
    }
    for (size_t i = 0; i < 20; i++) {
        for (size_t n = 0; n < COUNT(node); n++) {
            char data[32];

            snprintf(data, sizeof data, "%c%zu-%03zu", i % 2 ? 'b' : 'a', n, i);
            sim_node_publish(sim, node[n], data, i % 2 ? 2 : 1);
        }
    }
    sim_run(sim, 20000);
    for (size_t i = 0; i < 20; i++) {
        for (size_t n = 0; n < COUNT(node); n++) {
            char data[32];

            snprintf(data, sizeof data, "%c%zu-%03zu", i % 2 ? 'b' : 'a', n, i);
            assert_in_range(sim_times(&reader->inbox, data), 1, i % 2 ? 1 : 20);
        }
    }
    sim_free(sim);
}

static void qos1_comes_and_qos2_comes_once_through_bad_air(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        bad_air_loses_nothing_and_doubles_no_qos2(seed);
    }
}

static void a_node_with_a_wildcard_hears_each_topic_by_name(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct sim *sim = sim_new(plain, seed);
        struct sim_client *writer = sim_client(sim, false, "writer", true);
        struct sim_node *node = sim_node(sim, "n1");

        sim->faults = bad_air;
        sim_node_connect(sim, node, true);
        sim_node_subscribe(sim, node, "set/+/valve", 2);
        for (size_t i = 0; i < 12; i++) {
            char topic[32];

            snprintf(topic, sizeof topic, "set/bed-%zu/valve", i % 4);
            sim_client_publish(sim, writer, topic, numbered("m", i), i % 2 ? 0x04 : 0x02);
            sim_run(sim, 100);
        }
        sim_run(sim, 60000);
        for (size_t i = 0; i < 12; i++) {
            char topic[32];
            size_t at = 0;

            snprintf(topic, sizeof topic, "set/bed-%zu/valve", i % 4);
            assert_in_range(sim_times(&node->inbox, numbered("m", i)), 1, i % 2 ? 1 : 12);
            while (strcmp(node->inbox.at[at].data, numbered("m", i)) != 0) {
                at++;
            }
            assert_string_equal(node->inbox.at[at].topic, topic);
        }
        sim_free(sim);
    }
}

/* SN-167 to SN-172, SN-177: what came meanwhile arrives in order in one waking. */
static void a_sleeper_gets_everything_in_one_waking(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct sim *sim = sim_new(plain, seed);
        struct sim_client *writer = sim_client(sim, false, "writer", true);
        struct sim_node *node = sim_node(sim, "n1");

        sim_node_connect(sim, node, true);
        sim_node_subscribe(sim, node, "set/#", 1);
        assert_int_equal(snode_sleep(&node->core, 600), SNODE_OK);
        sim_wait(sim, node, SNODE_SLEEPS);
        for (size_t i = 0; i < 100; i++) {
            sim_client_publish(sim, writer, "set/a", numbered("m", i), 0x02);
        }
        sim_run(sim, 60000);
        assert_int_equal(writer->pubacks, 100);
        assert_int_equal(node->inbox.count, 0);
        sim->faults = (struct sim_faults){.lost = 50, .late_ms = 20};
        assert_int_equal(snode_wake(&node->core), SNODE_OK);
        sim_wait(sim, node, SNODE_AWAKE_DONE);
        assert_all_came(&node->inbox, "m", 100, 12);
        assert_int_equal(snode_state(&node->core), SNODE_ASLEEP);
        sim_free(sim);
    }
}

static void a_lost_nodes_will_and_retained_value_cross_the_border(void **state)
{
    static const struct snode_will will = {
        .topic = "site/state", .data = {(const uint8_t *)"gone", 4}, .qos = 1, .retain = true};
    struct sim *sim = sim_new(plain, 5);
    struct sim_client *reader = sim_client(sim, false, "reader", true);
    struct sim_node *node = sim_node(sim, "n1");
    struct sim_node *late = sim_node(sim, "n2");

    (void)state;
    sim_client_subscribe(sim, reader, "site/state", 1);
    assert_int_equal(snode_set_will(&node->core, &will), SNODE_OK);
    sim_node_connect(sim, node, true);
    node->off = true;
    sim_run(sim, 40000); /* keep alive 30 s, +50 % */
    assert_int_equal(sim_times(&reader->inbox, "gone"), 0);
    sim_run(sim, 10000);
    assert_int_equal(sim_times(&reader->inbox, "gone"), 1);
    sim_node_connect(sim, late, true);
    sim_node_subscribe(sim, late, "site/state", 1);
    sim_run(sim, 1000);
    assert_int_equal(sim_times(&late->inbox, "gone"), 1);
    assert_true(late->inbox.at[0].retain);
    sim_free(sim);
}

static void what_was_acknowledged_while_the_cloud_was_away_arrives(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct sim *sim = sim_new(cloudy, seed);
        struct sim_client *cloud = sim_client(sim, true, "cloud", true);
        struct sim_node *node = sim_node(sim, "n1");

        sim_client_subscribe(sim, cloud, "up/#", 1);
        sim_node_connect(sim, node, false);
        sim_run(sim, 5000);
        for (size_t i = 0; i < 60; i++) {
            if (i == 20) {
                sim->far_down = true;
                hub_uplink_down(sim->hub, 0, "cut", sim->now_ms);
            }
            sim_node_publish(sim, node, numbered("m", i), 1);
        }
        sim_run(sim, 30000);
        sim->far_down = false;
        sim_run(sim, 30000);
        assert_all_came(&cloud->inbox, "m", 60, 2);
        assert_in_order(&cloud->inbox, "m");
        assert_string_equal(cloud->inbox.at[0].topic, "up/value");
        sim_free(sim);
    }
}

static void a_command_from_the_cloud_reaches_a_node_and_does_not_echo(void **state)
{
    struct sim *sim = sim_new(cloudy, 3);
    struct sim_client *cloud = sim_client(sim, true, "cloud", true);
    struct sim_node *node = sim_node(sim, "n1");

    (void)state;
    sim_client_subscribe(sim, cloud, "up/#", 1);
    sim_node_connect(sim, node, true);
    sim_node_subscribe(sim, node, "site/set/#", 1);
    sim_run(sim, 5000);
    sim_client_publish(sim, cloud, "down/valve", "open", 0x02);
    sim_run(sim, 5000);
    assert_int_equal(sim_times(&node->inbox, "open"), 1);
    assert_string_equal(node->inbox.at[0].topic, "site/set/valve");
    assert_int_equal(sim_times(&cloud->inbox, "open"), 0); /* site/# goes up, but not what came */
    sim_free(sim);
}

/* Crashes at any moment: acknowledged is kept, QoS 2 is exactly once. */
static void crash_story(uint64_t seed)
{
    struct sim *sim = sim_new(kept, seed);
    struct sim_client *reader = sim_client(sim, false, "reader", false);
    struct sim_node *node = sim_node(sim, "n1");
    struct rng when = {seed};
    size_t next_crash = 0;

    sim_client_subscribe(sim, reader, "site/#", 2);
    sim_client_drop(sim, reader);
    sim_node_connect(sim, node, false);
    sim->faults = (struct sim_faults){.lost = 50, .late_ms = 20};
    for (size_t i = 0; i < 60; i++) {
        if (i == next_crash) {
            sim_crash(sim);
            next_crash += 1 + rng_below(&when, 20);
        }
        sim_node_publish(sim, node, numbered(i % 2 ? "b" : "a", i), i % 2 ? 2 : 1);
        sim_run(sim, rng_below(&when, 10));
    }
    sim_crash(sim);
    sim->faults = (struct sim_faults){0};
    sim_client_reconnect(sim, reader, "reader", false);
    assert_true(reader->present);
    sim_run(sim, 30000);
    for (size_t i = 0; i < 60; i++) {
        size_t times = sim_times(&reader->inbox, numbered(i % 2 ? "b" : "a", i));

        assert_in_range(times, 1, i % 2 ? 1 : 20);
    }
    sim_free(sim);
}

static void a_crash_loses_nothing_that_was_acknowledged(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4 * seeds(); seed++) {
        crash_story(seed);
    }
}

/* SN-084, 7.3: ids of a kept session mean the same after a restart. */
static void a_sleepers_queue_and_topic_ids_survive_a_crash(void **state)
{
    struct sim *sim = sim_new(kept, 9);
    struct sim_client *writer = sim_client(sim, false, "writer", true);
    struct sim_node *node = sim_node(sim, "n1");

    (void)state;
    sim_node_connect(sim, node, false);
    sim_node_subscribe(sim, node, "set/#", 1);
    sim_node_publish(sim, node, "first", 1);
    assert_int_equal(snode_sleep(&node->core, 600), SNODE_OK);
    sim_wait(sim, node, SNODE_SLEEPS);
    for (size_t i = 0; i < 20; i++) {
        sim_client_publish(sim, writer, "set/a", numbered("m", i), 0x02);
    }
    sim_run(sim, 1000);
    assert_int_equal(writer->pubacks, 20);
    sim_crash(sim);
    sim_node_connect(sim, node, false);
    sim_run(sim, 5000);
    assert_all_came(&node->inbox, "m", 20, 1);
    assert_in_order(&node->inbox, "m");
    sim_free(sim);
}

static uint64_t trace_of(uint64_t seed)
{
    struct sim *sim = sim_new(plain, seed);
    struct sim_node *node = sim_node(sim, "n1");
    uint64_t trace = 0;

    sim->faults = bad_air;
    sim_node_connect(sim, node, true);
    sim_node_subscribe(sim, node, "site/#", 2);
    for (size_t i = 0; i < 10; i++) {
        sim_node_publish(sim, node, numbered("m", i), 2);
    }
    sim_run(sim, 10000);
    trace = sim->trace;
    sim_free(sim);
    return trace;
}

static void the_same_seed_gives_the_same_trace(void **state)
{
    (void)state;
    assert_true(trace_of(7) == trace_of(7));
    assert_true(trace_of(7) != trace_of(8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nodes_value_reaches_a_subscriber_at_each_qos),
        cmocka_unit_test(qos1_comes_and_qos2_comes_once_through_bad_air),
        cmocka_unit_test(a_node_with_a_wildcard_hears_each_topic_by_name),
        cmocka_unit_test(a_sleeper_gets_everything_in_one_waking),
        cmocka_unit_test(a_lost_nodes_will_and_retained_value_cross_the_border),
        cmocka_unit_test(what_was_acknowledged_while_the_cloud_was_away_arrives),
        cmocka_unit_test(a_command_from_the_cloud_reaches_a_node_and_does_not_echo),
        cmocka_unit_test(a_crash_loses_nothing_that_was_acknowledged),
        cmocka_unit_test(a_sleepers_queue_and_topic_ids_survive_a_crash),
        cmocka_unit_test(the_same_seed_gives_the_same_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
