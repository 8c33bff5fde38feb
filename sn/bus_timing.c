/* sn/bus_timing.c - apart, for a node may have its times as constants. */
#include "sn/bus.h"

static uint16_t ticks_of(uint64_t us)
{
    uint64_t ticks = (us + SN_BUS_TICK_US - 1) / SN_BUS_TICK_US;

    return ticks < UINT16_MAX ? (uint16_t)ticks : UINT16_MAX;
}

struct sn_bus_timing sn_bus_timing_at(uint32_t baud, unsigned bits)
{
    uint64_t ns = UINT64_C(1000000000) * bits / baud; /* of a character */
    uint64_t turn_us = 2 * ns / 1000 > 150 ? 2 * ns / 1000 : 150;

    return (struct sn_bus_timing){
        .turnaround = ticks_of(turn_us),
        .response = ticks_of(2 * ns / 1000 + 300),
        .slot = ticks_of(3 * ns / 2000 + 60),
        .join_slot =
            ticks_of((SN_FRAME_ENCODED(SN_BUS_JOINREQ_LEN) + 2) * ns / 1000 + turn_us + 100),
    };
}
