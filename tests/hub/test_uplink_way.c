/* tests/hub/test_uplink_way.c - by which url an upstream goes, and whether it goes at all. */
#include <string.h>

#include "gateway/hub/status.h"
#include "gateway/hub/uplink_way.h"
#include "tests/hub/far.h"

#define HEAD "[gateway]\nname = gw\n[store]\npath = none\n"
#define A    "[upstream a]\nreconnect = 1s..2s\nsend = t/# qos 1\n"
#define URLS "url = mqtt://0.example\nurl = mqtt://1.example\nurl = mqtt://2.example\n"
#define B                                                                                  \
    "[upstream b]\nurl = mqtt://b.example\nreconnect = 1s..2s\nsend = t/# to b/%t qos 1\n" \
    "only_while_down = a\ndown_after = 10m\n"

#define MINUTE 60000u

static struct hub_upstream_view view_of(const struct site *site, size_t i)
{
    struct hub_upstream_view view;

    hub_upstream_view(site->hub, i, &view);
    return view;
}

static void expect_state(const struct site *site, size_t i, const char *state)
{
    assert_string_equal(view_of(site, i).state, state);
}

static size_t url_of(const struct site *site, size_t i)
{
    return (size_t)(view_of(site, i).url - site->conf->upstream[i].url.at);
}

/* It gets an answer to something: the message goes up and is acknowledged. */
static void serve(struct site *site, size_t i)
{
    struct mqtt_packet packet;

    here_say(site, "t/x", "1", 1);
    assert_true(far_hears(site, i, &packet));
    far_acks(site, i, MQTT_PUBACK, packet.packet_id);
}

/* Upstream `i` is not dialled within that time. */
static void expect_no_dial(struct site *site, size_t i, uint64_t ms)
{
    struct hub_news news;

    for (uint64_t end = site->now_ms + ms; site->now_ms < end;) {
        site_wait(site, 1000);
        while (hub_event(site->hub, &news)) {
            assert_false(news.kind == HUB_DIAL && news.index == i);
        }
    }
}

/* PINGREQs are answered for that long. */
static void last(struct site *site, size_t i, uint64_t ms)
{
    for (uint64_t end = site->now_ms + ms; site->now_ms < end;) {
        site_wait(site, 5000);
        far_hears_nothing(site, i);
        far_says(site, i, WIRE_SPAN("\xd0\0"));
    }
}

/* --- urls ------------------------------------------------------------------------------------ */

static void a_url_that_serves_and_never_lasts_is_left_after_three_cuts(void **state)
{
    struct site *site = site_new(HEAD A URLS, false);

    (void)state;
    for (unsigned i = 0; i < HUB_WAY_CUTS; i++) {
        assert_int_equal(url_of(site, 0), 0);
        far_accept(site, 0, true);
        serve(site, 0);
        far_cut(site, 0);
    }
    assert_int_equal(url_of(site, 0), 1);
    site_free(site);
}

static void a_url_that_lasted_is_tried_again_first(void **state)
{
    struct site *site = site_new(HEAD A URLS, false);

    (void)state;
    for (unsigned i = 0; i < 2 * HUB_WAY_CUTS; i++) {
        far_accept(site, 0, true);
        serve(site, 0);
        last(site, 0, 40000);
        far_cut(site, 0);
        assert_int_equal(url_of(site, 0), 0);
    }
    site_free(site);
}

/* On its second url, and there for a while. */
static struct site *site_on_second(void)
{
    struct site *site = site_new(HEAD A URLS, false);

    far_accept(site, 0, false);
    far_cut(site, 0);
    assert_int_equal(url_of(site, 0), 1);
    far_accept(site, 0, false);
    serve(site, 0);
    return site;
}

static void the_first_url_is_tried_again_after_a_while_and_stays_if_it_serves(void **state)
{
    struct site *site = site_on_second();

    (void)state;
    last(site, 0, HUB_WAY_BACK_MS - 5000);
    assert_int_equal(url_of(site, 0), 1);
    expect_state(site, 0, "online");
    last(site, 0, 10000);
    assert_int_equal(url_of(site, 0), 0);
    far_accept(site, 0, true);
    serve(site, 0);
    last(site, 0, 3 * HUB_WAY_BACK_MS);
    assert_int_equal(url_of(site, 0), 0);
    expect_state(site, 0, "online");
    site_free(site);
}

