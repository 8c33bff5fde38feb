#include "gateway/edge/ring.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool gw_ring_init(struct gw_ring *ring, void *words, size_t len, unsigned count)
{
    ring->words = words;
    ring->len = len;
    ring->count = count;
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

static uint8_t *word_at(const struct gw_ring *ring, unsigned i)
{
    return ring->words + (i % ring->count) * ring->len;
}

unsigned gw_ring_left(struct gw_ring *ring)
{
    unsigned pushed = atomic_load_explicit(&ring->pushed, memory_order_relaxed);

    return ring->count - (pushed - atomic_load_explicit(&ring->popped, memory_order_acquire));
}

bool gw_ring_push(struct gw_ring *ring, const void *word)
{
    unsigned pushed = atomic_load_explicit(&ring->pushed, memory_order_relaxed);

    if (gw_ring_left(ring) == 0) {
        return false;
    }
    memcpy(word_at(ring, pushed), word, ring->len);
    atomic_store_explicit(&ring->pushed, pushed + 1, memory_order_release);
    gw_ring_wake(ring);
    return true;
}

bool gw_ring_pop(struct gw_ring *ring, void *word)
{
    unsigned popped = atomic_load_explicit(&ring->popped, memory_order_relaxed);

    if (popped == atomic_load_explicit(&ring->pushed, memory_order_acquire)) {
        return false;
    }
    memcpy(word, word_at(ring, popped), ring->len);
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
