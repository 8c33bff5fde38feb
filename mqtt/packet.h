/* mqtt/packet.h - MQTT 3.1.1 packets (and CONNECT of 3.1), to and from octets. [MQTT 3.1.1, 2, 3]
 *
 * Pure: no sockets, no clock, no allocation, no state between calls.
 * Ownership: a decoded packet borrows; its spans point into the caller's wire buffer and live as
 * long as that does. Nothing here frees anything.
 * Units: lengths in octets, keepalive in seconds as on the wire.
 */
#ifndef MQTT_PACKET_H
#define MQTT_PACKET_H

#include "base/bytes.h"
#include "mqtt/err.h"

enum mqtt_type {
    MQTT_CONNECT = 1,
    MQTT_CONNACK,
    MQTT_PUBLISH,
    MQTT_PUBACK,
    MQTT_PUBREC,
    MQTT_PUBREL,
    MQTT_PUBCOMP,
    MQTT_SUBSCRIBE,
    MQTT_SUBACK,
    MQTT_UNSUBSCRIBE,
    MQTT_UNSUBACK,
    MQTT_PINGREQ,
    MQTT_PINGRESP,
    MQTT_DISCONNECT,
    MQTT_TYPES
};

/* Low bits of the first octet of PUBLISH. */
#define MQTT_RETAIN 0x01u
#define MQTT_QOS    0x06u
#define MQTT_DUP    0x08u

/* Connect flags. */
#define MQTT_CONNECT_CLEAN       0x02u
#define MQTT_CONNECT_WILL        0x04u
#define MQTT_CONNECT_WILL_QOS    0x18u
#define MQTT_CONNECT_WILL_RETAIN 0x20u
#define MQTT_CONNECT_PASSWORD    0x40u
#define MQTT_CONNECT_USERNAME    0x80u

#define MQTT_LEVEL_3_1   3u
#define MQTT_LEVEL_3_1_1 4u
#define MQTT_BRIDGE      0x80u /* bit of the level octet by which a bridge says that it is one */

/* Return codes of CONNACK; SUBACK has a granted QoS or MQTT_FAILURE. */
enum mqtt_code {
    MQTT_ACCEPTED,
    MQTT_REFUSED_LEVEL,
    MQTT_REFUSED_ID,
    MQTT_REFUSED_SERVER,
    MQTT_REFUSED_LOGIN,
    MQTT_REFUSED_RIGHTS
};
#define MQTT_FAILURE 0x80u

/* The longest remaining length, and the longest fixed header. */
#define MQTT_REMAINING_MAX 268435455u
#define MQTT_HEADER_MAX    5u

/* One shape for every type. What a type does not have is 0 or empty. */
struct mqtt_packet {
    enum mqtt_type type;
    uint8_t flags; /* low four bits of the first octet */
    uint8_t code;  /* CONNACK */
    uint8_t level; /* CONNECT: 3 or 4; others with MQTT_ERR_LEVEL */
    uint8_t connect_flags;
    bool present; /* CONNACK: Session Present */
    bool bridge;  /* CONNECT: the level's top bit */
    uint16_t packet_id;
    uint16_t keepalive_s;
    struct span topic;   /* PUBLISH */
    struct span payload; /* PUBLISH; codes of SUBACK; filters of (UN)SUBSCRIBE, undecoded */
    struct span client_id;
    struct span will_topic; /* CONNECT; which are there say the connect flags */
    struct span will_payload;
    struct span username;
    struct span password;
};

static inline uint8_t mqtt_packet_qos(const struct mqtt_packet *pkt)
{
    return (uint8_t)((pkt->flags & MQTT_QOS) >> 1);
}

static inline uint8_t mqtt_packet_will_qos(const struct mqtt_packet *pkt)
{
    return (uint8_t)((pkt->connect_flags & MQTT_CONNECT_WILL_QOS) >> 3);
}

/* Octets of the packet that `wire` begins with, header included. 0: `wire` ends inside the header,
 * or, with MQTT_ERR_LENGTH in *err, no packet begins so. */
size_t mqtt_packet_length(struct span wire, enum mqtt_err *err);

/* Reads exactly one packet. `level` is what CONNECT said: 3 forgives what MQTT 3.1 allowed. On
 * error *pkt is unspecified and the first broken rule is returned, except for MQTT_ERR_LEVEL:
 * level and bridge are set, so that CONNACK can say so [MQTT-3.1.2-2]. */
enum mqtt_err mqtt_packet_decode(struct mqtt_packet *pkt, struct span wire, uint8_t level);

/* True if `wire`, not empty, begins as a PUBLISH does. */
static inline bool mqtt_packet_is_publish(struct span wire)
{
    return wire.len != 0 && wire.at[0] >> 4 == MQTT_PUBLISH;
}

/* Octets before the payload of the PUBLISH that `wire` begins with; 0: `wire` ends too early to
 * say. The packet may be shorter than that, and is ill-formed then. */
size_t mqtt_packet_head_length(struct span wire);

/* Reads a PUBLISH of which `wire` holds what stands before the payload; pkt->payload is empty. */
enum mqtt_err mqtt_packet_decode_head(struct mqtt_packet *pkt, struct span wire);

/* Writes the packet whole, or nothing and marks `w` bad. Reserved header flags are set here; of
 * `flags` only PUBLISH's are read. Well-formedness is the caller's: what decodes encodes. */
void mqtt_packet_encode(const struct mqtt_packet *pkt, struct writer *w);

/* As above for PUBLISH, but everything before the payload only; pkt->payload is not read. */
void mqtt_packet_encode_head(const struct mqtt_packet *pkt, size_t payload_len, struct writer *w);

/* A SUBACK of `count` codes, which the caller sends after it. */
void mqtt_packet_begin_codes(uint16_t packet_id, size_t count, struct writer *w);

/* The four answers that are a packet id only, UNSUBACK too. */
void mqtt_packet_encode_ack(enum mqtt_type type, uint16_t packet_id, struct writer *w);

/* One filter of a decoded SUBSCRIBE or UNSUBSCRIBE. */
struct mqtt_filter {
    struct span filter;
    uint8_t qos; /* SUBSCRIBE */
};

/* Takes the next filter from `rest`, which begins as pkt->payload; false: there are no more. */
bool mqtt_filters_next(enum mqtt_type type, struct span *rest, struct mqtt_filter *filter);

/* How many there are. */
size_t mqtt_filters_count(enum mqtt_type type, struct span filters);

/* Writes the start of a SUBSCRIBE or UNSUBSCRIBE if that and the `len` octets of filters that the
 * caller writes after it fit. */
bool mqtt_packet_begin_filters(enum mqtt_type type, uint16_t packet_id, size_t len,
                               struct writer *w);

/* Writes one, as part of a payload that a caller builds. */
void mqtt_filter_write(enum mqtt_type type, const struct mqtt_filter *filter, struct writer *w);

#endif
