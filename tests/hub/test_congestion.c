/* tests/hub/test_congestion.c - at each limit a request is answered, with "congestion" or what else
 * fits; and when there is room again, all goes on. */
#include "tests/hub/fixture.h"

#define LAN "[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\n"

static const char plain[] = LAN "[store]\npath = none\n";
static const char stored[] = LAN "[store]\npath = disk\ncommit_delay = 5ms\n";

static const struct span connack = {WIRE("\x03\x05\0")};

static void connect_node(struct site *site, uint8_t node, struct span wire)
{
    site_says(site, node, wire);
    assert_span_equal(site_hears(site, node), connack);
}

static struct mqtt_sessions *sessions_of(struct site *site)
{
    return hub_broker(site->hub)->sessions;
}

/* What node 1 is answered, which is one message. */
static struct span answer(struct site *site, struct span wire)
{
    site_says(site, 1, wire);
    return site_hears(site, 1);
}

#define ASK(site, question, reply) \
    assert_span_equal(answer(site, WIRE_SPAN(question)), WIRE_SPAN(reply))

/* SN-136: a node's own limit of subscriptions, not that of MQTT clients. */
static void one_subscription_too_many_is_congestion(void **state)
{
    struct site *site =
        site_new(LAN "[limits]\nsubscriptions = 100, 2\n[store]\npath = none\n", false);

    (void)state;
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\0n1"));
    ASK(site,
        "\x07\x12\0\0\x01"
        "a+",
        "\x08\x13\0\0\0\0\x01\x03"); /* no filter at all: 3 */
    ASK(site, "\x06\x12\0\0\x02#", "\x08\x13\0\0\0\0\x02\0");
    ASK(site, "\x06\x12\x20\0\x03+", "\x08\x13\x20\0\0\0\x03\0");
    ASK(site,
        "\x08\x12\x40\0\x04"
        "a/#",
        "\x08\x13\0\0\0\0\x04\x01");
    ASK(site, "\x06\x12\x40\0\x05#", "\x08\x13\x40\0\0\0\x05\0"); /* one it has may change */
    ASK(site, "\x06\x14\0\0\x06#", "\x04\x15\0\x06");
    ASK(site,
        "\x08\x12\x40\0\x07"
        "a/#",
        "\x08\x13\x40\0\0\0\x07\0");
    site_free(site);
}

/* SN-074: names by count and by octets together. */
static void one_name_too_many_is_congestion(void **state)
{
    struct site *site =
        site_new(LAN "[limits]\nregistrations = 2, 2\n[store]\npath = none\n", false);

    (void)state;
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\0n1"));
    ASK(site,
        "\x07\x0a\0\0\0\x01"
        "a",
        "\x07\x0b\0\x01\0\x01\0");
    ASK(site,
        "\x07\x0a\0\0\0\x02"
        "b",
        "\x07\x0b\0\x02\0\x02\0");
    ASK(site,
        "\x07\x0a\0\0\0\x03"
        "c",
        "\x07\x0b\0\0\0\x03\x01");
    ASK(site,
        "\x07\x0a\0\0\0\x04"
        "a",
        "\x07\x0b\0\x01\0\x04\0");
    ASK(site,
        "\x06\x12\0\0\x05"
        "d",
        "\x08\x13\0\0\0\0\x05\x01"); /* a name by SUBSCRIBE, too */
    site_free(site);
}

static void names_are_bounded_by_their_octets_together(void **state)
{
    struct site *site =
        site_new(LAN "[limits]\nregistrations = 1000, 2\n[store]\npath = none\n", false);
    unsigned accepted = 0;

    (void)state;
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\0n1"));
    for (unsigned i = 0; i < 200; i++) {
        uint8_t wire[206] = {
            206, 0x0a, 0, 0, 0, 1, (uint8_t)('a' + i / 20), (uint8_t)('a' + i % 20)};
        struct span regack;

        memset(wire + 8, 'x', sizeof wire - 8);
        regack = answer(site, span_of(wire, sizeof wire));
        assert_int_equal(regack.len, 7);
        accepted += regack.at[6] == 0;
        assert_int_equal(regack.at[6], i < 16384 / 200 ? 0 : 1);
    }
    assert_int_equal(accepted, 81);
    site_free(site);
}

