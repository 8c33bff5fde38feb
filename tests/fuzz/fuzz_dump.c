/* Any frames of any link type: no fault, no octet outside the frame, and a packet that was found in
 * one frame is found again in the frame that is made of it. The first octet of each chooses the
 * link type, the next two its length. */
#include <stdlib.h>

#include "tools/dump/talks.h"

static const int links[] = {DUMP_NULL, DUMP_ETHERNET, DUMP_RAW_OLD, DUMP_RAW,
                            DUMP_LOOP, DUMP_SLL,      DUMP_SERIAL,  DUMP_IPV4,
                            DUMP_IPV6, DUMP_SLL2,     4711};

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

static void write_again(const struct dump_packet *packet)
{
    static uint8_t out[UINT16_MAX + DUMP_HEADERS];
    struct dump_packet again = {0};
    size_t len = dump_packet_write(packet, out, sizeof out);

    if (packet->missing != 0) {
        return;
    }
    require(len != 0);
    require(dump_packet_read(&again, dump_packet_link(packet), span_of(out, len)) <=
            DUMP_IS_SERIAL);
    require(span_equal(again.payload, packet->payload));
    require(again.missing == 0 && again.from.port == packet->from.port);
    require(again.addr == packet->addr && again.ctrl == packet->ctrl);
}

static void take(struct talks *talks, int link, struct span frame)
{
    struct dump_packet packet = {0};
    enum dump_kind kind = dump_packet_read(&packet, link, frame);
    struct talk_notes notes;

    if (kind == DUMP_IS_UDP || kind == DUMP_IS_SERIAL) {
        require(packet.payload.len <= frame.len);
        write_again(&packet);
        notes = talks_note(talks, &packet);
        require(notes.client.len <= 23);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    struct reader r = reader_of(span_of(octets, len));
    struct talks talks;

    require(talks_init(&talks));
    while (!r.bad && read_left(&r) != 0) {
        int link = links[read_u8(&r) % (sizeof links / sizeof links[0])];
        size_t n = read_u16(&r);
        struct span frame = read_span(&r, n < read_left(&r) ? n : read_left(&r));
        uint8_t *copy =
            malloc(frame.len == 0 ? 1 : frame.len); /* where one octet too many faults */

        require(copy != NULL);
        memcpy(copy, frame.len == 0 ? (const uint8_t *)"" : frame.at, frame.len);
        take(&talks, link, span_of(copy, frame.len));
        free(copy);
    }
    talks_fini(&talks);
    return 0;
}
