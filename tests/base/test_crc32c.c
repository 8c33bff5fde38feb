#include "base/crc32c.h"
#include "tests/support.h"

/* RFC 3720, B.4 */
static void the_vectors_of_the_rfc_hold(void **state)
{
    uint8_t octets[32];

    (void)state;
    assert_int_equal(crc32c_of(WIRE_SPAN("123456789")), 0xE3069283);
    memset(octets, 0, sizeof octets);
    assert_int_equal(crc32c_of(span_of(octets, sizeof octets)), 0x8A9136AA);
    memset(octets, 0xFF, sizeof octets);
    assert_int_equal(crc32c_of(span_of(octets, sizeof octets)), 0x62A8AB43);
    for (size_t i = 0; i < sizeof octets; i++) {
        octets[i] = (uint8_t)i;
    }
    assert_int_equal(crc32c_of(span_of(octets, sizeof octets)), 0x46DD794E);
}

static void octet_by_octet_is_the_same(void **state)
{
    struct span text = WIRE_SPAN("123456789");
    uint32_t crc = CRC32C_START;

    (void)state;
    for (size_t i = 0; i < text.len; i++) {
        crc = crc32c_add(crc, text.at[i]);
    }
    assert_int_equal(crc32c_end(crc), crc32c_of(text));
    assert_int_equal(crc32c_of((struct span){NULL, 0}), 0);
}

static void every_single_bit_counts(void **state)
{
    uint8_t octets[16] = {0};
    uint32_t good = crc32c_of(span_of(octets, sizeof octets));

    (void)state;
    for (unsigned bit = 0; bit < 8 * sizeof octets; bit++) {
        octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(crc32c_of(span_of(octets, sizeof octets)), good);
        octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc_hold),
        cmocka_unit_test(octet_by_octet_is_the_same),
        cmocka_unit_test(every_single_bit_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
