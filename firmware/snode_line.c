#include "firmware/snode_line.h"

void snode_line_init(struct snode_line *line, uint8_t *buffer, size_t size)
{
    sn_frame_init(&line->decoder, buffer, size);
}

size_t snode_line_encode(struct span packet, uint8_t *out, size_t size)
{
    struct sn_frame frame = {SN_ADDR_FIRST, SN_CTRL_FROM_NODE, packet};

    return sn_frame_encode(&frame, out, size);
}

/* What a node sent, our own echo included, is not for us. */
static bool is_for_node(const struct sn_frame *frame)
{
    return (frame->ctrl & SN_CTRL_FROM_NODE) == 0 && sn_frame_type_of(frame->ctrl) == SN_FRAME_DATA;
}

bool snode_line_input(struct snode_line *line, struct span *octets, struct span *packet)
{
    struct sn_frame frame;
    enum sn_frame_event event;

    do {
        event = sn_frame_input(&line->decoder, octets, &frame);
        if (event == SN_FRAME_WHOLE && is_for_node(&frame)) {
            *packet = frame.payload;
            return true;
        }
    } while (event != SN_FRAME_NONE);
    return false;
}
