/* gateway/edge/tcp.h - the ports of [broker] and the connections that came in by them.
 *
 * Octets go from the socket to mqtt_broker_input and from mqtt_broker_output to the socket; one
 * read for each readiness, one write for each connection and turn.
 *
 * Ownership: a connection lives from accept until it is closed here; the broker's half goes with
 * it. Limits: the broker says how many connections there may be. Where the process or the machine
 * has no more descriptors, accepting pauses until a connection ends or GW_TCP_PAUSE_MS have passed.
 */
#ifndef GATEWAY_EDGE_TCP_H
#define GATEWAY_EDGE_TCP_H

#include "base/pool.h"
#include "gateway/edge/certs.h"
#include "gateway/edge/door.h"
#include "gateway/edge/hall.h"
#include "gateway/edge/rate.h"

#define GW_TCP_BACKLOG  1024
#define GW_TCP_ACCEPTS  64 /* of one port in one turn */
#define GW_TCP_PAUSE_MS 250u
#define GW_TCP_TELL_MS  1000u /* between two log lines about refused connections */
#define GW_TCP_HELD     1024u /* connections beyond [limits] clients, their stages coming up */

struct gw_tcp;

struct gw_port_of_broker {
    struct gw_tcp *tcp;
    const struct conf_broker *conf;
    struct event *acceptable;
    union gw_addr bound;
    int fd;
    const struct gw_door *door;
};

struct gw_tcp {
    struct gw_loop *loop;
    struct gw_certs *certs;
    struct gw_port_of_broker *ports;
    size_t port_count;
    struct event *resume; /* accepting pauses until then */
    bool paused;
    struct list conns; /* struct gw_conn */
    struct pool room;  /* their cells */
    struct gw_wire_user user;
    struct gw_hall hall;
    struct gw_rate rate;
    uint64_t refused; /* by rate */
    uint64_t refused_told;
    uint64_t told_ms;
};

/* Opens a port for each [broker]. `certs` are not looked at before a connection comes. */
bool gw_tcp_init(struct gw_tcp *tcp, struct gw_wires *wires, struct gw_certs *certs,
                 const struct conf *conf, struct gw_fault *fault);

/* Closes all sockets without a word to the broker: what is stored stays as it is. */
void gw_tcp_fini(struct gw_tcp *tcp);

/* Sends what the broker has to say. */
void gw_tcp_output(struct gw_tcp *tcp);

/* Accepts no more. */
void gw_tcp_stop(struct gw_tcp *tcp);

/* Another configuration with the same ports: what is read at each connection is read there. */
void gw_tcp_use(struct gw_tcp *tcp, const struct conf *conf);

#endif
