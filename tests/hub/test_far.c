/* tests/hub/test_far.c - what a far broker is asked to send, over runs and configurations. Rows of
 * the store are carried by hand from one run to the next. */
#include "tests/hub/fixture.h"

#define ROWS 16

static const char head[] = "[gateway]\nname = gw\n[upstream cloud]\nurl = mqtt://a.example\n"
                           "url = mqtt://b.example\nkeepalive = off\nreconnect = 1s..8s\n";

static const struct span connack_new = {WIRE("\x20\x02\0\0")};
static const struct span connack_kept = {WIRE("\x20\x02\x01\0")};

/* Rows that outlive a run: of sessions, and of what is known of the far side. */
struct disk {
    struct {
        uint64_t key[3];
        int64_t fields[RECORD_FIELDS];
        char text[32];
        size_t len;
    } rows[ROWS];
    size_t count;
};

static size_t find_row(const struct disk *disk, const uint64_t key[3])
{
    size_t i = 0;

    while (i < disk->count && memcmp(disk->rows[i].key, key, sizeof disk->rows[i].key) != 0) {
        i++;
    }
    return i;
}

static void write_row(struct disk *disk, const struct record *record)
{
    size_t i = find_row(disk, record->key);

    if (record->op == RECORD_DEL) {
        if (i < disk->count) {
            disk->rows[i] = disk->rows[--disk->count];
        }
        return;
    }
    assert_int_equal(record->op, RECORD_PUT);
    assert_true(i < ROWS && record->text.len <= sizeof disk->rows[i].text);
    memcpy(disk->rows[i].key, record->key, sizeof disk->rows[i].key);
    memcpy(disk->rows[i].fields, record->fields, sizeof disk->rows[i].fields);
    memcpy(disk->rows[i].text, record->text.at, record->text.len);
    disk->rows[i].len = record->text.len;
    disk->count += i == disk->count;
}

static void commit(struct site *site, struct disk *disk)
{
    struct batch batch;

    site->now_ms += 1000;
    while (hub_records(site->hub, &batch, site->now_ms)) {
        LIST_EACH (link, &batch.records) {
            struct record *record = LIST_ITEM(link, struct record, in_batch);

            if (record->key[0] == TABLE_SESSION || record->key[0] == TABLE_TOPIC) {
                write_row(disk, record);
            }
        }
        hub_kept(site->hub, &batch, site->now_ms);
    }
}

/* A run with these receive rules on what `disk` has. */
static struct site *run(const struct disk *disk, const char *rules)
{
    char text[1024];
    struct site *site = NULL;

    (void)snprintf(text, sizeof text, "%s%s", head, rules);
    site = site_begin(text, true);
    for (uint64_t table = 0; table < TABLES; table++) {
        for (size_t i = 0; i < disk->count; i++) {
            struct record record = {
                .text = span_of((const uint8_t *)disk->rows[i].text, disk->rows[i].len)};

            memcpy(record.key, disk->rows[i].key, sizeof record.key);
            memcpy(record.fields, disk->rows[i].fields, sizeof record.fields);
            assert_true(table != record.key[0] || hub_restore(site->hub, &record, site->now_ms));
        }
    }
    hub_restored(site->hub, site->now_ms);
    return site;
}

static struct span far_hears(struct site *site)
{
    struct mqtt_out out;

    return hub_uplink_output(site->hub, 0, &out, site->out, site->now_ms) ? out.head
                                                                          : (struct span){NULL, 0};
}

static void far_says(struct site *site, struct span octets)
{
    hub_uplink_input(site->hub, 0, octets, site->now_ms);
    hub_pump(site->hub, site->now_ms);
}

/* Dials, and is answered by `connack`. Returns the number of the url. */
static size_t connect(struct site *site, struct span connack)
{
    struct hub_news news = {.kind = HUB_LOG};

    site_wait(site, 10000);
    hub_pump(site->hub, site->now_ms);
    while (news.kind != HUB_DIAL) {
        assert_true(hub_event(site->hub, &news));
    }
    hub_uplink_up(site->hub, 0, site->now_ms);
    assert_true(far_hears(site).len > 0);
    far_says(site, connack);
    return news.url;
}

static void crash(struct site *site, struct disk *disk)
{
    commit(site, disk);
    site_free(site);
}

static void end(struct site *site, struct disk *disk)
{
    hub_stop(site->hub, site->now_ms);
    assert_span_equal(far_hears(site), WIRE_SPAN("\xe0\0"));
    hub_pump(site->hub, site->now_ms);
    commit(site, disk);
    assert_true(hub_is_stopped(site->hub));
    site_free(site);
}

#define SUB_AB                         \
    WIRE_SPAN("\x82\x0c\xff\xff\0\x01" \
              "a\x01\0\x03"            \
              "b/#\x02")

static const char rules_ab[] = "receive = a\nreceive = b/# qos 2\n";

/* A first run that had all granted. */
static struct site *first_run(struct disk *disk)
{
    struct site *site = run(disk, rules_ab);

    connect(site, connack_new);
    assert_span_equal(far_hears(site), SUB_AB);
    far_says(site, WIRE_SPAN("\x90\x04\xff\xff\x01\x02"));
    assert_int_equal(far_hears(site).len, 0);
    return site;
}

