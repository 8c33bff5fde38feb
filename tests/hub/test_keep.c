/* tests/hub/test_keep.c - what a store gives back at start, and what may become of it. */
#include "gateway/hub/status.h"
#include "tests/hub/fixture.h"

static const char conf[] = "[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\n"
                           "[node away]\nclient_id = away\nsleep_queue = 3\n[limits]\nqueued = 2\n"
                           "registrations = 1, 3\n";

static void give(struct site *site, const struct record *record)
{
    assert_true(hub_restore(site->hub, record, site->now_ms));
}

/* A session of `door` that is subscribed to farm/# at QoS 1 and whose client is away. */
static struct mqtt_session *stored_session(struct site *site, enum mqtt_door door)
{
    struct record session = {
        .key = {TABLE_SESSION, 7}, .fields = {door}, .text = span_of_text("away")};
    struct record sub = {
        .key = {TABLE_SUBSCRIPTION, 7, 8}, .fields = {1}, .text = span_of_text("farm/#")};

    give(site, &session);
    give(site, &sub);
    return mqtt_sessions_by_number(hub_broker(site->hub)->sessions, 7);
}

static void publish(struct site *site, size_t count)
{
    struct mqtt_publication p = {.topic = span_of_text("farm/t"), .qos = 1};

    while (count-- > 0) {
        assert_int_equal(mqtt_sessions_publish(hub_broker(site->hub)->sessions, &p, site->now_ms),
                         MQTT_OK);
    }
}

static void a_restored_client_that_stays_away_queues_no_more_than_queued(void **state)
{
    struct site *site = site_new(conf, true);
    struct mqtt_session *s = stored_session(site, MQTT_DOOR_CONN);

    (void)state;
    publish(site, 5);
    assert_int_equal(s->queue_count, 2);
    site_free(site);
}

static void a_restored_node_that_stays_away_queues_no_more_than_sleep_queue(void **state)
{
    struct site *site = site_begin(conf, true);
    struct mqtt_session *s = stored_session(site, MQTT_DOOR_NODE);

    (void)state;
    hub_restored(site->hub, site->now_ms);
    publish(site, 5);
    assert_int_equal(s->queue_count, 3);
    site_free(site);
}

