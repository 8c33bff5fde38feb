#include "tests/support.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/edge/log.h"

struct rig {
    struct gw_log log;
    struct conf_log conf;
    char to[64];
    char said[65536];
};

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);

    strcpy(rig->to, "file:build/test-log-XXXXXX");
    (void)mkdir("build", 0777);
    close(mkstemp(rig->to + 5));
    rig->conf = (struct conf_log){.level = CONF_INFO, .to = rig->to};
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;

    unlink(rig->to + 5);
    free(rig);
    return 0;
}

static void begin(struct rig *rig)
{
    struct gw_fault fault;

    assert_true(gw_log_init(&rig->log, &rig->conf, &fault));
}

/* All that was said, once the log is closed. */
static const char *end(struct rig *rig)
{
    int fd = open(rig->to + 5, O_RDONLY);
    ssize_t len = 0;

    gw_log_fini(&rig->log);
    len = read(fd, rig->said, sizeof rig->said - 1);
    close(fd);
    assert_true(len >= 0);
    rig->said[len] = '\0';
    return rig->said;
}

static size_t lines_of(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++) {
        count += *text == '\n';
    }
    return count;
}

static void a_line_has_time_level_area_and_text(void **state)
{
    struct rig *rig = *state;
    const char *said = NULL;

    begin(rig);
    gw_log(&rig->log, CONF_INFO, "node", "%s connected", "bed-1");
    said = end(rig);
    assert_int_equal(strlen(said),
                     strlen("2026-03-01T12:00:00.123Z info  node: bed-1 connected\n"));
    assert_int_equal(said[10], 'T');
    assert_string_equal(said + 23, "Z info  node: bed-1 connected\n");
}

static void below_its_level_nothing_is_said(void **state)
{
    struct rig *rig = *state;
    struct conf_log_area quiet[] = {{"mqtt", CONF_ERROR}, {"store", CONF_DEBUG}};
    const char *said = NULL;

    rig->conf.areas = (struct conf_log_areas){quiet, COUNT(quiet)};
    begin(rig);
    gw_log(&rig->log, CONF_DEBUG, "node", "no");
    gw_log(&rig->log, CONF_WARNING, "mqtt", "no");
    gw_log(&rig->log, CONF_DEBUG, "store", "yes");
    said = end(rig);
    assert_int_equal(lines_of(said), 1);
    assert_non_null(strstr(said, "store: yes\n"));
}

static void what_a_peer_chose_stays_on_one_line(void **state)
{
    struct rig *rig = *state;
    const char *said = NULL;

    begin(rig);
    gw_log(&rig->log, CONF_INFO, "node", "%s", "a\nb\x1B[31m\x7F");
    said = end(rig);
    assert_non_null(strstr(said, "node: a?b?[31m?\n"));
    assert_int_equal(lines_of(said), 1);
}

static void json_is_escaped(void **state)
{
    struct rig *rig = *state;
    const char *said = NULL;

    rig->conf.format = CONF_LOG_JSON;
    begin(rig);
    gw_log(&rig->log, CONF_WARNING, "mqtt", "say \"hi\" \\ %c", '\t');
    said = end(rig);
    assert_int_equal(strncmp(said, "{\"time\":\"", 9), 0);
    assert_non_null(strstr(
        said, "\",\"level\":\"warn\",\"area\":\"mqtt\",\"text\":\"say \\\"hi\\\" \\\\ ?\"}\n"));
}

static void the_same_line_again_and_again_is_counted(void **state)
{
    struct rig *rig = *state;
    const char *said = NULL;

    begin(rig);
    for (int i = 0; i < 1000; i++) {
        gw_log(&rig->log, CONF_INFO, "node", "the same");
    }
    gw_log(&rig->log, CONF_INFO, "node", "another");
    said = end(rig);
    assert_int_equal(lines_of(said), GW_LOG_BURST + 2);
    assert_non_null(strstr(said, "log: 995 more of: node: the same\n"));
}

