/* gateway/edge/door.h - what a [broker] transport puts between a socket and MQTT. */
#ifndef GATEWAY_EDGE_DOOR_H
#define GATEWAY_EDGE_DOOR_H

#include "config/conf.h"
#include "gateway/edge/stage.h"
#include "gateway/edge/wire.h"

struct gw_port_of_broker;

struct gw_door {
    const char *carries; /* for the log */
    /* Makes the stages of a connection, GW_WIRE_STAGES at most; returns their count, 0: no memory.
     * NULL: it has none. */
    size_t (*stages)(const struct gw_port_of_broker *port, struct gw_stage *at[]);
    /* Who the stage next to the socket says the other side is. NULL: nobody. */
    struct span (*identity)(const struct gw_stage *stage);
    bool shakes; /* one of [limits] handshakes until the stage next to the socket is up */
};

const struct gw_door *gw_door_of(enum conf_transport transport);

#endif
