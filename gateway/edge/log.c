#include "gateway/edge/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "gateway/edge/clock.h"

#define LINE_ROOM (2 * GW_LOG_LINE + 256) /* each octet escaped, time and area before it */

_Static_assert(GW_LOG_GATHER <= PIPE_BUF && LINE_ROOM <= GW_LOG_GATHER, "a line is written whole");

static const struct {
    const char *name;
    char priority; /* of syslog */
} levels[] = {
    [CONF_ERROR] = {"error", '3'}, [CONF_WARNING] = {"warn", '4'}, [CONF_NOTICE] = {"note", '5'},
    [CONF_INFO] = {"info", '6'},   [CONF_DEBUG] = {"debug", '7'},
};

/* systemd names the device and inode of its stream: stderr may have been sent elsewhere since. */
static bool is_journal(int fd)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat is;
    char mine[64];

    if (stream == NULL || fstat(fd, &is) != 0) {
        return false;
    }
    (void)snprintf(mine, sizeof mine, "%ju:%ju", (uintmax_t)is.st_dev, (uintmax_t)is.st_ino);
    return strcmp(stream, mine) == 0;
}

void gw_log_use(struct gw_log *log, const struct conf_log *conf)
{
    log->level = conf->level;
    log->areas = conf->areas;
    log->json = conf->format == CONF_LOG_JSON;
}

bool gw_log_init(struct gw_log *log, const struct conf_log *conf, struct gw_fault *fault)
{
    *log = (struct gw_log){.fd = STDERR_FILENO};
    gw_log_use(log, conf);
    if (conf->to != NULL && strncmp(conf->to, "file:", 5) == 0) {
        log->fd = open(conf->to + 5, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (log->fd < 0) {
            return gw_fail(fault, "%s:%" PRIu64 ": [log] to: cannot open %s: %s", conf->at.file,
                           conf->at.line, conf->to + 5, strerror(errno));
        }
    }
    log->journal = is_journal(log->fd) || (conf->to != NULL && strcmp(conf->to, "journal") == 0);
    return true;
}

void gw_log_fini(struct gw_log *log)
{
    gw_log_flush(log, true);
    if (log->fd != STDERR_FILENO) {
        (void)close(log->fd);
    }
}

static bool is_wanted(const struct gw_log *log, enum conf_level level, const char *area)
{
    for (size_t i = 0; i < log->areas.count; i++) {
        if (strcmp(log->areas.at[i].area, area) == 0) {
            return level <= log->areas.at[i].level;
        }
    }
    return level <= log->level;
}

static void write_time(struct writer *w)
{
    struct timespec at = {0, 0};
    struct tm tm;
    char text[40];

    (void)clock_gettime(CLOCK_REALTIME, &at);
    (void)gmtime_r(&at.tv_sec, &tm);
    (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    write_text(w, text);
    (void)snprintf(text, sizeof text, ".%03ldZ", at.tv_nsec / 1000000);
    write_text(w, text);
}

/* What a peer chose may hold anything: a line stays one line. */
static void write_clean(struct writer *w, const char *text, bool json)
{
    for (; *text != '\0'; text++) {
        if (json && (*text == '"' || *text == '\\')) {
            write_u8(w, '\\');
        }
        write_u8(w, (uint8_t)*text < 0x20 || *text == 0x7F ? (uint8_t)'?' : (uint8_t)*text);
    }
}

static void write_json(struct writer *w, enum conf_level level, const char *area, const char *text)
{
    write_text(w, "{\"time\":\"");
    write_time(w);
    write_text(w, "\",\"level\":\"");
    write_text(w, levels[level].name);
    write_text(w, "\",\"area\":\"");
    write_clean(w, area, true);
    write_text(w, "\",\"text\":\"");
    write_clean(w, text, true);
    write_text(w, "\"}");
}

static void write_plain(struct writer *w, enum conf_level level, const char *area, const char *text)
{
    write_time(w);
    write_u8(w, ' ');
    write_text(w, levels[level].name);
    write_text(w, strlen(levels[level].name) < 5 ? "  " : " ");
    write_text(w, area);
    write_text(w, ": ");
    write_clean(w, text, false);
}

static void write_journal(struct writer *w, enum conf_level level, const char *area,
                          const char *text)
{
    write_u8(w, '<');
    write_u8(w, (uint8_t)levels[level].priority);
    write_u8(w, '>');
    write_text(w, area);
    write_text(w, ": ");
    write_clean(w, text, false);
}

/* A log that nobody takes must not stop the gateway: a pipe that poll calls writable has room for
 * PIPE_BUF octets. */
static void put_out(struct gw_log *log)
{
    struct pollfd taker = {.fd = log->fd, .events = POLLOUT};

    if (log->gathered != 0 && poll(&taker, 1, 0) == 1) {
        (void)!write(log->fd, log->lines, log->gathered);
    }
    log->gathered = 0;
}

void gw_log_gather(struct gw_log *log, bool on)
{
    log->gathers = on;
    put_out(log);
}

static void say(struct gw_log *log, enum conf_level level, const char *area, const char *text)
{
    struct writer w;

    if (sizeof log->lines - log->gathered < LINE_ROOM) {
        put_out(log);
    }
    w = writer_of(&log->lines[log->gathered], sizeof log->lines - log->gathered);
    if (log->json) {
        write_json(&w, level, area, text);
    } else if (log->journal) {
        write_journal(&w, level, area, text);
    } else {
        write_plain(&w, level, area, text);
    }
    write_u8(&w, '\n');
    log->gathered += written(&w);
    if (!log->gathers) {
        put_out(log);
    }
}

static void end_window(struct gw_log *log, struct gw_log_repeat *repeat)
{
    char text[sizeof repeat->text + 64];

    if (repeat->count > GW_LOG_BURST) {
        (void)snprintf(text, sizeof text, "%u more of: %s", repeat->count - GW_LOG_BURST,
                       repeat->text);
        say(log, repeat->level, "log", text);
    }
    *repeat = (struct gw_log_repeat){0};
}

void gw_log_flush(struct gw_log *log, bool all)
{
    uint64_t now_ms = gw_clock_ms();

    for (size_t i = 0; i < GW_LOG_REPEATS; i++) {
        struct gw_log_repeat *repeat = &log->repeats[i];
        if (repeat->hash != 0 && (all || repeat->end_ms <= now_ms)) {
            end_window(log, repeat);
        }
    }
}

static uint64_t hash_of(const char *area, const char *text)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325); /* FNV-1a */

    for (; *area != '\0'; area++) {
        hash = (hash ^ (uint8_t)*area) * UINT64_C(0x100000001B3);
    }
    for (; *text != '\0'; text++) {
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001B3);
    }
    return hash | 1;
}

