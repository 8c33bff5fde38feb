/* config/setting.h - one value of one option: from the user's text to its C form, and back.
 */
#ifndef CONFIG_SETTING_H
#define CONFIG_SETTING_H

#include "config/arena.h"
#include "config/options.h"

struct conf_given {
    const struct conf_option *row;
    struct span key;  /* as written; tells what "*" and "level.*" stand for */
    struct span text; /* the value without quotes; of rules and entries with them */
    uint64_t line;
};

/* Reads into `out`, which has conf_kind_size(row->kind) octets. False: `wrong` says why. */
bool conf_setting_read(const struct conf_given *given, struct conf_arena *arena, void *out,
                       struct writer *wrong);

/* True for kinds whose quotes belong to the value's own grammar. */
bool conf_kind_is_raw(enum conf_kind kind);

/* True for kinds held as const char *. */
bool conf_kind_is_text(enum conf_kind kind);

/* True when the value stands for "not set" and has no text. */
bool conf_setting_is_empty(const struct conf_option *row, const void *value);

/* Writes a value so that it reads back; for "*" the template alone, for "level.*" the level.
 * `escape` doubles percent signs: the value is no template any more. */
void conf_setting_print(const struct conf_option *row, bool escape, const void *value,
                        struct writer *w);

/* Writes a number in the unit of its kind. */
void conf_number_print(enum conf_kind kind, uint64_t value, struct writer *w);

#endif
