#include "gateway/edge/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

uint64_t gw_reserve_size(uint64_t min_free)
{
    return min_free / 2 < GW_RESERVE_MOST ? min_free / 2 : GW_RESERVE_MOST;
}

void gw_reserve_init(struct gw_reserve *reserve, const char *store_path, uint64_t min_free)
{
    int len = snprintf(reserve->path, sizeof reserve->path, "%s-reserve", store_path);

    reserve->held = false;
    reserve->size = 0;
    if (len > 0 && (size_t)len < sizeof reserve->path) {
        reserve->size = gw_reserve_size(min_free);
        (void)unlink(reserve->path);
    }
}

/* 0, or an errno. */
static int fill(const struct gw_reserve *reserve)
{
    int fd = open(reserve->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    int error = fd < 0 ? errno : posix_fallocate(fd, 0, (off_t)reserve->size);

    if (fd >= 0) {
        (void)close(fd);
    }
    return error;
}

bool gw_reserve_take(struct gw_reserve *reserve, uint64_t left)
{
    int error = 0;

    if (reserve->held || reserve->size == 0) {
        return true;
    }
    if (left < reserve->size) {
        return false;
    }
    error = fill(reserve);
    if (error == 0) {
        reserve->held = true;
        return true;
    }
    (void)unlink(reserve->path);
    if (error != ENOSPC && error != EDQUOT) {
        reserve->size = 0; /* not a matter of room: none can be had */
    }
    return reserve->size == 0;
}

bool gw_reserve_give_up(struct gw_reserve *reserve)
{
    bool held = reserve->held;

    if (held) {
        (void)unlink(reserve->path);
    }
    reserve->held = false;
    return held;
}