/* The line's window; a new one in the slot of the window that ends first. */
static struct gw_log_repeat *window_of(struct gw_log *log, uint64_t hash)
{
    struct gw_log_repeat *oldest = &log->repeats[0];

    for (size_t i = 0; i < GW_LOG_REPEATS; i++) {
        struct gw_log_repeat *repeat = &log->repeats[i];
        if (repeat->hash == hash) {
            return repeat;
        }
        if (repeat->hash == 0 || (oldest->hash != 0 && repeat->end_ms < oldest->end_ms)) {
            oldest = repeat;
        }
    }
    end_window(log, oldest);
    return oldest;
}

static bool is_repeated_too_often(struct gw_log *log, enum conf_level level, const char *area,
                                  const char *text)
{
    uint64_t hash = hash_of(area, text);
    struct gw_log_repeat *repeat = window_of(log, hash);

    if (repeat->hash == 0) {
        *repeat = (struct gw_log_repeat){.hash = hash, .level = level};
        repeat->end_ms = gw_clock_ms() + GW_LOG_WINDOW_MS;
        (void)snprintf(repeat->text, sizeof repeat->text, "%.20s: %.90s", area, text);
    }
    repeat->count++;
    return repeat->count > GW_LOG_BURST;
}

void gw_log(struct gw_log *log, enum conf_level level, const char *area, const char *format, ...)
{
    char text[GW_LOG_LINE];
    va_list args;

    if (!is_wanted(log, level, area)) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    gw_log_flush(log, false);
    if (!is_repeated_too_often(log, level, area, text)) {
        say(log, level, area, text);
    }
}
