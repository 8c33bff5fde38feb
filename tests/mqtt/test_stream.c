#include "mqtt/packet.h"
#include "mqtt/stream.h"
#include "tests/vectors/mqtt.h"

#define ROW 512

static size_t row_of_packets(uint8_t row[ROW])
{
    struct writer w = writer_of(row, ROW);

    for (size_t i = 0; i < COUNT(mqtt_vectors); i++) {
        write_span(&w, mqtt_vectors[i].wire);
    }
    assert_false(w.bad);
    return written(&w);
}

/* Takes all packets that `octets` completes and compares them with the vectors from *next on. */
static void expect(struct mqtt_stream *stream, struct span octets, size_t *next)
{
    struct span packet;

    while (true) {
        assert_int_equal(mqtt_stream_next(stream, &octets, &packet), MQTT_OK);
        if (packet.len == 0) {
            break;
        }
        assert_span_equal(packet, mqtt_vectors[*next].wire);
        *next += 1;
    }
    assert_int_equal(octets.len, 0);
}

static void every_split_of_a_row_gives_the_same_packets(void **state)
{
    uint8_t row[ROW];
    size_t len = row_of_packets(row);

    (void)state;
    for (size_t a = 0; a <= len; a++) {
        for (size_t b = a; b <= len; b += 3) {
            struct budget budget = {.limit = 4096};
            struct mqtt_stream stream;
            size_t next = 0;

            mqtt_stream_init(&stream, &budget, 256);
            expect(&stream, span_of(row, a), &next);
            expect(&stream, at_edge(span_of(row + a, b - a), b - a), &next);
            expect(&stream, span_of(row + b, len - b), &next);
            assert_int_equal(next, COUNT(mqtt_vectors));
            assert_int_equal(budget.used, 0);
            mqtt_stream_fini(&stream);
        }
    }
}

static void octets_one_by_one_give_the_same_packets(void **state)
{
    uint8_t row[ROW];
    size_t len = row_of_packets(row);
    struct budget budget = {.limit = 4096};
    struct mqtt_stream stream;
    size_t next = 0;

    (void)state;
    mqtt_stream_init(&stream, &budget, 256);
    for (size_t i = 0; i < len; i++) {
        expect(&stream, at_edge(span_of(row + i, 1), 1), &next);
    }
    assert_int_equal(next, COUNT(mqtt_vectors));
    assert_int_equal(budget.used, 0);
    mqtt_stream_fini(&stream);
}

static void a_whole_packet_is_handed_out_where_it_lies(void **state)
{
    struct budget budget = {.limit = 0};
    struct mqtt_stream stream;
    struct span octets = WIRE_SPAN("\xc0\0\xd0\0");
    struct span packet;
    const uint8_t *at = octets.at;

    (void)state;
    mqtt_stream_init(&stream, &budget, 256);
    assert_int_equal(mqtt_stream_next(&stream, &octets, &packet), MQTT_OK);
    assert_ptr_equal(packet.at, at);
    assert_int_equal(mqtt_stream_next(&stream, &octets, &packet), MQTT_OK);
    assert_ptr_equal(packet.at, at + 2);
    mqtt_stream_fini(&stream);
}

static enum mqtt_err first_answer(size_t max_packet, size_t budget_octets, struct span octets)
{
    struct budget budget = {.limit = budget_octets};
    struct mqtt_stream stream;
    struct span packet;
    enum mqtt_err err = MQTT_OK;

    mqtt_stream_init(&stream, &budget, max_packet);
    err = mqtt_stream_next(&stream, &octets, &packet);
    assert_int_equal(packet.len, 0);
    mqtt_stream_fini(&stream);
    assert_int_equal(budget.used, 0);
    return err;
}

static void a_header_that_claims_too_much_is_refused_at_once(void **state)
{
    (void)state;
    assert_int_equal(first_answer(100, 4096, WIRE_SPAN("\x30\x63")), MQTT_ERR_SIZE);
    assert_int_equal(first_answer(100, 4096, WIRE_SPAN("\x30\x62")), MQTT_OK);
    assert_int_equal(first_answer(100, 4096, WIRE_SPAN("\x30\xff\xff\xff\x7f")), MQTT_ERR_SIZE);
    assert_int_equal(first_answer(100, 4096, WIRE_SPAN("\x30\xff\xff\xff\xff")), MQTT_ERR_LENGTH);
    assert_int_equal(first_answer(100, 10, WIRE_SPAN("\x30\x20")), MQTT_ERR_FULL);
}

static void a_bad_length_is_refused_in_pieces_too(void **state)
{
    struct budget budget = {.limit = 4096};
    struct mqtt_stream stream;
    struct span packet;

    (void)state;
    mqtt_stream_init(&stream, &budget, 100);
    for (size_t i = 0; i < 5; i++) {
        struct span octets = span_of(&"\x30\xff\xff\xff\xff"[i], 1);
        enum mqtt_err err = mqtt_stream_next(&stream, &octets, &packet);

        assert_int_equal(err, i == 4 ? MQTT_ERR_LENGTH : MQTT_OK);
    }
    mqtt_stream_fini(&stream);
}

/* A megabyte claimed costs what came, not what was claimed. */
static void a_claim_alone_takes_no_memory(void **state)
{
    struct budget budget = {.limit = 4096};
    struct mqtt_stream stream;
    struct span octets = WIRE_SPAN("\x30\x80\x80\x40\0\x01");
    struct span packet;

    (void)state;
    mqtt_stream_init(&stream, &budget, 2000000);
    assert_int_equal(mqtt_stream_next(&stream, &octets, &packet), MQTT_OK);
    assert_true(mqtt_stream_is_partial(&stream));
    assert_in_range(budget.used, 1, 200);
    mqtt_stream_fini(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_split_of_a_row_gives_the_same_packets),
        cmocka_unit_test(octets_one_by_one_give_the_same_packets),
        cmocka_unit_test(a_whole_packet_is_handed_out_where_it_lies),
        cmocka_unit_test(a_header_that_claims_too_much_is_refused_at_once),
        cmocka_unit_test(a_bad_length_is_refused_in_pieces_too),
        cmocka_unit_test(a_claim_alone_takes_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
