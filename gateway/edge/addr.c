#include "gateway/edge/addr.h"

#include <arpa/inet.h>
#include <stdio.h>

#define V4_LEN       7u
#define V6_SCOPE_LEN 23u

socklen_t gw_addr_len(const union gw_addr *addr)
{
    return addr->any.sa_family == AF_INET ? sizeof addr->v4 : sizeof addr->v6;
}

struct span gw_addr_ip(const union gw_addr *addr)
{
    return addr->any.sa_family == AF_INET ? span_of(&addr->v4.sin_addr, 4)
                                          : span_of(&addr->v6.sin6_addr, 16);
}

static in_port_t port_of(const union gw_addr *addr)
{
    return addr->any.sa_family == AF_INET ? addr->v4.sin_port : addr->v6.sin6_port;
}

void gw_addr_pack(struct sn_peer *peer, const union gw_addr *addr, uint8_t bind)
{
    struct writer w = writer_of(peer->addr, sizeof peer->addr);

    write_span(&w, gw_addr_ip(addr));
    write_u16(&w, ntohs(port_of(addr)));
    write_u8(&w, bind);
    if (addr->any.sa_family == AF_INET6 && addr->v6.sin6_scope_id != 0) {
        write_u32(&w, addr->v6.sin6_scope_id);
    }
    peer->addr_len = (uint8_t)written(&w);
    peer->near = gw_addr_is_loopback(addr);
}

uint8_t gw_addr_unpack(const struct sn_peer *peer, union gw_addr *addr)
{
    struct reader r = reader_of(span_of(peer->addr, peer->addr_len));
    struct span ip = read_span(&r, peer->addr_len == V4_LEN ? 4 : 16);
    in_port_t port = htons(read_u16(&r));
    uint8_t bind = read_u8(&r);

    *addr = (union gw_addr){.v6 = {0}};
    if (ip.len == 4) {
        addr->v4.sin_family = AF_INET;
        addr->v4.sin_port = port;
        memcpy(&addr->v4.sin_addr, ip.at, 4);
    } else if (ip.len == 16) {
        addr->v6.sin6_family = AF_INET6;
        addr->v6.sin6_port = port;
        memcpy(&addr->v6.sin6_addr, ip.at, 16);
        addr->v6.sin6_scope_id = peer->addr_len == V6_SCOPE_LEN ? read_u32(&r) : 0;
    }
    return bind;
}

void gw_addr_of_conf(union gw_addr *addr, const struct conf_address *conf)
{
    *addr = (union gw_addr){.v6 = {0}};
    if (conf->ip_len == 4) {
        addr->v4.sin_family = AF_INET;
        addr->v4.sin_port = htons(conf->port);
        memcpy(&addr->v4.sin_addr, conf->ip, 4);
    } else {
        addr->v6.sin6_family = AF_INET6;
        addr->v6.sin6_port = htons(conf->port);
        memcpy(&addr->v6.sin6_addr, conf->ip, 16);
    }
}

void gw_addr_print(const union gw_addr *addr, char text[GW_ADDR_TEXT])
{
    char ip[INET6_ADDRSTRLEN] = "?";
    char scope[16] = "";
    bool is_v6 = addr->any.sa_family == AF_INET6;

    (void)inet_ntop(addr->any.sa_family, gw_addr_ip(addr).at, ip, sizeof ip);
    if (is_v6 && addr->v6.sin6_scope_id != 0) {
        (void)snprintf(scope, sizeof scope, "%%%u", addr->v6.sin6_scope_id);
    }
    (void)snprintf(text, GW_ADDR_TEXT, is_v6 ? "[%s%s]:%u" : "%s%s:%u", ip, scope,
                   (unsigned)ntohs(port_of(addr)));
}

/* True when the first `bits` bits of both are equal. */
static bool prefix_is(const uint8_t *ip, const uint8_t *net, unsigned bits)
{
    unsigned rest = bits % 8;

    for (unsigned i = 0; i < bits / 8; i++) { /* the first tells most apart */
        if (ip[i] != net[i]) {
            return false;
        }
    }
    return rest == 0 || (ip[bits / 8] ^ net[bits / 8]) >> (8 - rest) == 0;
}

static const struct net {
    uint8_t ip[16];
    uint8_t len;
    uint8_t bits;
} loopbacks[] =
    {
        {{127}, 4, 8},
        {{[15] = 1}, 16, 128},
},
  locals[] = {
      {{10}, 4, 8},        {{172, 16}, 4, 12},     {{192, 168}, 4, 16}, {{100, 64}, 4, 10},
      {{169, 254}, 4, 16}, {{0xFE, 0x80}, 16, 10}, {{0xFC}, 16, 7},
};

static bool is_in(const union gw_addr *addr, const struct net *nets, size_t count)
{
    struct span ip = gw_addr_ip(addr);

    for (size_t i = 0; i < count; i++) {
        if (nets[i].len == ip.len && prefix_is(ip.at, nets[i].ip, nets[i].bits)) {
            return true;
        }
    }
    return false;
}

bool gw_addr_is_loopback(const union gw_addr *addr)
{
    return is_in(addr, loopbacks, sizeof loopbacks / sizeof loopbacks[0]);
}

bool gw_addr_is_local(const union gw_addr *addr)
{
    return is_in(addr, locals, sizeof locals / sizeof locals[0]) || gw_addr_is_loopback(addr);
}
