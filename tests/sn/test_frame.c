#include "tests/support.h"

#include "base/rng.h"
#include "sn/frame.h"
#include "tests/vectors/sn.h"

#define PAYLOAD 600

struct line {
    struct sn_frame_decoder decoder;
    uint8_t buffer[SN_FRAME_BUFFER(PAYLOAD)];
    unsigned whole;
    unsigned lost[SN_FRAME_EVENTS]; /* octets, by cause */
    struct sn_frame last;
};

static void line_init(struct line *line)
{
    *line = (struct line){.whole = 0};
    sn_frame_init(&line->decoder, line->buffer, sizeof line->buffer);
}

static void line_input(struct line *line, struct span octets)
{
    struct sn_frame frame;
    enum sn_frame_event event;

    while ((event = sn_frame_input_checked(&line->decoder, &octets, &frame)) != SN_FRAME_NONE) {
        if (event == SN_FRAME_WHOLE) {
            line->whole++;
            line->last = frame;
        } else {
            line->lost[event] += line->decoder.told;
        }
    }
    assert_int_equal(octets.len, 0);
}

static unsigned lost_of(const struct line *line)
{
    unsigned sum = 0;

    for (size_t i = 0; i < SN_FRAME_EVENTS; i++) {
        sum += line->lost[i];
    }
    return sum;
}

static void assert_frames_equal(const struct sn_frame *a, const struct sn_frame *b)
{
    assert_int_equal(a->addr, b->addr);
    assert_int_equal(a->ctrl, b->ctrl);
    assert_span_equal(a->payload, b->payload);
}

static void every_frame_vector_encodes_to_its_octets(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sn_frame_vectors); i++) {
        const struct sn_frame_vector *v = &sn_frame_vectors[i];
        uint8_t out[64];

        assert_span_equal(span_of(out, sn_frame_encode(&v->frame, out, sizeof out)), v->wire);
    }
}

static void every_frame_vector_decodes_in_one_piece_and_octet_by_octet(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sn_frame_vectors); i++) {
        const struct sn_frame_vector *v = &sn_frame_vectors[i];
        struct line line;

        line_init(&line);
        line_input(&line, at_edge(v->wire, v->wire.len));
        assert_int_equal(line.whole, 1);
        assert_frames_equal(&line.last, &v->frame);
        for (size_t at = 0; at < v->wire.len; at++) {
            line_input(&line, span_of(v->wire.at + at, 1));
        }
        assert_int_equal(line.whole, 2);
        assert_frames_equal(&line.last, &v->frame);
        assert_int_equal(lost_of(&line), 0);
    }
}

/* Payloads of an FW frame, so that no Length need be true; runs around 254 non-zero octets. */
static void frames_of_every_length_come_back(void **state)
{
    static const uint8_t fills[] = {0x00, 0x01, 0xFF};
    uint8_t payload[PAYLOAD];
    uint8_t out[SN_FRAME_ENCODED(PAYLOAD)];
    struct line line;

    (void)state;
    line_init(&line);
    for (size_t f = 0; f < sizeof fills; f++) {
        memset(payload, fills[f], sizeof payload);
        for (size_t len = 0; len <= PAYLOAD; len++) {
            struct sn_frame frame = {9, sn_ctrl_of(SN_FRAME_FW), span_of(payload, len)};
            size_t size = sn_frame_encode(&frame, out, SN_FRAME_ENCODED(len));

            assert_in_range(size, len + SN_FRAME_OVERHEAD + 3, SN_FRAME_ENCODED(len));
            assert_null(memchr(out + 1, 0, size - 2));
            line_input(&line, span_of(out, size));
            assert_frames_equal(&line.last, &frame);
        }
    }
    assert_int_equal(line.whole, 3 * (PAYLOAD + 1));
    assert_int_equal(lost_of(&line), 0);
}

static void encoding_needs_room_for_the_worst_case(void **state)
{
    struct sn_frame frame = {1, 0, WIRE_SPAN("\x02\x17")};
    uint8_t out[SN_FRAME_ENCODED(2)];

    (void)state;
    assert_int_equal(sn_frame_encode(&frame, out, sizeof out - 1), 0);
    assert_int_equal(sn_frame_encode(&frame, out, sizeof out), sizeof out);
}

static void stray_zeros_are_empty_frames_and_cost_nothing(void **state)
{
    struct line line;

    (void)state;
    line_init(&line);
    line_input(&line, WIRE_SPAN("\0\0\0\0\0"));
    line_input(&line, sn_frame_vectors[0].wire);
    line_input(&line, WIRE_SPAN("\0\0"));
    assert_int_equal(line.whole, 1);
    assert_int_equal(lost_of(&line), 0);
}

struct bad {
    struct span wire;
    enum sn_frame_event cause;
    unsigned octets;
};

