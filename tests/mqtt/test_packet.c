#include "base/text.h"
#include "mqtt/dump.h"
#include "tests/vectors/mqtt.h"

#define LEVEL 4

static enum mqtt_err decode(struct mqtt_packet *pkt, struct span wire)
{
    return mqtt_packet_decode(pkt, at_edge(wire, wire.len), LEVEL);
}

static void every_vector_decodes_to_what_it_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mqtt_vectors); i++) {
        char line[256];
        struct writer w = writer_of((uint8_t *)line, sizeof line);

        mqtt_dump_wire(&w, mqtt_vectors[i].wire);
        write_end(&w);
        assert_string_equal(line, mqtt_vectors[i].text);
    }
}

static void what_is_decoded_encodes_to_the_same_octets(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mqtt_vectors); i++) {
        uint8_t out[128];
        struct writer w = writer_of(out, mqtt_vectors[i].wire.len);
        struct mqtt_packet pkt;

        assert_int_equal(decode(&pkt, mqtt_vectors[i].wire), MQTT_OK);
        mqtt_packet_encode(&pkt, &w);
        assert_false(w.bad);
        assert_span_equal(span_of(out, written(&w)), mqtt_vectors[i].wire);
    }
}

static void an_encoder_without_room_writes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mqtt_vectors); i++) {
        uint8_t out[128];
        struct writer w = writer_of(out, mqtt_vectors[i].wire.len - 1);
        struct mqtt_packet pkt;

        assert_int_equal(decode(&pkt, mqtt_vectors[i].wire), MQTT_OK);
        mqtt_packet_encode(&pkt, &w);
        assert_true(w.bad);
        assert_int_equal(written(&w), 0);
    }
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mqtt_vectors); i++) {
        for (size_t len = 0; len < mqtt_vectors[i].wire.len; len++) {
            struct mqtt_packet pkt;
            struct span cut = at_edge(mqtt_vectors[i].wire, len);

            assert_int_equal(mqtt_packet_decode(&pkt, cut, LEVEL), MQTT_ERR_SHORT);
        }
    }
}

/* The remaining length says what is there, so a field is cut and not the packet. */
static void a_packet_that_ends_inside_a_field_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mqtt_vectors); i++) {
        struct span whole = mqtt_vectors[i].wire;
        bool open_end = (whole.at[0] & 0xF0) == 0x30 || whole.at[0] == 0x90;

        for (size_t len = 2; len < whole.len && !open_end; len++) {
            uint8_t wire[128];
            struct mqtt_packet pkt;

            memcpy(wire, whole.at, len);
            wire[1] = (uint8_t)(len - 2);
            if (decode(&pkt, span_of(wire, len)) == MQTT_OK) {
                /* A request may end after any filter. */
                assert_true(whole.at[0] == 0x82 || whole.at[0] == 0xa2);
                assert_true(mqtt_filters_count(pkt.type, pkt.payload) == 1);
            }
        }
    }
}

static void octets_behind_a_packet_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mqtt_vectors); i++) {
        uint8_t wire[128] = {0};
        struct mqtt_packet pkt;
        struct span whole = mqtt_vectors[i].wire;

        memcpy(wire, whole.at, whole.len);
        assert_int_equal(decode(&pkt, span_of(wire, whole.len + 1)), MQTT_ERR_LONG);
    }
}

