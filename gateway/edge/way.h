/* gateway/edge/way.h - what stands on the socket of a way out, as the scheme of its URL says.
 *
 *     mqtt://  nothing    mqtts://  TLS    ws://  WebSocket    wss://  TLS, WebSocket on it
 */
#ifndef GATEWAY_EDGE_WAY_H
#define GATEWAY_EDGE_WAY_H

#include "gateway/edge/tls.h"
#include "gateway/edge/wire.h"

static inline bool gw_way_has_tls(enum conf_scheme scheme)
{
    return scheme == CONF_MQTTS || scheme == CONF_WSS;
}

static inline bool gw_way_has_ws(enum conf_scheme scheme)
{
    return scheme == CONF_WS || scheme == CONF_WSS;
}

/* Puts the stages for `to` on `wire` and has the first one speak; `tls` is not looked at without
 * TLS. The wire may be up at once. False: errno says why. */
bool gw_way_raise(struct gw_wire *wire, const struct conf_url *to, struct gw_tls_setup *tls);

#endif
