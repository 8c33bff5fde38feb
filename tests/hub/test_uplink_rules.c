/* tests/hub/test_uplink_rules.c - what the options of rules and the limits of an upstream do to a
 * message, one by one (CONFIG, "Rules of [upstream]"). */
#include <stdio.h>
#include <string.h>

#include "mqtt/session.h"
#include "tests/hub/far.h"

#define HEAD                                                                                   \
    "[gateway]\nname = gw\n[store]\npath = none\n[upstream cloud]\nurl = mqtt://far.example\n" \
    "reconnect = 1s..2s\n"

static struct site *online(const char *conf)
{
    struct site *site = site_new(conf, false);

    far_accept(site, 0, false);
    return site;
}

static const struct mqtt_message *retained_here(struct site *site, const char *topic)
{
    const struct mqtt_branch *branch =
        mqtt_retain_find(&hub_broker(site->hub)->sessions->retain, span_of_text(topic));

    return branch == NULL ? NULL : branch->message;
}

/* What a message with RETAIN `was` goes up with under a rule that ends so. */
static bool goes_up_retained(const char *rule, const char *more, bool was)
{
    char conf[512];
    struct mqtt_packet packet;
    struct site *site = NULL;
    bool is = false;

    (void)snprintf(conf, sizeof conf, HEAD "send = t/# %s\n%s", rule, more);
    site = online(conf);
    here_publish(site, &(struct mqtt_publication){.topic = span_of_text("t/x"),
                                                  .payload = span_of_text("1"),
                                                  .qos = 1,
                                                  .retain = was});
    assert_true(far_hears(site, 0, &packet));
    is = (packet.flags & MQTT_RETAIN) != 0;
    site_free(site);
    return is;
}

static void retain_goes_up_as_the_rule_or_the_upstream_says(void **state)
{
    (void)state;
    assert_true(goes_up_retained("", "", true));
    assert_false(goes_up_retained("", "", false));
    assert_false(goes_up_retained("retain strip", "", true));
    assert_true(goes_up_retained("retain set", "", false));
    assert_true(goes_up_retained("retain keep", "", true));
    assert_false(goes_up_retained("retain keep", "", false));
    assert_false(goes_up_retained("", "retain = strip\n", true));
    assert_true(goes_up_retained("retain keep", "retain = strip\n", true)); /* the rule wins */
}

/* How an arrival with RETAIN `was` is kept here under a rule that ends so. */
static bool is_kept_here(const char *rule, bool was)
{
    char conf[512];
    struct site *site = NULL;
    bool is = false;

    (void)snprintf(conf, sizeof conf, HEAD "receive = cmd/# to here/%%t %s\n", rule);
    site = online(conf);
    far_publishes(site, 0,
                  &(struct mqtt_packet){.flags = was ? MQTT_RETAIN : 0,
                                        .topic = span_of_text("cmd/x"),
                                        .payload = span_of_text("1")});
    is = retained_here(site, "here/x") != NULL;
    site_free(site);
    return is;
}

static void retain_comes_down_as_the_rule_says(void **state)
{
    (void)state;
    assert_true(is_kept_here("", true));
    assert_false(is_kept_here("", false));
    assert_false(is_kept_here("retain strip", true));
    assert_true(is_kept_here("retain set", false));
}

static void what_is_retained_goes_up_once_and_not_again_with_each_connection(void **state)
{
    struct site *site = online(HEAD "send = t/#\n");

    (void)state;
    here_publish(site, &(struct mqtt_publication){.topic = span_of_text("t/x"),
                                                  .payload = span_of_text("1"),
                                                  .qos = 1,
                                                  .retain = true});
    far_hears_publish(site, 0, "t/x", "1");
    far_acks(site, 0, MQTT_PUBACK, 1);
    for (unsigned i = 0; i < 3; i++) {
        far_cut(site, 0);
        far_accept(site, 0, i % 2 != 0);
        far_hears_nothing(site, 0);
    }
    site_free(site);
}

/* The QoS at which a message of `was` goes up. */
static uint8_t goes_up_at(const char *rule, unsigned qos_max, uint8_t was)
{
    char conf[512];
    struct mqtt_packet packet;
    struct site *site = NULL;

    (void)snprintf(conf, sizeof conf, HEAD "send = t/# %s\nqos_max = %u\n", rule, qos_max);
    site = online(conf);
    here_say(site, "t/x", "1", was);
    assert_true(far_hears(site, 0, &packet));
    site_free(site);
    return mqtt_packet_qos(&packet);
}

