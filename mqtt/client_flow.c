/* mqtt/client_flow.c - packets of a client, both ways. */
#include "mqtt/client_parts.h"
#include "mqtt/op.h"

/* The packet id of every SUBSCRIBE and UNSUBSCRIBE: one is under way at a time, and sessions give
 * ids from 1 up. A delivery with it waits for the answer, and a request for the end of the
 * delivery. [MQTT-2.3.1-2] */
#define REQUEST_ID UINT16_MAX

static const char *const refusals[] = {
    [MQTT_REFUSED_LEVEL] = "CONNACK 1: protocol level refused",
    [MQTT_REFUSED_ID] = "CONNACK 2: client id refused",
    [MQTT_REFUSED_SERVER] = "CONNACK 3: server unavailable",
    [MQTT_REFUSED_LOGIN] = "CONNACK 4: bad user name or password",
    [MQTT_REFUSED_RIGHTS] = "CONNACK 5: not authorised",
};

/* --- in ------------------------------------------------------------------------------------ */

static void answered(struct mqtt_client *c, uint64_t now_ms)
{
    if (c->unanswered > 0) {
        c->unanswered--;
    }
    c->unanswered_ms = now_ms;
    mqtt_client_answered(c);
}

static void owe(struct mqtt_client *c, uint64_t now_ms)
{
    if (c->unanswered++ == 0) {
        c->unanswered_ms = now_ms;
    }
}

static enum mqtt_err on_connack(struct mqtt_client *c, const struct mqtt_packet *pkt,
                                struct mqtt_client_news *news, uint64_t now_ms)
{
    if (c->state != MQTT_CONNECTING || c->wants_connect) {
        return MQTT_ERR_STATE;
    }
    if (pkt->code != MQTT_ACCEPTED) {
        c->plain = c->plain || pkt->code == MQTT_REFUSED_LEVEL;
        mqtt_client_drop(c, refusals[pkt->code], now_ms);
        return MQTT_OK;
    }
    mqtt_client_begin_life(c, now_ms);
    news->kind = MQTT_CLIENT_ONLINE;
    news->present = pkt->present;
    return MQTT_OK;
}

/* SUBACK or UNSUBACK. [MQTT-3.8.4-2, 3.8.4-5, 3.10.4-4] */
static enum mqtt_err on_answer(struct mqtt_client *c, const struct mqtt_packet *pkt,
                               struct mqtt_client_news *news, uint64_t now_ms)
{
    bool subscribes = c->request == MQTT_SUBSCRIBE;

    if (c->request == 0 || pkt->packet_id != REQUEST_ID ||
        subscribes != (pkt->type == MQTT_SUBACK)) {
        return MQTT_ERR_STATE;
    }
    if (subscribes && pkt->payload.len != c->asked) {
        return pkt->payload.len < c->asked ? MQTT_ERR_SHORT : MQTT_ERR_LONG;
    }
    c->request = 0;
    c->subscribed |= subscribes;
    answered(c, now_ms);
    news->kind = subscribes ? MQTT_CLIENT_SUBSCRIBED : MQTT_CLIENT_UNSUBSCRIBED;
    return MQTT_OK;
}

/* PUBACK, PUBREC or PUBCOMP. */
static void on_ack(struct mqtt_client *c, const struct mqtt_packet *pkt, uint64_t now_ms)
{
    c->acknowledged = true;
    if (pkt->type != MQTT_PUBREC && pkt->packet_id == REQUEST_ID) {
        c->id_taken = false;
    }
    answered(c, now_ms);
}

/* Judges one packet of an open connection; news->kind is MQTT_CLIENT_DIAL when it is no news. */
static enum mqtt_err on_packet(struct mqtt_client *c, struct mqtt_client_news *news,
                               uint64_t now_ms)
{
    const struct mqtt_packet *pkt = &news->packet;

    if (pkt->type == MQTT_CONNACK) {
        return on_connack(c, pkt, news, now_ms);
    }
    if (c->state != MQTT_ONLINE) {
        return MQTT_ERR_STATE; /* [MQTT-3.2.0-1] */
    }
    mqtt_client_heard(c, now_ms);
    switch (pkt->type) {
    case MQTT_PUBLISH:
        news->kind = c->stream.cut ? MQTT_CLIENT_SKIPPED : MQTT_CLIENT_PUBLISH;
        return MQTT_OK;
    case MQTT_PUBACK:
    case MQTT_PUBREC:
    case MQTT_PUBCOMP: on_ack(c, pkt, now_ms); break;
    case MQTT_PUBREL: break;
    case MQTT_SUBACK:
    case MQTT_UNSUBACK: return on_answer(c, pkt, news, now_ms);
    case MQTT_PINGRESP:
        c->pinging = false;
        mqtt_client_answered(c);
        return MQTT_OK;
    default: return MQTT_ERR_STATE;
    }
    news->kind = MQTT_CLIENT_ACK;
    return MQTT_OK;
}

