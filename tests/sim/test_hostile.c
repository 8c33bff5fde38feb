/* tests/sim/test_hostile.c - a site among peers that send anything; good nodes never notice. */
#include <stdlib.h>

#include "tests/sim/world.h"
#include "tests/vectors/sn.h"

#define SEEDS   2
#define BATCHES 100
#define BATCH   100
#define BAD     16

/* SIM_SEEDS=100 make check-sim/test_hostile tries more of them. */
static uint64_t seeds(void)
{
    const char *more = getenv("SIM_SEEDS");

    return more == NULL ? SEEDS : strtoull(more, NULL, 10);
}

static const char conf[] =
    "[listener udp]\ntype = udp\nbind = 0.0.0.0:1884\nretry = 500ms\nretries = 10\n"
    "publish_without_connect = yes\n[limits]\nnodes = 20\n"
    "[broker local]\nbind = 127.0.0.1:1883\n[store]\npath = disk\ncommit_delay = 3ms\n";

/* One of the bad. The fourth octet is no good node's: what they are sent goes nowhere. */
static struct sn_peer bad_peer(unsigned number)
{
    struct sn_peer peer = {.addr_len = 6, .near = number % 2, .forwarder = number % 3 == 0};

    memcpy(peer.addr, (uint8_t[]){192, 168, (uint8_t)number, 200, 7, 92}, 6);
    return peer;
}

/* Flips, cuts, doubles, lengthens; often not at all, so that sessions come to be. */
static size_t mutate(struct rng *rng, uint8_t *octets, size_t len, size_t size)
{
    for (uint64_t times = rng_below(rng, 4); times > 0 && len > 0; times--) {
        size_t at = rng_below(rng, len);

        switch (rng_below(rng, 5)) {
        case 0: octets[at] ^= (uint8_t)(1u << rng_below(rng, 8)); break;
        case 1: octets[at] = (uint8_t)rng_next(rng); break;
        case 2: len = at; break;
        case 3: octets[0] = (uint8_t)len; break;
        default:
            if (len < size) {
                memmove(octets + at + 1, octets + at, len - at);
                len++;
            }
            break;
        }
    }
    return len;
}

/* One of what nodes say, or of what gateways say, mutated or not. */
static void bad_datagram(struct sim *sim, struct rng *rng)
{
    const struct sn_vector *from = &sn_vectors[rng_below(rng, COUNT(sn_vectors))];
    struct sn_peer peer = bad_peer((unsigned)rng_below(rng, BAD));
    uint8_t octets[400];
    size_t len = from->wire.len < sizeof octets ? from->wire.len : sizeof octets;

    memcpy(octets, from->wire.at, len);
    len = mutate(rng, octets, len, sizeof octets);
    hub_datagram(sim->hub, &peer, at_edge(span_of(octets, len), len), sim->now_ms);
}

/* CVE or not: batches of a hundred mutated datagrams, and a good node is served between them. */
static void good_nodes_are_served_among_mutated_datagrams(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct sim *sim = sim_new(conf, seed);
        struct sim_client *writer = sim_client(sim, false, "writer", true);
        struct sim_node *node = sim_node(sim, "good");
        struct rng rng = {seed};

        sim_node_connect(sim, node, false);
        sim_node_subscribe(sim, node, "good/#", 2);
        for (size_t batch = 0; batch < BATCHES; batch++) {
            char data[16];

            for (size_t i = 0; i < BATCH; i++) {
                bad_datagram(sim, &rng);
            }
            sim_run(sim, 1 + rng_below(&rng, 2000));
            snprintf(data, sizeof data, "b%zu", batch);
            sim_client_publish(sim, writer, "good/x", data, 0x04);
            sim_node_publish(sim, node, data, 1);
            sim_run(sim, 100);
            assert_int_equal(sim_times(&node->inbox, data), 1);
        }
        assert_int_equal(node->events[SNODE_REJOINING], 0);
        sim_free(sim);
    }
}

/* All octets by chance: garbage between good datagrams. SN-198 */
static void good_nodes_are_served_among_garbage(void **state)
{
    struct sim *sim = sim_new(conf, 5);
    struct sim_node *node[4];
    struct rng rng = {5};

    (void)state;
    for (size_t n = 0; n < COUNT(node); n++) {
        char id[8];

        snprintf(id, sizeof id, "g%zu", n);
        node[n] = sim_node(sim, id);
        sim_node_connect(sim, node[n], true);
    }
    for (size_t i = 0; i < 20000; i++) {
        uint8_t octets[64];
        size_t len = rng_below(&rng, sizeof octets);
        struct sn_peer peer = bad_peer((unsigned)rng_below(&rng, 256));

        for (size_t at = 0; at < len; at++) {
            octets[at] = (uint8_t)rng_next(&rng);
        }
        hub_datagram(sim->hub, &peer, at_edge(span_of(octets, len), len), sim->now_ms);
        if (i % 500 == 0) {
            sim_node_publish(sim, node[i / 500 % COUNT(node)], "x", 2);
        }
    }
    for (size_t n = 0; n < COUNT(node); n++) {
        assert_int_equal(node[n]->events[SNODE_REJOINING], 0);
    }
    sim_free(sim);
}

/* CONNECT under new ids from new addresses, kept and clean, as fast as they come. */
static void a_flood_of_connects_writes_little_and_drives_nobody_out(void **state)
{
    struct sim *sim = sim_new(conf, 7);
    struct sim_node *node = sim_node(sim, "good");
    struct sim_node *late = sim_node(sim, "late");
    uint64_t records = 0;

    (void)state;
    sim_node_connect(sim, node, false);
    sim_node_subscribe(sim, node, "site/#", 1);
    sim_run(sim, 1000);
    records = hub_broker(sim->hub)->sessions->journal->last;
    for (unsigned i = 0; i < 5000; i++) {
        struct sn_peer peer = {.addr_len = 6, .addr = {172, (uint8_t)(i >> 8), (uint8_t)i, 200}};
        char text[16];
        uint8_t wire[32] = {0, 4, 0, 1, 0, 60};

        wire[0] = (uint8_t)(6 + snprintf(text, sizeof text, "evil%u", i));
        memcpy(wire + 6, text, strlen(text));
        hub_datagram(sim->hub, &peer, span_of(wire, wire[0]), sim->now_ms);
        if (i % 100 == 0) {
            sim_run(sim, 10);
        }
    }
    assert_null(
        mqtt_session_find(hub_broker(sim->hub)->sessions, MQTT_DOOR_NODE, span_of_text("evil0")));
    records = hub_broker(sim->hub)->sessions->journal->last - records;
    assert_true(records < 1000); /* a few rows of the registry */
    sim_node_publish(sim, node, "still there", 1);
    sim_run(sim, 1000);
    assert_int_equal(sim_times(&node->inbox, "still there"), 1);
    sim_node_connect(sim, late, true); /* and a newcomer finds a place */
    sim_node_publish(sim, late, "me too", 1);
    sim_run(sim, 1000);
    assert_int_equal(sim_times(&node->inbox, "me too"), 1);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_nodes_are_served_among_mutated_datagrams),
        cmocka_unit_test(good_nodes_are_served_among_garbage),
        cmocka_unit_test(a_flood_of_connects_writes_little_and_drives_nobody_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
