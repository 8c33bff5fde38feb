/* gateway/edge/tail.h - what a stream socket was given and did not take yet.
 *
 * At most one head (MQTT_SCRATCH octets) and the rest of one body, which stays in its block: no
 * copy of it is made. While a tail waits its owner is asked for nothing more.
 *
 * Ownership: a tail owns its octets and one reference of its block.
 */
#ifndef GATEWAY_EDGE_TAIL_H
#define GATEWAY_EDGE_TAIL_H

#include "mqtt/broker.h"

struct gw_tail {
    uint8_t *octets; /* the head's rest, NULL: none */
    struct span head;
    struct span body;
    struct block *block;
};

enum gw_sent { GW_SENT_ALL, GW_SENT_PART, GW_SENT_BROKEN };

/* Writes head and body of `out` to `fd`, in one call, and takes over its block. PART: the rest is
 * the tail. BROKEN: the socket is, errno says why; nothing is kept. The tail was empty. */
enum gw_sent gw_tail_send(struct gw_tail *tail, int fd, const struct mqtt_out *out);

/* Writes what waits. */
enum gw_sent gw_tail_flush(struct gw_tail *tail, int fd);

static inline bool gw_tail_is_empty(const struct gw_tail *tail)
{
    return tail->head.len == 0 && tail->body.len == 0;
}

/* Forgets what waits. */
void gw_tail_drop(struct gw_tail *tail);

#endif