static enum mqtt_err decode(const struct mqtt_client *c, struct mqtt_packet *pkt, struct span wire)
{
    return c->stream.cut ? mqtt_packet_decode_head(pkt, wire)
                         : mqtt_packet_decode(pkt, wire, MQTT_LEVEL_3_1_1);
}

/* The first packet is CONNACK [MQTT-3.2.0-1], or this is not MQTT: its length means nothing. */
static bool is_not_mqtt(const struct mqtt_client *c, struct span octets)
{
    struct reader r = reader_of(octets);

    return c->state == MQTT_CONNECTING && !mqtt_stream_is_partial(&c->stream) &&
           read_left(&r) > 0 && read_u8(&r) != MQTT_CONNACK << 4;
}

/* Octets came and a packet is not whole: answers stand behind it and cannot have come yet. */
static void in_a_packet(struct mqtt_client *c, bool came, uint64_t now_ms)
{
    if (came && mqtt_stream_is_partial(&c->stream)) {
        c->last_heard_ms = now_ms;
        mqtt_client_moved(c, now_ms);
    }
}

bool mqtt_client_input(struct mqtt_client *c, struct span *octets, struct mqtt_client_news *news,
                       uint64_t now_ms)
{
    while (c->state == MQTT_CONNECTING || c->state == MQTT_ONLINE) {
        struct span wire;
        bool came = octets->len > 0;
        enum mqtt_err err =
            is_not_mqtt(c, *octets) ? MQTT_ERR_STATE : mqtt_stream_next(&c->stream, octets, &wire);

        if (err == MQTT_OK && wire.len == 0) {
            in_a_packet(c, came, now_ms);
            return false;
        }
        *news = (struct mqtt_client_news){.kind = MQTT_CLIENT_DIAL};
        if (err == MQTT_OK) {
            err = decode(c, &news->packet, wire);
        }
        if (err == MQTT_OK) {
            c->last_heard_ms = now_ms;
            err = on_packet(c, news, now_ms);
        }
        if (err != MQTT_OK) {
            mqtt_client_drop(c, mqtt_err_name(err), now_ms);
        } else if (news->kind != MQTT_CLIENT_DIAL) {
            return true;
        }
    }
    *octets = (struct span){NULL, 0};
    return false;
}

/* --- out ----------------------------------------------------------------------------------- */

static struct mqtt_packet connect_of(const struct mqtt_client_config *config, bool plain)
{
    struct mqtt_packet pkt = {.type = MQTT_CONNECT,
                              .level = MQTT_LEVEL_3_1_1,
                              .bridge = config->bridge && !plain,
                              .keepalive_s = config->keepalive_s,
                              .client_id = config->client_id,
                              .will_topic = config->will_topic,
                              .will_payload = config->will_payload,
                              .username = config->username,
                              .password = config->password};
    unsigned flags = config->clean ? MQTT_CONNECT_CLEAN : 0;

    if (config->will_topic.len != 0) {
        flags |= MQTT_CONNECT_WILL | (unsigned)config->will_qos << 3;
        flags |= config->will_retain ? MQTT_CONNECT_WILL_RETAIN : 0;
    }
    flags |= config->username.at != NULL ? MQTT_CONNECT_USERNAME : 0;
    flags |= config->password.at != NULL ? MQTT_CONNECT_PASSWORD : 0;
    pkt.connect_flags = (uint8_t)flags;
    return pkt;
}

/* True if `pkt` was written. */
static bool say(struct mqtt_client *c, struct writer *w, const struct mqtt_packet *pkt,
                uint64_t now_ms)
{
    mqtt_packet_encode(pkt, w);
    if (w->bad) {
        w->bad = false;
        return false;
    }
    c->last_sent_ms = now_ms;
    return true;
}

