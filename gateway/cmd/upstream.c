/* sedge upstream - how the upstreams are, and what may be done to one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/cmd/show.h"
#include "gateway/cmd/talk.h"

/* --- status ---------------------------------------------------------------------------------- */

static const char *const heads[] = {"NAME",   "STATE", "SINCE",   "QUEUED",
                                    "OLDEST", "SENT",  "DROPPED", "URL"};

#define COLUMNS (sizeof heads / sizeof heads[0])

/* "12 full, 3 old"; "0" where there are none. */
static void write_dropped(const cJSON *line, char *room, size_t size)
{
    static const char *const reasons[] = {"full", "old", "unfit"};
    const cJSON *dropped = cJSON_GetObjectItemCaseSensitive(line, "dropped");
    size_t at = 0;

    (void)snprintf(room, size, "0");
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        uint64_t count = cmd_number(dropped, reasons[i]);

        if (count != 0 && at < size) {
            at += (size_t)snprintf(room + at, size - at, "%s%" PRIu64 " %s", at == 0 ? "" : ", ",
                                   count, reasons[i]);
        }
    }
}

/* Of one that is a mould. */
static void write_nodes(const cJSON *line, char *room, size_t size)
{
    room[0] = '\0';
    if (cJSON_HasObjectItem(line, "nodes")) {
        (void)snprintf(room, size, " - %" PRIu64 " of %" PRIu64 " nodes connected",
                       cmd_number(line, "connections"), cmd_number(line, "nodes"));
    }
}

/* Its url, and why it is not connected. */
static void write_cause(const cJSON *line, char *room, size_t size)
{
    bool is_lost = strcmp(cmd_text(line, "state"), "offline") == 0;
    const char *cause = cmd_text(line, "cause");

    char nodes[96];

    write_nodes(line, nodes, sizeof nodes);
    (void)snprintf(room, size, "%s%s%s%s", cmd_text(line, "url"), nodes,
                   is_lost && *cause != '\0' ? " - " : "", is_lost ? cause : "");
}

static bool add_upstream(void *arg, const cJSON *line)
{
    struct show_table *table = arg;
    uint64_t oldest_ms = cmd_number(line, "oldest_ms");
    char since[SHOW_SPAN];
    char queued[2 * SHOW_SPAN];
    char octets[SHOW_SPAN];
    char oldest[SHOW_SPAN];
    char sent[SHOW_SPAN];
    char dropped[96];
    char url[640];

    (void)snprintf(queued, sizeof queued, "%" PRIu64 " (%s)", cmd_number(line, "queued"),
                   show_size(cmd_number(line, "queued_octets"), octets));
    (void)snprintf(sent, sizeof sent, "%" PRIu64, cmd_number(line, "sent"));
    write_dropped(line, dropped, sizeof dropped);
    write_cause(line, url, sizeof url);
    show_row(table,
             (const char *[]){cmd_text(line, "name"), cmd_text(line, "state"),
                              show_since(cmd_number(line, "since_ms"), since), queued,
                              oldest_ms == 0 ? "-" : show_since(oldest_ms, oldest), sent, dropped,
                              url},
             COLUMNS);
    return true;
}

/* Asks for one upstream where it is named, else for all. */
static cJSON *request_of(const struct cmd_options *options, const char *all, const char *one)
{
    cJSON *request = cmd_request(options->words[1] == NULL ? all : one);

    if (options->words[1] != NULL) {
        (void)cJSON_AddStringToObject(request, "name", options->words[1]);
    }
    return request;
}

static int status(const struct cmd_options *options)
{
    struct show_table table = {NULL, 0, 0};
    int code = CMD_GOOD;

    show_row(&table, heads, COLUMNS);
    code = cmd_ask(options, request_of(options, "upstreams", "upstream"), add_upstream, &table);
    if (code == CMD_GOOD && !options->json) {
        if (table.rows > 1) {
            show_print(&table, 1);
        } else {
            (void)puts("no [upstream] in its configuration");
        }
    }
    show_free(&table);
    return code;
}

/* --- deeds ----------------------------------------------------------------------------------- */

