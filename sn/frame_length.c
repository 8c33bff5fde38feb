#include "sn/frame.h"
#include "sn/packet.h"

static size_t read_length(struct reader *r, unsigned *type)
{
    size_t length = read_u8(r);

    if (length == 1) {
        length = read_u16(r);
    }
    *type = read_u8(r);
    return length;
}

/* True if Length, of an encapsulation that of the message inside, ends where `payload` does. */
static bool length_is_true(struct span payload)
{
    struct reader r = reader_of(payload);
    size_t left = payload.len;
    unsigned type = 0;
    size_t length = read_length(&r, &type);

    if (type == SN_FORWARD) {
        (void)read_span(&r, length - (left - read_left(&r)));
        left = read_left(&r);
        length = read_length(&r, &type);
    }
    return !r.bad && length == left;
}

enum sn_frame_event sn_frame_input_checked(struct sn_frame_decoder *d, struct span *octets,
                                           struct sn_frame *out)
{
    enum sn_frame_event event = sn_frame_input(d, octets, out);
    bool is_false = event == SN_FRAME_WHOLE && sn_frame_type_of(out->ctrl) == SN_FRAME_DATA &&
                    !length_is_true(out->payload);

    return is_false ? SN_FRAME_LENGTH : event;
}
