#include "sn/packet.h"

#include "base/flash.h"

/* Numbers of one octet come first, then those of two, then what is no number. */
enum field {
    END,
    FLAGS,
    CODE,
    GW_ID,
    RADIUS,
    PROTOCOL,
    TOPIC_ID,
    MSG_ID,
    DURATION,
    TOPIC,    /* an id when the flags say so, else a name */
    OPTIONAL, /* what follows may be absent altogether */
    EMPTY,    /* a known type without fields */
    REST
};

#define AT(field) offsetof(struct sn_packet, field)

/* clang-format off */
static const uint8_t places[] FLASH = {
    [FLAGS] = AT(flags), [CODE] = AT(code), [GW_ID] = AT(gw_id), [RADIUS] = AT(radius),
    [PROTOCOL] = AT(protocol), [TOPIC_ID] = AT(topic_id), [MSG_ID] = AT(msg_id),
    [DURATION] = AT(duration_s),
};
/* clang-format on */

/* Up to four fields, the first in the low bits: what a flash octet costs a node decides. */
#define ROW(...)              PACK(__VA_ARGS__, END, END, END, END)
#define PACK(a, b, c, d, ...) ((a) | (b) << 4 | (c) << 8 | (d) << 12)

/* clang-format off */
static const uint16_t rows[] FLASH = { /* names live in dump.c, which no node links */
    [SN_ADVERTISE] = ROW(GW_ID, DURATION),
    [SN_SEARCHGW] = ROW(RADIUS),
    [SN_GWINFO] = ROW(GW_ID, REST),
    [SN_CONNECT] = ROW(FLAGS, PROTOCOL, DURATION, REST),
    [SN_CONNACK] = ROW(CODE),
    [SN_WILLTOPICREQ] = ROW(EMPTY),
    [SN_WILLTOPIC] = ROW(OPTIONAL, FLAGS, REST),
    [SN_WILLMSGREQ] = ROW(EMPTY),
    [SN_WILLMSG] = ROW(REST),
    [SN_REGISTER] = ROW(TOPIC_ID, MSG_ID, REST),
    [SN_REGACK] = ROW(TOPIC_ID, MSG_ID, CODE),
    [SN_PUBLISH] = ROW(FLAGS, TOPIC_ID, MSG_ID, REST),
    [SN_PUBACK] = ROW(TOPIC_ID, MSG_ID, CODE),
    [SN_PUBCOMP] = ROW(MSG_ID),
    [SN_PUBREC] = ROW(MSG_ID),
    [SN_PUBREL] = ROW(MSG_ID),
    [SN_SUBSCRIBE] = ROW(FLAGS, MSG_ID, TOPIC),
    [SN_SUBACK] = ROW(FLAGS, TOPIC_ID, MSG_ID, CODE),
    [SN_UNSUBSCRIBE] = ROW(FLAGS, MSG_ID, TOPIC),
    [SN_UNSUBACK] = ROW(MSG_ID),
    [SN_PINGREQ] = ROW(REST),
    [SN_PINGRESP] = ROW(EMPTY),
    [SN_DISCONNECT] = ROW(OPTIONAL, DURATION),
    [SN_WILLTOPICUPD] = ROW(OPTIONAL, FLAGS, REST),
    [SN_WILLTOPICRESP] = ROW(CODE),
    [SN_WILLMSGUPD] = ROW(REST),
    [SN_WILLMSGRESP] = ROW(CODE),
    [SN_FORWARD & 31] = ROW(RADIUS, REST), /* SN_FORWARD; the node id precedes REST */
};
/* clang-format on */

/* The fields of `type`; END alone if it is reserved. */
static unsigned row_of(unsigned type)
{
    return type < SN_TYPES || type == SN_FORWARD ? flash_u16(&rows[type & 31]) : END;
}

static bool topic_is_id(uint8_t flags)
{
    enum sn_topic_type type = sn_flags_topic_type(flags);
    return type == SN_TOPIC_PREDEFINED || type == SN_TOPIC_SHORT;
}

/* `row` with its first field settled: what is absent is gone, a TOPIC is an id or a name. */
static unsigned settle(unsigned row, const struct sn_packet *pkt)
{
    if ((row & 15) == OPTIONAL) {
        row = pkt->full ? row >> 4 : END;
    }
    if ((row & 15) == TOPIC) {
        row = topic_is_id(pkt->flags) ? TOPIC_ID : REST;
    }
    return row;
}

