#include "tests/support.h"

#include "sn/packet.h"
#include "tests/vectors/sn.h"

#define BIG 700 /* octets, above the longest vector */

/* Types whose optional octets make `full` part of their meaning. */
static bool has_optional(enum sn_type type)
{
    return type == SN_WILLTOPIC || type == SN_WILLTOPICUPD || type == SN_DISCONNECT;
}

static void assert_packets_equal(const struct sn_packet *a, const struct sn_packet *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->code, b->code);
    assert_int_equal(a->gw_id, b->gw_id);
    assert_int_equal(a->radius, b->radius);
    assert_int_equal(a->protocol, b->protocol);
    assert_true(!has_optional(a->type) || a->full == b->full);
    assert_int_equal(a->topic_id, b->topic_id);
    assert_int_equal(a->msg_id, b->msg_id);
    assert_int_equal(a->duration_s, b->duration_s);
    assert_span_equal(a->data, b->data);
    assert_span_equal(a->node_id, b->node_id);
}

/* SN-001 SN-002 SN-010 SN-188: lengths, order of octets, where an encapsulation ends */
static void every_vector_decodes_to_its_packet(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sn_vectors); i++) {
        const struct sn_vector *v = &sn_vectors[i];
        struct sn_packet pkt;

        assert_int_equal(sn_packet_decode(&pkt, at_edge(v->wire, v->wire.len)), SN_OK);
        assert_packets_equal(&pkt, &v->packet);
    }
}

/* SN-004: the short form up to 255, the long one above */
static void every_packet_encodes_to_its_octets(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sn_vectors); i++) {
        const struct sn_vector *v = &sn_vectors[i];
        uint8_t out[BIG];

        assert_span_equal(span_of(out, sn_packet_encode(&v->packet, out, sizeof out)), v->wire);
    }
}

static void what_was_decoded_encodes_to_the_same_octets(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sn_vectors); i++) {
        const struct sn_vector *v = &sn_vectors[i];
        struct sn_packet pkt;
        uint8_t out[BIG];

        assert_int_equal(sn_packet_decode(&pkt, v->wire), SN_OK);
        assert_span_equal(span_of(out, sn_packet_encode(&pkt, out, sizeof out)), v->wire);
    }
}

static void encoding_into_less_than_the_length_gives_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sn_vectors); i++) {
        const struct sn_vector *v = &sn_vectors[i];
        uint8_t out[BIG];

        for (size_t size = 0; size < v->wire.len; size++) {
            struct span room = at_edge(span_of(out, sizeof out), size);

            assert_int_equal(sn_packet_encode(&v->packet, (uint8_t *)(uintptr_t)room.at, size), 0);
        }
    }
}

/* The inner message of a truncated encapsulation is what is cut; so it is refused when decoded. */
static enum sn_err decode_through(struct sn_packet *pkt, struct span wire)
{
    enum sn_err err = sn_packet_decode(pkt, wire);

    return err == SN_OK && pkt->type == SN_FORWARD ? sn_packet_decode(pkt, pkt->data) : err;
}

/* SN-005 SN-007 SN-008 SN-194 */
static void every_truncation_is_refused_as_short(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sn_vectors); i++) {
        struct span wire = sn_vectors[i].wire;

        for (size_t len = 0; len < wire.len; len++) {
            struct sn_packet pkt;

            assert_int_equal(decode_through(&pkt, at_edge(wire, len)), SN_ERR_SHORT);
        }
    }
}

/* SN-006 */
static void octets_behind_a_packet_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sn_vectors); i++) {
        struct span wire = sn_vectors[i].wire;
        struct sn_packet pkt;
        uint8_t longer[BIG];

        memcpy(longer, wire.at, wire.len);
        longer[wire.len] = 0x17;
        assert_int_equal(decode_through(&pkt, at_edge(span_of(longer, BIG), wire.len + 1)),
                         SN_ERR_LONG);
    }
}

/* SN-003: the 3-octet Length whatever the total is */
static void every_vector_decodes_with_the_long_form_of_length(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sn_vectors); i++) {
        const struct sn_vector *v = &sn_vectors[i];
        uint8_t wide[BIG] = {1, 0, (uint8_t)(v->wire.at[0] + 2)};
        struct sn_packet pkt;

        if (v->wire.at[0] == 1 || v->wire.at[0] > 253) {
            continue;
        }
        memcpy(wide + 3, v->wire.at + 1, v->wire.len - 1);
        assert_int_equal(sn_packet_decode(&pkt, at_edge(span_of(wide, BIG), v->wire.len + 2)),
                         SN_OK);
        assert_packets_equal(&pkt, &v->packet);
    }
}

/* SN-007 */
static void a_length_that_lies_is_refused(void **state)
{
    static const struct span lies[] = {
        {WIRE("\x00")},                  /* none */
        {WIRE("\x00\x17")},              /* zero */
        {WIRE("\x01\x17")},              /* long form without its octets */
        {WIRE("\x01\x00\x00\x17")},      /* long form, zero */
        {WIRE("\x01\x00\x02\x17")},      /* less than its own head */
        {WIRE("\x01\xFF\xFF\x17")},      /* 65535 */
        {WIRE("\x03\x17")},              /* one more than there is */
        {WIRE("\x02\x05")},              /* CONNACK without its code */
        {WIRE("\x03\x07\x00\x00")},      /* one less than there is */
        {WIRE("\x03\x18\x00")},          /* half a Duration */
        {WIRE("\x06\x12\x01\x00\x03a")}, /* half a predefined id */
        {WIRE("\x08\x12\x02\x00\x03"
              "abc")},                      /* a short name of three */
        {WIRE("\x00\xFE\x00\x0A\x02\x17")}, /* encapsulation, zero */
        {WIRE("\x02\xFE\x00\x0A\x02\x17")}, /* encapsulation without Ctrl */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(lies); i++) {
        struct sn_packet pkt;

        assert_int_not_equal(sn_packet_decode(&pkt, at_edge(lies[i], lies[i].len)), SN_OK);
    }
}

