#include "gateway/edge/ring.h"

#include <sys/eventfd.h>
#include <unistd.h>

bool gw_ring_init(struct gw_ring *ring)
{
    atomic_init(&ring->pushed, 0);
    atomic_init(&ring->popped, 0);
    ring->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return ring->fd >= 0;
}

void gw_ring_fini(struct gw_ring *ring)
{
    if (ring->fd >= 0) {
        (void)close(ring->fd);
    }
    ring->fd = -1;
}

bool gw_ring_push(struct gw_ring *ring, struct gw_store_word word)
{
    unsigned pushed = atomic_load_explicit(&ring->pushed, memory_order_relaxed);

    if (pushed - atomic_load_explicit(&ring->popped, memory_order_acquire) == GW_RING) {
        return false;
    }
    ring->words[pushed % GW_RING] = word;
    atomic_store_explicit(&ring->pushed, pushed + 1, memory_order_release);
    gw_ring_wake(ring);
    return true;
}

bool gw_ring_pop(struct gw_ring *ring, struct gw_store_word *word)
{
    unsigned popped = atomic_load_explicit(&ring->popped, memory_order_relaxed);

    if (popped == atomic_load_explicit(&ring->pushed, memory_order_acquire)) {
        return false;
    }
    *word = ring->words[popped % GW_RING];
    atomic_store_explicit(&ring->popped, popped + 1, memory_order_release);
    return true;
}

void gw_ring_wake(struct gw_ring *ring)
{
    uint64_t one = 1;

    if (write(ring->fd, &one, sizeof one) < 0) {
        return; /* the counter is full: it is awake */
    }
}

void gw_ring_hush(struct gw_ring *ring)
{
    uint64_t count = 0;

    if (read(ring->fd, &count, sizeof count) < 0) {
        return; /* nobody had called */
    }
}
