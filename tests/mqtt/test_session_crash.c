/* Nothing acknowledged is lost, QoS 2 comes exactly once and in order, whatever breaks: the
 * connections, or the process with a batch lost, or written and not yet said to be kept.
 *
 * Both clients keep what MQTT 3.1.1 says a client keeps, and never lose it. */
#include "base/rng.h"
#include "tests/mqtt/site.h"

#define MESSAGES 40
#define SEEDS    100
#define STEPS    600
#define IDS      65536

enum phase { UNSENT, PUBLISHED, RELEASED, DONE };

struct trial {
    struct site *site;
    struct rng rng;
    struct mqtt_session *from; /* NULL: not connected */
    struct mqtt_session *to;
    bool from_opened; /* CONNACK came */
    bool to_opened;
    enum phase phase[MESSAGES]; /* of the publisher: message i has id i + 1 */
    uint8_t qos[MESSAGES];
    int count[MESSAGES]; /* times that it arrived, repetitions under a known id aside */
    int last[3];         /* greatest that arrived, by QoS */
    bool received[IDS];  /* the reader's QoS 2 ids */
    bool breaks;         /* things still break */
};

static bool chance(struct trial *t, unsigned percent)
{
    return t->breaks && rng_below(&t->rng, 100) < percent;
}

static void send(struct trial *t, int i)
{
    char text[8];

    (void)snprintf(text, sizeof text, "a=%d", i);
    if (site_publish(t->site, t->from, text, t->qos[i], (uint16_t)(i + 1)) == MQTT_OK &&
        t->phase[i] == UNSENT) {
        t->phase[i] = PUBLISHED;
    }
}

/* MQTT-4.4.0-1, MQTT-4.6.0-1: the publisher's side of a reconnect. */
static void send_again(struct trial *t)
{
    for (int i = 0; i < MESSAGES; i++) {
        if (t->phase[i] == PUBLISHED) {
            send(t, i);
        } else if (t->phase[i] == RELEASED) {
            site_ack(t->site, t->from, MQTT_OP_PUBREL, (uint16_t)(i + 1));
        }
    }
}

static void publisher_hears(struct trial *t, const struct mqtt_op *op)
{
    int i = op->packet_id - 1;

    switch (op->kind) {
    case MQTT_OP_OPENED:
        t->from_opened = true;
        send_again(t);
        break;
    case MQTT_OP_PUBREC:
        if (t->phase[i] != DONE) {
            t->phase[i] = RELEASED;
        }
        site_ack(t->site, t->from, MQTT_OP_PUBREL, op->packet_id);
        break;
    case MQTT_OP_PUBACK:
    case MQTT_OP_PUBCOMP: t->phase[i] = DONE; break;
    default: fail();
    }
}

static void arrives(struct trial *t, const struct mqtt_op *op)
{
    struct span payload = mqtt_message_payload(op->message);
    int i = 0;

    for (size_t at = 0; at < payload.len; at++) {
        i = i * 10 + payload.at[at] - '0';
    }
    assert_int_equal(op->qos, t->qos[i]);
    assert_true(t->phase[i] != UNSENT);
    if (op->qos == 2 && t->received[op->packet_id]) {
        assert_true(op->dup);
        return;
    }
    if (t->count[i]++ == 0) {
        assert_true(i > t->last[op->qos]); /* MQTT-4.6.0-6 */
        t->last[op->qos] = i;
    }
    t->received[op->packet_id] = t->received[op->packet_id] || op->qos == 2;
}

static void reader_hears(struct trial *t, const struct mqtt_op *op, bool answers)
{
    enum mqtt_op_kind kind = MQTT_OP_PUBCOMP;

    switch (op->kind) {
    case MQTT_OP_OPENED: t->to_opened = true; return;
    case MQTT_OP_DELIVER:
        arrives(t, op);
        kind = op->qos == 2 ? MQTT_OP_PUBREC : MQTT_OP_PUBACK;
        break;
    case MQTT_OP_PUBREL: t->received[op->packet_id] = false; break;
    default: fail();
    }
    if (answers) {
        site_ack(t->site, t->to, kind, op->packet_id);
    }
}