static void a_count_is_told_once(void **state)
{
    struct rig *rig = *state;
    const char *said = NULL;

    begin(rig);
    for (unsigned i = 0; i < GW_LOG_BURST + 2; i++) {
        gw_log(&rig->log, CONF_INFO, "node", "the same");
    }
    gw_log_flush(&rig->log, true);
    for (unsigned i = 0; i < GW_LOG_REPEATS; i++) {
        gw_log(&rig->log, CONF_INFO, "node", "node %u", i);
    }
    said = end(rig);
    assert_int_equal(lines_of(said), GW_LOG_BURST + 1 + GW_LOG_REPEATS);
}

static void many_different_lines_are_all_said(void **state)
{
    struct rig *rig = *state;

    begin(rig);
    for (unsigned i = 0; i < 10 * GW_LOG_REPEATS; i++) {
        gw_log(&rig->log, CONF_INFO, "node", "node %u", i);
    }
    assert_int_equal(lines_of(end(rig)), 10 * GW_LOG_REPEATS);
}

static off_t octets_written(const struct rig *rig)
{
    struct stat file;

    assert_int_equal(stat(rig->to + 5, &file), 0);
    return file.st_size;
}

static void lines_gathered_are_written_together_in_order(void **state)
{
    struct rig *rig = *state;
    const char *said = NULL;
    char line[32];

    begin(rig);
    gw_log_gather(&rig->log, true);
    for (int i = 0; i < 100; i++) {
        gw_log(&rig->log, CONF_INFO, "node", "line %d.", i);
        assert_true(i > 20 || octets_written(rig) == 0);
    }
    gw_log_gather(&rig->log, false);
    assert_true(octets_written(rig) > GW_LOG_GATHER);
    gw_log(&rig->log, CONF_INFO, "node", "line %d.", 100);
    said = end(rig);
    assert_int_equal(lines_of(said), 101);
    for (int i = 0; i <= 100; i++) {
        (void)snprintf(line, sizeof line, " info  node: line %d.\n", i);
        said = strstr(said, line);
        assert_non_null(said);
    }
}

/* Without a reader a blocking write would never return. */
static void a_log_that_nobody_takes_stops_nothing(void **state)
{
    struct rig *rig = *state;
    int ends[2];
    int file = -1;

    begin(rig);
    assert_int_equal(pipe(ends), 0);
    file = rig->log.fd;
    rig->log.fd = ends[1];
    for (int i = 0; i < 4000; i++) {
        gw_log(&rig->log, CONF_INFO, "node", "line %d of many", i);
    }
    rig->log.fd = file;
    close(ends[0]);
    close(ends[1]);
    gw_log_fini(&rig->log);
}

static void the_journal_gets_a_priority_and_no_time(void **state)
{
    struct rig *rig = *state;
    struct stat is;
    char stream[64];

    assert_int_equal(stat(rig->to + 5, &is), 0);
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)is.st_dev, (uintmax_t)is.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    begin(rig);
    gw_log(&rig->log, CONF_ERROR, "store", "full");
    unsetenv("JOURNAL_STREAM");
    assert_string_equal(end(rig), "<3>store: full\n");
}

static void a_journal_that_is_not_our_stream_is_none(void **state)
{
    struct rig *rig = *state;

    setenv("JOURNAL_STREAM", "1:2", 1);
    begin(rig);
    gw_log(&rig->log, CONF_ERROR, "store", "full");
    unsetenv("JOURNAL_STREAM");
    assert_int_not_equal(end(rig)[0], '<');
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_line_has_time_level_area_and_text),
        CASE(below_its_level_nothing_is_said),
        CASE(what_a_peer_chose_stays_on_one_line),
        CASE(json_is_escaped),
        CASE(the_same_line_again_and_again_is_counted),
        CASE(a_count_is_told_once),
        CASE(many_different_lines_are_all_said),
        CASE(lines_gathered_are_written_together_in_order),
        CASE(a_log_that_nobody_takes_stops_nothing),
        CASE(the_journal_gets_a_priority_and_no_time),
        CASE(a_journal_that_is_not_our_stream_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
