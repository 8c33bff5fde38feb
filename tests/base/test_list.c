#include "base/list.h"
#include "tests/support.h"

struct item {
    int number;
    struct list in_list;
};

static const char *text_of(const struct list *list)
{
    static char text[16];
    size_t at = 0;

    LIST_EACH (link, list) {
        text[at++] = (char)('0' + LIST_ITEM(link, struct item, in_list)->number);
    }
    text[at] = 0;
    return text;
}

static void links_go_in_at_both_ends_and_out_anywhere(void **state)
{
    struct item items[5];
    struct list list;

    (void)state;
    list_init(&list);
    assert_true(list_is_empty(&list));
    assert_null(list_pop(&list));
    for (int i = 0; i < 4; i++) {
        items[i].number = i;
        list_push(&list, &items[i].in_list);
    }
    items[4].number = 4;
    list_push_front(&list, &items[4].in_list);
    assert_string_equal(text_of(&list), "40123");
    list_remove(&items[1].in_list);
    list_remove(&items[1].in_list); /* harmless */
    assert_string_equal(text_of(&list), "4023");
    assert_ptr_equal(list_pop(&list), &items[4].in_list);
    assert_true(list_is_empty(&items[4].in_list));
    assert_string_equal(text_of(&list), "023");
}

static void a_safe_walk_may_take_each_link_out(void **state)
{
    struct item items[3];
    struct list list;
    int met = 0;

    (void)state;
    list_init(&list);
    for (int i = 0; i < 3; i++) {
        list_push(&list, &items[i].in_list);
    }
    LIST_EACH_SAFE (link, after, &list) {
        list_remove(link);
        met++;
    }
    assert_int_equal(met, 3);
    assert_true(list_is_empty(&list));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_go_in_at_both_ends_and_out_anywhere),
        cmocka_unit_test(a_safe_walk_may_take_each_link_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
