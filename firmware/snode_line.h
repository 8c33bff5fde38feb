/* snode_line.h - a node alone on a serial line: packets in frames of sn/frame.h, full duplex.
 *
 * The line has no address and no acknowledgement; what is damaged is dropped, and the node
 * repeats. For a bus, see sn/bus.h.
 */
#ifndef FIRMWARE_SNODE_LINE_H
#define FIRMWARE_SNODE_LINE_H

#include "base/bytes.h"
#include "sn/frame.h"

/* What snode_line_init needs for packets of up to `mtu`, and what encoding writes at most. */
#define SNODE_LINE_BUFFER(mtu)  SN_FRAME_BUFFER(mtu)
#define SNODE_LINE_ENCODED(mtu) SN_FRAME_ENCODED(mtu)

struct snode_line {
    struct sn_frame_decoder decoder;
};

/* `buffer` stays the caller's; a received packet lies in it until the next octet is taken. */
void snode_line_init(struct snode_line *line, uint8_t *buffer, size_t size);

/* Writes the frame of `packet`. Returns its octets, or 0 if it does not fit. */
size_t snode_line_encode(struct span packet, uint8_t *out, size_t size);

/* Takes octets from the front of *octets until there is a packet of the gateway. False: all are
 * taken, and there is none. */
bool snode_line_input(struct snode_line *line, struct span *octets, struct span *packet);

#endif
