/* tests/hub/test_names.c - who a node is, what it is called, and what its ids mean, by octets.
 * (CONFIG [node], [group], "Topic maps") */
#include "gateway/hub/given.h"
#include "gateway/hub/limits.h"
#include "gateway/hub/nodes.h"
#include "gateway/hub/registry.h"
#include "tests/hub/fixture.h"

#define LAN \
    "[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\nforwarders = any\nallow_insecure = yes\n"
#define NONE "[store]\npath = none\n"

static const struct span connack = {WIRE("\x03\x05\0")};
static const struct span refused = {WIRE("\x03\x05\x03")};

/* CONNECT, CleanSession 1; `id` at most 20 octets. */
static struct span connect_of(const char *id)
{
    static uint8_t wire[32];
    size_t len = strlen(id);

    assert_true(len <= 20);
    memcpy(wire, "\0\x04\x04\x01\0\0", 6);
    wire[0] = (uint8_t)(6 + len);
    memcpy(wire + 6, id, len);
    return span_of(wire, 6 + len);
}

static void connects_as(struct site *site, uint8_t node, const char *id)
{
    site_says(site, node, connect_of(id));
    assert_span_equal(site_hears(site, node), connack);
}

static void is_refused(struct site *site, uint8_t node, const char *id)
{
    site_says(site, node, connect_of(id));
    assert_span_equal(site_hears(site, node), refused);
}

/* A reader of all, at QoS 0, as node 9. */
static struct site *site_with_reader(const char *text)
{
    struct site *site = site_new(text, false);

    connects_as(site, 9, "reader");
    site_says(site, 9, WIRE_SPAN("\x06\x12\0\0\x03#"));
    assert_int_equal(site_hears(site, 9).len, 8);
    return site;
}

/* What the reader is told next: the topic of REGISTER, which it acknowledges and so gets the
 * message; empty: nothing. */
static struct span reader_learns(struct site *site)
{
    static uint8_t topic[128];
    uint8_t regack[7] = {7, 0x0b};
    struct span wire = site_hears(site, 9);
    size_t len = wire.len < 6 ? 0 : wire.len - 6;

    if (len == 0) {
        return (struct span){NULL, 0};
    }
    assert_int_equal(wire.at[1], 0x0a);
    memcpy(regack + 2, wire.at + 2, 4);
    memcpy(topic, wire.at + 6, len);
    site_says(site, 9, span_of(regack, sizeof regack));
    assert_int_equal(site_hears(site, 9).at[1], 0x0c);
    return span_of(topic, len);
}

#define LEARNS(site, text) assert_span_equal(reader_learns(site), WIRE_SPAN(text))

/* PUBLISH QoS 0 by predefined id 1. */
static void publishes_1(struct site *site, uint8_t node)
{
    site_says(site, node, WIRE_SPAN("\x08\x0c\x01\0\x01\0\0x"));
}

static struct hub_node *node_called(struct site *site, const char *name)
{
    return hub_node_named(site->hub, span_of_text(name));
}

/* --- identities ------------------------------------------------------------------------------ */

/* `wire` behind the forwarder 10.0.0.7, from this node id. */
static void says_through(struct site *site, uint8_t id, struct span wire)
{
    struct sn_peer peer = {.forwarder = true, .addr_len = 6, .addr = {10, 0, 0, 7, 7, 92}};
    uint8_t wrap[64] = {4, 0xfe, 0, id};

    memcpy(wrap + 4, wire.at, wire.len);
    hub_datagram(site->hub, &peer, span_of(wrap, 4 + wire.len), site->now_ms);
    hub_pump(site->hub, site->now_ms);
}

static void a_node_is_found_by_where_it_is_before_what_it_says(void **state)
{
    struct site *site =
        site_with_reader(LAN NONE "[topics default]\n1 = %n/%c\n"
                                  "[node by-id]\nclient_id = n\n"
                                  "[node by-radio]\nlistener = lan\nwireless_id = 0a\n");

    (void)state;
    says_through(site, 0x0a, connect_of("n"));
    assert_int_equal(site_hears(site, 7).len, 7);
    says_through(site, 0x0a, WIRE_SPAN("\x08\x0c\x01\0\x01\0\0x"));
    LEARNS(site, "by-radio/n");
    assert_non_null(node_called(site, "by-radio"));
    assert_null(node_called(site, "by-id"));
    site_free(site);
}

static void of_a_node_id_case_and_listener_count(void **state)
{
    struct site *site = site_new(LAN NONE "[node r]\nlistener = lan\nwireless_id = AB\n", false);

    (void)state;
    says_through(site, 0xab, connect_of("n"));
    says_through(site, 0xac, connect_of("m"));
    assert_non_null(node_called(site, "r"));
    assert_non_null(node_called(site, "m"));
    site_free(site);
}

