/* gateway/hub/uplink_flow.c - messages of an uplink, both ways. */
#include "config/rule.h"
#include "gateway/hub/far.h"
#include "gateway/hub/mould.h"
#include "gateway/hub/say.h"
#include "gateway/hub/uplink.h"
#include "gateway/hub/uplink_payload.h"
#include "mqtt/op.h"
#include "mqtt/topic.h"
#include "sn/bucket.h"

#define TOPIC_MOST 65535u

/* --- from the far broker --------------------------------------------------------------------- */

static bool retain_of(const struct hub_uplink *up, const struct conf_rule *rule, bool came)
{
    enum conf_retain retain = rule->retain == CONF_RETAIN_UNSET ? up->conf->retain : rule->retain;

    return retain == CONF_RETAIN_SET || (retain != CONF_RETAIN_STRIP && came);
}

/* Not acknowledged: the far broker has it still, and sends it again after a new connection. While
 * the store is full this one goes on, for the queue that fills it may leave by it. */
static void have_no_room(const struct hub *hub, struct hub_uplink *up, uint64_t now_ms)
{
    if (hub->journal.full) {
        up->refused = true;
        return;
    }
    mqtt_client_drop(&up->client, "no room for a message from there", now_ms);
}

/* Publishes under the topic that the rule gives; false: the rule does not fit. */
static bool enter(struct hub *hub, struct hub_uplink *up, const struct conf_rule *rule,
                  const struct mqtt_packet *packet, uint64_t now_ms)
{
    uint8_t room[TOPIC_MOST];
    struct writer w = writer_of(room, sizeof room);
    struct mqtt_publication p = {.payload = packet->payload,
                                 .packet_id = packet->packet_id,
                                 .qos = mqtt_packet_qos(packet),
                                 .ttl_ms = rule->ttl_ms == CONF_NONE ? 0 : rule->ttl_ms,
                                 .retain = retain_of(up, rule, packet->flags & MQTT_RETAIN)};

    if (!conf_rule_apply(rule, packet->topic, &w)) {
        return false;
    }
    p.topic = span_of(room, written(&w));
    if (mqtt_session_publish(&hub->sessions, up->session, &p, now_ms) == MQTT_ERR_FULL &&
        p.qos > 0) {
        have_no_room(hub, up, now_ms);
    }
    return true;
}

static void on_publish(struct hub *hub, struct hub_uplink *up, const struct mqtt_client_news *news,
                       uint64_t now_ms)
{
    if (hub_echo_take(&up->echo, news->packet.topic, news->packet.payload, now_ms)) {
        up->echoes++;
        (void)mqtt_client_settle(&hub->sessions, up->session, news, now_ms);
        return;
    }
    for (size_t i = 0; i < up->conf->receive.count; i++) {
        if (enter(hub, up, &up->conf->receive.at[i], &news->packet, now_ms)) {
            return;
        }
    }
    up->unruled++;
    (void)mqtt_client_settle(&hub->sessions, up->session, news, now_ms);
}

/* Above max_packet: acknowledged, or it came again with every connection. */
static void on_skipped(struct hub *hub, struct hub_uplink *up, const struct mqtt_client_news *news,
                       uint64_t now_ms)
{
    up->skipped++;
    (void)mqtt_client_settle(&hub->sessions, up->session, news, now_ms);
    if (!up->told_skipped) {
        up->told_skipped = true;
        hub_say(hub, &(struct hub_line_of_log){CONF_WARNING, "uplink",
                                               "passed over a message above max_packet, topic",
                                               news->packet.topic, up->conf->at.name});
    }
}

void hub_uplink_news(struct hub *hub, struct hub_uplink *up, const struct mqtt_client_news *news,
                     uint64_t now_ms)
{
    if (!up->online) {
        return;
    }
    up->used_ms = news->kind == MQTT_CLIENT_PUBLISH ? now_ms : up->used_ms;
    switch (news->kind) {
    case MQTT_CLIENT_PUBLISH: on_publish(hub, up, news, now_ms); break;
    case MQTT_CLIENT_SKIPPED: on_skipped(hub, up, news, now_ms); break;
    case MQTT_CLIENT_SUBSCRIBED: hub_far_subscribed(hub, up, news->packet.payload, now_ms); break;
    case MQTT_CLIENT_UNSUBSCRIBED: hub_far_unsubscribed(hub, up, now_ms); break;
    default: (void)mqtt_client_settle(&hub->sessions, up->session, news, now_ms); break;
    }
}

