#include "config/conf.h"

#include "config/readsteps.h"

static const char built_in[] = "[gateway]\nname = sedge\n"
                               "[listener udp]\ntype = udp\nbind = 0.0.0.0:1884\n"
                               "[broker local]\nbind = 127.0.0.1:1883\n";

static void read_source(struct conf_step *step, const struct conf_source *source)
{
    struct conf_lines lines;
    struct conf_line line;
    bool is_inside = false;

    step->kind = NULL;
    step->section = NULL;
    step->file = conf_arena_text(step->reading->conf->arena, span_of_text(source->name));
    conf_lines_init(&lines, source->text);
    while (conf_lines_next(&lines, &line)) {
        step->line = line.number;
        if (line.kind == CONF_LINE_WRONG) {
            conf_step_say(step, (struct span){NULL, 0}, span_of_text(line.wrong));
        } else if (line.kind == CONF_LINE_SECTION) {
            is_inside = true;
            conf_step_section(step, &line);
        } else if (is_inside) {
            conf_step_pair(step, &line);
        } else {
            conf_step_say(step, line.first, span_of_text("stands before the first section"));
        }
    }
}

/* Adds to `found` how often each kind of section begins in the text. */
static void count_sections(struct span text, size_t found[CONF_SECTION_KINDS])
{
    struct conf_lines lines;
    struct conf_line line;

    conf_lines_init(&lines, text);
    while (conf_lines_next(&lines, &line)) {
        const struct conf_section_kind *kind =
            line.kind == CONF_LINE_SECTION ? conf_section_kind_find(line.first) : NULL;

        if (kind != NULL) {
            found[kind - conf_section_kind(0)]++;
        }
    }
}

/* Room for every section of all sources, so that none of them ever moves. */
static bool make_room(struct conf *conf, const struct conf_source *sources, size_t count)
{
    size_t found[CONF_SECTION_KINDS] = {0};

    for (size_t i = 0; i < count; i++) {
        count_sections(sources[i].text, found);
    }
    for (size_t i = 0; i < CONF_SECTION_KINDS; i++) {
        const struct conf_section_kind *kind = conf_section_kind(i);
        struct conf_list list = {NULL, 0};

        if (kind->has_name && found[i] != 0) {
            list.at = conf_arena_take(conf->arena, found[i] * kind->size);
            memcpy((uint8_t *)conf + kind->offset, &list, sizeof list);
        }
    }
    return !conf->arena->is_short;
}

static struct conf *new_conf(const struct conf_source *sources, size_t count)
{
    struct conf_arena *arena = conf_arena_new();
    struct conf *conf = arena == NULL ? NULL : conf_arena_take(arena, sizeof *conf);

    if (conf == NULL) {
        conf_arena_free(arena);
        return NULL;
    }
    conf->arena = arena;
    if (!make_room(conf, sources, count)) {
        conf_free(conf);
        return NULL;
    }
    return conf;
}

/* Sections without a name are always there. */
static void init_singles(struct conf_reading *reading, const char *file)
{
    for (size_t i = 0; i < CONF_SECTION_KINDS; i++) {
        const struct conf_section_kind *kind = conf_section_kind(i);

        if (!kind->has_name) {
            struct conf_section *section = conf_section_at(reading->conf, kind, 0);

            section->name = "";
            section->file = conf_arena_text(reading->conf->arena, span_of_text(file));
            conf_section_init(reading, kind, section);
        }
    }
}

static size_t rank_of(const struct conf_problem *problem, const struct conf_source *sources,
                      size_t count)
{
    size_t i = 0;

    while (i < count && strcmp(problem->file, sources[i].name) != 0) {
        i++;
    }
    return i;
}

/* True when `a` belongs behind `b`, which was found later. */
static bool is_behind(const struct conf_problem *a, const struct conf_problem *b,
                      const struct conf_source *sources, size_t count)
{
    size_t left = rank_of(a, sources, count);
    size_t right = rank_of(b, sources, count);

    return left > right || (left == right && a->line > b->line);
}

/* File order: checks come after reading, but their items belong to earlier lines. */
static void sort_report(struct conf_report *report, const struct conf_source *sources, size_t count)
{
    for (size_t i = 1; i < report->count; i++) {
        struct conf_problem item = report->items[i];
        size_t j = i;

        for (; j > 0 && is_behind(&report->items[j - 1], &item, sources, count); j--) {
            report->items[j] = report->items[j - 1];
        }
        report->items[j] = item;
    }
}

static void read_all(struct conf_reading *reading, const struct conf_source *sources, size_t count)
{
    struct conf_step step = {.reading = reading};

    init_singles(reading, sources[0].name);
    for (size_t i = 0; i < count; i++) {
        read_source(&step, &sources[i]);
    }
    conf_settle(reading);
    conf_check(reading);
}

struct conf *conf_read(const struct conf_source *sources, size_t count,
                       const struct conf_machine *machine, struct conf_report *report)
{
    struct conf_source fallback = {"built in", span_of_text(built_in)};
    struct conf_reading reading = {.report = report};

    sources = count == 0 ? &fallback : sources;
    count = count == 0 ? 1 : count;
    if (machine != NULL) {
        reading.machine = *machine;
    }
    reading.conf = new_conf(sources, count);
    if (reading.conf != NULL) {
        read_all(&reading, sources, count);
    }
    if (reading.conf == NULL || reading.conf->arena->is_short) {
        conf_report_add(report, &(struct conf_problem){sources[0].name, 0, "", "",
                                                       "there is not enough memory", false});
    }
    sort_report(report, sources, count);
    if (report->errors != 0) {
        conf_free(reading.conf);
        return NULL;
    }
    return reading.conf;
}

void conf_free(struct conf *conf)
{
    if (conf != NULL) {
        conf_arena_free(conf->arena);
    }
}
