#include "sn/peer.h"

struct span sn_peer_ip(const struct sn_peer *peer)
{
    if (peer->addr_len < 4) {
        return (struct span){NULL, 0};
    }
    return span_of(peer->addr, peer->addr_len < 16 ? 4 : 16);
}

struct span sn_peer_key(const struct sn_peer *peer, uint8_t out[SN_PEER_KEY])
{
    struct writer w = writer_of(out, SN_PEER_KEY);

    write_u16(&w, peer->listener);
    write_u8(&w, peer->addr_len);
    write_span(&w, span_of(peer->addr, peer->addr_len));
    write_span(&w, peer->wireless);
    return span_of(out, written(&w));
}

struct sn_peer sn_peer_of_key(struct span key)
{
    struct reader r = reader_of(key);
    struct sn_peer peer = {.listener = read_u16(&r), .addr_len = read_u8(&r)};
    struct span addr = read_span(&r, peer.addr_len);

    if (addr.len != 0 && addr.len <= sizeof peer.addr) {
        memcpy(peer.addr, addr.at, addr.len);
    }
    peer.wireless = read_span(&r, read_left(&r));
    return peer;
}