static void what_was_granted_is_not_asked_for_again_in_the_next_run(void **state)
{
    struct disk disk = {.count = 0};
    struct site *site = first_run(&disk);

    (void)state;
    end(site, &disk);
    for (int i = 0; i < 2; i++) {
        site = run(&disk, rules_ab);
        connect(site, connack_kept);
        assert_int_equal(far_hears(site).len, 0);
        end(site, &disk);
    }
    site = run(&disk, rules_ab);
    connect(site, connack_new);
    assert_span_equal(far_hears(site), SUB_AB);
    site_free(site);
}

/* Session Present 0 may have come and not been written. */
static void after_a_crash_all_is_asked_for_once(void **state)
{
    struct disk disk = {.count = 0};
    struct site *site = first_run(&disk);

    (void)state;
    crash(site, &disk);
    site = run(&disk, rules_ab);
    connect(site, connack_kept);
    assert_span_equal(far_hears(site), SUB_AB);
    far_says(site, WIRE_SPAN("\x90\x04\xff\xff\x01\x02"));
    end(site, &disk);
    site = run(&disk, rules_ab);
    connect(site, connack_kept);
    assert_int_equal(far_hears(site).len, 0);
    crash(site, &disk);
    site = run(&disk, rules_ab);
    connect(site, connack_kept);
    assert_span_equal(far_hears(site), SUB_AB);
    site_free(site);
}

static void a_changed_rule_is_asked_for_and_an_old_one_unsubscribed(void **state)
{
    struct disk disk = {.count = 0};
    struct site *site = first_run(&disk);

    (void)state;
    end(site, &disk);
    site = run(&disk, "receive = a qos 0\nreceive = c\nreceive = a qos 2\n");
    connect(site, connack_kept);
    assert_span_equal(far_hears(site), WIRE_SPAN("\x82\x0a\xff\xff\0\x01"
                                                 "a\0\0\x01"
                                                 "c\x01"));
    assert_int_equal(far_hears(site).len, 0);
    far_says(site, WIRE_SPAN("\x90\x04\xff\xff\0\x01"));
    assert_span_equal(far_hears(site), WIRE_SPAN("\xa2\x07\xff\xff\0\x03"
                                                 "b/#"));
    hub_uplink_down(site->hub, 0, "cut", site->now_ms); /* no UNSUBACK: once more */
    connect(site, connack_kept);
    assert_span_equal(far_hears(site), WIRE_SPAN("\xa2\x07\xff\xff\0\x03"
                                                 "b/#"));
    far_says(site, WIRE_SPAN("\xb0\x02\xff\xff"));
    assert_int_equal(far_hears(site).len, 0);
    end(site, &disk);
    site = run(&disk, "receive = a qos 0\nreceive = c\n");
    connect(site, connack_kept);
    assert_int_equal(far_hears(site).len, 0);
    site_free(site);
}

/* Filters of a run that crashed are unsubscribed too. */
static void what_a_crashed_run_asked_for_is_unsubscribed(void **state)
{
    struct disk disk = {.count = 0};
    struct site *site = first_run(&disk);

    (void)state;
    crash(site, &disk);
    site = run(&disk, "");
    connect(site, connack_kept);
    assert_span_equal(far_hears(site), WIRE_SPAN("\xa2\x0a\xff\xff\0\x01"
                                                 "a\0\x03"
                                                 "b/#"));
    far_says(site, WIRE_SPAN("\xb0\x02\xff\xff"));
    assert_int_equal(far_hears(site).len, 0);
    crash(site, &disk);
    assert_int_equal(disk.count, 1); /* the session's own */
}

/* Another url is another broker: what its session has is not known. */
static void another_url_is_asked_for_all(void **state)
{
    struct disk disk = {.count = 0};
    struct site *site = first_run(&disk);

    (void)state;
    hub_uplink_down(site->hub, 0, "cut", site->now_ms);
    assert_int_equal(connect(site, connack_kept), 0);
    assert_int_equal(far_hears(site).len, 0);
    hub_uplink_down(site->hub, 0, "cut", site->now_ms); /* it had not served */
    assert_int_equal(connect(site, connack_kept), 1);
    assert_span_equal(far_hears(site), SUB_AB);
    far_says(site, WIRE_SPAN("\x90\x04\xff\xff\x01\x02"));
    end(site, &disk);
    site = run(&disk, rules_ab); /* begins with the first url */
    assert_int_equal(connect(site, connack_kept), 0);
    assert_span_equal(far_hears(site), SUB_AB);
    site_free(site);
}

/* Asked for again with each connection: rights may have changed. */
static void what_was_refused_is_not_taken_for_granted(void **state)
{
    struct disk disk = {.count = 0};
    struct site *site = run(&disk, rules_ab);

    (void)state;
    connect(site, connack_new);
    assert_span_equal(far_hears(site), SUB_AB);
    far_says(site, WIRE_SPAN("\x90\x04\xff\xff\x01\x80"));
    assert_int_equal(far_hears(site).len, 0);
    end(site, &disk);
    site = run(&disk, rules_ab);
    connect(site, connack_kept);
    assert_span_equal(far_hears(site), WIRE_SPAN("\x82\x08\xff\xff\0\x03"
                                                 "b/#\x02"));
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_granted_is_not_asked_for_again_in_the_next_run),
        cmocka_unit_test(after_a_crash_all_is_asked_for_once),
        cmocka_unit_test(a_changed_rule_is_asked_for_and_an_old_one_unsubscribed),
        cmocka_unit_test(what_a_crashed_run_asked_for_is_unsubscribed),
        cmocka_unit_test(another_url_is_asked_for_all),
        cmocka_unit_test(what_was_refused_is_not_taken_for_granted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
