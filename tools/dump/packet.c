#include "tools/dump/packet.h"

#include <assert.h>

enum { ETHER_IPV4 = 0x0800, ETHER_IPV6 = 0x86DD, ETHER_VLAN = 0x8100, ETHER_QINQ = 0x88A8 };
enum { UDP = 17, UDP_HEAD = 8, IPV4_HEAD = 20, IPV6_HEAD = 40, MAC_PAIR = 12 };
enum { EXTENSIONS = 8 /* of IPv6, looked through at most */, TAGS = 4 };
enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, DESTINATION = 60 };

static enum dump_kind read_udp(struct dump_packet *out, struct reader *r)
{
    size_t length;

    out->from.port = read_u16(r);
    out->to.port = read_u16(r);
    length = read_u16(r);
    (void)read_u16(r);
    if (r->bad || length < UDP_HEAD) {
        return r->bad ? DUMP_IS_CUT : DUMP_IS_OTHER;
    }
    length -= UDP_HEAD;
    out->missing = length > read_left(r) ? length - read_left(r) : 0;
    out->payload = read_span(r, length - out->missing);
    return DUMP_IS_UDP;
}

static void read_end(struct dump_end *end, struct reader *r, uint8_t len)
{
    struct span at = read_span(r, len);

    end->len = len;
    if (at.len == len) {
        memcpy(end->at, at.at, len);
    }
}

/* `r` without what lies behind `length` octets: Ethernet fills up short frames. */
static void shorten(struct reader *r, size_t length)
{
    if (!r->bad && length < read_left(r)) {
        struct span rest = read_rest(r);

        *r = reader_of(span_of(rest.at, length));
    }
}

static enum dump_kind read_ipv4(struct dump_packet *out, struct reader *r)
{
    size_t head = (size_t)4 * (read_u8(r) & 15u);
    size_t total;
    unsigned fragment;
    unsigned protocol;

    (void)read_u8(r);
    total = read_u16(r);
    (void)read_u16(r);
    fragment = read_u16(r);
    (void)read_u8(r);
    protocol = read_u8(r);
    (void)read_u16(r);
    read_end(&out->from, r, 4);
    read_end(&out->to, r, 4);
    if (r->bad || head < IPV4_HEAD || total < head) {
        return r->bad ? DUMP_IS_CUT : DUMP_IS_OTHER;
    }
    (void)read_span(r, head - IPV4_HEAD);
    if (protocol != UDP) {
        return DUMP_IS_OTHER;
    }
    if ((fragment & 0x3FFF) != 0) {
        return DUMP_IS_FRAGMENT;
    }
    shorten(r, total - head);
    return read_udp(out, r);
}

static bool is_extension(unsigned header)
{
    return header == HOP_BY_HOP || header == ROUTING || header == DESTINATION || header == FRAGMENT;
}

/* Passes one over; the header behind it, or FRAGMENT if it makes the rest a piece of a datagram. */
static unsigned pass_extension(struct reader *r, unsigned header)
{
    unsigned next = read_u8(r);
    unsigned length = read_u8(r);

    if (header != FRAGMENT) {
        (void)read_span(r, (size_t)8 * length + 6);
        return next;
    }
    length = read_u16(r) & 0xFFF9; /* where the piece lies, and whether more come */
    (void)read_u32(r);
    return length != 0 ? FRAGMENT : next;
}

static unsigned pass_extensions(struct reader *r, unsigned header)
{
    for (int i = 0; i < EXTENSIONS && is_extension(header); i++) {
        unsigned next = pass_extension(r, header);

        if (next == FRAGMENT && header == FRAGMENT) {
            return FRAGMENT;
        }
        header = next;
    }
    return header;
}

static enum dump_kind read_ipv6(struct dump_packet *out, struct reader *r)
{
    size_t length;
    unsigned next;

    (void)read_u32(r);
    length = read_u16(r);
    next = read_u8(r);
    (void)read_u8(r);
    read_end(&out->from, r, 16);
    read_end(&out->to, r, 16);
    shorten(r, length);
    next = pass_extensions(r, next);
    if (r->bad) {
        return DUMP_IS_CUT;
    }
    if (next == FRAGMENT) {
        return DUMP_IS_FRAGMENT;
    }
    return next == UDP ? read_udp(out, r) : DUMP_IS_OTHER;
}

static enum dump_kind read_ip(struct dump_packet *out, struct reader *r)
{
    struct reader ahead = *r;
    unsigned version = read_u8(&ahead) >> 4;

    if (ahead.bad) {
        return DUMP_IS_CUT;
    }
    return version == 4 ? read_ipv4(out, r) : version == 6 ? read_ipv6(out, r) : DUMP_IS_OTHER;
}

static enum dump_kind read_ether_type(struct dump_packet *out, struct reader *r, unsigned type)
{
    if (r->bad) {
        return DUMP_IS_CUT;
    }
    return type == ETHER_IPV4 || type == ETHER_IPV6 ? read_ip(out, r) : DUMP_IS_OTHER;
}

static enum dump_kind read_ethernet(struct dump_packet *out, struct reader *r)
{
    unsigned type;

    (void)read_span(r, MAC_PAIR);
    type = read_u16(r);
    for (int i = 0; i < TAGS && (type == ETHER_VLAN || type == ETHER_QINQ); i++) {
        (void)read_u16(r);
        type = read_u16(r);
    }
    return read_ether_type(out, r, type);
}

static enum dump_kind read_sll(struct dump_packet *out, struct reader *r)
{
    (void)read_span(r, 14);
    return read_ether_type(out, r, read_u16(r));
}

