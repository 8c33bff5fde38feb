/* tests/sn/test_bus.c - a node of a bus, octet by octet: the examples of docs/serial-link.md. */
#include "sn/bus.h"
#include "tests/support.h"

static const uint8_t uid[SN_BUS_IDENTITY] = {1, 2, 3, 4, 5, 6, 7, 8};
static const struct span publish = {WIRE("\x08\x0c\x20\x02\x01\x07\x02x")};

struct rig {
    struct sn_bus_node node;
    uint8_t buffer[SN_FRAME_BUFFER(64)];
    uint32_t now_us;
    struct span packet; /* the last that came */
};

static void begin(struct rig *rig)
{
    *rig = (struct rig){.now_us = UINT32_MAX - 5000}; /* the clock wraps on the way */
    sn_bus_node_init(&rig->node, uid, rig->buffer, sizeof rig->buffer);
    rig->node.timing = sn_bus_timing_at(115200, 10);
}

/* The master says it; the time is that of its last octet. */
static bool hears(struct rig *rig, enum sn_frame_type type, uint8_t addr, unsigned bits,
                  struct span payload)
{
    uint8_t out[128];
    struct sn_frame frame = {addr, (uint8_t)(sn_ctrl_of(type) | bits), payload};
    struct span octets = {out, sn_frame_encode(&frame, out, sizeof out)};

    rig->now_us += 2000;
    return sn_bus_node_input(&rig->node, &octets, rig->now_us, &rig->packet);
}

static void rollcall(struct rig *rig, uint8_t run, uint32_t members, uint32_t expected)
{
    uint8_t payload[SN_BUS_ROLLCALL_LEN];
    struct writer w = writer_of(payload, sizeof payload);

    write_u8(&w, 0);
    write_u8(&w, (uint8_t)(run << 4 | 1));
    write_u32(&w, members);
    write_u32(&w, expected);
    assert_false(hears(rig, SN_FRAME_ROLLCALL, 0, 0, span_of(payload, sizeof payload)));
}

static void assign(struct rig *rig, uint8_t address, uint8_t more)
{
    uint8_t payload[SN_BUS_ASSIGN_LEN] = {1, 2, 3, 4, 5, 6, 7, 8, address, more};

    assert_false(hears(rig, SN_FRAME_ASSIGN, 254, 0, span_of(payload, sizeof payload)));
}

/* What it says `after_us` behind the last frame; empty: nothing. */
static struct span says(struct rig *rig, uint32_t after_us)
{
    static uint8_t out[128];
    uint32_t due_us = 0;

    if (!sn_bus_node_due(&rig->node, &due_us)) {
        return (struct span){NULL, 0};
    }
    assert_int_equal(due_us - rig->now_us, after_us);
    return span_of(out, sn_bus_node_output(&rig->node, due_us, out, sizeof out));
}

static void a_newcomer_asks_joins_and_speaks(void **state)
{
    struct rig rig;

    (void)state;
    begin(&rig);
    rollcall(&rig, 3, 0, 0);
    assert_span_equal(says(&rig, 180), WIRE_SPAN("\xfe")); /* the late slot is the first */
    assert_false(hears(&rig, SN_FRAME_JOINREQ, 0, 0, WIRE_SPAN("\x01")));
    assert_span_equal(says(&rig, 180), WIRE_SPAN("\x00\x0b\xfe\xb0\x01\x02\x03\x04\x05\x06\x07\x08"
                                                 "\x05\x82\x57\xd3\x79\x00"));
    assign(&rig, 7, 1);
    sn_bus_node_send(&rig.node, publish);
    rollcall(&rig, 3, 0x41, 0); /* addresses 1 and 7 */
    assert_span_equal(says(&rig, 180 + 190), WIRE_SPAN("\x07"));
    assert_false(hears(&rig, SN_FRAME_GRANT, 7, SN_CTRL_START, WIRE_SPAN("")));
    assert_true(sn_bus_node_is_busy(&rig.node));
    assert_span_equal(says(&rig, 180), WIRE_SPAN("\x00\x0f\x07\x81\x08\x0c\x20\x02\x01\x07\x02x"
                                                 "\x21\xab\x61\xe3\x00"));
    rollcall(&rig, 3, 0x41, 0x40); /* it is taken */
    assert_false(sn_bus_node_is_busy(&rig.node));
}

