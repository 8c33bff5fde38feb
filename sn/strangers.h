/* sn/strangers.h - how often those without a session are answered, so that two gateways never play
 * ping-pong and nobody can make us flood a third. (CONFIG stranger_rate)
 *
 * A peer's answers are counted in one of a few cells, chosen by hash; a second peer of the same
 * cell takes it over, bounded by what the listener as a whole answers in a second.
 */
#ifndef SN_STRANGERS_H
#define SN_STRANGERS_H

#include <stdbool.h>
#include <stdint.h>

#define SN_STRANGER_CELLS     256u  /* a power of two */
#define SN_STRANGERS_LISTENER 1000u /* answers a second by one listener */

struct sn_strangers {
    uint64_t second; /* now_ms / 1000 that all counts are of */
    uint32_t total;
    struct {
        uint64_t hash;
        uint32_t count;
    } cells[SN_STRANGER_CELLS];
};

/* True, and counted, if the peer with this hash may be answered once more in this second. */
bool sn_strangers_admit(struct sn_strangers *strangers, uint64_t hash, uint32_t rate,
                        uint64_t now_ms);

#endif
