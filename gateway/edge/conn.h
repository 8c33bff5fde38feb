/* gateway/edge/conn.h - one MQTT connection's socket: octets in, octets out, its tail.
 *
 * Ownership: made by gw_conn_new, gone by itself when either side closes.
 */
#ifndef GATEWAY_EDGE_CONN_H
#define GATEWAY_EDGE_CONN_H

#include "gateway/edge/tcp.h"

struct gw_conn {
    struct list in_tcp;
    struct gw_tcp *tcp;
    struct mqtt_conn *mqtt;
    struct event *readable;
    struct event *writable;
    struct gw_tail tail;
    int fd;
    bool reading; /* false while the broker is owed answers */
};

/* Takes `fd`; closes it when there is no room for it. */
void gw_conn_new(const struct gw_port_of_broker *port, int fd, const union gw_addr *from);

/* Sends what the broker says; the connection may be gone afterwards. */
void gw_conn_send(struct gw_conn *conn, const struct mqtt_out *out);

/* Frees it without a word to the broker. */
void gw_conn_free(struct gw_conn *conn);

#endif
