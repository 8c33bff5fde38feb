/* gateway/edge/store_file.h - the store's file as a file: its folder, its lock, whose it is, and
 * what becomes of a broken one.
 */
#ifndef GATEWAY_EDGE_STORE_FILE_H
#define GATEWAY_EDGE_STORE_FILE_H

#include <limits.h>
#include <stdint.h>

#include "gateway/edge/fault.h"

enum gw_file_kind {
    GW_FILE_EMPTY,   /* new, or begun: rolled back, or cut off before its head was written */
    GW_FILE_OURS,    /* as far as its head says */
    GW_FILE_DAMAGED, /* ours, but its head is broken */
    GW_FILE_NEWER,   /* ours, of a later version */
    GW_FILE_FOREIGN
};

/* Makes the folder (0700) and the file (0600) where missing and locks it against another sedge.
 * Returns the descriptor, which must outlive SQLite's (closing it drops SQLite's own locks); -1:
 * `fault` says why. */
int gw_file_lock(const char *path, struct gw_fault *fault);

enum gw_file_kind gw_file_kind_of(int fd);

/* A broken file and its WAL while a new one is made of it: PATH.mending, which is PATH again when
 * that fails, and at the next start when it did not come to its end. */
bool gw_file_set_aside(const char *path, char mending[PATH_MAX], struct gw_fault *fault);

/* True when there was one; what was made since is gone. */
bool gw_file_put_back(const char *path);

/* The end: it is PATH.bad-N, the least N that is free, and so on the disk. */
void gw_file_keep_bad(const char *path, char bad[PATH_MAX]);

/* Octets that the disk of `fd` has left. */
uint64_t gw_file_disk_left(int fd);

#endif
