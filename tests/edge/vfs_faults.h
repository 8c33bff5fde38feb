/* tests/edge/vfs_faults.h - a disk under SQLite that fails when told, and forgets like a real one.
 *
 * It stands on SQLite's own VFS. Writes, truncations and syncs of a store's file, its WAL and its
 * journal are counted, and one of them fails, or it and all after it. What a file holds is what the
 * kernel would show; what the disk holds is beside it: pages come there by a good sync alone, and
 * those of a failed sync never do unless they are written anew.
 */
#ifndef TESTS_EDGE_VFS_FAULTS_H
#define TESTS_EDGE_VFS_FAULTS_H

#include <sqlite3.h>
#include <stdbool.h>

struct vfs_faults {
    unsigned count; /* operations until now */
    unsigned at;    /* the one that fails; 0: none */
    bool for_ever;  /* and all after it */
    bool dies;      /* the process ends there, with code 1 */
    int error;      /* SQLITE_IOERR; SQLITE_FULL: writes alone, SQLITE_IOERR_FSYNC: syncs alone */
};
extern struct vfs_faults vfs_faults;

/* From now on SQLite opens files by it; nothing fails and the disk is empty. */
void vfs_faults_begin(void);

/* SQLite has its own VFS again. */
void vfs_faults_end(void);

/* All files become what the disk holds; none may be open. */
void vfs_faults_cut(void);

#endif
