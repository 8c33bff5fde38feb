/* tests/hub/test_border.c - nodes to nodes through the whole hub, octet by octet. */
#include "gateway/hub/registry.h"
#include "tests/hub/fixture.h"

static const char conf[] = "[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\nretry = 1s\n"
                           "[topics default]\n7 = farm/%n/temp\nzz = farm/%n/door\n"
                           "[node bed-1]\nclient_id = n1\n"
                           "[store]\npath = none\n";

static const struct span connack = {WIRE("\x03\x05\0")};

static void connect_node(struct site *site, uint8_t node, struct span wire)
{
    site_says(site, node, wire);
    assert_span_equal(site_hears(site, node), connack);
}

/* n2 subscribes farm/# at QoS 1 */
static struct site *site_with_reader(void)
{
    struct site *site = site_new(conf, false);

    connect_node(site, 2, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn2"));
    site_says(site, 2,
              WIRE_SPAN("\x0b\x12\x20\0\x03"
                        "farm/#"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x08\x13\x20\0\0\0\x03\0"));
    return site;
}

static void a_predefined_id_means_the_nodes_own_topic(void **state)
{
    struct site *site = site_with_reader();

    (void)state;
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"));
    /* PUBLISH QoS 1, predefined id 7, MsgId 9, "21" */
    site_says(site, 1,
              WIRE_SPAN("\x09\x0c\x21\0\x07\0\x09"
                        "21"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x07\x0d\0\x07\0\x09\0"));
    site_free(site);
}

static void a_wildcard_reader_gets_register_before_publish(void **state)
{
    struct site *site = site_with_reader();

    (void)state;
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"));
    site_says(site, 1,
              WIRE_SPAN("\x09\x0c\x21\0\x07\0\x09"
                        "21"));
    /* REGISTER id 1, MsgId 1 */
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x15\x0a\0\x01\0\x01"
                                                     "farm/bed-1/temp"));
    assert_int_equal(site_hears(site, 2).len, 0);
    site_says(site, 2, WIRE_SPAN("\x07\x0b\0\x01\0\x01\0"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x09\x0c\x20\0\x01\0\x01"
                                                     "21"));
    site_free(site);
}

/* SN-080: what it refused to know by an id, and what would follow. */
static void a_message_that_cannot_be_delivered_counts_as_dropped_for_its_node(void **state)
{
    struct site *site = site_with_reader();
    struct hub_node_view view;

    (void)state;
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"));
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x01\0\x07\0\0x"));
    assert_int_equal(site_hears(site, 2).at[1], 0x0a);
    site_says(site, 2, WIRE_SPAN("\x07\x0b\0\x01\0\x01\x03"));
    assert_true(hub_node_find(site->hub, WIRE_SPAN("n2"), &view));
    assert_int_equal(view.dropped, 1);
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x21\0\x07\0\x01x"));
    assert_int_equal(site_hears(site, 2).len, 0);
    assert_true(hub_node_find(site->hub, WIRE_SPAN("n2"), &view));
    assert_int_equal(view.dropped, 2);
    site_free(site);
}

/* SN-081: nothing at QoS 1 is lost, in order, and others go by. */
static void a_message_whose_name_has_no_room_at_the_node_waits(void **state)
{
    struct site *site = site_with_reader();
    struct hub_node_view view;

    (void)state;
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"));
    connect_node(site, 2, WIRE_SPAN("\x08\x04\0\x01\0\0n2"));
    site_says(site, 2, WIRE_SPAN("\x06\x12\x20\0\x03#"));
    assert_int_equal(site_hears(site, 2).len, 8);
    site_says(site, 1,
              WIRE_SPAN("\x08\x0c\x21\0\x07\0\x01"
                        "1"));
    assert_int_equal(site_hears(site, 2).at[1], 0x0a);
    site_says(site, 2, WIRE_SPAN("\x07\x0b\0\x01\0\x01\x01"));
    site_says(site, 1,
              WIRE_SPAN("\x08\x0c\x21\0\x07\0\x02"
                        "2"));
    assert_int_equal(site_hears(site, 2).len, 0);
    site_says(site, 1,
              WIRE_SPAN("\x08\x0c\x22xy\0\x03"
                        "3"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x08\x0c\x22xy\0\x03"
                                                     "3"));
    site_says(site, 2, WIRE_SPAN("\x07\x0dxy\0\x03\0"));
    site_says(site, 2, WIRE_SPAN("\x04\x18\x02\x58")); /* over a sleep, too */
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x02\x18"));
    site_says(site, 2, WIRE_SPAN("\x04\x16n2"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x02\x17"));
    connect_node(site, 2, WIRE_SPAN("\x08\x04\0\x01\0\0n2"));
    assert_int_equal(site_hears(site, 2).len, 0);
    site_wait(site, 301000);
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x15\x0a\0\x01\0\x02"
                                                     "farm/bed-1/temp"));
    site_says(site, 2, WIRE_SPAN("\x07\x0b\0\x01\0\x02\0"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x08\x0c\x20\0\x01\0\x01"
                                                     "1"));
    site_says(site, 2, WIRE_SPAN("\x07\x0d\0\x01\0\x01\0"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x08\x0c\x20\0\x01\0\x02"
                                                     "2"));
    site_says(site, 2, WIRE_SPAN("\x07\x0d\0\x01\0\x02\0"));
    assert_true(hub_node_find(site->hub, WIRE_SPAN("n2"), &view));
    assert_int_equal(view.dropped, 0);
    assert_int_equal(view.queued, 0);
    site_free(site);
}

static void an_unknown_predefined_id_is_answered_2_and_forwarded_to_nobody(void **state)
{
    struct site *site = site_with_reader();

    (void)state;
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"));
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x21\0\x08\0\x09x"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x07\x0d\0\x08\0\x09\x02"));
    assert_int_equal(site_hears(site, 2).len, 0);
    site_free(site);
}

static void a_short_name_with_an_entry_means_its_template(void **state)
{
    struct site *site = site_with_reader();

    (void)state;
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"));
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x22zz\0\x01x"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x15\x0a\0\x01\0\x01"
                                                     "farm/bed-1/door"));
    site_free(site);
}

