/* tests/hub/test_uplink.c - an upstream against a scripted far broker, octet by octet. */
#include "tests/hub/fixture.h"

#include "gateway/hub/uplink.h"

static const char conf[] = "[gateway]\nname = gw\n[store]\npath = none\n"
                           "[upstream cloud]\nurl = mqtt://far.example\nkeepalive = 60s\n"
                           "exclude = site/secret/#\n"
                           "send = site/+/t to up/%g/%1 qos 1\nsend = site/# to all/%t qos 0\n"
                           "receive = down/# to site/set/%t\n"
                           "max_levels = 4\nreconnect = 1s..8s\nwill_topic = gw/state\n";

static const struct span connect = {WIRE("\x10\x21\0\x04MQTT\x04\x2c\0\x3c\0\x02gw"
                                         "\0\x08gw/state\0\x07offline")};
static const struct span connack = {WIRE("\x20\x02\0\0")};
static const struct span suback = {WIRE("\x90\x03\xff\xff\x01")};

static bool told(struct site *site, enum hub_news_kind kind)
{
    struct hub_news news;

    hub_pump(site->hub, site->now_ms);
    while (hub_event(site->hub, &news)) {
        if (news.kind == kind) {
            return true;
        }
    }
    return false;
}

static void far_says(struct site *site, struct span octets)
{
    hub_uplink_input(site->hub, 0, octets, site->now_ms);
    hub_pump(site->hub, site->now_ms);
}

static struct span far_hears(struct site *site)
{
    struct mqtt_out out;

    if (!hub_uplink_output(site->hub, 0, &out, site->out, site->now_ms)) {
        return (struct span){NULL, 0};
    }
    assert_null(out.block);
    return out.head;
}

static void publish(struct site *site, const char *topic, const char *data, uint8_t qos)
{
    struct mqtt_publication p = {
        .topic = span_of_text(topic), .payload = span_of_text(data), .qos = qos};

    assert_int_equal(mqtt_sessions_publish(hub_broker(site->hub)->sessions, &p, site->now_ms),
                     MQTT_OK);
}

static struct site *site_online(void)
{
    struct site *site = site_new(conf, false);

    site_wait(site, 1);
    assert_true(told(site, HUB_DIAL));
    hub_uplink_up(site->hub, 0, site->now_ms);
    assert_span_equal(far_hears(site), connect);
    assert_int_equal(far_hears(site).len, 0);
    far_says(site, connack);
    /* birth, retained; then SUBSCRIBE */
    assert_span_equal(far_hears(site), WIRE_SPAN("\x31\x10\0\x08gw/stateonline"
                                                 "\x82\x0b\xff\xff\0\x06"
                                                 "down/#\x01"));
    far_says(site, suback);
    return site;
}

static void the_first_rule_that_fits_gives_topic_and_qos(void **state)
{
    struct site *site = site_online();

    (void)state;
    publish(site, "site/a/t", "1", 0); /* qos 1 of the rule replaces 0 */
    assert_span_equal(far_hears(site), WIRE_SPAN("\x32\x0c\0\x07up/gw/a\0\x01"
                                                 "1"));
    publish(site, "site/x", "2", 2); /* qos 0 of the rule replaces 2 */
    assert_span_equal(far_hears(site), WIRE_SPAN("\x30\x08\0\x05"
                                                 "all/x"
                                                 "2"));
    site_free(site);
}

static void what_is_excluded_or_breaks_a_limit_does_not_go_up(void **state)
{
    struct site *site = site_online();

    (void)state;
    publish(site, "site/secret/t", "1", 1);
    publish(site, "site/1/2/3/4", "1", 1);
    publish(site, "other/x", "1", 1);
    assert_int_equal(far_hears(site).len, 0);
    site_free(site);
}

static void what_came_from_there_does_not_go_back(void **state)
{
    struct site *site = site_online();

    (void)state;
    far_says(site, WIRE_SPAN("\x32\x0a\0\x06"
                             "down/v\0\x07"));
    assert_span_equal(far_hears(site), WIRE_SPAN("\x40\x02\0\x07"));
    assert_int_equal(far_hears(site).len, 0);
    site_free(site);
}

