/* sessions QOS READERS [MESSAGES] [kept] - MESSAGES publications of 64 octets through sessions and
 * tree alone, to READERS readers, acknowledged by all. Prints nanoseconds for each publication;
 * valgrind --tool=callgrind --toggle-collect=rounds counts instructions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mqtt/session.h"

#define BATCH   16 /* publications before the readers are asked */
#define READERS 1000

struct bench {
    struct journal journal;
    struct mqtt_sessions ss;
    struct mqtt_session *writer;
    struct mqtt_session *readers[READERS];
    int reader_count;
    uint8_t qos;
    uint64_t delivered;
};

static struct mqtt_session *open_session(struct bench *b, const char *name, bool clean)
{
    struct mqtt_opening opening = {.name = span_of_text(name),
                                   .clean = clean,
                                   .door_item = b,
                                   .quota = {.queued = 10000, .inflight = 20}};

    return mqtt_session_open(&b->ss, &opening, 1);
}

static void keep(struct bench *b)
{
    struct batch batch;

    while (journal_take(&b->journal, &batch)) {
        journal_kept(&b->journal, &batch);
    }
    mqtt_sessions_kept(&b->ss);
}

static void answer(struct bench *b, struct mqtt_session *s, const struct mqtt_op *op)
{
    switch (op->kind) {
    case MQTT_OP_DELIVER:
        b->delivered++;
        if (op->qos > 0) {
            mqtt_session_ack(&b->ss, s, op->qos == 1 ? MQTT_OP_PUBACK : MQTT_OP_PUBREC,
                             op->packet_id, 1);
        }
        mqtt_message_drop(op->message);
        break;
    case MQTT_OP_PUBREC: mqtt_session_ack(&b->ss, s, MQTT_OP_PUBREL, op->packet_id, 1); break;
    case MQTT_OP_PUBREL: mqtt_session_ack(&b->ss, s, MQTT_OP_PUBCOMP, op->packet_id, 1); break;
    default: break;
    }
}

static void serve(struct bench *b)
{
    struct mqtt_session *s = NULL;
    struct mqtt_op op;

    while ((s = mqtt_sessions_ready(&b->ss, MQTT_DOOR_CONN)) != NULL) {
        while (mqtt_session_next(&b->ss, s, &op, 1)) {
            answer(b, s, &op);
        }
    }
}

static void start(struct bench *b, bool clean)
{
    struct mqtt_limits limits = {.sessions = READERS + 1,
                                 .subscriptions = 10,
                                 .entries = 1000000,
                                 .retained = 10,
                                 .memory = 64 << 20,
                                 .topic_levels = 10};
    struct mqtt_subscribing sub = {.filter = span_of_text("farm/+/temp"), .qos = 2};
    uint64_t ticket = 0;
    char name[16];

    if (!journal_init(&b->journal, 100000, 1) ||
        !mqtt_sessions_init(&b->ss, &limits, &b->journal, 1)) {
        abort();
    }
    b->writer = open_session(b, "writer", clean);
    for (int i = 0; i < b->reader_count; i++) {
        (void)snprintf(name, sizeof name, "r%d", i);
        b->readers[i] = open_session(b, name, clean);
        mqtt_session_subscribe(&b->ss, b->readers[i], &sub, &ticket, 1);
    }
    keep(b);
    serve(b);
}

void rounds(struct bench *b, unsigned messages);

/* Not inlined, so that a profiler finds it by name. */
__attribute__((noinline)) void rounds(struct bench *b, unsigned messages)
{
    static const char payload[64] =
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde";
    struct mqtt_publication p = {.topic = span_of_text("farm/bed-7/temp"),
                                 .payload = span_of(payload, sizeof payload),
                                 .qos = b->qos};

    for (unsigned i = 0; i < messages; i += BATCH) {
        for (unsigned j = 0; j < BATCH; j++) {
            p.packet_id = b->qos == 0 ? 0 : (uint16_t)(1 + j);
            (void)mqtt_session_publish(&b->ss, b->writer, &p, 1);
        }
        serve(b);
        while (b->journal.pending.count != 0) {
            keep(b);
            serve(b);
        }
    }
}

static unsigned number_of(const char *text)
{
    return (unsigned)strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
    static struct bench bench;
    unsigned messages = argc > 3 ? number_of(argv[3]) : 1000000;
    struct timespec from;
    struct timespec to;

    if (argc < 3) {
        return 2;
    }
    bench.qos = (uint8_t)number_of(argv[1]);
    bench.reader_count = (int)number_of(argv[2]);
    if (bench.qos > 2 || bench.reader_count > READERS) {
        return 2;
    }
    start(&bench, !(argc > 4 && strcmp(argv[4], "kept") == 0));
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    rounds(&bench, messages);
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    printf("%.0f ns each, %llu delivered\n",
           ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) /
               messages,
           (unsigned long long)bench.delivered);
    return 0;
}
