/* sn/exchange.h - the one exchange of the gateway with a node that waits for an answer. [6.13]
 *
 *     REGISTER -> REGACK, then the PUBLISH it was for
 *     PUBLISH QoS 1 -> PUBACK
 *     PUBLISH QoS 2 -> PUBREC, then held until the hub says PUBREL
 *     PUBREL -> PUBCOMP
 *
 * What is sent is derived from the exchange each time, so a repeat differs by DUP alone (SN-140).
 * Ownership: an exchange holds one reference of the message's block until sn_exchange_end.
 */
#ifndef SN_EXCHANGE_H
#define SN_EXCHANGE_H

#include "base/block.h"
#include "sn/packet.h"

enum sn_exchange_kind {
    SN_EXCHANGE_NONE,
    SN_EXCHANGE_REGISTER,
    SN_EXCHANGE_PUBLISH, /* QoS 1 or 2 */
    SN_EXCHANGE_HELD,    /* PUBREC came; PUBREL is the hub's to say */
    SN_EXCHANGE_PUBREL
};

struct sn_exchange {
    enum sn_exchange_kind kind;
    struct block *block; /* holds topic and data */
    struct span topic;
    struct span data;
    uint16_t msg_id;      /* of the delivery or PUBREL; 0 at QoS 0 */
    uint16_t register_id; /* MsgId of the REGISTER */
    uint16_t topic_id;
    uint8_t topic_type; /* enum sn_topic_type */
    uint8_t qos;
    uint8_t repeats; /* sent again so often */
    bool dup;        /* already the first sending is a repeat */
    bool retain;
    bool renewed;  /* the client did not know the id, and was told again */
    uint32_t turn; /* grows with each new sending that is no repeat */
};

/* The packet to send now. The exchange is not NONE or HELD, except that the PUBLISH of QoS 0
 * that a REGISTER was for may be asked for with kind PUBLISH. */
struct sn_packet sn_exchange_packet(const struct sn_exchange *x);

/* True if `pkt` is the answer waited for. */
bool sn_exchange_expects(const struct sn_exchange *x, const struct sn_packet *pkt);

/* Goes on to `kind`: repeats start anew. */
void sn_exchange_turn(struct sn_exchange *x, enum sn_exchange_kind kind);

/* Counts one more repeat; false when `most` were sent. */
bool sn_exchange_repeat(struct sn_exchange *x, unsigned most);

/* Ends it and drops the block; `turn` goes on. */
void sn_exchange_end(struct sn_exchange *x);

#endif
