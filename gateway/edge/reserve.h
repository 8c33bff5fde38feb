/* gateway/edge/reserve.h - room on the disk held back, so that a store on a full disk can drain.
 *
 * A file beside the store, PATH-reserve, that nobody reads. When a batch finds no room on the disk
 * it is given up, and taken again when there is room for it. It stays when Sedge stops, so that the
 * next start finds room too.
 */
#ifndef GATEWAY_EDGE_RESERVE_H
#define GATEWAY_EDGE_RESERVE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define GW_RESERVE_MOST ((uint64_t)8 * 1024 * 1024)

struct gw_reserve {
    char path[PATH_MAX];
    uint64_t size; /* 0: none is wanted, or none can be had here */
    bool held;
};

/* Half of [store] min_free, at most GW_RESERVE_MOST: the other half stays free for others. */
uint64_t gw_reserve_size(uint64_t min_free);

/* Nothing is held; what an earlier run left is given up, for the store to be opened. */
void gw_reserve_init(struct gw_reserve *reserve, const char *store_path, uint64_t min_free);

/* `left`: octets that the disk has. False: it is wanted, and there is no room. */
bool gw_reserve_take(struct gw_reserve *reserve, uint64_t left);

/* False: it was not held. */
bool gw_reserve_give_up(struct gw_reserve *reserve);

#endif
