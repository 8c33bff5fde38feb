#include "base/text.h"
#include "tests/support.h"

static void numbers_are_written_in_decimal(void **state)
{
    static const struct {
        uint64_t value;
        const char *text;
    } cases[] = {
        {0, "0"}, {9, "9"}, {10, "10"}, {65535, "65535"}, {UINT64_MAX, "18446744073709551615"}};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[24];
        struct writer w = writer_of((uint8_t *)text, sizeof text);

        write_decimal(&w, cases[i].value);
        write_end(&w);
        assert_false(w.bad);
        assert_string_equal(text, cases[i].text);
    }
}

static void octets_are_written_in_hexadecimal(void **state)
{
    char text[16];
    struct writer w = writer_of((uint8_t *)text, sizeof text);

    (void)state;
    write_text(&w, "0x");
    write_hex(&w, WIRE_SPAN("\x00\x9f\xff"));
    write_end(&w);
    assert_string_equal(text, "0x009fff");
}

/* RFC 4648, 10. */
static void octets_are_written_in_base64(void **state)
{
    static const char *const wanted[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                         "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};

    (void)state;
    for (size_t i = 0; i < COUNT(wanted); i++) {
        char text[16];
        struct writer w = writer_of((uint8_t *)text, sizeof text);

        write_base64(&w, span_of((const uint8_t *)"foobar", i));
        write_end(&w);
        assert_string_equal(text, wanted[i]);
    }
}

static void what_a_terminal_cannot_take_is_escaped(void **state)
{
    static const struct {
        struct span octets;
        const char *text;
    } cases[] = {
        {{WIRE("plain ~")}, "plain ~"},
        {{WIRE("a\nb\x1b[m\x7f")}, "a\\x0ab\\x1b[m\\x7f"},
        {{WIRE("gr\xc3\xbcn")}, "gr\xc3\xbcn"}, /* well-formed */
        {{WIRE("\xc3x")}, "\\xc3x"},
        {{WIRE("\0")}, "\\x00"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[64];
        struct writer w = writer_of((uint8_t *)text, sizeof text);

        write_printable(&w, cases[i].octets);
        write_end(&w);
        assert_string_equal(text, cases[i].text);
    }
}

static void a_json_string_is_quoted_and_escaped(void **state)
{
    static const struct {
        struct span octets;
        const char *text;
    } cases[] = {
        {{WIRE("plain")}, "\"plain\""},
        {{WIRE("a\"b\\c\n")}, "\"a\\\"b\\\\c\\u000a\""},
        {{WIRE("gr\xc3\xbcn")}, "\"gr\xc3\xbcn\""},
        {{WIRE("\xc3x")}, "\"\\u00c3x\""},
        {{NULL, 0}, "\"\""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[64];
        struct writer w = writer_of((uint8_t *)text, sizeof text);

        write_json_text(&w, cases[i].octets);
        write_end(&w);
        assert_string_equal(text, cases[i].text);
    }
}

static void a_full_text_still_ends(void **state)
{
    char text[4];
    struct writer w = writer_of((uint8_t *)text, sizeof text);

    (void)state;
    write_text(&w, "abcd");
    write_end(&w);
    assert_true(w.bad);
    assert_string_equal(text, "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_in_decimal),
        cmocka_unit_test(octets_are_written_in_hexadecimal),
        cmocka_unit_test(octets_are_written_in_base64),
        cmocka_unit_test(what_a_terminal_cannot_take_is_escaped),
        cmocka_unit_test(a_json_string_is_quoted_and_escaped),
        cmocka_unit_test(a_full_text_still_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
