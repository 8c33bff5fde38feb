/* tests/sim/disk.h - the store of gateway/edge/store.h in virtual time: rows in memory.
 *
 * A disk outlives its stores, as a file does. A batch is on it SIM_COMMIT_MS after it was given;
 * a crash keeps or loses the one on its way.
 */
#ifndef TESTS_SIM_DISK_H
#define TESTS_SIM_DISK_H

#include "base/map.h"
#include "gateway/edge/store.h"

#define SIM_COMMIT_MS 7
#define SIM_RETRY_MS  1000

struct sim_row;

struct sim_disk {
    struct sim_row **rows;
    struct map by_key;
    size_t count;
    size_t room;
    size_t most; /* rows beyond which it is full, eased at nine tenths; 0: no end */
    bool full;
    bool fails;      /* commits do, and are tried again each second */
    uint64_t now_ms; /* the caller moves it */
};

void sim_disk_fini(struct sim_disk *disk);

struct gw_store *sim_store_open(struct sim_disk *disk);

/* When the batch that was given is on the disk; UINT64_MAX: none was. */
uint64_t sim_store_due(const struct gw_store *store);

/* The power fails: the batch on its way gets there or not. The store is gone. */
void sim_store_crash(struct gw_store *store, bool got_there);

#endif