static struct rig *with_address(struct rig *rig)
{
    begin(rig);
    assign(rig, 7, 1);
    rollcall(rig, 3, 0x40, 0);
    (void)says(rig, 180);
    return rig;
}

static void turns_wait_for_those_before(void **state)
{
    struct rig rig;
    struct span some = WIRE_SPAN("\x01");

    (void)state;
    (void)with_address(&rig);
    assert_false(hears(&rig, SN_FRAME_GRANT, 0, 0, WIRE_SPAN("\x02\x03\x07")));
    assert_int_equal(says(&rig, 180).len, 0);       /* the turn of 2 begins */
    assert_int_equal(says(&rig, 180 + 480).len, 0); /* it is silent: that of 3 */
    rig.now_us += 900;
    (void)sn_bus_node_input(&rig.node, &some, rig.now_us, &rig.packet); /* which speaks */
    assert_span_equal(says(&rig, 180), WIRE_SPAN("\x00\x07\x07\xe0\x8d\x16\x3c\x68\x00"));
}

static void who_is_late_is_silent(void **state)
{
    struct rig rig;
    uint8_t out[64];
    uint32_t due_us = 0;

    (void)state;
    (void)with_address(&rig);
    sn_bus_node_send(&rig.node, publish);
    rollcall(&rig, 3, 0x40, 0);
    assert_true(sn_bus_node_due(&rig.node, &due_us));
    assert_int_equal(sn_bus_node_output(&rig.node, due_us - 1, out, sizeof out), 0);
    assert_true(sn_bus_node_due(&rig.node, &due_us));
    assert_int_equal(sn_bus_node_output(&rig.node, due_us + 60, out, sizeof out), 0);
    assert_false(sn_bus_node_due(&rig.node, &due_us));
}

static void a_message_comes_once(void **state)
{
    struct rig rig;

    (void)state;
    (void)with_address(&rig);
    assert_false(hears(&rig, SN_FRAME_DATA, 7, 0, publish)); /* where it stands is not known yet */
    assert_true(hears(&rig, SN_FRAME_DATA, 7, SN_CTRL_START, publish));
    assert_span_equal(rig.packet, publish);
    assert_false(hears(&rig, SN_FRAME_DATA, 7, SN_CTRL_START, publish));
    assert_false(hears(&rig, SN_FRAME_DATA, 7, 0, publish));
    assert_true(hears(&rig, SN_FRAME_DATA, 7, SN_CTRL_NS, publish));
    assert_false(hears(&rig, SN_FRAME_DATA, 7, SN_CTRL_NS, publish));
    assert_false(hears(&rig, SN_FRAME_DATA, 8, 0, publish)); /* another's */
    assert_true(hears(&rig, SN_FRAME_DATA, 0, 0, publish));  /* everybody's */
}

static void another_run_of_the_master_acknowledges_nothing(void **state)
{
    struct rig rig;

    (void)state;
    (void)with_address(&rig);
    sn_bus_node_send(&rig.node, publish);
    assert_false(hears(&rig, SN_FRAME_GRANT, 7, 0, WIRE_SPAN("")));
    assert_true(says(&rig, 180).len > 0);
    rollcall(&rig, 4, 0x40, 0x40);
    assert_true(sn_bus_node_is_busy(&rig.node));
    assert_false(hears(&rig, SN_FRAME_GRANT, 7, SN_CTRL_NR, WIRE_SPAN("")));
    assert_span_equal(says(&rig, 180), WIRE_SPAN("\x00\x0f\x07\x89\x08\x0c\x20\x02\x01\x07\x02x"
                                                 "\xb6\x59\x12\x5b\x00"));
}