/* clang-format off */
static const struct {
    struct span wire;
    enum mqtt_err err;
} broken[] = {
    /* [MQTT-2.2.2-1] reserved types and flags */
    {{WIRE("\x00\0")}, MQTT_ERR_TYPE},
    {{WIRE("\xf0\0")}, MQTT_ERR_TYPE},
    {{WIRE("\x11\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01" "a")}, MQTT_ERR_FLAGS},
    {{WIRE("\x21\x02\0\0")}, MQTT_ERR_FLAGS},
    {{WIRE("\x42\x02\0\x01")}, MQTT_ERR_FLAGS},
    {{WIRE("\x51\x02\0\x01")}, MQTT_ERR_FLAGS},
    {{WIRE("\x60\x02\0\x01")}, MQTT_ERR_FLAGS}, /* [MQTT-3.6.1-1] */
    {{WIRE("\x6a\x02\0\x01")}, MQTT_ERR_FLAGS},
    {{WIRE("\x78\x02\0\x01")}, MQTT_ERR_FLAGS},
    {{WIRE("\x80\x08\0\x01\0\x03" "a/#" "\x02")}, MQTT_ERR_FLAGS}, /* [MQTT-3.8.1-1] */
    {{WIRE("\x92\x03\0\x02\0")}, MQTT_ERR_FLAGS},
    {{WIRE("\xa0\x05\0\x03\0\x01" "/")}, MQTT_ERR_FLAGS}, /* [MQTT-3.10.1-1] */
    {{WIRE("\xb4\x02\0\x03")}, MQTT_ERR_FLAGS},
    {{WIRE("\xc1\0")}, MQTT_ERR_FLAGS},
    {{WIRE("\xd8\0")}, MQTT_ERR_FLAGS},
    {{WIRE("\xe2\0")}, MQTT_ERR_FLAGS}, /* [MQTT-3.14.1-1] */
    {{WIRE("\x20\x02\x02\0")}, MQTT_ERR_FLAGS},
    /* remaining length */
    {{WIRE("\xc0\x80\x80\x80\x80\0")}, MQTT_ERR_LENGTH},
    {{WIRE("\xc0\x01\0")}, MQTT_ERR_LONG},
    {{WIRE("\x40\x03\0\x01\0")}, MQTT_ERR_LONG},
    {{WIRE("\x10\x0e\0\x04MQTT\x04\x02\0\x3c\0\x01" "aa")}, MQTT_ERR_LONG},
    /* [MQTT-2.3.1-1] packet ids */
    {{WIRE("\x32\x05\0\x01" "a" "\0\0")}, MQTT_ERR_ID},
    {{WIRE("\x40\x02\0\0")}, MQTT_ERR_ID},
    {{WIRE("\x62\x02\0\0")}, MQTT_ERR_ID},
    {{WIRE("\x82\x06\0\0\0\x01" "a" "\0")}, MQTT_ERR_ID},
    {{WIRE("\xa2\x05\0\0\0\x01" "a")}, MQTT_ERR_ID},
    /* PUBLISH */
    {{WIRE("\x36\x05\0\x01" "a" "\0\x01")}, MQTT_ERR_QOS}, /* [MQTT-3.3.1-4] */
    {{WIRE("\x38\x03\0\x01" "a")}, MQTT_ERR_DUP},          /* [MQTT-3.3.1-2] */
    {{WIRE("\x30\x02\0\0")}, MQTT_ERR_TOPIC},              /* [MQTT-4.7.3-1] */
    {{WIRE("\x30\x05\0\x03" "a/+")}, MQTT_ERR_TOPIC},      /* [MQTT-3.3.2-2] */
    {{WIRE("\x30\x05\0\x03" "a#b")}, MQTT_ERR_TOPIC},
    {{WIRE("\x30\x0b\0\x09" "abcdefg+h")}, MQTT_ERR_TOPIC},
    {{WIRE("\x30\x05\0\x03" "a\0b")}, MQTT_ERR_TEXT},       /* [MQTT-1.5.3-2] */
    {{WIRE("\x30\x05\0\x03" "\xed\xa0\x80")}, MQTT_ERR_TEXT}, /* [MQTT-1.5.3-1] */
    {{WIRE("\x30\x04\0\x02" "\xc0\x80")}, MQTT_ERR_TEXT},
    {{WIRE("\x30\0")}, MQTT_ERR_SHORT},
    {{WIRE("\x30\x01\0")}, MQTT_ERR_SHORT},
    {{WIRE("\x30\x03\0\x02" "a")}, MQTT_ERR_SHORT},
    {{WIRE("\x32\x04\0\x01" "a" "\0")}, MQTT_ERR_SHORT},
    /* SUBSCRIBE, UNSUBSCRIBE */
    {{WIRE("\x82\x02\0\x01")}, MQTT_ERR_NO_FILTER}, /* [MQTT-3.8.3-3] */
    {{WIRE("\xa2\x02\0\x01")}, MQTT_ERR_NO_FILTER}, /* [MQTT-3.10.3-2] */
    {{WIRE("\x82\x06\0\x01\0\x01" "a" "\x03")}, MQTT_ERR_QOS}, /* [MQTT-3.8.3-4] */
    {{WIRE("\x82\x06\0\x01\0\x01" "a" "\x04")}, MQTT_ERR_QOS},
    {{WIRE("\x82\x05\0\x01\0\0\0")}, MQTT_ERR_FILTER},
    {{WIRE("\x82\x07\0\x01\0\x02" "a#" "\0")}, MQTT_ERR_FILTER}, /* [MQTT-4.7.1-2] */
    {{WIRE("\x82\x08\0\x01\0\x03" "#/a" "\0")}, MQTT_ERR_FILTER},
    {{WIRE("\xa2\x06\0\x01\0\x02" "+a")}, MQTT_ERR_FILTER}, /* [MQTT-4.7.1-3] */
    {{WIRE("\x82\x07\0\x01\0\x02" "a\0" "\0")}, MQTT_ERR_TEXT}, /* [MQTT-3.8.3-1] */
    {{WIRE("\x82\x05\0\x01\0\x01" "a")}, MQTT_ERR_SHORT},
    /* SUBACK [MQTT-3.9.3-2], CONNACK */
    {{WIRE("\x90\x03\0\x02\x03")}, MQTT_ERR_CODE},
    {{WIRE("\x90\x02\0\x02")}, MQTT_ERR_SHORT},
    {{WIRE("\x20\x02\0\x06")}, MQTT_ERR_CODE},
    /* CONNECT */
    {{WIRE("\x10\x0d\0\x04MQTX\x04\x02\0\x3c\0\x01" "a")}, MQTT_ERR_PROTOCOL}, /* [MQTT-3.1.2-1] */
    {{WIRE("\x10\x0d\0\x04MQTT\x05\x02\0\x3c\0\x01" "a")}, MQTT_ERR_LEVEL}, /* [MQTT-3.1.2-2] */
    {{WIRE("\x10\x0d\0\x04MQTT\x03\x02\0\x3c\0\x01" "a")}, MQTT_ERR_LEVEL},
    {{WIRE("\x10\x0f\0\x06MQIsdp\x04\0\0\x05\0\x01" "o")}, MQTT_ERR_LEVEL},
    {{WIRE("\x10\x0d\0\x04MQTT\x04\x03\0\x3c\0\x01" "a")}, MQTT_ERR_CONNECT}, /* [MQTT-3.1.2-3] */
    {{WIRE("\x10\x0d\0\x04MQTT\x04\x0a\0\x3c\0\x01" "a")}, MQTT_ERR_CONNECT}, /* [MQTT-3.1.2-11] */
    {{WIRE("\x10\x0d\0\x04MQTT\x04\x22\0\x3c\0\x01" "a")}, MQTT_ERR_CONNECT}, /* [MQTT-3.1.2-15] */
    {{WIRE("\x10\x10\0\x04MQTT\x04\x42\0\x3c\0\x01" "a" "\0\x01" "p")}, MQTT_ERR_CONNECT},
    {{WIRE("\x10\x13\0\x04MQTT\x04\x1e\0\x3c\0\x01" "a" "\0\x01" "t" "\0\x01" "m")}, MQTT_ERR_QOS},
    {{WIRE("\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01" "\xff")}, MQTT_ERR_TEXT}, /* [MQTT-3.1.3-4] */
    {{WIRE("\x10\x12\0\x04MQTT\x04\x06\0\x3c\0\x01" "a" "\0\x01" "+" "\0\0")}, MQTT_ERR_TOPIC},
    {{WIRE("\x10\x12\0\x04MQTT\x04\x06\0\x3c\0\x01" "a" "\0\x01" "\xff" "\0\0")}, MQTT_ERR_TEXT},
    {{WIRE("\x10\x10\0\x04MQTT\x04\x82\0\x3c\0\x01" "a" "\0\x01" "\xff")}, MQTT_ERR_TEXT},
    {{WIRE("\x10\x0d\0\x04MQTT\x04\x82\0\x3c\0\x01" "a")}, MQTT_ERR_SHORT}, /* [MQTT-3.1.2-19] */
};
/* clang-format on */

