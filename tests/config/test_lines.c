#include "tests/support.h"

#include "config/lines.h"

static void a_section_and_a_pair_come_apart(void **state)
{
    struct span text = WIRE_SPAN("\n# c\n[ listener  udp ] ; c\n\tkey = a b ; c\r\n");
    struct conf_lines lines;
    struct conf_line line;

    (void)state;
    conf_lines_init(&lines, WIRE_SPAN("\n# c\n[listener  udp ] ; c\n\tkey = a b ; c\r\n"));
    assert_true(conf_lines_next(&lines, &line));
    assert_int_equal(line.kind, CONF_LINE_SECTION);
    assert_int_equal(line.number, 3);
    assert_span_equal(line.first, WIRE_SPAN("listener"));
    assert_span_equal(line.second, WIRE_SPAN("udp"));
    assert_true(conf_lines_next(&lines, &line));
    assert_int_equal(line.kind, CONF_LINE_PAIR);
    assert_int_equal(line.number, 4);
    assert_span_equal(line.first, WIRE_SPAN("key"));
    assert_span_equal(line.second, WIRE_SPAN("a b"));
    assert_false(conf_lines_next(&lines, &line));
    conf_lines_init(&lines, text);
    assert_true(conf_lines_next(&lines, &line));
    assert_int_equal(line.kind, CONF_LINE_WRONG);
}

static const struct {
    const char *line;
    const char *key; /* NULL: no line, or a wrong one */
    const char *value;
} pairs[] = {
    {"a=b", "a", "b"},
    {"a = b=c", "a", "b=c"},
    {"a = ", "a", ""},
    {"a = ; comment", "a", ""},
    {"a = b;c", "a", "b;c"},
    {"a = b # c", "a", "b # c"},
    {"a = farm/#", "a", "farm/#"},
    {"a = \"b ; c\" ; d", "a", "\"b ; c\""},
    {"a = x \"b ; \\\" ; c\" ; d", "a", "x \"b ; \\\" ; c\""},
    {"a = \"open ; not a comment", "a", "\"open ; not a comment"},
    {"\"=;\" = b", "\"=;\"", "b"},
    {"  a b  =  c", "a b", "c"},
    {"; a = b", NULL, NULL},
    {"  # a = b", NULL, NULL},
    {"a", NULL, NULL},
    {"= b", NULL, NULL},
    {"a = b\x01", NULL, NULL},
    {"a = \xc3", NULL, NULL},
};

static void each_line_is_a_pair_or_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct span text = span_of_text(pairs[i].line);
        struct conf_lines lines;
        struct conf_line line = {.kind = CONF_LINE_WRONG};

        conf_lines_init(&lines, at_edge(text, text.len));
        (void)conf_lines_next(&lines, &line);
        assert_int_equal(line.kind, pairs[i].key == NULL ? CONF_LINE_WRONG : CONF_LINE_PAIR);
        if (pairs[i].key != NULL) {
            assert_span_equal(line.first, span_of_text(pairs[i].key));
            assert_span_equal(line.second, span_of_text(pairs[i].value));
        }
    }
}

static void a_line_has_at_most_8192_octets(void **state)
{
    static uint8_t text[CONF_LINE_MAX + 3];
    struct conf_lines lines;
    struct conf_line line;

    (void)state;
    memset(text, 'x', sizeof text);
    text[1] = '=';
    text[CONF_LINE_MAX] = '\n';
    conf_lines_init(&lines, span_of(text, CONF_LINE_MAX + 1));
    assert_true(conf_lines_next(&lines, &line));
    assert_int_equal(line.kind, CONF_LINE_PAIR);
    text[CONF_LINE_MAX] = 'x';
    conf_lines_init(&lines, span_of(text, CONF_LINE_MAX + 1));
    assert_true(conf_lines_next(&lines, &line));
    assert_int_equal(line.kind, CONF_LINE_WRONG);
}

static const struct {
    const char *value;
    const char *plain; /* NULL: refused */
} quotes[] = {
    {"plain", "plain"}, {"a \"b\" c", "a \"b\" c"}, {"\"\"", ""},
    {"\" a \"", " a "}, {"\"\\\"\\\\\"", "\"\\"},   {"\"a\\b\"", "a\\b"},
    {"\"", NULL},       {"\"a\\\"", NULL},          {"\"a\" b", NULL},
};

static void quotes_come_off_and_go_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(quotes); i++) {
        struct span value = span_of_text(quotes[i].value);
        uint8_t plain[32];
        uint8_t quoted[32];
        uint8_t again[32];
        struct writer w = writer_of(plain, sizeof plain);
        struct writer q = writer_of(quoted, sizeof quoted);
        struct writer a = writer_of(again, sizeof again);
        bool good = conf_unquote(at_edge(value, value.len), &w);

        assert_int_equal(good, quotes[i].plain != NULL);
        if (good && quotes[i].plain != NULL) {
            assert_span_equal(span_of(plain, written(&w)), span_of_text(quotes[i].plain));
            conf_quote(span_of(plain, written(&w)), &q);
            assert_true(conf_unquote(span_of(quoted, written(&q)), &a));
            assert_span_equal(span_of(again, written(&a)), span_of(plain, written(&w)));
        }
    }
}

static void a_list_ends_at_its_last_item(void **state)
{
    struct span rest = WIRE_SPAN("a, \"b,c\" ,d,");
    struct span item;

    (void)state;
    assert_true(conf_list_next(&rest, &item));
    assert_span_equal(item, WIRE_SPAN("a"));
    assert_true(conf_list_next(&rest, &item));
    assert_span_equal(item, WIRE_SPAN("\"b,c\""));
    assert_true(conf_list_next(&rest, &item));
    assert_span_equal(item, WIRE_SPAN("d"));
    assert_false(conf_list_next(&rest, &item));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_section_and_a_pair_come_apart),
        cmocka_unit_test(each_line_is_a_pair_or_wrong),
        cmocka_unit_test(a_line_has_at_most_8192_octets),
        cmocka_unit_test(quotes_come_off_and_go_on),
        cmocka_unit_test(a_list_ends_at_its_last_item),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
