/* gateway/edge/clock.h - time and chance from the kernel; everybody else is given them. */
#ifndef GATEWAY_EDGE_CLOCK_H
#define GATEWAY_EDGE_CLOCK_H

#include <stdint.h>

/* Milliseconds of the monotonic clock. */
uint64_t gw_clock_ms(void);

/* Microseconds of the same. */
uint64_t gw_clock_us(void);

/* The wall clock, in milliseconds since 1970, less the monotonic one. */
int64_t gw_clock_wall_offset_ms(void);

/* A number nobody can guess. */
uint64_t gw_clock_seed(void);

#endif
