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

static void a_chain_is_a_list_with_a_head_of_one_word(void **state)
{
    struct list items[4];
    struct chain chain = {NULL};
    size_t met = 0;

    (void)state;
    assert_true(chain_is_empty(&chain));
    for (size_t i = 0; i < 4; i++) {
        chain_push(&chain, &items[i]);
    }
    chain_remove(&chain, &items[0]); /* the first, */
    chain_remove(&chain, &items[2]); /* one between, */
    chain_push(&chain, &items[0]);
    assert_ptr_equal(chain.first, &items[1]);
    assert_ptr_equal(chain_after(&chain, &items[1]), &items[3]);
    assert_ptr_equal(chain_after(&chain, &items[3]), &items[0]);
    assert_null(chain_after(&chain, &items[0]));
    chain_remove(&chain, &items[0]); /* the last */
    CHAIN_EACH (link, &chain) {
        assert_ptr_equal(link, met == 0 ? &items[1] : &items[3]);
        met++;
    }
    assert_int_equal(met, 2);
    CHAIN_EACH_SAFE (link, after, &chain) {
        chain_remove(&chain, link);
        met++;
    }
    assert_int_equal(met, 4);
    assert_true(chain_is_empty(&chain));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_go_in_at_both_ends_and_out_anywhere),
        cmocka_unit_test(a_safe_walk_may_take_each_link_out),
        cmocka_unit_test(a_chain_is_a_list_with_a_head_of_one_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