static void a_message_that_no_rule_takes_is_acknowledged_all_the_same(void **state)
{
    struct site *site = site_online();

    (void)state;
    far_says(site, WIRE_SPAN("\x32\x07\0\x03odd\0\x07"));
    assert_span_equal(far_hears(site), WIRE_SPAN("\x40\x02\0\x07"));
    site_free(site);
}

static void what_was_not_acknowledged_goes_again_with_dup_after_a_cut(void **state)
{
    struct site *site = site_online();

    (void)state;
    publish(site, "site/a/t", "1", 1);
    assert_int_equal(far_hears(site).len, 14);
    hub_uplink_down(site->hub, 0, "cut", site->now_ms);
    assert_true(told(site, HUB_HANGUP));
    site_wait(site, 1000);
    assert_true(told(site, HUB_DIAL));
    hub_uplink_up(site->hub, 0, site->now_ms);
    assert_span_equal(far_hears(site), connect);
    far_says(site, WIRE_SPAN("\x20\x02\x01\0")); /* session present: no SUBSCRIBE */
    assert_span_equal(far_hears(site), WIRE_SPAN("\x31\x10\0\x08gw/stateonline"
                                                 "\x3a\x0c\0\x07up/gw/a\0\x01"
                                                 "1"));
    site_free(site);
}

static void reconnect(struct site *site)
{
    hub_uplink_down(site->hub, 0, "cut", site->now_ms);
    assert_true(told(site, HUB_HANGUP));
    site_wait(site, 1000);
    assert_true(told(site, HUB_DIAL));
    hub_uplink_up(site->hub, 0, site->now_ms);
    assert_span_equal(far_hears(site), connect);
    far_says(site, WIRE_SPAN("\x20\x02\x01\0")); /* session present */
}

static const struct span birth_and_subscribe = {WIRE("\x31\x10\0\x08gw/stateonline"
                                                     "\x82\x0b\xff\xff\0\x06"
                                                     "down/#\x01")};

static void a_filter_without_suback_is_asked_for_again(void **state)
{
    struct site *site = site_new(conf, false);

    (void)state;
    site_wait(site, 1);
    assert_true(told(site, HUB_DIAL));
    hub_uplink_up(site->hub, 0, site->now_ms);
    assert_span_equal(far_hears(site), connect);
    far_says(site, connack);
    assert_span_equal(far_hears(site), birth_and_subscribe);
    reconnect(site);
    assert_span_equal(far_hears(site), birth_and_subscribe);
    far_says(site, suback);
    site_free(site);
}

static void a_session_kept_from_an_earlier_run_is_subscribed_once(void **state)
{
    struct site *site = site_new(conf, false);

    (void)state;
    site_wait(site, 1);
    assert_true(told(site, HUB_DIAL));
    hub_uplink_up(site->hub, 0, site->now_ms);
    assert_span_equal(far_hears(site), connect);
    far_says(site, WIRE_SPAN("\x20\x02\x01\0"));
    assert_span_equal(far_hears(site), birth_and_subscribe);
    far_says(site, suback);
    reconnect(site);
    assert_span_equal(far_hears(site), WIRE_SPAN("\x31\x10\0\x08gw/stateonline"));
    site_free(site);
}

static void a_filter_that_the_far_broker_refuses_is_named(void **state)
{
    struct site *site = site_online();

    (void)state;
    hub_uplink_down(site->hub, 0, "cut", site->now_ms);
    site_wait(site, 1000);
    hub_uplink_up(site->hub, 0, site->now_ms);
    assert_span_equal(far_hears(site), connect);
    far_says(site, connack);
    assert_span_equal(far_hears(site), birth_and_subscribe);
    while (site_log(site) != NULL) {
    }
    far_says(site, WIRE_SPAN("\x90\x03\xff\xff\x80"));
    assert_string_equal(site_log(site), "refuses us to receive down/#: cloud");
    site_free(site);
}

