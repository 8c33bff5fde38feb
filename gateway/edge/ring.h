/* gateway/edge/ring.h - words from one thread to one other, with an eventfd to wake it.
 *
 * One producer, one consumer, no lock. Limits: GW_RING words; with one batch out there are never
 * more than three.
 */
#ifndef GATEWAY_EDGE_RING_H
#define GATEWAY_EDGE_RING_H

#include <stdatomic.h>

#include "gateway/edge/store.h"

#define GW_RING 8u

struct gw_ring {
    struct gw_store_word words[GW_RING];
    atomic_uint pushed;
    atomic_uint popped;
    int fd;
};

bool gw_ring_init(struct gw_ring *ring);
void gw_ring_fini(struct gw_ring *ring);

/* False: full. */
bool gw_ring_push(struct gw_ring *ring, struct gw_store_word word);

/* False: empty. */
bool gw_ring_pop(struct gw_ring *ring, struct gw_store_word *word);

/* Wakes the consumer though nothing was pushed. */
void gw_ring_wake(struct gw_ring *ring);

/* Takes the wake-up back; before gw_ring_pop. */
void gw_ring_hush(struct gw_ring *ring);

#endif
