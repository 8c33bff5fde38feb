#include "sn/strangers.h"

#include <string.h>

bool sn_strangers_admit(struct sn_strangers *strangers, uint64_t hash, uint32_t rate,
                        uint64_t now_ms)
{
    uint64_t second = now_ms / 1000;
    size_t cell = hash & (SN_STRANGER_CELLS - 1);

    if (second != strangers->second) {
        memset(strangers, 0, sizeof *strangers);
        strangers->second = second;
    }
    if (strangers->cells[cell].hash != hash) {
        strangers->cells[cell].hash = hash;
        strangers->cells[cell].count = 0;
    }
    if (strangers->cells[cell].count >= rate || strangers->total >= SN_STRANGERS_LISTENER) {
        return false;
    }
    strangers->cells[cell].count++;
    strangers->total++;
    return true;
}