static void a_first_url_that_does_not_serve_is_tried_ever_more_seldom(void **state)
{
    struct site *site = site_on_second();

    (void)state;
    for (uint64_t wait_ms = HUB_WAY_BACK_MS; wait_ms < HUB_WAY_BACK_MOST_MS; wait_ms *= 2) {
        last(site, 0, wait_ms - 5000);
        assert_int_equal(url_of(site, 0), 1);
        expect_state(site, 0, "online");
        last(site, 0, 10000);
        assert_int_equal(url_of(site, 0), 0);
        far_accept(site, 0, true);
        far_cut(site, 0);
        assert_int_equal(url_of(site, 0), 1);
        far_accept(site, 0, true);
        serve(site, 0);
    }
    site_free(site);
}

/* What was sent and not acknowledged when the way changes goes again, in order, before the rest. */
static void a_change_of_url_loses_and_reorders_nothing(void **state)
{
    struct site *site = site_on_second();
    struct mqtt_packet packet;

    (void)state;
    last(site, 0, HUB_WAY_BACK_MS - 5000);
    here_say(site, "t/x", "1", 1);
    here_say(site, "t/x", "2", 1);
    far_hears_publish(site, 0, "t/x", "1");
    assert_true(far_hears(site, 0, &packet));
    site_wait(site, 6000);
    assert_int_equal(url_of(site, 0), 1); /* the acknowledgements are waited for */
    far_acks(site, 0, MQTT_PUBACK, (uint16_t)(packet.packet_id - 1));
    here_say(site, "t/x", "3", 1);
    far_hears_publish(site, 0, "t/x", "3");
    site_wait(site, 28500); /* and no longer than ack_timeout */
    assert_int_equal(url_of(site, 0), 1);
    site_wait(site, 1000);
    far_hears_nothing(site, 0);
    hub_pump(site->hub, site->now_ms);
    assert_int_equal(url_of(site, 0), 0);
    here_say(site, "t/x", "4", 1);
    far_accept(site, 0, false);
    hub_uplink_input(site->hub, 0, (struct span){NULL, 0}, site->now_ms);
    far_hears_publish(site, 0, "t/x", "2");
    far_hears_publish(site, 0, "t/x", "3");
    far_hears_publish(site, 0, "t/x", "4");
    site_free(site);
}

static void by_chance_each_url_may_be_the_first_and_none_is_gone_back_to(void **state)
{
    unsigned seen = 0;

    (void)state;
    struct site *site = site_new(HEAD A URLS "balance = random\n", false);

    for (unsigned i = 0; i < 40; i++) {
        size_t was = url_of(site, 0);

        seen |= 1u << was;
        far_accept(site, 0, false);
        far_cut(site, 0);
        assert_int_not_equal(url_of(site, 0), was);
    }
    assert_int_equal(seen, 7);
    while (url_of(site, 0) == 0) {
        far_accept(site, 0, false);
        far_cut(site, 0);
    }
    far_accept(site, 0, false);
    serve(site, 0);
    last(site, 0, 2 * HUB_WAY_BACK_MS);
    expect_state(site, 0, "online");
    site_free(site);
}

/* --- only_while_down ------------------------------------------------------------------------- */

static void who_stands_by_is_not_dialled_and_takes_nothing(void **state)
{
    struct site *site = site_new(HEAD A "url = mqtt://a.example\n" B, false);

    (void)state;
    expect_state(site, 1, "standby");
    far_accept(site, 0, false);
    serve(site, 0);
    last(site, 0, 30 * (uint64_t)MINUTE);
    expect_no_dial(site, 1, 30000);
    assert_int_equal(view_of(site, 1).queued, 0);
    assert_int_equal(view_of(site, 1).old, 0);
    site_free(site);
}

