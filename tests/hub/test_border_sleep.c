/* tests/hub/test_border_sleep.c - what waits for a sleeper, and how it comes. [6.14] */
#include "tests/hub/fixture.h"

#define LAN "[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\nretry = 1s\nretries = 2\n"

static const char plain[] = LAN "[store]\npath = none\n";
static const char stored[] = LAN "[store]\npath = disk\ncommit_delay = 5ms\n";

static const struct span connack = {WIRE("\x03\x05\0")};
static const struct span disconnect = {WIRE("\x02\x18")};
static const struct span pingresp = {WIRE("\x02\x17")};

static void connect_node(struct site *site, uint8_t node, struct span wire)
{
    site_says(site, node, wire);
    assert_span_equal(site_hears(site, node), connack);
}

/* n2 reads all short names at QoS 2, and sleeps. n1 is awake. */
static struct site *site_with_sleeper(const char *text, bool clean)
{
    struct site *site = site_new(text, false);

    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\0n1"));
    connect_node(site, 2,
                 clean ? WIRE_SPAN("\x08\x04\x04\x01\0\0n2") : WIRE_SPAN("\x08\x04\0\x01\0\0n2"));
    site_says(site, 2, WIRE_SPAN("\x06\x12\x40\0\x03+"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x08\x13\x40\0\0\0\x03\0"));
    site_says(site, 2, WIRE_SPAN("\x04\x18\x02\x58"));
    assert_span_equal(site_hears(site, 2), disconnect);
    return site;
}

/* n1 publishes one octet to "zz". */
static void publish(struct site *site, char data, uint8_t qos)
{
    uint8_t wire[] = {8,   0x0c, (uint8_t)(qos << 5 | 2), 'z',
                      'z', 0,    qos == 0 ? 0 : 9,        (uint8_t)data};

    site_says(site, 1, span_of(wire, sizeof wire));
    if (qos > 0) {
        assert_int_equal(site_hears(site, 1).len, qos == 1 ? 7 : 4);
    }
    if (qos == 2) {
        site_says(site, 1, WIRE_SPAN("\x04\x10\0\x09"));
        assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x04\x0e\0\x09"));
    }
}

/* The next datagram to n2 is PUBLISH of this octet, which n2 acknowledges at QoS 1. */
static void takes(struct site *site, char data, uint8_t qos)
{
    struct span wire = site_hears(site, 2);
    uint8_t puback[] = {7, 0x0d, 'z', 'z', 0, 0, 0};

    assert_int_equal(wire.len, 8);
    assert_int_equal(wire.at[2] >> 5 & 3, qos);
    assert_int_equal(wire.at[7], data);
    puback[4] = wire.at[5];
    puback[5] = wire.at[6];
    if (qos == 1) {
        site_says(site, 2, span_of(puback, sizeof puback));
    }
}

static void wakes(struct site *site)
{
    site_says(site, 2, WIRE_SPAN("\x04\x16n2"));
}

/* SN-168 SN-176 SN-177: CONNECT instead of PINGREQ, whatever the session was before; then it is a
 * kept one. */
static void a_sleeper_that_connects_gets_all_that_waits_and_is_kept(void **state)
{
    (void)state;
    for (int clean = 0; clean < 2; clean++) {
        struct site *site = site_with_sleeper(plain, clean);

        publish(site, 'a', 0);
        publish(site, 'b', 1);
        publish(site, 'c', 0);
        connect_node(site, 2, WIRE_SPAN("\x08\x04\0\x01\0\0n2"));
        takes(site, 'a', 0);
        takes(site, 'b', 1);
        takes(site, 'c', 0);
        assert_int_equal(site_hears(site, 2).len, 0); /* no PINGRESP: it is active */
        site_says(site, 2, WIRE_SPAN("\x02\x18"));
        assert_span_equal(site_hears(site, 2), disconnect);
        publish(site, 'd', 1);
        connect_node(site, 2, WIRE_SPAN("\x08\x04\0\x01\0\0n2"));
        takes(site, 'd', 1);
        site_free(site);
    }
}

/* SN-177: in the middle of a waking, too. */
static void a_connect_while_awake_goes_on_with_the_rest(void **state)
{
    struct site *site = site_with_sleeper(plain, true);

    (void)state;
    publish(site, 'a', 1);
    publish(site, 'b', 0);
    wakes(site);
    assert_int_equal(site_hears(site, 2).at[7], 'a');
    connect_node(site, 2, WIRE_SPAN("\x08\x04\0\x01\0\0n2"));
    takes(site, 'a', 1);
    takes(site, 'b', 0);
    assert_int_equal(site_hears(site, 2).len, 0);
    site_free(site);
}

/* SN-037: CleanSession 1 says that the node forgot everything. */
static void a_sleeper_that_connects_clean_gets_nothing_of_before(void **state)
{
    struct site *site = site_with_sleeper(plain, false);

    (void)state;
    publish(site, 'a', 1);
    connect_node(site, 2, WIRE_SPAN("\x08\x04\x04\x01\0\0n2"));
    publish(site, 'b', 1);
    assert_int_equal(site_hears(site, 2).len, 0);
    site_free(site);
}

/* SN-178 SN-179, protocol page 7.8 */
static void a_sleeper_may_publish_sleep_on_and_still_gets_all(void **state)
{
    struct site *site = site_with_sleeper(plain, true);

    (void)state;
    publish(site, 'a', 1);
    site_says(site, 2, WIRE_SPAN("\x08\x0c\x22yy\0\x05x")); /* its own comes back to it, later */
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x07\x0dyy\0\x05\0"));
    assert_int_equal(site_hears(site, 2).len, 0);
    site_says(site, 2, WIRE_SPAN("\x04\x18\x0e\x10"));
    assert_span_equal(site_hears(site, 2), disconnect);
    site_wait(site, 900000); /* the first duration is over */
    wakes(site);
    takes(site, 'a', 1);
    takes(site, 'x', 1);
    assert_span_equal(site_hears(site, 2), pingresp);
    assert_int_equal(site_hears(site, 2).len, 0);
    site_free(site);
}

/* SN-172, protocol page 7.9: a PUBREC that came is remembered, the next waking begins with PUBREL.
 */
static void a_handshake_of_qos_2_goes_on_over_sleep(void **state)
{
    struct site *site = site_with_sleeper(plain, true);

    (void)state;
    publish(site, 'a', 2);
    publish(site, 'b', 0);
    wakes(site);
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x08\x0c\x42zz\0\x01"
                                                     "a"));
    site_says(site, 2, WIRE_SPAN("\x04\x0f\0\x01"));
    for (int i = 0; i < 3; i++) {
        assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x04\x10\0\x01"));
        site_wait(site, 1001);
    }
    site_wait(site, 3000);
    assert_int_equal(site_hears(site, 2).len, 0); /* given up: asleep again */
    wakes(site);
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x04\x10\0\x01"));
    assert_int_equal(site_hears(site, 2).len, 0);
    site_says(site, 2, WIRE_SPAN("\x04\x0e\0\x01"));
    takes(site, 'b', 0);
    assert_span_equal(site_hears(site, 2), pingresp);
    wakes(site);
    assert_span_equal(site_hears(site, 2), pingresp); /* never a second time */
    site_free(site);
}

