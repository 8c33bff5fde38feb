/* gateway/cmd/show.h - tables, times and sizes as people read them. */
#ifndef GATEWAY_CMD_SHOW_H
#define GATEWAY_CMD_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHOW_COLUMNS 8
#define SHOW_SPAN    32u /* octets of a text made here, its NUL too */

/* Columns as wide as their widest cell, the last one open at its end. */
struct show_table {
    char **cells; /* SHOW_COLUMNS of them a row, unused ones NULL */
    size_t rows;
    size_t room;
};

/* Adds a row of `count` cells, copied; what a terminal would not take is written as \xNN. */
void show_row(struct show_table *table, const char *const *cells, size_t count);

/* Prints all rows, those after the first `heads` in the order of their first cells. */
void show_print(struct show_table *table, size_t heads);
void show_free(struct show_table *table);

/* "just now", "12 s ago", "3 min ago", "2 h ago", "5 days ago"; "never" for 0. */
const char *show_since(uint64_t at_ms, char room[SHOW_SPAN]);

/* "12 s", "3 min", "2 h", "5 days" */
const char *show_span(uint64_t ms, char room[SHOW_SPAN]);

/* "740 octets", "3.4 KiB", "12.0 MiB" */
const char *show_size(uint64_t octets, char room[SHOW_SPAN]);

/* Wall clock, milliseconds. */
uint64_t show_now(void);

/* `text` as a terminal takes it, at most `most` characters, then "...". Freed by the caller. */
char *show_clean(const char *text, size_t most);

/* Characters of `text`. */
size_t show_width(const char *text);

/* Characters of a line of the terminal that stdout is; 0: it is none. */
size_t show_columns(void);

#endif
