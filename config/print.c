#include "config/print.h"

#include "base/text.h"
#include "config/lines.h"
#include "config/printrow.h"
#include "config/reading.h"
#include "config/setting.h"
#include "config/topickey.h"

static void print_key(const struct conf_option *row, const void *value, struct writer *w)
{
    if (row->kind == CONF_KIND_ENTRY && row->key[0] == '*') {
        conf_topic_key_write(((const struct conf_topic_entry *)value)->key, w);
    } else if (row->kind == CONF_KIND_AREA) {
        write_text(w, "level.");
        write_text(w, ((const struct conf_log_area *)value)->area);
    } else {
        write_text(w, row->key);
    }
    write_text(w, " = ");
}

void conf_print_value(const struct conf_printed *what, const void *value, struct writer *w)
{
    bool escape = !conf_is_template(what->kind, what->section, what->row) &&
                  what->row->kind != CONF_KIND_NAME && what->row->kind != CONF_KIND_HEX;

    conf_setting_print(what->row, escape, value, w);
}

static void print_list(const struct conf_printed *what, struct conf_list list, struct writer *w)
{
    size_t size = conf_kind_size(what->row->kind);

    for (size_t i = 0; i < list.count; i++) {
        const uint8_t *value = (const uint8_t *)list.at + i * size;

        if (what->row->many != CONF_COMMA || i == 0) {
            print_key(what->row, value, w);
        } else {
            write_text(w, ",");
        }
        conf_print_value(what, value, w);
        write_text(w, what->row->many == CONF_COMMA && i + 1 < list.count ? "" : "\n");
    }
}

void conf_print_row(const struct conf_printed *what, struct writer *w)
{
    struct conf_list list = conf_values_of(what->section, what->row);

    if (what->row->many != CONF_ONE || !conf_setting_is_empty(what->row, list.at)) {
        print_list(what, list, w);
    }
}

/* Defaults of [node] and [group] are what others say, so only what is set is theirs. */
static bool inherits(const struct conf_section_kind *kind)
{
    return strcmp(kind->name, "node") == 0 || strcmp(kind->name, "group") == 0;
}

static void print_section(const struct conf_printed *section, enum conf_print_what what,
                          struct writer *w)
{
    struct conf_printed row = *section;
    bool has_defaults = what == CONF_PRINT_ALL && !inherits(row.kind);

    write_text(w, w->at == w->start ? "[" : "\n[");
    write_text(w, row.kind->name);
    write_text(w, row.kind->has_name ? " " : "");
    write_text(w, row.section->name);
    write_text(w, "]\n");
    for (row.row = row.kind->options; row.row->key != NULL; row.row++) {
        bool is_set = (row.section->set & conf_option_bit(row.kind, row.row)) != 0;

        if (is_set || (has_defaults && conf_key_means(row.kind, row.section, row.row->key))) {
            conf_print_row(&row, w);
        }
    }
}

static void print_kind(const struct conf *conf, const struct conf_section_kind *kind,
                       enum conf_print_what what, struct writer *w)
{
    for (size_t i = 0; i < conf_section_count(conf, kind); i++) {
        struct conf_printed section = {kind, conf_section_at(conf, kind, i), NULL};

        if (what == CONF_PRINT_ALL || section.section->line != 0) {
            print_section(&section, what, w);
        }
    }
}

void conf_print(const struct conf *conf, enum conf_print_what what, struct writer *w)
{
    for (size_t i = 0; i < CONF_SECTION_KINDS; i++) {
        print_kind(conf, conf_section_kind(i), what, w);
    }
}
