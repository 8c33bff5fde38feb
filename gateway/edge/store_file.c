#include "gateway/edge/store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/bytes.h"
#include "gateway/edge/store_sql.h"

#define HEAD_LEN       100u /* of a SQLite file: magic, ..., user_version, ..., application_id */
#define AT_VERSION     60u
#define AT_APPLICATION 68u
#define BAD_MOST       1000

static bool make_folders(const char *path)
{
    char folder[PATH_MAX];
    size_t len = strlen(path);

    if (len >= sizeof folder) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (size_t i = 1; i < len; i++) {
        if (path[i] != '/') {
            continue;
        }
        memcpy(folder, path, i);
        folder[i] = '\0';
        if (mkdir(folder, 0700) != 0 && errno != EEXIST && errno != EROFS && errno != EACCES) {
            return false;
        }
    }
    return true;
}

int gw_file_lock(const char *path, struct gw_fault *fault)
{
    int fd = make_folders(path) ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;

    if (fd < 0) {
        (void)gw_fail(fault, "store %s cannot be written: %s", path, strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        (void)gw_fail(fault, "store %s is in use by another sedge", path);
        (void)close(fd);
        return -1;
    }
    return fd;
}

enum gw_file_kind gw_file_kind_of(int fd)
{
    static const uint8_t magic[16] = "SQLite format 3";
    static const uint8_t zeros[HEAD_LEN] = {0};
    uint8_t head[HEAD_LEN] = {0};
    ssize_t len = pread(fd, head, sizeof head, 0);
    struct reader r = reader_of(span_of(head, sizeof head));
    bool is_sqlite = memcmp(head, magic, sizeof magic) == 0;
    uint32_t version = 0;
    uint32_t application = 0;

    (void)read_span(&r, AT_VERSION);
    version = read_u32(&r);
    (void)read_span(&r, AT_APPLICATION - AT_VERSION - 4);
    application = read_u32(&r);
    if (memcmp(head, zeros, sizeof head) == 0 ||
        (is_sqlite && len == sizeof head && application == 0 && version == 0)) {
        return GW_FILE_EMPTY;
    }
    if (len < (ssize_t)sizeof head) {
        return is_sqlite ? GW_FILE_DAMAGED : GW_FILE_FOREIGN;
    }
    if (application != GW_SQL_APPLICATION) {
        return GW_FILE_FOREIGN;
    }
    if (!is_sqlite) {
        return GW_FILE_DAMAGED;
    }
    return version > GW_SQL_VERSION ? GW_FILE_NEWER : GW_FILE_OURS;
}

/* PATH and `end`; a path of which this is too long has no such file. */
static bool name_beside(char name[PATH_MAX], const char *path, const char *end)
{
    int len = snprintf(name, PATH_MAX, "%s%s", path, end);

    return len > 0 && len < PATH_MAX;
}

static void unlink_beside(const char *path, const char *end)
{
    char name[PATH_MAX];

    if (name_beside(name, path, end)) {
        (void)unlink(name);
    }
}

/* With its WAL. */
static bool move(const char *from, const char *to)
{
    char wal_from[PATH_MAX];
    char wal_to[PATH_MAX];

    if (rename(from, to) != 0) {
        return false;
    }
    if (name_beside(wal_from, from, "-wal") && name_beside(wal_to, to, "-wal")) {
        (void)rename(wal_from, wal_to);
    }
    return true;
}

/* What was renamed in the folder of `path` is on the disk. */
static void sync_folder(const char *path)
{
    char folder[PATH_MAX] = ".";
    size_t len = strlen(path);
    int fd = -1;

    while (len > 0 && path[len - 1] != '/') {
        len--;
    }
    if (len > 0 && len < sizeof folder) {
        memcpy(folder, path, len);
        folder[len] = '\0';
    }
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
}

bool gw_file_set_aside(const char *path, char mending[PATH_MAX], struct gw_fault *fault)
{
    if (!name_beside(mending, path, ".mending")) {
        errno = ENAMETOOLONG;
    } else if (move(path, mending)) {
        unlink_beside(path, "-shm");
        return true;
    }
    return gw_fail(fault, "store %s is corrupt and cannot be set aside: %s", path, strerror(errno));
}

bool gw_file_put_back(const char *path)
{
    char mending[PATH_MAX];

    if (!name_beside(mending, path, ".mending") || access(mending, F_OK) != 0) {
        return false;
    }
    unlink_beside(path, "-wal");
    unlink_beside(path, "-shm");
    unlink_beside(path, "-journal"); /* SQLite would roll the old file back by it */
    return move(mending, path);
}

void gw_file_keep_bad(const char *path, char bad[PATH_MAX])
{
    char mending[PATH_MAX];
    int n = 1;

    do {
        (void)snprintf(bad, PATH_MAX, "%s.bad-%d", path, n);
        n++;
    } while (access(bad, F_OK) == 0 && n < BAD_MOST);
    if (name_beside(mending, path, ".mending") && move(mending, bad)) {
        sync_folder(path);
    }
}

uint64_t gw_file_disk_left(int fd)
{
    struct statvfs disk;

    return fstatvfs(fd, &disk) == 0 ? (uint64_t)disk.f_bavail * disk.f_frsize : UINT64_MAX / 2;
}
