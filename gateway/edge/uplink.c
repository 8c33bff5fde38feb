#include "gateway/edge/uplink.h"

#include <errno.h>
#include <unistd.h>

void gw_uplink_hang_up(struct gw_uplink *uplink)
{
    gw_dial_stop(&uplink->dial);
    if (uplink->readable != NULL) {
        event_free(uplink->readable);
        uplink->readable = NULL;
    }
    if (uplink->writable != NULL) {
        event_free(uplink->writable);
        uplink->writable = NULL;
    }
    gw_tail_drop(&uplink->tail);
    if (uplink->fd >= 0) {
        (void)close(uplink->fd);
        uplink->fd = -1;
    }
}

static void lose(struct gw_uplink *uplink, const char *cause)
{
    gw_uplink_hang_up(uplink);
    hub_uplink_down(uplink->loop->hub, uplink->index, cause, gw_loop_now(uplink->loop));
    uplink->loop->again = true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct gw_uplink *uplink = arg;
    struct gw_loop *loop = uplink->loop;
    ssize_t len = recv(fd, loop->scratch, MQTT_SCRATCH, MSG_DONTWAIT);

    (void)what;
    if (len > 0) {
        hub_uplink_input(loop->hub, uplink->index, span_of(loop->scratch, (size_t)len),
                         gw_loop_now(loop));
    } else if (len == 0) {
        lose(uplink, "closed by the other side");
    } else if (errno != EAGAIN && errno != EINTR) {
        lose(uplink, strerrordesc_np(errno));
    }
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct gw_uplink *uplink = arg;

    (void)what;
    switch (gw_tail_flush(&uplink->tail, fd)) {
    case GW_SENT_ALL: (void)event_del(uplink->writable); break;
    case GW_SENT_PART: break;
    case GW_SENT_BROKEN: lose(uplink, strerrordesc_np(errno)); break;
    }
}

static void on_dialled(void *arg, int fd, const char *cause)
{
    struct gw_uplink *uplink = arg;
    struct event_base *base = uplink->loop->base;

    if (fd < 0) {
        lose(uplink, cause);
        return;
    }
    uplink->fd = fd;
    uplink->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, uplink);
    uplink->writable = event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, uplink);
    if (uplink->readable == NULL || uplink->writable == NULL ||
        event_add(uplink->readable, NULL) != 0) {
        lose(uplink, "no memory");
        return;
    }
    hub_uplink_up(uplink->loop->hub, uplink->index, gw_loop_now(uplink->loop));
}

void gw_uplink_dial(struct gw_uplink *uplink, size_t url)
{
    const struct conf_url *to = &uplink->conf->url.at[url];

    gw_uplink_hang_up(uplink);
    gw_dial_start(&uplink->dial, to->host, to->port);
}

void gw_uplink_output(struct gw_uplink *uplink)
{
    struct gw_loop *loop = uplink->loop;
    struct mqtt_out out;

    while (uplink->fd >= 0 && gw_tail_is_empty(&uplink->tail) &&
           hub_uplink_output(loop->hub, uplink->index, &out, loop->scratch, gw_loop_now(loop))) {
        switch (gw_tail_send(&uplink->tail, uplink->fd, &out)) {
        case GW_SENT_ALL: break;
        case GW_SENT_PART: (void)event_add(uplink->writable, NULL); break;
        case GW_SENT_BROKEN: lose(uplink, strerrordesc_np(errno)); return;
        }
        if (out.close) {
            lose(uplink, "closed");
        }
    }
}

bool gw_uplink_init(struct gw_uplink *uplink, struct gw_loop *loop, size_t index,
                    const struct conf_upstream *conf)
{
    *uplink = (struct gw_uplink){.loop = loop, .conf = conf, .index = index, .fd = -1};
    return gw_dial_init(&uplink->dial, loop, on_dialled, uplink);
}

void gw_uplink_fini(struct gw_uplink *uplink)
{
    if (uplink->loop != NULL) {
        gw_uplink_hang_up(uplink);
        gw_dial_fini(&uplink->dial);
    }
    *uplink = (struct gw_uplink){.fd = -1};
}
