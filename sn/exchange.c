#include "sn/exchange.h"

static uint8_t flags_of(const struct sn_exchange *x)
{
    unsigned flags = sn_flags_of_qos(x->qos) | x->topic_type;

    if (x->qos != 0 && (x->dup || x->repeats > 0)) {
        flags |= SN_FLAG_DUP;
    }
    if (x->retain) {
        flags |= SN_FLAG_RETAIN;
    }
    return (uint8_t)flags;
}

struct sn_packet sn_exchange_packet(const struct sn_exchange *x)
{
    struct sn_packet pkt = {.type = SN_PUBREL, .msg_id = x->msg_id};

    if (x->kind == SN_EXCHANGE_REGISTER) {
        pkt = (struct sn_packet){.type = SN_REGISTER,
                                 .topic_id = x->topic_id,
                                 .msg_id = x->register_id,
                                 .data = x->topic};
    } else if (x->kind == SN_EXCHANGE_PUBLISH) {
        pkt = (struct sn_packet){.type = SN_PUBLISH,
                                 .flags = flags_of(x),
                                 .topic_id = x->topic_id,
                                 .msg_id = x->msg_id,
                                 .data = x->data};
    }
    return pkt;
}

bool sn_exchange_expects(const struct sn_exchange *x, const struct sn_packet *pkt)
{
    switch (x->kind) {
    case SN_EXCHANGE_REGISTER: return pkt->type == SN_REGACK && pkt->msg_id == x->register_id;
    case SN_EXCHANGE_PUBLISH:
        if (pkt->msg_id != x->msg_id) {
            return false;
        }
        /* a refusal of either QoS comes as PUBACK */
        return pkt->type == (x->qos == 2 ? SN_PUBREC : SN_PUBACK) ||
               (pkt->type == SN_PUBACK && pkt->code != SN_RC_ACCEPTED);
    case SN_EXCHANGE_PUBREL: return pkt->type == SN_PUBCOMP && pkt->msg_id == x->msg_id;
    default: return false;
    }
}

void sn_exchange_turn(struct sn_exchange *x, enum sn_exchange_kind kind)
{
    x->kind = kind;
    x->repeats = 0;
    x->turn++;
}

bool sn_exchange_repeat(struct sn_exchange *x, unsigned most)
{
    if (x->repeats >= most) {
        return false;
    }
    x->repeats++;
    return true;
}

void sn_exchange_end(struct sn_exchange *x)
{
    block_drop(x->block);
    *x = (struct sn_exchange){.turn = x->turn + 1};
}
