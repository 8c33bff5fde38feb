/* docs/wire.md: every line "... OCTETS = TEXT" is tried. */
#include "tests/support.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "sn/dump.h"
#include "sn/frame.h"

#define EXAMPLES_AT_LEAST 30

static bool is_hex(const char *at)
{
    return isxdigit((unsigned char)at[0]) && isxdigit((unsigned char)at[1]);
}

/* The octets that end at `end`, read backwards; returns how many. They lie at the end of `out`. */
static size_t octets_before(const char *line, const char *end, uint8_t *out, size_t size)
{
    size_t count = 0;

    while (end > line && end[-1] == ' ') {
        end--;
    }
    while (count < size && end - line >= 2 && is_hex(end - 2) &&
           (end - line == 2 || end[-3] == ' ')) {
        unsigned octet = 0;

        assert_int_equal(sscanf(end - 2, "%2x", &octet), 1);
        out[size - ++count] = (uint8_t)octet;
        end -= end - line == 2 ? 2 : 3;
    }
    return count;
}

static void dump_frame(struct writer *w, struct span wire)
{
    uint8_t buffer[512];
    struct sn_frame_decoder decoder;
    struct sn_frame frame = {0};

    sn_frame_init(&decoder, buffer, sizeof buffer);
    assert_int_equal(sn_frame_input(&decoder, &wire, &frame), SN_FRAME_WHOLE);
    write_text(w, "frame ");
    write_decimal(w, frame.addr);
    write_text(w, " ");
    write_hex(w, span_of(&frame.ctrl, 1));
    write_text(w, ": ");
    sn_dump_wire(w, frame.payload);
}

static void check_example(struct span wire, const char *text)
{
    char got[512];
    struct writer w = writer_of((uint8_t *)got, sizeof got);

    if (strncmp(text, "frame ", 6) == 0) {
        dump_frame(&w, wire);
    } else {
        sn_dump_wire(&w, wire);
    }
    write_end(&w);
    assert_string_equal(got, text);
}

static void every_example_of_the_page_is_as_it_says(void **state)
{
    FILE *page = fopen("docs/wire.md", "r");
    char line[512];
    size_t examples = 0;
    (void)state;

    assert_non_null(page);
    while (fgets(line, sizeof line, page) != NULL) {
        uint8_t octets[256];
        char *is = strstr(line, " = ");
        size_t count = is == NULL ? 0 : octets_before(line, is, octets, sizeof octets);

        if (count != 0) {
            line[strcspn(line, "\n")] = '\0';
            check_example(span_of(octets + sizeof octets - count, count), is + 3);
            examples++;
        }
    }
    (void)fclose(page);
    assert_true(examples >= EXAMPLES_AT_LEAST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_of_the_page_is_as_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