static void from_names_a_sender_that_does_not_connect_and_nobody_else(void **state)
{
    struct site *site =
        site_with_reader(LAN NONE "[topics default]\n1 = farm/%n\n[node meter]\nfrom = 10.0.0.5\n");

    (void)state;
    site_says(site, 5,
              WIRE_SPAN("\x08\x0c\x61\0\x01\0\0x")); /* QoS -1, not near: named, so let in */
    LEARNS(site, "farm/meter");
    connects_as(site, 5, "other");
    publishes_1(site, 5);
    LEARNS(site, "farm/other");
    site_free(site);
}

static void a_changed_device_at_a_named_place_takes_the_name(void **state)
{
    struct site *site = site_new(LAN NONE "[node r]\nlistener = lan\nwireless_id = 0a\n", false);

    (void)state;
    says_through(site, 0x0a, WIRE_SPAN("\x08\x04\0\x01\0\0n1")); /* a kept session */
    assert_int_equal(site_hears(site, 7).len, 7);
    says_through(site, 0x0a, connect_of("n2"));
    assert_span_equal(site_hears(site, 7), WIRE_SPAN("\x04\xfe\0\x0a\x03\x05\0"));
    assert_span_equal(sn_node_id(node_called(site, "r")->node), WIRE_SPAN("n2"));
    assert_null(node_called(site, "n1"));
    site_free(site);
}

/* --- names ----------------------------------------------------------------------------------- */

static void a_name_is_the_sections_the_groups_or_the_client_id(void **state)
{
    struct site *site = site_with_reader(LAN NONE "[topics default]\n1 = %n/t\n"
                                                  "[node roof]\nclient_id = wx\n"
                                                  "[group tubs]\nmatch = tub*\nname = %l.%c\n");

    (void)state;
    connects_as(site, 1, "wx");
    connects_as(site, 2, "tub4");
    connects_as(site, 3, "n3");
    publishes_1(site, 1);
    LEARNS(site, "roof/t");
    publishes_1(site, 2);
    LEARNS(site, "lan.tub4/t");
    publishes_1(site, 3);
    LEARNS(site, "n3/t");
    site_free(site);
}

static void nobody_gets_another_nodes_name(void **state)
{
    struct site *site = site_new(LAN NONE "[node roof]\nclient_id = wx\n[node place]\n"
                                          "[group all]\nmatch = g*\nname = bed\n",
                                 false);

    (void)state;
    is_refused(site, 1, "roof"); /* before wx was ever seen */
    assert_non_null(strstr(site_log(site), "another node's name"));
    connects_as(site, 2, "wx");
    is_refused(site, 1, "roof");
    is_refused(site, 1, "place"); /* the name of a place is taken, too */
    connects_as(site, 3, "g1");
    is_refused(site, 4, "g2");
    is_refused(site, 5, "bed"); /* a name given by a group is taken */
    site_says(site, 3, WIRE_SPAN("\x02\x18"));
    assert_span_equal(site_hears(site, 3), WIRE_SPAN("\x02\x18"));
    connects_as(site, 4, "g2"); /* g1's session was clean: its name is free */
    site_says(site, 2, WIRE_SPAN("\x02\x18"));
    connects_as(site, 3, "wx"); /* its own name is no conflict */
    site_free(site);
}

static void a_client_id_that_no_topic_may_hold_has_a_name_and_no_keys_by_it(void **state)
{
    struct site *site =
        site_with_reader(LAN NONE "[topics default]\n1 = %n/t\n2 = farm/t\ntp = %n/s\n");
    const char *line = NULL;
    unsigned told = 0;

    (void)state;
    connects_as(site, 1, "a/b");
    assert_non_null(node_called(site, "a%2Fb"));
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x21\0\x01\0\x05x"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x07\x0d\0\x01\0\x05\x02"));
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x22tp\0\x06x")); /* is not "tp" instead */
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x07\x0dtp\0\x06\x02"));
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x01\0\x02\0\0x"));
    LEARNS(site, "farm/t");
    connects_as(site, 1, "a/b");
    while ((line = site_log(site)) != NULL) {
        told += strstr(line, "KEYs without a topic") != NULL;
    }
    assert_int_equal(told, 1);
    site_free(site);
}

