#include "sn/frame.h"

#include "base/crc32c.h"

#define CRC_OCTETS 4
#define CRC_RIGHT  0xB798B438u /* running value behind a checksum that is right */
#define COBS_RUN   0xFF        /* code of 254 octets without a zero behind them */

static void restart(struct sn_frame_decoder *d)
{
    d->crc = CRC32C_START;
    d->len = 0;
    d->octets = 0;
    d->left = 0;
    d->zero = false;
}

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

void sn_frame_init(struct sn_frame_decoder *d, uint8_t *buffer, size_t size)
{
    d->buffer = buffer;
    d->size = (uint16_t)size;
    restart(d);
}

/* An octet of the frame itself. */
static void take(struct sn_frame_decoder *d, uint8_t octet)
{
    d->crc = crc32c_add(d->crc, octet);
    if (d->len < d->size) {
        d->buffer[d->len] = octet;
    }
    d->len++;
}

/* One octet of COBS, which is not 0. */
static void decode_octet(struct sn_frame_decoder *d, uint8_t octet)
{
    d->octets++;
    if (d->left > 0) {
        d->left--;
        take(d, octet);
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
    if (d->len > d->size) {
        return SN_FRAME_LONG;
    }
    if (d->left > 0) {
        return SN_FRAME_CUT;
    }
    if (d->len < SN_FRAME_OVERHEAD) {
        return SN_FRAME_SHORT;
    }
    if (d->crc != CRC_RIGHT) {
        return SN_FRAME_CHECKSUM;
    }
    out->addr = d->buffer[0];
    out->ctrl = d->buffer[1];
    out->payload = span_of(&d->buffer[2], d->len - SN_FRAME_OVERHEAD);
    return SN_FRAME_WHOLE;
}

enum sn_frame_event sn_frame_input(struct sn_frame_decoder *d, struct span *octets,
                                   struct sn_frame *out)
{
    enum sn_frame_event event = SN_FRAME_NONE;
    uint8_t octet = 0;

    while (event == SN_FRAME_NONE && span_next(octets, &octet)) {
        if (octet != 0) {
            decode_octet(d, octet);
        } else if (d->octets > 0) {
            event = check(d, out);
            d->told = d->octets;
            restart(d);
        }
    }
    return event;
}
