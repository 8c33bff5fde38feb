/* Any octets in any pieces: no fault, each octet a frame's or told as lost, and in step again after
 * one delimiter. The first octet chooses the pieces and the buffer. */
#include <stdlib.h>

#include "sn/frame.h"

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

/* A frame that came whole must encode and come whole again. */
static void repeat(const struct sn_frame *frame)
{
    uint8_t wire[SN_FRAME_ENCODED(256)];
    uint8_t buffer[SN_FRAME_BUFFER(256)];
    struct sn_frame_decoder decoder;
    struct sn_frame again;
    struct span octets = span_of(wire, sn_frame_encode(frame, wire, sizeof wire));

    require(octets.len != 0);
    sn_frame_init(&decoder, buffer, sizeof buffer);
    require(sn_frame_input_checked(&decoder, &octets, &again) == SN_FRAME_WHOLE);
    require(again.addr == frame->addr && again.ctrl == frame->ctrl);
    require(span_equal(again.payload, frame->payload));
}

static size_t feed(struct sn_frame_decoder *decoder, struct span octets)
{
    enum sn_frame_event event;
    struct sn_frame frame;
    size_t told = 0;

    while ((event = sn_frame_input_checked(decoder, &octets, &frame)) != SN_FRAME_NONE) {
        told += decoder->told;
        if (event == SN_FRAME_WHOLE) {
            repeat(&frame);
        }
    }
    return told;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    static const uint8_t ping[] = {0, 2, 1, 7, 2, 0x17, 0x15, 0x72, 0xF3, 0x76, 0};
    uint8_t buffer[SN_FRAME_BUFFER(256)];
    struct sn_frame_decoder decoder;
    struct sn_frame frame;
    struct span last = span_of(ping, sizeof ping);
    size_t piece = len == 0 ? 1 : 1 + (octets[0] & 15u);
    size_t told = 0;
    size_t sent = 0;

    sn_frame_init(&decoder, buffer, len == 0 || octets[0] & 16 ? sizeof buffer : 12);
    for (size_t at = 1; at < len; at += piece) {
        size_t n = len - at < piece ? len - at : piece;

        told += feed(&decoder, span_of(octets + at, n));
    }
    for (size_t at = 1; at < len; at++) {
        sent += octets[at] != 0;
    }
    told += feed(&decoder, span_of("", 1));
    require(told == sent);
    require(sn_frame_input_checked(&decoder, &last, &frame) == SN_FRAME_WHOLE);
    return 0;
}
