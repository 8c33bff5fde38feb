#include "tests/mqtt/site.h"

#include <stdlib.h>

#include "mqtt/away.h"

#define ROWS_MOST 20000

static void start(struct site *site)
{
    assert_true(journal_init(&site->journal, 5000, ++site->seed));
    site->journal.off = !site->stored;
    assert_true(mqtt_sessions_init(&site->ss, &site->limits, &site->journal, ++site->seed));
    site->ss.wall_ms = 1000000;
}

struct site *site_new(bool stored)
{
    struct site *site = calloc(1, sizeof *site);

    assert_non_null(site);
    site->stored = stored;
    site->rows = calloc(ROWS_MOST, sizeof *site->rows);
    assert_non_null(site->rows);
    site->now_ms = 1000;
    site->limits = (struct mqtt_limits){.sessions = 200,
                                        .subscriptions = 100,
                                        .entries = 5000,
                                        .retained = 1000,
                                        .memory = 64 << 20,
                                        .topic_levels = 16,
                                        .expiry_ms = 3600000};
    site->quota = (struct mqtt_quota){.queued = 10000, .inflight = 20};
    start(site);
    return site;
}

static void stop(struct site *site)
{
    if (site->batch_out) {
        site->batch_out = false;
        journal_kept(&site->journal, &site->batch);
    }
    mqtt_sessions_fini(&site->ss);
    journal_fini(&site->journal);
    assert_int_equal(site->ss.budget.used, 0);
}

void site_free(struct site *site)
{
    stop(site);
    free(site->rows);
    free(site);
}

static struct site_row *find(struct site *site, const uint64_t key[3])
{
    for (size_t i = 0; i < site->row_count; i++) {
        if (memcmp(site->rows[i].record.key, key, 3 * sizeof *key) == 0) {
            return &site->rows[i];
        }
    }
    return NULL;
}

static void put(struct site *site, const struct record *record)
{
    struct site_row *row = find(site, record->key);

    if (row == NULL) {
        assert_true(site->row_count < ROWS_MOST);
        row = &site->rows[site->row_count++];
    } else {
        assert_false(record->fresh);
    }
    assert_true(record->text.len <= sizeof row->text && record->body.len <= sizeof row->body);
    row->record = *record;
    if (record->text.len != 0) {
        memcpy(row->text, record->text.at, record->text.len);
    }
    if (record->body.len != 0) {
        memcpy(row->body, record->body.at, record->body.len);
    }
}

static void del(struct site *site, struct site_row *row)
{
    if (row != NULL) {
        *row = site->rows[--site->row_count];
    }
}

static void del_owner(struct site *site, uint64_t owner)
{
    for (size_t i = site->row_count; i-- > 0;) {
        if (site->rows[i].record.key[0] != TABLE_QUEUE && site->rows[i].record.key[1] == owner) {
            del(site, &site->rows[i]);
        }
    }
}

static void apply(struct site *site, const struct record *record)
{
    switch ((enum record_op)record->op) {
    case RECORD_PUT: put(site, record); break;
    case RECORD_DEL: del(site, find(site, record->key)); break;
    case RECORD_DEL_OWNER: del_owner(site, record->key[1]); break;
    }
}

void site_write(struct site *site)
{
    if (site->batch_out || !journal_take(&site->journal, &site->batch)) {
        return;
    }
    site->batch_out = true;
    site->batch_number = site->ss.last_number;
    LIST_EACH (link, &site->batch.records) {
        apply(site, LIST_ITEM(link, struct record, in_batch));
    }
}

void site_kept(struct site *site)
{
    if (site->batch_out) {
        site->batch_out = false;
        journal_kept(&site->journal, &site->batch);
        site->ss.stored = site->batch_number;
        mqtt_sessions_kept(&site->ss);
    }
}

/* As a store answers: a row of TABLE_MESSAGE, wherever it is. */
static struct record stored_message(const struct site *site, uint64_t number)
{
    struct record answer = {.op = RECORD_DEL, .key = {TABLE_MESSAGE, 0, number}};

