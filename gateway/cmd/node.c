/* sedge node - one node, and what may be done to it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/cmd/show.h"
#include "gateway/cmd/talk.h"

static void print_text(const char *label, const char *text)
{
    char *clean = show_clean(text, SIZE_MAX);

    if (*text != '\0') {
        (void)printf("  %-13s %s\n", label, clean);
    }
    free(clean);
}

static void print_when(const cJSON *node, const char *label, const char *key)
{
    char since[SHOW_SPAN];

    print_text(label, show_since(cmd_number(node, key), since));
}

static void print_session(const cJSON *node)
{
    char size[SHOW_SPAN];

    if (!cmd_flag(node, "session")) {
        print_text("session", "none");
        return;
    }
    (void)printf("  %-13s %s; subscriptions: %" PRIu64 ", topic ids: %" PRIu64 "\n", "session",
                 cmd_flag(node, "clean") ? "ends with the connection" : "kept",
                 cmd_number(node, "subscriptions"), cmd_number(node, "topic_ids"));
    (void)printf("  %-13s %" PRIu64 " of %" PRIu64 " messages, %s; %" PRIu64 " dropped\n", "queue",
                 cmd_number(node, "queued"), cmd_number(node, "queue_most"),
                 show_size(cmd_number(node, "queued_octets"), size), cmd_number(node, "dropped"));
}

static bool print_node(void *arg, const cJSON *node)
{
    char *name = show_clean(cmd_text(node, "name"), SIZE_MAX);
    char state[64];

    (void)arg;
    cmd_node_state(node, state, sizeof state);
    (void)puts(name);
    free(name);
    print_text("state", state);
    print_text("client id", cmd_text(node, "client_id"));
    print_text("listener", cmd_text(node, "listener"));
    print_text("address", cmd_text(node, "address"));
    print_text("wireless id", cmd_text(node, "wireless_id"));
    print_text("configured", cmd_flag(node, "configured") ? "a [node] section names it" : "no");
    print_when(node, "first seen", "first_seen_ms");
    print_when(node, "last seen", "last_seen_ms");
    print_session(node);
    (void)printf("  %-13s %" PRIu64 " messages\n", "sent again", cmd_number(node, "resent"));
    (void)printf("  %-13s %" PRIu64 " against the protocol\n", "errors",
                 cmd_number(node, "errors"));
    return true;
}

static bool print_outcome(void *arg, const cJSON *line)
{
    const char *was = cmd_text(line, "was");
    char *clean = show_clean(was, SIZE_MAX);

    (void)arg;
    (void)printf("%s%s%s\n", cmd_text(line, "outcome"),
                 *was == '\0' ? "" : "; the name was that of client id ", clean);
    free(clean);
    return true;
}

static int misuse(const char *what)
{
    (void)fprintf(stderr, "sedge: usage: sedge node %s\n", what);
    return CMD_MISUSED;
}

static int show(const struct cmd_options *options)
{
    cJSON *request = cmd_request("node");

    (void)cJSON_AddStringToObject(request, "name", options->words[0]);
    return cmd_ask(options, request, print_node, NULL);
}

static int forget(const struct cmd_options *options)
{
    cJSON *request = NULL;

    if (options->word_count != 2) {
        return misuse("forget NAME");
    }
    request = cmd_request("forget");
    (void)cJSON_AddStringToObject(request, "name", options->words[1]);
    return cmd_ask(options, request, print_outcome, NULL);
}

static int accept_node(const struct cmd_options *options)
{
    cJSON *request = NULL;

    if (options->word_count != 3 && options->word_count != 2) {
        return misuse("accept NAME CLIENT-ID, or accept UID --name NAME");
    }
    request = cmd_request("accept");
    if (options->word_count == 2) {
        (void)cJSON_AddStringToObject(request, "uid", options->words[1]);
        (void)cJSON_AddStringToObject(request, "name", options->name == NULL ? "" : options->name);
        return cmd_ask(options, request, print_outcome, NULL);
    }
    (void)cJSON_AddStringToObject(request, "name", options->words[1]);
    (void)cJSON_AddStringToObject(request, "client_id", options->words[2]);
    return cmd_ask(options, request, print_outcome, NULL);
}

static int replace(const struct cmd_options *options)
{
    cJSON *request = NULL;

    if (options->word_count != 2 || options->with == NULL) {
        return misuse("replace OLD --with NEW");
    }
    request = cmd_request("replace");
    (void)cJSON_AddStringToObject(request, "old", options->words[1]);
    (void)cJSON_AddStringToObject(request, "with", options->with);
    return cmd_ask(options, request, print_outcome, NULL);
}

int cmd_node(const struct cmd_options *options)
{
    static const struct {
        const char *name;
        int (*run)(const struct cmd_options *options);
    } deeds[] = {{"forget", forget}, {"accept", accept_node}, {"replace", replace}};

    if (options->words[0] == NULL) {
        return misuse("NAME");
    }
    /* A node may be called as a deed is: one word is its name. */
    for (size_t i = 0; options->word_count > 1 && i < sizeof deeds / sizeof deeds[0]; i++) {
        if (strcmp(options->words[0], deeds[i].name) == 0) {
            return deeds[i].run(options);
        }
    }
    return options->words[1] == NULL ? show(options) : misuse("NAME");
}
