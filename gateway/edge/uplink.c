#include "gateway/edge/uplink.h"

#include <errno.h>

static struct gw_uplink *uplink_of(struct gw_wire *wire)
{
    return (struct gw_uplink *)(void *)((char *)wire - offsetof(struct gw_uplink, wire));
}

void gw_uplink_hang_up(struct gw_uplink *uplink)
{
    gw_dial_stop(&uplink->dial);
    gw_wire_fini(&uplink->wire);
    uplink->connected = false;
}

static void lose(struct gw_uplink *uplink, const char *cause)
{
    hub_uplink_down(uplink->loop->hub, uplink->index, cause, gw_loop_now(uplink->loop));
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
    (void)wire; /* gw_uplink_output looks itself */
}

static void on_over(struct gw_wire *wire, const char *cause)
{
    lose(uplink_of(wire), cause != NULL ? cause : "closed by the other side");
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
    uplink->connected = true;
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
        .wires = wires, .input = on_input, .moved = on_moved, .over = on_over};
    return gw_dial_init(&uplink->dial, wires->loop, on_dialled, uplink);
}

void gw_uplink_fini(struct gw_uplink *uplink)
{
    if (uplink->loop != NULL) {
        gw_uplink_hang_up(uplink);
        gw_dial_fini(&uplink->dial);
    }
    *uplink = (struct gw_uplink){.loop = NULL};
}
