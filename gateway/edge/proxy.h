/* gateway/edge/proxy.h - how a proxy is asked for a way to a broker: octets in, octets out.
 *
 *     HTTP CONNECT [RFC 9110, 9.3.6; login: RFC 7617]         SOCKS 5 [RFC 1928; login: RFC 1929]
 *
 *     -> CONNECT HOST:PORT HTTP/1.1                           -> 05 n methods            00 none,
 *        Host: HOST:PORT                                      <- 05 method               02 login,
 *        Proxy-Authorization: Basic ...                                                  FF refused
 *                                                             -> 01 n user n password
 *     <- HTTP/1.x 2xx ...                                     <- 01 status               00 good
 *                                                             -> 05 01 00 type address port
 *                                                             <- 05 reply 00 type address port
 *
 *     type: 01 IPv4, 4 octets; 03 a name, its length first; 04 IPv6, 16 octets. port: 2 octets
 *
 * OPENING until the proxy has answered, then UP, and the socket is as one to the broker; or OVER,
 * and `cause` says why. Names are looked up by the proxy. What it sends after its answer belongs to
 * the broker, which has nothing to say before it was spoken to: who reads it treats it as an error.
 *
 * Ownership: texts are copied; gw_proxy_fini wipes the login.
 * Limits: an HTTP answer has GW_WS_HEAD_MOST octets at most, one of SOCKS 262.
 */
#ifndef GATEWAY_EDGE_PROXY_H
#define GATEWAY_EDGE_PROXY_H

#include "config/value.h"
#include "gateway/edge/stage.h"
#include "gateway/edge/ws_head.h"

#define GW_PROXY_SAYS 2048u /* octets, all that we say to one */

enum gw_proxy_step { GW_PROXY_HTTP, GW_PROXY_METHOD, GW_PROXY_LOGIN, GW_PROXY_REPLY };

struct gw_proxy {
    enum gw_stage_state state;
    enum gw_proxy_step step; /* the answer that is waited for */
    const char *cause;       /* of OVER; lives as long as the struct */
    bool has_login;
    size_t ends[3]; /* in `says`: of greeting, login and request; of HTTP one */
    size_t said;    /* of these */
    size_t due;
    uint8_t says[GW_PROXY_SAYS];
    struct budget budget;        /* of the head */
    struct gw_ws_collector head; /* HTTP */
    uint8_t answer[262];         /* SOCKS */
    size_t answer_len;
    char words[160]; /* `cause`, where it is not static */
};

/* `host`: of the broker, a name or an address without brackets; at most 255 octets, as the
 * configuration has them. */
void gw_proxy_init(struct gw_proxy *proxy, const struct conf_proxy *conf, const char *host,
                   uint16_t port);
void gw_proxy_fini(struct gw_proxy *proxy);

/* Takes from *octets what is the proxy's answer, and no more. */
void gw_proxy_input(struct gw_proxy *proxy, struct span *octets);

/* What is to be sent now; empty: nothing. */
struct span gw_proxy_output(struct gw_proxy *proxy);

#endif
