#include "mqtt/packet.h"

#include "base/utf8.h"
#include "mqtt/topic.h"

/* In the order of the wire. Those of CONNECT's payload are there when its flags say so. */
enum field {
    END,
    PROTOCOL, /* name and level */
    CONNECT_FLAGS,
    KEEPALIVE,
    CLIENT_ID,
    WILL_TOPIC,
    WILL_PAYLOAD,
    USERNAME,
    PASSWORD,
    PRESENT,
    CODE,
    TOPIC,
    ID,
    ID_IF_QOS,
    FILTERS,
    CODES,
    PAYLOAD
};

#define FIELDS 9     /* with END */
#define ANY    0x80u /* of `flags`: every value of the low four bits is good */
#define OLD    0x40u /* of `flags`: MQTT 3.1 may set DUP */

/* clang-format off */
static const struct layout {
    uint8_t flags; /* what the low bits of the first octet must be [MQTT-2.2.2-1] */
    uint8_t fields[FIELDS];
} layouts[MQTT_TYPES] = {
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

/* The flag of CONNECT by which each field of its payload is there. */
static const uint8_t needs[] = {
    [WILL_TOPIC] = MQTT_CONNECT_WILL,
    [WILL_PAYLOAD] = MQTT_CONNECT_WILL,
    [USERNAME] = MQTT_CONNECT_USERNAME,
    [PASSWORD] = MQTT_CONNECT_PASSWORD,
};
/* clang-format on */

static const struct span name_3_1_1 = {(const uint8_t *)"MQTT", 4};
static const struct span name_3_1 = {(const uint8_t *)"MQIsdp", 6};

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
    bool old = span_equal(name, name_3_1);

    if (r->bad) {
        return MQTT_ERR_SHORT;
    }
    if (!old && !span_equal(name, name_3_1_1)) {
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

    if (field != CLIENT_ID && !(pkt->connect_flags & needs[field])) {
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

/* The cursor behind the fixed header of a packet that fills `wire`. */
static enum mqtt_err read_header(struct reader *r, struct mqtt_packet *pkt, struct span wire)
{
    enum mqtt_err err = MQTT_OK;
    size_t len = mqtt_packet_length(wire, &err);
    uint8_t first = 0;

    if (err != MQTT_OK) {
        return err;
    }
    if (len == 0 || len != wire.len) {
        return len == 0 || len > wire.len ? MQTT_ERR_SHORT : MQTT_ERR_LONG;
    }
    *r = reader_of(wire);
    first = read_u8(r);
    while (read_u8(r) & 0x80) {
    }
    *pkt = (struct mqtt_packet){.type = (enum mqtt_type)(first >> 4), .flags = first & 0x0F};
    return MQTT_OK;
}

enum mqtt_err mqtt_packet_decode(struct mqtt_packet *pkt, struct span wire, uint8_t level)
{
    struct reader r;
    const struct layout *row = NULL;
    enum mqtt_err err = read_header(&r, pkt, wire);

    if (err != MQTT_OK) {
        return err;
    }
    if (pkt->type == 0 || pkt->type >= MQTT_TYPES) {
        return MQTT_ERR_TYPE;
    }
    row = &layouts[pkt->type];
    err = flags_err(pkt, row->flags, level);
    for (size_t i = 0; err == MQTT_OK && row->fields[i] != END; i++) {
        err = read_field(&r, row->fields[i], pkt);
    }
    if (r.bad) {
        return MQTT_ERR_SHORT;
    }
    return err == MQTT_OK && read_left(&r) != 0 ? MQTT_ERR_LONG : err;
}

/* --- out ----------------------------------------------------------------------------------- */

static struct span span_of_field(const struct mqtt_packet *pkt, unsigned field)
{
    switch (field) {
    case PROTOCOL: return pkt->level == MQTT_LEVEL_3_1 ? name_3_1 : name_3_1_1;
    case CLIENT_ID: return pkt->client_id;
    case WILL_TOPIC: return pkt->will_topic;
    case WILL_PAYLOAD: return pkt->will_payload;
    case USERNAME: return pkt->username;
    case PASSWORD: return pkt->password;
    case TOPIC: return pkt->topic;
    default: return pkt->payload;
    }
}

static bool is_there(const struct mqtt_packet *pkt, unsigned field)
{
    if (field >= WILL_TOPIC && field <= PASSWORD) {
        return (pkt->connect_flags & needs[field]) != 0;
    }
    return field != ID_IF_QOS || mqtt_packet_qos(pkt) != 0;
}

/* Octets of a field; SIZE_MAX for a string that MQTT cannot carry. */
static size_t length_of_field(const struct mqtt_packet *pkt, unsigned field)
{
    struct span s = span_of_field(pkt, field);

    switch (field) {
    case CONNECT_FLAGS:
    case PRESENT:
    case CODE: return 1;
    case KEEPALIVE:
    case ID:
    case ID_IF_QOS: return 2;
    case PROTOCOL: return 3 + s.len;
    case FILTERS:
    case CODES:
    case PAYLOAD: return s.len;
    default: return s.len > UINT16_MAX ? SIZE_MAX : 2 + s.len;
    }
}

static void write_string(struct writer *w, struct span s)
{
    write_u16(w, (uint16_t)s.len);
    write_span(w, s);
}

static void write_field(struct writer *w, unsigned field, const struct mqtt_packet *pkt)
{
    switch (field) {
    case CONNECT_FLAGS: write_u8(w, pkt->connect_flags); break;
    case PRESENT: write_u8(w, pkt->present ? 1 : 0); break;
    case CODE: write_u8(w, pkt->code); break;
    case KEEPALIVE: write_u16(w, pkt->keepalive_s); break;
    case ID:
    case ID_IF_QOS: write_u16(w, pkt->packet_id); break;
    case PROTOCOL:
        write_string(w, span_of_field(pkt, field));
        write_u8(w, (uint8_t)(pkt->level | (pkt->bridge ? MQTT_BRIDGE : 0)));
        break;
    case FILTERS:
    case CODES:
    case PAYLOAD: write_span(w, pkt->payload); break;
    default: write_string(w, span_of_field(pkt, field)); break;
    }
}

static size_t write_header(uint8_t header[MQTT_HEADER_MAX], uint8_t first, size_t rest)
{
    size_t len = 1;

    header[0] = first;
    do {
        header[len++] = (uint8_t)((rest & 0x7F) | (rest > 0x7F ? 0x80 : 0));
        rest >>= 7;
    } while (rest != 0);
    return len;
}

/* Writes the header if it and the `here` of `rest` octets that the caller writes fit. */
static bool begin(struct writer *w, uint8_t first, size_t rest, size_t here)
{
    uint8_t header[MQTT_HEADER_MAX];
    size_t len = 0;

    if (rest > MQTT_REMAINING_MAX) {
        w->bad = true;
        return false;
    }
    len = write_header(header, first, rest);
    if (!write_has(w, len + here)) {
        return false;
    }
    write_span(w, span_of(header, len));
    return true;
}

void mqtt_packet_encode(const struct mqtt_packet *pkt, struct writer *w)
{
    const struct layout *row = &layouts[pkt->type];
    uint8_t flags = row->flags & ANY ? pkt->flags : row->flags & 0x0F;
    size_t rest = 0;

    for (const uint8_t *f = row->fields; *f != END; f++) {
        size_t len = is_there(pkt, *f) ? length_of_field(pkt, *f) : 0;

        rest = len > MQTT_REMAINING_MAX ? SIZE_MAX / 2 : rest + len;
    }
    if (!begin(w, (uint8_t)(pkt->type << 4 | flags), rest, rest)) {
        return;
    }
    for (const uint8_t *f = row->fields; *f != END; f++) {
        if (is_there(pkt, *f)) {
            write_field(w, *f, pkt);
        }
    }
}

void mqtt_packet_encode_head(const struct mqtt_packet *pkt, size_t payload_len, struct writer *w)
{
    bool with_id = mqtt_packet_qos(pkt) != 0;
    size_t here = 2 + pkt->topic.len + (with_id ? 2 : 0);

    if (pkt->topic.len > UINT16_MAX || payload_len > MQTT_REMAINING_MAX) {
        w->bad = true;
        return;
    }
    if (begin(w, (uint8_t)(MQTT_PUBLISH << 4 | pkt->flags), here + payload_len, here)) {
        write_string(w, pkt->topic);
        if (with_id) {
            write_u16(w, pkt->packet_id);
        }
    }
}

void mqtt_packet_encode_ack(enum mqtt_type type, uint16_t packet_id, struct writer *w)
{
    write_u32(w, (uint32_t)((unsigned)type << 28 | (layouts[type].flags & 0x0Fu) << 24 | 2u << 16 |
                            packet_id));
}

/* --- filters ------------------------------------------------------------------------------- */

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

void mqtt_filter_write(enum mqtt_type type, const struct mqtt_filter *filter, struct writer *w)
{
    size_t qos = type == MQTT_SUBSCRIBE ? 1 : 0;

    if (filter->filter.len > UINT16_MAX || !write_has(w, 2 + filter->filter.len + qos)) {
        w->bad = true;
        return;
    }
    write_string(w, filter->filter);
    if (qos) {
        write_u8(w, filter->qos);
    }
}
