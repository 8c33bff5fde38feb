/* tests/sn/test_bus_master.c - the master of a bus, octet by octet, where a scripted node is more
 * than a real one would be. What it does with real ones is in tests/sim/test_bus.c. */
#include <stdlib.h>

#include "sn/bus_master.h"
#include "tests/support.h"

#define MTU 64u

static const uint8_t uids[4][SN_BUS_UID] = {{1}, {2}, {3}, {4}};
static const struct span publish = {WIRE("\x08\x0c\x20\x02\x01\x07\x02x")};

struct rig {
    struct sn_bus_master bus;
    uint64_t now_us;
    struct sn_frame said[32]; /* by the master in its last output */
    size_t count;
    uint8_t buffer[SN_FRAME_BUFFER(MTU)];
    uint8_t copies[32][SN_FRAME_BUFFER(MTU)];
};

static struct rig *begin(unsigned nodes)
{
    struct rig *rig = calloc(1, sizeof *rig);
    struct sn_bus_config config = {.baud = 115200,
                                   .bits = 10,
                                   .first = 1,
                                   .last = 247,
                                   .table = 1,
                                   .mtu = MTU,
                                   .queue = 16,
                                   .effort_us = 500000,
                                   .timing = sn_bus_timing_at(115200, 10)};

    assert_non_null(rig);
    rig->now_us = 1;
    assert_true(sn_bus_init(&rig->bus, &config, rig->now_us));
    for (unsigned i = 0; i < nodes; i++) {
        assert_true(sn_bus_give(&rig->bus, uids[i], (uint8_t)(i + 1)));
    }
    return rig;
}

static void end(struct rig *rig)
{
    sn_bus_fini(&rig->bus);
    free(rig);
}

/* The master says its next. */
static void step(struct rig *rig)
{
    uint8_t out[SN_BUS_OUTPUT(MTU)];
    struct sn_frame_decoder decoder;
    struct span octets = {NULL, 0};
    struct sn_frame frame;

    do {
        rig->now_us =
            sn_bus_deadline(&rig->bus) > rig->now_us ? sn_bus_deadline(&rig->bus) : rig->now_us + 1;
        octets = span_of(out, sn_bus_output(&rig->bus, out, sizeof out, rig->now_us));
    } while (octets.len == 0);
    rig->count = 0;
    sn_frame_init(&decoder, rig->buffer, sizeof rig->buffer);
    while (sn_frame_input(&decoder, &octets, &frame) == SN_FRAME_WHOLE) {
        assert_in_range(rig->count, 0, 31);
        if (frame.payload.len > 0) {
            memcpy(rig->copies[rig->count], frame.payload.at, frame.payload.len);
        }
        frame.payload.at = rig->copies[rig->count];
        rig->said[rig->count++] = frame;
    }
}

static enum sn_frame_type last_type(const struct rig *rig)
{
    return sn_frame_type_of(rig->said[rig->count - 1].ctrl);
}

static bool is_granted(const struct rig *rig, uint8_t address)
{
    const struct sn_frame *last = &rig->said[rig->count - 1];

    return last_type(rig) == SN_FRAME_GRANT &&
           (last->addr == address || (last->payload.len > 0 && memchr(last->payload.at, address,
                                                                      last->payload.len) != NULL));
}

/* A node says a frame; true: it was news. */
static bool node_says(struct rig *rig, uint8_t address, unsigned ctrl, struct span payload)
{
    uint8_t out[SN_FRAME_ENCODED(MTU)];
    struct sn_frame frame = {address, (uint8_t)(SN_CTRL_FROM_NODE | ctrl), payload};
    struct span octets = {out, sn_frame_encode(&frame, out, sizeof out)};
    struct sn_bus_news news;
    bool came = false;

    rig->now_us += 5000;
    while (sn_bus_input(&rig->bus, &octets, rig->now_us, &news)) {
        came |= news.kind == SN_BUS_CAME;
    }
    return came;
}