static void it_takes_over_after_down_after_and_gives_way_when_the_other_lasts(void **state)
{
    struct site *site = site_new(HEAD A "url = mqtt://a.example\n" B, false);
    struct mqtt_packet packet;

    (void)state;
    far_accept(site, 0, false);
    serve(site, 0);
    last(site, 0, 60000);
    far_cut(site, 0);
    here_say(site, "t/x", "early", 1);
    expect_no_dial(site, 1, 10 * (uint64_t)MINUTE - 2000);
    expect_state(site, 1, "standby");
    site_wait(site, 2500);
    expect_state(site, 1, "offline");
    far_accept(site, 1, false);
    here_say(site, "t/x", "late", 1);
    assert_true(far_hears(site, 1, &packet));
    assert_span_equal(packet.topic, span_of_text("b/x"));
    assert_span_equal(packet.payload, span_of_text("late"));
    far_acks(site, 1, MQTT_PUBACK, packet.packet_id);

    far_accept(site, 0, true); /* the first is back, and has all of it */
    far_hears_publish(site, 0, "t/x", "early");
    far_hears_publish(site, 0, "t/x", "late");
    far_acks(site, 0, MQTT_PUBACK, 1);
    far_acks(site, 0, MQTT_PUBACK, 2);
    site_wait(site, MQTT_CLIENT_GOOD_MS - 2000);
    here_say(site, "t/x", "both", 1);
    assert_int_equal(view_of(site, 1).queued, 1);
    site_wait(site, 5000);
    here_say(site, "t/x", "one", 1);
    assert_int_equal(view_of(site, 1).queued, 1); /* what it took it sends still ... */
    expect_state(site, 1, "online");
    assert_true(far_hears(site, 1, &packet));
    assert_span_equal(packet.payload, span_of_text("both"));
    far_acks(site, 1, MQTT_PUBACK, packet.packet_id);
    far_hears_nothing(site, 1); /* ... and leaves then */
    hub_pump(site->hub, site->now_ms);
    expect_state(site, 1, "standby");
    site_free(site);
}

static void a_first_that_comes_and_goes_counts_as_down(void **state)
{
    struct site *site = site_new(HEAD A "url = mqtt://a.example\n" B, false);

    (void)state;
    while (site->now_ms < 11 * (uint64_t)MINUTE) {
        far_accept(site, 0, false);
        site_wait(site, 10000);
        far_cut(site, 0);
    }
    assert_string_not_equal(view_of(site, 1).state, "standby");
    site_free(site);
}

/* --- paused ---------------------------------------------------------------------------------- */

static void a_paused_upstream_is_left_in_order_and_its_queue_goes_on(void **state)
{
    struct site *site = site_new(HEAD A "url = mqtt://a.example\nwill_topic = w\n", false);
    struct hub_news news;
    struct mqtt_packet packet;
    bool hung_up = false;

    (void)state;
    far_accept(site, 0, false);
    far_hears_publish(site, 0, "w", "online");
    serve(site, 0);
    hub_uplink_pause(site->hub, 0, true);
    hub_pump(site->hub, site->now_ms);
    assert_true(far_hears(site, 0, &packet));
    assert_span_equal(packet.payload, span_of_text("offline"));
    hub_pump(site->hub, site->now_ms);
    expect_state(site, 0, "paused");
    while (hub_event(site->hub, &news)) {
        hung_up |= news.kind == HUB_HANGUP;
    }
    assert_true(hung_up);
    here_say(site, "t/x", "waits", 1);
    expect_no_dial(site, 0, 10 * (uint64_t)MINUTE);
    assert_int_equal(view_of(site, 0).queued, 1);
    hub_uplink_pause(site->hub, 0, false);
    hub_pump(site->hub, site->now_ms);
    far_accept(site, 0, true);
    far_hears_publish(site, 0, "w", "online");
    far_hears_publish(site, 0, "t/x", "waits");
    site_free(site);
}

static void one_that_is_not_there_can_be_paused_too(void **state)
{
    struct site *site = site_new(HEAD A "url = mqtt://a.example\n", false);

    (void)state;
    hub_uplink_pause(site->hub, 0, true);
    site_wait(site, 1);
    expect_no_dial(site, 0, MINUTE);
    expect_state(site, 0, "paused");
    hub_uplink_pause(site->hub, 0, false);
    hub_pump(site->hub, site->now_ms);
    far_accept(site, 0, false);
    expect_state(site, 0, "online");
    site_free(site);
}

/* --- queue ----------------------------------------------------------------------------------- */