/* SN-009 */
static void reserved_types_are_refused(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        uint8_t wire[] = {2, (uint8_t)type};
        bool reserved =
            type == 0x03 || type == 0x11 || type == 0x19 || (type >= 0x1E && type != 0xFE);
        struct sn_packet pkt;
        uint8_t out[8];
        enum sn_err err = sn_packet_decode(&pkt, at_edge(span_of(wire, 2), 2));

        assert_int_equal(err == SN_ERR_TYPE, reserved);
        if (reserved) {
            pkt = (struct sn_packet){.type = (enum sn_type)type};
            assert_int_equal(sn_packet_encode(&pkt, out, sizeof out), 0);
        }
    }
}

static void a_head_is_the_packet_without_its_data(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sn_vectors); i++) {
        const struct sn_vector *v = &sn_vectors[i];
        struct sn_packet pkt = v->packet;
        size_t head = v->wire.len - pkt.data.len;
        uint8_t out[BIG];

        pkt.data = (struct span){NULL, 0};
        assert_int_equal(sn_packet_encode_head(&pkt, v->packet.data.len, out, head), head);
        assert_memory_equal(out, v->wire.at, head);
    }
}

static void a_packet_above_65535_octets_is_not_encoded(void **state)
{
    struct sn_packet pkt = {.type = SN_PUBLISH};
    uint8_t out[SN_HEAD_MAX];

    (void)state;
    assert_int_equal(sn_packet_encode_head(&pkt, 65535 - 9, out, sizeof out), 9);
    assert_memory_equal(out, "\x01\xFF\xFF\x0C", 4);
    assert_int_equal(sn_packet_encode_head(&pkt, 65535 - 8, out, sizeof out), 0);
}

/* All 16.8 million datagrams of up to three octets; what decodes encodes again. */
static void every_datagram_of_three_octets_is_decoded_without_a_fault(void **state)
{
    uint8_t *wire = (uint8_t *)(uintptr_t)at_edge(WIRE_SPAN("\0\0\0"), 3).at;
    unsigned long accepted = 0;

    (void)state;
    for (uint32_t value = 0; value < 1u << 24; value++) {
        struct sn_packet pkt;

        wire[0] = (uint8_t)(value >> 16);
        wire[1] = (uint8_t)(value >> 8);
        wire[2] = (uint8_t)value;
        accepted += sn_packet_decode(&pkt, span_of(wire, 3)) == SN_OK;
    }
    /* SEARCHGW, GWINFO, CONNACK, WILLTOPIC, WILLMSG, PINGREQ, WILLTOPICUPD, WILLTOPICRESP,
     * WILLMSGUPD, WILLMSGRESP with any third octet; and an encapsulation of nothing, which
     * sn/forward.h refuses */
    assert_int_equal(accepted, 11 * 256);
    for (uint32_t value = 0; value < 1u << 16; value++) {
        struct sn_packet pkt;

        wire[1] = (uint8_t)(value >> 8);
        wire[2] = (uint8_t)value;
        accepted += sn_packet_decode(&pkt, span_of(wire + 1, 2)) == SN_OK;
    }
    /* WILLTOPICREQ, WILLTOPIC, WILLMSGREQ, WILLMSG, PINGREQ, PINGRESP, DISCONNECT, WILLTOPICUPD,
     * WILLMSGUPD */
    assert_int_equal(accepted, 11 * 256 + 9);
}

/* SN-012 is about single bits: each helper sees its own only */
static void flags_are_read_bit_by_bit(void **state)
{
    (void)state;
    for (int qos = -1; qos <= 2; qos++) {
        assert_int_equal(sn_flags_qos(sn_flags_of_qos(qos)), qos);
        assert_int_equal(sn_flags_qos((uint8_t)(sn_flags_of_qos(qos) | 0x9F)), qos);
    }
    assert_int_equal(sn_flags_of_qos(SN_QOS_MINUS_1), 0x60);
    assert_int_equal(sn_flags_topic_type(0xFE), SN_TOPIC_SHORT);
    assert_int_equal(sn_flags_topic_type(0xFD), SN_TOPIC_PREDEFINED);
}

static void every_error_has_words(void **state)
{
    (void)state;
    assert_string_equal(sn_err_name(SN_OK), "ok");
    assert_string_equal(sn_err_name(SN_ERR_TYPE), "reserved message type");
    assert_string_equal(sn_err_name((enum sn_err)99), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_decodes_to_its_packet),
        cmocka_unit_test(every_packet_encodes_to_its_octets),
        cmocka_unit_test(what_was_decoded_encodes_to_the_same_octets),
        cmocka_unit_test(encoding_into_less_than_the_length_gives_nothing),
        cmocka_unit_test(every_truncation_is_refused_as_short),
        cmocka_unit_test(octets_behind_a_packet_are_refused),
        cmocka_unit_test(every_vector_decodes_with_the_long_form_of_length),
        cmocka_unit_test(a_length_that_lies_is_refused),
        cmocka_unit_test(reserved_types_are_refused),
        cmocka_unit_test(a_head_is_the_packet_without_its_data),
        cmocka_unit_test(a_packet_above_65535_octets_is_not_encoded),
        cmocka_unit_test(every_datagram_of_three_octets_is_decoded_without_a_fault),
        cmocka_unit_test(flags_are_read_bit_by_bit),
        cmocka_unit_test(every_error_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
