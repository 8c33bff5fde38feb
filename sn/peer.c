#include "sn/peer.h"

#define KEY_HEAD 3u /* listener, length of the address */

struct span sn_peer_key(const struct sn_peer *peer, uint8_t out[SN_PEER_KEY])
{
    struct writer w = writer_of(out, SN_PEER_KEY);

    write_u16(&w, peer->listener);
    write_u8(&w, peer->addr_len);
    write_span(&w, span_of(peer->addr, peer->addr_len));
    write_span(&w, peer->wireless);
    return span_of(out, written(&w));
}

bool sn_address_set(struct sn_address *address, struct budget *budget, const struct sn_peer *peer)
{
    uint8_t octets[SN_PEER_KEY];
    struct block *key = block_copy(budget, sn_peer_key(peer, octets));
    struct sn_peer copy = *peer;

    if (key == NULL) {
        return false;
    }
    copy.wireless = span_from(block_span(key), KEY_HEAD + peer->addr_len);
    block_drop(address->key);
    *address = (struct sn_address){copy, key};
    return true;
}

void sn_address_clear(struct sn_address *address)
{
    block_drop(address->key);
    *address = (struct sn_address){.key = NULL};
}
