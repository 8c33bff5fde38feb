#include "gateway/edge/clock.h"

#include <sys/random.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec at = {0, 0};

    (void)clock_gettime(id, &at);
    return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

uint64_t gw_clock_ms(void)
{
    return (uint64_t)read_ms(CLOCK_MONOTONIC);
}

uint64_t gw_clock_us(void)
{
    struct timespec at = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000 + (uint64_t)at.tv_nsec / 1000;
}

int64_t gw_clock_wall_offset_ms(void)
{
    return read_ms(CLOCK_REALTIME) - read_ms(CLOCK_MONOTONIC);
}

uint64_t gw_clock_seed(void)
{
    uint64_t seed = 0;

    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed) {
        seed = (uint64_t)read_ms(CLOCK_REALTIME) * UINT64_C(0x9E3779B97F4A7C15);
    }
    return seed;
}
