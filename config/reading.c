#include "config/reading.h"

#include "base/text.h"

#define WORDS_MAX 1024u /* octets of one message; the rest is cut */

void conf_say(struct conf_report *report, const struct conf_about *about, bool is_note,
              struct span text)
{
    uint8_t section[128] = {0};
    uint8_t key[128] = {0};
    uint8_t words[WORDS_MAX] = {0};
    struct writer w = writer_of(section, sizeof section - 1);

    if (about->kind != NULL) {
        write_text(&w, about->kind->name);
    }
    if (about->section != NULL && about->section->name[0] != '\0') {
        write_text(&w, " ");
        write_text(&w, about->section->name);
    }
    memcpy(key, about->key.len == 0 ? (const uint8_t *)"" : about->key.at,
           about->key.len < sizeof key ? about->key.len : sizeof key - 1);
    memcpy(words, text.len == 0 ? (const uint8_t *)"" : text.at,
           text.len < sizeof words ? text.len : sizeof words - 1);
    conf_report_add(report, &(struct conf_problem){about->file, about->line, (char *)section,
                                                   (char *)key, (char *)words, is_note});
}

uint64_t conf_line_of(const struct conf *conf, const struct conf_section *section, const char *key)
{
    for (size_t i = conf->set_count; i > 0; i--) {
        const struct conf_set *set = &conf->sets[i - 1];

        if (set->section == section && strcmp(set->row->key, key) == 0) {
            return set->line;
        }
    }
    return section->line;
}

void conf_say_of(const struct conf_reading *reading, const struct conf_section *section,
                 const char *key, bool is_note, const char *text)
{
    struct conf_about about = {conf_kind_of(reading->conf, section), section, section->file,
                               conf_line_of(reading->conf, section, key), span_of_text(key)};

    conf_say(reading->report, &about, is_note, span_of_text(text));
}

const struct conf_section_kind *conf_kind_of(const struct conf *conf,
                                             const struct conf_section *section)
{
    const uint8_t *at = (const uint8_t *)section;

    for (size_t i = 0; i < CONF_SECTION_KINDS; i++) {
        const struct conf_section_kind *kind = conf_section_kind(i);
        size_t count = conf_section_count(conf, kind);
        const uint8_t *first = count == 0 ? NULL : conf_section_at(conf, kind, 0);

        if (first != NULL && at >= first && at < first + count * kind->size) {
            return kind;
        }
    }
    return NULL;
}

bool conf_has(const struct conf_section_kind *kind, const struct conf_section *section,
              const char *key)
{
    const struct conf_option *row = conf_option_find(kind, span_of_text(key));

    return row != NULL && (section->set & conf_option_bit(kind, row)) != 0;
}

struct conf_list conf_values_of(const struct conf_section *section, const struct conf_option *row)
{
    struct conf_list list = {conf_field(section, row), 1};

    if (row->many != CONF_ONE) {
        memcpy(&list, list.at, sizeof list);
    }
    return list;
}

bool conf_is_template(const struct conf_section_kind *kind, const struct conf_section *section,
                      const struct conf_option *row)
{
    unsigned at_use = CONF_NODE_VALUES | CONF_BIT(CONF_ADDRESS) | CONF_BIT(CONF_USER);

    if ((row->holds & at_use) == 0) {
        return false;
    }
    if (strcmp(kind->name, "upstream") == 0) {
        return ((const struct conf_upstream *)(const void *)section)->mode == CONF_TRANSPARENT;
    }
    return true;
}
