#include "mqtt/packet.h"

#include "base/utf8.h"
#include "mqtt/layout.h"
#include "mqtt/topic.h"

/* clang-format off */
const struct mqtt_layout mqtt_layouts[MQTT_TYPES] = {
    [MQTT_CONNECT] = {0, {PROTOCOL, CONNECT_FLAGS, KEEPALIVE, CLIENT_ID, WILL_TOPIC, WILL_PAYLOAD,
                          USERNAME, PASSWORD}},
    [MQTT_CONNACK] = {0, {PRESENT, CODE}},
    [MQTT_PUBLISH] = {ANY, {TOPIC, ID_IF_QOS, PAYLOAD}},
    [MQTT_PUBACK] = {0, {ID}},
    [MQTT_PUBREC] = {0, {ID}},
    [MQTT_PUBREL] = {OLD | 2, {ID}},
    [MQTT_PUBCOMP] = {0, {ID}},
    [MQTT_SUBSCRIBE] = {OLD | 2, {ID, FILTERS}},
    [MQTT_SUBACK] = {0, {ID, CODES}},
    [MQTT_UNSUBSCRIBE] = {OLD | 2, {ID, FILTERS}},
    [MQTT_UNSUBACK] = {0, {ID}},
    [MQTT_PINGREQ] = {0, {END}},
    [MQTT_PINGRESP] = {0, {END}},
    [MQTT_DISCONNECT] = {0, {END}},
};

const uint8_t mqtt_needs[] = {
    [WILL_TOPIC] = MQTT_CONNECT_WILL,
    [WILL_PAYLOAD] = MQTT_CONNECT_WILL,
    [USERNAME] = MQTT_CONNECT_USERNAME,
    [PASSWORD] = MQTT_CONNECT_PASSWORD,
};
/* clang-format on */

const struct span mqtt_name_3_1_1 = {(const uint8_t *)"MQTT", 4};
const struct span mqtt_name_3_1 = {(const uint8_t *)"MQIsdp", 6};

static struct span read_string(struct reader *r)
{
    return read_span(r, read_u16(r));
}

static enum mqtt_err text_err(struct span text)
{
    return utf8_is_text(text) ? MQTT_OK : MQTT_ERR_TEXT;
}

static enum mqtt_err name_err(struct span name)
{
    if (mqtt_topic_is_name(name)) {
        return MQTT_OK;
    }
    return utf8_is_text(name) ? MQTT_ERR_TOPIC : MQTT_ERR_TEXT;
}

static enum mqtt_err filter_err(struct span filter)
{
    if (mqtt_topic_is_filter(filter)) {
        return MQTT_OK;
    }
    return utf8_is_text(filter) ? MQTT_ERR_FILTER : MQTT_ERR_TEXT;
}

static enum mqtt_err read_protocol(struct reader *r, struct mqtt_packet *pkt)
{
    struct span name = read_string(r);
    uint8_t level = read_u8(r);
    bool old = span_equal(name, mqtt_name_3_1);

    if (r->bad) {
        return MQTT_ERR_SHORT;
    }
    if (!old && !span_equal(name, mqtt_name_3_1_1)) {
        return MQTT_ERR_PROTOCOL;
    }
    pkt->bridge = (level & MQTT_BRIDGE) != 0;
    pkt->level = (uint8_t)(level & ~MQTT_BRIDGE);
    return pkt->level == (old ? MQTT_LEVEL_3_1 : MQTT_LEVEL_3_1_1) ? MQTT_OK : MQTT_ERR_LEVEL;
}

/* [MQTT-3.1.2-3, -11, -14, -22] */
static enum mqtt_err connect_flags_err(const struct mqtt_packet *pkt)
{
    unsigned flags = pkt->connect_flags;
    unsigned will = MQTT_CONNECT_WILL_QOS | MQTT_CONNECT_WILL_RETAIN;
    bool password_alone = (flags & MQTT_CONNECT_PASSWORD) && !(flags & MQTT_CONNECT_USERNAME);

    if (mqtt_packet_will_qos(pkt) == 3) {
        return MQTT_ERR_QOS;
    }
    if ((flags & 1) || (!(flags & MQTT_CONNECT_WILL) && (flags & will)) ||
        (password_alone && pkt->level != MQTT_LEVEL_3_1)) {
        return MQTT_ERR_CONNECT;
    }
    return MQTT_OK;
}

