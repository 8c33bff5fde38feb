/* sedge topics - by which keys nodes name which topics. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gateway/cmd/show.h"
#include "gateway/cmd/talk.h"

struct topics {
    struct show_table known;
    struct show_table unknown;
};

static void add_unknown(struct topics *topics, const cJSON *line)
{
    const char *node = cmd_text(line, "node");
    char id[SHOW_SPAN];
    char times[SHOW_SPAN];
    char since[SHOW_SPAN];

    (void)snprintf(id, sizeof id, "%" PRIu64, cmd_number(line, "id"));
    (void)snprintf(times, sizeof times, "%" PRIu64 " x", cmd_number(line, "count"));
    show_row(&topics->unknown,
             (const char *[]){*node == '\0' ? "(no session)" : node, id, cmd_text(line, "listener"),
                              times, show_since(cmd_number(line, "last_ms"), since)},
             5);
}

static void add_known(struct topics *topics, const cJSON *line)
{
    const char *kind = cmd_text(line, "kind");
    const char *topic = cmd_text(line, "topic");
    const char *template = cmd_text(line, "template");
    char key[SHOW_SPAN];

    if (strcmp(kind, "short") == 0) {
        (void)snprintf(key, sizeof key, "%.20s", cmd_text(line, "key"));
    } else {
        (void)snprintf(key, sizeof key, "%" PRIu64, cmd_number(line, "id"));
    }
    show_row(&topics->known,
             (const char *[]){cmd_text(line, "node"), key,
                              strcmp(kind, "normal") == 0 ? "registered" : kind,
                              *topic == '\0' ? "(it lacks a value of the template)" : topic,
                              strcmp(topic, template) == 0 ? "" : template},
             5);
}

static bool add_line(void *arg, const cJSON *line)
{
    bool unknown = strcmp(cmd_text(line, "kind"), "unknown") == 0;

    (unknown ? add_unknown : add_known)(arg, line);
    return true;
}

static void print(struct topics *topics)
{
    if (topics->known.rows > 1) {
        show_print(&topics->known, 1);
    } else {
        (void)puts("no topic has a key here, and none is registered");
    }
    if (topics->unknown.rows != 0) {
        (void)puts("\nKeys that were used and mean no topic:\n");
        show_print(&topics->unknown, 0);
    }
}

int cmd_topics(const struct cmd_options *options)
{
    struct topics topics = {{NULL, 0, 0}, {NULL, 0, 0}};
    cJSON *request = cmd_request("topics");
    int code = CMD_GOOD;

    if (options->words[0] != NULL) {
        (void)cJSON_AddStringToObject(request, "node", options->words[0]);
    }
    show_row(&topics.known, (const char *[]){"NODE", "KEY", "KIND", "TOPIC", "TEMPLATE"}, 5);
    code = cmd_ask(options, request, add_line, &topics);
    if (code == CMD_GOOD && !options->json) {
        print(&topics);
    }
    show_free(&topics.known);
    show_free(&topics.unknown);
    return code;
}
