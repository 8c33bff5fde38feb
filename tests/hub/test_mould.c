/* tests/hub/test_mould.c - [upstream] with mode = transparent: each node is itself there. */
#include "gateway/hub/mould.h"
#include "tests/hub/far.h"

#define HEAD                                                                       \
    "[gateway]\nname = gw\n[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\n"      \
    "publish_without_connect = predefined\ntopics = all\n[topics all]\n1 = %n/t\n" \
    "[node pipe]\nfrom = 10.0.0.9\n[upstream cloud]\nurl = mqtt://far.example\n"   \
    "mode = transparent\nnodes = *e*\nreconnect = 1s..8s\nqueue_messages = 64\n"   \
    "client_id = %g-%n\nusername = u-%n\n"
#define SENDS "send = +/t to up/%n/%1 qos 1\n"

static const struct span publish_1 = {WIRE("\x08\x0c\x21\0\x01\0\x05x")}; /* by KEY 1, QoS 1 */

/* Node number `n` connects, as bed-`n`, with a clean session. */
static void connect(struct site *site, uint8_t n)
{
    uint8_t wire[] = {11, 4, 4, 1, 0, 60, 'b', 'e', 'd', '-', (uint8_t)('0' + n)};

    site_says(site, n, span_of(wire, sizeof wire));
    assert_span_equal(site_hears(site, n), WIRE_SPAN("\x03\x05\0"));
}

static void publish(struct site *site, uint8_t n)
{
    site_says(site, n, publish_1);
}

/* The client id of the CONNECT that uplink `i` says now; "" if it says none. */
static const char *connect_of(struct site *site, size_t i)
{
    static char id[32];
    struct mqtt_packet packet;
    struct mqtt_out out;

    id[0] = '\0';
    far_forget();
    hub_uplink_up(site->hub, i, site->now_ms);
    if (hub_uplink_output(site->hub, i, &out, site->out, site->now_ms) &&
        mqtt_packet_decode(&packet, out.head, MQTT_LEVEL_3_1_1) == MQTT_OK &&
        packet.type == MQTT_CONNECT) {
        (void)snprintf(id, sizeof id, "%.*s", (int)packet.client_id.len,
                       (const char *)packet.client_id.at);
    }
    return id;
}

static void expect_connect(struct site *site, size_t i, const char *id)
{
    assert_string_equal(connect_of(site, i), id);
    far_says(site, i, WIRE_SPAN("\x20\x02\0\0"));
}

/* Dials that the hub asks for now, by uplink: bit i. */
static unsigned dials(struct site *site)
{
    struct hub_news news;
    unsigned got = 0;

    for (unsigned turns = 0; turns < 3; turns++) {
        hub_pump(site->hub, site->now_ms);
        hub_tick(site->hub, site->now_ms);
    }
    hub_pump(site->hub, site->now_ms);
    while (hub_event(site->hub, &news)) {
        got |= news.kind == HUB_DIAL ? 1u << news.index : 0;
    }
    return got;
}

static void a_node_has_a_connection_and_sends_its_own_alone(void **state)
{
    struct site *site = site_new(HEAD SENDS, false);

    (void)state;
    connect(site, 1);
    connect(site, 2);
    assert_int_equal(dials(site), 0); /* nothing to send, nothing to hear */
    publish(site, 2);
    assert_int_equal(dials(site), 1u << 1);
    expect_connect(site, 1, "gw-bed-2");
    far_hears_publish(site, 1, "up/bed-2/bed-2", "x");
    publish(site, 1);
    here_say(site, "bed-1/t", "nobody's", 1);
    assert_int_equal(dials(site), 1u << 2);
    expect_connect(site, 2, "gw-bed-1");
    far_hears_publish(site, 2, "up/bed-1/bed-1", "x");
    far_hears_nothing(site, 2);
    far_hears_nothing(site, 1);
    site_free(site);
}

