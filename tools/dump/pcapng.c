#include "tools/dump/pcapng.h"

/* Blocks are in the order of their writer, which the section header's magic tells: here it is that
 * of the network. Each is type, length, body filled up to four octets, length. */
enum { SECTION = 0x0A0D0D0A, INTERFACE = 1, PACKET = 6, ENVELOPE = 12, PACKET_HEAD = 20 };

#define MAGIC      0x1A2B3C4Du
#define FULL_FRAME 262144u /* the interface's limit, as tcpdump says it */

static void put(FILE *file, const struct writer *w)
{
    (void)fwrite(w->start, 1, written(w), file);
}

void dump_pcapng_begin(FILE *file, int link)
{
    uint8_t octets[48];
    struct writer w = writer_of(octets, sizeof octets);

    write_u32(&w, SECTION);
    write_u32(&w, 28);
    write_u32(&w, MAGIC);
    write_u32(&w, 1 << 16);    /* version 1.0 */
    write_u32(&w, UINT32_MAX); /* length of the section: not known yet */
    write_u32(&w, UINT32_MAX);
    write_u32(&w, 28);
    write_u32(&w, INTERFACE);
    write_u32(&w, 20);
    write_u16(&w, (uint16_t)link);
    write_u16(&w, 0);
    write_u32(&w, FULL_FRAME);
    write_u32(&w, 20);
    put(file, &w);
}

void dump_pcapng_frame(FILE *file, uint64_t time_us, struct span frame, size_t full)
{
    static const uint8_t fill[4];
    uint8_t octets[8 + PACKET_HEAD];
    struct writer w = writer_of(octets, sizeof octets);
    size_t padding = (4 - frame.len % 4) % 4;
    uint32_t length = (uint32_t)(ENVELOPE + PACKET_HEAD + frame.len + padding);

    write_u32(&w, PACKET);
    write_u32(&w, length);
    write_u32(&w, 0); /* the interface */
    write_u32(&w, (uint32_t)(time_us >> 32));
    write_u32(&w, (uint32_t)time_us);
    write_u32(&w, (uint32_t)frame.len);
    write_u32(&w, (uint32_t)full);
    put(file, &w);
    (void)fwrite(frame.at, 1, frame.len, file);
    (void)fwrite(fill, 1, padding, file);
    w = writer_of(octets, sizeof octets);
    write_u32(&w, length);
    put(file, &w);
}
