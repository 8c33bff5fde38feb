#include "tests/edge/vfs_faults.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE  4096u
#define PAGES 256u
#define DISKS 4u

/* A file by its name, which outlives those who open it. */
struct disk {
    char path[256]; /* "": unused */
    uint8_t *octets;
    sqlite3_int64 len;
    bool dirty[PAGES];
};

struct file {
    sqlite3_file base;
    struct disk *disk; /* NULL: not counted */
    sqlite3_file *real;
};

struct vfs_faults vfs_faults;
void (*vfs_watch)(const struct vfs_op *op);
static struct disk disks[DISKS];
static sqlite3_vfs vfs;
static sqlite3_vfs *own;

static void forget(struct disk *disk)
{
    free(disk->octets);
    memset(disk, 0, sizeof *disk);
}

static struct disk *disk_of(const char *path)
{
    for (unsigned i = 0; i < DISKS; i++) {
        if (strcmp(disks[i].path, path) == 0) {
            return &disks[i];
        }
    }
    return NULL;
}

static struct disk *new_disk(const char *path)
{
    struct disk *disk = disk_of("");

    if (disk == NULL || (disk->octets = calloc(PAGES, PAGE)) == NULL) {
        abort();
    }
    snprintf(disk->path, sizeof disk->path, "%s", path);
    return disk;
}

static struct file *file_of(sqlite3_file *base)
{
    return (struct file *)(void *)base;
}

static bool fails(bool is_write)
{
    unsigned number = ++vfs_faults.count;
    bool is_due = vfs_faults.at != 0 &&
                  (number == vfs_faults.at || (vfs_faults.for_ever && number > vfs_faults.at));

    if (is_due && vfs_faults.dies) {
        _exit(1);
    }
    return is_due && vfs_faults.error != (is_write ? SQLITE_IOERR_FSYNC : SQLITE_FULL);
}

static void mark(struct disk *disk, sqlite3_int64 from, sqlite3_int64 to)
{
    for (sqlite3_int64 page = from / PAGE; page * PAGE < to; page++) {
        if (page >= PAGES) {
            abort();
        }
        disk->dirty[page] = true;
    }
}

static void tell(const struct vfs_op *op)
{
    if (vfs_watch != NULL) {
        vfs_watch(op);
    }
}

/* --- a file's methods ------------------------------------------------------------------------ */

static int do_close(sqlite3_file *base)
{
    struct file *f = file_of(base);

    return f->real->pMethods->xClose(f->real);
}

static int do_read(sqlite3_file *base, void *to, int len, sqlite3_int64 at)
{
    struct file *f = file_of(base);

    return f->real->pMethods->xRead(f->real, to, len, at);
}

/* One that fails has written its first half. */
static int do_write(sqlite3_file *base, const void *from, int len, sqlite3_int64 at)
{
    struct file *f = file_of(base);
    bool bad = f->disk != NULL && fails(true);
    int error = f->real->pMethods->xWrite(f->real, from, bad ? len / 2 : len, at);

    if (f->disk != NULL) {
        mark(f->disk, at, at + len);
    }
    if (f->disk != NULL && !bad) {
        tell(&(struct vfs_op){VFS_WRITE, f->disk->path, at, len, from});
    }
    return bad ? vfs_faults.error : error;
}

static int do_truncate(sqlite3_file *base, sqlite3_int64 len)
{
    struct file *f = file_of(base);

    if (f->disk != NULL && fails(true)) {
        return vfs_faults.error;
    }
    if (f->disk != NULL) {
        tell(&(struct vfs_op){.kind = VFS_TRUNCATE, .path = f->disk->path, .at = len});
    }
    return f->real->pMethods->xTruncate(f->real, len);
}

/* The real disk is not waited for: of it nothing is tried here. */
static int do_sync(sqlite3_file *base, int flags)
{
    struct file *f = file_of(base);
    struct disk *disk = f->disk;
    bool bad = disk != NULL && fails(false);
    sqlite3_int64 len = 0;

    (void)flags;
    if (disk == NULL) {
        return SQLITE_OK;
    }
    (void)f->real->pMethods->xFileSize(f->real, &len);
    for (sqlite3_int64 page = 0; page < PAGES; page++) {
        if (disk->dirty[page] && !bad) {
            (void)f->real->pMethods->xRead(f->real, &disk->octets[page * PAGE], PAGE, page * PAGE);
        }
        disk->dirty[page] = false;
    }
    disk->len = bad ? disk->len : len;
    if (!bad) {
        tell(&(struct vfs_op){.kind = VFS_SYNC, .path = disk->path});
    }
    return bad ? vfs_faults.error : SQLITE_OK;
}

static int do_file_size(sqlite3_file *base, sqlite3_int64 *len)
{
    struct file *f = file_of(base);

    return f->real->pMethods->xFileSize(f->real, len);
}