static void a_node_hears_what_is_for_it(void **state)
{
    struct site *site = site_new(HEAD "receive = cmd/%n/# to %n/set/%1\n", false);
    struct mqtt_packet packet;

    (void)state;
    connect(site, 1);
    assert_int_equal(dials(site), 1u << 1);
    expect_connect(site, 1, "gw-bed-1");
    assert_true(far_hears(site, 1, &packet));
    assert_int_equal(packet.type, MQTT_SUBSCRIBE);
    assert_span_equal(packet.payload, WIRE_SPAN("\0\x0b"
                                                "cmd/bed-1/#\x01"));
    far_says(site, 1, WIRE_SPAN("\x90\x03\xff\xff\x01"));
    site_says(site, 1,
              WIRE_SPAN("\x0e\x12\x20\0\x09"
                        "bed-1/set"));
    site_says(site, 1,
              WIRE_SPAN("\x10\x12\x20\0\x0a"
                        "bed-1/set/#"));
    far_publishes(site, 1,
                  &(struct mqtt_packet){.topic = span_of_text("cmd/bed-1/lamp"),
                                        .payload = span_of_text("on")});
    site_wait(site, 1);
    assert_int_equal(site_hears(site, 1).at[1], 0x13); /* SUBACK, SUBACK, REGISTER of the topic */
    assert_int_equal(site_hears(site, 1).at[1], 0x13);
    assert_int_equal(site_hears(site, 1).at[1], 0x0a);
    site_free(site);
}

static void one_that_only_sends_without_connecting_has_one_too(void **state)
{
    struct site *site = site_new(HEAD SENDS, false);

    (void)state;
    site_says(site, 9, WIRE_SPAN("\x08\x0c\x61\0\x01\0\0y")); /* QoS -1: goes up as 1 */
    assert_int_equal(dials(site), 1u << 1);
    expect_connect(site, 1, "gw-pipe");
    far_hears_publish(site, 1, "up/pipe/pipe", "y");
    site_free(site);
}

static void those_that_do_not_fit_nodes_have_none(void **state)
{
    struct site *site = site_new(HEAD SENDS, false);

    (void)state;
    site_says(site, 3, WIRE_SPAN("\x09\x04\x04\x01\0\x3cold"));
    assert_span_equal(site_hears(site, 3), WIRE_SPAN("\x03\x05\0"));
    publish(site, 3);
    assert_int_equal(dials(site), 0);
    site_free(site);
}

/* The one used least is left, in order, for one that has something to send. */
static void with_fewer_connections_than_nodes_the_least_used_is_left(void **state)
{
    struct site *site = site_new(HEAD SENDS "connections = 2\n", false);
    struct mqtt_out out;

    (void)state;
    for (uint8_t n = 1; n <= 3; n++) {
        connect(site, n);
    }
    publish(site, 1);
    (void)dials(site);
    expect_connect(site, 1, "gw-bed-1");
    far_hears_publish(site, 1, "up/bed-1/bed-1", "x");
    far_acks(site, 1, MQTT_PUBACK, 1);
    site_wait(site, 10);
    publish(site, 2);
    (void)dials(site);
    expect_connect(site, 2, "gw-bed-2");
    far_hears_publish(site, 2, "up/bed-2/bed-2", "x");
    far_acks(site, 2, MQTT_PUBACK, 1);
    publish(site, 3);
    assert_int_equal(dials(site), 0);
    assert_true(hub_uplink_output(site->hub, 1, &out, site->out, site->now_ms));
    assert_span_equal(out.head, WIRE_SPAN("\xe0\0")); /* DISCONNECT */
    assert_int_equal(dials(site), 1u << 1);
    expect_connect(site, 1, "gw-bed-3");
    far_hears_publish(site, 1, "up/bed-3/bed-3", "x");
    site_free(site);
}

