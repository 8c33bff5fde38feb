/* tests/hub/test_uplink_payload.c - payload = json of an upstream. */
#include <string.h>

#include "tests/hub/far.h"

static const char json[] = "[gateway]\nname = gw\n[store]\npath = none\n"
                           "[listener udp]\ntype = udp\nbind = 0.0.0.0:1884\n"
                           "[upstream cloud]\nurl = mqtt://far.example\nsend = # to up/%t\n"
                           "payload = json\nreconnect = 1s..2s\n";

static struct site *site_online(const char *conf)
{
    struct site *site = site_new(conf, false);

    far_accept(site, 0, false);
    return site;
}

/* The clock of the site began at 1700000000000. */
static void each_message_goes_up_with_its_time_topic_and_value(void **state)
{
    static const struct {
        const char *payload;
        const char *value;
    } cases[] = {{"21.5", "21.5"},
                 {"-1e3", "-1e3"},
                 {"true", "true"},
                 {"null", "null"},
                 {"{\"a\":[1,2]}", "{\"a\":[1,2]}"},
                 {"\"on\"", "\"on\""},
                 {"on", "\"on\""},
                 {"21 C", "\"21 C\""},
                 {"a \"b\"\\\n", "\"a \\\"b\\\"\\\\\\u000a\""},
                 {"gr\xc3\xbcn", "\"gr\xc3\xbcn\""}};
    struct site *site = site_online(json);
    char wanted[256];

    (void)state;
    site_wait(site, 234 - site->now_ms % 1000);
    for (size_t i = 0; i < COUNT(cases); i++) {
        (void)snprintf(wanted, sizeof wanted,
                       "{\"ts\":%llu,\"topic\":\"farm/t\",\"node\":null,\"value\":%s}",
                       1700000000000ULL + site->now_ms, cases[i].value);
        here_say(site, "farm/t", cases[i].payload, 1);
        far_hears_publish(site, 0, "up/farm/t", wanted);
    }
    site_free(site);
}

static void octets_that_are_no_text_go_up_as_base64(void **state)
{
    struct site *site = site_online(json);
    struct mqtt_packet packet;

    (void)state;
    here_publish(site, &(struct mqtt_publication){.topic = span_of_text("a"),
                                                  .payload = WIRE_SPAN("\xff\0\x01\x02")});
    assert_true(far_hears(site, 0, &packet));
    assert_non_null(
        strstr((const char *)packet.payload.at, "\"node\":null,\"base64\":\"/wABAg==\"}"));
    site_free(site);
}

static void an_empty_payload_stays_empty(void **state)
{
    struct site *site = site_online(json);
    struct mqtt_packet packet;

    (void)state;
    here_publish(site, &(struct mqtt_publication){.topic = span_of_text("a"), .retain = true});
    assert_true(far_hears(site, 0, &packet));
    assert_int_equal(packet.payload.len, 0);
    assert_true(packet.flags & MQTT_RETAIN);
    site_free(site);
}

static void a_node_is_named_in_its_messages(void **state)
{
    struct site *site = site_online(json);
    struct mqtt_packet packet;

    (void)state;
    site_says(site, 1,
              WIRE_SPAN("\x0b\x04\x04\x01\0\x3c"
                        "bed-1"));
    assert_true(site_hears(site, 1).len > 0);
    site_says(site, 1,
              WIRE_SPAN("\x09\x0c\x02"
                        "fa\0\0"
                        "21"));
    assert_true(far_hears(site, 0, &packet));
    assert_span_equal(packet.topic, WIRE_SPAN("up/fa"));
    assert_non_null(strstr((const char *)packet.payload.at, "\"node\":\"bed-1\",\"value\":21}"));
    site_free(site);
}

/* A message waits for the upstream, and its arrival and sender with it. */
static void what_waited_goes_up_with_the_time_of_its_arrival(void **state)
{
    struct site *site = site_online(json);
    char wanted[256];

    (void)state;
    far_cut(site, 0);
    site_says(site, 1,
              WIRE_SPAN("\x0b\x04\x04\x01\0\x3c"
                        "bed-1"));
    assert_true(site_hears(site, 1).len > 0);
    site_says(site, 1,
              WIRE_SPAN("\x08\x0c\x22"
                        "fa\0\x01"
                        "5"));
    (void)snprintf(wanted, sizeof wanted,
                   "{\"ts\":%llu,\"topic\":\"fa\",\"node\":\"bed-1\",\"value\":5}",
                   1700000000000ULL + site->now_ms);
    site_wait(site, 60000);
    far_accept(site, 0, true);
    far_hears_publish(site, 0, "up/fa", wanted);
    site_free(site);
}

static void the_wrapped_payload_obeys_max_payload(void **state)
{
    char conf[sizeof json + 32];
    struct site *site = NULL;

    (void)state;
    (void)snprintf(conf, sizeof conf, "%smax_payload = 80\n", json);
    site = site_online(conf);
    here_say(site, "t", "0123456789012345678901234567890", 1);
    far_hears_nothing(site, 0);
    here_say(site, "t", "012345678901234567890123456789", 1);
    far_hears_nothing(site, 0);
    here_say(site, "t", "1", 1);
    assert_true(far_hears(site, 0, &(struct mqtt_packet){.type = MQTT_PUBLISH}));
    site_free(site);
}

static void without_memory_a_message_waits_for_its_shape(void **state)
{
    struct site *site = site_online(json);
    struct budget *budget = hub_budget(site->hub);
    size_t limit = budget->limit;
    struct mqtt_packet packet;

    (void)state;
    here_say(site, "t", "1", 1);
    budget->limit = budget->used;
    far_hears_nothing(site, 0);
    budget->limit = limit;
    assert_true(far_hears(site, 0, &packet));
    site_free(site);
}