/* SN: CONNECT of "away", CleanSession 0, 60 s. */
static void a_kept_session_that_cannot_open_still_has_its_node_when_it_expires(void **state)
{
    struct site *site = site_new(conf, true);
    struct mqtt_session *s = stored_session(site, MQTT_DOOR_NODE);
    struct mqtt_sessions *ss = hub_broker(site->hub)->sessions;
    size_t limit = ss->answers.limit;

    (void)state;
    site_says(site, 2, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn2"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x03\x05\0"));
    ss->answers.limit = ss->answers.used;
    site_says(site, 1,
              WIRE_SPAN("\x0a\x04\0\x01\0\x3c"
                        "away"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x03\x05\x01")); /* congestion */
    ss->answers.limit = limit;
    assert_non_null(s->user);
    site->now_ms = hub_deadline(site->hub) + UINT64_C(8) * 24 * 3600 * 1000;
    hub_tick(site->hub, site->now_ms);
    hub_pump(site->hub, site->now_ms);
    assert_null(mqtt_session_find(ss, MQTT_DOOR_NODE, span_of_text("away")));
    site_says(site, 1,
              WIRE_SPAN("\x0a\x04\x04\x01\0\x3c"
                        "away"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x03\x05\0"));
    site_free(site);
}

static const struct span connect_kept = {WIRE("\x0a\x04\0\x01\0\x3c"
                                              "away")};

/* Keeps the next batch of `from`; `to`, if not NULL, gets what it says of sessions and ids. */
static void keep(struct site *from, struct site *to)
{
    struct batch batch;

    site_wait(from, 10);
    assert_true(hub_records(from->hub, &batch, from->now_ms));
    LIST_EACH (link, &batch.records) {
        const struct record *record = LIST_ITEM(link, struct record, in_batch);

        if (to != NULL && record->op == RECORD_PUT && record->key[0] <= TABLE_TOPIC) {
            give(to, record);
        }
    }
    hub_kept(from->hub, &batch, from->now_ms);
    hub_pump(from->hub, from->now_ms);
}

static void ids_made_for_a_wildcard_leave_room_to_register_after_a_restart(void **state)
{
    struct site *before = site_new(conf, true);
    struct site *after = site_new(conf, true);

    (void)state;
    site_says(before, 1, connect_kept);
    keep(before, after);
    assert_span_equal(site_hears(before, 1), WIRE_SPAN("\x03\x05\0"));
    site_says(before, 1,
              WIRE_SPAN("\x0b\x12\0\0\x09"
                        "farm/#"));
    keep(before, after);
    publish(before, 1); /* farm/t gets an id of ours */
    hub_pump(before->hub, before->now_ms);
    keep(before, after);
    site_says(after, 1, connect_kept);
    assert_span_equal(site_hears(after, 1), WIRE_SPAN("\x03\x05\0"));
    site_says(after, 1,
              WIRE_SPAN("\x09\x0a\0\0\0\x07"
                        "a/b"));
    keep(after, NULL);
    assert_span_equal(site_hears(after, 1), WIRE_SPAN("\x07\x0b\0\x02\0\x07\0"));
    site_free(before);
    site_free(after);
}

static struct span puback(uint8_t code)
{
    static uint8_t wire[] = {0x07, 0x0D, 'z', 'z', 0, 1, 0};

    wire[6] = code;
    return span_of(wire, sizeof wire);
}

/* SN: node 1 publishes "x" to the short topic zz at QoS 1. */
static void publish_zz(struct site *site)
{
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x22zz\0\x01x"));
}

/* The next line for the log that has `words`, or NULL. */
static const char *site_log_of(struct site *site, const char *words)
{
    const char *line = NULL;

    do {
        line = site_log(site);
    } while (line != NULL && strstr(line, words) == NULL);
    return line;
}

static void while_the_store_is_full_a_publisher_gets_congestion(void **state)
{
    struct site *site = site_new(conf, true);
    struct record sub = {
        .key = {TABLE_SUBSCRIPTION, 7, 9}, .fields = {1}, .text = span_of_text("zz")};
    struct mqtt_session *reader = stored_session(site, MQTT_DOOR_CONN);

    (void)state;
    give(site, &sub);
    site_says(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x03\x05\0"));
    hub_store_works(site->hub, true, site->now_ms);
    hub_store_works(site->hub, true, site->now_ms);
    assert_string_equal(site_log_of(site, "store full"),
                        "store full, by [store] max, min_free or the disk; acknowledgements of new "
                        "messages wait");
    assert_null(site_log_of(site, "store"));
    publish_zz(site);
    assert_span_equal(site_hears(site, 1), puback(1));
    assert_int_equal(reader->queue_count, 0);
    hub_store_works(site->hub, false, site->now_ms);
    assert_non_null(site_log_of(site, "the store has room again"));
    publish_zz(site);
    assert_int_equal(site_hears(site, 1).len, 0); /* it waits for the disk */
    keep(site, NULL);
    assert_span_equal(site_hears(site, 1), puback(0));
    assert_int_equal(reader->queue_count, 1);
    site_free(site);
}

static void while_the_store_does_not_keep_a_publisher_gets_congestion(void **state)
{
    struct site *site = site_new(conf, true);
    struct record sub = {
        .key = {TABLE_SUBSCRIPTION, 7, 9}, .fields = {1}, .text = span_of_text("zz")};
    struct mqtt_session *reader = stored_session(site, MQTT_DOOR_CONN);
    struct hub_status status;

    (void)state;
    give(site, &sub);
    site_says(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x03\x05\0"));
    publish_zz(site);
    hub_not_kept(site->hub, "disk I/O error");
    hub_not_kept(site->hub, "database or disk is full");
    assert_string_equal(site_log_of(site, "store"),
                        "the store does not keep; acknowledgements wait: disk I/O error");
    assert_null(site_log_of(site, "store"));
    hub_status(site->hub, &status, site->now_ms);
    assert_string_equal(status.store, "database or disk is full");
    assert_int_equal(site_hears(site, 1).len, 0);
    site_says(site, 2, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn2"));
    assert_span_equal(site_hears(site, 2), WIRE_SPAN("\x03\x05\0"));
    site_says(site, 2, WIRE_SPAN("\x08\x0c\x22zz\0\x01y"));
    assert_span_equal(site_hears(site, 2), puback(1));
    assert_int_equal(reader->queue_count, 1);
    keep(site, NULL);
    hub_store_works(site->hub, true, site->now_ms); /* as if the reserve had been given up */
    assert_span_equal(site_hears(site, 1), puback(0));
    assert_non_null(site_log_of(site, "the store keeps again"));
    assert_non_null(site_log_of(site, "store full"));
    hub_status(site->hub, &status, site->now_ms);
    assert_string_equal(status.store, "full");
    site_says(site, 2, WIRE_SPAN("\x08\x0c\x22zz\0\x01y"));
    assert_span_equal(site_hears(site, 2), puback(1));
    hub_store_works(site->hub, false, site->now_ms);
    hub_status(site->hub, &status, site->now_ms);
    assert_string_equal(status.store, "works");
    site_free(site);
}

static void a_full_store_does_not_matter_where_nothing_is_kept(void **state)
{
    struct site *site = site_new(conf, true);

    (void)state;
    site_says(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x03\x05\0"));
    hub_store_works(site->hub, true, site->now_ms);
    publish_zz(site);
    assert_span_equal(site_hears(site, 1), puback(0));
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x32zz\0\x01x")); /* to be retained */
    assert_span_equal(site_hears(site, 1), puback(1));
    site_says(site, 1, WIRE_SPAN("\x07\x0c\x32zz\0\x01")); /* none is to be retained */
    assert_span_equal(site_hears(site, 1), puback(0));
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restored_client_that_stays_away_queues_no_more_than_queued),
        cmocka_unit_test(a_restored_node_that_stays_away_queues_no_more_than_sleep_queue),
        cmocka_unit_test(a_kept_session_that_cannot_open_still_has_its_node_when_it_expires),
        cmocka_unit_test(ids_made_for_a_wildcard_leave_room_to_register_after_a_restart),
        cmocka_unit_test(while_the_store_is_full_a_publisher_gets_congestion),
        cmocka_unit_test(while_the_store_does_not_keep_a_publisher_gets_congestion),
        cmocka_unit_test(a_full_store_does_not_matter_where_nothing_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
