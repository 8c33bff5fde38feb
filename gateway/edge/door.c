#include "gateway/edge/door.h"

#include "gateway/edge/tcp.h"
#include "gateway/edge/ws.h"

static struct budget *budget_of(const struct gw_port_of_broker *port)
{
    return hub_budget(port->tcp->loop->hub);
}

static size_t ws_alone(const struct gw_port_of_broker *port, struct gw_stage *at[])
{
    at[0] = gw_ws_accept(port->conf->path, budget_of(port));
    return at[0] == NULL ? 0 : 1;
}

static size_t tls_alone(const struct gw_port_of_broker *port, struct gw_stage *at[])
{
    size_t i = (size_t)(port - port->tcp->ports);

    at[0] = gw_tls_accept(gw_certs_broker(port->tcp->certs, i), budget_of(port));
    return at[0] == NULL ? 0 : 1;
}

static size_t ws_in_tls(const struct gw_port_of_broker *port, struct gw_stage *at[])
{
    if (tls_alone(port, at) == 0 || ws_alone(port, at + 1) == 0) {
        gw_stage_free(at[0]);
        return 0;
    }
    return 2;
}

const struct gw_door *gw_door_of(enum conf_transport transport)
{
    static const struct gw_door doors[] = {
        [CONF_TCP] = {.carries = "MQTT"},
        [CONF_TLS] = {"MQTT in TLS", tls_alone, gw_tls_identity, true},
        [CONF_TCP_WS] = {.carries = "MQTT over WebSocket", .stages = ws_alone},
        [CONF_TLS_WS] = {"MQTT over WebSocket in TLS", ws_in_tls, gw_tls_identity, true},
    };

    return &doors[transport];
}
