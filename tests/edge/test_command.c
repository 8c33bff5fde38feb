#include "tests/support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/edge/clock.h"
#include "gateway/edge/command.h"

#define PATIENCE_MS 20000u

struct rig {
    struct gw_loop loop;
    struct gw_log log;
    struct gw_command command;
    int ends;
    char secret[GW_COMMAND_MOST + 1];
    char cause[256]; /* empty: none */
};

static void on_done(void *arg, struct span secret, const char *cause)
{
    struct rig *rig = arg;

    rig->ends++;
    memcpy(rig->secret, secret.len == 0 ? (const uint8_t *)"" : secret.at, secret.len);
    rig->secret[secret.len] = '\0';
    (void)snprintf(rig->cause, sizeof rig->cause, "%s", cause == NULL ? "" : cause);
}

static int set_up(void **state)
{
    static const struct conf_log conf = {.level = CONF_ERROR};
    struct rig *rig = calloc(1, sizeof *rig);
    struct gw_fault fault = {""};

    assert_true(gw_log_init(&rig->log, &conf, &fault));
    assert_true(gw_loop_init(&rig->loop, &rig->log, &fault));
    gw_command_init(&rig->command, &rig->loop, on_done, rig);
    *state = rig;
    return 0;
}

/* Whatever was run: no child is left, and no secret. */
static int tear_down(void **state)
{
    static const uint8_t zeros[sizeof(((struct gw_command *)0)->secret)];
    struct rig *rig = *state;

    gw_command_fini(&rig->command);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_memory_equal(rig->command.secret, zeros, sizeof zeros);
    gw_loop_fini(&rig->loop);
    gw_log_fini(&rig->log);
    free(rig);
    return 0;
}

static void turn_until(struct rig *rig, bool (*is_so)(const struct rig *rig))
{
    uint64_t end_ms = gw_clock_ms() + PATIENCE_MS;

    while (!is_so(rig) && gw_clock_ms() < end_ms) {
        gw_loop_wait(&rig->loop, end_ms);
    }
    assert_true(is_so(rig));
}

static bool has_ended(const struct rig *rig)
{
    return rig->ends != 0;
}

static bool is_idle(const struct rig *rig)
{
    return rig->command.state == GW_COMMAND_IDLE;
}

static void run(struct rig *rig, const char *line)
{
    rig->ends = 0;
    gw_command_start(&rig->command, line);
    turn_until(rig, has_ended);
    turn_until(rig, is_idle);
    assert_int_equal(rig->ends, 1);
}

static void prints(struct rig *rig, const char *line, const char *secret)
{
    run(rig, line);
    assert_string_equal(rig->cause, "");
    assert_string_equal(rig->secret, secret);
}

static void fails(struct rig *rig, const char *line, const char *cause)
{
    run(rig, line);
    assert_string_equal(rig->secret, "");
    assert_string_equal(rig->cause, cause);
}

static void the_line_that_is_printed_is_the_secret(void **state)
{
    struct rig *rig = *state;

    prints(rig, "echo s3cret", "s3cret");
    prints(rig, "printf 'a b'", "a b");
    prints(rig, "printf 'a\\r\\n'", "a");
    prints(rig, "echo noise >&2; echo x", "x");
    run(rig, "head -c 8191 /dev/zero | tr '\\0' y; echo");
    assert_string_equal(rig->cause, "");
    assert_int_equal(strspn(rig->secret, "y"), 8191);
}

static void a_failure_is_told_by_status_and_first_line(void **state)
{
    struct rig *rig = *state;

    fails(rig, "exit 3", "the command exits with 3");
    fails(rig, "echo secret; echo 'vault is sealed' >&2; echo more >&2; exit 2",
          "the command exits with 2: vault is sealed");
    fails(rig, "kill -9 $$", "the command is ended by signal 9");
    fails(rig, "true", "the command prints nothing");
    fails(rig, "echo", "the command prints nothing");
    fails(rig, "echo a; echo b", "the command prints more than one line");
    fails(rig, "head -c 20000 /dev/zero | tr '\\0' x", "the command prints more than 8 KiB");
    fails(rig, "head -c 99999999 /dev/zero", "the command prints more than 8 KiB");
    run(rig, "no-such-program-at-all");
    assert_non_null(strstr(rig->cause, "the command exits with 127: "));
}

/* Errors beyond what is told do not hold it up. */
static void much_on_standard_error_is_read(void **state)
{
    prints(*state, "head -c 300000 /dev/zero >&2; echo x", "x");
}

static void it_has_no_input_and_none_of_our_descriptors(void **state)
{
    int ours = open("/dev/null", O_RDONLY); /* not O_CLOEXEC: a library's, say */
    char line[80];

    assert_true(ours > 2 && ours < 10);
    (void)snprintf(line, sizeof line, "cat; test ! -e /proc/$$/fd/%d && echo x", ours);
    prints(*state, line, "x");
    close(ours);
}

static void signals_are_as_at_the_start_of_a_program(void **state)
{
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);

    fails(*state, "kill -PIPE $$; echo x", "the command is ended by signal 13");
    signal(SIGPIPE, before);
}

static void what_does_not_end_is_killed_with_all_it_started(void **state)
{
    struct rig *rig = *state;
    uint64_t start_ms = gw_clock_ms();

    fails(rig, "echo x; sleep 1000 & sleep 1000", "the command does not end within 10 s");
    assert_true(gw_clock_ms() - start_ms < GW_COMMAND_MS + 2000);
}

/* A child that keeps the output open does not keep us. */
static void what_goes_on_behind_the_shell_is_not_waited_for(void **state)
{
    uint64_t start_ms = gw_clock_ms();

    prints(*state, "sleep 1000 & echo x", "x");
    assert_true(gw_clock_ms() - start_ms < GW_COMMAND_MS);
}

static void a_stopped_command_is_silent_and_the_next_is_none_the_worse(void **state)
{
    struct rig *rig = *state;

    gw_command_start(&rig->command, "sleep 1000; echo old");
    gw_command_stop(&rig->command);
    turn_until(rig, is_idle);
    assert_int_equal(rig->ends, 0);
    prints(rig, "echo new", "new");
    gw_command_start(&rig->command, "sleep 1000"); /* tear_down ends it */
}

static void one_that_is_still_ending_is_told(void **state)
{
    struct rig *rig = *state;

    gw_command_start(&rig->command, "sleep 1000");
    gw_command_start(&rig->command, "echo x");
    assert_int_equal(rig->ends, 1);
    assert_string_equal(rig->cause, "the command of the last try is still ending");
    turn_until(rig, is_idle);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_line_that_is_printed_is_the_secret),
        CASE(a_failure_is_told_by_status_and_first_line),
        CASE(much_on_standard_error_is_read),
        CASE(it_has_no_input_and_none_of_our_descriptors),
        CASE(signals_are_as_at_the_start_of_a_program),
        CASE(what_does_not_end_is_killed_with_all_it_started),
        CASE(what_goes_on_behind_the_shell_is_not_waited_for),
        CASE(a_stopped_command_is_silent_and_the_next_is_none_the_worse),
        CASE(one_that_is_still_ending_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