/* clang-format off */
static const struct bad bads[] = {
    {{WIRE("\x05\x01\x02\x00")}, SN_FRAME_CUT, 3},
    {{WIRE("\x01\x00")}, SN_FRAME_SHORT, 1},
    {{WIRE("\x05\x01\x02\x03\x04\x00")}, SN_FRAME_SHORT, 5},
    {{WIRE("\x02\x01\x07\x02\x17\x15\x72\xF3\x77\x00")}, SN_FRAME_CHECKSUM, 9},
    {{WIRE("\x02\x01\x07\x02\x16\x15\x72\xF3\x76\x00")}, SN_FRAME_CHECKSUM, 9},
};
/* clang-format on */

static void each_cause_is_told_with_its_octets(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bads); i++) {
        struct line line;

        line_init(&line);
        line_input(&line, bads[i].wire);
        assert_int_equal(line.whole, 0);
        assert_int_equal(line.lost[bads[i].cause], bads[i].octets);
        assert_int_equal(lost_of(&line), bads[i].octets);
        line_input(&line, sn_frame_vectors[0].wire); /* in step again */
        assert_int_equal(line.whole, 1);
    }
}

static void a_frame_longer_than_the_buffer_is_told_and_writes_nothing_behind_it(void **state)
{
    uint8_t guard[12];
    struct sn_frame_decoder d;
    struct sn_frame frame;
    struct span octets = {WIRE("\x0B\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x00\x01")};

    (void)state;
    memset(guard, 0xA5, sizeof guard);
    sn_frame_init(&d, guard, 8);
    assert_int_equal(sn_frame_input(&d, &octets, &frame), SN_FRAME_LONG);
    assert_int_equal(d.told, 11);
    assert_memory_equal(guard + 8, "\xA5\xA5\xA5\xA5", 4);
    assert_int_equal(octets.len, 1);
}

static void a_data_frame_whose_length_lies_is_discarded(void **state)
{
    static const struct span payloads[] = {
        {WIRE("\x03\x17")},
        {WIRE("\x02\x17\x00")},
        {WIRE("")},
        {WIRE("\x01\x00\x05\x17")},
        {WIRE("\x05\xFE\x00\x0A\x0B\x05\x16n1")},
        {WIRE("\x05\xFE\x00\x0A\x0B")},
        {WIRE("\x00\xFE\x02\x17")},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(payloads); i++) {
        struct sn_frame frame = {1, 0, payloads[i]};
        uint8_t out[64];
        size_t size = sn_frame_encode(&frame, out, sizeof out);
        struct line line;

        line_init(&line);
        line_input(&line, span_of(out, size));
        assert_int_equal(line.whole, 0);
        assert_int_equal(line.lost[SN_FRAME_LENGTH], size - 2);
        frame.ctrl = sn_ctrl_of(SN_FRAME_GRANT); /* others carry no MQTT-SN message */
        line_input(&line, span_of(out, sn_frame_encode(&frame, out, sizeof out)));
        assert_int_equal(line.whole, 1);
    }
}

static void each_single_bit_flip_is_noticed_and_costs_one_frame(void **state)
{
    const struct sn_frame_vector *v = &sn_frame_vectors[1];

    (void)state;
    for (size_t bit = 8; bit < 8 * (v->wire.len - 1); bit++) {
        uint8_t wire[64];
        struct line line;

        memcpy(wire, v->wire.at, v->wire.len);
        wire[bit / 8] ^= (uint8_t)(1u << bit % 8);
        line_init(&line);
        line_input(&line, span_of(wire, v->wire.len));
        assert_int_equal(line.whole, 0);
        assert_in_range(lost_of(&line), v->wire.len - 3, v->wire.len - 2);
        line_input(&line, v->wire);
        assert_int_equal(line.whole, 1);
    }
}

/* A delimiter lost between two frames costs nothing, since each frame has its own. */
static void noise_between_frames_loses_no_frame(void **state)
{
    struct rng rng;
    struct line line;
    unsigned noise = 0;

    (void)state;
    rng_init(&rng, 7);
    line_init(&line);
    for (unsigned i = 0; i < 10000; i++) {
        uint8_t octets[16];
        size_t len = rng_below(&rng, sizeof octets);

        for (size_t k = 0; k < len; k++) {
            octets[k] = (uint8_t)(1 + rng_below(&rng, 255));
        }
        noise += (unsigned)len;
        line_input(&line, span_of(octets, len));
        line_input(&line, sn_frame_vectors[i % COUNT(sn_frame_vectors)].wire);
    }
    assert_int_equal(line.whole, 10000);
    assert_int_equal(lost_of(&line), noise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_vector_encodes_to_its_octets),
        cmocka_unit_test(every_frame_vector_decodes_in_one_piece_and_octet_by_octet),
        cmocka_unit_test(frames_of_every_length_come_back),
        cmocka_unit_test(encoding_needs_room_for_the_worst_case),
        cmocka_unit_test(stray_zeros_are_empty_frames_and_cost_nothing),
        cmocka_unit_test(each_cause_is_told_with_its_octets),
        cmocka_unit_test(a_frame_longer_than_the_buffer_is_told_and_writes_nothing_behind_it),
        cmocka_unit_test(a_data_frame_whose_length_lies_is_discarded),
        cmocka_unit_test(each_single_bit_flip_is_noticed_and_costs_one_frame),
        cmocka_unit_test(noise_between_frames_loses_no_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
