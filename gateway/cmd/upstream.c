/* sedge upstream - how the upstreams are, and what may be done to one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/cmd/show.h"
#include "gateway/cmd/talk.h"

/* --- status ---------------------------------------------------------------------------------- */

static const char *const heads[] = {"NAME", "STATE", "QUEUED", "OCTETS", "DROPPED", "URL"};

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

static bool add_upstream(void *arg, const cJSON *line)
{
    struct show_table *table = arg;
    char queued[SHOW_SPAN];
    char octets[SHOW_SPAN];
    char dropped[96];

    (void)snprintf(queued, sizeof queued, "%" PRIu64, cmd_number(line, "queued"));
    write_dropped(line, dropped, sizeof dropped);
    show_row(table,
             (const char *[]){cmd_text(line, "name"), cmd_text(line, "state"), queued,
                              show_size(cmd_number(line, "queued_octets"), octets), dropped,
                              cmd_text(line, "url")},
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

/* --- which there are ------------------------------------------------------------------------- */

int cmd_upstream(const struct cmd_options *options)
{
    static const struct {
        const char *name;
        int (*run)(const struct cmd_options *options);
        bool needs_name; /* of an upstream, behind it */
    } deeds[] = {
        {"status", status, false},
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
