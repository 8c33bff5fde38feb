/* Each tests/config/NAME.in is read. NAME.err is its whole report; NAME.ok what it prints as. A
 * file without a twin of one kind has no problems, or is no configuration. */
#include "tests/support.h"

#include <glob.h>
#include <stdlib.h>

#include "config/print.h"

#define ROOM 65536

static const char *const environment[] = {"RIG=7", NULL};
static const struct conf_machine machine = {"host", "s1", NULL, environment, NULL};

/* The octets of PATH with `ending` instead of "in"; empty when there is no such file. */
static struct span text_of(const char *path, const char *ending, uint8_t *room)
{
    char name[256] = {0};
    FILE *file = NULL;
    size_t len = 0;

    (void)snprintf(name, sizeof name, "%.*s%s", (int)strlen(path) - 2, path, ending);
    file = fopen(name, "rb");
    if (file != NULL) {
        len = fread(room, 1, ROOM, file);
        (void)fclose(file);
    }
    assert_true(len < ROOM);
    return span_of(room, len);
}

static void expect(const char *path, const char *what, struct span got, struct span wanted)
{
    if (!span_equal(got, wanted)) {
        print_error("%s, %s:\n%.*s\ninstead of\n%.*s\n", path, what, (int)got.len,
                    (const char *)got.at, (int)wanted.len, (const char *)wanted.at);
    }
    assert_true(span_equal(got, wanted));
}

static struct conf *read_text(const char *path, struct span text, struct conf_report *report)
{
    const char *slash = strrchr(path, '/');
    struct conf_source source = {slash == NULL ? path : slash + 1, text};

    return conf_read(&source, 1, &machine, report);
}

static void try_file(const char *path)
{
    static uint8_t in[ROOM];
    static uint8_t wanted[ROOM];
    static uint8_t got[ROOM];
    struct conf_report report = {0};
    struct conf *conf = read_text(path, text_of(path, "in", in), &report);
    struct writer w = writer_of(got, sizeof got);

    conf_report_print(&report, &w);
    expect(path, "report", span_of(got, written(&w)), text_of(path, "err", wanted));
    w = writer_of(got, sizeof got);
    if (conf != NULL) {
        conf_print(conf, CONF_PRINT_SET, &w);
    }
    expect(path, "print", span_of(got, written(&w)), text_of(path, "ok", wanted));
    conf_free(conf);
    conf_report_fini(&report);
}

static void again(const char *path, enum conf_print_what what)
{
    static uint8_t in[ROOM];
    static uint8_t first[ROOM];
    static uint8_t second[ROOM];
    struct conf_report report = {0};
    struct conf *conf = read_text(path, text_of(path, "in", in), &report);
    struct writer w = writer_of(first, sizeof first);
    struct span printed;

    if (conf != NULL) {
        conf_print(conf, what, &w);
        conf_free(conf);
        printed = span_of(first, written(&w));
        conf = read_text(path, printed, &report);
        assert_non_null(conf);
        w = writer_of(second, sizeof second);
        conf_print(conf, what, &w);
        expect(path, "print read again", span_of(second, written(&w)), printed);
    }
    conf_free(conf);
    conf_report_fini(&report);
}

static void each_file_reads_as_its_twins_say(void **state)
{
    glob_t found = {0};

    (void)state;
    assert_int_equal(glob("tests/config/*.in", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        try_file(found.gl_pathv[i]);
    }
    globfree(&found);
}

static void what_is_printed_reads_back_to_the_same(void **state)
{
    glob_t found = {0};

    (void)state;
    assert_int_equal(glob("tests/config/*.in", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        again(found.gl_pathv[i], CONF_PRINT_SET);
        again(found.gl_pathv[i], CONF_PRINT_ALL);
    }
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_file_reads_as_its_twins_say),
        cmocka_unit_test(what_is_printed_reads_back_to_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
