/* tools/sim/spread.h - how times are spread: octaves of 32 steps each, so a value is told to 3 %.
 */
#ifndef TOOLS_SIM_SPREAD_H
#define TOOLS_SIM_SPREAD_H

#include <stdint.h>

enum { SPREAD_STEPS = 32, SPREAD_CELLS = SPREAD_STEPS * 40 };

struct spread {
    uint64_t count;
    uint64_t most; /* exact */
    uint64_t cells[SPREAD_CELLS];
};

void spread_add(struct spread *spread, uint64_t value);

/* The least value that `share` (0 to 1) of all do not exceed; 0 of none. */
uint64_t spread_at(const struct spread *spread, double share);

#endif
