/* tests/sim/test_registry.c - what is known of nodes over crashes in bad air, from several seeds.
 */
#include <stdlib.h>

#include "gateway/hub/registry.h"
#include "tests/sim/world.h"

#define SEEDS 8
#define NODES 12

static uint64_t seeds(void)
{
    const char *more = getenv("SIM_SEEDS");

    return more == NULL ? SEEDS : strtoull(more, NULL, 10);
}

static const char conf[] =
    "[listener udp]\ntype = udp\nbind = 0.0.0.0:1884\nretry = 500ms\nretries = 10\n"
    "[broker local]\nbind = 127.0.0.1:1883\n[store]\npath = disk\ncommit_delay = 3ms\n"
    "[node bed-3]\nclient_id = n3\n";

static const struct sim_faults bad_air = {.lost = 200, .doubled = 100, .late_ms = 40};

static const char *name_of(size_t i)
{
    static char text[8];

    snprintf(text, sizeof text, i == 3 ? "bed-%zu" : "n%zu", i);
    return text;
}

static struct hub_node_view view_of(struct sim *sim, size_t i)
{
    struct hub_node_view view;

    if (!hub_node_find(sim->hub, span_of_text(name_of(i)), &view)) {
        fail_msg("%s is not known", name_of(i));
    }
    return view;
}

static size_t count(struct sim *sim)
{
    struct hub_nodes_walk walk = {0};
    struct hub_node_view view;
    size_t nodes = 0;

    while (hub_nodes_next(sim->hub, &walk, &view)) {
        nodes++;
    }
    return nodes;
}

static void connect_all(struct sim *sim, struct sim_node *nodes[NODES])
{
    for (size_t i = 0; i < NODES; i++) {
        sim_node_connect(sim, nodes[i], i % 2 == 0);
        sim_node_publish(sim, nodes[i], "x", 1);
    }
    sim_run(sim, 100); /* what was seen is on disk */
}

static void every_node_is_known_after_each_crash(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct sim *sim = sim_new(conf, seed);
        struct sim_node *nodes[NODES];
        uint64_t first_ms[NODES];

        sim->faults = bad_air;
        for (size_t i = 0; i < NODES; i++) {
            char id[8];

            snprintf(id, sizeof id, "n%zu", i);
            nodes[i] = sim_node(sim, id);
        }
        connect_all(sim, nodes);
        for (size_t i = 0; i < NODES; i++) {
            first_ms[i] = view_of(sim, i).first_seen_ms;
        }
        for (size_t crash = 0; crash < 3; crash++) {
            sim_run(sim, 5000);
            sim_crash(sim);
            assert_int_equal(count(sim), NODES);
            for (size_t i = 0; i < NODES; i++) {
                struct hub_node_view view = view_of(sim, i);

                assert_int_equal(view.state, HUB_NODE_DISCONNECTED);
                assert_int_equal(view.first_seen_ms, first_ms[i]);
                assert_true(view.last_seen_ms >= first_ms[i]);
                assert_int_equal(view.has_session, i % 2 != 0);
            }
            connect_all(sim, nodes);
            for (size_t i = 0; i < NODES; i++) {
                assert_int_equal(view_of(sim, i).state, HUB_NODE_ACTIVE);
            }
        }
        sim_free(sim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_node_is_known_after_each_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
