#include "config/readsteps.h"

#include "base/text.h"
#include "base/utf8.h"
#include "config/checks.h"
#include "config/nearest.h"
#include "config/setting.h"

#define NAME_OCTETS 64u

void conf_step_say(const struct conf_step *step, struct span key, struct span text)
{
    struct conf_about about = {step->kind, step->section, step->file, step->line, key};

    conf_say(step->reading->report, &about, false, text);
}

static const char *name_problem(const struct conf_section_kind *kind, struct span name)
{
    if (!kind->has_name) {
        return name.len == 0 ? NULL : "takes no name";
    }
    if (name.len == 0) {
        return "needs a name";
    }
    if (name.len > NAME_OCTETS || !utf8_is_text(name)) {
        return "has a name longer than 64 octets";
    }
    return kind->is_level ? conf_level_problem(name) : NULL;
}

static void say_unknown_section(struct conf_step *step, struct span name)
{
    uint8_t words[512];
    struct writer w = writer_of(words, sizeof words);
    struct conf_nearest nearest = {.text = name};

    for (size_t i = 0; i < CONF_SECTION_KINDS; i++) {
        conf_nearest_offer(&nearest, span_of_text(conf_section_kind(i)->name));
    }
    write_text(&w, "there is no section [");
    write_span(&w, span_of(name.at, name.len < NAME_OCTETS ? name.len : NAME_OCTETS));
    write_text(&w, "]");
    conf_nearest_write(&nearest, &w);
    conf_step_say(step, (struct span){NULL, 0}, span_of(words, written(&w)));
}

static void say_twice(struct conf_step *step, const struct conf_section *first)
{
    uint8_t words[512];
    struct writer w = writer_of(words, sizeof words);

    step->section = NULL;
    write_text(&w, "section ");
    write_text(&w, first->name[0] == '\0' ? step->kind->name : first->name);
    write_text(&w, " stands a second time; the first is at ");
    write_text(&w, first->file);
    write_text(&w, ":");
    write_decimal(&w, first->line);
    conf_step_say(step, (struct span){NULL, 0}, span_of(words, written(&w)));
}

void conf_section_init(const struct conf_reading *reading, const struct conf_section_kind *kind,
                       struct conf_section *section)
{
    for (const struct conf_option *row = kind->options; row->key != NULL; row++) {
        struct writer nothing = writer_of(NULL, 0);
        struct conf_given given = {row, span_of_text(row->key), {NULL, 0}, 0};

        if (row->initial != NULL) {
            given.text = span_of_text(row->initial);
            (void)conf_setting_read(&given, reading->conf->arena, conf_field(section, row),
                                    &nothing);
        }
    }
}

/* The next unused struct of a kind with names; all were made after counting. */
static struct conf_section *add_section(struct conf_step *step, struct span name)
{
    struct conf_reading *reading = step->reading;
    struct conf_list list;
    uint8_t *where = (uint8_t *)reading->conf + step->kind->offset;
    struct conf_section *section = NULL;

    memcpy(&list, where, sizeof list);
    section = (void *)((uint8_t *)list.at + list.count * step->kind->size);
    list.count++;
    memcpy(where, &list, sizeof list);
    section->name = conf_arena_text(reading->conf->arena, name);
    conf_section_init(reading, step->kind, section);
    return section;
}

void conf_step_section(struct conf_step *step, const struct conf_line *line)
{
    const char *problem = NULL;

    step->section = NULL;
    step->kind = conf_section_kind_find(line->first);
    if (step->kind == NULL) {
        say_unknown_section(step, line->first);
        return;
    }
    problem = name_problem(step->kind, line->second);
    if (problem != NULL) {
        conf_step_say(step, (struct span){NULL, 0}, span_of_text(problem));
        return;
    }
    step->section = conf_section_find(step->reading->conf, step->kind, line->second);
    if (step->section != NULL && step->section->line != 0) {
        say_twice(step, step->section);
        return;
    }
    if (step->section == NULL) {
        step->section = add_section(step, line->second);
    }
    step->section->file = step->file;
    step->section->line = line->number;
    memset(step->keys, 0, sizeof step->keys);
}