/* --- to the far broker ----------------------------------------------------------------------- */

/* One output of one uplink in the making. */
struct flow {
    struct hub *hub;
    struct hub_uplink *up;
    struct mqtt_out *out;
    struct writer w;
    uint64_t now_ms;
};

/* The upstream's own message to its will topic: birth after CONNACK, the will's before a clean end.
 * QoS 0: the connection is up, and if it is not, the far broker publishes the will. */
static bool write_own(struct flow *f, const char *payload)
{
    const struct conf_upstream *conf = f->up->conf;
    struct mqtt_op op = {.kind = MQTT_OP_DELIVER, .retain = conf->will_retain};
    struct span topic = span_of_text(conf->will_topic);
    bool fits = false;

    op.message = mqtt_message_new(&f->hub->sessions.budget, topic, span_of_text(payload));
    fits = op.message != NULL && mqtt_client_send(&f->up->client, &f->w, &op, topic, f->now_ms);
    mqtt_op_drop(&op);
    return fits;
}

/* The topic that a delivery has up there; empty: it breaks a limit of the upstream. */
static struct span topic_above(const struct hub_uplink *up, const struct mqtt_op *op, uint8_t *room)
{
    struct span topic = mqtt_message_topic(op->message);
    struct writer w = writer_of(room, TOPIC_MOST);

    if (op->message->payload_len > up->conf->max_payload) {
        return (struct span){NULL, 0};
    }
    if (op->rule > 0 && op->rule <= up->conf->send.count) {
        if (!conf_rule_apply(&up->conf->send.at[op->rule - 1], topic, &w)) {
            return (struct span){NULL, 0};
        }
        topic = span_of(room, written(&w));
    }
    return mqtt_topic_levels(topic) > up->conf->max_levels ? (struct span){NULL, 0} : topic;
}

/* --- rate ------------------------------------------------------------------------------------ */

static struct sn_rate rate_of(const struct hub_uplink *up)
{
    return (struct sn_rate){(uint32_t)up->conf->rate.count, (uint32_t)up->conf->rate.per_ms};
}

static bool has_rate(const struct hub_uplink *up)
{
    return up->conf->rate.count != CONF_NONE;
}

/* Where its messages are counted. */
static struct hub_uplink *rated(struct hub_uplink *up)
{
    return up->mould == NULL ? up : up->mould->self;
}

uint64_t hub_uplink_rate_due(const struct hub_uplink *up)
{
    uint64_t full_us = up->mould == NULL ? up->rate_us : up->mould->self->rate_us;

    return up->online && up->rate_waits ? (sn_bucket_due_us(full_us, rate_of(up)) + 999) / 1000
                                        : UINT64_MAX;
}

static bool may_deliver(struct hub_uplink *up, uint64_t now_ms)
{
    up->rate_waits =
        has_rate(up) && sn_bucket_due_us(rated(up)->rate_us, rate_of(up)) > 1000 * now_ms;
    return !up->rate_waits;
}

/* --- a message ------------------------------------------------------------------------------- */

static bool can_come_back(const struct conf_upstream *conf, struct span topic)
{
    for (size_t i = 0; i < conf->receive.count; i++) {
        if (conf_rule_matches(&conf->receive.at[i], topic)) {
            return true;
        }
    }
    return false;
}

/* It went up under `topic`. */
static void count_sent(struct flow *f, const struct mqtt_op *op, struct span topic)
{
    struct hub_uplink *up = f->up;

    up->sent++;
    up->used_ms = f->now_ms;
    if (has_rate(up)) {
        (void)sn_bucket_take(&rated(up)->rate_us, rate_of(up), f->now_ms);
    }
    if (!op->dup && can_come_back(up->conf, topic)) {
        hub_echo_note(&up->echo, topic, mqtt_message_payload(op->message), f->now_ms);
    }
}