    for (size_t i = 0; i < site->row_count; i++) {
        const struct site_row *row = &site->rows[i];
        const uint64_t *key = row->record.key;
        bool within = key[0] == TABLE_QUEUE && row->record.fields[0] == 0;

        if (key[2] == number && (key[0] == TABLE_MESSAGE || within)) {
            answer.op = RECORD_PUT;
            memcpy(answer.fields, &row->record.fields[within ? 4 : 0], 4 * sizeof answer.fields[0]);
            answer.text = span_of(row->text, row->record.text.len);
            answer.body = span_of(row->body, row->record.body.len);
        }
    }
    return answer;
}

bool site_fetch(struct site *site)
{
    uint64_t numbers[MQTT_WANTED];
    size_t count = mqtt_sessions_wanted(&site->ss, numbers);

    for (size_t i = 0; i < count; i++) {
        struct record row = stored_message(site, numbers[i]);

        mqtt_sessions_fetched(&site->ss, &row, site->now_ms);
    }
    if (count != 0) {
        mqtt_sessions_fetch_end(&site->ss);
    }
    return count != 0;
}

void site_keep(struct site *site)
{
    site_kept(site);
    site_write(site);
    site_kept(site);
}

static int by_key(const void *a, const void *b)
{
    const struct site_row *left = a;
    const struct site_row *right = b;

    for (size_t i = 0; i < 3; i++) {
        if (left->record.key[i] != right->record.key[i]) {
            return left->record.key[i] < right->record.key[i] ? -1 : 1;
        }
    }
    return 0;
}

void site_crash(struct site *site)
{
    stop(site);
    start(site);
    qsort(site->rows, site->row_count, sizeof *site->rows, by_key);
    for (size_t i = 0; i < site->row_count; i++) {
        struct site_row *row = &site->rows[i];
        struct record at_start = row->record;

        at_start.block = NULL;
        if (row->record.key[0] == TABLE_MESSAGE || row->record.key[0] == TABLE_QUEUE) {
            at_start.octets = (uint32_t)(row->record.text.len + row->record.body.len);
            at_start.text = at_start.body = (struct span){NULL, 0};
        } else {
            at_start.text.at = row->text;
            at_start.body.at = row->body;
        }
        assert_true(mqtt_sessions_restore(&site->ss, &at_start, site->now_ms));
    }
    mqtt_sessions_restored(&site->ss, site->now_ms);
}

size_t site_rows(const struct site *site, enum table table)
{
    size_t count = 0;

    for (size_t i = 0; i < site->row_count; i++) {
        count += site->rows[i].record.key[0] == table;
    }
    return count;
}

struct mqtt_session *site_open_at(struct site *site, enum mqtt_door door, const char *name,
                                  bool clean)
{
    struct mqtt_opening opening = {.door = door,
                                   .name = span_of_text(name),
                                   .clean = clean,
                                   .door_item = site,
                                   .quota = site->quota};

    return mqtt_session_open(&site->ss, &opening, site->now_ms);
}

struct mqtt_session *site_open(struct site *site, const char *name, bool clean)
{
    return site_open_at(site, MQTT_DOOR_CONN, name, clean);
}

void site_close(struct site *site, struct mqtt_session *s, enum mqtt_end end)
{
    mqtt_session_close(&site->ss, s, end, site->now_ms);
}

uint8_t site_subscribe(struct site *site, struct mqtt_session *s, const char *filter, uint8_t qos)
{
    struct mqtt_subscribing sub = {.filter = span_of_text(filter), .qos = qos};
    struct mqtt_answer answer = {.kind = MQTT_OP_SUBACK, .packet_id = 1};
    uint8_t code = mqtt_session_subscribe(&site->ss, s, &sub, &answer.ticket, site->now_ms);

    assert_true(mqtt_session_owe(&site->ss, s, &answer));
    return code;
}

static struct mqtt_publication publication_of(const char *what, uint8_t qos, uint16_t packet_id)
{
    size_t topic = strcspn(what, "=");