static void purge_drops_what_waits_and_says_how_many(void **state)
{
    struct site *site = site_new(HEAD A "url = mqtt://a.example\n", false);

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        here_say(site, "t/x", "1", 1);
    }
    assert_int_equal(hub_uplink_purge(site->hub, 0, site->now_ms), 5);
    assert_int_equal(view_of(site, 0).queued, 0);
    assert_int_equal(hub_uplink_purge(site->hub, 0, site->now_ms), 0);
    far_accept(site, 0, false);
    far_hears_nothing(site, 0);
    site_free(site);
}

static void resend_sends_retained_messages_again(void **state)
{
    struct site *site = site_new(HEAD A "url = mqtt://a.example\n", false);
    struct mqtt_packet packet;

    (void)state;
    far_accept(site, 0, false);
    here_publish(site, &(struct mqtt_publication){.topic = span_of_text("t/x"),
                                                  .payload = span_of_text("kept"),
                                                  .qos = 1,
                                                  .retain = true});
    far_hears_publish(site, 0, "t/x", "kept");
    far_acks(site, 0, MQTT_PUBACK, 1);
    assert_int_equal(hub_uplink_resend(site->hub, 0, site->now_ms), 1);
    assert_true(far_hears(site, 0, &packet));
    assert_span_equal(packet.payload, span_of_text("kept"));
    assert_true(packet.flags & MQTT_RETAIN);
    site_free(site);
}

/* --- told ------------------------------------------------------------------------------------ */

static void expect_info(struct site *site, const char *wanted)
{
    const struct mqtt_branch *branch = mqtt_retain_find(
        &hub_broker(site->hub)->sessions->retain, span_of_text("$SYS/gateway/upstream/a/info"));

    assert_non_null(branch);
    assert_span_equal(mqtt_message_payload(branch->message), span_of_text(wanted));
}

static void info_is_told_with_each_change_and_as_the_queue_grows(void **state)
{
    struct site *site = site_new(HEAD A "url = mqtt://a.example\n", false);

    (void)state;
    expect_info(site,
                "{\"state\":\"offline\",\"since\":1700000001,\"url\":\"mqtt://a.example:1883\","
                "\"cause\":\"\",\"queued\":0,\"queued_octets\":0,\"sent\":0}");
    far_accept(site, 0, false);
    serve(site, 0);
    far_cut(site, 0);
    here_say(site, "t/x", "1", 1);
    expect_info(site,
                "{\"state\":\"offline\",\"since\":1700000001,\"url\":\"mqtt://a.example:1883\","
                "\"cause\":\"cut\",\"queued\":0,\"queued_octets\":0,\"sent\":1}");
    site_wait(site, HUB_WAY_TELL_MS);
    expect_info(site,
                "{\"state\":\"offline\",\"since\":1700000001,\"url\":\"mqtt://a.example:1883\","
                "\"cause\":\"cut\",\"queued\":1,\"queued_octets\":4,\"sent\":1}");
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_that_serves_and_never_lasts_is_left_after_three_cuts),
        cmocka_unit_test(a_url_that_lasted_is_tried_again_first),
        cmocka_unit_test(the_first_url_is_tried_again_after_a_while_and_stays_if_it_serves),
        cmocka_unit_test(a_first_url_that_does_not_serve_is_tried_ever_more_seldom),
        cmocka_unit_test(a_change_of_url_loses_and_reorders_nothing),
        cmocka_unit_test(by_chance_each_url_may_be_the_first_and_none_is_gone_back_to),
        cmocka_unit_test(who_stands_by_is_not_dialled_and_takes_nothing),
        cmocka_unit_test(it_takes_over_after_down_after_and_gives_way_when_the_other_lasts),
        cmocka_unit_test(a_first_that_comes_and_goes_counts_as_down),
        cmocka_unit_test(a_paused_upstream_is_left_in_order_and_its_queue_goes_on),
        cmocka_unit_test(one_that_is_not_there_can_be_paused_too),
        cmocka_unit_test(purge_drops_what_waits_and_says_how_many),
        cmocka_unit_test(resend_sends_retained_messages_again),
        cmocka_unit_test(info_is_told_with_each_change_and_as_the_queue_grows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