static void every_broken_rule_has_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(broken); i++) {
        struct mqtt_packet pkt;
        enum mqtt_err err = decode(&pkt, broken[i].wire);

        if (err != broken[i].err) {
            print_error("row %zu: %s\n", i, mqtt_err_name(err));
        }
        assert_string_equal(mqtt_err_name(err), mqtt_err_name(broken[i].err));
    }
}

/* Every first octet with every two octets behind it: decodes or has a name, reads no further. */
static void every_packet_of_two_octets_is_judged(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned id = 0; id < 65536; id++) {
            uint8_t wire[4] = {(uint8_t)first, 2, (uint8_t)(id >> 8), (uint8_t)id};
            uint8_t out[4];
            struct writer w = writer_of(out, sizeof out);
            struct mqtt_packet pkt;

            if (mqtt_packet_decode(&pkt, span_of(wire, 4), LEVEL) == MQTT_OK) {
                mqtt_packet_encode(&pkt, &w);
                assert_memory_equal(out, wire, 4);
            }
        }
    }
}

static void mqtt_3_1_may_repeat_requests_with_dup(void **state)
{
    static const struct span wires[] = {
        {WIRE("\x6a\x02\0\x01")},
        {WIRE("\x8a\x06\0\x01\0\x01"
              "a\0")},
        {WIRE("\xaa\x05\0\x01\0\x01"
              "a")},
        {WIRE("\x38\x03\0\x01"
              "a")},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(wires); i++) {
        struct mqtt_packet pkt;

        assert_int_equal(mqtt_packet_decode(&pkt, wires[i], MQTT_LEVEL_3_1), MQTT_OK);
        assert_int_not_equal(mqtt_packet_decode(&pkt, wires[i], MQTT_LEVEL_3_1_1), MQTT_OK);
    }
}

