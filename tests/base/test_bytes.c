#include "tests/support.h"

static void a_read_past_the_end_gives_zero_and_stays_bad(void **state)
{
    struct reader r = reader_of(at_edge(WIRE_SPAN("\x01\x02\x03"), 3));

    (void)state;
    assert_int_equal(read_u16(&r), 0x0102);
    assert_int_equal(read_u16(&r), 0);
    assert_true(r.bad);
    assert_int_equal(read_u8(&r), 0);
    assert_int_equal(read_rest(&r).len, 0);
}

static void an_empty_span_reads_as_empty(void **state)
{
    struct reader r = reader_of((struct span){NULL, 0});

    (void)state;
    assert_int_equal(read_rest(&r).len, 0);
    assert_false(r.bad);
    assert_int_equal(read_u32(&r), 0);
    assert_true(r.bad);
}

static void a_writer_writes_whole_fields_or_nothing(void **state)
{
    uint8_t out[3] = {0};
    struct writer w = writer_of(out, sizeof out);

    (void)state;
    write_u16(&w, 0xABCD);
    write_u16(&w, 0xEF01);
    assert_true(w.bad);
    assert_int_equal(written(&w), 2);
    assert_memory_equal(out, "\xAB\xCD\0", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_read_past_the_end_gives_zero_and_stays_bad),
        cmocka_unit_test(an_empty_span_reads_as_empty),
        cmocka_unit_test(a_writer_writes_whole_fields_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
