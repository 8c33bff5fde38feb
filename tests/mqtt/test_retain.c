#include "mqtt/retain.h"
#include "mqtt/topic.h"
#include "tests/mqtt/topics.h"

struct rig {
    struct budget budget;
    struct mqtt_retain retain;
    size_t at_start;
};

static void rig_init(struct rig *rig, size_t limit)
{
    *rig = (struct rig){.budget = {.limit = 1000000}};
    assert_true(mqtt_retain_init(&rig->retain, &rig->budget, limit, 1));
    rig->at_start = rig->budget.used;
}

static void rig_fini(struct rig *rig)
{
    mqtt_retain_fini(&rig->retain);
    assert_int_equal(rig->budget.used, 0);
}

static struct mqtt_branch *set(struct rig *rig, struct span topic, const char *payload)
{
    struct mqtt_message *m = mqtt_message_new(&rig->budget, topic, span_of_text(payload));
    struct mqtt_branch *branch = NULL;

    assert_non_null(m);
    branch = mqtt_retain_set(&rig->retain, m);
    mqtt_message_drop(m);
    return branch;
}

static size_t matches(struct rig *rig, const char *filter)
{
    size_t count = 0;
    struct mqtt_branch *found = mqtt_retain_match(&rig->retain, span_of_text(filter));

    for (; found != NULL; found = found->next) {
        assert_true(mqtt_topic_matches(span_of_text(filter), mqtt_message_topic(found->message)));
        count++;
    }
    return count;
}

/* [MQTT-3.3.1-5, -7] */
static void the_last_message_of_a_topic_is_kept(void **state)
{
    struct rig rig;
    struct mqtt_branch *branch = NULL;

    (void)state;
    rig_init(&rig, 10);
    branch = set(&rig, span_of_text("a/b"), "old");
    assert_int_equal(branch->number, 0);
    branch->number = 77;
    assert_ptr_equal(set(&rig, span_of_text("a/b"), "new"), branch);
    assert_int_equal(branch->number, 77);
    assert_int_equal(rig.retain.count, 1);
    assert_span_equal(
        mqtt_message_payload(mqtt_retain_find(&rig.retain, span_of_text("a/b"))->message),
        span_of_text("new"));
    assert_null(mqtt_retain_find(&rig.retain, span_of_text("a")));
    rig_fini(&rig);
}

/* [MQTT-3.3.1-10] */
static void a_cleared_topic_leaves_nothing(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 10);
    set(&rig, span_of_text("a/b/c"), "x");
    mqtt_retain_clear(&rig.retain, mqtt_retain_find(&rig.retain, span_of_text("a/b/c")));
    assert_null(mqtt_retain_find(&rig.retain, span_of_text("a/b/c")));
    assert_int_equal(rig.retain.count, 0);
    assert_int_equal(rig.budget.used, rig.at_start);
    rig_fini(&rig);
}

static void the_limit_holds_for_topics_not_for_news_of_them(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 2);
    assert_non_null(set(&rig, span_of_text("a"), "1"));
    assert_non_null(set(&rig, span_of_text("b"), "1"));
    assert_null(set(&rig, span_of_text("c"), "1"));
    assert_non_null(set(&rig, span_of_text("b"), "2"));
    mqtt_retain_clear(&rig.retain, mqtt_retain_find(&rig.retain, span_of_text("a")));
    assert_non_null(set(&rig, span_of_text("c"), "1"));
    rig_fini(&rig);
}

static void a_topic_above_another_is_a_topic_of_its_own(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 10);
    set(&rig, span_of_text("a/b"), "1");
    set(&rig, span_of_text("a"), "1");
    set(&rig, span_of_text("$s/b"), "1");
    assert_int_equal(matches(&rig, "a/#"), 2);
    assert_int_equal(matches(&rig, "#"), 2); /* [MQTT-4.7.2-1] */
    assert_int_equal(matches(&rig, "+/b"), 1);
    assert_int_equal(matches(&rig, "$s/#"), 1);
    assert_int_equal(matches(&rig, "a/b/#"), 1);
    mqtt_retain_clear(&rig.retain, mqtt_retain_find(&rig.retain, span_of_text("a/b")));
    assert_int_equal(matches(&rig, "a/#"), 1);
    rig_fini(&rig);
}

static void random_topics_are_found_as_the_naive_matcher_does(void **state)
{
    static char texts[200][TOPIC_SIZE];
    struct span names[200];
    struct rig rig;
    struct rng rng;

    (void)state;
    rig_init(&rig, 1000);
    rng_init(&rng, 3);
    for (size_t i = 0; i < COUNT(names); i++) {
        names[i] = random_name(&rng, texts[i]);
        assert_non_null(set(&rig, names[i], "x"));
    }
    for (size_t round = 0; round < 2000; round++) {
        char text[TOPIC_SIZE + 1] = "";
        struct span filter = random_filter(&rng, text);
        size_t want = 0;
        size_t away = (size_t)rng_below(&rng, COUNT(names));
        struct mqtt_branch *branch = mqtt_retain_find(&rig.retain, names[away]);

        for (size_t i = 0; i < COUNT(names); i++) {
            bool first = mqtt_retain_find(&rig.retain, names[i]) != NULL;

            for (size_t j = 0; j < i; j++) {
                first = first && !span_equal(names[i], names[j]);
            }
            want += first && mqtt_topic_matches(filter, names[i]) ? 1 : 0;
        }
        memmove(text, filter.at, filter.len);
        text[filter.len] = 0;
        assert_int_equal(matches(&rig, text), want);
        if (branch != NULL) {
            mqtt_retain_clear(&rig.retain, branch);
        } else {
            assert_non_null(set(&rig, names[away], "y"));
        }
    }
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_message_of_a_topic_is_kept),
        cmocka_unit_test(a_cleared_topic_leaves_nothing),
        cmocka_unit_test(the_limit_holds_for_topics_not_for_news_of_them),
        cmocka_unit_test(a_topic_above_another_is_a_topic_of_its_own),
        cmocka_unit_test(random_topics_are_found_as_the_naive_matcher_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
