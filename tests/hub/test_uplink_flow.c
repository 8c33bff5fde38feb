/* tests/hub/test_uplink_flow.c - how fast messages go up, at which QoS, and those that come back.
 */
#include "gateway/hub/uplink.h"
#include "tests/hub/far.h"

#define HEAD                                                         \
    "[gateway]\nname = gw\n[store]\npath = none\n[upstream cloud]\n" \
    "url = mqtt://far.example\nkeepalive = off\nreconnect = 1s..8s\n"

static struct site *online(const char *text)
{
    struct site *site = site_new(text, false);

    far_accept(site, 0, false);
    return site;
}

/* How many messages go up now. */
static size_t sent(struct site *site)
{
    struct mqtt_packet packet;
    size_t count = 0;

    while (far_hears(site, 0, &packet)) {
        count += packet.type == MQTT_PUBLISH;
    }
    return count;
}

/* --- rate ------------------------------------------------------------------------------------ */

static void no_more_than_rate_go_up_and_all_go_in_order(void **state)
{
    struct site *site = online(HEAD "send = #\nrate = 5/s\n");
    char text[8];

    (void)state;
    for (unsigned i = 0; i < 12; i++) {
        (void)snprintf(text, sizeof text, "%u", i);
        here_say(site, "t", text, 1);
    }
    for (unsigned i = 0; i < 5; i++) {
        (void)snprintf(text, sizeof text, "%u", i);
        far_hears_publish(site, 0, "t", text);
    }
    far_hears_nothing(site, 0);
    for (unsigned i = 5; i < 12; i++) {
        assert_int_equal(hub_deadline(site->hub), site->now_ms + (i == 5 ? 200 : 1));
        site_wait(site, i == 5 ? 199 : 0);
        far_hears_nothing(site, 0);
        site_wait(site, 1);
        (void)snprintf(text, sizeof text, "%u", i);
        far_hears_publish(site, 0, "t", text);
        far_hears_nothing(site, 0);
        site_wait(site, 199);
    }
    site_free(site);
}

/* What the far broker waits for is no message. */
static void answers_do_not_wait_for_rate(void **state)
{
    struct site *site = online(HEAD "send = a/#\nreceive = b/#\nrate = 1/s\n");
    struct mqtt_packet packet;
    struct mqtt_out out;

    (void)state;
    assert_true(far_hears(site, 0, &packet)); /* SUBSCRIBE */
    far_says(site, 0, WIRE_SPAN("\x90\x03\xff\xff\x01"));
    here_say(site, "a/1", "1", 1);
    here_say(site, "a/1", "2", 1);
    assert_int_equal(sent(site), 1);
    far_publishes(site, 0,
                  &(struct mqtt_packet){.flags = 1 << 1,
                                        .packet_id = 9,
                                        .topic = span_of_text("b/x"),
                                        .payload = span_of_text("on")});
    assert_true(hub_uplink_output(site->hub, 0, &out, site->out, site->now_ms));
    assert_span_equal(out.head, WIRE_SPAN("\x40\x02\0\x09")); /* PUBACK */
    site_free(site);
}

/* --- QoS ------------------------------------------------------------------------------------- */

/* Messages that were kept at QoS 2 when qos_max was, and then it is lower. */
static void what_was_kept_at_a_higher_qos_goes_at_qos_max(void **state)
{
    struct site *site = online(HEAD "send = #\nqos_max = 2\n");
    struct hub_uplink *up = &site->hub->uplinks[0];
    struct conf_upstream lower = *up->conf;
    struct mqtt_packet packet;

    (void)state;
    far_cut(site, 0);
    here_say(site, "t", "1", 2);
    here_say(site, "t", "2", 2);
    lower.qos_max = 1;
    up->conf = &lower;
    far_accept(site, 0, true);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(far_hears(site, 0, &packet));
        assert_int_equal(mqtt_packet_qos(&packet), 1);
        far_acks(site, 0, MQTT_PUBACK, packet.packet_id);
    }
    far_hears_nothing(site, 0);
    assert_int_equal(up->session->inflight_count + up->session->queue_count, 0);
    lower.qos_max = 0;
    here_say(site, "t", "3", 2);
    assert_true(far_hears(site, 0, &packet));
    assert_int_equal(mqtt_packet_qos(&packet), 0);
    assert_int_equal(up->session->inflight_count + up->session->queue_count, 0);
    up->conf = &site->conf->upstream[0];
    site_free(site);
}

