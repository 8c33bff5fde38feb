#include "sn/frame.h"

#include "base/crc32c.h"
#include "sn/packet.h"

#define CRC_OCTETS 4
#define COBS_RUN   0xFF /* code of 254 octets without a zero behind them */

/* COBS under way: out[code] is to say how far the next zero is from there. */
struct cobs {
    uint8_t *out;
    size_t at;
    size_t code;
    uint32_t crc;
};

static void next_block(struct cobs *cobs)
{
    cobs->out[cobs->code] = (uint8_t)(cobs->at - cobs->code);
    cobs->code = cobs->at++;
}

static void put(struct cobs *cobs, uint8_t octet)
{
    cobs->crc = crc32c_add(cobs->crc, octet);
    if (cobs->at - cobs->code == COBS_RUN) {
        next_block(cobs);
    }
    if (octet == 0) {
        next_block(cobs);
    } else {
        cobs->out[cobs->at++] = octet;
    }
}

size_t sn_frame_encode(const struct sn_frame *frame, uint8_t *out, size_t size)
{
    struct cobs cobs = {.out = out, .at = 2, .code = 1, .crc = CRC32C_START};
    uint32_t crc;

    if (size < SN_FRAME_ENCODED(frame->payload.len)) {
        return 0;
    }
    out[0] = 0;
    put(&cobs, frame->addr);
    put(&cobs, frame->ctrl);
    for (size_t i = 0; i < frame->payload.len; i++) {
        put(&cobs, frame->payload.at[i]);
    }
    crc = crc32c_end(cobs.crc);
    for (int i = 0; i < CRC_OCTETS; i++, crc >>= 8) {
        put(&cobs, (uint8_t)crc);
    }
    next_block(&cobs);
    out[cobs.code] = 0;
    return cobs.at;
}

void sn_frame_init(struct sn_frame_decoder *decoder, uint8_t *buffer, size_t size)
{
    *decoder = (struct sn_frame_decoder){.buffer = buffer, .size = (uint16_t)size};
}

static size_t length_at(struct span message, unsigned *type)
{
    struct reader r = reader_of(message);
    size_t length = read_u8(&r);

    if (length == 1) {
        length = read_u16(&r);
    }
    *type = read_u8(&r);
    return r.bad ? 0 : length;
}

/* True if Length, of an encapsulation that of the message inside, ends where `payload` does. */
static bool length_is_true(struct span payload)
{
    unsigned type;
    size_t length = length_at(payload, &type);

    if (type == SN_FORWARD) {
        payload = span_from(payload, length);
        length = length_at(payload, &type);
    }
    return length != 0 && length == payload.len;
}

static void take(struct sn_frame_decoder *d, uint8_t octet)
{
    if (d->len < d->size) {
        d->buffer[d->len++] = octet;
    } else {
        d->len = (uint16_t)(d->size + 1);
    }
}

/* One octet of COBS, which is not 0. */
static void decode_octet(struct sn_frame_decoder *d, uint8_t octet)
{
    if (d->octets < UINT16_MAX) {
        d->octets++;
    }
    if (d->left > 0) {
        take(d, octet);
        d->left--;
        return;
    }
    if (d->zero) {
        take(d, 0);
    }
    d->left = (uint8_t)(octet - 1);
    d->zero = octet != COBS_RUN;
}

static enum sn_frame_event check(const struct sn_frame_decoder *d, struct sn_frame *out)
{
    struct reader r = reader_of(span_of(d->buffer, d->len));
    uint32_t crc;

    if (d->len > d->size) {
        return SN_FRAME_LONG;
    }
    if (d->left > 0) {
        return SN_FRAME_CUT;
    }
    if (d->len < SN_FRAME_OVERHEAD) {
        return SN_FRAME_SHORT;
    }
    crc = crc32c_of(span_of(d->buffer, d->len - CRC_OCTETS));
    out->addr = read_u8(&r);
    out->ctrl = read_u8(&r);
    out->payload = read_span(&r, d->len - SN_FRAME_OVERHEAD);
    for (; read_left(&r) > 0; crc >>= 8) {
        if (read_u8(&r) != (uint8_t)crc) {
            return SN_FRAME_CHECKSUM;
        }
    }
    if (sn_frame_type_of(out->ctrl) == SN_FRAME_DATA && !length_is_true(out->payload)) {
        return SN_FRAME_LENGTH;
    }
    return SN_FRAME_WHOLE;
}

static void restart(struct sn_frame_decoder *d)
{
    sn_frame_init(d, d->buffer, d->size);
}

enum sn_frame_event sn_frame_input(struct sn_frame_decoder *d, struct span *octets,
                                   struct sn_frame *out)
{
    struct reader r = reader_of(*octets);
    enum sn_frame_event event = SN_FRAME_NONE;

    if (d->ended) {
        restart(d);
    }
    while (read_left(&r) > 0 && event == SN_FRAME_NONE) {
        uint8_t octet = read_u8(&r);

        if (octet != 0) {
            decode_octet(d, octet);
        } else if (d->octets > 0) {
            event = check(d, out);
            d->ended = true;
        }
    }
    *octets = read_rest(&r);
    return event;
}
