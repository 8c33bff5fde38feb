#include "mqtt/topic.h"
#include "mqtt/tree.h"
#include "tests/mqtt/topics.h"

#define SUBS 300

struct rig {
    struct budget budget;
    struct mqtt_tree tree;
    size_t at_start; /* octets of an empty tree */
};

static void rig_init(struct rig *rig)
{
    *rig = (struct rig){.budget = {.limit = 10000000}};
    assert_true(mqtt_tree_init(&rig->tree, &rig->budget, 1));
    rig->at_start = rig->budget.used;
}

static void rig_fini(struct rig *rig)
{
    mqtt_tree_fini(&rig->tree);
    assert_int_equal(rig->budget.used, 0);
}

static void sub_init(struct mqtt_subscription *sub, void *owner)
{
    *sub = (struct mqtt_subscription){.owner = owner};
    list_init(&sub->in_branch);
    list_init(&sub->in_session);
}

/* How often `sub` comes up in the result of a match. */
static size_t times(struct mqtt_branch *found, const struct mqtt_subscription *sub)
{
    size_t count = 0;

    for (; found != NULL; found = found->next) {
        LIST_EACH (link, &found->subscriptions) {
            count += LIST_ITEM(link, struct mqtt_subscription, in_branch) == sub ? 1 : 0;
        }
    }
    return count;
}

static size_t total(struct mqtt_branch *found)
{
    size_t count = 0;

    for (; found != NULL; found = found->next) {
        LIST_EACH (link, &found->subscriptions) {
            count++;
        }
    }
    return count;
}

static void a_random_tree_matches_as_the_naive_matcher_does(void **state)
{
    static struct mqtt_subscription subs[SUBS];
    static char texts[SUBS][TOPIC_SIZE];
    struct span filters[SUBS];
    struct rig rig;
    struct rng rng;

    (void)state;
    rig_init(&rig);
    rng_init(&rng, 7);
    for (size_t i = 0; i < SUBS; i++) {
        filters[i] = random_filter(&rng, texts[i]);
        sub_init(&subs[i], &subs[i]);
        assert_true(mqtt_tree_add(&rig.tree, filters[i], &subs[i]));
    }
    for (size_t round = 0; round < 2000; round++) {
        char text[TOPIC_SIZE];
        struct span name = random_name(&rng, text);
        struct mqtt_branch *found = mqtt_tree_match(&rig.tree, name);
        size_t away = (size_t)rng_below(&rng, SUBS);

        for (size_t i = 0; i < SUBS; i++) {
            bool in = subs[i].branch != NULL && mqtt_topic_matches(filters[i], name);

            assert_int_equal(times(found, &subs[i]), in ? 1 : 0);
        }
        if (subs[away].branch != NULL) {
            mqtt_tree_remove(&rig.tree, &subs[away]);
        } else {
            assert_true(mqtt_tree_add(&rig.tree, filters[away], &subs[away]));
        }
    }
    for (size_t i = 0; i < SUBS; i++) {
        if (subs[i].branch != NULL) {
            mqtt_tree_remove(&rig.tree, &subs[i]);
        }
    }
    assert_int_equal(rig.tree.count, 0);
    assert_int_equal(rig.budget.used, rig.at_start); /* no empty branch stays */
    rig_fini(&rig);
}

static void a_filter_is_written_back_as_it_was(void **state)
{
    static const char *const filters[] = {"a", "/", "a/+/#", "//", "+", "#", "$SYS/#", "a/b/"};
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (size_t i = 0; i < COUNT(filters); i++) {
        struct mqtt_subscription sub;
        uint8_t out[16];
        struct writer w = writer_of(out, sizeof out);

        sub_init(&sub, &sub);
        assert_true(mqtt_tree_add(&rig.tree, span_of_text(filters[i]), &sub));
        mqtt_branch_write(sub.branch, &w);
        assert_span_equal(span_of(out, written(&w)), span_of_text(filters[i]));
        w = writer_of(out, strlen(filters[i]) - 1);
        mqtt_branch_write(sub.branch, &w);
        assert_true(w.bad);
        mqtt_tree_remove(&rig.tree, &sub);
    }
    rig_fini(&rig);
}

