/* sn/strangers.h - how often those without a session are answered, so that two gateways never play
 * ping-pong and nobody can make us flood a third. (CONFIG stranger_rate)
 *
 * Token buckets: one of all, and one of each peer in one of a few cells, chosen by hash. A second
 * peer of the same cell takes it over with a full bucket, bounded by what all get together.
 */
#ifndef SN_STRANGERS_H
#define SN_STRANGERS_H

#include "sn/bucket.h"

#define SN_STRANGER_CELLS     256u  /* a power of two */
#define SN_STRANGERS_LISTENER 1000u /* answers a second by one listener */
#define SN_SEARCHES_PEER      5u    /* GWINFO a second to one peer ... */
#define SN_SEARCHES_LISTENER  50u   /* ... and by one listener */

struct sn_strangers {
    uint64_t full_us; /* the bucket of all */
    struct {
        uint64_t hash;
        uint64_t full_us;
    } cells[SN_STRANGER_CELLS];
};

struct sn_stranger_rates {
    struct sn_rate each;
    struct sn_rate all;
};

/* True, and counted, if the peer with this hash may be answered once more. */
bool sn_strangers_admit(struct sn_strangers *strangers, uint64_t hash,
                        struct sn_stranger_rates rates, uint64_t now_ms);

#endif