static void a_message_without_room_is_not_lost_but_comes_again(void **state)
{
    struct site *site = site_online();
    struct budget *budget = hub_budget(site->hub);
    size_t limit = budget->limit;

    (void)state;
    budget->limit = budget->used;
    far_says(site, WIRE_SPAN("\x32\x0a\0\x06"
                             "down/v\0\x07"));
    budget->limit = limit;
    assert_true(told(site, HUB_HANGUP));
    site_wait(site, 1000);
    assert_true(told(site, HUB_DIAL));
    hub_uplink_up(site->hub, 0, site->now_ms);
    assert_span_equal(far_hears(site), connect);
    far_says(site, WIRE_SPAN("\x20\x02\x01\0"));
    assert_span_equal(far_hears(site), WIRE_SPAN("\x31\x10\0\x08gw/stateonline"));
    far_says(site, WIRE_SPAN("\x3a\x0a\0\x06"
                             "down/v\0\x07"));
    assert_span_equal(far_hears(site), WIRE_SPAN("\x40\x02\0\x07"));
    site_free(site);
}

/* 2 MiB, max_packet is 1 MiB: the payload goes by, the id is acknowledged, once it is said. */
static void a_message_above_max_packet_is_acknowledged_and_said_once(void **state)
{
    static const struct span heads[] = {{WIRE("\x32\x80\x80\x80\x01\0\x06"
                                              "down/v\0\x07")},
                                        {WIRE("\x34\x80\x80\x80\x01\0\x06"
                                              "down/v\0\x08")}};
    static const struct span acks[] = {{WIRE("\x40\x02\0\x07")}, {WIRE("\x50\x02\0\x08")}};
    static const uint8_t zeros[0x8000];
    struct site *site = site_online();
    struct budget *budget = hub_budget(site->hub);
    size_t used = budget->used;
    size_t lines = 0;

    (void)state;
    while (site_log(site) != NULL) {
    }
    for (size_t i = 0; i < COUNT(heads); i++) {
        far_says(site, heads[i]);
        for (size_t left = 0x200000 - 10; left > 0;
             left -= left < sizeof zeros ? left : sizeof zeros) {
            assert_int_equal(far_hears(site).len, 0);
            far_says(site, span_of(zeros, left < sizeof zeros ? left : sizeof zeros));
            assert_in_range(budget->used, used, used + 256);
        }
        assert_span_equal(far_hears(site), acks[i]);
    }
    far_says(site, WIRE_SPAN("\x62\x02\0\x08"));
    assert_span_equal(far_hears(site), WIRE_SPAN("\x70\x02\0\x08"));
    for (const char *line = site_log(site); line != NULL; line = site_log(site)) {
        assert_string_equal(line, "passed over a message above max_packet, topic down/v: cloud");
        lines++;
    }
    assert_int_equal(lines, 1);
    site_free(site);
}

/* RabbitMQ before 4 answers a QoS 2 PUBLISH so. */
static void a_puback_ends_a_publish_at_qos_2(void **state)
{
    struct site *site = site_new("[gateway]\nname = gw\n[store]\npath = none\n"
                                 "[upstream cloud]\nurl = mqtt://far.example\n"
                                 "send = site/# qos 2\nqos_max = 2\nreconnect = 1s..8s\n",
                                 false);

    (void)state;
    site_wait(site, 1);
    assert_true(told(site, HUB_DIAL));
    hub_uplink_up(site->hub, 0, site->now_ms);
    assert_true(far_hears(site).len > 0);
    far_says(site, connack);
    publish(site, "site/a", "1", 2);
    assert_span_equal(far_hears(site), WIRE_SPAN("\x34\x0b\0\x06"
                                                 "site/a\0\x01"
                                                 "1"));
    far_says(site, WIRE_SPAN("\x40\x02\0\x01"));
    assert_int_equal(far_hears(site).len, 0);
    hub_uplink_down(site->hub, 0, "cut", site->now_ms);
    site_wait(site, 1000);
    assert_true(told(site, HUB_DIAL));
    hub_uplink_up(site->hub, 0, site->now_ms);
    assert_true(far_hears(site).len > 0);
    far_says(site, WIRE_SPAN("\x20\x02\x01\0"));
    assert_int_equal(far_hears(site).len, 0);
    site_free(site);
}

static void dialled_with_a_login(struct site *site)
{
    static const struct hub_credentials login = {.client_id = {WIRE("gw|1|")},
                                                 .username = {WIRE("u")},
                                                 .password = {WIRE("p")},
                                                 .good_ms = 60000};

    assert_true(told(site, HUB_DIAL));
    hub_uplink_login(site->hub, 0, &login, site->now_ms);
    hub_uplink_up(site->hub, 0, site->now_ms);
    hub_uplinks_apply(site->hub); /* a reload in between */
    assert_span_equal(far_hears(site), WIRE_SPAN("\x10\x2a\0\x04MQTT\x04\xec\0\x3c\0\x05gw|1|"
                                                 "\0\x08gw/state\0\x07offline\0\x01u\0\x01p"));
}

