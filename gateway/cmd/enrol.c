/* sedge enrol - lets devices on a bus have an address, for a while. */
#include <inttypes.h>
#include <stdio.h>

#include "config/number.h"
#include "gateway/cmd/show.h"
#include "gateway/cmd/talk.h"

static bool print_open(void *arg, const cJSON *line)
{
    char span[SHOW_SPAN];

    (void)arg;
    (void)printf("Devices on the bus are let in for %s; sedge nodes shows who came.\n",
                 show_span(cmd_number(line, "ms"), span));
    return true;
}

int cmd_enrol(const struct cmd_options *options)
{
    uint64_t ms = 0;
    cJSON *request = NULL;

    if (options->word_count != 1 || conf_ms_read(span_of_text(options->words[0]), &ms) != NULL) {
        (void)fputs("sedge: usage: sedge enrol TIME, such as 2m\n", stderr);
        return CMD_MISUSED;
    }
    request = cmd_request("enrol");
    (void)cJSON_AddNumberToObject(request, "ms", (double)ms);
    return cmd_ask(options, request, print_open, NULL);
}
