#include "gateway/edge/wires.h"

#include <errno.h>
#include <unistd.h>

#include "base/pool.h"
#include "gateway/edge/wire.h"

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    struct gw_wires *wires = arg;

    (void)what;
    wires->count = epoll_wait(fd, wires->batch, GW_WIRES_BATCH, 0);
    for (wires->next = 0; wires->next < wires->count;) {
        const struct epoll_event *event = &wires->batch[wires->next++];

        if (event->data.ptr != NULL) {
            gw_wire_ready(event->data.ptr, event->events);
        }
    }
    wires->count = 0;
}

bool gw_wires_init(struct gw_wires *wires, struct gw_loop *loop, struct gw_fault *fault)
{
    *wires = (struct gw_wires){.loop = loop, .fd = epoll_create1(EPOLL_CLOEXEC)};
    if (wires->fd < 0) {
        return gw_fail(fault, "epoll: %s", strerror(errno));
    }
    wires->room = reserve(GW_WIRE_ROOM);
    wires->ready = event_new(loop->base, wires->fd, EV_READ | EV_PERSIST, on_ready, wires);
    return (wires->room != NULL && wires->ready != NULL && event_add(wires->ready, NULL) == 0) ||
           gw_fail(fault, "no memory");
}

void gw_wires_fini(struct gw_wires *wires)
{
    if (wires->loop == NULL) {
        return;
    }
    if (wires->ready != NULL) {
        event_free(wires->ready);
    }
    if (wires->fd >= 0) {
        (void)close(wires->fd);
    }
    release(wires->room);
    *wires = (struct gw_wires){.fd = -1};
}

bool gw_wires_watch(struct gw_wires *wires, struct gw_wire *wire, uint32_t was, uint32_t what)
{
    struct epoll_event event = {.events = what, .data.ptr = wire};
    int how = was == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

    if (was == what) {
        return true;
    }
    /* Watched for nothing it would still be reported when the other side is gone, for ever. */
    return epoll_ctl(wires->fd, what == 0 ? EPOLL_CTL_DEL : how, wire->fd, &event) == 0;
}

void gw_wires_forget(struct gw_wires *wires, const struct gw_wire *wire)
{
    for (int i = wires->next; i < wires->count; i++) {
        if (wires->batch[i].data.ptr == wire) {
            wires->batch[i].data.ptr = NULL;
        }
    }
}
