/* config/lines.h - gateway.conf line by line: sections and pairs, comments dropped.
 *
 * Pure and without memory: spans point into the text. A value is as it stands in the file, its
 * quotes and escapes too; conf_unquote takes them off.
 */
#ifndef CONFIG_LINES_H
#define CONFIG_LINES_H

#include "base/bytes.h"

#define CONF_LINE_MAX 8192u /* octets of a line, its end not counted */

enum conf_line_kind { CONF_LINE_SECTION, CONF_LINE_PAIR, CONF_LINE_WRONG };

struct conf_line {
    enum conf_line_kind kind;
    uint64_t number;    /* from 1 */
    struct span first;  /* section's kind, or key */
    struct span second; /* section's name, or value; may be empty */
    const char *wrong;  /* what is wrong with the line */
};

struct conf_lines {
    struct reader text;
    uint64_t number;
};

void conf_lines_init(struct conf_lines *lines, struct span text);

/* The next line that is not blank and not a comment; false at the end. */
bool conf_lines_next(struct conf_lines *lines, struct conf_line *line);

/* Blanks and tabs at both ends taken off. */
struct span conf_trim(struct span text);

/* Writes `value` without the double quotes around it, \" and \\ replaced; a value that does not
 * begin with a quote is written as it is. False: text after the closing quote, or none. */
bool conf_unquote(struct span value, struct writer *w);

/* Takes the first item of a list with commas off `rest`, trimmed; false when none is left. */
bool conf_list_next(struct span *rest, struct span *item);

/* Writes a value so that it reads back as `text`, in quotes where it must be. */
void conf_quote(struct span text, struct writer *w);

#endif
