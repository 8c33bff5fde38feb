/* tests/base/test_crc32c_small.c - the checksum that nodes build is that of the gateway. */
#include "tests/support.h"

#include "base/crc32c.h"

uint32_t small_add(uint32_t crc, uint8_t octet);
uint32_t small_of(struct span octets);

#define crc32c_add small_add
#define crc32c_of  small_of
#include "base/crc32c_small.c"
#undef crc32c_add
#undef crc32c_of

static void both_are_the_same_function(void **state)
{
    uint8_t octets[300];
    uint32_t x = 1;

    (void)state;
    for (size_t i = 0; i < sizeof octets; i++) {
        x = x * 1664525 + 1013904223;
        octets[i] = (uint8_t)(x >> 24);
        assert_int_equal(small_of(span_of(octets, i)), crc32c_of(span_of(octets, i)));
    }
    assert_int_equal(small_of(WIRE_SPAN("123456789")), 0xE3069283);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_are_the_same_function)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