static enum mqtt_err read_id(struct reader *r, struct mqtt_packet *pkt)
{
    pkt->packet_id = read_u16(r);
    return pkt->packet_id != 0 || r->bad ? MQTT_OK : MQTT_ERR_ID; /* [MQTT-2.3.1-1] */
}

static enum mqtt_err read_filters(struct reader *r, struct mqtt_packet *pkt)
{
    enum mqtt_err err = MQTT_OK;
    struct reader each;

    pkt->payload = read_rest(r);
    each = reader_of(pkt->payload);
    if (!r->bad && pkt->payload.len == 0) {
        return MQTT_ERR_NO_FILTER; /* [MQTT-3.8.3-3, 3.10.3-2] */
    }
    while (err == MQTT_OK && read_left(&each) != 0) {
        struct span filter = read_string(&each);
        uint8_t qos = pkt->type == MQTT_SUBSCRIBE ? read_u8(&each) : 0;

        if (each.bad) {
            return MQTT_ERR_SHORT;
        }
        err = qos > 2 ? MQTT_ERR_QOS : filter_err(filter); /* [MQTT-3.8.3-4] */
    }
    return err;
}

static enum mqtt_err read_codes(struct reader *r, struct mqtt_packet *pkt)
{
    pkt->payload = read_rest(r);
    if (pkt->payload.len == 0) {
        return MQTT_ERR_SHORT;
    }
    for (size_t i = 0; i < pkt->payload.len; i++) {
        if (pkt->payload.at[i] > 2 && pkt->payload.at[i] != MQTT_FAILURE) {
            return MQTT_ERR_CODE; /* [MQTT-3.9.3-2] */
        }
    }
    return MQTT_OK;
}

/* A string of CONNECT's payload, and what it must be. */
static enum mqtt_err read_connect_field(struct reader *r, unsigned field, struct mqtt_packet *pkt)
{
    struct span string = {NULL, 0};

    if (field != CLIENT_ID && !(pkt->connect_flags & mqtt_needs[field])) {
        return MQTT_OK;
    }
    string = read_string(r);
    if (r->bad) {
        return MQTT_ERR_SHORT;
    }
    switch (field) {
    case CLIENT_ID: pkt->client_id = string; return text_err(string);
    case WILL_TOPIC: pkt->will_topic = string; return name_err(string);
    case WILL_PAYLOAD: pkt->will_payload = string; return MQTT_OK;
    case USERNAME: pkt->username = string; return text_err(string);
    default: pkt->password = string; return MQTT_OK;
    }
}

static enum mqtt_err read_field(struct reader *r, unsigned field, struct mqtt_packet *pkt)
{
    switch (field) {
    case TOPIC: pkt->topic = read_string(r); return r->bad ? MQTT_ERR_SHORT : name_err(pkt->topic);
    case ID: return read_id(r, pkt);
    case ID_IF_QOS: return mqtt_packet_qos(pkt) == 0 ? MQTT_OK : read_id(r, pkt);
    case PAYLOAD: pkt->payload = read_rest(r); return MQTT_OK;
    case FILTERS: return read_filters(r, pkt);
    case CODES: return read_codes(r, pkt);
    case PRESENT: {
        uint8_t acknowledge = read_u8(r);

        pkt->present = acknowledge == 1;
        return acknowledge > 1 ? MQTT_ERR_FLAGS : MQTT_OK;
    }
    case CODE:
        pkt->code = read_u8(r);
        return pkt->code > MQTT_REFUSED_RIGHTS ? MQTT_ERR_CODE : MQTT_OK;
    case PROTOCOL: return read_protocol(r, pkt);
    case CONNECT_FLAGS: pkt->connect_flags = read_u8(r); return connect_flags_err(pkt);
    case KEEPALIVE: pkt->keepalive_s = read_u16(r); return MQTT_OK;
    default: return read_connect_field(r, field, pkt);
    }
}

static enum mqtt_err flags_err(const struct mqtt_packet *pkt, uint8_t must, uint8_t level)
{
    unsigned flags = pkt->flags;

