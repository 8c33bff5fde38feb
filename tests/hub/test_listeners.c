/* tests/hub/test_listeners.c - what is told of listeners: lost datagrams, stand-by, forwarders. */
#include "gateway/hub/line.h"
#include "tests/hub/fixture.h"

static const char conf[] = "[gateway]\nid = 7\n"
                           "[listener lan]\ntype = udp\nbind = 127.0.0.1:1884\n"
                           "multicast = 225.1.1.1:1885\nadvertise = 100s\nstandby_for = 3\n"
                           "standby_after = 1\nforwarders = any\nrate = 10/s\n"
                           "[listener bus]\ntype = serial\ndevice = /dev/null\n"
                           "[listener radio]\ntype = serial\ndevice = /dev/zero\nforwarders = any\n"
                           "[store]\npath = none\n";

/* The next line of the log of that area; empty when there is none. */
static const char *logged(struct site *site)
{
    static char text[256];
    struct hub_news news;

    while (hub_event(site->hub, &news)) {
        if (news.kind == HUB_LOG) {
            (void)snprintf(text, sizeof text, "%s", news.text);
            return text;
        }
    }
    return "";
}

static void pump(struct site *site)
{
    hub_pump(site->hub, site->now_ms);
}

static void lost_datagrams_are_said_at_once_and_then_once_a_minute(void **state)
{
    static const char first[] =
        "listener lan: 5 datagrams so far were dropped by the kernel, whose "
        "receive buffer was full (net.core.rmem_max)";
    struct site *site = site_new(conf, false);

    (void)state;
    pump(site);
    assert_string_equal(logged(site), "");
    hub_datagrams(site->hub, 0)->lost = 5;
    pump(site);
    assert_string_equal(logged(site), first);
    hub_datagrams(site->hub, 0)->lost = 9;
    site->now_ms += 59999;
    pump(site);
    assert_string_equal(logged(site), "");
    site->now_ms += 1;
    pump(site);
    assert_memory_equal(logged(site), "listener lan: 9 datagrams", 25);
    pump(site);
    assert_string_equal(logged(site), "");
    site_free(site);
}

/* What is retained at that topic. */
static struct span told(struct site *site, const char *topic)
{
    const struct mqtt_branch *branch =
        mqtt_retain_find(&site->hub->sessions.retain, span_of_text(topic));

    return branch == NULL ? (struct span){NULL, 0} : mqtt_message_payload(branch->message);
}

static void counts_of_a_listener_of_datagrams_stand_in_sys(void **state)
{
    struct site *site = site_new(conf, false);

    (void)state;
    *hub_datagrams(site->hub, 0) = (struct hub_datagrams){1, 2, 3, 4};
    pump(site);
    site_wait(site, 11000);
    assert_span_equal(told(site, "$SYS/broker/listener/lan/lost"), WIRE_SPAN("1"));
    assert_span_equal(told(site, "$SYS/broker/listener/lan/too_long"), WIRE_SPAN("2"));
    assert_span_equal(told(site, "$SYS/broker/listener/lan/strangers"), WIRE_SPAN("3"));
    assert_span_equal(told(site, "$SYS/broker/listener/lan/unsent"), WIRE_SPAN("4"));
    assert_int_equal(told(site, "$SYS/broker/listener/bus/lost").len, 0);
    site_free(site);
}

/* SN-022 */
static void standing_in_and_standing_by_are_said(void **state)
{
    struct sn_peer other = {.addr_len = 6, .addr = {10, 0, 0, 9}, .group = 1};
    struct site *site = site_new(conf, false);

    (void)state;
    site_wait(site, 150000);
    assert_string_equal(logged(site),
                        "listener lan: the gateway of standby_for is not heard: stands in for it");
    hub_datagram(site->hub, &other, WIRE_SPAN("\x05\x00\x03\x00\x64"), site->now_ms);
    pump(site);
    assert_string_equal(logged(site),
                        "listener lan: the gateway of standby_for is there: silent again");
    site_free(site);
}

/* PINGREQ of node 00 0a behind a forwarder, in a frame. */
static void on_a_line_the_other_end_may_forward_where_any_is_said(void **state)
{
    static const uint8_t message[] = {5, 0xFE, 0, 0, 10, 2, 0x16};
    struct site *site = site_new(conf, false);
    struct sn_frame frame = {
        .addr = 1, .ctrl = SN_CTRL_FROM_NODE, .payload = span_of(message, sizeof message)};
    uint8_t room[64];
    size_t len = sn_frame_encode(&frame, room, sizeof room);

    (void)state;
    hub_line_input(site->hub, 1, span_of(room, len), site->now_ms);
    pump(site);
    assert_int_equal(sn_gate_counts(hub_gate(site->hub))->no_forwarder, 1);
    assert_string_equal(
        logged(site),
        "encapsulated messages dropped: [listener] forwarders does not name their sender; the last "
        "came by listener bus from a line");
    assert_int_equal(hub_line_output(site->hub, 1, room, sizeof room, site->now_ms), 0);
    len = sn_frame_encode(&frame, room, sizeof room);
    hub_line_input(site->hub, 2, span_of(room, len), site->now_ms);
    pump(site);
    assert_int_not_equal(hub_line_output(site->hub, 2, room, sizeof room, site->now_ms), 0);
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lost_datagrams_are_said_at_once_and_then_once_a_minute),
        cmocka_unit_test(counts_of_a_listener_of_datagrams_stand_in_sys),
        cmocka_unit_test(standing_in_and_standing_by_are_said),
        cmocka_unit_test(on_a_line_the_other_end_may_forward_where_any_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
