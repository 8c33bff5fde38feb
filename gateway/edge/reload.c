#include "gateway/edge/reload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/diff.h"
#include "config/load.h"
#include "gateway/edge/release.h"
#include "gateway/edge/run.h"
#include "gateway/hub/apply.h"

#define RESTART "needs a restart"

/* --- lines ----------------------------------------------------------------------------------- */

/* One line, in the answer under `key` and in the log. */
static void tell(struct gw_run *run, cJSON *lines, const char *key, const char *text)
{
    bool good = strcmp(key, "changed") == 0 || strcmp(key, "note") == 0;
    cJSON *line = NULL;

    if ((size_t)cJSON_GetArraySize(lines) >= GW_RELOAD_LINES) {
        return;
    }
    line = cJSON_CreateObject();
    gw_json_span(line, strcmp(key, RESTART) == 0 ? "needs_restart" : key, span_of_text(text));
    (void)cJSON_AddItemToArray(lines, line);
    gw_log(&run->log, good ? CONF_INFO : CONF_ERROR, "sedge", "reload: %s: %s", key, text);
}

static void tell_problem(struct gw_run *run, cJSON *lines, const struct conf_problem *problem)
{
    bool has_section = problem->section[0] != '\0';
    char line[32] = "";
    char text[1024];

    if (problem->line != 0) {
        (void)snprintf(line, sizeof line, "%" PRIu64 ":", problem->line);
    }
    (void)snprintf(text, sizeof text, "%s:%s %s%s%s%s%s%s", problem->file, line,
                   has_section ? "[" : "", problem->section, has_section ? "] " : "", problem->key,
                   problem->key[0] == '\0' ? "" : ": ", problem->text);
    tell(run, lines, problem->is_note ? "note" : "wrong", text);
}

static void tell_change(struct gw_run *run, cJSON *lines, const char *key,
                        const struct conf_change *change)
{
    static const char *const kinds[] = {
        [CONF_ADDED] = " added", [CONF_REMOVED] = " removed", [CONF_CHANGED] = ""};
    bool has_name = change->section->has_name;
    bool has_key = change->option != NULL && strcmp(change->option->key, "*") != 0;
    char text[256];

    (void)snprintf(text, sizeof text, "[%s%s%s]%s%s%s", change->section->name, has_name ? " " : "",
                   change->name, kinds[change->kind], has_key ? " " : "",
                   has_key ? change->option->key : "");
    tell(run, lines, key, text);
}

/* --- what may change ------------------------------------------------------------------------- */

static bool may_come_and_go(const char *section)
{
    static const char *const names[] = {"topics", "node", "group", "acl", "user"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], section) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_live(const struct conf_change *change)
{
    return change->option == NULL ? may_come_and_go(change->section->name)
                                  : change->option->reload != CONF_RESTART;
}

static bool same_names(const struct conf *old, const struct conf *next, const char *name)
{
    const struct conf_section_kind *kind = conf_section_kind_find(span_of_text(name));
    size_t count = conf_section_count(old, kind);

    for (size_t i = 0; i < count && i < conf_section_count(next, kind); i++) {
        const struct conf_section *a = conf_section_at(old, kind, i);
        const struct conf_section *b = conf_section_at(next, kind, i);

        if (strcmp(a->name, b->name) != 0) {
            return false;
        }
    }
    return true;
}

/* Listeners, ports and upstreams are known by their places. False: they moved. */
static bool same_order(const struct conf *old, const struct conf *next)
{
    return same_names(old, next, "listener") && same_names(old, next, "broker") &&
           same_names(old, next, "upstream");
}

static bool is_refused(struct gw_run *run, const struct conf *next, const struct conf_change *all,
                       size_t count, cJSON *lines)
{
    size_t refused = 0;

    for (size_t i = 0; i < count; i++) {
        if (!is_live(&all[i])) {
            tell_change(run, lines, RESTART, &all[i]);
            refused++;
        }
    }
    if (refused == 0 && !same_order(run->conf, next)) {
        tell(run, lines, RESTART, "the order of listeners, brokers or upstreams");
        refused++;
    }
    return refused != 0;
}

/* --- reading, comparing, swapping ------------------------------------------------------------ */

static struct conf *read_next(struct gw_run *run, cJSON *lines, struct gw_fault *fault)
{
    struct conf_report report = {0};
    struct conf *next = conf_load(run->conf_path, &report);

    if (next != NULL) {
        gw_release_check(next, &report, false);
    }
    for (size_t i = 0; i < report.count; i++) {
        tell_problem(run, lines, &report.items[i]);
    }
    if (report.errors != 0) {
        (void)gw_fail(fault, "nothing is changed: the configuration has %zu error%s", report.errors,
                      report.errors == 1 ? "" : "s");
        conf_free(next);
        next = NULL;
    }
    conf_report_fini(&report);
    return next;
}

