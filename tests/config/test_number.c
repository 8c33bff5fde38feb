#include "tests/support.h"

#include "config/number.h"

static const struct {
    const char *text;
    const char *normal; /* NULL: refused */
    uint64_t ms;
} times[] = {
    {"500ms", "500ms", 500},
    {"10s", "10s", 10000},
    {"1000ms", "1s", 1000},
    {"90s", "90s", 90000},
    {"60s", "1m", 60000},
    {"24h", "1d", 86400000},
    {"7d", "7d", 604800000},
    {"0", "0", 0},
    {"0s", "0", 0},
    {"1000us", "1ms", 1},
    {"", NULL, 0},
    {"10", NULL, 0},
    {"s", NULL, 0},
    {"10 s", NULL, 0},
    {"-1s", NULL, 0},
    {"1.5s", NULL, 0},
    {"10S", NULL, 0},
    {"1us", NULL, 0},
    {"99999999999999999999s", NULL, 0},
    {"213503982335d", NULL, 0},
};

static void durations_read_and_print_in_their_largest_unit(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(times); i++) {
        struct span text = span_of_text(times[i].text);
        uint64_t ms = 77;
        uint8_t out[32];
        struct writer w = writer_of(out, sizeof out);
        bool good = conf_ms_read(at_edge(text, text.len), &ms) == NULL;

        assert_int_equal(good, times[i].normal != NULL);
        assert_int_equal(ms, good ? times[i].ms : 77);
        if (good) {
            conf_ms_write(ms, &w);
            assert_span_equal(span_of(out, written(&w)), span_of_text(times[i].normal));
        }
    }
}

static const struct {
    const char *text;
    const char *normal;
    uint64_t octets;
} sizes[] = {
    {"512", "512", 512},
    {"64KiB", "64KiB", 65536},
    {"1024KiB", "1MiB", 1048576},
    {"1GiB", "1GiB", 1 << 30},
    {"1025", "1025", 1025},
    {"0", "0", 0},
    {"1MB", NULL, 0},
    {"KiB", NULL, 0},
    {"1 KiB", NULL, 0},
    {"18446744073709551615", NULL, 0},
    {"99999999999GiB", NULL, 0},
};

static void sizes_read_and_print_in_their_largest_unit(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct span text = span_of_text(sizes[i].text);
        uint64_t octets = 77;
        uint8_t out[32];
        struct writer w = writer_of(out, sizeof out);
        bool good = conf_size_read(at_edge(text, text.len), &octets) == NULL;

        assert_int_equal(good, sizes[i].normal != NULL);
        assert_int_equal(octets, good ? sizes[i].octets : 77);
        if (good) {
            conf_size_write(octets, &w);
            assert_span_equal(span_of(out, written(&w)), span_of_text(sizes[i].normal));
        }
    }
}

static const struct {
    const char *text;
    const char *normal;
    uint64_t thousandths;
} factors[] = {
    {"2.5", "2.5", 2500}, {"1", "1", 1000},      {"1.050", "1.05", 1050}, {"0.001", "0.001", 1},
    {"1.", NULL, 0},      {".5", NULL, 0},       {"1.2345", NULL, 0},     {"2,5", NULL, 0},
    {"1.-1", NULL, 0},    {"10000000", NULL, 0},
};

static void factors_have_three_decimals(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(factors); i++) {
        struct span text = span_of_text(factors[i].text);
        uint64_t factor = 77;
        uint8_t out[32];
        struct writer w = writer_of(out, sizeof out);
        bool good = conf_factor_read(at_edge(text, text.len), &factor) == NULL;

        assert_int_equal(good, factors[i].normal != NULL);
        assert_int_equal(factor, good ? factors[i].thousandths : 77);
        if (good) {
            conf_factor_write(factor, &w);
            assert_span_equal(span_of(out, written(&w)), span_of_text(factors[i].normal));
        }
    }
}

static void rates_say_how_many_in_which_time(void **state)
{
    struct conf_rate rate = {0, 0};

    (void)state;
    assert_null(conf_rate_read(span_of_text("12/m"), &rate));
    assert_int_equal(rate.count, 12);
    assert_int_equal(rate.per_ms, 60000);
    assert_non_null(conf_rate_read(span_of_text("12"), &rate));
    assert_non_null(conf_rate_read(span_of_text("/s"), &rate));
    assert_non_null(conf_rate_read(span_of_text("12/d"), &rate));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_read_and_print_in_their_largest_unit),
        cmocka_unit_test(sizes_read_and_print_in_their_largest_unit),
        cmocka_unit_test(factors_have_three_decimals),
        cmocka_unit_test(rates_say_how_many_in_which_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
