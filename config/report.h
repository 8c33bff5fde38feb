/* config/report.h - what is wrong, or doubtful, in a configuration: all of it, in file order.
 *
 * A line reads `FILE:LINE: [section name] key: what is wrong (did you mean 'x'?)`; a note begins
 * with `note: `. At most CONF_REPORT_MAX items are kept; the rest is counted.
 *
 * Ownership: start from {0}; the report owns its texts until conf_report_fini.
 */
#ifndef CONFIG_REPORT_H
#define CONFIG_REPORT_H

#include "base/bytes.h"

#define CONF_REPORT_MAX 1000u

struct conf_arena;

struct conf_problem {
    const char *file;
    uint64_t line;       /* 0: the file as a whole */
    const char *section; /* "listener udp"; "" before any section */
    const char *key;     /* "": the section as a whole */
    const char *text;
    bool is_note;
};

struct conf_report {
    struct conf_problem *items;
    size_t count;  /* items kept */
    size_t errors; /* found, kept or not */
    size_t notes;
    struct conf_arena *arena;
};

/* Adds an item; texts are copied. */
void conf_report_add(struct conf_report *report, const struct conf_problem *problem);

/* Every item as a line of text. Does not fit: `w` is bad. */
void conf_report_print(const struct conf_report *report, struct writer *w);

void conf_report_fini(struct conf_report *report);

#endif
