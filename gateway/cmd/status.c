/* sedge status - how the gateway is, on one screen. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gateway/cmd/show.h"
#include "gateway/cmd/talk.h"

static void print_nodes(const cJSON *nodes)
{
    (void)printf("  nodes     %" PRIu64 " active, %" PRIu64 " asleep, %" PRIu64 " lost, %" PRIu64
                 " disconnected, %" PRIu64 " never seen\n",
                 cmd_number(nodes, "active"), cmd_number(nodes, "asleep"),
                 cmd_number(nodes, "lost"), cmd_number(nodes, "disconnected"),
                 cmd_number(nodes, "never"));
}

static void print_upstreams(const cJSON *upstreams)
{
    const cJSON *upstream = NULL;

    cJSON_ArrayForEach(upstream, upstreams)
    {
        (void)printf("  upstream  %s: %s, %" PRIu64 " messages wait, %" PRIu64 " dropped\n",
                     cmd_text(upstream, "name"), cmd_text(upstream, "state"),
                     cmd_number(upstream, "queued"), cmd_number(upstream, "dropped"));
    }
}

static void print_store(const char *path, const char *state)
{
    bool is_well = strcmp(state, "works") == 0 || strcmp(state, "none") == 0;

    (void)printf("  store     %s%s%s\n", path, is_well ? "" : ": ", is_well ? "" : state);
}

static bool print_status(void *arg, const cJSON *line)
{
    char up[SHOW_SPAN];
    char used[SHOW_SPAN];
    char limit[SHOW_SPAN];

    (void)arg;
    (void)printf("sedge %s, gateway %s, process %" PRIu64 ", up %s\n", cmd_text(line, "version"),
                 cmd_text(line, "gateway"), cmd_number(line, "pid"),
                 show_span(cmd_number(line, "uptime_s") * 1000, up));
    print_nodes(cJSON_GetObjectItemCaseSensitive(line, "nodes"));
    (void)printf("  programs  %" PRIu64 " connected, %" PRIu64 " sessions\n",
                 cmd_number(line, "clients_connected"), cmd_number(line, "clients"));
    print_upstreams(cJSON_GetObjectItemCaseSensitive(line, "upstreams"));
    (void)printf("  messages  %" PRIu64 " wait, %" PRIu64 " retained; %s of %s in use\n",
                 cmd_number(line, "queued"), cmd_number(line, "retained"),
                 show_size(cmd_number(line, "memory"), used),
                 show_size(cmd_number(line, "memory_limit"), limit));
    (void)printf("  lost      %" PRIu64 " to full queues, %" PRIu64
                 " for want of memory or store, %" PRIu64 " not allowed\n",
                 cmd_number(line, "dropped"), cmd_number(line, "refused"),
                 cmd_number(line, "denied"));
    (void)printf("  datagrams %" PRIu64 " lost in the kernel, %" PRIu64 " of strangers\n",
                 cmd_number(line, "datagrams_lost"), cmd_number(line, "strangers"));
    print_store(cmd_text(line, "store"), cmd_text(line, "store_state"));
    return true;
}

int cmd_status(const struct cmd_options *options)
{
    return cmd_ask(options, cmd_request("status"), print_status, NULL);
}