static bool is_number(unsigned row)
{
    return (row & 15) - 1 < DURATION;
}

static void read_number(struct reader *r, unsigned row, struct sn_packet *pkt)
{
    unsigned field = row & 15;
    uint8_t *place = (uint8_t *)pkt + flash_u8(&places[field]);

    if (field < TOPIC_ID) {
        *place = read_u8(r);
    } else {
        *(uint16_t *)(void *)place = read_u16(r);
    }
}

static void write_number(struct writer *w, unsigned row, const struct sn_packet *pkt)
{
    unsigned field = row & 15;
    const uint8_t *place = (const uint8_t *)pkt + flash_u8(&places[field]);

    if (field < TOPIC_ID) {
        write_u8(w, *place);
    } else {
        write_u16(w, *(const uint16_t *)(const void *)place);
    }
}

static size_t read_length(struct reader *r)
{
    size_t length = read_u8(r);
    return length == 1 ? read_u16(r) : length;
}

static void take(struct reader *r, size_t n, struct span *out)
{
    *out = read_span(r, n);
}

enum sn_err sn_packet_decode(struct sn_packet *pkt, struct span wire)
{
    struct reader r = reader_of(wire);
    size_t length = read_length(&r);
    unsigned type = read_u8(&r);
    size_t left = read_left(&r);
    unsigned row;

    if (r.bad || length > wire.len) {
        return SN_ERR_SHORT;
    }
    row = row_of(type);
    if (row == END) {
        return SN_ERR_TYPE;
    }
    if (length < wire.len && type != SN_FORWARD) {
        return SN_ERR_LONG;
    }
    *pkt = (struct sn_packet){.type = (enum sn_type)type};
    pkt->full = left != 0;
    for (row = settle(row, pkt); is_number(row); row = settle(row >> 4, pkt)) {
        read_number(&r, row, pkt);
    }
    if (type == SN_FORWARD) { /* 5.5: Length ends before the message inside */
        take(&r, left - 1 + length - wire.len, &pkt->node_id);
    }
    if (row == REST) {
        take(&r, read_left(&r), &pkt->data);
    }
    return r.bad ? SN_ERR_SHORT : read_left(&r) == 0 ? SN_OK : SN_ERR_LONG;
}

/* `total` counts one octet of Length. */
static void write_head(struct writer *w, const struct sn_packet *pkt, unsigned row, size_t total)
{
    if (total <= UINT8_MAX) {
        write_u8(w, (uint8_t)total);
    } else {
        write_u8(w, 1);
        write_u16(w, (uint16_t)(total + 2));
    }
    write_u8(w, (uint8_t)pkt->type);
    for (row = settle(row, pkt); is_number(row); row = settle(row >> 4, pkt)) {
        write_number(w, row, pkt);
    }
    if (pkt->type == SN_FORWARD) {
        write_span(w, pkt->node_id);
    }
}

size_t sn_packet_encode_head(const struct sn_packet *pkt, size_t data_len, uint8_t *out,
                             size_t size)
{
    struct writer w = writer_of(out, size);
    unsigned row = row_of(pkt->type);

    if (pkt->type == SN_FORWARD) {
        data_len = 0; /* 5.5: Length does not count the message inside */
    }
    write_head(&w, pkt, row, 0);
    data_len += written(&w);
    if (data_len > UINT8_MAX) { /* Length takes three octets */
        w.at = out;
        write_head(&w, pkt, row, data_len);
    } else if (!w.bad) {
        *out = (uint8_t)data_len;
    }
    return w.bad || (data_len + 2) >> 16 != 0 || row == END ? 0 : written(&w);
}

size_t sn_packet_encode(const struct sn_packet *pkt, uint8_t *out, size_t size)
{
    size_t head = sn_packet_encode_head(pkt, pkt->data.len, out, size);

    if (head == 0 || pkt->data.len > size - head) {
        return 0;
    }
    if (pkt->data.len != 0) {
        memcpy(out + head, pkt->data.at, pkt->data.len);
    }
    return head + pkt->data.len;
}