static void a_login_that_ends_is_made_anew_by_a_clean_end(void **state)
{
    struct site *site = site_new(conf, false);

    (void)state;
    site_wait(site, 1);
    dialled_with_a_login(site);
    far_says(site, connack);
    assert_int_equal(far_hears(site).len, 31);
    far_says(site, suback);
    site_wait(site, 45000);
    assert_span_equal(far_hears(site), WIRE_SPAN("\xc0\0"));
    far_says(site, WIRE_SPAN("\xd0\0"));
    site_wait(site, 14999);
    assert_int_equal(far_hears(site).len, 0);
    site_wait(site, 1);
    assert_span_equal(far_hears(site), WIRE_SPAN("\xe0\0"));
    assert_true(told(site, HUB_HANGUP));
    site_wait(site, 1000);
    dialled_with_a_login(site);
    site_free(site);
}

static void a_login_is_of_one_connection(void **state)
{
    struct site *site = site_new(conf, false);

    (void)state;
    site_wait(site, 1);
    dialled_with_a_login(site);
    hub_uplink_down(site->hub, 0, "cut", site->now_ms);
    assert_true(told(site, HUB_HANGUP));
    site_wait(site, 1000);
    assert_true(told(site, HUB_DIAL));
    hub_uplink_up(site->hub, 0, site->now_ms);
    assert_span_equal(far_hears(site), connect);
    site_free(site);
}

/* The url of the next dial, after an end of the last. */
static size_t next_url(struct site *site)
{
    struct hub_news news;

    site_wait(site, 8000);
    while (hub_event(site->hub, &news)) {
        if (news.kind == HUB_DIAL) {
            return news.url;
        }
    }
    return SIZE_MAX;
}

static void urls_take_turns_until_one_serves(void **state)
{
    static const struct span serves = {WIRE("\x20\x02\0\0\x90\x03\xff\xff\x01")};
    struct site *site = site_new("[gateway]\nname = gw\n[store]\npath = none\n"
                                 "[upstream cloud]\nurl = mqtt://a.example\n"
                                 "url = mqtt://b.example\nurl = mqtt://c.example\n"
                                 "receive = down/#\nreconnect = 1s..8s\n",
                                 false);

    (void)state;
    assert_int_equal(next_url(site), 0);
    hub_uplink_down(site->hub, 0, "refused", site->now_ms);
    assert_int_equal(next_url(site), 1);
    hub_uplink_up(site->hub, 0, site->now_ms);
    assert_true(far_hears(site).len > 0);
    far_says(site, connack);
    hub_uplink_down(site->hub, 0, "closed", site->now_ms); /* accepted, and cut */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(next_url(site), 2);
        hub_uplink_up(site->hub, 0, site->now_ms);
        assert_true(far_hears(site).len > 0);
        far_says(site, connack);
        assert_true(far_hears(site).len > 0);
        far_says(site, span_from(serves, 4));
        hub_uplink_down(site->hub, 0, "closed", site->now_ms);
    }
    site_free(site);
}

static void cuts_in_a_row_are_said_with_what_lies_behind_them(void **state)
{
    static const char *const says[] = {
        "no lasting connection to cloud: connects and is cut before any answer, 5 times: "
        "are port, id and rights there right?",
        "no lasting connection to cloud: another client uses this id, or the broker drops us: "
        "5 times cut within 2 s",
    };

    (void)state;
    for (size_t taken = 0; taken < COUNT(says); taken++) {
        struct site *site = site_new(conf, false);
        size_t found = 0;

        for (int i = 0; i < 8; i++) {
            assert_int_equal(next_url(site), 0);
            hub_uplink_up(site->hub, 0, site->now_ms);
            assert_true(far_hears(site).len > 0);
            far_says(site, connack);
            if (taken == 1) {
                assert_true(far_hears(site).len > 0);
                far_says(site, suback);
                site_wait(site, 1500);
            }
            hub_uplink_down(site->hub, 0, "closed by the other side", site->now_ms);
            for (const char *line = site_log(site); line != NULL; line = site_log(site)) {
                found += strcmp(line, says[taken]) == 0;
                assert_true(i >= 4 || found == 0);
            }
        }
        assert_int_equal(found, 1);
        site_free(site);
    }
}

