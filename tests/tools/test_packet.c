#include "tests/support.h"

#include "sn/frame.h"
#include "tools/dump/packet.h"

/* 127.0.0.1:40000 to 127.0.0.1:1884, a CONNACK, behind various heads. */
#define IPV4                                                                   \
    "\x45\x00\x00\x1f\x00\x00\x40\x00\x40\x11\x3c\xcc\x7f\x00\x00\x01\x7f\x00" \
    "\x00\x01\x9c\x40\x07\x5c\x00\x0b\x00\x00\x03\x05\x00"
#define IPV6_FIXED "\x60\x00\x00\x00"
#define LOOPBACK6  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"
#define UDP6       "\x9c\x40\x07\x5c\x00\x0b\x00\x00\x03\x05\x00"
#define IPV6       IPV6_FIXED "\x00\x0b\x11\x40" LOOPBACK6 LOOPBACK6 UDP6
#define MACS       "\x02\0\0\0\0\x01\x02\0\0\0\0\x02"

static const struct {
    int link;
    struct span frame;
} frames[] = {
    {DUMP_RAW, {WIRE(IPV4)}},
    {DUMP_RAW_OLD, {WIRE(IPV6)}},
    {DUMP_IPV4, {WIRE(IPV4)}},
    {DUMP_IPV6, {WIRE(IPV6)}},
    {DUMP_NULL, {WIRE("\x02\0\0\0" IPV4)}},
    {DUMP_LOOP, {WIRE("\0\0\0\x18" IPV6)}},
    {DUMP_ETHERNET, {WIRE(MACS "\x08\x00" IPV4)}},
    {DUMP_ETHERNET, {WIRE(MACS "\x86\xdd" IPV6)}},
    {DUMP_ETHERNET, {WIRE(MACS "\x81\x00\x00\x05\x08\x00" IPV4)}},
    {DUMP_ETHERNET, {WIRE(MACS "\x88\xa8\x00\x07\x81\x00\x00\x05\x86\xdd" IPV6)}},
    {DUMP_SLL, {WIRE("\0\0\x03\x04\0\x06\0\0\0\0\0\0\0\0\x08\x00" IPV4)}},
    {DUMP_SLL2, {WIRE("\x86\xdd\0\0\0\0\0\x01\x03\x04\0\x06\0\0\0\0\0\0\0\0" IPV6)}},
    /* a hop-by-hop header and one for the destination; an atomic fragment, which is whole */
    {DUMP_IPV6,
     {WIRE(IPV6_FIXED "\x00\x1b\x00\x40" LOOPBACK6 LOOPBACK6 "\x3c\0\x01\x04\0\0\0\0"
                      "\x11\0\x01\x04\0\0\0\0" UDP6)}},
    {DUMP_IPV6,
     {WIRE(IPV6_FIXED "\x00\x13\x2c\x40" LOOPBACK6 LOOPBACK6 "\x11\0\0\0\0\0\0\x01" UDP6)}},
};

static const struct span connack = {WIRE("\x03\x05\x00")};

static void a_datagram_is_found_behind_each_kind_of_head(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(frames); i++) {
        struct dump_packet packet = {.time_us = 7};
        struct span frame = at_edge(frames[i].frame, frames[i].frame.len);

        assert_true(dump_link_known(frames[i].link));
        assert_int_equal(dump_packet_read(&packet, frames[i].link, frame), DUMP_IS_UDP);
        assert_span_equal(packet.payload, connack);
        assert_int_equal(packet.from.port, 40000);
        assert_int_equal(packet.to.port, 1884);
        assert_int_equal(packet.missing, 0);
        assert_int_equal(packet.time_us, 7);
    }
}

static void a_capture_that_is_cut_is_told_at_every_octet(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(frames); i++) {
        struct span whole = frames[i].frame;

        for (size_t len = 0; len < whole.len; len++) {
            struct dump_packet packet = {0};
            enum dump_kind kind = dump_packet_read(&packet, frames[i].link, at_edge(whole, len));

            if (len < whole.len - connack.len) {
                assert_int_equal(kind, DUMP_IS_CUT);
            } else {
                assert_int_equal(kind, DUMP_IS_UDP);
                assert_int_equal(packet.missing, whole.len - len);
            }
        }
    }
}

