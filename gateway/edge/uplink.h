/* gateway/edge/uplink.h - the socket of one uplink of the hub: dialled when the hub says so, then
 * octets.
 *
 * The hub owns reconnecting and its delays; this dials once for each HUB_DIAL and tells the end.
 */
#ifndef GATEWAY_EDGE_UPLINK_H
#define GATEWAY_EDGE_UPLINK_H

#include "gateway/edge/certs.h"
#include "gateway/edge/command.h"
#include "gateway/edge/dial.h"
#include "gateway/edge/token.h"
#include "gateway/edge/wire.h"

struct gw_uplink {
    struct gw_loop *loop;
    struct gw_certs *certs;
    const struct conf_upstream *conf;
    size_t index;
    struct gw_tls_setup *own; /* of this connection: its files are templates; else NULL */
    struct gw_dial dial;
    struct gw_wire_user user;
    struct gw_wire wire;
    struct event *late; /* its stages have had their time */
    size_t url;         /* number of the one dialled last */
    const struct conf_url *to;
    struct gw_command command; /* that prints its password */
    uint64_t password_line;    /* where that stands */
    struct gw_token token;     /* of this connection */
    bool connected;            /* the wire is up */
    char cause[320];           /* why it was lost last */
};

/* `certs` are not looked at before it is dialled. */
bool gw_uplink_init(struct gw_uplink *uplink, struct gw_wires *wires, struct gw_certs *certs,
                    size_t index);
void gw_uplink_fini(struct gw_uplink *uplink);

/* The hub has another configuration, with the same upstreams; what is under way goes on. */
void gw_uplink_use(struct gw_uplink *uplink, const struct conf *conf);

/* HUB_DIAL: connects to url number `url` of what the hub has for it in `conf`. */
void gw_uplink_dial(struct gw_uplink *uplink, const struct conf *conf, size_t url);

/* HUB_HANGUP: closes without a word to the hub. */
void gw_uplink_hang_up(struct gw_uplink *uplink);

/* Sends what the hub has for it, so much in one turn that no other waits long: the rest with the
 * next. */
#define GW_UPLINK_OUTPUTS 16u
void gw_uplink_output(struct gw_uplink *uplink);

#endif