static void a_kept_node_keeps_its_name_while_it_is_away(void **state)
{
    struct site *site = site_new(LAN NONE "[group all]\nmatch = g*\nname = bed\n", false);

    (void)state;
    site_says(site, 1, WIRE_SPAN("\x08\x04\0\x01\0\0g1"));
    assert_span_equal(site_hears(site, 1), connack);
    site_says(site, 1,
              WIRE_SPAN("\x07\x12\0\0\x03"
                        "ab"));
    assert_int_equal(site_hears(site, 1).len, 8);
    site_says(site, 1, WIRE_SPAN("\x02\x18"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x02\x18"));
    is_refused(site, 2, "g2");
    site_says(site, 1, WIRE_SPAN("\x08\x04\0\x01\0\0g1"));
    assert_span_equal(site_hears(site, 1), connack);
    site_free(site);
}

/* --- mount ----------------------------------------------------------------------------------- */

#define MOUNTED LAN "mount = farm/%n/\n" NONE "[topics default]\n1 = hall/%n\n"

/* Rule 5 */
static void mount_stands_before_all_that_a_node_writes_and_off_what_it_reads(void **state)
{
    struct site *site = site_new(MOUNTED "[node r]\nclient_id = reader\nmount = farm/\n", false);

    (void)state;
    connects_as(site, 9, "reader");
    site_says(site, 9, WIRE_SPAN("\x06\x12\0\0\x03#"));
    assert_int_equal(site_hears(site, 9).len, 8);
    connects_as(site, 1, "n1");
    site_says(site, 1, WIRE_SPAN("\x07\x0a\0\0\0\x05t"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x07\x0b\0\x01\0\x05\0"));
    site_says(site, 1, WIRE_SPAN("\x08\x0c\0\0\x01\0\0x"));
    LEARNS(site, "n1/t"); /* farm/n1/t to others, n1/t below the reader's own mount */
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x02zz\0\0x"));
    LEARNS(site, "n1/zz");
    publishes_1(site, 1); /* hall/n1: outside the reader's mount */
    assert_int_equal(reader_learns(site).len, 0);
    site_free(site);
}

static void filters_and_wills_lie_below_the_mount(void **state)
{
    struct site *site = site_with_reader(MOUNTED "[node r]\nclient_id = reader\nmount = farm/\n");

    (void)state;
    site_says(site, 1, WIRE_SPAN("\x08\x04\x0c\x01\0\x0an1"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x02\x06"));
    site_says(site, 1, WIRE_SPAN("\x05\x07\0zz"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x02\x08"));
    site_says(site, 1, WIRE_SPAN("\x03\x09g"));
    assert_span_equal(site_hears(site, 1), connack);
    site_says(site, 1, WIRE_SPAN("\x06\x12\0\0\x03+")); /* farm/n1/+ */
    assert_int_equal(site_hears(site, 1).len, 8);
    connects_as(site, 2, "n2");
    site_says(site, 2, WIRE_SPAN("\x08\x0c\x02yy\0\0x")); /* farm/n2/yy */
    LEARNS(site, "n2/yy");
    assert_int_equal(site_hears(site, 1).len, 0);
    site_wait(site, 15100);
    LEARNS(site, "n1/zz");
    site_free(site);
}

static void what_lies_outside_the_mount_reaches_a_node_by_its_keys(void **state)
{
    struct site *site = site_new(LAN NONE "[topics default]\n1 = hall/x\n"
                                          "[node a]\nclient_id = a\nmount = farm/a/\n",
                                 false);

    (void)state;
    connects_as(site, 1, "a");
    site_says(site, 1, WIRE_SPAN("\x07\x12\x01\0\x03\0\x01"));
    assert_int_equal(site_hears(site, 1).len, 8);
    connects_as(site, 2, "b");
    publishes_1(site, 2);
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x08\x0c\x01\0\x01\0\0x"));
    site_free(site);
}

static void a_node_whose_mount_cannot_be_made_is_not_let_in(void **state)
{
    struct site *site = site_new(MOUNTED, false);

    (void)state;
    is_refused(site, 1, "a/b");
    connects_as(site, 2, "ab");
    site_free(site);
}

/* --- rules 3, 4, 7 --------------------------------------------------------------------------- */

static void a_node_sees_its_own_messages_by_wildcard_but_nothing_that_begins_with_dollar(
    void **state)
{
    struct site *site = site_with_reader(LAN NONE);

    (void)state;
    site_says(site, 9, WIRE_SPAN("\x08\x0c\x02zz\0\0x"));
    assert_span_equal(site_hears(site, 9), WIRE_SPAN("\x08\x0c\x02zz\0\0x"));
    connects_as(site, 1, "n1"); /* is told under $SYS */
    assert_int_equal(site_hears(site, 9).len, 0);
    site_free(site);
}

/* Rule 7 */
static void qos_minus_1_without_the_name_that_its_template_wants_is_dropped(void **state)
{
    struct site *site =
        site_with_reader(LAN "publish_without_connect = yes\n" NONE
                             "[topics default]\n1 = farm/%n\n2 = farm/%l\ntp = %n/s\n");

    (void)state;
    site_says(site, 5, WIRE_SPAN("\x08\x0c\x61\0\x01\0\0x"));
    site_says(site, 5, WIRE_SPAN("\x08\x0c\x62tp\0\0x"));
    assert_int_equal(reader_learns(site).len, 0);
    site_says(site, 5, WIRE_SPAN("\x08\x0c\x61\0\x02\0\0x"));
    LEARNS(site, "farm/lan");
    connects_as(site, 5, "n5"); /* a session has a name */
    site_says(site, 5, WIRE_SPAN("\x08\x0c\x61\0\x01\0\0x"));
    LEARNS(site, "farm/n5");
    site_free(site);
}

static void by_its_node_id_a_sender_behind_a_forwarder_has_a_name(void **state)
{
    struct site *site = site_with_reader(LAN "publish_without_connect = predefined\n" NONE
                                             "[topics default]\n1 = farm/%n\n"
                                             "[group g]\nlistener = lan\nname = bed-%a\n");

    (void)state;
    says_through(site, 0x0b, WIRE_SPAN("\x08\x0c\x61\0\x01\0\0x"));
    LEARNS(site, "farm/bed-0b");
    site_free(site);
}

static void who_may_send_qos_minus_1_goes_by_the_sender(void **state)
{
    struct site *site = site_with_reader(LAN NONE "[topics default]\n1 = farm/x\n"
                                                  "[node meter]\nfrom = 10.0.0.5\n");

    (void)state;
    site_says(site, 4, WIRE_SPAN("\x08\x0c\x61\0\x01\0\0x")); /* nobody */
    assert_int_equal(reader_learns(site).len, 0);
    site_says(site, 5, WIRE_SPAN("\x08\x0c\x62zz\0\0x")); /* named, but no short names */
    assert_int_equal(site_hears(site, 9).len, 0);
    site_says(site, 5, WIRE_SPAN("\x08\x0c\x61\0\x01\0\0x"));
    LEARNS(site, "farm/x");
    site_free(site);
}

static void a_listener_of_listed_nodes_serves_no_other(void **state)
{
    struct site *site = site_with_reader(LAN "auth = listed\npublish_without_connect = yes\n" NONE
                                             "[node r]\nclient_id = reader\n"
                                             "[node m]\nfrom = 10.0.0.5\n");

    (void)state;
    is_refused(site, 1, "n1");
    site_says(site, 4, WIRE_SPAN("\x08\x0c\x62yy\0\0x"));
    site_says(site, 5, WIRE_SPAN("\x08\x0c\x62zz\0\0x"));
    assert_span_equal(site_hears(site, 9), WIRE_SPAN("\x08\x0c\x02zz\0\0x"));
    site_free(site);
}

/* --- settings -------------------------------------------------------------------------------- */

static void settings_are_the_nodes_else_its_groups_else_its_listeners(void **state)
{
    struct site *site = site_new(LAN "retry = 3s\nretries = 2\nmax_message = 100\n" NONE
                                     "[node a]\nclient_id = a\nretry = 500ms\n"
                                     "max_message = 5000\nsleep_grace = 3\n"
                                     "[group g]\nmatch = *\nretry = 1s\nretries = 7\n"
                                     "keepalive_grace = 2.5\nwake_messages = 3\n",
                                 false);
    const struct hub_limits *a = NULL;
    const struct hub_limits *b = NULL;

    (void)state;
    connects_as(site, 1, "a");
    connects_as(site, 2, "b");
    a = hub_limits_of(node_called(site, "a"));
    b = hub_limits_of(node_called(site, "b"));
    assert_int_equal(a->sn.retry_ms, 500);
    assert_int_equal(b->sn.retry_ms, 1000);
    assert_int_equal(a->sn.retries, 7);
    assert_int_equal(a->sn.sleep_percent, 300);
    assert_int_equal(b->sn.sleep_percent, 0);
    assert_int_equal(b->sn.keepalive_percent, 250);
    assert_int_equal(a->sn.max_message, 100); /* a node takes less than its listener, not more */
    assert_int_equal(a->wake_messages, 3);
    site_free(site);
}

static void nodes_with_equal_settings_share_them(void **state)
{
    struct site *site = site_new(LAN NONE "[topics default]\n1 = farm/x\n"
                                          "[node odd]\nclient_id = o\nretries = 9\n",
                                 false);

    (void)state;
    connects_as(site, 1, "a");
    connects_as(site, 2, "b");
    connects_as(site, 3, "o");
    assert_ptr_equal(hub_limits_of(node_called(site, "a")), hub_limits_of(node_called(site, "b")));
    assert_ptr_not_equal(hub_limits_of(node_called(site, "a")),
                         hub_limits_of(node_called(site, "odd")));
    assert_ptr_equal(sn_node_names(node_called(site, "a")->node),
                     sn_node_names(node_called(site, "odd")->node));
    site_free(site);
}

static void a_nodes_own_retry_is_at_work(void **state)
{
    struct site *site = site_new(
        LAN "retry = 10s\n" NONE "[node r]\nclient_id = r\nretry = 200ms\nretries = 1\n", false);

    (void)state;
    connects_as(site, 1, "r");
    site_says(site, 1, WIRE_SPAN("\x06\x12\x20\0\x03+"));
    assert_int_equal(site_hears(site, 1).len, 8);
    connects_as(site, 2, "b");
    site_says(site, 2, WIRE_SPAN("\x08\x0c\x22zz\0\x07x"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x08\x0c\x22zz\0\x01x"));
    site_wait(site, 201);
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x08\x0c\xa2zz\0\x01x"));
    site_wait(site, 201);
    assert_int_equal(site_hears(site, 1).len, 0);
    assert_int_equal(sn_node_state(node_called(site, "b")->node), SN_ACTIVE);
    assert_null(node_called(site, "r")); /* lost, and clean */
    site_free(site);
}

/* n1 reads short names at QoS 1 and sleeps for an hour. */
static struct site *site_with_sleeper(const char *settings)
{
    char text[512];
    struct site *site = NULL;

    snprintf(text, sizeof text, LAN NONE "[node s]\nclient_id = n1\n%s", settings);
    site = site_new(text, false);
    connects_as(site, 1, "n1");
    site_says(site, 1, WIRE_SPAN("\x06\x12\x20\0\x03+"));
    assert_int_equal(site_hears(site, 1).len, 8);
    site_says(site, 1, WIRE_SPAN("\x04\x18\x0e\x10"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x02\x18"));
    connects_as(site, 2, "b");
    return site;
}

static void publishes_zz(struct site *site)
{
    site_says(site, 2, WIRE_SPAN("\x08\x0c\x22zz\0\x07x"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x07\x0dzz\0\x07\0"));
}

static void what_waited_longer_than_queue_age_does_not_come(void **state)
{
    struct site *site = site_with_sleeper("queue_age = 10s\n");

    (void)state;
    publishes_zz(site);
    site_wait(site, 9000);
    publishes_zz(site);
    site_wait(site, 1500);
    site_says(site, 1, WIRE_SPAN("\x04\x16n1"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x08\x0c\x22zz\0\x01x")); /* the second */
    site_says(site, 1, WIRE_SPAN("\x07\x0dzz\0\x01\0"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x02\x17"));
    assert_int_equal(node_called(site, "s")->session->dropped, 1);
    site_free(site);
}

static void queue_age_0_keeps_nothing_for_a_sleeper_and_all_for_who_is_active(void **state)
{
    struct site *site = site_with_sleeper("queue_age = 0\n");

    (void)state;
    publishes_zz(site);
    site_says(site, 1, WIRE_SPAN("\x04\x16n1"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x02\x17"));
    assert_int_equal(node_called(site, "s")->session->dropped, 1);
    connects_as(site, 1, "n1");
    site_says(site, 1, WIRE_SPAN("\x06\x12\x20\0\x03+"));
    assert_int_equal(site_hears(site, 1).len, 8);
    site_says(site, 2, WIRE_SPAN("\x08\x0c\x22zz\0\x07x"));
    site_says(site, 2, WIRE_SPAN("\x08\x0c\x22zz\0\x08y")); /* waits for the first's PUBACK */
    for (int i = 0; i < 2; i++) {
        struct span publish = site_hears(site, 1);
        uint8_t puback[7] = {7, 0x0d, 'z', 'z'};

        assert_int_equal(publish.len, 8);
        memcpy(puback + 4, publish.at + 5, 2);
        site_says(site, 1, span_of(puback, sizeof puback));
    }
    site_free(site);
}

static void what_is_too_old_makes_room_before_what_is_not(void **state)
{
    struct site *site =
        site_with_sleeper("queue_age = 10s\nsleep_queue = 1\nwhen_full = drop-newest\n");

    (void)state;
    publishes_zz(site);
    site_wait(site, 11000);
    publishes_zz(site);
    site_says(site, 1, WIRE_SPAN("\x04\x16n1"));
    assert_int_equal(site_hears(site, 1).at[1], 0x0c);
    site_free(site);
}

/* --- names given at run time ----------------------------------------------------------------- */

static enum hub_gave accepts(struct site *site, const char *name, const char *id)
{
    return hub_node_accept(site->hub, span_of_text(name), span_of_text(id), site->now_ms).outcome;
}

static struct hub_gift replaces(struct site *site, const char *old, const char *with)
{
    return hub_node_replace(site->hub, span_of_text(old), span_of_text(with), site->now_ms);
}

#define PLACES                                                          \
    LAN NONE "[topics default]\n1 = %n/t\n[node bed-1]\n[node bed-2]\n" \
             "[node roof]\nclient_id = wx\n"

static void a_place_is_filled_at_once_and_once(void **state)
{
    struct site *site = site_with_reader(PLACES);

    (void)state;
    connects_as(site, 1, "n1");
    assert_int_equal(accepts(site, "bed-1", "n1"), HUB_GAVE);
    publishes_1(site, 1); /* still connected, and bed-1 now */
    LEARNS(site, "bed-1/t");
    assert_int_equal(accepts(site, "bed-1", "n1"), HUB_GAVE_AGAIN);
    assert_int_equal(accepts(site, "bed-1", "n2"), HUB_GAVE_FILLED);
    assert_int_equal(accepts(site, "bed-2", "n1"), HUB_GAVE_TAKEN);
    assert_int_equal(accepts(site, "bed-2", "wx"), HUB_GAVE_TAKEN);
    assert_int_equal(accepts(site, "bed-2", ""), HUB_GAVE_BAD_ID);
    assert_int_equal(accepts(site, "nowhere", "n3"), HUB_GAVE_UNKNOWN);
    assert_int_equal(accepts(site, "roof", "n3"), HUB_GAVE_IN_FILE);
    site_free(site);
}

static void a_replaced_nodes_name_goes_over_and_its_session_ends(void **state)
{
    struct site *site = site_with_reader(PLACES);
    struct hub_gift gift;

    (void)state;
    assert_int_equal(accepts(site, "bed-1", "n1"), HUB_GAVE);
    connects_as(site, 1, "n1");
    connects_as(site, 2, "n2");
    gift = replaces(site, "bed-1", "n2");
    assert_int_equal(gift.outcome, HUB_GAVE);
    assert_span_equal(gift.was, WIRE_SPAN("n1"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x02\x18"));
    publishes_1(site, 2);
    LEARNS(site, "bed-1/t");
    connects_as(site, 1, "n1"); /* its client id is its own name again */
    publishes_1(site, 1);
    LEARNS(site, "n1/t");
    site_free(site);
}

static void a_name_without_section_goes_over_and_back(void **state)
{
    struct site *site = site_with_reader(PLACES);

    (void)state;
    connects_as(site, 1, "n1");
    assert_int_equal(replaces(site, "n1", "n2").outcome, HUB_GAVE);
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x02\x18"));
    is_refused(site, 1, "n1"); /* that is somebody else */
    connects_as(site, 2, "n2");
    publishes_1(site, 2);
    LEARNS(site, "n1/t");
    assert_int_equal(replaces(site, "n1", "n1").outcome, HUB_GAVE);
    connects_as(site, 1, "n1");
    publishes_1(site, 1);
    assert_int_equal(site_hears(site, 9).at[1], 0x0c); /* n1/t, which the reader knows */
    site_free(site);
}

static void without_memory_a_name_stays_whose_it_is(void **state)
{
    struct site *site = site_new(PLACES, false);
    struct budget *budget = hub_budget(site->hub);
    size_t limit = budget->limit;

    (void)state;
    assert_int_equal(accepts(site, "bed-1", "n1"), HUB_GAVE);
    for (size_t more = 0; more < 120; more += 8) { /* there may be room for one of the two rows */
        budget->limit = budget->used + more;
        assert_int_equal(replaces(site, "bed-1", "n2").outcome, HUB_GAVE_FULL);
        assert_int_equal(accepts(site, "bed-2", "n3"), HUB_GAVE_FULL);
        assert_span_equal(hub_given_id(site->hub, WIRE_SPAN("bed-1")), WIRE_SPAN("n1"));
    }
    budget->limit = limit;
    assert_int_equal(accepts(site, "bed-2", "n3"), HUB_GAVE);
    assert_int_equal(replaces(site, "bed-1", "n2").outcome, HUB_GAVE);
    site_free(site);
}

static void an_identity_in_the_file_is_changed_there(void **state)
{
    struct site *site = site_new(PLACES, false);
    struct hub_gift gift = replaces(site, "roof", "n2");

    (void)state;
    assert_int_equal(gift.outcome, HUB_GAVE_IN_FILE);
    assert_string_equal(gift.file, "test.conf");
    assert_int_equal(gift.line, 13);
    site_free(site);
}

static void what_is_given_is_kept_and_given_back(void **state)
{
    struct record row = {
        .key = {TABLE_GIVEN, 0, 5}, .text = span_of_text("bed-1"), .body = span_of_text("n1")};
    struct site *site = site_begin(LAN "[store]\npath = disk\n[node bed-1]\n[node bed-2]\n", true);
    struct batch batch;
    const struct record *put = NULL;

    (void)state;
    assert_true(hub_restore(site->hub, &row, site->now_ms));
    hub_restored(site->hub, site->now_ms);
    connects_as(site, 1, "n1");
    assert_non_null(node_called(site, "bed-1"));
    site_wait(site, 100);
    if (hub_records(site->hub, &batch, site->now_ms)) { /* what is known of the node */
        hub_kept(site->hub, &batch, site->now_ms);
    }
    assert_int_equal(accepts(site, "bed-2", "n2"), HUB_GAVE);
    site_wait(site, 100);
    assert_true(hub_records(site->hub, &batch, site->now_ms));
    put = LIST_ITEM(batch.records.next, struct record, in_batch);
    assert_int_equal(put->key[0], TABLE_GIVEN);
    assert_span_equal(put->text, WIRE_SPAN("bed-2"));
    assert_span_equal(put->body, WIRE_SPAN("n2"));
    hub_kept(site->hub, &batch, site->now_ms);
    site_free(site);
}

static void the_key_of_a_kept_subscription_is_used_after_a_restart(void **state)
{
    struct record session = {
        .key = {TABLE_SESSION, 7}, .fields = {MQTT_DOOR_NODE}, .text = span_of_text("n1")};
    struct record sub = {.key = {TABLE_SUBSCRIPTION, 7, 8},
                         .fields = {1, 0, 1 << 16},
                         .text = span_of_text("old/topic")};
    struct site *site = site_begin(LAN "[store]\npath = disk\n[topics default]\n1 = %n/t\n", true);

    (void)state;
    assert_true(hub_restore(site->hub, &session, site->now_ms));
    assert_true(hub_restore(site->hub, &sub, site->now_ms));
    hub_restored(site->hub, site->now_ms); /* the map has changed meanwhile */
    site_says(site, 1, WIRE_SPAN("\x08\x04\0\x01\0\0n1"));
    for (int i = 0; i < 2; i++) {
        struct batch batch;

        site_wait(site, 100);
        if (hub_records(site->hub, &batch, site->now_ms)) {
            hub_kept(site->hub, &batch, site->now_ms);
            hub_pump(site->hub, site->now_ms);
        }
    }
    assert_span_equal(site_hears(site, 1), connack);
    site_says(site, 1, WIRE_SPAN("\x08\x0c\0ab\0\0x")); /* nothing it knows */
    assert_int_equal(site_hears(site, 1).at[1], 0x0d);
    publishes_1(site, 1);
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x08\x0c\x01\0\x01\0\0x"));
    site_free(site);
}

/* A KEY that %n stands in, of a node that is known by its node id: both wait for it as they were.
 */
static void after_a_restart_a_node_is_who_it_was_before_it_comes(void **state)
{
    struct record session = {
        .key = {TABLE_SESSION, 7}, .fields = {MQTT_DOOR_NODE}, .text = span_of_text("n1")};
    struct record sub = {
        .key = {TABLE_SUBSCRIPTION, 7, 8}, .fields = {1, 0, 1 << 16}, .text = span_of_text("r/t")};
    struct record node = {.key = {TABLE_NODE, 0, 9},
                          .fields = {1000, 1000, HUB_NODE_DISCONNECTED, 0},
                          .text = span_of_text("n1"),
                          .body = {WIRE("\x03lan\0\x01r\x06\x0a\0\0\x07\x07\x5c\x0a")}};
    struct site *site = site_begin(LAN "[store]\npath = disk\n[topics default]\n1 = %n/t\n"
                                       "[node r]\nlistener = lan\nwireless_id = 0a\n",
                                   true);
    struct mqtt_publication p = {.topic = span_of_text("r/t"), .qos = 1};
    struct mqtt_session *s = NULL;

    (void)state;
    assert_true(hub_restore(site->hub, &session, site->now_ms));
    assert_true(hub_restore(site->hub, &sub, site->now_ms));
    assert_true(hub_restore(site->hub, &node, site->now_ms));
    hub_restored(site->hub, site->now_ms);
    assert_non_null(node_called(site, "r"));
    s = node_called(site, "r")->session;
    mqtt_sessions_publish(hub_broker(site->hub)->sessions, &p, site->now_ms);
    assert_int_equal(s->queue_count, 1);
    site_free(site);
}

/* Rule 5: what a node subscribed by name lies below its mount, whatever that is now. */
static void a_rename_moves_what_lies_below_the_mount(void **state)
{
    struct site *site =
        site_new(LAN NONE "[node bed-1]\n[group g]\nmatch = n*\nmount = farm/%n/\n", false);

    (void)state;
    connects_as(site, 1, "n1");
    site_says(site, 1, WIRE_SPAN("\x07\x12\0\0\x03yy"));
    assert_int_equal(site_hears(site, 1).len, 8);
    assert_int_equal(accepts(site, "bed-1", "n1"), HUB_GAVE);
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x02yy\0\0x")); /* farm/bed-1/yy */
    assert_int_equal(site_hears(site, 1).at[1], 0x0c);
    site_free(site);
}

static void subscriptions_by_key_follow_a_rename(void **state)
{
    struct site *site = site_new(PLACES, false);

    (void)state;
    connects_as(site, 1, "n1");
    site_says(site, 1, WIRE_SPAN("\x07\x12\x01\0\x03\0\x01")); /* n1/t */
    assert_int_equal(site_hears(site, 1).len, 8);
    assert_int_equal(accepts(site, "bed-1", "n1"), HUB_GAVE);
    publishes_1(site, 1); /* bed-1/t, which it reads */
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x08\x0c\x01\0\x01\0\0x"));
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_is_found_by_where_it_is_before_what_it_says),
        cmocka_unit_test(of_a_node_id_case_and_listener_count),
        cmocka_unit_test(from_names_a_sender_that_does_not_connect_and_nobody_else),
        cmocka_unit_test(a_changed_device_at_a_named_place_takes_the_name),
        cmocka_unit_test(a_name_is_the_sections_the_groups_or_the_client_id),
        cmocka_unit_test(nobody_gets_another_nodes_name),
        cmocka_unit_test(a_client_id_that_no_topic_may_hold_has_a_name_and_no_keys_by_it),
        cmocka_unit_test(a_kept_node_keeps_its_name_while_it_is_away),
        cmocka_unit_test(mount_stands_before_all_that_a_node_writes_and_off_what_it_reads),
        cmocka_unit_test(filters_and_wills_lie_below_the_mount),
        cmocka_unit_test(what_lies_outside_the_mount_reaches_a_node_by_its_keys),
        cmocka_unit_test(a_node_whose_mount_cannot_be_made_is_not_let_in),
        cmocka_unit_test(
            a_node_sees_its_own_messages_by_wildcard_but_nothing_that_begins_with_dollar),
        cmocka_unit_test(qos_minus_1_without_the_name_that_its_template_wants_is_dropped),
        cmocka_unit_test(by_its_node_id_a_sender_behind_a_forwarder_has_a_name),
        cmocka_unit_test(who_may_send_qos_minus_1_goes_by_the_sender),
        cmocka_unit_test(a_listener_of_listed_nodes_serves_no_other),
        cmocka_unit_test(settings_are_the_nodes_else_its_groups_else_its_listeners),
        cmocka_unit_test(nodes_with_equal_settings_share_them),
        cmocka_unit_test(a_nodes_own_retry_is_at_work),
        cmocka_unit_test(what_waited_longer_than_queue_age_does_not_come),
        cmocka_unit_test(queue_age_0_keeps_nothing_for_a_sleeper_and_all_for_who_is_active),
        cmocka_unit_test(what_is_too_old_makes_room_before_what_is_not),
        cmocka_unit_test(a_place_is_filled_at_once_and_once),
        cmocka_unit_test(a_replaced_nodes_name_goes_over_and_its_session_ends),
        cmocka_unit_test(a_name_without_section_goes_over_and_back),
        cmocka_unit_test(without_memory_a_name_stays_whose_it_is),
        cmocka_unit_test(an_identity_in_the_file_is_changed_there),
        cmocka_unit_test(what_is_given_is_kept_and_given_back),
        cmocka_unit_test(the_key_of_a_kept_subscription_is_used_after_a_restart),
        cmocka_unit_test(after_a_restart_a_node_is_who_it_was_before_it_comes),
        cmocka_unit_test(a_rename_moves_what_lies_below_the_mount),
        cmocka_unit_test(subscriptions_by_key_follow_a_rename),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
