/* tests/hub/test_border_life.c - a node's life as others see it: wills, sleep, loss, refusal. */
#include "tests/hub/fixture.h"

static const char conf[] =
    "[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\nretry = 1s\nretries = 2\n"
    "[store]\npath = none\n";

static const struct span connack = {WIRE("\x03\x05\0")};

static void connect_node(struct site *site, uint8_t node, struct span wire)
{
    site_says(site, node, wire);
    assert_span_equal(site_hears(site, node), connack);
}

/* n2 reads all short names at QoS 1, so what it hears is one PUBLISH each. */
static struct site *site_with_reader(const char *text)
{
    struct site *site = site_new(text, false);

    connect_node(site, 2, WIRE_SPAN("\x08\x04\x04\x01\0\0n2"));
    site_says(site, 2, WIRE_SPAN("\x06\x12\x20\0\x03+"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x08\x13\x20\0\0\0\x03\0"));
    return site;
}

/* n1 with the will "zz" = "gone", QoS 1, keep alive 10 s */
static void connect_with_will(struct site *site)
{
    site_says(site, 1, WIRE_SPAN("\x08\x04\x0c\x01\0\x0an1"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x02\x06"));
    site_says(site, 1, WIRE_SPAN("\x05\x07\x20zz"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x02\x08"));
    site_says(site, 1, WIRE_SPAN("\x06\x09gone"));
    assert_span_equal(site_hears(site, 1), connack);
}

/* SN-041 SN-049 */
static void a_silent_nodes_will_is_published_once(void **state)
{
    struct site *site = site_with_reader(conf);

    (void)state;
    connect_with_will(site);
    site_wait(site, 14900); /* 10 s, +50 % */
    assert_int_equal(site_hears(site, 2).len, 0);
    site_wait(site, 200);
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x0b\x0c\x22zz\0\x01gone"));
    site_says(site, 2, WIRE_SPAN("\x07\x0dzz\0\x01\0"));
    site_wait(site, 60000);
    assert_int_equal(site_hears(site, 2).len, 0);
    site_free(site);
}

/* SN-057 SN-058 SN-059 SN-065 */
static void an_updated_will_is_the_one_that_is_published(void **state)
{
    struct site *site = site_with_reader(conf);

    (void)state;
    connect_with_will(site);
    site_says(site, 1, WIRE_SPAN("\x05\x1a\x20yy"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x03\x1b\0"));
    site_says(site, 1, WIRE_SPAN("\x06\x1clost"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x03\x1d\0"));
    assert_int_equal(site_hears(site, 2).len, 0);
    site_wait(site, 15100);
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x0b\x0c\x22yy\0\x01lost"));
    site_free(site);
}

/* SN-060 SN-062 */
static void a_deleted_will_is_not_published_and_takes_no_message(void **state)
{
    struct site *site = site_with_reader(conf);

    (void)state;
    connect_with_will(site);
    site_says(site, 1, WIRE_SPAN("\x02\x1a"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x03\x1b\0"));
    site_says(site, 1, WIRE_SPAN("\x06\x1clost"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x03\x1d\x03"));
    site_wait(site, 20000);
    assert_int_equal(site_hears(site, 2).len, 0);
    site_free(site);
}

/* SN-161 */
static void a_node_that_says_bye_leaves_no_will(void **state)
{
    struct site *site = site_with_reader(conf);

    (void)state;
    connect_with_will(site);
    site_says(site, 1, WIRE_SPAN("\x02\x18"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x02\x18"));
    site_wait(site, 20000);
    assert_int_equal(site_hears(site, 2).len, 0);
    site_free(site);
}

/* SN-131 SN-132 */
static void an_unsubscribed_filter_brings_nothing_more(void **state)
{
    struct site *site = site_with_reader(conf);

    (void)state;
    site_says(site, 2, WIRE_SPAN("\x06\x14\0\0\x04+"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x04\x15\0\x04"));
    site_says(site, 2, WIRE_SPAN("\x06\x14\0\0\x05+"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x04\x15\0\x05"));
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"));
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x02zz\0\0x"));
    assert_int_equal(site_hears(site, 2).len, 0);
    site_free(site);
}

static void put_reader_to_sleep(struct site *site)
{
    site_says(site, 2, WIRE_SPAN("\x04\x18\x02\x58"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x02\x18"));
}

/* SN-167 to SN-172, SN-183: a sleeper that does not answer keeps its message for the next waking.
 */
static void a_waking_brings_what_waits_then_pingresp(void **state)
{
    struct site *site = site_with_reader(conf);

    (void)state;
    put_reader_to_sleep(site);
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\0n1"));
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x22zz\0\x01x"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x07\x0dzz\0\x01\0"));
    site_wait(site, 1000);
    assert_int_equal(site_hears(site, 2).len, 0);
    site_says(site, 2, WIRE_SPAN("\x04\x16n2"));
    for (int i = 0; i < 3; i++) { /* once, and two repeats with DUP */
        struct span publish = site_hears(site, 2);

        assert_int_equal(publish.len, 8);
        assert_int_equal(publish.at[2], i == 0 ? 0x22 : 0xa2);
        site_wait(site, 1001);
    }
    site_wait(site, 5000);
    assert_int_equal(site_hears(site, 2).len, 0); /* asleep again, without PINGRESP */
    site_says(site, 2, WIRE_SPAN("\x04\x16n2"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x08\x0c\xa2zz\0\x01x"));
    site_says(site, 2, WIRE_SPAN("\x07\x0dzz\0\x01\0"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x02\x17"));
    site_free(site);
}

/* 7.10: what a waking may bring at most. */
static void wake_messages_leaves_the_rest_for_the_next_waking(void **state)
{
    struct site *site = site_with_reader("[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\n"
                                         "wake_messages = 2\n[store]\npath = none\n");

    (void)state;
    put_reader_to_sleep(site);
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\0n1"));
    for (int i = 0; i < 3; i++) {
        site_says(site, 1, WIRE_SPAN("\x08\x0c\x02zz\0\0x"));
    }
    site_says(site, 2, WIRE_SPAN("\x04\x16n2"));
    assert_int_equal(site_hears(site, 2).at[1], 0x0c);
    assert_int_equal(site_hears(site, 2).at[1], 0x0c);
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x02\x17"));
    site_says(site, 2, WIRE_SPAN("\x04\x16n2"));
    assert_int_equal(site_hears(site, 2).at[1], 0x0c);
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x02\x17"));
    site_free(site);
}

static void a_listener_of_listed_nodes_refuses_others(void **state)
{
    struct site *site = site_new("[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\nauth = listed\n"
                                 "[node bed-1]\nclient_id = n1\n[store]\npath = none\n",
                                 false);

    (void)state;
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"));
    site_says(site, 2, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn2"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x03\x05\x03"));
    site_free(site);
}

/* SN-032: out of memory for one more session is congestion. */
static void a_full_gateway_answers_congestion(void **state)
{
    struct site *site = site_new("[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\n"
                                 "[limits]\nnodes = 1\n[store]\npath = none\n",
                                 false);

    (void)state;
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"));
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x02zz\0\0x"));
    site_says(site, 2, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn2"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x03\x05\x01"));
    site_free(site);
}

static void a_node_that_never_asked_for_anything_gives_way(void **state)
{
    struct site *site = site_new("[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\n"
                                 "[limits]\nnodes = 2\n[node n1]\nclient_id = n1\n"
                                 "[store]\npath = none\n",
                                 false);

    (void)state;
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1")); /* known: it stays */
    connect_node(site, 2, WIRE_SPAN("\x08\x04\0\x01\0\x3cn2"));
    connect_node(site, 3, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn3"));
    connect_node(site, 4, WIRE_SPAN("\x08\x04\0\x01\0\x3cn4"));
    site_says(site, 3, WIRE_SPAN("\x02\x16"));
    assert_span_equal(site_hears(site, 3), WIRE_SPAN("\x02\x18"));
    site_says(site, 1, WIRE_SPAN("\x02\x16"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x02\x17"));
    site_free(site);
}

/* Two nodes of one client id: the log names both addresses. */
static void both_addresses_of_one_client_id_are_said(void **state)
{
    struct site *site = site_new(conf, false);

    (void)state;
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"));
    assert_non_null(site_log(site));
    site_says(site, 2, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x02\x16"));
    site_says(site, 1, WIRE_SPAN("\x02\x17"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x03\x05\x03"));
    assert_string_equal(site_log(site), "keeps its client id: n1: it is at 10.0.0.1:1884, asked "
                                        "for from 10.0.0.2:1884");
    site_says(site, 2, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"));
    site_wait(site, 2000);
    assert_string_equal(site_log(site), "moved: n1: from 10.0.0.1:1884 to 10.0.0.2:1884");
    site_free(site);
}

static void a_topic_with_too_many_levels_is_refused(void **state)
{
    struct site *site = site_new("[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\n"
                                 "[limits]\ntopic_levels = 2\n[store]\npath = none\n",
                                 false);

    (void)state;
    connect_node(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"));
    site_says(site, 1,
              WIRE_SPAN("\x0b\x0a\0\0\0\x01"
                        "a/b/c"));
    assert_int_equal(site_hears(site, 1).at[6], 3);
    site_says(site, 1,
              WIRE_SPAN("\x0a\x12\x20\0\x02"
                        "a/b/#"));
    assert_int_equal(site_hears(site, 1).at[7], 3);
    site_says(site, 1,
              WIRE_SPAN("\x09\x0a\0\0\0\x03"
                        "a/b"));
    assert_int_equal(site_hears(site, 1).at[6], 0);
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_nodes_will_is_published_once),
        cmocka_unit_test(an_updated_will_is_the_one_that_is_published),
        cmocka_unit_test(a_deleted_will_is_not_published_and_takes_no_message),
        cmocka_unit_test(a_node_that_says_bye_leaves_no_will),
        cmocka_unit_test(an_unsubscribed_filter_brings_nothing_more),
        cmocka_unit_test(a_waking_brings_what_waits_then_pingresp),
        cmocka_unit_test(wake_messages_leaves_the_rest_for_the_next_waking),
        cmocka_unit_test(a_listener_of_listed_nodes_refuses_others),
        cmocka_unit_test(a_full_gateway_answers_congestion),
        cmocka_unit_test(a_node_that_never_asked_for_anything_gives_way),
        cmocka_unit_test(both_addresses_of_one_client_id_are_said),
        cmocka_unit_test(a_topic_with_too_many_levels_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