/* One request about the upstream that is named. */
static int ask(const struct cmd_options *options, const char *what, cmd_line *line, void *arg)
{
    cJSON *request = cmd_request(what);

    (void)cJSON_AddStringToObject(request, "name", options->words[1]);
    return cmd_ask(options, request, line, arg);
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static bool say_paused(void *arg, const cJSON *line)
{
    uint64_t queued = cmd_number(line, "queued");

    (void)arg;
    (void)printf("%s is paused, %" PRIu64 " message%s wait%s; what comes waits too, until\n"
                 "sedge upstream resume %s, or until the gateway is started again\n",
                 cmd_text(line, "name"), queued, plural(queued), queued == 1 ? "s" : "",
                 cmd_text(line, "name"));
    return true;
}

static bool say_resumed(void *arg, const cJSON *line)
{
    (void)arg;
    (void)printf("%s goes on: %s\n", cmd_text(line, "name"), cmd_text(line, "state"));
    return true;
}

static int pause_upstream(const struct cmd_options *options)
{
    return ask(options, "pause", say_paused, NULL);
}

static int resume(const struct cmd_options *options)
{
    return ask(options, "resume", say_resumed, NULL);
}

static bool say_resent(void *arg, const cJSON *line)
{
    uint64_t count = cmd_number(line, "count");

    (void)arg;
    (void)printf("%" PRIu64 " retained message%s queued for %s\n", count, plural(count),
                 cmd_text(line, "name"));
    return true;
}

static int resend(const struct cmd_options *options)
{
    return ask(options, "resend", say_resent, NULL);
}

static bool say_purged(void *arg, const cJSON *line)
{
    uint64_t count = cmd_number(line, "count");

    (void)arg;
    (void)printf("%" PRIu64 " message%s dropped\n", count, plural(count));
    return true;
}

static bool say_would_purge(void *arg, const cJSON *line)
{
    uint64_t queued = cmd_number(line, "queued");
    char octets[SHOW_SPAN];

    (void)arg;
    (void)printf("%" PRIu64 " message%s, %s, wait%s for %s; --yes drops %s\n", queued,
                 plural(queued), show_size(cmd_number(line, "queued_octets"), octets),
                 queued == 1 ? "s" : "", cmd_text(line, "name"), queued == 1 ? "it" : "them");
    return true;
}

static int purge(const struct cmd_options *options)
{
    int code = CMD_GOOD;

    if (options->yes) {
        return ask(options, "purge", say_purged, NULL);
    }
    code = ask(options, "upstream", say_would_purge, NULL);
    return code == CMD_GOOD ? CMD_MISUSED : code;
}

/* --- drain ----------------------------------------------------------------------------------- */

#define LOOK_MS 200

/* What was seen last. */
struct draining {
    uint64_t queued; /* UINT64_MAX: nothing yet */
    bool never;      /* it cannot become empty */
};

static bool look(void *arg, const cJSON *line)
{
    struct draining *draining = arg;
    uint64_t queued = cmd_number(line, "queued");
    const char *state = cmd_text(line, "state");

    draining->never = queued != 0 && strcmp(state, "paused") == 0;
    if (draining->never) {
        (void)fprintf(stderr, "sedge: %s is paused: sedge upstream resume %s\n",
                      cmd_text(line, "name"), cmd_text(line, "name"));
    } else if (queued != draining->queued) {
        (void)printf("%" PRIu64 " message%s, %s\n", queued, plural(queued), state);
    }
    draining->queued = queued;
    return true;
}

/* Asks again and again, for the gateway does not wait for who waits for it. */
static int drain(const struct cmd_options *options)
{
    static const struct timespec pause = {0, LOOK_MS * 1000000L};
    struct cmd_options quiet = *options;
    struct draining draining = {.queued = UINT64_MAX};
    int code = CMD_GOOD;

    quiet.json = false;
    while (code == CMD_GOOD && !draining.never && draining.queued != 0) {
        if (draining.queued != UINT64_MAX) {
            (void)nanosleep(&pause, NULL);
        }
        code = ask(&quiet, "upstream", look, &draining);
    }
    return draining.never ? CMD_FAULT : code;
}

/* --- which there are ------------------------------------------------------------------------- */

int cmd_upstream(const struct cmd_options *options)
{
    static const struct {
        const char *name;
        int (*run)(const struct cmd_options *options);
        bool needs_name; /* of an upstream, behind it */
    } deeds[] = {
        {"status", status, false},
        {"pause", pause_upstream, true},
        {"resume", resume, true},
        {"drain", drain, true},
        {"purge", purge, true},
        {"resend", resend, true},
        {"test", cmd_upstream_test, true},
    };
    const char *word = options->words[0] == NULL ? "status" : options->words[0];

    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        if (strcmp(word, deeds[i].name) != 0) {
            continue;
        }
        if (deeds[i].needs_name && options->words[1] == NULL) {
            (void)fprintf(stderr, "sedge: usage: sedge upstream %s NAME\n", word);
            return CMD_MISUSED;
        }
        return deeds[i].run(options);
    }
    (void)fprintf(stderr, "sedge: there is no sedge upstream %s; it is one of", word);
    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        (void)fprintf(stderr, "%s %s", i == 0 ? "" : ",", deeds[i].name);
    }
    (void)fputc('\n', stderr);
    return CMD_MISUSED;
}