static void what_fills_up_an_ethernet_frame_is_no_payload(void **state)
{
    struct dump_packet packet = {0};
    struct span frame = {WIRE(MACS "\x08\x00" IPV4 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")};

    (void)state;
    assert_int_equal(dump_packet_read(&packet, DUMP_ETHERNET, frame), DUMP_IS_UDP);
    assert_span_equal(packet.payload, connack);
}

static void fragments_and_other_protocols_are_told_apart(void **state)
{
    static const struct {
        int link;
        struct span frame;
        enum dump_kind kind;
    } cases[] = {
        {DUMP_IPV4, /* more fragments come */
         {WIRE("\x45\0\0\x1f\0\0\x20\0\x40\x11\0\0\x7f\0\0\x01\x7f\0\0\x01\x9c\x40\x07\x5c\0\x0b"
               "\0\0\x03\x05\0")},
         DUMP_IS_FRAGMENT},
        {DUMP_IPV4, /* TCP */
         {WIRE("\x45\0\0\x1f\0\0\0\0\x40\x06\0\0\x7f\0\0\x01\x7f\0\0\x01\x9c\x40\x07\x5c\0\x0b\0\0"
               "\x03\x05\0")},
         DUMP_IS_OTHER},
        {DUMP_IPV4, /* a head of 16 octets */
         {WIRE("\x44\0\0\x1f\0\0\0\0\x40\x11\0\0\x7f\0\0\x01\x7f\0\0\x01\x9c\x40\x07\x5c\0\x0b\0\0"
               "\x03\x05\0")},
         DUMP_IS_OTHER},
        {DUMP_IPV6,
         {WIRE(IPV6_FIXED "\x00\x13\x2c\x40" LOOPBACK6 LOOPBACK6 "\x11\0\0\x01\0\0\0\x01" UDP6)},
         DUMP_IS_FRAGMENT},
        {DUMP_ETHERNET, {WIRE(MACS "\x08\x06\0\x01")}, DUMP_IS_OTHER},
        {DUMP_RAW, {WIRE("\x55\0\0")}, DUMP_IS_OTHER},
        {4711, {WIRE(IPV4)}, DUMP_IS_OTHER},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct dump_packet packet = {0};

        assert_int_equal(dump_packet_read(&packet, cases[i].link, cases[i].frame), cases[i].kind);
    }
    assert_false(dump_link_known(4711));
}

static void a_made_frame_is_that_of_the_network(void **state)
{
    uint8_t out[DUMP_HEADERS + 3];
    struct dump_packet packet = {0};
    struct span wanted = {WIRE(MACS "\x08\x00\x45\x00\x00\x1f\x00\x00\x40\x00\x40\x11\x3c\xcc\x7f"
                                    "\x00\x00\x01\x7f\x00\x00\x01\x9c\x40\x07\x5c\x00\x0b"
                                    "\x5b\x34\x03\x05\x00")};

    (void)state;
    dump_packet_read(&packet, DUMP_IPV4, span_of(IPV4, sizeof IPV4 - 1));
    assert_int_equal(dump_packet_link(&packet), DUMP_ETHERNET);
    assert_span_equal(span_of(out, dump_packet_write(&packet, out, sizeof out)), wanted);
    assert_int_equal(dump_packet_write(&packet, out, wanted.len - 1), 0);
}

static void what_is_written_is_read_again(void **state)
{
    uint8_t out[DUMP_HEADERS + 3];

    (void)state;
    for (size_t i = 0; i < COUNT(frames); i++) {
        struct dump_packet packet = {0};
        struct dump_packet again = {0};
        size_t len;

        dump_packet_read(&packet, frames[i].link, frames[i].frame);
        len = dump_packet_write(&packet, out, sizeof out);
        assert_int_equal(dump_packet_read(&again, DUMP_ETHERNET, span_of(out, len)), DUMP_IS_UDP);
        assert_span_equal(again.payload, packet.payload);
        assert_memory_equal(again.from.at, packet.from.at, sizeof packet.from.at);
        assert_int_equal(again.from.port, packet.from.port);
        assert_int_equal(again.to.port, packet.to.port);
    }
}

static void a_serial_frame_keeps_its_address_and_control(void **state)
{
    uint8_t out[8];
    struct dump_packet packet = {.addr = 7, .ctrl = SN_CTRL_FROM_NODE, .payload = connack};
    struct dump_packet again = {0};
    size_t len = dump_packet_write(&packet, out, sizeof out);

    (void)state;
    assert_int_equal(dump_packet_link(&packet), DUMP_SERIAL);
    assert_int_equal(len, 5);
    assert_int_equal(dump_packet_read(&again, DUMP_SERIAL, span_of(out, len)), DUMP_IS_SERIAL);
    assert_int_equal(again.addr, 7);
    assert_int_equal(again.ctrl, SN_CTRL_FROM_NODE);
    assert_span_equal(again.payload, connack);
    assert_int_equal(dump_packet_read(&again, DUMP_SERIAL, span_of(out, 1)), DUMP_IS_CUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_datagram_is_found_behind_each_kind_of_head),
        cmocka_unit_test(a_capture_that_is_cut_is_told_at_every_octet),
        cmocka_unit_test(what_fills_up_an_ethernet_frame_is_no_payload),
        cmocka_unit_test(fragments_and_other_protocols_are_told_apart),
        cmocka_unit_test(a_made_frame_is_that_of_the_network),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(a_serial_frame_keeps_its_address_and_control),
    };

    return cmocka_run_group_tests_name("tools/dump/packet.c", tests, NULL, NULL);
}
