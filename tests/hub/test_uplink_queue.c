/* tests/hub/test_uplink_queue.c - what an upstream's queue keeps and drops while the line is down.
 */
#include <stdlib.h>
#include <string.h>

#include "mqtt/session.h"
#include "tests/hub/far.h"

#define HEAD                                                                                   \
    "[gateway]\nname = gw\n[store]\npath = none\n[upstream cloud]\nurl = mqtt://far.example\n" \
    "reconnect = 1s..2s\n"

static struct site *site_down(const char *conf)
{
    struct site *site = site_new(conf, false);

    far_accept(site, 0, false);
    far_cut(site, 0);
    while (site_log(site) != NULL) {
    }
    return site;
}

/* One after the other with QoS `qos`, payloads 1, 2, 3 and so on. */
static void say_each(struct site *site, const char *topic, const char *qos)
{
    char payload[2] = "1";

    for (; *qos != 0; qos++, payload[0]++) {
        here_say(site, topic, payload, (uint8_t)(*qos - '0'));
    }
}

/* The last retained message of STATE/upstream/cloud/dropped. */
static void expect_told(struct site *site, const char *wanted)
{
    struct mqtt_sessions *ss = hub_broker(site->hub)->sessions;
    const struct mqtt_branch *branch =
        mqtt_retain_find(&ss->retain, span_of_text("$SYS/gateway/upstream/cloud/dropped"));

    assert_int_equal(branch != NULL, wanted != NULL);
    if (branch != NULL) {
        assert_span_equal(mqtt_message_payload(branch->message), span_of_text(wanted));
    }
}

static unsigned lines_of(struct site *site, const char *text)
{
    unsigned count = 0;

    for (const char *line = site_log(site); line != NULL; line = site_log(site)) {
        count += strcmp(line, text) == 0;
    }
    return count;
}

static void a_full_queue_drops_as_when_full_says(void **state)
{
    static const struct {
        const char *when_full;
        const char *left[3];
    } cases[] = {{"drop-oldest", {"3", "4", "5"}},
                 {"drop-newest", {"1", "2", "3"}},
                 {"drop-qos0-first", {"3", "4", "5"}}};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char conf[512];
        struct site *site = NULL;

        (void)snprintf(conf, sizeof conf, HEAD "send = t/#\nqueue_messages = 3\nwhen_full = %s\n",
                       cases[i].when_full);
        site = site_down(conf);
        expect_told(site, NULL);
        say_each(site, "t/x", "11111");
        expect_told(site, "{\"full\":1,\"old\":0,\"unfit\":0}");
        site_wait(site, 10000);
        expect_told(site, "{\"full\":2,\"old\":0,\"unfit\":0}");
        assert_int_equal(lines_of(site, "queue full, messages are dropped: cloud"), 1);
        far_accept(site, 0, true);
        for (size_t k = 0; k < 3; k++) {
            far_hears_publish(site, 0, "t/x", cases[i].left[k]);
        }
        far_hears_nothing(site, 0);
        site_free(site);
    }
}

static void octets_bound_the_queue(void **state)
{
    struct site *site = site_down(HEAD "send = t/#\nqueue_max = 8\n"); /* two of 4 octets */

    (void)state;
    say_each(site, "t/x", "1111");
    far_accept(site, 0, true);
    far_hears_publish(site, 0, "t/x", "3");
    far_hears_publish(site, 0, "t/x", "4");
    far_hears_nothing(site, 0);
    site_free(site);
}

static void an_episode_of_dropping_is_said_once_and_the_next_again(void **state)
{
    struct site *site = site_down(HEAD "send = t/#\nqueue_messages = 1\n");
    static const char line[] = "queue full, messages are dropped: cloud";

    (void)state;
    say_each(site, "t/x", "111111111");
    assert_int_equal(lines_of(site, line), 1);
    far_accept(site, 0, true); /* the queue is empty, and full again a while after */
    far_cut(site, 0);
    say_each(site, "t/x", "111111111");
    assert_int_equal(lines_of(site, line), 0);
    site_wait(site, 600001);
    say_each(site, "t/x", "111");
    assert_int_equal(lines_of(site, line), 1);
    site_free(site);
}

/* Each when its time has come, not when the line is up again. */
static void what_waits_longer_than_queue_age_is_dropped(void **state)
{
    struct site *site = site_down(HEAD "send = t/#\nqueue_age = 20s\n");

    (void)state;
    say_each(site, "t/x", "1");
    site_wait(site, 12000);
    say_each(site, "t/y", "1");
    site_wait(site, 8000);
    site_wait(site, 1);
    expect_told(site, "{\"full\":0,\"old\":1,\"unfit\":0}");
    assert_int_equal(lines_of(site, "messages grew too old and are dropped: cloud"), 1);
    far_accept(site, 0, true);
    far_hears_publish(site, 0, "t/y", "1");
    far_hears_nothing(site, 0);
    site_free(site);
}

static void queue_age_0_keeps_nothing(void **state)
{
    struct site *site = site_down(HEAD "send = t/#\nqueue_age = 0s\n");

    (void)state;
    say_each(site, "t/x", "1");
    expect_told(site, "{\"full\":0,\"old\":1,\"unfit\":0}");
    far_accept(site, 0, true);
    far_hears_nothing(site, 0);
    say_each(site, "t/y", "1");
    far_hears_publish(site, 0, "t/y", "1");
    site_free(site);
}