static void a_clean_stop_says_so_and_disconnects(void **state)
{
    struct site *site = site_online();

    (void)state;
    hub_stop(site->hub, site->now_ms);
    assert_false(hub_is_stopped(site->hub));
    assert_span_equal(far_hears(site), WIRE_SPAN("\x31\x11\0\x08gw/stateoffline\xe0\0"));
    hub_pump(site->hub, site->now_ms);
    assert_true(hub_is_stopped(site->hub));
    site_free(site);
}

static void each_refusal_doubles_the_delay_drawn_from_its_upper_half(void **state)
{
    static const uint64_t highest[] = {1000, 2000, 4000, 8000, 8000};
    struct site *site = site_new(conf, false);

    (void)state;
    site_wait(site, 1);
    assert_true(told(site, HUB_DIAL));
    for (size_t i = 0; i < COUNT(highest); i++) {
        uint64_t before = site->now_ms;

        hub_uplink_down(site->hub, 0, "refused", site->now_ms);
        do {
            site_wait(site, 1);
            assert_true(site->now_ms - before <= highest[i]);
        } while (!told(site, HUB_DIAL));
        assert_true(site->now_ms - before >= highest[i] / 2);
    }
    site_free(site);
}

/* The connection goes on, for the store may drain by it. */
static void a_message_that_a_full_store_refused_comes_again_when_it_eased(void **state)
{
    static const struct span message = {WIRE("\x32\x0a\0\x06"
                                             "down/v\0\x07")};
    struct record reader = {
        .key = {TABLE_SESSION, 70}, .fields = {MQTT_DOOR_CONN}, .text = span_of_text("reader")};
    struct record sub = {
        .key = {TABLE_SUBSCRIPTION, 70, 71}, .fields = {1}, .text = span_of_text("site/set/#")};
    struct site *site = site_online();

    (void)state;
    assert_true(hub_restore(site->hub, &reader, site->now_ms));
    assert_true(hub_restore(site->hub, &sub, site->now_ms));
    hub_broker(site->hub)->sessions->journal->off = false; /* from here on the store is in use */
    hub_store_works(site->hub, true, site->now_ms);
    far_says(site, message);
    assert_int_equal(far_hears(site).len, 0);
    assert_false(told(site, HUB_HANGUP));
    publish(site, "site/x", "2", 0);
    assert_span_equal(far_hears(site), WIRE_SPAN("\x30\x08\0\x05"
                                                 "all/x"
                                                 "2"));
    hub_store_works(site->hub, false, site->now_ms);
    assert_true(told(site, HUB_HANGUP));
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_rule_that_fits_gives_topic_and_qos),
        cmocka_unit_test(what_is_excluded_or_breaks_a_limit_does_not_go_up),
        cmocka_unit_test(what_came_from_there_does_not_go_back),
        cmocka_unit_test(a_message_that_no_rule_takes_is_acknowledged_all_the_same),
        cmocka_unit_test(what_was_not_acknowledged_goes_again_with_dup_after_a_cut),
        cmocka_unit_test(a_filter_without_suback_is_asked_for_again),
        cmocka_unit_test(a_session_kept_from_an_earlier_run_is_subscribed_once),
        cmocka_unit_test(a_filter_that_the_far_broker_refuses_is_named),
        cmocka_unit_test(a_message_without_room_is_not_lost_but_comes_again),
        cmocka_unit_test(a_message_that_a_full_store_refused_comes_again_when_it_eased),
        cmocka_unit_test(a_message_above_max_packet_is_acknowledged_and_said_once),
        cmocka_unit_test(a_puback_ends_a_publish_at_qos_2),
        cmocka_unit_test(a_login_that_ends_is_made_anew_by_a_clean_end),
        cmocka_unit_test(a_login_is_of_one_connection),
        cmocka_unit_test(urls_take_turns_until_one_serves),
        cmocka_unit_test(cuts_in_a_row_are_said_with_what_lies_behind_them),
        cmocka_unit_test(a_clean_stop_says_so_and_disconnects),
        cmocka_unit_test(each_refusal_doubles_the_delay_drawn_from_its_upper_half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
