#include "tests/support.h"

#include "sn/names.h"
#include "sn/topics.h"

#define ROOM 100000

static struct span name_of(unsigned i)
{
    static char text[16];

    (void)snprintf(text, sizeof text, "t/%u", i);
    return span_of_text(text);
}

/* SN-066 SN-067 SN-070 */
static void ids_count_up_and_one_name_has_one_id(void **state)
{
    struct budget budget = {.limit = ROOM};
    struct sn_topics topics = {0};

    (void)state;
    for (unsigned i = 1; i <= 300; i++) {
        assert_int_equal(sn_topics_add(&topics, &budget, name_of(i), false, 300)->id, i);
    }
    for (unsigned i = 1; i <= 300; i++) {
        assert_int_equal(sn_topics_by_name(&topics, name_of(i))->id, i);
        assert_span_equal(sn_topic_name(&topics, sn_topics_by_id(&topics, (uint16_t)i)),
                          name_of(i));
    }
    assert_null(sn_topics_by_id(&topics, 0));
    assert_null(sn_topics_by_id(&topics, 301));
    assert_null(sn_topics_by_name(&topics, WIRE_SPAN("t/301")));
    sn_topics_clear(&topics);
    assert_int_equal(budget.used, 0);
}

/* SN-074 */
static void each_origin_has_its_own_limit(void **state)
{
    struct budget budget = {.limit = ROOM};
    struct sn_topics topics = {0};

    (void)state;
    assert_non_null(sn_topics_add(&topics, &budget, WIRE_SPAN("a"), false, 1));
    assert_null(sn_topics_add(&topics, &budget, WIRE_SPAN("b"), false, 1));
    assert_non_null(sn_topics_add(&topics, &budget, WIRE_SPAN("c"), true, 1));
    assert_null(sn_topics_add(&topics, &budget, WIRE_SPAN("d"), true, 1));
    assert_int_equal(sn_topics_by_name(&topics, WIRE_SPAN("a"))->id, 1);
    sn_topics_clear(&topics);
}

static void a_spent_budget_adds_nothing_and_keeps_what_is_there(void **state)
{
    struct budget budget = {.limit = ROOM};
    struct sn_topics topics = {0};

    (void)state;
    for (unsigned i = 1; i <= 8; i++) {
        assert_non_null(sn_topics_add(&topics, &budget, name_of(i), false, 100));
    }
    budget.limit = budget.used;
    assert_null(sn_topics_add(&topics, &budget, name_of(9), false, 100));
    assert_int_equal(sn_topics_by_name(&topics, name_of(8))->id, 8);
    sn_topics_clear(&topics);
    assert_int_equal(budget.used, 0);
}

/* SN-084: the same ids after a restart, and never one again for another name */
static void restored_ids_keep_their_numbers_and_new_ones_go_on_behind(void **state)
{
    struct budget budget = {.limit = ROOM};
    struct sn_topics topics = {0};

    (void)state;
    assert_true(sn_topics_restore(&topics, &budget, 7, WIRE_SPAN("seven"), false));
    assert_true(sn_topics_restore(&topics, &budget, 3, WIRE_SPAN("three"), false));
    assert_false(sn_topics_restore(&topics, &budget, 7, WIRE_SPAN("again"), false));
    assert_false(sn_topics_restore(&topics, &budget, 0, WIRE_SPAN("zero"), false));
    assert_false(sn_topics_restore(&topics, &budget, 0xFFFF, WIRE_SPAN("last"), false));
    assert_span_equal(sn_topic_name(&topics, sn_topics_by_id(&topics, 3)), WIRE_SPAN("three"));
    assert_span_equal(sn_topic_name(&topics, sn_topics_by_id(&topics, 7)), WIRE_SPAN("seven"));
    assert_int_equal(sn_topics_add(&topics, &budget, WIRE_SPAN("new"), false, 10)->id, 8);
    sn_topics_clear(&topics);
}

static void the_last_id_is_fffe(void **state)
{
    struct budget budget = {.limit = ROOM};
    struct sn_topics topics = {0};

    (void)state;
    assert_true(sn_topics_restore(&topics, &budget, 0xFFFD, WIRE_SPAN("x"), false));
    assert_int_equal(sn_topics_add(&topics, &budget, WIRE_SPAN("y"), true, 10)->id, 0xFFFE);
    assert_null(sn_topics_add(&topics, &budget, WIRE_SPAN("z"), true, 10));
    sn_topics_clear(&topics);
}