static void ttl_of_a_send_rule_counts_from_arrival(void **state)
{
    struct site *site = site_down(HEAD "send = t/# ttl 4s\nsend = u/#\n");

    (void)state;
    say_each(site, "t/x", "1");
    say_each(site, "u/x", "1");
    site_wait(site, 4000);
    far_accept(site, 0, true);
    far_hears_publish(site, 0, "u/x", "1");
    far_hears_nothing(site, 0);
    site_free(site);
}

/* The age of a queue begins when a message enters it: what is retained here may be old. */
static void a_retained_message_older_than_queue_age_goes_up_to_a_new_rule(void **state)
{
    static const char conf[] = HEAD "queue_age = 5s\n";
    static const struct mqtt_publication p = {
        .topic = {WIRE("t/x")}, .payload = {WIRE("1")}, .qos = 1, .retain = true};
    struct site *site = site_begin(conf, false);
    struct mqtt_subscribing rule = {.filter = span_of_text("t/#"), .qos = 1, .rule = 1};
    struct mqtt_sessions *ss = hub_broker(site->hub)->sessions;
    struct mqtt_session *s = NULL;
    uint64_t ticket = 0;

    (void)state;
    hub_restored(site->hub, site->now_ms);
    far_accept(site, 0, false);
    here_publish(site, &p);
    site_wait(site, 10000);
    s = mqtt_session_find(ss, MQTT_DOOR_UPSTREAM, span_of_text("cloud"));
    mqtt_session_subscribe(ss, s, &rule, &ticket, site->now_ms);
    far_hears_publish(site, 0, "t/x", "1");
    site_free(site);
}

static void qos_0_goes_up_only_while_connected(void **state)
{
    struct site *site = site_down(HEAD "send = t/#\nsend = u/# qos 0\n");

    (void)state;
    say_each(site, "t/x", "010");
    say_each(site, "u/x", "12");
    far_accept(site, 0, true);
    far_hears_publish(site, 0, "t/x", "2");
    far_hears_nothing(site, 0);
    say_each(site, "t/x", "0");
    far_hears_publish(site, 0, "t/x", "1");
    site_free(site);
}

/* Of a reader here that is away, and comes in time or not. */
static struct mqtt_session *reader(struct site *site, bool comes)
{
    struct mqtt_sessions *ss = hub_broker(site->hub)->sessions;
    struct mqtt_opening opening = {.door = MQTT_DOOR_CONN,
                                   .name = span_of_text("reader"),
                                   .quota = {.queued = 100, .inflight = 20}};
    struct mqtt_session *s = mqtt_session_open(ss, &opening, site->now_ms);
    struct mqtt_subscribing sub = {.filter = span_of_text("set/#"), .qos = 1};
    uint64_t ticket = 0;

    assert_non_null(s);
    if (!comes) {
        mqtt_session_subscribe(ss, s, &sub, &ticket, site->now_ms);
        mqtt_session_close(ss, s, MQTT_END_PARTED, site->now_ms);
    }
    return s;
}

static void ttl_of_a_receive_rule_counts_from_arrival(void **state)
{
    static const struct mqtt_packet set = {
        .flags = 1u << 1, .packet_id = 7, .topic = {WIRE("cmd/v")}, .payload = {WIRE("1")}};
    struct site *site = site_new(HEAD "receive = cmd/# to set/%t ttl 10s\n", false);
    struct mqtt_session *s = NULL;

    (void)state;
    far_accept(site, 0, false);
    (void)reader(site, false);
    for (unsigned wait_ms = 9000; wait_ms <= 10000; wait_ms += 1000) {
        struct mqtt_op op = {.kind = MQTT_OP_OPENED};
        bool delivered = false;

        far_publishes(site, 0, &set);
        site_wait(site, wait_ms);
        s = reader(site, true);
        while (mqtt_session_next(hub_broker(site->hub)->sessions, s, &op, site->now_ms)) {
            if (op.kind == MQTT_OP_DELIVER) {
                delivered = true;
                mqtt_session_ack(hub_broker(site->hub)->sessions, s, MQTT_OP_PUBACK, op.packet_id,
                                 site->now_ms);
                mqtt_message_drop(op.message);
            }
        }
        assert_int_equal(delivered, wait_ms < 10000);
        mqtt_session_close(hub_broker(site->hub)->sessions, s, MQTT_END_PARTED, site->now_ms);
    }
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_queue_drops_as_when_full_says),
        cmocka_unit_test(octets_bound_the_queue),
        cmocka_unit_test(an_episode_of_dropping_is_said_once_and_the_next_again),
        cmocka_unit_test(what_waits_longer_than_queue_age_is_dropped),
        cmocka_unit_test(queue_age_0_keeps_nothing),
        cmocka_unit_test(ttl_of_a_send_rule_counts_from_arrival),
        cmocka_unit_test(a_retained_message_older_than_queue_age_goes_up_to_a_new_rule),
        cmocka_unit_test(qos_0_goes_up_only_while_connected),
        cmocka_unit_test(ttl_of_a_receive_rule_counts_from_arrival),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