/* All that points into the configuration points into the next one then. */
static void swap(struct gw_run *run, struct conf *next)
{
    struct conf *old = run->conf;

    gw_log_use(&run->log, &next->log);
    for (size_t i = 0; i < next->listener_count; i++) {
        run->udps[i].conf = &next->listener[i];
        run->serials[i].conf = &next->listener[i];
    }
    gw_tcp_use(&run->tcp, next);
    hub_apply(run->loop.hub, next, gw_loop_now(&run->loop));
    for (size_t i = 0; i < hub_uplink_places(run->loop.hub); i++) {
        if (run->uplinks[i].loop != NULL) {
            gw_uplink_use(&run->uplinks[i], next);
        }
    }
    run->conf = next;
    run->loop.again = true;
    conf_free(old);
}

/* Every difference, the caller's to free; NULL: no memory. */
static struct conf_change *changes_of(const struct conf *old, const struct conf *next,
                                      size_t *count)
{
    struct conf_change *all = NULL;

    *count = conf_diff(old, next, NULL, 0);
    all = calloc(*count + 1, sizeof *all);
    if (all != NULL) {
        (void)conf_diff(old, next, all, *count);
    }
    return all;
}

static bool take_certs(struct gw_run *run, const struct conf *conf, struct gw_fault *fault)
{
    struct gw_fault why = {""};

    return gw_certs_reload(&run->certs, conf, &why) ||
           gw_fail(fault, "nothing is changed: %.450s", why.text);
}

/* Nothing fails any more. The old texts say what changed, so that is told first. */
static void take(struct gw_run *run, struct conf *next, const struct conf_change *all, size_t count,
                 cJSON *lines)
{
    size_t notes = (size_t)cJSON_GetArraySize(lines);
    size_t told = 0;

    for (size_t i = 0; i < count; i++) {
        tell_change(run, lines, "changed", &all[i]);
    }
    told = (size_t)cJSON_GetArraySize(lines) - notes;
    if (count > told) {
        cJSON *line = cJSON_CreateObject();

        gw_json_number(line, "more", count - told);
        (void)cJSON_AddItemToArray(lines, line);
    }
    if (count == 0) {
        conf_free(next);
    } else {
        swap(run, next);
    }
    gw_log(&run->log, CONF_NOTICE, "sedge", "reloaded: %zu change%s%s", count,
           count == 1 ? "" : "s",
           gw_certs_count(&run->certs) == 0 ? "" : "; certificates are read anew");
}

/* True: `next` is the run's, or gone; else it is the caller's still. */
static bool change_to(struct gw_run *run, struct conf *next, cJSON *lines, struct gw_fault *fault)
{
    size_t count = 0;
    struct conf_change *all = changes_of(run->conf, next, &count);
    bool good = false;

    if (all == NULL) {
        (void)gw_fail(fault, "nothing is changed: no memory");
    } else if (is_refused(run, next, all, count, lines)) {
        (void)gw_fail(fault, "nothing is changed: some of it needs a restart");
    } else if (take_certs(run, count == 0 ? run->conf : next, fault)) {
        take(run, next, all, count, lines);
        good = true;
    }
    free(all);
    return good;
}

bool gw_reload(struct gw_run *run, cJSON *lines, struct gw_fault *fault)
{
    struct conf *next = NULL;

    if (run->stopping) {
        return gw_fail(fault, "nothing is changed: the gateway is stopping");
    }
    next = read_next(run, lines, fault);
    if (next == NULL || !change_to(run, next, lines, fault)) {
        conf_free(next);
        gw_log(&run->log, CONF_ERROR, "sedge", "reload: %s", fault->text);
        return false;
    }
    return true;
}

/* --- the answer ------------------------------------------------------------------------------ */

enum { RELOAD_ASKED, RELOAD_GOOD, RELOAD_FAILED };

static void begin(struct gw_asker *asker)
{
    struct gw_fault fault = {""};

    asker->lines = cJSON_CreateArray();
    asker->at.step = RELOAD_GOOD;
    if (!gw_reload(asker->control->run, asker->lines, &fault)) {
        cJSON *line = cJSON_CreateObject();

        gw_json_span(line, "error", span_of_text(fault.text));
        (void)cJSON_AddItemToArray(asker->lines, line);
        asker->at.step = RELOAD_FAILED;
    }
}

enum gw_answered gw_reload_step(struct gw_asker *asker)
{
    if (asker->at.step == RELOAD_ASKED) {
        begin(asker);
    }
    if (cJSON_GetArraySize(asker->lines) != 0) {
        (void)gw_asker_say(asker, cJSON_DetachItemFromArray(asker->lines, 0));
        return GW_ANSWER_MORE;
    }
    return asker->at.step == RELOAD_GOOD ? GW_ANSWER_OVER : GW_ANSWER_FAILED;
}