/* It was kept at a higher QoS, before qos_max became lower: no broker hears that one. Its PUBACK
 * ends it, whatever it was kept at; at QoS 0 none comes. */
static void lower_qos(const struct conf_upstream *conf, struct mqtt_op *op)
{
    op->qos = op->qos > conf->qos_max ? (uint8_t)conf->qos_max : op->qos;
    op->dup = op->dup && op->qos > 0;
}

/* Writes the delivery held, a long payload as part of its block. False: no room. */
static bool write_delivery(struct flow *f, struct span topic)
{
    struct mqtt_op *op = &f->up->held;

    if (!mqtt_op_goes_apart(op, topic)) {
        return mqtt_client_send(&f->up->client, &f->w, op, topic, f->now_ms);
    }
    if (!mqtt_client_send_head(&f->up->client, &f->w, op, topic, f->now_ms)) {
        return false;
    }
    f->out->body = mqtt_op_body(op, &f->out->block);
    return true;
}

/* Writes the operation held. False: it does not fit what is left of the scratch. */
static bool write_held(struct flow *f)
{
    struct mqtt_op *op = &f->up->held;
    uint8_t room[TOPIC_MOST];
    struct span topic = {NULL, 0};

    if (op->kind != MQTT_OP_DELIVER) {
        return mqtt_client_send(&f->up->client, &f->w, op, topic, f->now_ms);
    }
    topic = topic_above(f->up, op, room);
    if (topic.len > 0) {
        uint16_t kept = op->packet_id;

        lower_qos(f->up->conf, op);
        if (!write_delivery(f, topic)) {
            return false;
        }
        count_sent(f, op, topic);
        if (op->qos == 0 && kept != 0) {
            mqtt_session_ack(&f->hub->sessions, f->up->session, MQTT_OP_PUBACK, kept, f->now_ms);
        }
        return true;
    }
    f->up->unfit++;
    mqtt_session_ack(&f->hub->sessions, f->up->session, MQTT_OP_PUBACK, op->packet_id, f->now_ms);
    return true;
}

/* False: there is none, or no memory to shape it, which is tried again in a later turn. */
static bool hold_next(struct flow *f)
{
    struct hub_uplink *up = f->up;

    if (!up->holds) {
        up->holds = may_deliver(up, f->now_ms)
                        ? mqtt_session_next(&f->hub->sessions, up->session, &up->held, f->now_ms)
                        : mqtt_session_next_answer(&f->hub->sessions, up->session, &up->held);
        up->shaped = up->held.kind != MQTT_OP_DELIVER;
    }
    if (up->holds && !up->shaped) {
        up->shaped = hub_payload_shape(f->hub, up->conf, &up->held);
    }
    return up->holds && up->shaped;
}

static void write_operations(struct flow *f)
{
    while (f->out->block == NULL && hold_next(f) && write_held(f)) {
        mqtt_op_drop(&f->up->held);
        f->up->holds = false;
    }
}

bool hub_uplink_output(struct hub *hub, size_t i, struct mqtt_out *out, uint8_t *scratch,
                       uint64_t now_ms)
{
    struct hub_uplink *up = &hub->uplinks[i];
    struct flow f = {hub, up, out, writer_of(scratch, MQTT_SCRATCH), now_ms};

    *out = (struct mqtt_out){.conn = NULL};
    if (up->farewell) {
        write_own(&f, up->conf->will_payload);
        up->farewell = false;
        mqtt_client_stop(&up->client, now_ms);
    }
    mqtt_client_write(&up->client, &f.w, now_ms);
    if (up->online && mqtt_client_may_send(&up->client)) {
        if (up->birth) {
            up->birth = !write_own(&f, up->conf->birth_payload);
        }
        hub_far_write(up, &f.w, now_ms);
        write_operations(&f);
    }
    out->head = span_of(scratch, written(&f.w));
    return out->head.len > 0;
}
