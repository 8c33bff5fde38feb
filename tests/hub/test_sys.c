/* tests/hub/test_sys.c - what the broker says of itself, in virtual time. */
#include <stdlib.h>

#include "gateway/hub/sys.h"
#include "tests/hub/fixture.h"

static const char conf[] = "[broker a]\nbind = 127.0.0.1:1\n[store]\npath = none\n";

static struct mqtt_conn *join(struct site *site, struct span connect)
{
    struct mqtt_entrance entrance = {.address = {WIRE("t")}};
    struct mqtt_conn *conn =
        mqtt_broker_accept(hub_broker(site->hub), &entrance, site, site->now_ms);

    assert_non_null(conn);
    mqtt_broker_input(hub_broker(site->hub), conn, connect, site->now_ms);
    hub_pump(site->hub, site->now_ms);
    return conn;
}

static void say(struct site *site, struct mqtt_conn *conn, struct span octets)
{
    mqtt_broker_input(hub_broker(site->hub), conn, octets, site->now_ms);
    hub_pump(site->hub, site->now_ms);
}

/* What is retained at $SYS/broker/`name`. */
static struct span told(struct site *site, const char *name)
{
    struct hub *hub = site->hub;
    uint8_t room[128];
    struct writer w = writer_of(room, sizeof room);
    const struct mqtt_branch *branch = NULL;

    write_span(&w, span_of_text("$SYS/broker/"));
    write_span(&w, span_of_text(name));
    branch = mqtt_retain_find(&hub->sessions.retain, span_of(room, written(&w)));
    return branch == NULL ? (struct span){NULL, 0} : mqtt_message_payload(branch->message);
}

#define EXPECT(site, name, text) assert_span_equal(told(site, name), span_of_text(text))

static void who_comes_finds_fresh_values(void **state)
{
    struct site *site = site_new(conf, false);
    struct mqtt_conn *a = NULL;

    (void)state;
    EXPECT(site, "version", "sedge version " SEDGE_VERSION);
    a = join(site, WIRE_SPAN("\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01p"));
    EXPECT(site, "clients/connected", "0"); /* before it was let in */
    say(site, a, WIRE_SPAN("\x82\x06\0\x01\0\x01#\0\x31\x06\0\x01tabc"));
    site->now_ms += 2000;
    (void)join(site, WIRE_SPAN("\x10\x0d\0\x04MQTT\x04\0\0\0\0\x01k"));
    EXPECT(site, "clients/connected", "1");
    EXPECT(site, "clients/total", "1");
    EXPECT(site, "clients/maximum", "1");
    EXPECT(site, "subscriptions/count", "1");
    EXPECT(site, "publish/messages/received", "1"); /* and none of our own */
    EXPECT(site, "publish/bytes/received", "3");
    EXPECT(site, "messages/received", "4");
    EXPECT(site, "bytes/received", "46");
    EXPECT(site, "uptime", "2 seconds");
    site_free(site);
}

static void values_follow_while_anything_happens_and_then_rest(void **state)
{
    struct site *site = site_new(conf, false);
    struct mqtt_conn *a = join(site, WIRE_SPAN("\x10\x0d\0\x04MQTT\x04\0\0\0\0\x01k"));

    (void)state;
    site_wait(site, HUB_SYS_MS);
    EXPECT(site, "clients/connected", "1");
    assert_int_equal(hub_deadline(site->hub), UINT64_MAX); /* nothing happens: nothing to do */
    site_wait(site, 60000);
    EXPECT(site, "uptime", "10 seconds");
    say(site, a, WIRE_SPAN("\xc0\0"));
    site_wait(site, 1);
    EXPECT(site, "uptime", "70 seconds");
    say(site, a, WIRE_SPAN("\xe0\0"));
    site_wait(site, HUB_SYS_MS);
    EXPECT(site, "clients/connected", "0");
    EXPECT(site, "clients/disconnected", "1");
    EXPECT(site, "clients/total", "1");
    site_free(site);
}

/* To one in a hundred. */
static void assert_rate(struct site *site, const char *name, double wanted)
{
    struct span value = told(site, name);
    char text[32] = {0};

    assert_true(value.len > 3 && value.len < sizeof text);
    memcpy(text, value.at, value.len);
    assert_true(strtod(text, NULL) > wanted * 0.99);
    assert_true(strtod(text, NULL) < wanted * 1.01);
}

static void loads_are_averages_over_minutes(void **state)
{
    struct site *site = site_new(conf, false);
    struct mqtt_conn *a = join(site, WIRE_SPAN("\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01p"));

    (void)state;
    for (int second = 0; second < 600; second++) { /* one message a second, ten minutes */
        say(site, a, WIRE_SPAN("\x30\x04\0\x01tm"));
        site_wait(site, 1000);
    }
    assert_rate(site, "load/publish/received/1min", 60.0);
    assert_rate(site, "load/publish/received/5min", 51.9); /* 60 (1 - e^-2) */
    assert_rate(site, "load/publish/received/15min", 29.2);
    site->now_ms += 3600000; /* an hour of rest */
    say(site, a, WIRE_SPAN("\xc0\0"));
    site_wait(site, 1);
    EXPECT(site, "load/publish/received/1min", "0.00");
    site_free(site);
}

static void they_are_not_for_clients_to_write_nor_for_a_wildcard(void **state)
{
    struct site *site = site_new(conf, false);
    struct mqtt_conn *a = join(site, WIRE_SPAN("\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01p"));

    (void)state;
    say(site, a, WIRE_SPAN("\x31\x18\0\x13$SYS/broker/version..x"));
    say(site, a, WIRE_SPAN("\x31\x16\0\x13$SYS/broker/versionx"));
    EXPECT(site, "version", "sedge version " SEDGE_VERSION);
    assert_int_equal(site->hub->sessions.count.denied, 2);
    say(site, a, WIRE_SPAN("\x82\x06\0\x01\0\x01#\0")); /* [MQTT-4.7.2-1] */
    assert_int_equal(site->hub->sessions.entries.used, 0);
    say(site, a, WIRE_SPAN("\x82\x18\0\x02\0\x13$SYS/broker/version\0"));
    assert_int_equal(site->hub->sessions.entries.used, 1);
    site_free(site);
}

static void they_are_never_stored(void **state)
{
    struct site *site = site_new(conf, true);

    (void)state;
    (void)join(site, WIRE_SPAN("\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01p"));
    site_wait(site, HUB_SYS_MS);
    assert_int_equal(site->hub->journal.pending.count, 0);
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_comes_finds_fresh_values),
        cmocka_unit_test(values_follow_while_anything_happens_and_then_rest),
        cmocka_unit_test(loads_are_averages_over_minutes),
        cmocka_unit_test(they_are_not_for_clients_to_write_nor_for_a_wildcard),
        cmocka_unit_test(they_are_never_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
