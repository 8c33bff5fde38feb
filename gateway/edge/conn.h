/* gateway/edge/conn.h - one MQTT connection that came in: a wire on one side, the broker on the
 * other.
 *
 * Ownership: made by gw_conn_new, gone by itself when either side closes.
 */
#ifndef GATEWAY_EDGE_CONN_H
#define GATEWAY_EDGE_CONN_H

#include "gateway/edge/tcp.h"
#include "gateway/edge/wire.h"

/* There are thousands of these: what only some need stands elsewhere. */
struct gw_conn {
    struct gw_wire wire;
    struct list in_tcp;
    const struct gw_port_of_broker *port;
    union {
        struct gw_held *held;   /* while the wire's user is the hall */
        struct mqtt_conn *mqtt; /* from then on */
    };
};

/* Makes `user` one whose wires are of connections. */
void gw_conn_use(struct gw_wire_user *user, struct gw_wires *wires);

/* Takes `fd`; closes it when there is no room for it. */
void gw_conn_new(const struct gw_port_of_broker *port, int fd, const union gw_addr *from);

/* Hands it to the broker, whose it is then; false: no room, and nothing changed. */
bool gw_conn_admit(struct gw_conn *conn, struct mqtt_entrance *entrance);

/* Closes it and tells the broker, if that has it. */
void gw_conn_end(struct gw_conn *conn);

/* Sends what the broker says; the connection may be gone afterwards. */
void gw_conn_send(struct gw_conn *conn, const struct mqtt_out *out);

/* Frees it without a word to the broker. */
void gw_conn_free(struct gw_conn *conn);

#endif
