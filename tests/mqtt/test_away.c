/* Queues longer than what is kept of them in memory. */
#include "mqtt/away.h"
#include "mqtt/queue.h"

#include "tests/mqtt/site.h"

#define PAYLOAD 250u
#define MANY    2500u /* of 255 octets: twice what stays near */

static struct mqtt_session *absent_reader(struct site *site, const char *name)
{
    struct mqtt_session *s = site_open(site, name, false);

    assert_int_equal(site_subscribe(site, s, "t/#", 2), 2);
    site_all(site, s);
    site_close(site, s, MQTT_END_BYE);
    return s;
}

/* Payload: the number in four digits, then blanks. */
static void publish(struct site *site, unsigned from, unsigned to)
{
    char text[PAYLOAD + 1];

    for (unsigned n = from; n < to; n++) {
        struct mqtt_publication p = {
            .topic = span_of_text("t/abc"), .payload = span_of(text, PAYLOAD), .qos = 1};

        (void)snprintf(text, sizeof text, "%04u%246s", n, "");
        assert_int_equal(mqtt_sessions_publish(&site->ss, &p, site->now_ms), MQTT_OK);
        if (n % 100 == 99) {
            site_keep(site);
        }
    }
    site_keep(site);
}

/* Takes and acknowledges all that comes; it must be those from `from` to `to`, in order. */
static void hears(struct site *site, struct mqtt_session *s, unsigned from, unsigned to)
{
    struct mqtt_op op;
    char text[8];

    for (unsigned n = from; n < to; n++) {
        assert_true(site_op(site, s, &op));
        assert_int_equal(op.kind, MQTT_OP_DELIVER);
        (void)snprintf(text, sizeof text, "%04u", n);
        assert_memory_equal(mqtt_message_payload(op.message).at, text, 4);
        assert_int_equal(op.message->payload_len, PAYLOAD);
        mqtt_message_drop(op.message);
        site_ack(site, s, MQTT_OP_PUBACK, op.packet_id);
    }
    assert_false(site_op(site, s, &op));
}

static struct mqtt_session *come_back(struct site *site, const char *name)
{
    struct mqtt_session *s = site_open(site, name, false);

    assert_string_equal(site_next(site, s), "opened 1");
    return s;
}

static void expect_no_rows(struct site *site)
{
    site_keep(site);
    assert_int_equal(site_rows(site, TABLE_MESSAGE), 0);
    assert_int_equal(site_rows(site, TABLE_QUEUE), 0);
    assert_int_equal(site->ss.rows.used, 0);
}

static void of_a_long_queue_the_head_is_in_memory(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *s = absent_reader(site, "r");

    (void)state;
    publish(site, 0, MANY);
    assert_int_equal(s->queue_count, MANY);
    assert_int_equal(s->queue_bytes, MANY * (PAYLOAD + 5));
    assert_in_range(site->ss.budget.used, MQTT_NEAR_OCTETS, 3 * MQTT_NEAR_OCTETS / 2 + MANY * 64);
    hears(site, come_back(site, "r"), 0, MANY);
    expect_no_rows(site);
    site_free(site);
}

static void what_comes_meanwhile_stands_behind(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *s = absent_reader(site, "r");
    struct mqtt_op op;

    (void)state;
    site->quota.inflight = 1;
    publish(site, 0, MANY);
    s = come_back(site, "r");
    assert_true(site_op(site, s, &op));
    publish(site, MANY, MANY + 100);
    mqtt_message_drop(op.message);
    site_ack(site, s, MQTT_OP_PUBACK, op.packet_id);
    hears(site, s, 1, MANY + 100);
    expect_no_rows(site);
    site_free(site);
}

static void after_a_restart_all_of_it_is_in_the_store(void **state)
{
    struct site *site = site_new(true);

    (void)state;
    (void)absent_reader(site, "r");
    publish(site, 0, MANY);
    site_crash(site);
    assert_true(site->ss.budget.used < MANY * 64 + 4096);
    hears(site, come_back(site, "r"), 0, MANY);
    expect_no_rows(site);
    site_free(site);
}

static void two_queues_share_a_row(void **state)
{
    struct site *site = site_new(true);

    (void)state;
    (void)absent_reader(site, "a");
    publish(site, 0, 2);
    (void)absent_reader(site, "b");
    publish(site, 2, MANY);
    site_keep(site);
    assert_int_equal(site_rows(site, TABLE_MESSAGE), MANY - 2); /* the first two have one reader */
    assert_int_equal(site_rows(site, TABLE_QUEUE), 2 * MANY - 2);
    hears(site, come_back(site, "b"), 2, MANY);
    site_keep(site);
    assert_int_equal(site_rows(site, TABLE_MESSAGE), MANY - 2);
    hears(site, come_back(site, "a"), 0, MANY);
    expect_no_rows(site);
    site_free(site);
}