static void lose_publisher(struct trial *t)
{
    site_close(t->site, t->from, MQTT_END_LOST);
    t->from = NULL;
}

static void lose_reader(struct trial *t)
{
    site_close(t->site, t->to, MQTT_END_LOST);
    t->to = NULL;
}

static void serve_publisher(struct trial *t)
{
    struct mqtt_op op;

    while (t->from != NULL && site_op(t->site, t->from, &op)) {
        if (chance(t, 5)) { /* on its way when the connection broke */
            lose_publisher(t);
            return;
        }
        publisher_hears(t, &op);
        if (chance(t, 20)) {
            return;
        }
    }
}

static void serve_reader(struct trial *t)
{
    struct mqtt_op op;

    while (t->to != NULL && site_op(t->site, t->to, &op)) {
        bool arrived = !chance(t, 5);
        bool answers = arrived && !chance(t, 5);

        if (arrived) {
            reader_hears(t, &op, answers);
        }
        if (op.kind == MQTT_OP_DELIVER) {
            mqtt_message_drop(op.message);
        }
        if (!answers) {
            lose_reader(t);
        } else if (chance(t, 20)) {
            return;
        }
    }
}

static void connect_both(struct trial *t)
{
    if (t->from == NULL) {
        t->from_opened = false;
        t->from = site_open(t->site, "from", false);
    }
    if (t->to == NULL) {
        t->to_opened = false;
        t->to = site_open(t->site, "to", false);
    }
}

static void publish_next(struct trial *t)
{
    for (int i = 0; t->from != NULL && t->from_opened && i < MESSAGES; i++) {
        if (t->phase[i] == UNSENT) {
            send(t, i);
            return;
        }
    }
}

static void crash(struct trial *t)
{
    site_crash(t->site);
    t->from = NULL;
    t->to = NULL;
}

static void step(struct trial *t)
{
    switch (rng_below(&t->rng, 8)) {
    case 0: connect_both(t); break;
    case 1:
    case 2: publish_next(t); break;
    case 3: serve_publisher(t); break;
    case 4: serve_reader(t); break;
    case 5: site_write(t->site); break;
    case 6: site_kept(t->site); break;
    default:
        if (chance(t, 25)) {
            crash(t);
        }
        break;
    }
    t->site->now_ms++;
}

static struct trial *trial_new(uint64_t seed)
{
    struct trial *t = test_calloc(1, sizeof *t);

    t->site = site_new(true);
    rng_init(&t->rng, seed);
    t->site->seed = seed;
    t->site->quota.inflight = (uint16_t)(1 + seed % 5);
    for (int i = 0; i < MESSAGES; i++) {
        t->qos[i] = (uint8_t)(1 + rng_below(&t->rng, 2));
    }
    for (int i = 0; i < 3; i++) {
        t->last[i] = -1;
    }
    t->to = site_open(t->site, "to", false);
    site_subscribe(t->site, t->to, "a", 2);
    assert_string_equal(site_all(t->site, t->to), "opened 0; suback 1");
    t->from = site_open(t->site, "from", false);
    site_keep(t->site);
    t->breaks = true;
    return t;
}

static void one_trial(uint64_t seed)
{
    struct trial *t = trial_new(seed);

    for (int i = 0; i < STEPS; i++) {
        step(t);
    }
    t->breaks = false;
    for (int i = 0; i < 40 * MESSAGES; i++) {
        step(t);
    }
    for (int i = 0; i < MESSAGES; i++) {
        assert_int_equal(t->phase[i], DONE);
        assert_true(t->qos[i] == 2 ? t->count[i] == 1 : t->count[i] >= 1);
    }
    site_keep(t->site);
    assert_int_equal(site_rows(t->site, TABLE_MESSAGE), 0);
    assert_int_equal(site_rows(t->site, TABLE_QUEUE), 0);
    assert_int_equal(site_rows(t->site, TABLE_RECEIVED), 0);
    site_free(t->site);
    test_free(t);
}

static void nothing_acknowledged_is_lost_and_qos_2_comes_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        one_trial(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_acknowledged_is_lost_and_qos_2_comes_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