static enum dump_kind read_sll2(struct dump_packet *out, struct reader *r)
{
    unsigned type = read_u16(r);

    (void)read_span(r, 18);
    return read_ether_type(out, r, type);
}

static enum dump_kind read_loop(struct dump_packet *out, struct reader *r)
{
    (void)read_u32(r);
    return read_ip(out, r);
}

static enum dump_kind read_serial(struct dump_packet *out, struct reader *r)
{
    out->addr = read_u8(r);
    out->ctrl = read_u8(r);
    out->payload = read_rest(r);
    return r->bad ? DUMP_IS_CUT : DUMP_IS_SERIAL;
}

static const struct {
    int link;
    enum dump_kind (*read)(struct dump_packet *out, struct reader *r);
} links[] = {
    {DUMP_NULL, read_loop},     {DUMP_ETHERNET, read_ethernet}, {DUMP_RAW_OLD, read_ip},
    {DUMP_RAW, read_ip},        {DUMP_LOOP, read_loop},         {DUMP_SLL, read_sll},
    {DUMP_SERIAL, read_serial}, {DUMP_IPV4, read_ip},           {DUMP_IPV6, read_ip},
    {DUMP_SLL2, read_sll2},
};

enum { LINKS = sizeof links / sizeof links[0] };

static size_t place_of(int link)
{
    size_t i = 0;

    while (i < LINKS && links[i].link != link) {
        i++;
    }
    return i;
}

bool dump_link_known(int link)
{
    return place_of(link) < LINKS;
}

enum dump_kind dump_packet_read(struct dump_packet *out, int link, struct span frame)
{
    struct reader r = reader_of(frame);
    size_t place = place_of(link);

    *out = (struct dump_packet){.time_us = out->time_us};
    return place < LINKS ? links[place].read(out, &r) : DUMP_IS_OTHER;
}

int dump_packet_link(const struct dump_packet *packet)
{
    return packet->from.len == 0 ? DUMP_SERIAL : DUMP_ETHERNET;
}

/* The sum of 16 bit words of RFC 1071; only the last span may have an odd length. */
static uint32_t add_words(uint32_t sum, struct span octets)
{
    struct reader r = reader_of(octets);

    while (read_left(&r) > 1) {
        sum += read_u16(&r);
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    if (read_left(&r) == 1) {
        sum += (uint32_t)read_u8(&r) << 8;
    }
    return (sum & 0xFFFF) + (sum >> 16);
}

static uint16_t checksum(uint32_t sum)
{
    sum = (sum & 0xFFFF) + (sum >> 16);
    return (uint16_t)~sum;
}

static struct span address(const struct dump_end *end)
{
    return span_of(end->at, end->len);
}

static void write_udp(struct writer *w, const struct dump_packet *packet)
{
    uint32_t length = (uint32_t)(packet->payload.len + UDP_HEAD);
    uint32_t sum = UDP + length + length + packet->from.port + packet->to.port;
    uint16_t check;

    sum = add_words(sum, address(&packet->from));
    sum = add_words(sum, address(&packet->to));
    check = checksum(add_words(sum, packet->payload));
    write_u16(w, packet->from.port);
    write_u16(w, packet->to.port);
    write_u16(w, (uint16_t)length);
    write_u16(w, check == 0 ? 0xFFFF : check);
    write_span(w, packet->payload);
}

static void write_ipv4(struct writer *w, const struct dump_packet *packet)
{
    uint8_t head[IPV4_HEAD];
    struct writer h = writer_of(head, sizeof head);
    uint16_t check = 0;

    /* First with a checksum of 0, then with the one of that. */
    for (int i = 0; i < 2; i++) {
        h = writer_of(head, sizeof head);
        write_u16(&h, 0x4500);
        write_u16(&h, (uint16_t)(IPV4_HEAD + UDP_HEAD + packet->payload.len));
        write_u16(&h, 0);
        write_u16(&h, 0x4000); /* may not be fragmented */
        write_u16(&h, 64 << 8 | UDP);
        write_u16(&h, check);
        write_span(&h, address(&packet->from));
        write_span(&h, address(&packet->to));
        check = checksum(add_words(0, span_of(head, sizeof head)));
    }
    write_span(w, span_of(head, sizeof head));
}

static void write_ipv6(struct writer *w, const struct dump_packet *packet)
{
    write_u32(w, 0x60000000);
    write_u16(w, (uint16_t)(UDP_HEAD + packet->payload.len));
    write_u16(w, UDP << 8 | 64);
    write_span(w, address(&packet->from));
    write_span(w, address(&packet->to));
}

static void write_ethernet(struct writer *w, const struct dump_packet *packet)
{
    static const uint8_t macs[MAC_PAIR] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}; /* of nobody */
    bool four = packet->from.len == 4;

    write_span(w, span_of(macs, sizeof macs));
    write_u16(w, four ? ETHER_IPV4 : ETHER_IPV6);
    if (four) {
        write_ipv4(w, packet);
    } else {
        write_ipv6(w, packet);
    }
    write_udp(w, packet);
}

size_t dump_packet_write(const struct dump_packet *packet, uint8_t *out, size_t size)
{
    struct writer w = writer_of(out, size);

    if (packet->from.len != packet->to.len ||
        packet->payload.len > UINT16_MAX - IPV4_HEAD - UDP_HEAD) {
        return 0;
    }
    if (packet->from.len == 0) {
        write_u8(&w, packet->addr);
        write_u8(&w, packet->ctrl);
        write_span(&w, packet->payload);
    } else {
        write_ethernet(&w, packet);
    }
    return w.bad ? 0 : written(&w);
}
