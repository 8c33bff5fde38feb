#include "sn/strangers.h"

bool sn_strangers_admit(struct sn_strangers *strangers, uint64_t hash,
                        struct sn_stranger_rates rates, uint64_t now_ms)
{
    size_t cell = hash & (SN_STRANGER_CELLS - 1);
    uint64_t all_us = strangers->full_us;

    if (strangers->cells[cell].hash != hash) {
        strangers->cells[cell].hash = hash;
        strangers->cells[cell].full_us = 0;
    }
    if (!sn_bucket_take(&all_us, rates.all, now_ms) ||
        !sn_bucket_take(&strangers->cells[cell].full_us, rates.each, now_ms)) {
        return false;
    }
    strangers->full_us = all_us;
    return true;
}