static int do_lock(sqlite3_file *base, int level)
{
    struct file *f = file_of(base);

    return f->real->pMethods->xLock(f->real, level);
}

static int do_unlock(sqlite3_file *base, int level)
{
    struct file *f = file_of(base);

    return f->real->pMethods->xUnlock(f->real, level);
}

static int do_check_lock(sqlite3_file *base, int *out)
{
    struct file *f = file_of(base);

    return f->real->pMethods->xCheckReservedLock(f->real, out);
}

static int do_control(sqlite3_file *base, int op, void *arg)
{
    struct file *f = file_of(base);

    return f->real->pMethods->xFileControl(f->real, op, arg);
}

static int do_sector_size(sqlite3_file *base)
{
    struct file *f = file_of(base);

    return f->real->pMethods->xSectorSize(f->real);
}

static int do_traits(sqlite3_file *base)
{
    struct file *f = file_of(base);

    return f->real->pMethods->xDeviceCharacteristics(f->real);
}

static int do_shm_map(sqlite3_file *base, int region, int len, int extend, void volatile **out)
{
    struct file *f = file_of(base);

    return f->real->pMethods->xShmMap(f->real, region, len, extend, out);
}

static int do_shm_lock(sqlite3_file *base, int offset, int n, int flags)
{
    struct file *f = file_of(base);

    return f->real->pMethods->xShmLock(f->real, offset, n, flags);
}

static void do_shm_barrier(sqlite3_file *base)
{
    struct file *f = file_of(base);

    f->real->pMethods->xShmBarrier(f->real);
}

static int do_shm_unmap(sqlite3_file *base, int remove)
{
    struct file *f = file_of(base);

    return f->real->pMethods->xShmUnmap(f->real, remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = do_close,
    .xRead = do_read,
    .xWrite = do_write,
    .xTruncate = do_truncate,
    .xSync = do_sync,
    .xFileSize = do_file_size,
    .xLock = do_lock,
    .xUnlock = do_unlock,
    .xCheckReservedLock = do_check_lock,
    .xFileControl = do_control,
    .xSectorSize = do_sector_size,
    .xDeviceCharacteristics = do_traits,
    .xShmMap = do_shm_map,
    .xShmLock = do_shm_lock,
    .xShmBarrier = do_shm_barrier,
    .xShmUnmap = do_shm_unmap,
};

/* --- the VFS --------------------------------------------------------------------------------- */

static int do_open(sqlite3_vfs *v, const char *name, sqlite3_file *base, int flags, int *out)
{
    const int counted = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;
    struct file *f = file_of(base);
    int error = SQLITE_OK;

    (void)v;
    *f = (struct file){.real = (sqlite3_file *)(void *)(f + 1)};
    error = own->xOpen(own, name, f->real, flags, out);
    if (f->real->pMethods != NULL) {
        f->base.pMethods = &methods;
    }
    if (error == SQLITE_OK && name != NULL && (flags & counted) != 0) {
        f->disk = disk_of(name);
        f->disk = f->disk != NULL ? f->disk : new_disk(name);
    }
    return error;
}

/* A folder is never out of step with the disk. */
static int do_delete(sqlite3_vfs *v, const char *name, int sync)
{
    struct disk *disk = disk_of(name);

    (void)v;
    (void)sync;
    if (disk != NULL) {
        tell(&(struct vfs_op){.kind = VFS_DELETE, .path = disk->path});
        forget(disk);
    }
    return own->xDelete(own, name, 0);
}

void vfs_faults_begin(void)
{
    own = own != NULL ? own : sqlite3_vfs_find(NULL);
    vfs = *own;
    vfs.zName = "faults";
    vfs.szOsFile = (int)sizeof(struct file) + own->szOsFile;
    vfs.xOpen = do_open;
    vfs.xDelete = do_delete;
    vfs_faults = (struct vfs_faults){0};
    for (unsigned i = 0; i < DISKS; i++) {
        forget(&disks[i]);
    }
    if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK) {
        abort();
    }
}

void vfs_faults_end(void)
{
    (void)sqlite3_vfs_unregister(&vfs);
    (void)sqlite3_vfs_register(own, 1);
    for (unsigned i = 0; i < DISKS; i++) {
        forget(&disks[i]);
    }
}

void vfs_faults_cut(void)
{
    for (unsigned i = 0; i < DISKS; i++) {
        struct disk *disk = &disks[i];
        int fd = disk->path[0] == '\0' ? -1 : open(disk->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

        if (disk->path[0] == '\0') {
            continue;
        }
        if (fd < 0 || write(fd, disk->octets, (size_t)disk->len) != disk->len) {
            abort();
        }
        close(fd);
        memset(disk->dirty, 0, sizeof disk->dirty);
    }
}
