/* sn/flags.h - the Flags octet [5.3.4] and the return codes [5.3.10].
 *
 *     bit   7    6-5   4       3     2             1-0
 *           DUP  QoS   Retain  Will  CleanSession  TopicIdType
 *
 * Which bits count depends on the message; the others are sent as 0 and ignored on receipt
 * (SN-012), so read a flag only where the message has it.
 */
#ifndef SN_FLAGS_H
#define SN_FLAGS_H

#include <stdint.h>

#define SN_FLAG_DUP    0x80u
#define SN_FLAG_QOS    0x60u
#define SN_FLAG_RETAIN 0x10u
#define SN_FLAG_WILL   0x08u
#define SN_FLAG_CLEAN  0x04u
#define SN_FLAG_TOPIC  0x03u

/* QoS "-1", a PUBLISH without a connection, is 3 on the wire. */
#define SN_QOS_MINUS_1 (-1)

/* TopicIdType. In SUBSCRIBE and UNSUBSCRIBE, normal means that a name is given, not an id. */
enum sn_topic_type {
    SN_TOPIC_NORMAL,
    SN_TOPIC_PREDEFINED,
    SN_TOPIC_SHORT, /* the id's two octets are the name */
    SN_TOPIC_RESERVED
};

enum sn_code { SN_RC_ACCEPTED, SN_RC_CONGESTION, SN_RC_INVALID_ID, SN_RC_NOT_SUPPORTED };

/* -1, 0, 1 or 2. */
static inline int sn_flags_qos(uint8_t flags)
{
    int qos = flags >> 5 & 3;
    return qos == 3 ? SN_QOS_MINUS_1 : qos;
}

/* The flag bits of QoS -1, 0, 1 or 2. */
static inline uint8_t sn_flags_of_qos(int qos)
{
    return (uint8_t)(((unsigned)qos & 3u) << 5);
}

static inline enum sn_topic_type sn_flags_topic_type(uint8_t flags)
{
    return (enum sn_topic_type)(flags & SN_FLAG_TOPIC);
}

#endif
