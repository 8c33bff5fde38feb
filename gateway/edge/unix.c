#include "gateway/edge/unix.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 8

/* Takes a socket file away that nobody serves. False: somebody does, or it is no socket. */
static bool make_way(const struct sockaddr_un *at, struct gw_fault *fault)
{
    const struct sockaddr *addr = (const struct sockaddr *)(const void *)at;
    struct stat info;
    int fd = -1;
    bool served = false;

    if (lstat(at->sun_path, &info) != 0) {
        return true;
    }
    if (!S_ISSOCK(info.st_mode)) {
        return gw_fail(fault, "[gateway] control: %s is there and no socket", at->sun_path);
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    served = fd >= 0 && (connect(fd, addr, sizeof *at) == 0 || errno != ECONNREFUSED);
    if (fd >= 0) {
        (void)close(fd);
    }
    if (served) {
        return gw_fail(fault,
                       "[gateway] control: %s is in use by another gateway; give each its own",
                       at->sun_path);
    }
    (void)unlink(at->sun_path);
    return true;
}

/* False: errno says why. */
static bool listen_at(int fd, const struct sockaddr_un *at)
{
    const struct sockaddr *addr = (const struct sockaddr *)(const void *)at;

    return fd >= 0 && bind(fd, addr, sizeof *at) == 0 && chmod(at->sun_path, 0660) == 0 &&
           listen(fd, BACKLOG) == 0;
}

int gw_unix_listen(const char *path, struct gw_fault *fault)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = -1;

    _Static_assert(sizeof at.sun_path == GW_UNIX_PATH, "as the kernel has it");
    if (strlen(path) >= sizeof at.sun_path) {
        (void)gw_fail(fault, "[gateway] control: a path of a socket has at most %zu octets: %s",
                      sizeof at.sun_path - 1, path);
        return -1;
    }
    memcpy(at.sun_path, path, strlen(path));
    if (!make_way(&at, fault)) {
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (!listen_at(fd, &at)) {
        (void)gw_fail(fault, "[gateway] control: cannot listen at %s: %s", path, strerror(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        return -1;
    }
    return fd;
}
