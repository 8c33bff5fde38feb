/* tools/dump/packet.h - a captured frame down to the MQTT-SN packet that it carries, and back.
 *
 * Pure. Ownership: what is read borrows from the frame. All octets go through base/bytes.h.
 */
#ifndef TOOLS_DUMP_PACKET_H
#define TOOLS_DUMP_PACKET_H

#include "base/bytes.h"

/* Link types, as pcap files number them. */
enum {
    DUMP_NULL = 0,
    DUMP_ETHERNET = 1,
    DUMP_RAW_OLD = 12,
    DUMP_RAW = 101,
    DUMP_LOOP = 108,
    DUMP_SLL = 113,
    DUMP_SERIAL = 147, /* USER0: addr, ctrl and packet of a frame of sn/frame.h */
    DUMP_IPV4 = 228,
    DUMP_IPV6 = 229,
    DUMP_SLL2 = 276
};

#define DUMP_HEADERS 62 /* octets before a payload in what dump_packet_write makes, at most */

struct dump_end {
    uint8_t len; /* octets of the address: 4 or 16; 0: the frame was none of IP */
    uint8_t at[16];
    uint16_t port;
};

struct dump_packet {
    uint64_t time_us; /* since 1970; the caller's */
    struct dump_end from;
    struct dump_end to;
    struct span payload;
    size_t missing; /* octets of the payload that were not captured */
    uint8_t addr;   /* of a serial frame, as the next one */
    uint8_t ctrl;
};

enum dump_kind {
    DUMP_IS_UDP,
    DUMP_IS_SERIAL,
    DUMP_IS_OTHER,    /* not UDP, or of a link type that is none of the above */
    DUMP_IS_FRAGMENT, /* a piece of a datagram */
    DUMP_IS_CUT,      /* captured too little even of the headers */
    DUMP_KINDS
};

/* True if frames of this type can be read. */
bool dump_link_known(int link);

/* Of UDP, from, to, payload and missing are set; of a serial frame, addr, ctrl, payload. */
enum dump_kind dump_packet_read(struct dump_packet *out, int link, struct span frame);

/* Writes the frame of a packet: Ethernet, IP and UDP, or USER0 if it has no addresses. Its octets;
 * 0 if it does not fit, or the addresses are of two kinds. */
size_t dump_packet_write(const struct dump_packet *packet, uint8_t *out, size_t size);

/* The link type of what dump_packet_write makes. */
int dump_packet_link(const struct dump_packet *packet);

#endif
