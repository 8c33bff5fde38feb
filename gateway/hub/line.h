/* gateway/hub/line.h - one serial line, point to point: octets to frames to the gate, and back.
 *
 * Frames as docs/wire.md: DATA frames alone, address 1 (any is accepted), sequence bits 0.
 */
#ifndef GATEWAY_HUB_LINE_H
#define GATEWAY_HUB_LINE_H

#include "gateway/hub/parts.h"
#include "sn/frame.h"

struct hub_line {
    struct sn_frame_decoder decoder;
    uint8_t *buffer;                  /* NULL: this listener is no line */
    uint64_t events[SN_FRAME_EVENTS]; /* frames taken and discarded, by cause */
    uint64_t echoes;                  /* frames of our own direction, or not DATA */
};

/* One for each listener. False: no memory. */
bool hub_lines_init(struct hub *hub);
void hub_lines_fini(struct hub *hub);

#endif