void mqtt_client_write(struct mqtt_client *c, struct writer *w, uint64_t now_ms)
{
    static const struct mqtt_packet ping = {.type = MQTT_PINGREQ};
    static const struct mqtt_packet bye = {.type = MQTT_DISCONNECT};

    if (c->wants_connect) {
        struct mqtt_packet pkt = connect_of(c->config, c->plain);

        c->wants_connect = !say(c, w, &pkt, now_ms);
    }
    if (c->wants_ping && say(c, w, &ping, now_ms)) {
        c->wants_ping = false;
        c->pinging = true;
        c->ping_ms = now_ms;
    }
    if (c->wants_bye && say(c, w, &bye, now_ms)) {
        mqtt_client_drop(c, c->stopping ? "stopped" : "to log in anew",
                         now_ms); /* [MQTT-3.14.4-1, -2] */
    }
}

static size_t filters_length(enum mqtt_type type, const struct mqtt_client_filter *filters,
                             size_t count)
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++) {
        len += filters[i].filter.len + (type == MQTT_SUBSCRIBE ? 3 : 2);
    }
    return len;
}

/* What a SUBSCRIBE or UNSUBSCRIBE asks for. */
struct request {
    enum mqtt_type type;
    const struct mqtt_client_filter *filters;
    size_t count;
};

static bool ask(struct mqtt_client *c, struct writer *w, const struct request *r, uint64_t now_ms)
{
    size_t len = filters_length(r->type, r->filters, r->count);

    if (!mqtt_client_may_send(c) || c->request != 0 || c->id_taken || r->count == 0 ||
        r->count > UINT16_MAX || !mqtt_packet_begin_filters(r->type, REQUEST_ID, len, w)) {
        w->bad = false;
        return false;
    }
    for (size_t i = 0; i < r->count; i++) {
        struct mqtt_filter filter = {r->filters[i].filter, r->filters[i].qos};

        mqtt_filter_write(r->type, &filter, w);
    }
    c->request = (uint8_t)r->type;
    c->asked = (uint16_t)r->count;
    c->last_sent_ms = now_ms;
    owe(c, now_ms);
    return true;
}

bool mqtt_client_subscribe(struct mqtt_client *c, struct writer *w,
                           const struct mqtt_client_filter *filters, size_t count, uint64_t now_ms)
{
    return ask(c, w, &(struct request){MQTT_SUBSCRIBE, filters, count}, now_ms);
}

bool mqtt_client_unsubscribe(struct mqtt_client *c, struct writer *w,
                             const struct mqtt_client_filter *filters, size_t count,
                             uint64_t now_ms)
{
    return ask(c, w, &(struct request){MQTT_UNSUBSCRIBE, filters, count}, now_ms);
}

bool mqtt_client_may_send(const struct mqtt_client *c)
{
    return c->state == MQTT_ONLINE && !c->wants_bye;
}

/* Operations of a session that an upstream hears of. */
static bool is_said(enum mqtt_op_kind kind)
{
    return kind == MQTT_OP_DELIVER || (kind >= MQTT_OP_PUBACK && kind <= MQTT_OP_PUBCOMP);
}

static bool must_wait(const struct mqtt_client *c, const struct mqtt_op *op)
{
    return op->kind == MQTT_OP_DELIVER && op->packet_id == REQUEST_ID && c->request != 0;
}

/* What was written, if it fitted, counts as sent. */
static bool sent(struct mqtt_client *c, struct writer *w, const struct mqtt_op *op, uint64_t now_ms)
{
    if (w->bad) {
        w->bad = false;
        return false;
    }
    c->last_sent_ms = now_ms;
    if (op->kind == MQTT_OP_PUBREL || (op->kind == MQTT_OP_DELIVER && op->qos > 0)) {
        c->id_taken |= op->packet_id == REQUEST_ID;
        owe(c, now_ms);
    }
    return true;
}

bool mqtt_client_send(struct mqtt_client *c, struct writer *w, const struct mqtt_op *op,
                      struct span topic, uint64_t now_ms)
{
    if (!is_said(op->kind)) {
        return true;
    }
    if (must_wait(c, op)) {
        return false;
    }
    mqtt_op_encode(op, topic, w);
    return sent(c, w, op, now_ms);
}

bool mqtt_client_send_head(struct mqtt_client *c, struct writer *w, const struct mqtt_op *op,
                           struct span topic, uint64_t now_ms)
{
    if (must_wait(c, op)) {
        return false;
    }
    mqtt_op_encode_head(op, topic, w);
    return sent(c, w, op, now_ms);
}
