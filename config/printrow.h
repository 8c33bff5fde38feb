/* config/printrow.h - one key of one section as lines of text; for dump, diff and the check that
 * whatever was read can be written again. */
#ifndef CONFIG_PRINTROW_H
#define CONFIG_PRINTROW_H

#include "config/options.h"

struct conf_printed {
    const struct conf_section_kind *kind;
    const struct conf_section *section;
    const struct conf_option *row;
};

/* The value alone. */
void conf_print_value(const struct conf_printed *what, const void *value, struct writer *w);

/* `key = value` and a line end for each line that the key has; nothing when it is not set. */
void conf_print_row(const struct conf_printed *what, struct writer *w);

#endif
