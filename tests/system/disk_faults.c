/* tests/system/disk_faults.c - loaded before the C library: a disk that fails while a file says so.
 *
 * The file is named by DISK_FAULTS. While it holds "read-only", nothing can be written at a place
 * of a file, as SQLite writes; while it holds "sync", what is written never reaches the disk.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ssize_t pwrite64(int fd, const void *from, size_t len, off64_t at);
int ftruncate64(int fd, off64_t len);

static int says(const char *fault)
{
    const char *path = getenv("DISK_FAULTS");
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    char text[16] = "";

    if (fd >= 0) {
        (void)!read(fd, text, sizeof text - 1);
        close(fd);
    }
    return strcmp(text, fault) == 0;
}

static int refuse(int error)
{
    errno = error;
    return -1;
}

ssize_t pwrite64(int fd, const void *from, size_t len, off64_t at)
{
    static ssize_t (*next)(int, const void *, size_t, off64_t);

    *(void **)&next = dlsym(RTLD_NEXT, "pwrite64");
    return says("read-only") ? refuse(EROFS) : next(fd, from, len, at);
}

ssize_t pwrite(int fd, const void *from, size_t len, off_t at)
{
    return pwrite64(fd, from, len, at);
}

int ftruncate64(int fd, off64_t len)
{
    static int (*next)(int, off64_t);

    *(void **)&next = dlsym(RTLD_NEXT, "ftruncate64");
    return says("read-only") ? refuse(EROFS) : next(fd, len);
}

int ftruncate(int fd, off_t len)
{
    return ftruncate64(fd, len);
}

int fdatasync(int fd)
{
    static int (*next)(int);

    *(void **)&next = dlsym(RTLD_NEXT, "fdatasync");
    return says("sync") ? refuse(EIO) : next(fd);
}

int fsync(int fd)
{
    static int (*next)(int);

    *(void **)&next = dlsym(RTLD_NEXT, "fsync");
    return says("sync") ? refuse(EIO) : next(fd);
}