static void who_is_told_to_wait_is_silent_so_long(void **state)
{
    struct rig rig;

    (void)state;
    begin(&rig);
    assign(&rig, 254, 2);
    rollcall(&rig, 3, 0, 0);
    assert_int_equal(says(&rig, 0).len, 0);
    rig.now_us += 2u << 20; /* a node counts in these */
    rollcall(&rig, 3, 0, 0);
    assert_span_equal(says(&rig, 180), WIRE_SPAN("\xfe"));
}

static void forgotten_addresses_are_left(void **state)
{
    struct rig rig;
    uint8_t payload[SN_BUS_ROLLCALL_LEN] = {0, 3 << 4 | 2};

    (void)state;
    (void)with_address(&rig);
    assert_false(hears(&rig, SN_FRAME_ROLLCALL, 0, 0, span_of(payload, sizeof payload)));
    assert_int_equal(rig.node.address, 0);
    assert_span_equal(says(&rig, 180), WIRE_SPAN("\xfe"));
}

static void times_are_learned(void **state)
{
    struct rig rig;

    (void)state;
    (void)with_address(&rig);
    assert_false(
        hears(&rig, SN_FRAME_PARAM, 0, 0, WIRE_SPAN("\x00\x64\x00\x65\x07\xd0\x00\xff\x01")));
    sn_bus_node_send(&rig.node, publish);
    rollcall(&rig, 3, 0x41, 0);
    assert_span_equal(says(&rig, 1000 + 20000), WIRE_SPAN("\x07"));
}

static void who_hears_that_its_address_is_nobodys_asks_anew(void **state)
{
    static const struct {
        const char *what;
        enum sn_frame_type type;
        uint8_t addr;
        bool leaves;
        struct span payload;
    } rows[] = {
        {"its group has none", SN_FRAME_PARAM, 0, true, {WIRE("\0\x64\0\x65\7\xd0\0\xff\xfe")}},
        {"its group has one", SN_FRAME_PARAM, 0, false, {WIRE("\0\x64\0\x65\7\xd0\0\xff\x01")}},
        {"its own", SN_FRAME_ASSIGN, 7, true, {NULL, 0}},
        {"another", SN_FRAME_ASSIGN, 8, false, {NULL, 0}},
        {"all", SN_FRAME_ASSIGN, 0, true, {NULL, 0}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rig rig;

        (void)with_address(&rig);
        assert_false(hears(&rig, rows[i].type, rows[i].addr, 0, rows[i].payload));
        if ((rig.node.address == 0) != rows[i].leaves) {
            fail_msg("%s: address %u", rows[i].what, rig.node.address);
        }
    }
}

static void octets_of_any_kind_do_no_harm(void **state)
{
    struct rig rig;
    uint32_t x = 1;

    (void)state;
    (void)with_address(&rig);
    for (unsigned i = 0; i < 200000; i++) {
        uint8_t octet = 0;
        uint8_t out[128];
        struct span octets = {&octet, 1};

        x = x * 1664525 + 1013904223;
        octet = (uint8_t)(x >> 24);
        (void)sn_bus_node_input(&rig.node, &octets, rig.now_us += 87, &rig.packet);
        (void)sn_bus_node_output(&rig.node, rig.now_us, out, sizeof out);
    }
    assert_int_equal(rig.node.address, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_newcomer_asks_joins_and_speaks),
        cmocka_unit_test(turns_wait_for_those_before),
        cmocka_unit_test(who_is_late_is_silent),
        cmocka_unit_test(a_message_comes_once),
        cmocka_unit_test(another_run_of_the_master_acknowledges_nothing),
        cmocka_unit_test(who_is_told_to_wait_is_silent_so_long),
        cmocka_unit_test(forgotten_addresses_are_left),
        cmocka_unit_test(times_are_learned),
        cmocka_unit_test(who_hears_that_its_address_is_nobodys_asks_anew),
        cmocka_unit_test(octets_of_any_kind_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
