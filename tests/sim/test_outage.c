/* tests/sim/test_outage.c - four hours of virtual time without the cloud, ten messages a second:
 * none is lost, none comes out of order, and the node says nothing twice, but what met a gateway
 * that had just begun anew. */
#include "mqtt/packet.h"
#include "tests/sim/world.h"

#define MESSAGES    144000u
#define EACH_MS     100u
#define CRASHES     3u
#define AFTER_CRASH 6u /* DISCONNECT, CONNECT, CONNACK, REGISTER, REGACK, and the PUBLISH again */

static const char cloudy[] =
    "[gateway]\nname = gw\n[listener udp]\ntype = udp\nbind = 0.0.0.0:1884\n"
    "[broker local]\nbind = 127.0.0.1:1883\n[store]\npath = disk\ncommit_delay = 5ms\n"
    "[upstream cloud]\nurl = mqtt://far\nsend = site/# to up/%t qos 1\nreconnect = 1s..2m\n";

static const char *numbered(size_t i)
{
    static char text[16];

    (void)snprintf(text, sizeof text, "%zu", i);
    return text;
}

struct came {
    size_t next;  /* number of the message to come */
    size_t again; /* that came a second time */
};

/* The cloud takes a message: the next, or one again that was under way at a cut. */
static void take_in(void *ctx, const struct mqtt_packet *publish)
{
    struct came *came = ctx;
    size_t number = 0;

    for (size_t i = 0; i < publish->payload.len; i++) {
        number = number * 10 + (size_t)(publish->payload.at[i] - '0');
    }
    assert_int_equal(mqtt_packet_qos(publish), 1);
    if (number < came->next) {
        came->again++;
        return;
    }
    assert_int_equal(number, came->next);
    came->next++;
}

static void four_hours_without_the_cloud_lose_nothing(void **state)
{
    struct sim *sim = sim_new(cloudy, 11);
    struct sim_client *cloud = sim_client(sim, true, "cloud", true);
    struct sim_node *node = sim_node(sim, "n1");
    uint64_t datagrams = 0;
    uint64_t began_ms = 0;
    struct came came = {0};

    (void)state;
    cloud->taker = take_in;
    cloud->ctx = &came;
    sim_client_subscribe(sim, cloud, "up/#", 1);
    sim_node_connect(sim, node, false);
    sim_node_publish(sim, node, numbered(0), 1);
    sim_run(sim, 5000);
    assert_int_equal(came.next, 1);
    sim->far_down = true;
    hub_uplink_down(sim->hub, 0, "cut", sim->now_ms);
    datagrams = sim->datagrams;
    began_ms = sim->now_ms;
    for (size_t i = 1; i <= MESSAGES; i++) {
        sim_node_publish(sim, node, numbered(i), 1);
        sim_run(sim, began_ms + i * EACH_MS - sim->now_ms);
        if (i % (MESSAGES / CRASHES) == MESSAGES / CRASHES / 2) {
            sim_crash(sim);
        }
    }
    assert_int_equal(came.next, 1);
    assert_int_equal(sim->datagrams - datagrams, 2 * MESSAGES + CRASHES * AFTER_CRASH);
    assert_int_equal(node->events[SNODE_CONGESTED], 0);
    sim->far_down = false;
    sim_run(sim, 150000);
    assert_int_equal(came.next, MESSAGES + 1);
    assert_true(came.again <= 20); /* what was under way when it was cut */
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_hours_without_the_cloud_lose_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
