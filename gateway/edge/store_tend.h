/* gateway/edge/store_tend.h - the store's file tended from outside, while a gateway runs or not.
 *
 * Nothing here makes a store, and a file of another program or of a newer Sedge is refused. What
 * only reads may be done beside a running gateway: SQLite shows it the file of one moment.
 */
#ifndef GATEWAY_EDGE_STORE_TEND_H
#define GATEWAY_EDGE_STORE_TEND_H

#include <sqlite3.h>
#include <stdint.h>

#include "base/journal.h"
#include "gateway/edge/fault.h"

#define GW_TEND_FAULTS 20u /* of a check; more are not looked for */

struct gw_tend {
    sqlite3 *db;
    int lock; /* -1: read only */
};

struct gw_tend_stat {
    uint64_t version;
    uint64_t octets;       /* of the file */
    uint64_t used;         /* of them in pages that are not free */
    uint64_t rows[TABLES]; /* 0 too where an older version has no such table */
};

/* Opens `path` to read. `alone`: to write too, under the lock that a gateway holds while it runs.
 * False: `fault` says why, and nothing is open. */
bool gw_tend_open(struct gw_tend *tend, const char *path, bool alone, struct gw_fault *fault);
void gw_tend_close(struct gw_tend *tend);

bool gw_tend_stat(struct gw_tend *tend, struct gw_tend_stat *out, struct gw_fault *fault);

/* Reads all of the file; returns how many faults it found, 0: it is sound. */
size_t gw_tend_check(struct gw_tend *tend, struct gw_fault faults[GW_TEND_FAULTS]);

/* Gives free pages back to the disk; needs as much room again while it works. */
bool gw_tend_vacuum(struct gw_tend *tend, struct gw_fault *fault);

/* Writes the file of this moment to `to`, which must not be there yet: 0600, synced. */
bool gw_tend_backup(struct gw_tend *tend, const char *to, struct gw_fault *fault);

#endif
