/* mqtt/packet_out.c - packets to octets, by the same rows as they are read. */
#include "mqtt/layout.h"

static struct span span_of_field(const struct mqtt_packet *pkt, unsigned field)
{
    switch (field) {
    case PROTOCOL: return pkt->level == MQTT_LEVEL_3_1 ? mqtt_name_3_1 : mqtt_name_3_1_1;
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
        return (pkt->connect_flags & mqtt_needs[field]) != 0;
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
    const struct mqtt_layout *row = &mqtt_layouts[pkt->type];
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
    size_t id = mqtt_packet_qos(pkt) == 0 ? 0 : 2;
    size_t here = 2 + pkt->topic.len + id;

    if (pkt->topic.len > UINT16_MAX || payload_len > MQTT_REMAINING_MAX) {
        w->bad = true;
        return;
    }
    if (begin(w, (uint8_t)(MQTT_PUBLISH << 4 | pkt->flags), here + payload_len, here)) {
        write_string(w, pkt->topic);
        if (id != 0) {
            write_u16(w, pkt->packet_id);
        }
    }
}

void mqtt_packet_begin_codes(uint16_t packet_id, size_t count, struct writer *w)
{
    if (begin(w, MQTT_SUBACK << 4, 2 + count, 2)) {
        write_u16(w, packet_id);
    }
}

void mqtt_packet_encode_ack(enum mqtt_type type, uint16_t packet_id, struct writer *w)
{
    write_u32(w, (uint32_t)((unsigned)type << 28 | (mqtt_layouts[type].flags & 0x0Fu) << 24 |
                            2u << 16 | packet_id));
}

bool mqtt_packet_begin_filters(enum mqtt_type type, uint16_t packet_id, size_t len,
                               struct writer *w)
{
    uint8_t first = (uint8_t)(type << 4 | (mqtt_layouts[type].flags & 0x0F));

    if (len > MQTT_REMAINING_MAX || !begin(w, first, 2 + len, 2 + len)) {
        w->bad = true;
        return false;
    }
    write_u16(w, packet_id);
    return true;
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