static const char thingsboard[] =
    "[gateway]\nname = gw\n[store]\npath = none\n"
    "[listener udp]\ntype = udp\nbind = 0.0.0.0:1884\n"
    "[upstream cloud]\nurl = mqtt://far.example\npreset = thingsboard\nusername = token\n"
    "send = $SYS/gateway/nodes/+/state to v1/gateway/connect\n"
    "send = me/t to v1/devices/me/telemetry\nsend = me/# to v1/devices/me/attributes\n"
    "send = about/# to v1/gateway/attributes\nsend = raw/# to v1/gateway/rpc\n"
    "send = # to v1/gateway/telemetry\nreconnect = 1s..2s\n";

static void thingsboard_gets_telemetry_of_devices(void **state)
{
    static const struct {
        const char *topic;
        const char *payload;
        const char *wanted; /* before and after the time */
        const char *rest;
    } cases[] = {
        {"farm/bed-1/t", "21.5", "{\"bed-1\":[{\"ts\":", ",\"values\":{\"t\":21.5}}]}"},
        {"bed-1/t", "on", "{\"bed-1\":[{\"ts\":", ",\"values\":{\"t\":\"on\"}}]}"},
        {"t", "1", "{\"gw\":[{\"ts\":", ",\"values\":{\"t\":1}}]}"},
        {"a/", "1", "{\"a\":[{\"ts\":", ",\"values\":{\"value\":1}}]}"},
        {"a/b", " {\"t\":1,\"h\":2}", "{\"a\":[{\"ts\":", ",\"values\": {\"t\":1,\"h\":2}}]}"},
        {"a/b", "{t:1}", "{\"a\":[{\"ts\":", ",\"values\":{\"b\":\"{t:1}\"}}]}"},
        {"a/b", "null", "{\"a\":[{\"ts\":", ",\"values\":{\"b\":\"null\"}}]}"},
        {"a/b", "", "{\"a\":[{\"ts\":", ",\"values\":{\"b\":\"\"}}]}"},
        {"a/\"", "\xff", "{\"a\":[{\"ts\":", ",\"values\":{\"\\\"\":\"/w==\"}}]}"},
    };
    struct site *site = site_online(thingsboard);
    char wanted[256];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        (void)snprintf(wanted, sizeof wanted, "%s%llu%s", cases[i].wanted,
                       1700000000000ULL + site->now_ms, cases[i].rest);
        here_say(site, cases[i].topic, cases[i].payload, 1);
        far_hears_publish(site, 0, "v1/gateway/telemetry", wanted);
    }
    site_free(site);
}

static void thingsboard_gets_attributes_and_what_is_its_own(void **state)
{
    struct site *site = site_online(thingsboard);
    char wanted[128];

    (void)state;
    here_say(site, "about/bed-1/firmware", "1.2.3", 1);
    far_hears_publish(site, 0, "v1/gateway/attributes", "{\"bed-1\":{\"firmware\":\"1.2.3\"}}");
    here_say(site, "me/room", "4", 1);
    far_hears_publish(site, 0, "v1/devices/me/attributes", "{\"room\":4}");
    here_say(site, "me/t", "40", 1);
    (void)snprintf(wanted, sizeof wanted, "{\"ts\":%llu,\"values\":{\"t\":40}}",
                   1700000000000ULL + site->now_ms);
    far_hears_publish(site, 0, "v1/devices/me/telemetry", wanted);
    here_say(site, "raw/answer", "{\"device\":\"bed-1\",\"id\":1,\"data\":{}}", 1);
    far_hears_publish(site, 0, "v1/gateway/rpc", "{\"device\":\"bed-1\",\"id\":1,\"data\":{}}");
    site_free(site);
}

static void thingsboard_is_told_which_nodes_are_there(void **state)
{
    struct site *site = site_online(thingsboard);
    struct mqtt_packet packet;

    (void)state;
    site_says(site, 1,
              WIRE_SPAN("\x0b\x04\x04\x01\0\x3c"
                        "bed-1"));
    assert_true(site_hears(site, 1).len > 0);
    far_hears_publish(site, 0, "v1/gateway/connect", "{\"device\":\"bed-1\"}");
    site_says(site, 1,
              WIRE_SPAN("\x09\x0c\x02"
                        "fa\0\0"
                        "21"));
    assert_true(far_hears(site, 0, &packet)); /* a node names itself, whatever the topic */
    assert_non_null(strstr((const char *)packet.payload.at, "{\"bed-1\":[{\"ts\":"));
    site_says(site, 1, WIRE_SPAN("\x02\x18"));
    assert_true(site_hears(site, 1).len > 0);
    far_hears_publish(site, 0, "v1/gateway/disconnect", "{\"device\":\"bed-1\"}");
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_goes_up_with_its_time_topic_and_value),
        cmocka_unit_test(octets_that_are_no_text_go_up_as_base64),
        cmocka_unit_test(an_empty_payload_stays_empty),
        cmocka_unit_test(a_node_is_named_in_its_messages),
        cmocka_unit_test(what_waited_goes_up_with_the_time_of_its_arrival),
        cmocka_unit_test(the_wrapped_payload_obeys_max_payload),
        cmocka_unit_test(without_memory_a_message_waits_for_its_shape),
        cmocka_unit_test(thingsboard_gets_telemetry_of_devices),
        cmocka_unit_test(thingsboard_gets_attributes_and_what_is_its_own),
        cmocka_unit_test(thingsboard_is_told_which_nodes_are_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
