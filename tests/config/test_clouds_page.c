/* docs/clouds.md: each example is good, and `sedge dump` of it shows what the page says is filled
 * in. */
#include "tests/support.h"

#include "base/text.h"
#include "config/print.h"

#define ROOM 65536

static const struct conf_machine machine = {"host", "s1", NULL, (const char *const[]){NULL}, NULL};

/* Takes the next line from `*text`; false: there is none. */
static bool next_line(struct span *text, struct span *line)
{
    const uint8_t *end = text->len == 0 ? NULL : memchr(text->at, '\n', text->len);

    if (end == NULL) {
        return false;
    }
    *line = span_of(text->at, (size_t)(end - text->at));
    *text = span_from(*text, line->len + 1);
    return true;
}

static bool is(struct span line, const char *text)
{
    return span_equal(line, span_of_text(text));
}

/* The lines up to the closing fence. */
static struct span block_of(struct span *page)
{
    const uint8_t *start = page->at;
    struct span line;

    while (next_line(page, &line)) {
        if (is(line, "```")) {
            return span_of(start, (size_t)(line.at - start));
        }
    }
    fail_msg("a block without an end");
    return *page;
}

static size_t dump(struct span example, uint8_t *room)
{
    struct conf_source source = {"docs/clouds.md", example};
    struct conf_report report = {0};
    struct conf *conf = conf_read(&source, 1, &machine, &report);
    struct writer w = writer_of(room, ROOM);

    conf_report_print(&report, &w);
    if (written(&w) > 0) {
        print_error("%.*s", (int)written(&w), (const char *)room);
    }
    assert_int_equal(written(&w), 0);
    conf_print(conf, CONF_PRINT_ALL, &w);
    conf_free(conf);
    conf_report_fini(&report);
    return written(&w);
}

static bool has_line(struct span text, struct span wanted)
{
    struct span line;

    while (next_line(&text, &line)) {
        if (span_equal(line, wanted)) {
            return true;
        }
    }
    return false;
}

static void expect_lines(struct span dumped, struct span example, struct span wanted)
{
    struct span line;

    while (next_line(&wanted, &line)) {
        if (!has_line(dumped, line) || has_line(example, line)) {
            fail_msg("not filled in: %.*s\n%.*s", (int)line.len, (const char *)line.at,
                     (int)example.len, (const char *)example.at);
        }
    }
}

static void each_example_is_good_and_filled_in_as_the_page_says(void **state)
{
    static uint8_t room[ROOM];
    static uint8_t dumped[ROOM];
    FILE *file = fopen("docs/clouds.md", "rb");
    struct span page = span_of(room, file == NULL ? 0 : fread(room, 1, sizeof room, file));
    struct span example = {NULL, 0};
    struct span line;
    size_t len = 0;
    unsigned examples = 0;
    unsigned fillings = 0;

    (void)state;
    assert_non_null(file);
    (void)fclose(file);
    while (next_line(&page, &line)) {
        if (is(line, "```ini")) {
            example = block_of(&page);
            len = dump(example, dumped);
            examples++;
        } else if (is(line, "```")) {
            expect_lines(span_of(dumped, len), example, block_of(&page));
            fillings++;
        }
    }
    assert_int_equal(examples, 12);
    assert_int_equal(fillings, examples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_example_is_good_and_filled_in_as_the_page_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
