#include "sn/forward.h"

enum sn_err sn_forward_decode(struct sn_packet *pkt, struct sn_peer *peer, struct span *inner,
                              struct span wire)
{
    enum sn_err err = sn_packet_decode(pkt, wire);

    *inner = wire;
    if (err != SN_OK || pkt->type != SN_FORWARD) {
        return err;
    }
    if (!peer->forwarder) {
        return SN_ERR_FORWARDER;
    }
    if (pkt->node_id.len == 0 || pkt->data.len == 0) {
        return SN_ERR_SHORT;
    }
    if (pkt->node_id.len > SN_NODE_ID_MOST) {
        return SN_ERR_LONG;
    }
    peer->wireless = pkt->node_id;
    *inner = pkt->data;
    err = sn_packet_decode(pkt, *inner);
    return err == SN_OK && pkt->type == SN_FORWARD ? SN_ERR_TYPE : err;
}

static struct sn_packet wrap_of(const struct sn_peer *peer, uint8_t radius)
{
    return (struct sn_packet){.type = SN_FORWARD, .radius = radius, .node_id = peer->wireless};
}

size_t sn_forward_wrap(const struct sn_peer *peer, uint8_t radius, uint8_t *out, size_t size)
{
    struct sn_packet wrap = wrap_of(peer, radius);

    return sn_packet_encode_head(&wrap, 0, out, size);
}

size_t sn_forward_len(const struct sn_packet *pkt, const struct sn_peer *peer)
{
    uint8_t scratch[SN_HEAD_MAX + SN_NODE_ID_MOST];
    struct sn_packet wrap = wrap_of(peer, 0);
    size_t head = sn_packet_encode_head(pkt, pkt->data.len, scratch, sizeof scratch);

    if (head == 0) {
        return SIZE_MAX;
    }
    if (peer->wireless.len != 0) {
        head += sn_packet_encode_head(&wrap, 0, scratch, sizeof scratch);
    }
    return head + pkt->data.len;
}
