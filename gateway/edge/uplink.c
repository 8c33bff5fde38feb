#include "gateway/edge/uplink.h"

#include <errno.h>

#include "base/text.h"
#include "gateway/edge/clock.h"
#include "gateway/edge/ws.h"

static struct gw_uplink *uplink_of(struct gw_wire *wire)
{
    return (struct gw_uplink *)(void *)((char *)wire - offsetof(struct gw_uplink, wire));
}

void gw_uplink_hang_up(struct gw_uplink *uplink)
{
    gw_dial_stop(&uplink->dial);
    if (uplink->late != NULL) {
        (void)event_del(uplink->late);
    }
    gw_wire_fini(&uplink->wire);
    uplink->connected = false;
}

/* The cause may lie in a stage, which ends here. */
static void lose(struct gw_uplink *uplink, const char *cause)
{
    struct writer w = writer_of((uint8_t *)uplink->cause, sizeof uplink->cause);

    write_text(&w, cause);
    write_end(&w);
    hub_uplink_down(uplink->loop->hub, uplink->index, uplink->cause, gw_loop_now(uplink->loop));
    gw_uplink_hang_up(uplink);
    uplink->loop->again = true;
}

static void on_input(struct gw_wire *wire, struct span octets)
{
    struct gw_uplink *uplink = uplink_of(wire);

    hub_uplink_input(uplink->loop->hub, uplink->index, octets, gw_loop_now(uplink->loop));
}

static void on_moved(struct gw_wire *wire)
{
    struct gw_uplink *uplink = uplink_of(wire); /* gw_uplink_output looks itself for what is next */

    hub_uplink_moved(uplink->loop->hub, uplink->index, gw_loop_now(uplink->loop));
}

static void on_over(struct gw_wire *wire, const char *cause)
{
    lose(uplink_of(wire), cause != NULL ? cause : "closed by the other side");
}

static bool on_up(struct gw_wire *wire)
{
    struct gw_uplink *uplink = uplink_of(wire);

    if (gw_wire_is_up(wire)) {
        (void)event_del(uplink->late);
        uplink->connected = true;
        hub_uplink_up(uplink->loop->hub, uplink->index, gw_loop_now(uplink->loop));
    }
    return true;
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    lose(arg, "the server takes connections, and does not answer");
}

/* The client speaks first. */
static bool raise_stages(struct gw_uplink *uplink)
{
    struct gw_stage *stage = gw_ws_connect(uplink->to->host, uplink->to->port, uplink->to->path,
                                           gw_clock_seed(), hub_budget(uplink->loop->hub));

    if (stage == NULL || !gw_wire_raise(&uplink->wire, &stage, 1)) {
        errno = ENOMEM;
        return false;
    }
    gw_loop_after(uplink->late, GW_DIAL_STAGE_MS);
    return gw_wire_speak(&uplink->wire);
}

static void on_dialled(void *arg, int fd, const char *cause)
{
    struct gw_uplink *uplink = arg;

    if (fd < 0) {
        lose(uplink, cause);
        return;
    }
    if (!gw_wire_init(&uplink->wire, &uplink->user, fd)) {
        lose(uplink, "no memory");
        return;
    }
    if (uplink->to->scheme != CONF_MQTT && !raise_stages(uplink)) {
        lose(uplink, strerrordesc_np(errno));
        return;
    }
    if (gw_wire_is_up(&uplink->wire)) {
        (void)on_up(&uplink->wire);
    }
}

void gw_uplink_dial(struct gw_uplink *uplink, size_t url)
{
    gw_uplink_hang_up(uplink);
    uplink->to = &uplink->conf->url.at[url];
    gw_dial_start(&uplink->dial, uplink->to->host, uplink->to->port);
}

void gw_uplink_output(struct gw_uplink *uplink)
{
    struct gw_loop *loop = uplink->loop;
    struct mqtt_out out;

    while (uplink->connected && !gw_wire_waits(&uplink->wire) &&
           hub_uplink_output(loop->hub, uplink->index, &out, loop->scratch, gw_loop_now(loop))) {
        if (gw_wire_send(&uplink->wire, &out) == GW_SENT_BROKEN) {
            lose(uplink, strerrordesc_np(errno));
            return;
        }
        if (out.close) {
            gw_wire_part(&uplink->wire);
            lose(uplink, "closed");
        }
    }
}

bool gw_uplink_init(struct gw_uplink *uplink, struct gw_wires *wires, size_t index,
                    const struct conf_upstream *conf)
{
    *uplink = (struct gw_uplink){.loop = wires->loop, .conf = conf, .index = index};
    uplink->user = (struct gw_wire_user){
        .wires = wires, .up = on_up, .input = on_input, .moved = on_moved, .over = on_over};
    uplink->late = evtimer_new(wires->loop->base, on_late, uplink);
    return uplink->late != NULL && gw_dial_init(&uplink->dial, wires->loop, on_dialled, uplink);
}

void gw_uplink_fini(struct gw_uplink *uplink)
{
    if (uplink->loop != NULL) {
        gw_uplink_hang_up(uplink);
        gw_dial_fini(&uplink->dial);
    }
    if (uplink->late != NULL) {
        event_free(uplink->late);
    }
    *uplink = (struct gw_uplink){.loop = NULL};
}
