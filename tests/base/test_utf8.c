#include "base/utf8.h"
#include "tests/support.h"

static void well_formed_text_is_text(void **state)
{
    static const struct span good[] = {
        {NULL, 0},
        {WIRE("plain")},
        {WIRE("\x01\x7f")},
        {WIRE("\xc2\x80")},         /* U+0080 */
        {WIRE("\xdf\xbf")},         /* U+07FF */
        {WIRE("\xe0\xa0\x80")},     /* U+0800 */
        {WIRE("\xed\x9f\xbf")},     /* U+D7FF, the last before the surrogates */
        {WIRE("\xee\x80\x80")},     /* U+E000 */
        {WIRE("\xef\xbb\xbf")},     /* MQTT-1.5.3-3: U+FEFF is a character */
        {WIRE("\xef\xbf\xbf")},     /* U+FFFF */
        {WIRE("\xf0\x90\x80\x80")}, /* U+10000 */
        {WIRE("\xf4\x8f\xbf\xbf"
              "x")}, /* U+10FFFF */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(utf8_is_text(at_edge(good[i], good[i].len)));
    }
}

static void ill_formed_text_is_not(void **state)
{
    static const struct span bad[] = {
        {WIRE("a\0b")}, /* MQTT-1.5.3-2 */
        {WIRE("\x80")}, /* a continuation without a lead */
        {WIRE("\xbf")},
        {WIRE("\xc0\x80")}, /* overlong */
        {WIRE("\xc1\xbf")},
        {WIRE("\xe0\x9f\xbf")},
        {WIRE("\xf0\x8f\xbf\xbf")},
        {WIRE("\xed\xa0\x80")},     /* MQTT-1.5.3-1: U+D800 */
        {WIRE("\xed\xbf\xbf")},     /* U+DFFF */
        {WIRE("\xf4\x90\x80\x80")}, /* U+110000 */
        {WIRE("\xf5\x80\x80\x80")},
        {WIRE("\xff")},
        {WIRE("\xc2")}, /* cut */
        {WIRE("\xe1\x80")},
        {WIRE("\xf1\x80\x80")},
        {WIRE("\xc2\x41")}, /* broken off by a letter */
        {WIRE("\xe1\x80\xc0")},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(utf8_is_text(at_edge(bad[i], bad[i].len)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_text_is_text),
        cmocka_unit_test(ill_formed_text_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
