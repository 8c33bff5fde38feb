#include "gateway/edge/passwd.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "gateway/cmd/cmd.h"

struct secret {
    uint8_t octets[GW_PASSWD_MAX + 1]; /* one more, to see that it is too long */
    size_t len;
};

/* NULL of `unblocked`: no signal is blocked. */
static ssize_t read_octet(uint8_t *octet, const sigset_t *unblocked)
{
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};

    return ppoll(&fd, 1, NULL, unblocked) < 0 ? -1 : read(STDIN_FILENO, octet, 1);
}

/* One line of stdin without its end. */
static bool read_line(struct secret *secret, const sigset_t *unblocked, struct gw_fault *fault)
{
    ssize_t got = 1;
    uint8_t octet = 0;

    secret->len = 0;
    while (secret->len <= GW_PASSWD_MAX && (got = read_octet(&octet, unblocked)) == 1 &&
           octet != '\n') {
        secret->octets[secret->len++] = octet;
    }
    octet = 0;
    if (got < 0) {
        return gw_fail(fault, "%s", errno == EINTR ? "interrupted" : strerror(errno));
    }
    if (secret->len > GW_PASSWD_MAX) {
        return gw_fail(fault, "a password has at most %u octets", GW_PASSWD_MAX);
    }
    return secret->len != 0 || gw_fail(fault, "the password is empty");
}

static bool ask(const char *prompt, struct secret *secret, const sigset_t *unblocked,
                struct gw_fault *fault)
{
    bool done = false;

    (void)fputs(prompt, stderr);
    done = read_line(secret, unblocked, fault);
    (void)fputc('\n', stderr);
    return done;
}

static bool ask_twice(struct secret *secret, const sigset_t *unblocked, struct gw_fault *fault)
{
    struct secret again;
    bool done =
        ask("Password: ", secret, unblocked, fault) && ask("Again: ", &again, unblocked, fault);

    if (done &&
        !span_equal(span_of(secret->octets, secret->len), span_of(again.octets, again.len))) {
        done = gw_fail(fault, "the two are not the same");
    }
    explicit_bzero(&again, sizeof again);
    return done;
}

static void interrupt(int number)
{
    (void)number;
}

/* What would end or stop us leaves the terminal as it was: it interrupts a wait for input, and
 * comes at no other time. */
static void catch_signals(sigset_t *unblocked)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    struct sigaction action = {.sa_handler = interrupt};
    sigset_t blocked;

    (void)sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        (void)sigaction(numbers[i], &action, NULL);
        (void)sigaddset(&blocked, numbers[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &blocked, unblocked);
}

static bool read_password(struct secret *secret, struct gw_fault *fault)
{
    struct termios before;
    struct termios quiet;
    sigset_t unblocked;
    bool done = false;

    if (tcgetattr(STDIN_FILENO, &before) != 0) {
        return read_line(secret, NULL, fault); /* no terminal */
    }
    catch_signals(&unblocked);
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) != 0) {
        return gw_fail(fault, "the terminal's echo cannot be turned off: %s", strerror(errno));
    }
    done = ask_twice(secret, &unblocked, fault);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    return done;
}

/* A file that is there keeps its owner: the gateway may be another user than who changes it. */
static bool fill(int fd, const char *path, const char *line)
{
    struct stat old;

    if (stat(path, &old) == 0 && (old.st_uid != geteuid() || old.st_gid != getegid()) &&
        fchown(fd, old.st_uid, old.st_gid) != 0) {
        return false;
    }
    return dprintf(fd, "%s\n", line) > 0 && fsync(fd) == 0;
}

/* All or nothing: a file beside it, 0600, takes its name. */
static bool write_file(const char *path, const char *line, struct gw_fault *fault)
{
    char beside[PATH_MAX];
    int len = snprintf(beside, sizeof beside, "%s.XXXXXX", path);
    int fd = -1;
    bool done = false;
    int error = 0;

    errno = ENAMETOOLONG;
    if (len < (int)sizeof beside) {
        fd = mkstemp(beside);
    }
    if (fd < 0) {
        return gw_fail(fault, "%s cannot be written: %s", path, strerror(errno));
    }
    done = fill(fd, path, line) && rename(beside, path) == 0;
    error = errno;
    (void)close(fd);
    if (!done) {
        (void)unlink(beside);
        return gw_fail(fault, "%s cannot be written: %s", path, strerror(error));
    }
    return true;
}

static bool write_out(const char *line)
{
    return puts(line) >= 0 && fflush(stdout) == 0;
}

int cmd_passwd(const struct cmd_options *options)
{
    struct secret secret = {.len = 0};
    char line[GW_PASSWD_LINE];
    struct gw_fault fault = {"stdout cannot be written"};
    bool done = read_password(&secret, &fault);

    done = done && gw_passwd_make(span_of(secret.octets, secret.len), line, &fault);
    explicit_bzero(&secret, sizeof secret);
    if (done) {
        done = options->words[0] == NULL ? write_out(line)
                                         : write_file(options->words[0], line, &fault);
    }
    if (!done) {
        (void)fprintf(stderr, "sedge: %s\n", fault.text);
    }
    return done ? CMD_GOOD : CMD_FAULT;
}
