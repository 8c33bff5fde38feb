#include "mqtt/topic.h"
#include "tests/support.h"

static const char *const names[] = {"a",
                                    "/",
                                    "a/b",
                                    "/a",
                                    "a//b",
                                    "a/",
                                    "$SYS/x",
                                    " ",
                                    "\xc3\xa4/b",
                                    "\xef\xbb\xbf",
                                    "abcdefgh/ijklmnop"};
static const char *const not_names[] = {
    "", "+", "#", "a/+", "a/#", "a+b", "\xc3", "\xed\xa0\x80", "\xff/a", "abcdefgh/+", "12345678#"};
static const char *const filters[] = {"#",     "+",     "a/#",    "+/+", "/+",
                                      "a/+/b", "+/a/#", "$SYS/#", "a",   "/#"};
static const char *const not_filters[] = {"",   "a#",     "#/a", "a/#/b", "a+",
                                          "+a", "a/+b/c", "##",  "\xc3/#"};

static void names_are_told_from_what_is_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_true(mqtt_topic_is_name(span_of_text(names[i])));
        assert_true(mqtt_topic_is_filter(span_of_text(names[i])));
    }
    for (size_t i = 0; i < COUNT(not_names); i++) {
        struct span text = span_of_text(not_names[i]);

        assert_false(mqtt_topic_is_name(at_edge(text, text.len)));
    }
}

static void filters_are_told_from_what_is_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(filters); i++) {
        assert_true(mqtt_topic_is_filter(span_of_text(filters[i])));
    }
    for (size_t i = 0; i < COUNT(not_filters); i++) {
        assert_false(mqtt_topic_is_filter(span_of_text(not_filters[i])));
    }
}

/* [MQTT-4.7.3-2] wherever the NUL stands among the octets that are looked at together */
static void a_nul_is_found_anywhere(void **state)
{
    (void)state;
    for (size_t len = 1; len < 20; len++) {
        for (size_t at = 0; at < len; at++) {
            uint8_t text[20];

            memset(text, 'x', len);
            assert_true(mqtt_topic_is_name(at_edge(span_of(text, len), len)));
            text[at] = 0;
            assert_false(mqtt_topic_is_name(span_of(text, len)));
            text[at] = '#';
            assert_false(mqtt_topic_is_name(span_of(text, len)));
        }
    }
}

/* [MQTT-4.7.3-3] */
static void topics_have_at_most_65535_octets(void **state)
{
    static uint8_t text[65536];

    (void)state;
    memset(text, '/', sizeof text);
    assert_true(mqtt_topic_is_name(span_of(text, 65535)));
    assert_true(mqtt_topic_is_filter(span_of(text, 65535)));
    assert_false(mqtt_topic_is_name(span_of(text, 65536)));
    assert_false(mqtt_topic_is_filter(span_of(text, 65536)));
    assert_int_equal(mqtt_topic_levels(span_of(text, 65535)), 65536);
}

/* clang-format off */
static const struct {
    const char *filter;
    const char *name;
    bool matches;
} pairs[] = {
    {"a/b", "a/b", true},       {"a/b", "a/c", false},    {"a/b", "A/b", false},
    {"a", "a/b", false},        {"a/b", "a", false},      {"a/", "a", false},
    {"+", "a", true},           {"+", "a/b", false},      {"+/+", "/a", true},
    {"/+", "/a", true},         {"+", "/a", false},       {"a/+", "a", false},
    {"a/+", "a/", true},        {"a/+/c", "a/b/c", true}, {"a/+/c", "a/b/b/c", false},
    {"#", "a/b/c", true},       {"#", "/", true},         {"a/#", "a", true},
    {"a/#", "a/", true},        {"a/#", "ab", false},     {"a/b/#", "a", false},
    {"R/+/#", "R/a", true},     {"R/+/#", "R", false},    {"R/+/#", "R/a/b/c", true},
    /* [MQTT-4.7.2-1] */
    {"#", "$SYS", false},       {"+/a", "$SYS/a", false}, {"$SYS/#", "$SYS/a", true},
    {"$SYS/+", "$SYS/a", true}, {"a/#", "a/$b", true},    {"+/+", "a/$b", true},
    /* [MQTT-4.7.3-4]: the two ways to write one letter stay two topics */
    {"\xc3\xa4", "a\xcc\x88", false},
};
/* clang-format on */

static void filters_match_as_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        bool matches =
            mqtt_topic_matches(span_of_text(pairs[i].filter), span_of_text(pairs[i].name));

        if (matches != pairs[i].matches) {
            print_error("%s %s\n", pairs[i].filter, pairs[i].name);
        }
        assert_int_equal(matches, pairs[i].matches);
    }
}

static void levels_come_one_after_the_other(void **state)
{
    static const char *const want[] = {"", "a", "", "bc", ""};
    struct span rest = span_of_text("/a//bc/");
    struct span level;
    size_t count = 0;

    (void)state;
    assert_int_equal(mqtt_topic_levels(rest), COUNT(want));
    while (mqtt_topic_next_level(&rest, &level)) {
        assert_span_equal(level, span_of_text(want[count]));
        count++;
    }
    assert_int_equal(count, COUNT(want));
}

static void a_filter_reaches_what_may_lie_below_a_name(void **state)
{
    static const struct {
        const char *filter;
        const char *parent;
        bool reaches;
    } cases[] = {
        {"$SYS/gateway", "$SYS/gateway", true},
        {"$SYS/gateway/#", "$SYS/gateway", true},
        {"$SYS/gateway/+", "$SYS/gateway", true},
        {"$SYS/#", "$SYS/gateway", true},
        {"$SYS/+/nodes/#", "$SYS/gateway", true},
        {"$SYS/broker/#", "$SYS/gateway", false},
        {"$SYS/+", "$SYS/gateway", true},
        {"$SYS", "$SYS/gateway", false},
        {"#", "$SYS/gateway", false},
        {"+/gateway/#", "$SYS/gateway", false},
        {"#", "gw/state", true},
        {"+/+/nodes", "gw/state", true},
        {"gw/state2/#", "gw/state", false},
        {"gw/+/a/b", "gw/state", true},
        {"gw", "gw/state", false},
        {"gw/#", "", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (mqtt_topic_reaches(span_of_text(cases[i].filter), span_of_text(cases[i].parent)) !=
            cases[i].reaches) {
            fail_msg("%s of %s", cases[i].filter, cases[i].parent);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_told_from_what_is_none),
        cmocka_unit_test(filters_are_told_from_what_is_none),
        cmocka_unit_test(a_nul_is_found_anywhere),
        cmocka_unit_test(topics_have_at_most_65535_octets),
        cmocka_unit_test(filters_match_as_the_table_says),
        cmocka_unit_test(levels_come_one_after_the_other),
        cmocka_unit_test(a_filter_reaches_what_may_lie_below_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
