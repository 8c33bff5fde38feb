/* sn/frame.h - frames on a serial line or bus: 00 COBS(addr ctrl payload crc32c) 00.
 *
 *     00 | code .. addr ctrl payload .. c0 c1 c2 c3 | 00      CRC-32C, least octet first
 *
 * 00 only ever means "between frames", so a decoder is in step again at the next 00 whatever
 * was lost, and a stray 00 of an idle line is an empty frame, which is ignored.
 *
 * Ownership: the decoder borrows the caller's buffer; a frame it gives lies in that buffer until
 * the next sn_frame_input. No allocation, no clock.
 * Errors: each octet that is discarded is told once, by cause; counting is the caller's.
 */
#ifndef SN_FRAME_H
#define SN_FRAME_H

#include "base/bytes.h"

/* Addresses. */
#define SN_ADDR_BROADCAST  0
#define SN_ADDR_FIRST      1 /* the node of a point to point line */
#define SN_ADDR_LAST       247
#define SN_ADDR_UNASSIGNED 254

/* Ctrl: direction, type, link sequence. */
#define SN_CTRL_FROM_NODE 0x80u
#define SN_CTRL_TYPE      0x70u
#define SN_CTRL_NS        0x08u /* N(S), this frame's number */
#define SN_CTRL_NR        0x04u /* N(R), the number expected next */
#define SN_CTRL_MORE      0x02u
#define SN_CTRL_START     0x01u /* from reset until the first link acknowledgement */

enum sn_frame_type {
    SN_FRAME_DATA, /* payload: exactly one MQTT-SN message, encapsulated or not */
    SN_FRAME_ROLLCALL,
    SN_FRAME_GRANT,
    SN_FRAME_JOINREQ,
    SN_FRAME_ASSIGN,
    SN_FRAME_PARAM,
    SN_FRAME_IDLE,
    SN_FRAME_FW
};

struct sn_frame {
    uint8_t addr;
    uint8_t ctrl;
    struct span payload;
};

static inline enum sn_frame_type sn_frame_type_of(uint8_t ctrl)
{
    return (enum sn_frame_type)((ctrl & SN_CTRL_TYPE) >> 4);
}

static inline uint8_t sn_ctrl_of(enum sn_frame_type type)
{
    return (uint8_t)((unsigned)type << 4);
}

/* Octets around the payload inside COBS: addr, ctrl, CRC. */
#define SN_FRAME_OVERHEAD 6

/* What a decoder's buffer needs for payloads of up to `len`, and what encoding writes at most. */
#define SN_FRAME_BUFFER(len)  ((len) + SN_FRAME_OVERHEAD)
#define SN_FRAME_BUFFER_MOST  65534u
#define SN_FRAME_ENCODED(len) (SN_FRAME_BUFFER(len) + SN_FRAME_BUFFER(len) / 128 + 3)

/* Writes the whole frame with both delimiters. Returns its octets, or 0 if `size` is less than
 * SN_FRAME_ENCODED of the payload. */
size_t sn_frame_encode(const struct sn_frame *frame, uint8_t *out, size_t size);

/* Why sn_frame_input returned. */
enum sn_frame_event {
    SN_FRAME_NONE,     /* all octets taken, no frame complete */
    SN_FRAME_WHOLE,    /* *out is a frame */
    SN_FRAME_LONG,     /* discarded: does not fit the buffer */
    SN_FRAME_CUT,      /* discarded: ends inside a COBS block */
    SN_FRAME_SHORT,    /* discarded: fewer octets than the overhead */
    SN_FRAME_CHECKSUM, /* discarded: CRC-32C differs */
    SN_FRAME_LENGTH,   /* discarded: MQTT-SN Length differs from the payload's (checked) */
    SN_FRAME_EVENTS
};

struct sn_frame_decoder {
    uint8_t *buffer;
    uint32_t crc;    /* running */
    uint32_t octets; /* received since the last 00 */
    uint32_t told;   /* octets of the frame told last */
    uint16_t size;
    uint16_t len; /* octets decoded; above size: the frame is too long */
    uint8_t left; /* octets to come in the COBS block */
    bool zero;    /* a 00 stands behind the block unless the frame ends */
};

/* `buffer` of `size` octets (at most SN_FRAME_BUFFER_MOST) stays the caller's and must outlive the
 * decoder. */
void sn_frame_init(struct sn_frame_decoder *decoder, uint8_t *buffer, size_t size);

/* Takes octets from the front of *octets until a frame is complete or discarded or none is left.
 * Call until it returns SN_FRAME_NONE. decoder->told is what it was, or a discard cost. */
enum sn_frame_event sn_frame_input(struct sn_frame_decoder *decoder, struct span *octets,
                                   struct sn_frame *out);

/* The same, and Length of the message in a DATA frame, of an encapsulation that of the one within,
 * ends where the payload does. A node need not: who decodes the message looks. */
enum sn_frame_event sn_frame_input_checked(struct sn_frame_decoder *decoder, struct span *octets,
                                           struct sn_frame *out);

#endif
