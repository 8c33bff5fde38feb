#include "gateway/edge/rate.h"

#include "base/map.h"
#include "base/pool.h"

bool gw_rate_init(struct gw_rate *rate, const struct conf_rate *conf, uint64_t seed)
{
    *rate = (struct gw_rate){.seed = {seed, ~seed}};
    if (conf->count == 0 || conf->count == CONF_NONE) {
        return true;
    }
    rate->all_us = conf->per_ms * 1000;
    rate->each_us = rate->all_us / conf->count;
    rate->cells = reserve(GW_RATE_CELLS * sizeof *rate->cells);
    return rate->cells != NULL;
}

void gw_rate_fini(struct gw_rate *rate)
{
    release(rate->cells);
    *rate = (struct gw_rate){.cells = NULL};
}

static uint64_t key_of(const struct gw_rate *rate, const union gw_addr *from)
{
    struct span ip = from->any.sa_family == AF_INET
                         ? span_of(&from->v4.sin_addr, sizeof from->v4.sin_addr)
                         : span_of(&from->v6.sin6_addr, 8);

    return map_hash(rate->seed, ip);
}

/* Its cell, or the one of its ways that has most tokens. */
static struct gw_rate_cell *cell_of(const struct gw_rate *rate, uint64_t key)
{
    struct gw_rate_cell *set = &rate->cells[key % (GW_RATE_CELLS / GW_RATE_WAYS) * GW_RATE_WAYS];
    struct gw_rate_cell *best = set;

    for (size_t i = 0; i < GW_RATE_WAYS; i++) {
        if (set[i].key == key) {
            return &set[i];
        }
        if (set[i].full_us < best->full_us) {
            best = &set[i];
        }
    }
    *best = (struct gw_rate_cell){.key = key};
    return best;
}

bool gw_rate_take(struct gw_rate *rate, const union gw_addr *from, uint64_t now_ms)
{
    uint64_t now_us = now_ms * 1000;
    struct gw_rate_cell *cell = NULL;
    uint64_t full_us = 0;

    if (rate->cells == NULL) {
        return true;
    }
    cell = cell_of(rate, key_of(rate, from));
    full_us = (cell->full_us > now_us ? cell->full_us : now_us) + rate->each_us;
    if (full_us > now_us + rate->all_us) {
        return false;
    }
    cell->full_us = full_us;
    return true;
}
