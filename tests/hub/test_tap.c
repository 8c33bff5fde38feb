/* gateway/hub/tap.c: what those who watch are shown of the messages of nodes. */
#include "gateway/hub/tap.h"
#include "tests/hub/fixture.h"

static const char conf[] = "[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\n"
                           "publish_without_connect = yes\n"
                           "[topics default]\n7 = farm/%n/temp\n"
                           "[node bed-1]\nclient_id = n1\n"
                           "[store]\npath = none\n";

static const struct span none = {NULL, 0};

/* QoS 1, predefined id 7, MsgId 9, "21" */
static const struct span publish = {WIRE("\x09\x0c\x21\0\x07\0\x09"
                                         "21")};

static struct site *site_with_node(void)
{
    struct site *site = site_new(conf, false);

    site_says(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"));
    (void)site_hears(site, 1);
    return site;
}

static int open_tap(struct site *site, const char *filter, const char *node)
{
    const char *why = NULL;

    return hub_tap_open(site->hub, span_of_text(filter), span_of_text(node), &why);
}

static size_t count_seen(struct site *site, int tap)
{
    struct hub_tapped seen;
    size_t count = 0;

    while (hub_tapped(site->hub, &seen)) {
        count += seen.taps >> tap & 1;
    }
    return count;
}

static void a_message_of_a_node_is_seen_under_its_name(void **state)
{
    struct site *site = site_with_node();
    struct hub_tapped seen;

    (void)state;
    assert_int_equal(open_tap(site, "", ""), 0);
    site_says(site, 1, publish);
    assert_true(hub_tapped(site->hub, &seen));
    assert_span_equal(seen.node, span_of_text("bed-1"));
    assert_span_equal(seen.topic, span_of_text("farm/bed-1/temp"));
    assert_span_equal(seen.payload, span_of_text("21"));
    assert_int_equal(seen.size, 2);
    assert_int_equal(seen.qos, 1);
    assert_int_equal(seen.taps, 1);
    assert_null(seen.refused);
    assert_false(seen.to_node || seen.stray);
    assert_false(hub_tapped(site->hub, &seen));
    site_free(site);
}

static void a_message_to_a_node_is_seen_once_and_so_is_a_stray(void **state)
{
    struct site *site = site_with_node();
    struct hub_tapped seen;

    (void)state;
    /* SUBSCRIBE QoS 0 to the short name ab, which then needs no REGISTER */
    site_says(site, 1,
              WIRE_SPAN("\x07\x12\x02\0\x01"
                        "ab"));
    assert_int_equal(open_tap(site, "", ""), 0);
    site_says(site, 2,
              WIRE_SPAN("\x08\x0c\x62"
                        "ab\0\0x"));
    assert_true(hub_tapped(site->hub, &seen));
    assert_true(seen.stray);
    assert_int_equal(seen.node.len, 0);
    assert_true(hub_tapped(site->hub, &seen));
    assert_true(seen.to_node);
    assert_span_equal(seen.node, span_of_text("bed-1"));
    assert_span_equal(seen.topic, span_of_text("ab"));
    assert_false(hub_tapped(site->hub, &seen));
    site_free(site);
}

static void a_tap_shows_what_fits_its_filter_and_its_node(void **state)
{
    struct site *site = site_with_node();
    int by_topic = open_tap(site, "farm/+/temp", "");
    int by_node = open_tap(site, "", "bed-1");
    int other_topic = open_tap(site, "farm/+/door", "bed-1");
    int other_node = open_tap(site, "#", "bed-2");
    struct hub_tapped seen;

    (void)state;
    site_says(site, 1, publish);
    assert_true(hub_tapped(site->hub, &seen));
    assert_int_equal(seen.taps, 1u << by_topic | 1u << by_node);
    hub_tap_close(site->hub, by_topic);
    hub_tap_close(site->hub, by_node);
    site_says(site, 1, publish);
    assert_false(hub_tapped(site->hub, &seen));
    hub_tap_close(site->hub, other_topic);
    hub_tap_close(site->hub, other_node);
    site_free(site);
}

static void a_long_payload_is_cut_between_two_characters(void **state)
{
    struct site *site = site_with_node();
    uint8_t wire[2000] = {1, 1309 >> 8, 1309 & 0xFF, 0x0c, 0x01, 0, 7, 0, 0};
    struct hub_tapped seen;

    (void)state;
    for (size_t i = 0; i < 1300; i += 2) { /* U+00E4, of two octets; one is odd before them */
        memcpy(wire + 10 + i, "\xc3\xa4", 2);
    }
    wire[9] = 'x';
    assert_int_equal(open_tap(site, "", ""), 0);
    site_says(site, 1, span_of(wire, 9 + 1300));
    assert_true(hub_tapped(site->hub, &seen));
    assert_int_equal(seen.size, 1300);
    assert_int_equal(seen.payload.len, HUB_TAP_PAYLOAD - 1);
    site_free(site);
}

static void what_finds_no_room_is_counted_for_each_tap_that_wants_it(void **state)
{
    struct site *site = site_with_node();
    int all = open_tap(site, "", "");
    int few = open_tap(site, "other/#", "");
    size_t seen = 0;

    (void)state;
    for (int i = 0; i < 4000; i++) {
        site_says(site, 1, publish);
        (void)site_hears(site, 1);
    }
    seen = count_seen(site, all);
    assert_true(seen > 500);
    assert_int_equal(seen + hub_tap_lost(site->hub, all), 4000);
    assert_int_equal(hub_tap_lost(site->hub, all), 0);
    assert_int_equal(hub_tap_lost(site->hub, few), 0);
    site_says(site, 1, publish); /* what was taken made room */
    assert_int_equal(count_seen(site, all), 1);
    site_free(site);
}

static void taps_are_bounded_and_cost_nothing_when_closed(void **state)
{
    struct site *site = site_with_node();
    size_t used = hub_budget(site->hub)->used;
    const char *why = NULL;

    (void)state;
    for (int i = 0; i < HUB_TAPS; i++) {
        assert_int_equal(open_tap(site, "a/#", "bed-1"), i);
    }
    assert_int_equal(hub_tap_open(site->hub, none, none, &why), -1);
    assert_string_equal(why, "too many watch already");
    hub_tap_close(site->hub, 3);
    assert_int_equal(hub_tap_open(site->hub, span_of_text("a/#/b"), none, &why), -1);
    assert_string_equal(why, "that is no topic filter");
    assert_int_equal(open_tap(site, "", ""), 3);
    for (int i = 0; i < HUB_TAPS; i++) {
        hub_tap_close(site->hub, i);
    }
    assert_int_equal(hub_budget(site->hub)->used, used);
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_of_a_node_is_seen_under_its_name),
        cmocka_unit_test(a_message_to_a_node_is_seen_once_and_so_is_a_stray),
        cmocka_unit_test(a_tap_shows_what_fits_its_filter_and_its_node),
        cmocka_unit_test(a_long_payload_is_cut_between_two_characters),
        cmocka_unit_test(what_finds_no_room_is_counted_for_each_tap_that_wants_it),
        cmocka_unit_test(taps_are_bounded_and_cost_nothing_when_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
