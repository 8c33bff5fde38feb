/* sedge nodes - a table of all nodes. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gateway/cmd/show.h"
#include "gateway/cmd/talk.h"

#define STATES 5

static const char *const states[STATES] = {"active", "asleep", "lost", "disconnected", "never"};

struct nodes {
    struct show_table table;
    uint64_t count[STATES];
};

void cmd_node_state(const cJSON *node, char *room, size_t size)
{
    uint64_t until_ms = cmd_number(node, "asleep_until_ms");
    uint64_t now_ms = show_now();
    const char *state = cmd_text(node, "state");
    char span[SHOW_SPAN];

    if (strcmp(state, "asleep") == 0 && until_ms > now_ms) {
        (void)snprintf(room, size, "asleep, due in %s", show_span(until_ms - now_ms, span));
    } else if (strcmp(state, "asleep") == 0 && until_ms != 0) {
        (void)snprintf(room, size, "asleep, overdue");
    } else if (strcmp(state, "never") == 0) {
        (void)snprintf(room, size, "never seen");
    } else {
        (void)snprintf(room, size, "%s", state);
    }
}

static bool add_node(void *arg, const cJSON *node)
{
    struct nodes *nodes = arg;
    uint64_t seen_ms = cmd_number(node, "last_seen_ms");
    const char *address = cmd_text(node, "address");
    char state[64];
    char since[SHOW_SPAN];
    char queue[SHOW_SPAN];
    char where[256];

    cmd_node_state(node, state, sizeof state);
    (void)snprintf(queue, sizeof queue, "%" PRIu64, cmd_number(node, "queued"));
    (void)snprintf(where, sizeof where, "%.100s%s%.120s", cmd_text(node, "listener"),
                   *address == '\0' ? "" : " ", address);
    show_row(&nodes->table,
             (const char *[]){cmd_text(node, "name"), state,
                              seen_ms == 0 ? "" : show_since(seen_ms, since), queue, where},
             5);
    for (size_t i = 0; i < STATES; i++) {
        nodes->count[i] += strcmp(cmd_text(node, "state"), states[i]) == 0 ? 1 : 0;
    }
    return true;
}

static void print_counts(const struct nodes *nodes)
{
    uint64_t all = 0;
    const char *comma = ":";

    for (size_t i = 0; i < STATES; i++) {
        all += nodes->count[i];
    }
    (void)printf("%" PRIu64 " node%s", all, all == 1 ? "" : "s");
    for (size_t i = 0; i < STATES; i++) {
        if (nodes->count[i] != 0) {
            (void)printf("%s %" PRIu64 " %s%s", comma, nodes->count[i], states[i],
                         i + 1 == STATES ? " seen" : "");
            comma = ",";
        }
    }
    (void)putchar('\n');
}

static bool add_waiting(void *arg, const cJSON *line)
{
    show_row(arg, (const char *[]){cmd_text(line, "uid"), cmd_text(line, "listener")}, 2);
    return true;
}

/* Devices on a bus that ask for an address and may not have one. */
static int show_waiting(const struct cmd_options *options)
{
    struct show_table table = {NULL, 0, 0};
    int code = CMD_GOOD;

    show_row(&table, (const char *[]){"UID", "LISTENER"}, 2);
    code = cmd_ask(options, cmd_request("waiting"), add_waiting, &table);
    if (code == CMD_GOOD && !options->json) {
        if (table.rows > 1) {
            show_print(&table, 1);
            (void)puts("Let one in: sedge node accept UID --name NAME; all: sedge enrol 2m");
        } else {
            (void)puts("no device waits");
        }
    }
    show_free(&table);
    return code;
}

int cmd_nodes(const struct cmd_options *options)
{
    struct nodes nodes = {{NULL, 0, 0}, {0}};
    int code = CMD_GOOD;

    if (options->waiting) {
        return show_waiting(options);
    }
    show_row(&nodes.table, (const char *[]){"NAME", "STATE", "SEEN", "QUEUE", "WHERE"}, 5);
    code = cmd_ask(options, cmd_request("nodes"), add_node, &nodes);
    if (code == CMD_GOOD && !options->json) {
        if (nodes.table.rows > 1) {
            show_print(&nodes.table, 1);
        }
        print_counts(&nodes);
    }
    show_free(&nodes.table);
    return code;
}
