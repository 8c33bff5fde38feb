/* gateway/edge/addr.h - addresses of the kernel, of gateway.conf and of the gate, one to another.
 *
 * struct sn_peer.addr of a datagram holds
 *
 *     IPv4   a b c d                port port bind          7 octets
 *     IPv6   sixteen octets         port port bind         19 octets
 *     IPv6   sixteen octets         port port bind scope*4 23 octets, link-local alone
 *
 * port most significant octet first; bind the number of a place of the listener: a socket, and of a
 * wildcard one the address, so that the answer leaves from where it was asked.
 */
#ifndef GATEWAY_EDGE_ADDR_H
#define GATEWAY_EDGE_ADDR_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "config/value.h"
#include "sn/gate.h"

#define GW_ADDR_TEXT 64u /* "[address%scope]:port" and its NUL */

union gw_addr {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

socklen_t gw_addr_len(const union gw_addr *addr);

/* Its 4 or 16 octets. */
struct span gw_addr_ip(const union gw_addr *addr);

/* Fills addr, addr_len and near of `peer`. */
void gw_addr_pack(struct sn_peer *peer, const union gw_addr *addr, uint8_t bind);

/* The reverse; returns the number of the socket. `peer` is one that gw_addr_pack made. */
uint8_t gw_addr_unpack(const struct sn_peer *peer, union gw_addr *addr);

void gw_addr_of_conf(union gw_addr *addr, const struct conf_address *conf);

/* "10.0.0.1:1884", "[fe80::1%2]:1884" */
void gw_addr_print(const union gw_addr *addr, char text[GW_ADDR_TEXT]);

bool gw_addr_is_loopback(const union gw_addr *addr);

/* Loopback, link-local, private (RFC 1918, 100.64/10, fc00::/7): what `auth = open` serves. */
bool gw_addr_is_local(const union gw_addr *addr);

#endif
