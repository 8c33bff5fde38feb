/* tests/system/serial_pty.c - loaded before the C library: ptys are ports to libserialport.
 *
 * It looks for a device in sysfs, where no pty is, and asks for modem lines, of which a pty has
 * none. Here it finds one, and none of them is up.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

int __lxstat(int version, const char *path, struct stat *out);
int is_pty(const char *path);

int is_pty(const char *path)
{
    static const char ptys[] = "/sys/class/tty/pts/";

    return strncmp(path, ptys, sizeof ptys - 1) == 0;
}

/* What lstat is in programs of before glibc 2.33. */
int __lxstat(int version, const char *path, struct stat *out)
{
    (void)version;
    memset(out, 0, sizeof *out);
    out->st_mode = S_IFLNK;
    return is_pty(path) ? 0 : fstatat(AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW);
}

ssize_t readlink(const char *path, char *out, size_t size)
{
    static const char pty[] = "../../devices/virtual/tty/pty";

    if (!is_pty(path)) {
        return readlinkat(AT_FDCWD, path, out, size);
    }
    memcpy(out, pty, size < sizeof pty ? size : sizeof pty);
    return (ssize_t)(size < sizeof pty ? size : sizeof pty) - 1;
}

int ioctl(int fd, unsigned long request, ...)
{
    int (*next)(int, unsigned long, void *) = NULL;
    void *arg = NULL;
    va_list more;

    va_start(more, request);
    arg = va_arg(more, void *);
    va_end(more);
    switch (request) {
    case TIOCMGET: memset(arg, 0, sizeof(int)); return 0;
    case TIOCMSET:
    case TIOCMBIS:
    case TIOCMBIC: return 0;
    default: break;
    }
    *(void **)(void *)&next = dlsym(RTLD_NEXT, "ioctl");
    return next(fd, request, arg);
}