/* --- echoes ---------------------------------------------------------------------------------- */

static struct site *with_a_ring(void)
{
    struct site *site = online(HEAD "send = site/# qos 0\nreceive = site/#\n");
    struct mqtt_packet packet;

    assert_true(far_hears(site, 0, &packet)); /* SUBSCRIBE */
    far_says(site, 0, WIRE_SPAN("\x90\x03\xff\xff\x01"));
    return site;
}

static void comes(struct site *site, const char *payload)
{
    far_publishes(
        site, 0,
        &(struct mqtt_packet){.topic = span_of_text("site/t"), .payload = span_of_text(payload)});
}

/* A session that reads what comes here. */
static size_t arrived(struct site *site)
{
    return (size_t)site->hub->sessions.count.received;
}

static void what_went_up_and_comes_back_is_dropped_as_often_as_it_was_sent(void **state)
{
    struct site *site = with_a_ring();
    size_t before = 0;

    (void)state;
    here_say(site, "site/t", "21", 0);
    here_say(site, "site/t", "21", 0);
    assert_int_equal(sent(site), 2);
    before = arrived(site);
    comes(site, "21");
    comes(site, "21");
    assert_int_equal(arrived(site), before);
    comes(site, "22"); /* somebody else's */
    assert_int_equal(arrived(site), before + 1);
    comes(site, "21");
    assert_int_equal(arrived(site), before + 2);
    assert_int_equal(site->hub->uplinks[0].echoes, 2);
    site_free(site);
}

static void after_ten_seconds_it_is_no_echo(void **state)
{
    struct site *site = with_a_ring();

    (void)state;
    here_say(site, "site/t", "21", 0);
    here_say(site, "site/t", "22", 0);
    assert_int_equal(sent(site), 2);
    site_wait(site, HUB_ECHO_MS);
    comes(site, "21");
    assert_int_equal(site->hub->uplinks[0].echoes, 1);
    site_wait(site, 1);
    comes(site, "22");
    assert_int_equal(site->hub->uplinks[0].echoes, 1);
    site_free(site);
}

static void an_echo_at_qos_1_is_acknowledged(void **state)
{
    struct site *site = with_a_ring();
    struct mqtt_out out;

    (void)state;
    here_say(site, "site/t", "21", 0);
    assert_int_equal(sent(site), 1);
    far_publishes(site, 0,
                  &(struct mqtt_packet){.flags = 1 << 1,
                                        .packet_id = 9,
                                        .topic = span_of_text("site/t"),
                                        .payload = span_of_text("21")});
    assert_true(hub_uplink_output(site->hub, 0, &out, site->out, site->now_ms));
    assert_span_equal(out.head, WIRE_SPAN("\x40\x02\0\x09")); /* PUBACK */
    site_free(site);
}

/* The oldest notes give way, and all are found again. */
static void many_notes_are_kept_and_no_more_than_the_limit(void **state)
{
    struct hub_echo echo = {.seed = 7};
    uint8_t payload[4] = {0};
    size_t found = 0;

    (void)state;
    for (uint32_t i = 0; i < HUB_ECHO_NOTES + 1000; i++) {
        memcpy(payload, &i, sizeof payload);
        hub_echo_note(&echo, span_of_text("t"), span_of(payload, sizeof payload), 5);
    }
    for (uint32_t i = 0; i < HUB_ECHO_NOTES + 1000; i++) {
        memcpy(payload, &i, sizeof payload);
        found += hub_echo_take(&echo, span_of_text("t"), span_of(payload, sizeof payload), 6);
    }
    assert_int_equal(found, HUB_ECHO_NOTES);
    hub_echo_fini(&echo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_than_rate_go_up_and_all_go_in_order),
        cmocka_unit_test(answers_do_not_wait_for_rate),
        cmocka_unit_test(what_was_kept_at_a_higher_qos_goes_at_qos_max),
        cmocka_unit_test(what_went_up_and_comes_back_is_dropped_as_often_as_it_was_sent),
        cmocka_unit_test(after_ten_seconds_it_is_no_echo),
        cmocka_unit_test(an_echo_at_qos_1_is_acknowledged),
        cmocka_unit_test(many_notes_are_kept_and_no_more_than_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
