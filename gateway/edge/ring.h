/* gateway/edge/ring.h - words from one thread to one other, with an eventfd to wake it.
 *
 * One producer, one consumer, no lock. A word is any struct without pointers into itself; it is
 * copied in and out. Limits: as many words as the caller gives room for.
 */
#ifndef GATEWAY_EDGE_RING_H
#define GATEWAY_EDGE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gw_ring {
    uint8_t *words;
    size_t len; /* octets of a word */
    unsigned count;
    atomic_uint pushed;
    atomic_uint popped;
    int fd;
};

/* `words` is room for `count` words of `len` octets, a power of two, and outlives the ring. */
bool gw_ring_init(struct gw_ring *ring, void *words, size_t len, unsigned count);
void gw_ring_fini(struct gw_ring *ring);

/* False: full. */
bool gw_ring_push(struct gw_ring *ring, const void *word);

/* How many words can be pushed, at least; for the producer. */
unsigned gw_ring_left(struct gw_ring *ring);

/* False: empty. */
bool gw_ring_pop(struct gw_ring *ring, void *word);

/* Wakes the consumer though nothing was pushed. */
void gw_ring_wake(struct gw_ring *ring);

/* Takes the wake-up back; before gw_ring_pop. */
void gw_ring_hush(struct gw_ring *ring);

#endif
