/* tests/sim/test_full.c - a store that is full for a while; from several seeds. */
#include "tests/sim/world.h"

#define SEEDS 8

static const char kept[] =
    "[listener udp]\ntype = udp\nbind = 0.0.0.0:1884\nretry = 500ms\nretries = 10\n"
    "[broker local]\nbind = 127.0.0.1:1883\n"
    "[store]\npath = disk\ncommit_delay = 3ms\n";

static const char *numbered(size_t i)
{
    static char text[32];

    (void)snprintf(text, sizeof text, "m%03zu", i);
    return text;
}

/* A QoS 2 reader with a kept session stays away until the store is full; the node gets congestion
 * until the reader is back and has drained it, and nothing is lost or doubled. */
static void a_full_store_drains_and_takes_again(uint64_t seed)
{
    struct sim *sim = sim_new(kept, seed);
    struct sim_client *reader = sim_client(sim, false, "reader", false);
    struct sim_node *node = sim_node(sim, "n1");
    size_t taken = 0;

    sim_client_subscribe(sim, reader, "site/#", 2);
    sim_client_drop(sim, reader);
    sim_node_connect(sim, node, true);
    sim->disk.most = 30; /* rows, one a message */
    while (!sim->disk.full) {
        sim_node_publish(sim, node, numbered(taken), 2);
        assert_int_equal(node->events[SNODE_CONGESTED], 0);
        taken++;
    }
    assert_in_range(taken, 25, 35);
    assert_int_equal(
        snode_publish(&node->core, &(struct snode_message){.topic = snode_index(0),
                                                           .data = span_of_text("late"),
                                                           .qos = 2}),
        SNODE_OK);
    sim_wait(sim, node, SNODE_CONGESTED);
    assert_true(sim->disk.full);
    sim_client_reconnect(sim, reader, "reader", false);
    sim_wait(sim, node, SNODE_PUBLISHED);
    assert_int_equal(node->code, 0);
    assert_false(sim->disk.full);
    sim_run(sim, 5000);
    for (size_t i = 0; i < taken; i++) {
        assert_int_equal(sim_times(&reader->inbox, numbered(i)), 1);
    }
    assert_int_equal(sim_times(&reader->inbox, "late"), 1);
    sim_free(sim);
}

static void a_full_store_drains_while_nodes_get_congestion(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        a_full_store_drains_and_takes_again(seed);
    }
}

static enum snode_err publish(struct sim_node *node, const char *data)
{
    return snode_publish(
        &node->core,
        &(struct snode_message){.topic = snode_index(0), .data = span_of_text(data), .qos = 2});
}

/* What was under way waits for the disk, what comes later gets congestion; all of it arrives once
 * when the disk works again. */
static void a_failing_store_keeps_again(uint64_t seed)
{
    struct sim *sim = sim_new(kept, seed);
    struct sim_client *reader = sim_client(sim, false, "reader", false);
    struct sim_node *early = sim_node(sim, "early");
    struct sim_node *late = sim_node(sim, "late");

    sim_client_subscribe(sim, reader, "site/#", 2);
    sim_node_connect(sim, early, true);
    sim_node_connect(sim, late, true);
    sim_node_publish(sim, early, "before", 2);
    sim_node_publish(sim, late, "before too", 2);
    sim->disk.fails = true;
    assert_int_equal(publish(early, "under way"), SNODE_OK);
    sim_run(sim, 1000);
    assert_int_equal(sim_times(&reader->inbox, "under way"), 0);
    assert_int_equal(publish(late, "meanwhile"), SNODE_OK);
    sim_wait(sim, late, SNODE_CONGESTED);
    sim->disk.fails = false;
    sim_wait(sim, late, SNODE_PUBLISHED);
    sim_run(sim, 5000);
    assert_int_equal(sim_times(&reader->inbox, "before"), 1);
    assert_int_equal(sim_times(&reader->inbox, "under way"), 1);
    assert_int_equal(sim_times(&reader->inbox, "meanwhile"), 1);
    sim_free(sim);
}

static void a_failing_store_answers_congestion_until_it_keeps_again(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        a_failing_store_keeps_again(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_store_drains_while_nodes_get_congestion),
        cmocka_unit_test(a_failing_store_answers_congestion_until_it_keeps_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