/* [MQTT-3.10.4-1] */
static void a_subscription_is_found_by_owner_and_exact_filter(void **state)
{
    struct chain owned[2] = {{NULL}, {NULL}};
    struct mqtt_subscription subs[6];
    static const char *const filters[] = {"a/b", "a/+", "a/#"};
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (size_t i = 0; i < 6; i++) {
        sub_init(&subs[i], &owned[i % 2]);
        assert_true(mqtt_tree_add(&rig.tree, span_of_text(filters[i / 2]), &subs[i]));
        chain_push(&owned[i % 2], &subs[i].in_session);
    }
    for (size_t i = 0; i < 6; i++) {
        assert_ptr_equal(
            mqtt_tree_find(&rig.tree, span_of_text(filters[i / 2]), &owned[i % 2], &owned[i % 2]),
            &subs[i]);
    }
    assert_null(mqtt_tree_find(&rig.tree, span_of_text("a/c"), &owned[0], &owned[0]));
    chain_remove(&owned[0], &subs[2].in_session);
    mqtt_tree_remove(&rig.tree, &subs[2]);
    assert_null(mqtt_tree_find(&rig.tree, span_of_text("a/+"), &owned[0], &owned[0]));
    assert_ptr_equal(mqtt_tree_find(&rig.tree, span_of_text("a/+"), &owned[1], &owned[1]),
                     &subs[3]);
    rig_fini(&rig);
}

/* What ended other brokers: 65,400 levels, in a filter and in a name. */
static void as_many_levels_as_a_topic_can_have_need_no_stack(void **state)
{
    static uint8_t text[65535];
    struct rig rig;
    struct mqtt_subscription deep;
    struct mqtt_subscription all;

    (void)state;
    rig_init(&rig);
    rig.budget.limit = 100000000;
    memset(text, '/', sizeof text);
    sub_init(&deep, &deep);
    sub_init(&all, &all);
    assert_true(mqtt_tree_add(&rig.tree, span_of(text, sizeof text), &deep));
    assert_true(mqtt_tree_add(&rig.tree, span_of_text("#"), &all));
    assert_int_equal(total(mqtt_tree_match(&rig.tree, span_of(text, sizeof text))), 2);
    assert_int_equal(total(mqtt_tree_match(&rig.tree, span_of(text, 65534))), 1);
    mqtt_tree_remove(&rig.tree, &deep);
    mqtt_tree_remove(&rig.tree, &all);
    assert_int_equal(rig.budget.used, rig.at_start);
    rig_fini(&rig);
}

static void a_short_budget_leaves_nothing_behind(void **state)
{
    struct rig rig;
    struct mqtt_subscription sub;

    (void)state;
    rig_init(&rig);
    sub_init(&sub, &sub);
    rig.budget.limit = rig.budget.used + 700;
    assert_false(mqtt_tree_add(&rig.tree, span_of_text("a/b/c/d/e/f/g/h/i/j"), &sub));
    assert_int_equal(rig.budget.used, rig.at_start);
    assert_null(mqtt_branch_find(&rig.tree.branches, span_of_text("a")));
    rig_fini(&rig);
}

static void thousands_of_children_are_still_found(void **state)
{
    static struct mqtt_subscription subs[5000];
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (size_t i = 0; i < COUNT(subs); i++) {
        char text[16];
        int len = snprintf(text, sizeof text, "dev/%zu", i);

        sub_init(&subs[i], &subs[i]);
        assert_true(mqtt_tree_add(&rig.tree, span_of(text, (size_t)len), &subs[i]));
    }
    for (size_t i = 0; i < COUNT(subs); i++) {
        char text[16];
        int len = snprintf(text, sizeof text, "dev/%zu", i);
        struct mqtt_branch *found = mqtt_tree_match(&rig.tree, span_of(text, (size_t)len));

        assert_int_equal(times(found, &subs[i]), 1);
        assert_int_equal(total(found), 1);
    }
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_random_tree_matches_as_the_naive_matcher_does),
        cmocka_unit_test(a_filter_is_written_back_as_it_was),
        cmocka_unit_test(a_subscription_is_found_by_owner_and_exact_filter),
        cmocka_unit_test(as_many_levels_as_a_topic_can_have_need_no_stack),
        cmocka_unit_test(a_short_budget_leaves_nothing_behind),
        cmocka_unit_test(thousands_of_children_are_still_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
