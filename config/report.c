#include "config/report.h"

#include "base/text.h"
#include "config/arena.h"

static const char *copy_of(struct conf_report *report, const char *text)
{
    return text == NULL ? "" : conf_arena_text(report->arena, span_of_text(text));
}

void conf_report_add(struct conf_report *report, const struct conf_problem *problem)
{
    struct conf_problem copy = *problem;
    struct conf_list list = {report->items, report->count};

    report->errors += !problem->is_note;
    report->notes += problem->is_note;
    if (report->arena == NULL) {
        report->arena = conf_arena_new();
    }
    if (report->arena == NULL || report->count == CONF_REPORT_MAX) {
        return;
    }
    copy.file = copy_of(report, problem->file);
    copy.section = copy_of(report, problem->section);
    copy.key = copy_of(report, problem->key);
    copy.text = copy_of(report, problem->text);
    if (conf_list_push(report->arena, &list, &copy, sizeof copy)) {
        report->items = list.at;
        report->count = list.count;
    }
}

static void print_problem(const struct conf_problem *problem, struct writer *w)
{
    write_text(w, problem->is_note ? "note: " : "");
    write_printable(w, span_of_text(problem->file));
    write_text(w, ":");
    if (problem->line != 0) {
        write_decimal(w, problem->line);
        write_text(w, ":");
    }
    write_text(w, " ");
    if (problem->section[0] != '\0') {
        write_text(w, "[");
        write_printable(w, span_of_text(problem->section));
        write_text(w, "] ");
    }
    if (problem->key[0] != '\0') {
        write_printable(w, span_of_text(problem->key));
        write_text(w, ": ");
    }
    write_printable(w, span_of_text(problem->text));
    write_text(w, "\n");
}

void conf_report_print(const struct conf_report *report, struct writer *w)
{
    for (size_t i = 0; i < report->count; i++) {
        print_problem(&report->items[i], w);
    }
    if (report->errors + report->notes > report->count) {
        write_text(w, "and ");
        write_decimal(w, report->errors + report->notes - report->count);
        write_text(w, " more\n");
    }
}

void conf_report_fini(struct conf_report *report)
{
    conf_arena_free(report->arena);
    *report = (struct conf_report){0};
}
