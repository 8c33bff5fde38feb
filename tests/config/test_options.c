#include "tests/support.h"

#include "config/arena.h"
#include "config/options.h"
#include "config/print.h"
#include "config/setting.h"

/* Calls `try` for every row of the table. */
static void each_row(void (*try)(const struct conf_section_kind *, const struct conf_option *))
{
    for (size_t i = 0; i < CONF_SECTION_KINDS; i++) {
        const struct conf_section_kind *kind = conf_section_kind(i);

        for (const struct conf_option *row = kind->options; row->key != NULL; row++) {
            try(kind, row);
        }
    }
}

static void try_help(const struct conf_section_kind *kind, const struct conf_option *row)
{
    assert_non_null(row->help);
    assert_true(strlen(row->help) > 5);
    assert_true(strlen(kind->help) > 5);
}

static void every_option_has_help(void **state)
{
    (void)state;
    each_row(try_help);
}

static void try_initial(const struct conf_section_kind *kind, const struct conf_option *row)
{
    struct conf_arena *arena = conf_arena_new();
    struct conf_given given = {row, span_of_text(row->key), {NULL, 0}, 1};
    uint64_t value[8] = {0};
    uint8_t words[256] = {0};
    struct writer wrong = writer_of(words, sizeof words - 1);

    (void)kind;
    if (row->initial != NULL) {
        given.text = span_of_text(row->initial);
        if (!conf_setting_read(&given, arena, value, &wrong)) {
            print_error("[%s] %s: %s %s\n", kind->name, row->key, row->initial, words);
            fail();
        }
    }
    conf_arena_free(arena);
}

static void every_default_is_a_value_that_its_own_row_takes(void **state)
{
    (void)state;
    each_row(try_initial);
}

static void try_field(const struct conf_section_kind *kind, const struct conf_option *row)
{
    size_t size = row->many == CONF_ONE ? conf_kind_size(row->kind) : sizeof(struct conf_list);

    assert_true(row - kind->options < 64);
    assert_true(size != 0);
    assert_true(row->offset >= sizeof(struct conf_section));
    assert_true(row->offset + size <= kind->size);
    for (const struct conf_option *other = kind->options; other != row; other++) {
        assert_true(other->offset != row->offset);
        assert_string_not_equal(other->key, row->key);
    }
}

static void every_field_lies_in_its_struct_and_is_its_own(void **state)
{
    (void)state;
    each_row(try_field);
}

static void try_names(const struct conf_section_kind *kind, const struct conf_option *row)
{
    (void)kind;
    if (row->kind == CONF_KIND_NAME) {
        assert_non_null(conf_section_kind_find(span_of_text(row->words)));
    }
    if (row->kind == CONF_KIND_WORD) {
        assert_non_null(row->words);
    }
}

static void names_and_words_refer_to_something(void **state)
{
    (void)state;
    each_row(try_names);
}

static size_t lines_with(const char *page, const char *begin)
{
    size_t count = 0;

    for (const char *at = strstr(page, begin); at != NULL; at = strstr(at + 1, begin)) {
        count++;
    }
    return count;
}

static void the_reference_has_a_row_for_each_option(void **state)
{
    static uint8_t page[65536];
    struct writer w = writer_of(page, sizeof page - 1);
    size_t rows = 0;

    (void)state;
    conf_reference(&w);
    assert_false(w.bad);
    for (size_t i = 0; i < CONF_SECTION_KINDS; i++) {
        const struct conf_option *row = conf_section_kind(i)->options;

        for (; row->key != NULL; row++) {
            rows++;
        }
    }
    assert_int_equal(lines_with((char *)page, "\n| `"), rows);
    assert_int_equal(lines_with((char *)page, "\n## ["), CONF_SECTION_KINDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_has_help),
        cmocka_unit_test(every_default_is_a_value_that_its_own_row_takes),
        cmocka_unit_test(every_field_lies_in_its_struct_and_is_its_own),
        cmocka_unit_test(names_and_words_refer_to_something),
        cmocka_unit_test(the_reference_has_a_row_for_each_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
