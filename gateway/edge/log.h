/* gateway/edge/log.h - what happened, one line each, for people.
 *
 *     2026-03-01T12:00:00.123Z info  node: bed-1 connected
 *     <6>node: bed-1 connected              when stderr is the journal, which has its own clock
 *     {"time":"...","level":"info","area":"node","text":"bed-1 connected"}
 *
 * The same line more than GW_LOG_BURST times in GW_LOG_WINDOW_MS is counted instead, and the
 * count is told when the window is over.
 *
 * Ownership: the log borrows `conf`, which outlives it.
 */
#ifndef GATEWAY_EDGE_LOG_H
#define GATEWAY_EDGE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/conf.h"
#include "gateway/edge/fault.h"

#define GW_LOG_BURST     5u
#define GW_LOG_WINDOW_MS 10000u
#define GW_LOG_LINE      1024u /* octets; a longer line is cut */
#define GW_LOG_REPEATS   32u   /* different lines watched at once */
#define GW_LOG_GATHER    4096u /* octets written at once; what a pipe takes whole, PIPE_BUF */

struct gw_log_repeat {
    uint64_t hash; /* 0: free */
    uint64_t end_ms;
    unsigned count;
    enum conf_level level;
    char text[120]; /* its beginning, to say what was repeated */
};

struct gw_log {
    int fd;
    bool journal; /* lines begin with <N> and have no time */
    bool json;
    enum conf_level level;
    struct conf_log_areas areas;
    struct gw_log_repeat repeats[GW_LOG_REPEATS];
    bool gathers;
    size_t gathered; /* octets of `lines` */
    uint8_t lines[GW_LOG_GATHER];
};

/* Opens what [log] names; false: a file that cannot be opened. */
bool gw_log_init(struct gw_log *log, const struct conf_log *conf, struct gw_fault *fault);

/* Takes levels and format of another configuration; what was opened stays. */
void gw_log_use(struct gw_log *log, const struct conf_log *conf);

void gw_log_fini(struct gw_log *log);

void gw_log(struct gw_log *log, enum conf_level level, const char *area, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* From `on` to off the lines are gathered and written together. */
void gw_log_gather(struct gw_log *log, bool on);

/* Tells the counts of windows that are over; `all`: of every window. */
void gw_log_flush(struct gw_log *log, bool all);

#endif
