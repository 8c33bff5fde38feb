#include "gateway/edge/door.h"

#include "gateway/edge/tcp.h"
#include "gateway/edge/ws.h"

static struct budget *budget_of(const struct gw_port_of_broker *port)
{
    return hub_budget(port->tcp->loop->hub);
}

static size_t ws_alone(const struct gw_port_of_broker *port, struct gw_stage *at[GW_WIRE_STAGES])
{
    at[0] = gw_ws_accept(port->conf->path, budget_of(port));
    return at[0] == NULL ? 0 : 1;
}

const struct gw_door *gw_door_of(enum conf_transport transport)
{
    static const struct gw_door doors[] = {
        [CONF_TCP] = {.carries = "MQTT"},
        [CONF_TCP_WS] = {.carries = "MQTT over WebSocket", .stages = ws_alone},
    };

    return &doors[transport];
}