static void a_refused_level_is_still_told(void **state)
{
    struct mqtt_packet pkt;

    (void)state;
    assert_int_equal(decode(&pkt, WIRE_SPAN("\x10\x0e\0\x04MQTT\x05\x02\0\x3c\0\0\x01"
                                            "a")),
                     MQTT_ERR_LEVEL);
    assert_int_equal(pkt.level, 5);
    assert_int_equal(pkt.type, MQTT_CONNECT);
}

static void a_head_and_its_payload_make_the_packet(void **state)
{
    struct mqtt_packet pkt = {
        .type = MQTT_PUBLISH, .flags = 0x03, .packet_id = 0x0102, .topic = {WIRE("a/b")}};
    uint8_t out[16];
    struct writer w = writer_of(out, sizeof out);

    (void)state;
    mqtt_packet_encode_head(&pkt, 300, &w);
    assert_span_equal(span_of(out, written(&w)), WIRE_SPAN("\x33\xb3\x02\0\x03"
                                                           "a/b\x01\x02"));
}

static void lengths_change_their_form_where_the_table_says(void **state)
{
    /* [2.2.3] table 2.4 */
    static const struct {
        size_t rest;
        struct span header;
    } rows[] = {
        {2, {WIRE("\x30\x02")}},
        {127, {WIRE("\x30\x7f")}},
        {128, {WIRE("\x30\x80\x01")}},
        {16383, {WIRE("\x30\xff\x7f")}},
        {16384, {WIRE("\x30\x80\x80\x01")}},
        {2097151, {WIRE("\x30\xff\xff\x7f")}},
        {2097152, {WIRE("\x30\x80\x80\x80\x01")}},
        {268435455, {WIRE("\x30\xff\xff\xff\x7f")}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mqtt_packet pkt = {.type = MQTT_PUBLISH};
        uint8_t out[8];
        struct writer w = writer_of(out, sizeof out);
        enum mqtt_err err = MQTT_OK;
        struct span header = at_edge(rows[i].header, rows[i].header.len);

        assert_int_equal(mqtt_packet_length(header, &err), rows[i].rest + header.len);
        assert_int_equal(mqtt_packet_length((struct span){header.at, header.len - 1}, &err), 0);
        assert_int_equal(err, MQTT_OK);
        mqtt_packet_encode_head(&pkt, rows[i].rest - 2, &w);
        assert_span_equal(span_of(out, rows[i].header.len), rows[i].header);
    }
}

static void a_length_above_the_greatest_is_not_written(void **state)
{
    struct mqtt_packet pkt = {.type = MQTT_PUBLISH, .topic = {WIRE("a")}};
    uint8_t out[16];
    struct writer w = writer_of(out, sizeof out);

    (void)state;
    mqtt_packet_encode_head(&pkt, MQTT_REMAINING_MAX - 2, &w);
    assert_true(w.bad);
    assert_int_equal(written(&w), 0);
}

static void acknowledgements_encode_short(void **state)
{
    uint8_t out[8];
    struct writer w = writer_of(out, sizeof out);

    (void)state;
    mqtt_packet_encode_ack(MQTT_PUBREL, 0x0102, &w);
    mqtt_packet_encode_ack(MQTT_UNSUBACK, 3, &w);
    assert_span_equal(span_of(out, written(&w)), WIRE_SPAN("\x62\x02\x01\x02\xb0\x02\0\x03"));
}

static void filters_are_written_as_they_are_read(void **state)
{
    uint8_t out[32];
    struct writer w = writer_of(out, sizeof out);
    struct mqtt_filter filter = {{WIRE("a/+")}, 1};
    struct mqtt_filter read;
    struct span rest;

    (void)state;
    mqtt_filter_write(MQTT_SUBSCRIBE, &filter, &w);
    mqtt_filter_write(MQTT_SUBSCRIBE, &filter, &w);
    rest = span_of(out, written(&w));
    assert_int_equal(mqtt_filters_count(MQTT_SUBSCRIBE, rest), 2);
    assert_true(mqtt_filters_next(MQTT_SUBSCRIBE, &rest, &read));
    assert_span_equal(read.filter, filter.filter);
    assert_int_equal(read.qos, 1);
    assert_true(mqtt_filters_next(MQTT_SUBSCRIBE, &rest, &read));
    assert_false(mqtt_filters_next(MQTT_SUBSCRIBE, &rest, &read));
}

static void a_broken_packet_is_dumped_with_its_reason(void **state)
{
    char line[64];
    struct writer w = writer_of((uint8_t *)line, sizeof line);

    (void)state;
    mqtt_dump_wire(&w, WIRE_SPAN("\x40\x02\0\0"));
    write_end(&w);
    assert_string_equal(line, "packet id 0: 40020000");
}

static void the_head_of_a_publish_ends_where_its_payload_begins(void **state)
{
    static const struct {
        struct span wire;
        size_t head;
    } rows[] = {
        {{WIRE("\x30\x05\0\x01"
               "axy")},
         5},
        {{WIRE("\x32\x07\0\x01"
               "a\0\x09xy")},
         7},
        {{WIRE("\x35\x85\x80\0\0\x01"
               "a\0\x09")},
         9},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mqtt_packet pkt;

        for (size_t len = 0; len < rows[i].head; len++) {
            struct span wire = at_edge(rows[i].wire, len);
            size_t head = mqtt_packet_head_length(wire);

            assert_true(head == 0 || head == rows[i].head);
            assert_int_not_equal(mqtt_packet_decode_head(&pkt, wire), MQTT_OK);
        }
        assert_int_equal(mqtt_packet_head_length(rows[i].wire), rows[i].head);
        assert_int_equal(mqtt_packet_decode_head(&pkt, at_edge(rows[i].wire, rows[i].head)),
                         MQTT_OK);
        assert_span_equal(pkt.topic, WIRE_SPAN("a"));
        assert_int_equal(pkt.packet_id, i == 0 ? 0 : 9);
        assert_int_equal(pkt.payload.len, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_decodes_to_what_it_says),
        cmocka_unit_test(what_is_decoded_encodes_to_the_same_octets),
        cmocka_unit_test(an_encoder_without_room_writes_nothing),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(a_packet_that_ends_inside_a_field_is_refused),
        cmocka_unit_test(octets_behind_a_packet_are_refused),
        cmocka_unit_test(every_broken_rule_has_its_name),
        cmocka_unit_test(every_packet_of_two_octets_is_judged),
        cmocka_unit_test(mqtt_3_1_may_repeat_requests_with_dup),
        cmocka_unit_test(a_refused_level_is_still_told),
        cmocka_unit_test(a_head_and_its_payload_make_the_packet),
        cmocka_unit_test(lengths_change_their_form_where_the_table_says),
        cmocka_unit_test(a_length_above_the_greatest_is_not_written),
        cmocka_unit_test(acknowledgements_encode_short),
        cmocka_unit_test(filters_are_written_as_they_are_read),
        cmocka_unit_test(a_broken_packet_is_dumped_with_its_reason),
        cmocka_unit_test(the_head_of_a_publish_ends_where_its_payload_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
