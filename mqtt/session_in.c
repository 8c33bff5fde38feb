/* mqtt/session_in.c - what clients publish and acknowledge. [MQTT 3.1.1, 3.3, 4.3] */
#include "mqtt/fan.h"
#include "mqtt/inflight.h"
#include "mqtt/keep.h"
#include "mqtt/received.h"
#include "mqtt/session_parts.h"
#include "mqtt/topic.h"

#define RECORDS_BESIDE 3u /* of a publication: its message, its id, its retained row */

/* --- publications ------------------------------------------------------------------------------
 */

/* What the gateway says of itself is never stored. */
static bool is_fleeting(const struct mqtt_sessions *ss, const struct mqtt_message *m)
{
    struct span topic = mqtt_message_topic(m);

    return mqtt_topic_lies_under(topic, span_of_text("$SYS/broker")) ||
           mqtt_topic_lies_under(topic, ss->own);
}

/* [MQTT-3.3.1-5], [MQTT-3.3.1-10], [MQTT-3.3.1-11] */
static uint64_t retain(struct mqtt_sessions *ss, struct mqtt_message *m, uint64_t now_ms)
{
    struct mqtt_branch *branch = NULL;
    uint64_t ticket = 0;

    if (m->payload_len != 0) {
        branch = mqtt_retain_set(&ss->retain, m);
        ss->count.refused += branch == NULL;
        return branch == NULL || is_fleeting(ss, m) ? 0 : mqtt_keep_retained(ss, branch, now_ms);
    }
    branch = mqtt_retain_find(&ss->retain, mqtt_message_topic(m));
    if (branch != NULL) {
        ticket = mqtt_keep_no_retained(ss, branch, now_ms);
        mqtt_retain_clear(&ss->retain, branch);
    }
    return ticket;
}

static uint64_t spread(struct mqtt_sessions *ss, const struct mqtt_fan *fan, struct mqtt_message *m,
                       uint64_t now_ms)
{
    uint64_t ticket = mqtt_fan_out(ss, fan, m, now_ms);
    uint64_t retained = m->retain ? retain(ss, m, now_ms) : 0;

    return retained > ticket ? retained : ticket;
}

uint64_t mqtt_sessions_spread(struct mqtt_sessions *ss, struct mqtt_message *message,
                              uint64_t now_ms)
{
    struct mqtt_fan fan;

    mqtt_fan_match(ss, mqtt_message_topic(message), message->from, &fan);
    return spread(ss, &fan, message, now_ms);
}

/* A full store refuses only what it would have to keep. */
static bool store_has_room(const struct mqtt_sessions *ss, const struct mqtt_fan *fan, bool retains)
{
    size_t count = fan->kept * 2 + RECORDS_BESIDE;

    return fan->kept == 0 && !retains ? journal_has_cells(ss->journal, count)
                                      : journal_has_room(ss->journal, count);
}

static bool has_room(const struct mqtt_sessions *ss, const struct mqtt_fan *fan, bool retains)
{
    return ss->answers.used < ss->answers.limit && mqtt_entries_have_room(ss, fan->count) &&
           store_has_room(ss, fan, retains);
}

/* At QoS 1 and 2 all or nothing; *ticket is what the answer waits for. */
static enum mqtt_err take(struct mqtt_sessions *ss, const struct mqtt_session *s,
                          const struct mqtt_publication *p, uint64_t *ticket, uint64_t now_ms)
{
    struct mqtt_message *m = mqtt_message_new(&ss->budget, p->topic, p->payload);
    struct mqtt_fan fan;

    mqtt_fan_match(ss, p->topic, s == NULL ? 0 : s->number, &fan);
    if (m == NULL || (p->qos > 0 && !has_room(ss, &fan, p->retain && p->payload.len > 0))) {
        mqtt_message_drop(m);
        ss->count.refused++;
        return MQTT_ERR_FULL;
    }
    m->from = s == NULL ? 0 : s->number;
    m->arrived_ms = now_ms;
    m->origin = p->origin;
    m->qos = p->qos;
    m->retain = p->retain;
    fan.stored = p->late;
    fan.ttl_ms = p->ttl_ms;
    ss->count.received++;
    ss->count.received_octets += p->payload.len;
    *ticket = spread(ss, &fan, m, now_ms);
    mqtt_message_drop(m);
    return MQTT_OK;
}

static bool owe(struct mqtt_sessions *ss, struct mqtt_session *s, enum mqtt_op_kind kind,
                const struct mqtt_publication *p, uint64_t ticket)
{
    struct mqtt_answer answer = {
        .kind = (uint8_t)kind, .packet_id = p->packet_id, .extra = p->extra, .ticket = ticket};

    return mqtt_session_owe(ss, s, &answer);
}

/* A packet id that is not taken yet; NULL: refused. */
static struct mqtt_received *take_once(struct mqtt_sessions *ss, struct mqtt_session *s,
                                       const struct mqtt_publication *p, uint64_t now_ms)
{
    struct mqtt_received *received = mqtt_received_add(ss, s, p->packet_id);

    if (received == NULL) {
        return NULL;
    }
    if (take(ss, s, p, &received->ticket, now_ms) != MQTT_OK) {
        mqtt_received_remove(ss, s, received);
        return NULL;
    }
    mqtt_keep_received(ss, s, p->packet_id, now_ms);
    received->ticket = s->ticket > received->ticket ? s->ticket : received->ticket;
    return received;
}

