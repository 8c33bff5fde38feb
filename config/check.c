#include "config/reading.h"

#include "base/text.h"
#include "config/checks.h"
#include "config/lines.h"
#include "config/nearest.h"
#include "config/printrow.h"
#include "config/setting.h"

/* What one line of the table says, for one section. */

static void say_missing(const struct conf_reading *reading, const struct conf_section *section,
                        const struct conf_option *row, const char *name)
{
    const struct conf_section_kind *kind = conf_section_kind_find(span_of_text(row->words));
    struct conf_nearest nearest = {.text = span_of_text(name)};
    uint8_t words[512] = {0};
    struct writer w = writer_of(words, sizeof words - 1);

    for (size_t i = 0; i < conf_section_count(reading->conf, kind); i++) {
        const struct conf_section *other = conf_section_at(reading->conf, kind, i);

        conf_nearest_offer(&nearest, span_of_text(other->name));
    }
    write_text(&w, "there is no section [");
    write_text(&w, row->words);
    write_text(&w, " ");
    write_printable(&w, span_of(name, strlen(name) < 64 ? strlen(name) : 64));
    write_text(&w, "]");
    conf_nearest_write(&nearest, &w);
    conf_say_of(reading, section, row->key, false, (char *)words);
}

/* Every name of another section is the name of one. */
static void check_names(const struct conf_reading *reading, const struct conf_section *section,
                        const struct conf_option *row)
{
    const struct conf_section_kind *kind = conf_section_kind_find(span_of_text(row->words));
    struct conf_list list = conf_values_of(section, row);

    for (size_t i = 0; i < list.count; i++) {
        const char *name = NULL;

        memcpy(&name, (const uint8_t *)list.at + i * sizeof name, sizeof name);
        if (name != NULL && conf_section_find(reading->conf, kind, span_of_text(name)) == NULL) {
            say_missing(reading, section, row, name);
        }
    }
}

/* What was read can be written on lines that can be read. */
static void check_print(const struct conf_reading *reading, const struct conf_printed *what)
{
    struct conf_list list = conf_values_of(what->section, what->row);
    size_t size = conf_kind_size(what->row->kind);
    uint8_t room[CONF_LINE_MAX];
    struct writer w = writer_of(room, sizeof room - 64);

    for (size_t i = 0; i < list.count && !w.bad; i++) {
        const void *value = (const uint8_t *)list.at + i * size;

        if (what->row->many != CONF_COMMA) {
            w = writer_of(room, sizeof room - 64);
        }
        if (what->row->many != CONF_ONE || !conf_setting_is_empty(what->row, value)) {
            write_text(&w, ",");
            conf_print_value(what, value, &w);
        }
    }
    if (w.bad) {
        conf_say_of(reading, what->section, what->row->key, false, "is too long for one line");
    }
}

static void check_section(const struct conf_reading *reading, const struct conf_section_kind *kind,
                          struct conf_section *section)
{
    struct conf_printed what = {kind, section, NULL};

    for (what.row = kind->options; what.row->key != NULL; what.row++) {
        if (what.row->kind == CONF_KIND_NAME) {
            check_names(reading, section, what.row);
        }
        if ((section->set & conf_option_bit(kind, what.row)) != 0) {
            check_print(reading, &what);
        }
    }
}

/* Effect */

static bool is_in(const char *effect, const struct conf_printed *what, const void *value)
{
    uint8_t room[CONF_LINE_MAX];
    struct writer w = writer_of(room, sizeof room);
    size_t len = 0;
    unsigned word = 0;

    conf_print_value(what, value, &w);
    while (len < written(&w) && room[len] != ':') {
        len++; /* of a URL its scheme, of file:PATH the `file` */
    }
    return conf_word_find(effect, span_of(room, len), &word);
}

/* True when all that the key says acts in this release. */
static bool has_effect(const struct conf_printed *what)
{
    struct conf_list list = conf_values_of(what->section, what->row);

    if (what->row->effect == NULL || what->row->effect[0] == '\0') {
        return what->row->effect != NULL;
    }
    for (size_t i = 0; i < list.count; i++) {
        const void *value = (const uint8_t *)list.at + i * conf_kind_size(what->row->kind);

        if (!conf_setting_is_empty(what->row, value) && !is_in(what->row->effect, what, value)) {
            return false;
        }
    }
    return true;
}

static void note_effects(const struct conf_reading *reading)
{
    static const char text[] = "accepted, without effect yet";

    for (size_t i = 0; i < reading->conf->set_count; i++) {
        const struct conf_set *set = &reading->conf->sets[i];
        struct conf_printed what = {set->kind, set->section, set->row};
        struct conf_about about = {set->kind, set->section, set->section->file, set->line,
                                   span_of_text(set->row->key)};

        if (!has_effect(&what)) {
            conf_say(reading->report, &about, true, span_of_text(text));
        }
    }
}

void conf_check(const struct conf_reading *reading)
{
    for (size_t i = 0; i < CONF_SECTION_KINDS; i++) {
        const struct conf_section_kind *kind = conf_section_kind(i);

        for (size_t j = 0; j < conf_section_count(reading->conf, kind); j++) {
            check_section(reading, kind, conf_section_at(reading->conf, kind, j));
        }
    }
    conf_check_field(reading);
    conf_check_network(reading);
    if (reading->report->errors == 0) {
        note_effects(reading);
    }
}