static void octet_in_slot(struct rig *rig, uint8_t octet)
{
    struct span octets = {&octet, 1};
    struct sn_bus_news news;

    while (sn_bus_input(&rig->bus, &octets, rig->now_us + 3000, &news)) {
    }
}

/* Until a frame of `type` is the last that it says. */
static void until(struct rig *rig, enum sn_frame_type type)
{
    unsigned steps = 0;

    do {
        step(rig);
        assert_true(++steps < 200);
    } while (last_type(rig) != type);
}

static void who_always_has_more_gets_a_turn_in_each_cycle_and_no_other(void **state)
{
    struct rig *rig = begin(3);
    unsigned cycles = 0;
    bool ns = false;

    (void)state;
    until(rig, SN_FRAME_ROLLCALL);
    octet_in_slot(rig, 1);
    for (unsigned i = 0; i < 50; i++) {
        step(rig);
        if (is_granted(rig, 1)) {
            assert_true(node_says(
                rig, 1, SN_CTRL_MORE | (ns ? SN_CTRL_NS : 0) | (i == 0 ? SN_CTRL_START : 0),
                publish));
            ns = !ns;
            step(rig);
            assert_false(is_granted(rig, 1)); /* a roll call of all lies between */
        }
        cycles += last_type(rig) == SN_FRAME_ROLLCALL;
    }
    assert_true(cycles >= 20);
    end(rig);
}

static void what_is_said_out_of_turn_is_dropped_and_its_speaker_muted(void **state)
{
    struct rig *rig = begin(3);
    bool muted = false;

    (void)state;
    until(rig, SN_FRAME_ROLLCALL);
    for (unsigned i = 0; i < SN_BUS_STRAY; i++) {
        assert_false(node_says(rig, 2, SN_CTRL_START, publish));
    }
    for (unsigned i = 0; i < 20 && !muted; i++) {
        step(rig);
        muted = last_type(rig) == SN_FRAME_ASSIGN &&
                memcmp(rig->said[rig->count - 1].payload.at, uids[1], SN_BUS_UID) == 0 &&
                rig->said[rig->count - 1].payload.at[SN_BUS_UID] == SN_ADDR_UNASSIGNED;
    }
    assert_true(muted);
    assert_int_equal(rig->bus.count.strays, SN_BUS_STRAY);
    end(rig);
}

static void an_echo_is_counted_and_nothing_else(void **state)
{
    struct rig *rig = begin(3);

    (void)state;
    until(rig, SN_FRAME_ROLLCALL);
    assert_false(node_says(rig, 0, 0, publish));
    {
        uint8_t out[SN_FRAME_ENCODED(MTU)];
        struct sn_frame own = rig->said[rig->count - 1];
        struct span octets = {out, sn_frame_encode(&own, out, sizeof out)};
        struct sn_bus_news news;

        assert_false(sn_bus_input(&rig->bus, &octets, rig->now_us + 2000, &news));
    }
    assert_int_equal(rig->bus.count.echoes, 1);
    step(rig);
    assert_int_not_equal(last_type(rig), SN_FRAME_GRANT); /* its octets were no answers */
    end(rig);
}

static void the_longest_packets_have_a_buffer(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);
    struct sn_bus_config config = {.baud = 9600, .bits = 10, .mtu = UINT16_MAX, .queue = 1};

    (void)state;
    assert_non_null(rig);
    assert_true(sn_bus_init(&rig->bus, &config, 0));
    assert_int_equal(rig->bus.decoder.size, SN_FRAME_BUFFER_MOST);
    end(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_always_has_more_gets_a_turn_in_each_cycle_and_no_other),
        cmocka_unit_test(what_is_said_out_of_turn_is_dropped_and_its_speaker_muted),
        cmocka_unit_test(an_echo_is_counted_and_nothing_else),
        cmocka_unit_test(the_longest_packets_have_a_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
