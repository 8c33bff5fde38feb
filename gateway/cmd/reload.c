/* sedge reload - the running gateway reads its configuration anew. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gateway/cmd/talk.h"

static bool print_line(void *arg, const cJSON *line)
{
    uint64_t *changes = arg;
    bool changed = *cmd_text(line, "changed") != '\0';

    for (const cJSON *item = line->child; item != NULL; item = item->next) {
        if (cJSON_IsString(item)) {
            bool restart = strcmp(item->string, "needs_restart") == 0;

            (void)fprintf(changed ? stdout : stderr, "%s: %s\n",
                          restart ? "needs a restart" : item->string, item->valuestring);
        }
    }
    *changes += changed ? 1 : cmd_number(line, "more");
    return true;
}

int cmd_reload(const struct cmd_options *options)
{
    uint64_t changes = 0;
    int code = cmd_ask(options, cmd_request("reload"), print_line, &changes);

    if (code == CMD_GOOD && !options->json) {
        (void)printf("reloaded: %" PRIu64 " change%s\n", changes, changes == 1 ? "" : "s");
    }
    return code;
}