static void a_publisher_waits_for_the_disk_only_where_a_kept_session_reads(void **state)
{
    struct site *site = site_new("[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\n"
                                 "[store]\npath = disk\ncommit_delay = 5ms\n",
                                 true);
    struct batch batch;

    (void)state;
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"));
    assert_true(hub_records(site->hub, &batch, site->now_ms + 5)); /* seen for the first time */
    hub_kept(site->hub, &batch, site->now_ms);
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x22zz\0\x01x")); /* nobody reads: free */
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x07\x0dzz\0\x01\0"));
    assert_false(hub_records(site->hub, &batch, site->now_ms + 1000));

    /* CleanSession 0: there is something to keep from the first request on */
    connect_node(site, 2, WIRE_SPAN("\x08\x04\0\x01\0\x3cn2"));
    assert_true(hub_records(site->hub, &batch, site->now_ms + 5));
    assert_int_equal(batch.count, 1); /* seen for the first time, and nothing else */
    hub_kept(site->hub, &batch, site->now_ms);
    site_says(site, 2, WIRE_SPAN("\x06\x12\x20\0\x03+"));
    assert_int_equal(site_hears(site, 2).len, 0);
    site_wait(site, 5);
    assert_true(hub_records(site->hub, &batch, site->now_ms));
    hub_kept(site->hub, &batch, site->now_ms);
    hub_pump(site->hub, site->now_ms);
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x08\x13\x20\0\0\0\x03\0"));
    site_free(site);
}

static void qos_minus_1_needs_no_session_and_gets_no_answer(void **state)
{
    struct site *site = site_new("[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\n"
                                 "publish_without_connect = yes\n[store]\npath = none\n",
                                 false);

    (void)state;
    connect_node(site, 2, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn2"));
    site_says(site, 2, WIRE_SPAN("\x06\x12\x20\0\x03#"));
    assert_int_equal(site_hears(site, 2).len, 8);
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x62zz\0\0x"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x08\x0c\x02zz\0\0x")); /* SN-150 */
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x62zz\0\0x"));
    assert_int_equal(site_hears(site, 1).len, 0);
    site_free(site);
}

static void a_dropped_qos_minus_1_is_said_once_a_minute(void **state)
{
    struct site *site = site_new("[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\n"
                                 "publish_without_connect = no\n[store]\npath = none\n",
                                 false);

    (void)state;
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x62zz\0\0x"));
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x62zz\0\0x"));
    assert_non_null(strstr(site_log(site), "QoS -1 dropped"));
    assert_null(site_log(site));
    site_wait(site, 60000);
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x62zz\0\0x"));
    assert_non_null(site_log(site));
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_predefined_id_means_the_nodes_own_topic),
        cmocka_unit_test(a_wildcard_reader_gets_register_before_publish),
        cmocka_unit_test(a_message_that_cannot_be_delivered_counts_as_dropped_for_its_node),
        cmocka_unit_test(a_message_whose_name_has_no_room_at_the_node_waits),
        cmocka_unit_test(an_unknown_predefined_id_is_answered_2_and_forwarded_to_nobody),
        cmocka_unit_test(a_short_name_with_an_entry_means_its_template),
        cmocka_unit_test(a_publisher_waits_for_the_disk_only_where_a_kept_session_reads),
        cmocka_unit_test(qos_minus_1_needs_no_session_and_gets_no_answer),
        cmocka_unit_test(a_dropped_qos_minus_1_is_said_once_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
