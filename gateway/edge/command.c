#include "gateway/edge/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

/* --- the end --------------------------------------------------------------------------------- */

void gw_command_wipe(struct gw_command *command)
{
    explicit_bzero(command->secret, sizeof command->secret);
    explicit_bzero(command->err_line, sizeof command->err_line);
    command->len = 0;
    command->err_len = 0;
}

/* With its descriptor. */
static void drop(struct event **event)
{
    if (*event != NULL) {
        int fd = event_get_fd(*event);

        event_free(*event);
        if (fd >= 0) {
            (void)close(fd);
        }
        *event = NULL;
    }
}

static void stop_listening(struct gw_command *command)
{
    drop(&command->out);
    drop(&command->err);
    drop(&command->late);
}

/* What it has started is in its group. */
static void kill_all(const struct gw_command *command)
{
    (void)kill(-command->pid, SIGKILL);
}

/* The process is gone, or is killed. */
static int reap(struct gw_command *command)
{
    int status = 0;

    while (waitpid(command->pid, &status, 0) < 0 && errno == EINTR) {
    }
    drop(&command->ended);
    command->state = GW_COMMAND_IDLE;
    return status;
}

void gw_command_stop(struct gw_command *command)
{
    if (command->state == GW_COMMAND_RUNNING) {
        stop_listening(command);
        kill_all(command);
        command->state = GW_COMMAND_ENDING;
    }
    gw_command_wipe(command);
}

static void fail(struct gw_command *command, const char *cause)
{
    gw_command_stop(command);
    command->done(command->arg, (struct span){NULL, 0}, cause);
}

/* --- what it says ---------------------------------------------------------------------------- */

static bool take_secret(struct gw_command *command)
{
    uint8_t *room = command->secret + command->len;
    ssize_t got = read(event_get_fd(command->out), room, sizeof command->secret - command->len);

    command->len += got > 0 ? (size_t)got : 0;
    return got > 0;
}

/* What does not fit is read all the same, else it would wait for us. */
static bool take_error(struct gw_command *command)
{
    uint8_t octets[512];
    size_t room = sizeof command->err_line - command->err_len;
    ssize_t got = read(event_get_fd(command->err), octets, sizeof octets);
    size_t kept = got <= 0 ? 0 : (size_t)got < room ? (size_t)got : room;

    memcpy(command->err_line + command->err_len, octets, kept);
    command->err_len += kept;
    explicit_bzero(octets, sizeof octets);
    return got > 0;
}

static bool says_too_much(const struct gw_command *command)
{
    return command->len > GW_COMMAND_MOST;
}

static void on_out(evutil_socket_t fd, short what, void *arg)
{
    struct gw_command *command = arg;

    (void)fd;
    (void)what;
    if (!take_secret(command)) {
        (void)event_del(command->out); /* it may go on without */
    } else if (says_too_much(command)) {
        fail(command, "the command prints more than 8 KiB");
    }
}

static void on_err(evutil_socket_t fd, short what, void *arg)
{
    struct gw_command *command = arg;

    (void)fd;
    (void)what;
    if (!take_error(command)) {
        (void)event_del(command->err);
    }
}

/* --- what comes of it ------------------------------------------------------------------------ */

static struct span first_line(struct span text)
{
    size_t len = 0;

    while (len < text.len && text.at[len] != '\n' && text.at[len] != '\r') {
        len++;
    }
    return span_of(text.at, len);
}

/* One line, its end taken off; else what is wrong. */
static const char *trim_secret(struct gw_command *command)
{
    struct span line = first_line(span_of(command->secret, command->len));
    struct span rest = span_from(span_of(command->secret, command->len), line.len);

    if (rest.len != 0 && !span_equal(rest, span_of_text("\n")) &&
        !span_equal(rest, span_of_text("\r\n"))) {
        return "the command prints more than one line";
    }
    command->len = line.len;
    command->secret[line.len] = '\0';
    return line.len == 0 ? "the command prints nothing" : NULL;
}

static const char *tell_status(struct gw_command *command, int status)
{
    struct writer w = writer_of((uint8_t *)command->cause, sizeof command->cause);
    struct span line = first_line(span_of(command->err_line, command->err_len));

    write_text(&w,
               WIFSIGNALED(status) ? "the command is ended by signal " : "the command exits with ");
    write_decimal(&w, (uint64_t)(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)));
    write_text(&w, line.len == 0 ? "" : ": ");
    write_printable(&w, line);
    write_end(&w);
    return command->cause;
}

static void finish(struct gw_command *command, int status)
{
    const char *cause = status == 0 ? trim_secret(command) : tell_status(command, status);

    if (cause != NULL) {
        fail(command, cause);
    } else {
        command->done(command->arg, span_of(command->secret, command->len), NULL);
    }
}

