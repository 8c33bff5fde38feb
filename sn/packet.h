/* sn/packet.h - MQTT-SN 1.2 packets, to and from octets. [5]
 *
 * Pure: no sockets, no clock, no allocation, no state between calls.
 * Ownership: a decoded packet borrows; `data` and `node_id` point into the caller's wire buffer
 * and live as long as that buffer does. Nothing here frees anything.
 * Units: lengths in octets, durations in seconds as on the wire.
 *
 * Decoding takes both forms of Length; encoding uses the 3-octet form only above 255 (SN-004).
 * Names of types are in sn/dump.h, which no node links.
 */
#ifndef SN_PACKET_H
#define SN_PACKET_H

#include "base/bytes.h"
#include "sn/err.h"
#include "sn/flags.h"

enum sn_type {
    SN_ADVERTISE = 0x00,
    SN_SEARCHGW = 0x01,
    SN_GWINFO = 0x02,
    SN_CONNECT = 0x04,
    SN_CONNACK = 0x05,
    SN_WILLTOPICREQ = 0x06,
    SN_WILLTOPIC = 0x07,
    SN_WILLMSGREQ = 0x08,
    SN_WILLMSG = 0x09,
    SN_REGISTER = 0x0A,
    SN_REGACK = 0x0B,
    SN_PUBLISH = 0x0C,
    SN_PUBACK = 0x0D,
    SN_PUBCOMP = 0x0E,
    SN_PUBREC = 0x0F,
    SN_PUBREL = 0x10,
    SN_SUBSCRIBE = 0x12,
    SN_SUBACK = 0x13,
    SN_UNSUBSCRIBE = 0x14,
    SN_UNSUBACK = 0x15,
    SN_PINGREQ = 0x16,
    SN_PINGRESP = 0x17,
    SN_DISCONNECT = 0x18,
    SN_WILLTOPICUPD = 0x1A,
    SN_WILLTOPICRESP = 0x1B,
    SN_WILLMSGUPD = 0x1C,
    SN_WILLMSGRESP = 0x1D,
    SN_FORWARD = 0xFE /* forwarder encapsulation [5.5] */
};

#define SN_PROTOCOL_ID 0x01 /* of CONNECT, 1.2 */
#define SN_TYPES       0x1E /* types run below this, SN_FORWARD apart */

/* Octets that encoding takes at most before `data`, SN_FORWARD apart. */
#define SN_HEAD_MAX 9

/* One shape for every type; a type's row in packet.c names the fields it has. The rest is 0. */
struct sn_packet {
    enum sn_type type;
    uint8_t flags;    /* raw; see sn/flags.h */
    uint8_t code;     /* ReturnCode, enum sn_code and reserved ones */
    uint8_t gw_id;    /* ADVERTISE, GWINFO */
    uint8_t radius;   /* SEARCHGW; Ctrl of SN_FORWARD, whose bits 7-2 are to be ignored */
    uint8_t protocol; /* CONNECT: SN_PROTOCOL_ID */
    bool full;        /* decoded: octets follow MsgType. Set it to encode the optional ones: Flags
                       * and topic of WILLTOPIC and WILLTOPICUPD, Duration of DISCONNECT. */
    uint16_t topic_id;
    uint16_t msg_id; /* 0 in PUBLISH of QoS 0 or -1 */
    uint16_t duration_s;
    struct span data;    /* the last field: client id, name, payload, message, GwAdd; in SUBSCRIBE
                          * and UNSUBSCRIBE of a predefined or short topic empty: see topic_id.
                          * Of SN_FORWARD the inner message, not yet decoded. */
    struct span node_id; /* WirelessNodeId of SN_FORWARD */
};

/* Reads exactly one packet: `wire` is one datagram or one serial frame's payload.
 * On error *pkt is unspecified and the first broken rule is returned. */
enum sn_err sn_packet_decode(struct sn_packet *pkt, struct span wire);

/* Writes at most `size` octets. Returns the packet's length, or 0 if it does not fit, is above
 * 65535, or its type has no row. Fields that the type does not have are not read, but `data` must
 * be empty where it has none. */
size_t sn_packet_encode(const struct sn_packet *pkt, uint8_t *out, size_t size);

/* As sn_packet_encode, but everything before `data` only, for a caller that sends `data_len`
 * octets of data right after it; pkt->data is not read. */
size_t sn_packet_encode_head(const struct sn_packet *pkt, size_t data_len, uint8_t *out,
                             size_t size);

#endif