static void the_qos_is_that_of_the_rule_or_the_message_and_qos_max_at_most(void **state)
{
    (void)state;
    for (unsigned most = 0; most <= 2; most++) {
        for (uint8_t was = 0; was <= 2; was++) {
            assert_int_equal(goes_up_at("", most, was), was < most ? was : most);
            assert_int_equal(goes_up_at("qos 0", most, was), 0);
            if (most >= 1) {
                assert_int_equal(goes_up_at("qos 1", most, was), 1);
            }
        }
    }
    assert_int_equal(goes_up_at("qos 2", 2, 0), 2);
}

static void what_is_too_large_or_too_deep_is_counted_and_the_next_goes(void **state)
{
    struct site *site = online(HEAD "send = t/# to up/%t\nmax_levels = 3\nmax_payload = 4\n");

    (void)state;
    here_say(site, "t/x", "12345", 1);
    here_say(site, "t/x/y", "1", 1); /* up/x/y: three levels */
    here_say(site, "t/x/y/z", "1", 1);
    here_say(site, "t/x", "1234", 1);
    far_hears_publish(site, 0, "up/x/y", "1");
    far_hears_publish(site, 0, "up/x", "1234");
    far_hears_nothing(site, 0);
    site_wait(site, 10000);
    assert_span_equal(
        mqtt_message_payload(retained_here(site, "$SYS/gateway/upstream/cloud/dropped")),
        WIRE_SPAN("{\"full\":0,\"old\":0,\"unfit\":2}"));
    site_free(site);
}

/* Connects, and reads the SUBSCRIBEs that follow: filter=qos, and / between packets. */
static const char *asked_for(struct site *site)
{
    static char text[256];
    struct mqtt_packet packet;
    size_t len = 0;

    far_accept(site, 0, false);
    text[0] = 0;
    while (far_hears(site, 0, &packet)) {
        struct mqtt_filter filter;
        uint8_t codes[] = {0x90, 2, (uint8_t)(packet.packet_id >> 8), (uint8_t)packet.packet_id,
                           0,    0};

        assert_int_equal(packet.type, MQTT_SUBSCRIBE);
        while (mqtt_filters_next(MQTT_SUBSCRIBE, &packet.payload, &filter)) {
            codes[1]++;
            len +=
                (size_t)snprintf(text + len, sizeof text - len, "%.*s=%u ", (int)filter.filter.len,
                                 (const char *)filter.filter.at, filter.qos);
        }
        len += (size_t)snprintf(text + len, sizeof text - len, "/ ");
        far_says(site, 0, span_of(codes, 2u + codes[1]));
    }
    return text;
}

static void filters_are_asked_for_so_many_at_once(void **state)
{
    struct site *site = site_new(HEAD "receive = a/#\nreceive = b/# qos 0\nreceive = c/# qos 2\n"
                                      "filters_per_subscribe = 2\n",
                                 false);

    (void)state;
    assert_string_equal(asked_for(site), "a/#=1 b/#=0 / c/#=2 / ");
    site_free(site);
}

static void no_filter_is_asked_for_above_subscribe_qos_max(void **state)
{
    struct site *site =
        site_new(HEAD "receive = a/#\nreceive = b/# qos 0\nsubscribe_qos_max = 0\n", false);

    (void)state;
    assert_string_equal(asked_for(site), "a/#=0 b/#=0 / ");
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retain_goes_up_as_the_rule_or_the_upstream_says),
        cmocka_unit_test(retain_comes_down_as_the_rule_says),
        cmocka_unit_test(what_is_retained_goes_up_once_and_not_again_with_each_connection),
        cmocka_unit_test(the_qos_is_that_of_the_rule_or_the_message_and_qos_max_at_most),
        cmocka_unit_test(what_is_too_large_or_too_deep_is_counted_and_the_next_goes),
        cmocka_unit_test(filters_are_asked_for_so_many_at_once),
        cmocka_unit_test(no_filter_is_asked_for_above_subscribe_qos_max),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
