/* tests/base/test_json.c - is this JSON? */
#include "base/json.h"
#include "tests/support.h"

static void values_of_every_kind_are_json(void **state)
{
    static const char *const good[] = {"0",
                                       "-0",
                                       "21.5",
                                       "-1.5e-3",
                                       "1E+9",
                                       "true",
                                       "false",
                                       "null",
                                       "\"\"",
                                       "\"a\"",
                                       " 1 ",
                                       "\t1\r\n",
                                       "[]",
                                       "{}",
                                       "[ ]",
                                       "{ }",
                                       "[1,2]",
                                       "[[],{}]",
                                       "{\"a\":1}",
                                       "{\"a\":{\"b\":[1,null]},\"c\":\"d\"}",
                                       "\"\\u00e9\\n\\\"\"",
                                       "[{\"a\":[]}, {\"b\" : \"]\"}]",
                                       "12345678901234567890123456789"};

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(json_is_value(at_edge(span_of_text(good[i]), strlen(good[i]))));
    }
}

static void what_is_not_json_is_not(void **state)
{
    static const char *const bad[] = {
        "",       " ",       "01",          "1.",         ".5",        "1e",
        "+1",     "-",       "tru",         "trues",      "nan",       "NULL",
        "\"",     "\"\\x\"", "\"\\u12g4\"", "\"\n\"",     "[",         "]",
        "[1",     "[1,]",    "[,1]",        "[1 2]",      "{",         "}",
        "{1:2}",  "{\"a\"}", "{\"a\":}",    "{\"a\":1,}", "{\"a\":1]", "[1}",
        "1 2",    "1,2",     "'a'",         "21 C",       "[]]",       "\"\\",
        "\"\\u00"};

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(json_is_value(at_edge(span_of_text(bad[i]), strlen(bad[i]))));
    }
}

static void it_may_be_so_deep_and_no_deeper(void **state)
{
    uint8_t text[2 * JSON_DEPTH + 2];

    (void)state;
    memset(text, '[', JSON_DEPTH + 1);
    memset(text + JSON_DEPTH + 1, ']', JSON_DEPTH + 1);
    assert_true(json_is_value(span_of(text + 1, 2 * JSON_DEPTH)));
    assert_false(json_is_value(span_of(text, sizeof text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_every_kind_are_json),
        cmocka_unit_test(what_is_not_json_is_not),
        cmocka_unit_test(it_may_be_so_deep_and_no_deeper),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