static void the_oldest_goes_though_it_is_away(void **state)
{
    struct site *site = site_new(true);

    (void)state;
    (void)absent_reader(site, "r");
    publish(site, 0, 1000);
    site_crash(site);
    site->quota.queued = 1000;
    site->quota.when_full = MQTT_DROP_OLDEST;
    site_close(site, come_back(site, "r"), MQTT_END_BYE);
    publish(site, 1000, 1100);
    assert_int_equal(site_rows(site, TABLE_QUEUE), 1000);
    hears(site, come_back(site, "r"), 100, 1100);
    expect_no_rows(site);
    site_free(site);
}

static void the_newest_goes_while_the_rest_is_away(void **state)
{
    struct site *site = site_new(true);

    (void)state;
    (void)absent_reader(site, "r");
    publish(site, 0, 100);
    site_crash(site);
    site->quota.queued = 100;
    site->quota.when_full = MQTT_DROP_NEWEST;
    site_close(site, come_back(site, "r"), MQTT_END_BYE);
    publish(site, 100, 200);
    assert_int_equal(site_rows(site, TABLE_QUEUE), 100);
    hears(site, come_back(site, "r"), 0, 100);
    expect_no_rows(site);
    site_free(site);
}

/* Only what is near can be QoS 0: that goes first, then the oldest, away or not. */
static void qos_0_goes_before_what_is_away(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_publication zero = {
        .topic = span_of_text("t/0"), .payload = span_of_text("zero"), .qos = 0};
    struct mqtt_session *s = absent_reader(site, "r");

    (void)state;
    publish(site, 0, 100);
    site_crash(site);
    site->quota.queued = 101;
    site->quota.inflight = 1;
    site->quota.when_full = MQTT_DROP_QOS0_FIRST;
    s = come_back(site, "r");
    assert_int_equal(mqtt_sessions_publish(&site->ss, &zero, site->now_ms), MQTT_OK);
    assert_int_equal(s->queue_count, 101);
    publish(site, 100, 102);
    assert_int_equal(s->dropped, 2);
    hears(site, s, 1, 102);
    expect_no_rows(site);
    site_free(site);
}

static void time_passes_for_what_is_away_over_a_restart_too(void **state)
{
    struct site *site = site_new(true);

    (void)state;
    site->quota.age_ms = 10000;
    (void)absent_reader(site, "r");
    publish(site, 0, 50);
    site->now_ms += 6000;
    publish(site, 50, 100);
    site_crash(site);
    site->now_ms += 4000; /* the first 50 are too old now */
    hears(site, come_back(site, "r"), 50, 100);
    assert_int_equal(site->ss.count.expired, 50);
    expect_no_rows(site);
    site_free(site);
}

static void a_purge_takes_what_is_away(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *s = absent_reader(site, "r");

    (void)state;
    publish(site, 0, MANY);
    site_crash(site);
    s = come_back(site, "r");
    assert_int_equal(mqtt_queue_purge(&site->ss, s, site->now_ms), MANY);
    hears(site, s, 0, 0);
    expect_no_rows(site);
    site_free(site);
}

static void a_session_may_go_while_its_messages_are_asked_for(void **state)
{
    struct site *site = site_new(true);
    uint64_t numbers[MQTT_WANTED];
    struct mqtt_session *s = NULL;
    struct mqtt_op op;

    (void)state;
    (void)absent_reader(site, "r");
    publish(site, 0, 100);
    site_crash(site);
    s = come_back(site, "r");
    assert_false(mqtt_session_next(&site->ss, s, &op, site->now_ms));
    assert_int_equal(mqtt_sessions_wanted(&site->ss, numbers), MQTT_WANTED);
    assert_int_equal(mqtt_sessions_wanted(&site->ss, numbers), 0); /* one request at a time */
    mqtt_session_discard(&site->ss, s, site->now_ms);
    mqtt_sessions_fetched(
        &site->ss,
        &(struct record){.key = {TABLE_MESSAGE, 0, numbers[0]}, .text = span_of_text("t/abc")},
        site->now_ms);
    mqtt_sessions_fetch_end(&site->ss);
    expect_no_rows(site);
    site_free(site);
}

static void a_row_that_is_not_there_is_counted_and_passed_over(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *s = NULL;

    (void)state;
    (void)absent_reader(site, "r");
    publish(site, 0, 3);
    site_crash(site);
    for (size_t i = 0; i < site->row_count; i++) {
        if (site->rows[i].record.key[0] == TABLE_QUEUE) { /* the first of them */
            site->rows[i] = site->rows[--site->row_count];
            break;
        }
    }
    s = come_back(site, "r");
    hears(site, s, 1, 3);
    assert_int_equal(site->ss.count.unread, 1);
    expect_no_rows(site);
    site_free(site);
}