/* One whose login is refused gives way too, and what it has to send waits. */
static void one_that_does_not_come_online_gives_way(void **state)
{
    struct site *site = site_new(HEAD SENDS "connections = 1\n", false);

    (void)state;
    connect(site, 1);
    connect(site, 2);
    publish(site, 1);
    publish(site, 2);
    (void)dials(site);
    for (unsigned tries = 0; tries < 20; tries++) {
        if (strcmp(connect_of(site, 1), "gw-bed-2") == 0) {
            break;
        }
        site_wait(site, HUB_MOULD_DOWN_MS / 4);
    }
    far_says(site, 1, WIRE_SPAN("\x20\x02\0\0"));
    far_hears_publish(site, 1, "up/bed-2/bed-2", "x");
    assert_int_equal(site->hub->moulds[0].sum.queued, 2);
    site_free(site);
}

static void five_a_second_are_dialled(void **state)
{
    struct site *site = site_new(HEAD SENDS, false);

    (void)state;
    for (uint8_t n = 1; n <= 8; n++) {
        connect(site, n);
        publish(site, n);
    }
    assert_int_equal(dials(site), 0x3e); /* uplinks 1 to 5 */
    site_wait(site, 199);
    assert_int_equal(dials(site), 0);
    for (unsigned i = 6; i <= 8; i++) {
        site_wait(site, 1);
        assert_int_equal(dials(site), 1u << i);
        site_wait(site, 199);
        assert_int_equal(dials(site), 0);
    }
    site_free(site);
}

/* The queue is for all together: as many parts as the next power of two above the nodes. */
static void the_queue_is_shared_evenly(void **state)
{
    struct site *site = site_new(HEAD SENDS, false);

    (void)state;
    for (uint8_t n = 1; n <= 3; n++) {
        connect(site, n);
    }
    for (unsigned i = 0; i < 20; i++) {
        publish(site, 1);
    }
    publish(site, 2);
    site_wait(site, HUB_MOULD_LOOK_MS);
    hub_pump(site->hub, site->now_ms);
    assert_int_equal(site->hub->moulds[0].sum.queued, 64 / 4 + 1);
    assert_int_equal(site->hub->moulds[0].sum.full, 4);
    site_free(site);
}

static void a_session_goes_with_its_entry_in_the_registry(void **state)
{
    struct site *site = site_new(HEAD SENDS "[limits]\nnodes = 2\n", false);
    struct mqtt_sessions *ss = hub_broker(site->hub)->sessions;

    (void)state;
    connect(site, 1);
    publish(site, 1);
    assert_non_null(mqtt_session_find(ss, MQTT_DOOR_UPSTREAM, span_of_text("cloud/bed-1")));
    site_says(site, 1, WIRE_SPAN("\x02\x18"));
    for (uint8_t n = 2; n <= 4; n++) {
        connect(site, n);
        site_says(site, n, WIRE_SPAN("\x02\x18"));
        (void)site_hears(site, n);
    }
    (void)dials(site);
    hub_uplink_down(site->hub, 1, "cut", site->now_ms);
    hub_pump(site->hub, site->now_ms);
    hub_pump(site->hub, site->now_ms);
    assert_null(mqtt_session_find(ss, MQTT_DOOR_UPSTREAM, span_of_text("cloud/bed-1")));
    assert_non_null(mqtt_session_find(ss, MQTT_DOOR_UPSTREAM, span_of_text("cloud/bed-4")));
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_has_a_connection_and_sends_its_own_alone),
        cmocka_unit_test(a_node_hears_what_is_for_it),
        cmocka_unit_test(one_that_only_sends_without_connecting_has_one_too),
        cmocka_unit_test(those_that_do_not_fit_nodes_have_none),
        cmocka_unit_test(with_fewer_connections_than_nodes_the_least_used_is_left),
        cmocka_unit_test(one_that_does_not_come_online_gives_way),
        cmocka_unit_test(five_a_second_are_dialled),
        cmocka_unit_test(the_queue_is_shared_evenly),
        cmocka_unit_test(a_session_goes_with_its_entry_in_the_registry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
