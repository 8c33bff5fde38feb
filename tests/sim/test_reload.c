/* tests/sim/test_reload.c - new configurations under traffic, in bad air, from several seeds. */
#include <stdlib.h>

#include "gateway/hub/apply.h"
#include "tests/sim/world.h"

#define SEEDS      8
#define NODES      3
#define COUNT_EACH 12

static uint64_t seeds(void)
{
    const char *more = getenv("SIM_SEEDS");

    return more == NULL ? SEEDS : strtoull(more, NULL, 10);
}

#define SITE                                                                            \
    "[broker local]\nbind = 127.0.0.1:1883\n[store]\npath = disk\ncommit_delay = 3ms\n" \
    "[upstream cloud]\nurl = mqtt://far.example\nsend = site/# to up/%t qos 1\n"        \
    "reconnect = 1s..8s\n"                                                              \
    "[listener udp]\ntype = udp\nbind = 0.0.0.0:1884\nretries = 10\n"

/* The same site: other names, acls, maps, patience. */
static const char *const files[] = {
    SITE "retry = 500ms\n",
    SITE "retry = 700ms\ntopics = m\nacl = all\n[topics m]\n1 = site/%n/one\n"
         "[acl all]\npublish = #\nsubscribe = #\n[node bed-0]\nclient_id = n0\n",
    SITE "retry = 400ms\ntopics = m\nacl = own\n[topics m]\n1 = site/two\n2 = site/value\n"
         "[acl own]\npublish = site/#\nsubscribe = set/#\npublish = %c/x\n"
         "[group all]\nmatch = n*\nname = g-%c\nsleep_queue = 500\n[node bed-1]\nclient_id = n0\n",
};

static const struct sim_faults bad_air = {.lost = 200, .doubled = 100, .late_ms = 40};

static void apply(struct sim *sim, const char *text)
{
    struct conf_source source = {"next.conf", span_of_text(text)};
    struct conf_report report = {0};
    struct conf *old = sim->conf;

    sim->conf = conf_read(&source, 1, NULL, &report);
    conf_report_fini(&report);
    assert_non_null(sim->conf);
    hub_apply(sim->hub, sim->conf, sim->now_ms);
    conf_free(old);
}

static const char *text_of(char kind, size_t node, size_t i)
{
    static char text[32];

    snprintf(text, sizeof text, "%c%zu-%03zu", kind, node, i);
    return text;
}

static void say_each(struct sim *sim, struct sim_node *nodes[NODES], struct sim_client *writer,
                     size_t i)
{
    for (size_t n = 0; n < NODES; n++) {
        sim_node_publish(sim, nodes[n], text_of('q', n, i), 2);
        sim_client_publish(sim, writer, "set/all", text_of('s', n, i), 4);
    }
}

/* Node to program, program to node, node to cloud: all of it, once, and nobody is disconnected. */
static void nothing_is_lost_or_doubled(uint64_t seed)
{
    struct sim *sim = sim_new(files[0], seed);
    struct sim_client *reader = sim_client(sim, false, "reader", false);
    struct sim_client *writer = sim_client(sim, false, "writer", false);
    struct sim_client *cloud = sim_client(sim, true, "cloud", true);
    struct sim_node *nodes[NODES];

    sim_client_subscribe(sim, reader, "site/#", 2);
    sim_client_subscribe(sim, cloud, "up/#", 1);
    sim->faults = bad_air;
    for (size_t n = 0; n < NODES; n++) {
        char id[8];

        snprintf(id, sizeof id, "n%zu", n);
        nodes[n] = sim_node(sim, id);
        sim_node_connect(sim, nodes[n], n == 0);
        sim_node_subscribe(sim, nodes[n], "set/all", 2);
    }
    for (size_t i = 0; i < COUNT_EACH; i++) {
        apply(sim, files[rng_next(&sim->rng) % COUNT(files)]);
        say_each(sim, nodes, writer, i);
        apply(sim, files[rng_next(&sim->rng) % COUNT(files)]);
        sim_run(sim, rng_next(&sim->rng) % 300);
    }
    sim_run(sim, 60000);
    for (size_t i = 0; i < COUNT_EACH; i++) {
        for (size_t n = 0; n < NODES; n++) {
            assert_int_equal(sim_times(&reader->inbox, text_of('q', n, i)), 1);
            assert_in_range(sim_times(&cloud->inbox, text_of('q', n, i)), 1, 2);
            for (size_t to = 0; to < NODES; to++) {
                assert_int_equal(sim_times(&nodes[to]->inbox, text_of('s', n, i)), 1);
            }
        }
    }
    for (size_t n = 0; n < NODES; n++) {
        assert_int_equal(nodes[n]->events[SNODE_DISCONNECTED], 0);
        assert_int_equal(nodes[n]->events[SNODE_CONNECTED], 1);
    }
    assert_true(reader->connected && writer->connected);
    sim_free(sim);
}

static void a_reload_under_traffic_loses_and_doubles_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        nothing_is_lost_or_doubled(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reload_under_traffic_loses_and_doubles_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