    return (struct mqtt_publication){.topic = span_of(what, topic),
                                     .payload = span_of_text(what + topic + 1),
                                     .qos = qos,
                                     .packet_id = packet_id};
}

enum mqtt_err site_publish(struct site *site, struct mqtt_session *s, const char *what, uint8_t qos,
                           uint16_t packet_id)
{
    struct mqtt_publication p = publication_of(what, qos, packet_id);

    return mqtt_session_publish(&site->ss, s, &p, site->now_ms);
}

enum mqtt_err site_publish_retained(struct site *site, struct mqtt_session *s, const char *what,
                                    uint8_t qos, uint16_t packet_id)
{
    struct mqtt_publication p = publication_of(what, qos, packet_id);

    p.retain = true;
    return mqtt_session_publish(&site->ss, s, &p, site->now_ms);
}

void site_ack(struct site *site, struct mqtt_session *s, enum mqtt_op_kind kind, uint16_t packet_id)
{
    mqtt_session_ack(&site->ss, s, kind, packet_id, site->now_ms);
}

static void write_delivery(struct writer *w, const struct mqtt_op *op)
{
    write_span(w, mqtt_message_topic(op->message));
    write_u8(w, '=');
    write_span(w, mqtt_message_payload(op->message));
    if (op->qos > 0) {
        w->at += snprintf((char *)w->at, write_left(w), " q%d #%d", op->qos, op->packet_id);
    } else {
        assert_int_equal(op->packet_id, 0);
    }
    write_span(w, span_of_text(op->dup ? " dup" : ""));
    write_span(w, span_of_text(op->retain ? " retain" : ""));
    if (op->rule != 0) {
        w->at += snprintf((char *)w->at, write_left(w), " rule %d", op->rule);
    }
}

bool site_op(struct site *site, struct mqtt_session *s, struct mqtt_op *op)
{
    if (!site->by_hand) {
        site_keep(site);
    }
    do {
        if (mqtt_session_next(&site->ss, s, op, site->now_ms)) {
            return true;
        }
    } while (site_fetch(site));
    if (site->by_hand || site->journal.pending.count == 0) {
        return false;
    }
    site_keep(site);
    return mqtt_session_next(&site->ss, s, op, site->now_ms);
}

static bool write_next(struct site *site, struct mqtt_session *s, struct writer *w)
{
    static const char *const names[] = {"opened",  "puback", "pubrec",   "pubrel",
                                        "pubcomp", "suback", "unsuback", "other"};
    struct mqtt_op op;

    if (!site_op(site, s, &op)) {
        return false;
    }
    if (op.kind == MQTT_OP_DELIVER) {
        write_delivery(w, &op);
        mqtt_message_drop(op.message);
    } else {
        int number = op.kind == MQTT_OP_OPENED ? op.present : op.packet_id;

        w->at += snprintf((char *)w->at, write_left(w), "%s %d", names[op.kind], number);
        block_drop(op.codes);
    }
    return true;
}

const char *site_next(struct site *site, struct mqtt_session *s)
{
    struct writer w = writer_of((uint8_t *)site->text, sizeof site->text - 1);

    write_next(site, s, &w);
    *w.at = 0;
    return site->text;
}

const char *site_all(struct site *site, struct mqtt_session *s)
{
    struct writer w = writer_of((uint8_t *)site->text, sizeof site->text - 1);
    const char *between = "";

    for (;;) {
        uint8_t *was = w.at;

        write_span(&w, span_of_text(between));
        if (!write_next(site, s, &w)) {
            w.at = was;
            break;
        }
        between = "; ";
    }
    *w.at = 0;
    return site->text;
}

bool site_is_ready(struct site *site, const struct mqtt_session *s)
{
    struct mqtt_session *ready = NULL;
    bool found = false;

    while ((ready = mqtt_sessions_ready(&site->ss, (enum mqtt_door)s->door)) != NULL) {
        found = found || ready == s;
    }
    return found;
}
