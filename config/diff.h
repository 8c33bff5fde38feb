/* config/diff.h - what differs between two configurations, and when it can take hold. */
#ifndef CONFIG_DIFF_H
#define CONFIG_DIFF_H

#include "config/conf.h"
#include "config/options.h"

enum conf_change_kind { CONF_ADDED, CONF_REMOVED, CONF_CHANGED };

/* A section that came or went (`option` NULL), or a key of a section that is in both. */
struct conf_change {
    enum conf_change_kind kind;
    const struct conf_section_kind *section;
    const char *name;
    const struct conf_option *option;
    const void *old;   /* struct conf_listener and so on; NULL when added */
    const void *fresh; /* NULL when removed */
};

/* Writes the first `limit` changes and returns how many there are. Sections are paired by kind
 * and name; their order does not count, but for send and receive rules. */
size_t conf_diff(const struct conf *old, const struct conf *fresh, struct conf_change *out,
                 size_t limit);

#endif
