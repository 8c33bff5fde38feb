#include "tools/sim/spread.h"

#include <stddef.h>

#define LINEAR (2 * (size_t)SPREAD_STEPS) /* values with a cell of their own */

/* Above the linear ones the five bits behind the first one choose it. */
static size_t cell_of(uint64_t value)
{
    size_t octave = 0;

    while (value >> octave >= LINEAR) {
        octave++;
    }
    octave = octave * SPREAD_STEPS + (size_t)(value >> octave);
    return octave < SPREAD_CELLS ? octave : SPREAD_CELLS - 1;
}

/* The largest value of a cell. */
static uint64_t top_of(size_t cell)
{
    size_t octave = cell < LINEAR ? 0 : cell / SPREAD_STEPS - 1;

    return cell == SPREAD_CELLS - 1
               ? UINT64_MAX
               : (((uint64_t)(cell - octave * SPREAD_STEPS) + 1) << octave) - 1;
}

void spread_add(struct spread *spread, uint64_t value)
{
    spread->count++;
    spread->cells[cell_of(value)]++;
    spread->most = value > spread->most ? value : spread->most;
}

uint64_t spread_at(const struct spread *spread, double share)
{
    uint64_t wanted = (uint64_t)((double)spread->count * share + 0.5);
    uint64_t seen = 0;

    for (size_t i = 0; i < SPREAD_CELLS && spread->count != 0; i++) {
        seen += spread->cells[i];
        if (seen != 0 && seen >= wanted) {
            return top_of(i) < spread->most ? top_of(i) : spread->most;
        }
    }
    return spread->most;
}
