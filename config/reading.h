/* config/reading.h - what the steps of conf_read share: read, settle, check.
 *
 * read.c    lines to values, by the option table
 * settle.c  defaults that depend on other settings; fixed placeholders replaced
 * check.c   what sections say of each other; notes
 */
#ifndef CONFIG_READING_H
#define CONFIG_READING_H

#include "config/arena.h"
#include "config/conf.h"
#include "config/options.h"

/* Where one key stands, in the order of reading. */
struct conf_set {
    const struct conf_section_kind *kind;
    struct conf_section *section; /* the head of its struct */
    const struct conf_option *row;
    uint64_t line;
};

struct conf_reading {
    struct conf *conf;
    struct conf_report *report;
    struct conf_machine machine;
};

/* Adds an item that is about `key` of a section; `wrong` is cut at its room. Notes as well. */
struct conf_about {
    const struct conf_section_kind *kind; /* NULL: before any section */
    const struct conf_section *section;   /* NULL: one that is not taken */
    const char *file;
    uint64_t line;
    struct span key;
};
void conf_say(struct conf_report *report, const struct conf_about *about, bool is_note,
              struct span text);

/* The same about a key that was read (or about its section when it was not). */
void conf_say_of(const struct conf_reading *reading, const struct conf_section *section,
                 const char *key, bool is_note, const char *text);

/* The kind of a section of `conf`. */
const struct conf_section_kind *conf_kind_of(const struct conf *conf,
                                             const struct conf_section *section);

/* True when a file sets `key` in the section. */
bool conf_has(const struct conf_section_kind *kind, const struct conf_section *section,
              const char *key);

/* The field of `row` in a section's struct. */
static inline void *conf_field(const struct conf_section *section, const struct conf_option *row)
{
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): takes a const away, as strchr does */
    return (uint8_t *)(uintptr_t)section + row->offset;
}

/* The values of a field: one, or those of its list. */
struct conf_list conf_values_of(const struct conf_section *section, const struct conf_option *row);

/* True when a text of this section stays a template, as the user wrote it. */
bool conf_is_template(const struct conf_section_kind *kind, const struct conf_section *section,
                      const struct conf_option *row);

/* False for keys that a section's type makes meaningless, such as baud of a UDP listener. */
bool conf_key_means(const struct conf_section_kind *kind, const struct conf_section *section,
                    const char *key);

void conf_settle(const struct conf_reading *reading);
void conf_check(const struct conf_reading *reading);

#endif
