#include "mqtt/acl.h"
#include "tests/support.h"

static void a_filter_covers_what_it_matches_whole(void **state)
{
    static const struct {
        const char *wide;
        const char *narrow;
        bool covers;
    } cases[] = {
        {"a/b", "a/b", true},    {"a/b", "a/c", false},    {"a/+", "a/b", true},
        {"a/+", "a/+", true},    {"a/b", "a/+", false},    {"a/#", "a/b/c", true},
        {"a/#", "a", true},      {"a/#", "a/#", true},     {"a/#", "b", false},
        {"a/+", "a/#", false},   {"#", "+/a", true},       {"#", "#", true},
        {"+", "#", false},       {"+", "a/b", false},      {"a/b", "a", false},
        {"a", "a/b", false},     {"+/#", "a", true},       {"+/#", "+/b/#", true},
        {"#", "$SYS/#", false},  {"+/x", "$SYS/x", false}, {"$SYS/#", "$SYS/x", true},
        {"a/+/c", "a/#", false}, {"a//b", "a/+/b", false}, {"a/+/b", "a//b", true},
        {"$SYS/#", "#", false},  {"a/+/#", "a", false},    {"a/+/#", "a/b", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(
            mqtt_acl_covers(span_of_text(cases[i].wide), span_of_text(cases[i].narrow)),
            cases[i].covers);
    }
}

static void without_an_acl_all_is_allowed_but_writing_system_topics(void **state)
{
    (void)state;
    assert_true(mqtt_acl_may_publish(NULL, span_of_text("a")));
    assert_false(mqtt_acl_may_publish(NULL, span_of_text("$SYS/a")));
    assert_true(mqtt_acl_may_subscribe(NULL, span_of_text("$SYS/#")));
    assert_true(mqtt_acl_may_read(NULL, span_of_text("$SYS/a")));
}

static void an_acl_allows_what_it_lists_and_no_more(void **state)
{
    static const struct span publish[] = {{WIRE("set/#")}, {WIRE("$SYS/#")}};
    static const struct span subscribe[] = {{WIRE("a/+")}, {WIRE("$SYS/#")}};
    static const struct mqtt_acl acl = {.publish = {publish, 2}, .subscribe = {subscribe, 2}};
    static const struct mqtt_acl none = {.publish = {NULL, 0}};

    (void)state;
    assert_true(mqtt_acl_may_publish(&acl, span_of_text("set/x")));
    assert_false(mqtt_acl_may_publish(&acl, span_of_text("a/x")));
    assert_false(mqtt_acl_may_publish(&acl, span_of_text("$SYS/x"))); /* nobody may */
    assert_true(mqtt_acl_may_subscribe(&acl, span_of_text("a/x")));
    assert_false(mqtt_acl_may_subscribe(&acl, span_of_text("#")));
    assert_true(mqtt_acl_may_read(&acl, span_of_text("$SYS/x")));
    assert_false(mqtt_acl_may_read(&acl, span_of_text("a/x/y")));
    assert_false(mqtt_acl_may_publish(&none, span_of_text("a")));
    assert_false(mqtt_acl_may_subscribe(&none, span_of_text("a")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filter_covers_what_it_matches_whole),
        cmocka_unit_test(without_an_acl_all_is_allowed_but_writing_system_topics),
        cmocka_unit_test(an_acl_allows_what_it_lists_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