static enum mqtt_err publish_once(struct mqtt_sessions *ss, struct mqtt_session *s,
                                  const struct mqtt_publication *p, uint64_t now_ms)
{
    struct mqtt_received *received = mqtt_received_find(ss, s, p->packet_id);

    if (received == NULL) {
        received = take_once(ss, s, p, now_ms);
    }
    if (received == NULL || !owe(ss, s, MQTT_OP_PUBREC, p, received->ticket)) {
        return MQTT_ERR_FULL;
    }
    return MQTT_OK;
}

bool mqtt_sessions_may_publish(const struct mqtt_sessions *ss, const struct block *acl,
                               struct span topic)
{
    return !mqtt_topic_lies_under(topic, ss->own) && mqtt_acl_may_publish(mqtt_acl_of(acl), topic);
}

/* Not allowed: answered as if it had been published [MQTT-3.3.5-2], but to a door that can say so.
 */
static enum mqtt_err deny(struct mqtt_sessions *ss, struct mqtt_session *s,
                          const struct mqtt_publication *p)
{
    ss->count.denied++;
    if (p->qos > 0 && s->door != MQTT_DOOR_NODE &&
        !owe(ss, s, p->qos == 1 ? MQTT_OP_PUBACK : MQTT_OP_PUBREC, p, 0)) {
        return MQTT_ERR_FULL;
    }
    return MQTT_ERR_DENIED;
}

enum mqtt_err mqtt_session_publish(struct mqtt_sessions *ss, struct mqtt_session *s,
                                   const struct mqtt_publication *p, uint64_t now_ms)
{
    enum mqtt_err err = MQTT_OK;
    uint64_t ticket = 0;

    if (!mqtt_sessions_may_publish(ss, s->acl, p->topic)) {
        return deny(ss, s, p);
    }
    if (p->qos == 2) {
        return publish_once(ss, s, p, now_ms);
    }
    err = take(ss, s, p, &ticket, now_ms);
    if (err == MQTT_OK && p->qos == 1) {
        owe(ss, s, MQTT_OP_PUBACK, p, ticket);
    }
    return err;
}

enum mqtt_err mqtt_sessions_publish(struct mqtt_sessions *ss, const struct mqtt_publication *p,
                                    uint64_t now_ms)
{
    uint64_t ticket = 0;

    return take(ss, NULL, p, &ticket, now_ms);
}

/* --- acknowledgements --------------------------------------------------------------------------
 */

static void owe_plain(struct mqtt_sessions *ss, struct mqtt_session *s, enum mqtt_op_kind kind,
                      uint16_t packet_id, uint64_t ticket)
{
    struct mqtt_answer answer = {.kind = (uint8_t)kind, .packet_id = packet_id, .ticket = ticket};

    mqtt_session_owe(ss, s, &answer);
}

static void end(struct mqtt_sessions *ss, struct mqtt_session *s, struct mqtt_entry *entry,
                uint64_t now_ms)
{
    mqtt_keep_end(ss, s, entry, now_ms);
    mqtt_inflight_remove(s, entry);
    mqtt_entry_free(ss, entry);
    mqtt_session_again(ss, s);
}

static void on_pubrec(struct mqtt_sessions *ss, struct mqtt_session *s, struct mqtt_entry *entry,
                      uint16_t packet_id, uint64_t now_ms)
{
    uint64_t ticket = 0;

    if (entry != NULL && entry->qos == 2) {
        if (entry->state != MQTT_ENTRY_RELEASED) {
            entry->due = mqtt_keep_release(ss, s, entry, now_ms);
            mqtt_inflight_release(s, entry);
        }
        ticket = entry->due;
    }
    owe_plain(ss, s, MQTT_OP_PUBREL, packet_id, ticket);
}

static void on_pubrel(struct mqtt_sessions *ss, struct mqtt_session *s, uint16_t packet_id,
                      uint64_t now_ms)
{
    struct mqtt_received *received = mqtt_received_find(ss, s, packet_id);

    if (received != NULL) {
        mqtt_keep_no_received(ss, s, packet_id, now_ms);
        mqtt_received_remove(ss, s, received);
    }
    owe_plain(ss, s, MQTT_OP_PUBCOMP, packet_id, s->ticket);
}

void mqtt_session_ack(struct mqtt_sessions *ss, struct mqtt_session *s, enum mqtt_op_kind kind,
                      uint16_t packet_id, uint64_t now_ms)
{
    struct mqtt_entry *entry = kind == MQTT_OP_PUBREL ? NULL : mqtt_inflight_find(s, packet_id);

    switch (kind) {
    case MQTT_OP_PUBREC: on_pubrec(ss, s, entry, packet_id, now_ms); break;
    case MQTT_OP_PUBREL: on_pubrel(ss, s, packet_id, now_ms); break;
    case MQTT_OP_PUBCOMP:
        if (entry != NULL && entry->state == MQTT_ENTRY_RELEASED) {
            end(ss, s, entry, now_ms);
        }
        break;
    default:
        if (entry != NULL) {
            end(ss, s, entry, now_ms);
        }
        break;
    }
}
