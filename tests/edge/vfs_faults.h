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

/* What was done to a file; of a write the octets, which live until the call is over. */
enum vfs_op_kind { VFS_WRITE, VFS_TRUNCATE, VFS_SYNC, VFS_DELETE };
struct vfs_op {
    enum vfs_op_kind kind;
    const char *path;
    long long at; /* of a truncation: the new length */
    int len;
    const void *octets;
};

/* Told of each operation that did not fail; NULL: nobody. */
extern void (*vfs_watch)(const struct vfs_op *op);

/* From now on SQLite opens files by it; nothing fails and the disk is empty. */
void vfs_faults_begin(void);

/* SQLite has its own VFS again. */
void vfs_faults_end(void);

/* All files become what the disk holds; none may be open. */
void vfs_faults_cut(void);

#endif