static void rights_are_asked_when_it_comes_back(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *s = NULL;
    static const struct mqtt_acl none = {{NULL, 0}, {NULL, 0}};

    (void)state;
    (void)absent_reader(site, "r");
    publish(site, 0, 3);
    site_crash(site);
    s = come_back(site, "r");
    mqtt_session_set_acl(&site->ss, s, mqtt_acl_new(&site->ss.budget, &none), site->now_ms);
    hears(site, s, 0, 0);
    assert_int_equal(site->ss.count.denied, 3);
    expect_no_rows(site);
    site_free(site);
}

/* Without memory it waits, and nothing is asked for again and again. */
static void without_memory_it_waits(void **state)
{
    struct site *site = site_new(true);
    struct mqtt_session *s = NULL;
    size_t limit = 0;
    struct mqtt_op op;

    (void)state;
    (void)absent_reader(site, "r");
    publish(site, 0, 3);
    site_crash(site);
    s = come_back(site, "r");
    limit = site->ss.budget.limit;
    site->ss.budget.limit = site->ss.budget.used;
    assert_false(mqtt_session_next(&site->ss, s, &op, site->now_ms));
    assert_true(site_fetch(site));
    assert_false(site_fetch(site));
    site->ss.budget.limit = limit;
    mqtt_sessions_kept(&site->ss);
    hears(site, s, 0, 3);
    expect_no_rows(site);
    site_free(site);
}

/* Three rows of 2 GiB, of which only the length is known. */
static void a_queue_may_be_larger_than_4_gib(void **state)
{
    const uint64_t limit = ((uint64_t)3 << 31) + 10;
    struct site *site = site_new(true);
    struct record session = {.key = {TABLE_SESSION, 1, 0}, .text = span_of_text("r")};
    struct record filter = {
        .key = {TABLE_SUBSCRIPTION, 1, 2}, .fields = {1}, .text = span_of_text("t")};
    struct mqtt_publication p = {
        .topic = span_of_text("t"), .payload = span_of_text("0123"), .qos = 1};
    struct mqtt_session *s = NULL;

    (void)state;
    assert_true(mqtt_sessions_restore(&site->ss, &session, 0));
    assert_true(mqtt_sessions_restore(&site->ss, &filter, 0));
    for (uint64_t i = 0; i < 3; i++) {
        struct record message = {.key = {TABLE_MESSAGE, 0, 10 + i}, .octets = UINT32_C(1) << 31};
        struct record entry = {.key = {TABLE_QUEUE, 1, 20 + i}, .fields = {10 + (int64_t)i, 1}};

        assert_true(mqtt_sessions_restore(&site->ss, &message, 0));
        assert_true(mqtt_sessions_restore(&site->ss, &entry, 0));
    }
    mqtt_sessions_restored(&site->ss, 0);
    site->quota.queued_bytes = limit;
    site->quota.when_full = MQTT_DROP_OLDEST;
    s = site_open(site, "r", false);
    site_close(site, s, MQTT_END_BYE);
    assert_true(s->queue_bytes == (uint64_t)3 << 31);
    for (unsigned i = 0; i < 3; i++) { /* 5 octets each: the third has no room */
        assert_int_equal(mqtt_sessions_publish(&site->ss, &p, site->now_ms), MQTT_OK);
        assert_int_equal(s->dropped, i < 2 ? 0 : 1);
    }
    assert_true(s->queue_bytes == ((uint64_t)2 << 31) + 15);
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_long_queue_the_head_is_in_memory),
        cmocka_unit_test(what_comes_meanwhile_stands_behind),
        cmocka_unit_test(after_a_restart_all_of_it_is_in_the_store),
        cmocka_unit_test(two_queues_share_a_row),
        cmocka_unit_test(the_oldest_goes_though_it_is_away),
        cmocka_unit_test(the_newest_goes_while_the_rest_is_away),
        cmocka_unit_test(qos_0_goes_before_what_is_away),
        cmocka_unit_test(time_passes_for_what_is_away_over_a_restart_too),
        cmocka_unit_test(a_purge_takes_what_is_away),
        cmocka_unit_test(a_session_may_go_while_its_messages_are_asked_for),
        cmocka_unit_test(a_row_that_is_not_there_is_counted_and_passed_over),
        cmocka_unit_test(rights_are_asked_when_it_comes_back),
        cmocka_unit_test(without_memory_it_waits),
        cmocka_unit_test(a_queue_may_be_larger_than_4_gib),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