    if (must & ANY) {
        if (mqtt_packet_qos(pkt) == 3) {
            return MQTT_ERR_QOS; /* [MQTT-3.3.1-4] */
        }
        return level != MQTT_LEVEL_3_1 && (flags & (MQTT_DUP | MQTT_QOS)) == MQTT_DUP ? MQTT_ERR_DUP
                                                                                      : MQTT_OK;
    }
    if ((must & OLD) && level == MQTT_LEVEL_3_1) {
        flags &= ~MQTT_DUP;
    }
    return flags == (must & 0x0Fu) ? MQTT_OK : MQTT_ERR_FLAGS;
}

size_t mqtt_packet_length(struct span wire, enum mqtt_err *err)
{
    size_t rest = 0;

    *err = MQTT_OK;
    for (size_t i = 1; i < wire.len && i < MQTT_HEADER_MAX; i++) {
        rest |= (size_t)(wire.at[i] & 0x7F) << (7 * (i - 1));
        if (!(wire.at[i] & 0x80)) {
            return 1 + i + rest;
        }
    }
    if (wire.len >= MQTT_HEADER_MAX) {
        *err = MQTT_ERR_LENGTH;
    }
    return 0;
}

/* The cursor behind the fixed header that `wire` begins with, which is whole. */
static struct reader read_header(struct mqtt_packet *pkt, struct span wire)
{
    struct reader r = reader_of(wire);
    uint8_t first = read_u8(&r);

    while (read_u8(&r) & 0x80) {
    }
    *pkt = (struct mqtt_packet){.type = (enum mqtt_type)(first >> 4), .flags = first & 0x0F};
    return r;
}

/* Reads the fields behind the header; `wire` ends with the last. */
static enum mqtt_err read_fields(struct mqtt_packet *pkt, struct span wire, uint8_t level)
{
    struct reader r = read_header(pkt, wire);
    const struct mqtt_layout *row = NULL;
    enum mqtt_err err = MQTT_OK;

    if (pkt->type == 0 || pkt->type >= MQTT_TYPES) {
        return MQTT_ERR_TYPE;
    }
    row = &mqtt_layouts[pkt->type];
    err = flags_err(pkt, row->flags, level);
    for (size_t i = 0; err == MQTT_OK && row->fields[i] != END; i++) {
        err = read_field(&r, row->fields[i], pkt);
    }
    if (r.bad) {
        return MQTT_ERR_SHORT;
    }
    return err == MQTT_OK && read_left(&r) != 0 ? MQTT_ERR_LONG : err;
}

enum mqtt_err mqtt_packet_decode(struct mqtt_packet *pkt, struct span wire, uint8_t level)
{
    enum mqtt_err err = MQTT_OK;
    size_t len = mqtt_packet_length(wire, &err);

    if (err != MQTT_OK) {
        return err;
    }
    if (len == 0 || len != wire.len) {
        return len == 0 || len > wire.len ? MQTT_ERR_SHORT : MQTT_ERR_LONG;
    }
    return read_fields(pkt, wire, level);
}

size_t mqtt_packet_head_length(struct span wire)
{
    enum mqtt_err err = MQTT_OK;
    struct mqtt_packet pkt;
    struct reader r;
    size_t topic = 0;

    if (mqtt_packet_length(wire, &err) == 0) {
        return 0;
    }
    r = read_header(&pkt, wire);
    topic = read_u16(&r);
    return r.bad ? 0 : wire.len - read_left(&r) + topic + (mqtt_packet_qos(&pkt) == 0 ? 0 : 2);
}

enum mqtt_err mqtt_packet_decode_head(struct mqtt_packet *pkt, struct span wire)
{
    if (!mqtt_packet_is_publish(wire)) {
        return MQTT_ERR_TYPE;
    }
    if (mqtt_packet_head_length(wire) != wire.len) {
        return MQTT_ERR_SHORT;
    }
    return read_fields(pkt, wire, MQTT_LEVEL_3_1_1);
}

bool mqtt_filters_next(enum mqtt_type type, struct span *rest, struct mqtt_filter *filter)
{
    struct reader r = reader_of(*rest);

    filter->filter = read_string(&r);
    filter->qos = type == MQTT_SUBSCRIBE ? read_u8(&r) : 0;
    *rest = read_rest(&r);
    return !r.bad;
}

size_t mqtt_filters_count(enum mqtt_type type, struct span filters)
{
    struct mqtt_filter filter;
    size_t count = 0;

    while (mqtt_filters_next(type, &filters, &filter)) {
        count++;
    }
    return count;
}
