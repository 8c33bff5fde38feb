/* sn/discover.h - what a gateway says of itself, and when: ADVERTISE every TADV, GWINFO when asked;
 * how long the gateway that it stands in for may be unheard. [6.1] */
#ifndef SN_DISCOVER_H
#define SN_DISCOVER_H

#include "base/heap.h"
#include "sn/packet.h"

#define SN_TADV_S 900u /* 7.2: what is assumed of a gateway whose ADVERTISE was not heard yet */

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

/* SN-018: three octets, no GwAdd. SN-195: of a Radius that Ctrl cannot say, all. */
static inline struct sn_packet sn_gwinfo_packet(uint8_t gw_id, uint8_t radius)
{
    return (struct sn_packet){.type = SN_GWINFO, .gw_id = gw_id, .radius = radius > 3 ? 0 : radius};
}

/* SN-022: `after` ADVERTISE are missed when the last of them is late by half its interval. */
static inline uint64_t sn_advertise_missed(uint32_t advertise_s, uint32_t after, uint64_t now_ms)
{
    uint64_t ms = 1000u * (uint64_t)(advertise_s == 0 ? SN_TADV_S : advertise_s);

    return now_ms + after * ms + ms / 2;
}

#endif