static void what_was_told_is_told_until_the_next_connection(void **state)
{
    struct budget budget = {.limit = ROOM};
    struct sn_topics topics = {0};
    struct sn_topic *topic = NULL;

    (void)state;
    topic = sn_topics_add(&topics, &budget, WIRE_SPAN("a"), false, 10);
    assert_true(topic->fresh);
    assert_ptr_equal(sn_topics_fresh(&topics), topic);
    topic->fresh = false;
    topic->told = true;
    topic->refused = true;
    assert_null(sn_topics_fresh(&topics));
    sn_topics_pardon(&topics);
    assert_false(topic->refused);
    sn_topics_untell(&topics);
    assert_false(topic->told);
    sn_topics_clear(&topics);
}

/* SN-072 SN-073 SN-104 SN-128 */
static void names_and_filters_are_told_apart_from_what_is_ill_formed(void **state)
{
    static const struct {
        struct span text;
        bool is_name;
        bool is_filter;
    } cases[] = {
        {{WIRE("a/b")}, true, true},      {{WIRE("/")}, true, true},
        {{WIRE("\xC3\xA9")}, true, true}, {{WIRE("a/#")}, false, true},
        {{WIRE("#")}, false, true},       {{WIRE("+")}, false, true},
        {{WIRE("+/+/#")}, false, true},   {{WIRE("/+")}, false, true},
        {{WIRE("")}, false, false},       {{WIRE("a/#/b")}, false, false},
        {{WIRE("a+")}, false, false},     {{WIRE("+a")}, false, false},
        {{WIRE("a#")}, false, false},     {{WIRE("#/")}, false, false},
        {{WIRE("a\0b")}, false, false},   {{WIRE("\xC3")}, false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(sn_topic_is_name(cases[i].text), cases[i].is_name);
        assert_int_equal(sn_topic_is_filter(cases[i].text), cases[i].is_filter);
    }
}

static void predefined_ids_and_short_names_are_two_spaces(void **state)
{
    static const struct sn_name entries[] = {{0, 6, 0x6162, false}, {6, 6, 0x6162, true}};
    const struct sn_names names = {
        .entries = entries, .text = (const uint8_t *)"farm/1farm/2", .count = COUNT(entries)};

    (void)state;
    assert_span_equal(sn_names_topic(&names, sn_names_by_id(&names, 0x6162, false)),
                      WIRE_SPAN("farm/1"));
    assert_span_equal(sn_names_topic(&names, sn_names_by_id(&names, 0x6162, true)),
                      WIRE_SPAN("farm/2"));
    assert_null(sn_names_by_id(&names, 1, false));
    assert_null(sn_names_by_id(NULL, 0x6162, false));
}

static void the_mount_comes_off_what_lies_below_it(void **state)
{
    const struct sn_names names = {.mount = {WIRE("farm/a/")}};
    struct span below = {WIRE("farm/a/temp")};
    struct span beside = {WIRE("farm/ab/temp")};
    struct span itself = {WIRE("farm/a/")};

    (void)state;
    assert_true(sn_names_dismount(&names, &below));
    assert_span_equal(below, WIRE_SPAN("temp"));
    assert_false(sn_names_dismount(&names, &beside));
    assert_false(sn_names_dismount(&names, &itself)); /* would be a topic without a name */
    assert_true(sn_names_dismount(NULL, &beside));
    assert_span_equal(beside, WIRE_SPAN("farm/ab/temp"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_count_up_and_one_name_has_one_id),
        cmocka_unit_test(each_origin_has_its_own_limit),
        cmocka_unit_test(a_spent_budget_adds_nothing_and_keeps_what_is_there),
        cmocka_unit_test(restored_ids_keep_their_numbers_and_new_ones_go_on_behind),
        cmocka_unit_test(the_last_id_is_fffe),
        cmocka_unit_test(what_was_told_is_told_until_the_next_connection),
        cmocka_unit_test(names_and_filters_are_told_apart_from_what_is_ill_formed),
        cmocka_unit_test(predefined_ids_and_short_names_are_two_spaces),
        cmocka_unit_test(the_mount_comes_off_what_lies_below_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