/* A sleep that begins between PUBREC and PUBCOMP is no different. */
static void a_node_may_fall_asleep_inside_a_handshake(void **state)
{
    struct site *site = site_with_sleeper(plain, true);

    (void)state;
    publish(site, 'a', 2);
    wakes(site);
    assert_int_equal(site_hears(site, 2).at[1], 0x0c);
    site_says(site, 2, WIRE_SPAN("\x04\x0f\0\x01"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x04\x10\0\x01"));
    site_says(site, 2, WIRE_SPAN("\x04\x18\x02\x58"));
    assert_span_equal(site_hears(site, 2), disconnect);
    site_wait(site, 60000);
    assert_int_equal(site_hears(site, 2).len, 0);
    wakes(site);
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x04\x10\0\x01"));
    site_says(site, 2, WIRE_SPAN("\x04\x0e\0\x01"));
    assert_span_equal(site_hears(site, 2), pingresp);
    site_free(site);
}

/* SN-180: what comes while the waking goes on is part of it. */
static void what_comes_during_a_waking_comes_before_its_end(void **state)
{
    struct site *site = site_with_sleeper(plain, true);

    (void)state;
    publish(site, 'a', 1);
    wakes(site);
    publish(site, 'b', 0);
    takes(site, 'a', 1);
    takes(site, 'b', 0);
    assert_span_equal(site_hears(site, 2), pingresp);
    publish(site, 'c', 0);
    assert_int_equal(site_hears(site, 2).len, 0);
    wakes(site);
    takes(site, 'c', 0);
    assert_span_equal(site_hears(site, 2), pingresp);
    site_free(site);
}

static void commit(struct site *site)
{
    struct batch batch;

    site_wait(site, 6);
    if (hub_records(site->hub, &batch, site->now_ms)) {
        hub_kept(site->hub, &batch, site->now_ms);
        hub_pump(site->hub, site->now_ms);
    }
}

/* SN-172: a node sleeps after PINGRESP, so nothing may come behind it, not even what the store was
 * slow about. */
static void pingresp_waits_for_answers_that_wait_for_the_store(void **state)
{
    struct site *site = site_new(stored, true);

    (void)state;
    connect_node(site, 2, WIRE_SPAN("\x08\x04\0\x01\0\0n2"));
    site_says(site, 2, WIRE_SPAN("\x04\x18\x02\x58"));
    commit(site);
    assert_span_equal(site_hears(site, 2), disconnect);
    site_says(site, 2, WIRE_SPAN("\x06\x12\x20\0\x03+"));
    wakes(site);
    assert_int_equal(site_hears(site, 2).len, 0);
    commit(site);
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x08\x13\x20\0\0\0\x03\0"));
    assert_span_equal(site_hears(site, 2), pingresp);
    site_free(site);
}

/* SN-184: by count, with each rule. `came` is what is left of a b c d e, sent at QoS 1 0 1 0 1. */
static void keeps(const char *limits, const char *came)
{
    char text[256];
    struct site *site = NULL;

    snprintf(text, sizeof text, "%s%s", plain, limits);
    site = site_with_sleeper(text, true);
    for (int i = 0; i < 5; i++) {
        publish(site, (char)('a' + i), i % 2 == 0);
    }
    wakes(site);
    for (; *came != '\0'; came++) {
        takes(site, *came, (*came - 'a') % 2 == 0);
    }
    assert_span_equal(site_hears(site, 2), pingresp);
    site_free(site);
}

static void a_full_queue_drops_by_the_rule_that_is_set(void **state)
{
    (void)state;
    keeps("[node n]\nclient_id = n2\nsleep_queue = 3\n", "ace");
    keeps("[node n]\nclient_id = n2\nsleep_queue = 2\n", "ce");
    keeps("[node n]\nclient_id = n2\nsleep_queue = 3\nwhen_full = drop-oldest\n", "cde");
    keeps("[node n]\nclient_id = n2\nsleep_queue = 3\nwhen_full = drop-newest\n", "abc");
    keeps("[node n]\nclient_id = n2\nsleep_bytes = 9\n", "ace"); /* topic and payload: 3 each */
    keeps("[node n]\nclient_id = n2\nsleep_bytes = 11\nwhen_full = drop-oldest\n", "cde");
    keeps("[node n]\nclient_id = n2\nsleep_bytes = 11\nwhen_full = drop-newest\n", "abc");
    keeps("[node n]\nclient_id = n2\nsleep_queue = 0\n", "");
    keeps("[node n]\nclient_id = n2\n", "abcde");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sleeper_that_connects_gets_all_that_waits_and_is_kept),
        cmocka_unit_test(a_connect_while_awake_goes_on_with_the_rest),
        cmocka_unit_test(a_sleeper_that_connects_clean_gets_nothing_of_before),
        cmocka_unit_test(a_sleeper_may_publish_sleep_on_and_still_gets_all),
        cmocka_unit_test(a_handshake_of_qos_2_goes_on_over_sleep),
        cmocka_unit_test(a_node_may_fall_asleep_inside_a_handshake),
        cmocka_unit_test(what_comes_during_a_waking_comes_before_its_end),
        cmocka_unit_test(pingresp_waits_for_answers_that_wait_for_the_store),
        cmocka_unit_test(a_full_queue_drops_by_the_rule_that_is_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
