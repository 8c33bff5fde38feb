#include "gateway/cmd/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

#define GAP 2 /* blanks between columns */

/* --- texts ----------------------------------------------------------------------------------- */

static bool begins_character(char c)
{
    return ((unsigned char)c & 0xC0) != 0x80;
}

size_t show_width(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; text++) {
        width += begins_character(*text) ? 1 : 0;
    }
    return width;
}

/* Octets of the first `most` characters. */
static size_t octets_of(const char *text, size_t most)
{
    size_t len = 0;

    while (text[len] != '\0' && (most > 0 || !begins_character(text[len]))) {
        most -= begins_character(text[len]) ? 1 : 0;
        len++;
    }
    return len;
}

char *show_clean(const char *text, size_t most)
{
    size_t len = strlen(text);
    char *room = malloc(4 * len + 4);
    struct writer w = writer_of((uint8_t *)room, room == NULL ? 0 : 4 * len + 4);

    if (room == NULL) {
        abort();
    }
    write_printable(&w, span_of(text, len));
    write_end(&w);
    if (show_width(room) > most) {
        size_t kept = octets_of(room, most > 3 ? most - 3 : 0);

        (void)snprintf(room + kept, 4 * len + 4 - kept, "%s", most > 3 ? "..." : "");
    }
    return room;
}

size_t show_columns(void)
{
    struct winsize size;

    return isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col
                                                                                      : 0;
}

/* --- times and sizes ------------------------------------------------------------------------- */

uint64_t show_now(void)
{
    struct timespec at = {0, 0};

    (void)clock_gettime(CLOCK_REALTIME, &at);
    return (uint64_t)at.tv_sec * 1000 + (uint64_t)at.tv_nsec / 1000000;
}

const char *show_span(uint64_t ms, char room[SHOW_SPAN])
{
    uint64_t s = ms / 1000;

    if (s < 120) {
        (void)snprintf(room, SHOW_SPAN, "%" PRIu64 " s", s);
    } else if (s < UINT64_C(2) * 3600) {
        (void)snprintf(room, SHOW_SPAN, "%" PRIu64 " min", s / 60);
    } else if (s < UINT64_C(2) * 86400) {
        (void)snprintf(room, SHOW_SPAN, "%" PRIu64 " h", s / 3600);
    } else {
        (void)snprintf(room, SHOW_SPAN, "%" PRIu64 " days", s / 86400);
    }
    return room;
}

const char *show_since(uint64_t at_ms, char room[SHOW_SPAN])
{
    uint64_t now_ms = show_now();
    char span[SHOW_SPAN];

    if (at_ms == 0) {
        return "never";
    }
    if (at_ms + 2000 > now_ms) {
        return "just now";
    }
    (void)snprintf(room, SHOW_SPAN, "%.20s ago", show_span(now_ms - at_ms, span));
    return room;
}

const char *show_size(uint64_t octets, char room[SHOW_SPAN])
{
    static const char *const units[] = {"KiB", "MiB", "GiB"};
    double size = (double)octets / 1024;
    size_t unit = 0;

    if (octets < 1024) {
        (void)snprintf(room, SHOW_SPAN, "%" PRIu64 " octet%s", octets, octets == 1 ? "" : "s");
        return room;
    }
    while (size >= 1024 && unit < 2) {
        size /= 1024;
        unit++;
    }
    (void)snprintf(room, SHOW_SPAN, "%.1f %s", size, units[unit]);
    return room;
}

/* --- tables ---------------------------------------------------------------------------------- */

void show_row(struct show_table *table, const char *const *cells, size_t count)
{
    if (table->rows == table->room) {
        table->room = table->room == 0 ? 64 : 2 * table->room;
        table->cells = realloc(table->cells, table->room * SHOW_COLUMNS * sizeof *table->cells);
        if (table->cells == NULL) {
            abort();
        }
    }
    for (size_t i = 0; i < SHOW_COLUMNS; i++) {
        table->cells[table->rows * SHOW_COLUMNS + i] =
            i < count ? show_clean(cells[i], SIZE_MAX) : NULL;
    }
    table->rows++;
}

/* By the first cell that differs, so that the same rows always come in the same order. */
static int by_cells(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;
    int order = 0;

    for (size_t i = 0; order == 0 && i < SHOW_COLUMNS && left[i] != NULL && right[i] != NULL; i++) {
        order = strcmp(left[i], right[i]);
    }
    return order;
}

static void print_row(char *const *row, const size_t *widths)
{
    for (size_t i = 0; i < SHOW_COLUMNS && row[i] != NULL; i++) {
        /* No blanks at the end of a line. */
        bool last = i + 1 == SHOW_COLUMNS || row[i + 1] == NULL ||
                    (row[i + 1][0] == '\0' && (i + 2 == SHOW_COLUMNS || row[i + 2] == NULL));
        size_t blanks = last ? 0 : widths[i] - show_width(row[i]) + GAP;

        (void)printf("%s%*s", row[i], (int)blanks, "");
    }
    (void)putchar('\n');
}

void show_print(struct show_table *table, size_t heads)
{
    size_t widths[SHOW_COLUMNS] = {0};
    size_t cells = table->rows * SHOW_COLUMNS;

    for (size_t i = 0; i < cells; i++) {
        size_t width = table->cells[i] == NULL ? 0 : show_width(table->cells[i]);

        widths[i % SHOW_COLUMNS] =
            width > widths[i % SHOW_COLUMNS] ? width : widths[i % SHOW_COLUMNS];
    }
    if (table->rows > heads) {
        qsort(table->cells + heads * SHOW_COLUMNS, table->rows - heads,
              SHOW_COLUMNS * sizeof *table->cells, by_cells);
    }
    for (size_t i = 0; i < table->rows; i++) {
        print_row(table->cells + i * SHOW_COLUMNS, widths);
    }
}

void show_free(struct show_table *table)
{
    for (size_t i = 0; i < table->rows * SHOW_COLUMNS; i++) {
        free(table->cells[i]);
    }
    free(table->cells);
    *table = (struct show_table){0};
}
