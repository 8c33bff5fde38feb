/* Frames of a point to point line, the node's end. */
#include "firmware/snode_line.h"
#include "tests/support.h"

/* PINGREQ of the node, PINGRESP of the gateway, with CRC-32C. */
#define NODE_FRAME "\0\x09\x01\x80\x02\x16"

static uint8_t buffer[SNODE_LINE_BUFFER(16)];

static size_t count_packets(struct span octets, struct span *last)
{
    struct snode_line line;
    size_t count = 0;

    snode_line_init(&line, buffer, sizeof buffer);
    while (snode_line_input(&line, &octets, last)) {
        count++;
    }
    return count;
}

static struct span framed(uint8_t ctrl, struct span packet, uint8_t *out, size_t size)
{
    struct sn_frame frame = {SN_ADDR_FIRST, ctrl, packet};

    return span_of(out, sn_frame_encode(&frame, out, size));
}

static void a_packet_is_framed_as_the_nodes(void **state)
{
    uint8_t out[SNODE_LINE_ENCODED(2)];
    size_t len = snode_line_encode(WIRE_SPAN("\x02\x16"), out, sizeof out);

    (void)state;
    assert_int_equal(len, 11);
    assert_span_equal(span_of(out, 6), WIRE_SPAN(NODE_FRAME));
    assert_int_equal(out[len - 1], 0);
    assert_int_equal(snode_line_encode(WIRE_SPAN("\x02\x16"), out, sizeof out - 1), 0);
}

static void a_packet_of_the_gateway_is_taken_octet_by_octet(void **state)
{
    uint8_t out[SNODE_LINE_ENCODED(2)];
    struct span octets = framed(0, WIRE_SPAN("\x02\x17"), out, sizeof out);
    struct snode_line line;
    struct span packet;

    (void)state;
    snode_line_init(&line, buffer, sizeof buffer);
    for (size_t i = 0; i + 1 < octets.len; i++) {
        struct span one = span_of(&out[i], 1);
        assert_false(snode_line_input(&line, &one, &packet));
        assert_int_equal(one.len, 0);
    }
    octets = span_from(octets, octets.len - 1);
    assert_true(snode_line_input(&line, &octets, &packet));
    assert_span_equal(packet, WIRE_SPAN("\x02\x17"));
}

static void its_own_echo_is_dropped(void **state)
{
    uint8_t out[SNODE_LINE_ENCODED(2)];
    struct span packet;

    (void)state;
    assert_int_equal(
        count_packets(framed(SN_CTRL_FROM_NODE, WIRE_SPAN("\x02\x17"), out, sizeof out), &packet),
        0);
}

static void frames_of_the_bus_are_dropped(void **state)
{
    uint8_t out[SNODE_LINE_ENCODED(2)];
    struct span packet;

    (void)state;
    assert_int_equal(
        count_packets(framed(sn_ctrl_of(SN_FRAME_GRANT), WIRE_SPAN("\x02\x17"), out, sizeof out),
                      &packet),
        0);
}

static void a_damaged_frame_is_dropped_and_the_next_one_taken(void **state)
{
    uint8_t out[2 * SNODE_LINE_ENCODED(2)];
    struct span octets = framed(0, WIRE_SPAN("\x02\x17"), out, SNODE_LINE_ENCODED(2));
    struct span packet;

    (void)state;
    memcpy(out + octets.len, out, octets.len);
    out[4] ^= 0x10;
    assert_int_equal(count_packets(span_of(out, 2 * octets.len), &packet), 1);
    assert_span_equal(packet, WIRE_SPAN("\x02\x17"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packet_is_framed_as_the_nodes),
        cmocka_unit_test(a_packet_of_the_gateway_is_taken_octet_by_octet),
        cmocka_unit_test(its_own_echo_is_dropped),
        cmocka_unit_test(frames_of_the_bus_are_dropped),
        cmocka_unit_test(a_damaged_frame_is_dropped_and_the_next_one_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
