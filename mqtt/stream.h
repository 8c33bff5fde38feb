/* mqtt/stream.h - octets in, whole packets out.
 *
 * A packet that lies whole in the input is handed out where it lies; one that is cut is collected
 * in a block of the budget, which grows with the octets that came, whatever the header claims.
 * With `heads`, a PUBLISH above max_packet is no error: its payload is passed over as it comes, and
 * then what stands before the payload is handed out, at most some 64 KiB.
 *
 *     while ((err = mqtt_stream_next(&stream, &octets, &wire)) == MQTT_OK && wire.len != 0) ...
 *
 * Ownership: a packet handed out lives until the next call, or as long as the input.
 */
#ifndef MQTT_STREAM_H
#define MQTT_STREAM_H

#include "base/block.h"
#include "mqtt/err.h"

struct mqtt_stream {
    struct budget *budget;
    struct block *part;  /* a packet that is not whole yet, or was handed out last */
    uint32_t have;       /* octets of it */
    uint32_t max_packet; /* octets, header included */
    uint32_t large;      /* octets of the packet under way if above max_packet, else 0 */
    uint32_t skip;       /* of these, octets of payload still to come */
    bool heads;          /* the caller's to set after init; see above */
    bool whole;          /* `part` was handed out: given up at the next call */
    bool cut;            /* what was handed out last is a head: mqtt_packet_decode_head reads it */
};

void mqtt_stream_init(struct mqtt_stream *stream, struct budget *budget, size_t max_packet);
void mqtt_stream_fini(struct mqtt_stream *stream);

/* Takes octets from the front of *octets until a packet is whole. An empty *packet with MQTT_OK:
 * all octets are taken and more are needed. MQTT_ERR_LENGTH, MQTT_ERR_SIZE, MQTT_ERR_FULL: the
 * stream is of no further use. */
enum mqtt_err mqtt_stream_next(struct mqtt_stream *stream, struct span *octets,
                               struct span *packet);

/* Wipes and gives up a packet that was handed out; harmless when that lay in the input. */
void mqtt_stream_wipe(struct mqtt_stream *stream);

/* True while part of a packet waits for its rest. */
bool mqtt_stream_is_partial(const struct mqtt_stream *stream);

#endif
