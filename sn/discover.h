/* sn/discover.h - what a gateway says of itself: ADVERTISE every TADV, GWINFO when asked. [6.1] */
#ifndef SN_DISCOVER_H
#define SN_DISCOVER_H

#include "base/heap.h"
#include "sn/packet.h"

struct sn_advertiser {
    struct heap_item timer; /* ms */
    uint16_t listener;
};

/* When the next ADVERTISE is due after one at `now_ms`; HEAP_NEVER with TADV 0. */
static inline uint64_t sn_advertise_due(uint32_t advertise_s, uint64_t now_ms)
{
    return advertise_s == 0 ? HEAP_NEVER : now_ms + 1000u * (uint64_t)advertise_s;
}

/* SN-015: Duration is TADV, cut to what the field holds. */
static inline struct sn_packet sn_advertise_packet(uint8_t gw_id, uint32_t advertise_s)
{
    return (struct sn_packet){.type = SN_ADVERTISE,
                              .gw_id = gw_id,
                              .duration_s =
                                  advertise_s > UINT16_MAX ? UINT16_MAX : (uint16_t)advertise_s};
}

/* SN-018: three octets, no GwAdd. */
static inline struct sn_packet sn_gwinfo_packet(uint8_t gw_id)
{
    return (struct sn_packet){.type = SN_GWINFO, .gw_id = gw_id};
}

#endif