/* Each request while not an octet of memory is left. */
static void without_memory_every_request_hears_congestion(void **state)
{
    struct site *site = site_new(plain, false);
    size_t limit = 0;

    (void)state;
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\0n1"));
    ASK(site, "\x05\x1a\x20ww", "\x03\x1b\0");
    limit = sessions_of(site)->budget.limit;
    sessions_of(site)->budget.limit = sessions_of(site)->budget.used;
    ASK(site,
        "\x07\x0a\0\0\0\x01"
        "a",
        "\x07\x0b\0\0\0\x01\x01");
    ASK(site, "\x08\x0c\x22zz\0\x02x", "\x07\x0dzz\0\x02\x01");
    ASK(site, "\x08\x0c\x42zz\0\x03x", "\x07\x0dzz\0\x03\x01");
    ASK(site, "\x06\x12\x20\0\x04+", "\x08\x13\0\0\0\0\x04\x01");
    ASK(site, "\x05\x1a\x20zz", "\x03\x1b\x01");
    ASK(site, "\x05\x1cnew", "\x03\x1d\x01");
    ASK(site, "\x02\x16", "\x02\x17");
    site_says(site, 2, WIRE_SPAN("\x08\x04\x04\x01\0\0n2"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x03\x05\x01"));
    sessions_of(site)->budget.limit = limit;
    ASK(site,
        "\x07\x0a\0\0\0\x01"
        "a",
        "\x07\x0b\0\x01\0\x01\0");
    ASK(site, "\x08\x0c\x22zz\0\x02x", "\x07\x0dzz\0\x02\0");
    ASK(site, "\x06\x12\x20\0\x04+", "\x08\x13\x20\0\0\0\x04\0");
    connect_node(site, 2, WIRE_SPAN("\x08\x04\x04\x01\0\0n2"));
    site_free(site);
}

/* Each request of a kept session while the store's queue of records is full to the last. */
static void without_room_for_records_every_request_hears_congestion(void **state)
{
    struct site *site = site_new(stored, true);
    struct journal *journal = sessions_of(site)->journal;
    size_t limit = journal->limit;

    (void)state;
    connect_node(site, 1, WIRE_SPAN("\x08\x04\0\x01\0\0n1"));
    journal->limit = journal->records.used;
    ASK(site,
        "\x07\x0a\0\0\0\x01"
        "a",
        "\x07\x0b\0\0\0\x01\x01");
    ASK(site, "\x08\x0c\x22zz\0\x02x", "\x07\x0dzz\0\x02\x01");
    ASK(site, "\x06\x12\x20\0\x04+", "\x08\x13\0\0\0\0\x04\x01");
    ASK(site, "\x05\x1a\x20zz", "\x03\x1b\x01");
    journal->limit = limit;
    site_says(site, 1, WIRE_SPAN("\x06\x12\x20\0\x04+"));
    assert_int_equal(site_hears(site, 1).len, 0); /* it waits for the disk */
    site_free(site);
}

/* A store that never gets done: what waits for it is bounded for each node, and the rest is told.
 */
static void answers_that_wait_for_the_store_are_bounded(void **state)
{
    struct site *site = site_new(stored, true);
    unsigned waiting = 0;

    (void)state;
    connect_node(site, 1, WIRE_SPAN("\x08\x04\0\x01\0\0n1"));
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t wire[] = {8, 0x12, 0x20, 0, 1, 'a', '/', '+'};
        struct span suback = answer(site, span_of(wire, sizeof wire));

        waiting += suback.len == 0;
        assert_true(suback.len == 0 || suback.at[7] == 1);
    }
    assert_in_range(waiting, 1, 256);
    ASK(site,
        "\x07\x0a\0\0\0\x01"
        "a",
        "\x07\x0b\0\0\0\x01\x01");
    ASK(site, "\x08\x0c\x22zz\0\x02x", "\x07\x0dzz\0\x02\x01");
    connect_node(site, 2, WIRE_SPAN("\x08\x04\x04\x01\0\0n2")); /* others are served */
    site_says(site, 2, WIRE_SPAN("\x08\x0c\x22yy\0\x02x"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x07\x0dyy\0\x02\0"));
    site_free(site);
}

/* A line that takes nothing: what was accepted is answered when it does, and the next request too.
 */
static void without_room_to_send_what_was_accepted_is_answered_later(void **state)
{
    struct site *site = site_new("[listener line]\ntype = serial\ndevice = /dev/null\n"
                                 "[store]\npath = none\n",
                                 false);
    struct mqtt_opening opening = {.door = MQTT_DOOR_CONN,
                                   .name = span_of_text("reader"),
                                   .quota = {.queued = 1000, .inflight = 5}};
    struct mqtt_session *s = mqtt_session_open(sessions_of(site), &opening, site->now_ms);
    struct mqtt_subscribing sub = {.filter = span_of_text("zz"), .qos = 1};
    uint64_t ticket = 0;
    struct sn_out out;
    unsigned pubacks = 0;

    (void)state;
    mqtt_session_subscribe(sessions_of(site), s, &sub, &ticket, site->now_ms);
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\0n1"));
    for (unsigned i = 0; i < 300; i++) {
        uint8_t wire[] = {8, 0x0c, 0x22, 'z', 'z', 1, (uint8_t)i, 'x'};

        site_says(site, 1, span_of(wire, sizeof wire));
    }
    while (sn_gate_output(hub_gate(site->hub), 0, 0, &out)) {
        pubacks += out.wire.at[1] == 0x0d && out.wire.at[6] == 0;
        sn_gate_sent(hub_gate(site->hub), 0, 1, site->now_ms);
        hub_pump(site->hub, site->now_ms);
    }
    assert_in_range(pubacks, 64, 300);
    assert_int_equal(s->queue_count + s->inflight_count, pubacks);
    ASK(site, "\x08\x0c\x22zz\0\x02x", "\x07\x0dzz\0\x02\0");
    mqtt_session_discard(sessions_of(site), s, site->now_ms);
    site_free(site);
}

/* Nodes and MQTT clients are two name spaces: CONNECT under a client's id touches nothing of it. */
static void a_node_of_an_mqtt_clients_id_touches_nothing_of_it(void **state)
{
    struct site *site = site_new(plain, false);
    struct mqtt_opening opening = {
        .door = MQTT_DOOR_CONN, .name = span_of_text("n1"), .quota = {.queued = 10, .inflight = 5}};
    struct mqtt_session *s = mqtt_session_open(sessions_of(site), &opening, site->now_ms);
    struct mqtt_subscribing sub = {.filter = span_of_text("zz"), .qos = 1};
    uint64_t ticket = 0;

    (void)state;
    mqtt_session_subscribe(sessions_of(site), s, &sub, &ticket, site->now_ms);
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\0n1")); /* CleanSession */
    ASK(site, "\x07\x14\0\0\x06zz", "\x04\x15\0\x06");
    ASK(site, "\x02\x18", "\x02\x18");
    assert_ptr_equal(mqtt_session_find(sessions_of(site), MQTT_DOOR_CONN, span_of_text("n1")), s);
    assert_true(s->open);
    assert_int_equal(s->subscription_count, 1);
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\0n1"));
    ASK(site, "\x08\x0c\x22zz\0\x02x", "\x07\x0dzz\0\x02\0");
    assert_true(mqtt_session_has_messages(s));
    mqtt_session_discard(sessions_of(site), s, site->now_ms);
    site_free(site);
}

/* What a thousand nodes held is given back when they have gone. */
static void nothing_stays_of_nodes_that_left(void **state)
{
    struct site *site = site_new(plain, false);
    size_t used = 0;

    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        for (uint8_t node = 1; node <= 5; node++) {
            uint8_t wire[] = {8, 4, 4, 1, 0, 0, 'n', (uint8_t)('0' + node)};

            connect_node(site, node, span_of(wire, sizeof wire));
            site_says(site, node, WIRE_SPAN("\x06\x12\x40\0\x01#"));
            site_says(site, node,
                      WIRE_SPAN("\x07\x0a\0\0\0\x01"
                                "a"));
            site_says(site, node, WIRE_SPAN("\x08\x0c\x40\0\x01\0\x01x"));
            site_says(site, node, WIRE_SPAN("\x02\x18"));
            (void)site_hears(site, 0);
        }
        used = round == 1 ? sessions_of(site)->budget.used : used;
    }
    assert_int_equal(sessions_of(site)->budget.used, used);
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_subscription_too_many_is_congestion),
        cmocka_unit_test(one_name_too_many_is_congestion),
        cmocka_unit_test(names_are_bounded_by_their_octets_together),
        cmocka_unit_test(without_memory_every_request_hears_congestion),
        cmocka_unit_test(without_room_for_records_every_request_hears_congestion),
        cmocka_unit_test(answers_that_wait_for_the_store_are_bounded),
        cmocka_unit_test(without_room_to_send_what_was_accepted_is_answered_later),
        cmocka_unit_test(a_node_of_an_mqtt_clients_id_touches_nothing_of_it),
        cmocka_unit_test(nothing_stays_of_nodes_that_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
