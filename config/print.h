/* config/print.h - a configuration as normalised text, and the reference page. */
#ifndef CONFIG_PRINT_H
#define CONFIG_PRINT_H

#include "config/conf.h"

enum conf_print_what {
    CONF_PRINT_SET, /* what the files set */
    CONF_PRINT_ALL  /* defaults too: the whole effective configuration */
};

/* Text that reads back to the same configuration. Secrets are printed as they were written.
 * `w` is bad when it does not fit. */
void conf_print(const struct conf *conf, enum conf_print_what what, struct writer *w);

/* Markdown: one row per option, from the option table. */
void conf_reference(struct writer *w);

#endif