static void on_ended(evutil_socket_t fd, short what, void *arg)
{
    struct gw_command *command = arg;
    bool is_wanted = command->state == GW_COMMAND_RUNNING;
    int status = 0;

    (void)fd;
    (void)what;
    while (is_wanted && !says_too_much(command) && take_secret(command)) {
    }
    while (is_wanted && take_error(command)) {
    }
    stop_listening(command);
    kill_all(command); /* while nobody else can have its number */
    status = reap(command);
    if (is_wanted && says_too_much(command)) {
        fail(command, "the command prints more than 8 KiB");
    } else if (is_wanted) {
        finish(command, status);
    }
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    fail(arg, "the command does not end within 10 s");
}

/* --- the beginning --------------------------------------------------------------------------- */

/* Of the child: nothing of ours but these three. */
static int spawn(pid_t *pid, const char *line, int out, int err)
{
    const char *const args[] = {"sh", "-c", line, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none;
    sigset_t all;
    int error = 0;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    if (posix_spawn_file_actions_init(&files) != 0) {
        return ENOMEM;
    }
    (void)posix_spawnattr_init(&how);
    (void)posix_spawnattr_setpgroup(&how, 0);
    (void)posix_spawnattr_setsigmask(&how, &none);
    (void)posix_spawnattr_setsigdefault(&how, &all);
    (void)posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                             POSIX_SPAWN_SETSIGDEF);
    error = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    error = error != 0 ? error : posix_spawn_file_actions_adddup2(&files, out, 1);
    error = error != 0 ? error : posix_spawn_file_actions_adddup2(&files, err, 2);
    error = error != 0 ? error : posix_spawn_file_actions_addclosefrom_np(&files, 3);
    if (error == 0) {
        /* NOLINTNEXTLINE(performance-no-int-to-ptr): takes a const away, as execv has it */
        error = posix_spawn(pid, "/bin/sh", &files, &how, (char *const *)(uintptr_t)args, environ);
    }
    (void)posix_spawnattr_destroy(&how);
    (void)posix_spawn_file_actions_destroy(&files);
    return error;
}

/* Takes over `fd`, whatever comes of it. */
static struct event *listen_to(struct gw_command *command, int fd, event_callback_fn on)
{
    struct event *event =
        fd < 0 ? NULL : event_new(command->loop->base, fd, EV_READ | EV_PERSIST, on, command);

    if (event == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return NULL;
    }
    if (event_add(event, NULL) != 0) {
        drop(&event);
    }
    return event;
}

/* Of `out` and `err` our ends. */
static bool watch(struct gw_command *command, int out, int err)
{
    command->ended = listen_to(command, pidfd_open(command->pid, 0), on_ended);
    command->out = listen_to(command, out, on_out);
    command->err = listen_to(command, err, on_err);
    command->late = evtimer_new(command->loop->base, on_late, command);
    if (command->ended == NULL || command->out == NULL || command->err == NULL ||
        command->late == NULL) {
        return false;
    }
    gw_loop_after(command->late, GW_COMMAND_MS);
    return true;
}

/* NULL, or why it could not be started. */
static const char *start(struct gw_command *command, const char *line)
{
    int out[2];
    int err[2];
    int error = 0;

    if (pipe2(out, O_CLOEXEC) != 0) {
        return strerrordesc_np(errno);
    }
    if (pipe2(err, O_CLOEXEC) != 0) {
        error = errno;
        (void)close(out[0]);
        (void)close(out[1]);
        return strerrordesc_np(error);
    }
    (void)evutil_make_socket_nonblocking(out[0]);
    (void)evutil_make_socket_nonblocking(err[0]);
    error = spawn(&command->pid, line, out[1], err[1]);
    (void)close(out[1]);
    (void)close(err[1]);
    if (error != 0) {
        (void)close(out[0]);
        (void)close(err[0]);
        return strerrordesc_np(error);
    }
    if (!watch(command, out[0], err[0])) {
        stop_listening(command);
        kill_all(command);
        (void)reap(command);
        return "it cannot be watched";
    }
    command->state = GW_COMMAND_RUNNING;
    return NULL;
}

void gw_command_start(struct gw_command *command, const char *line)
{
    struct writer w = writer_of((uint8_t *)command->cause, sizeof command->cause);
    const char *wrong = NULL;

    gw_command_stop(command);
    if (command->state == GW_COMMAND_ENDING) {
        fail(command, "the command of the last try is still ending");
        return;
    }
    wrong = start(command, line);
    if (wrong != NULL) {
        write_text(&w, "the command cannot be started: ");
        write_text(&w, wrong);
        write_end(&w);
        fail(command, command->cause);
    }
}

void gw_command_init(struct gw_command *command, struct gw_loop *loop,
                     void (*done)(void *arg, struct span secret, const char *cause), void *arg)
{
    *command = (struct gw_command){.loop = loop, .done = done, .arg = arg};
}

void gw_command_fini(struct gw_command *command)
{
    gw_command_stop(command);
    if (command->state == GW_COMMAND_ENDING) {
        (void)reap(command);
    }
}
