/* sedge watch - live messages, by the names of nodes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/cmd/show.h"
#include "gateway/cmd/talk.h"

#define LINE_MOST  4096u /* octets of one printed line */
#define NAME_WIDE  12
#define TOPIC_WIDE 24

struct watch {
    size_t columns; /* of a line; 0: lines are not cut */
};

static void time_of(uint64_t at_ms, char room[SHOW_SPAN])
{
    time_t at_s = (time_t)(at_ms / 1000);
    struct tm tm;
    size_t len = 0;

    (void)localtime_r(&at_s, &tm);
    len = strftime(room, SHOW_SPAN, "%H:%M:%S", &tm);
    (void)snprintf(room + len, SHOW_SPAN - len, ".%03" PRIu64, at_ms % 1000);
}

/* "q1", "q-1 retain dup" */
static void flags_of(const cJSON *line, char room[SHOW_SPAN])
{
    const cJSON *qos = cJSON_GetObjectItemCaseSensitive(line, "qos");

    (void)snprintf(room, SHOW_SPAN, "q%d%s%s", cJSON_IsNumber(qos) ? qos->valueint : 0,
                   cmd_flag(line, "retain") ? " retain" : "", cmd_flag(line, "dup") ? " dup" : "");
}

/* Pads to a column; wider texts push the rest to the right. */
static int blanks_after(const char *text, size_t wide)
{
    size_t width = show_width(text);

    return width < wide ? (int)(wide - width) : 0;
}

static void print_message(const struct watch *watch, const cJSON *line)
{
    const char *node = cmd_text(line, "node");
    const char *text = cmd_text(line, "text");
    const char *refused = cmd_text(line, "refused");
    char *name = show_clean(*node == '\0' ? cmd_text(line, "listener") : node, SIZE_MAX);
    char *topic = show_clean(cmd_text(line, "topic"), SIZE_MAX);
    char *payload = show_clean(*text == '\0' ? cmd_text(line, "hex") : text, SIZE_MAX);
    bool hex = *text == '\0' && *payload != '\0';
    char when[SHOW_SPAN];
    char flags[SHOW_SPAN];
    char whole[LINE_MOST];
    char *shown = NULL;

    time_of(cmd_number(line, "at_ms"), when);
    flags_of(line, flags);
    (void)snprintf(whole, sizeof whole, "%s %s%*s %s %s%*s %s %" PRIu64 " %s%s%s%s%s", when, name,
                   blanks_after(name, NAME_WIDE), "",
                   strcmp(cmd_text(line, "way"), "to") == 0 ? "<-" : "->", topic,
                   blanks_after(topic, TOPIC_WIDE), "", flags, cmd_number(line, "size"),
                   *refused == '\0' ? "" : "(refused: ", refused, *refused == '\0' ? "" : ") ",
                   hex ? "0x" : "", payload);
    shown = show_clean(whole, watch->columns == 0 ? SIZE_MAX : watch->columns);
    (void)puts(shown);
    free(name);
    free(topic);
    free(payload);
    free(shown);
}

static bool take_line(void *arg, const cJSON *line)
{
    const struct watch *watch = arg;
    uint64_t lost = cmd_number(line, "lost");

    if (lost != 0) {
        return printf("... %" PRIu64 " messages came too fast to show\n", lost) > 0;
    }
    print_message(watch, line);
    return true;
}

int cmd_watch(const struct cmd_options *options)
{
    struct watch watch = {show_columns()};
    cJSON *request = cmd_request("watch");

    if (options->words[0] != NULL) {
        (void)cJSON_AddStringToObject(request, "filter", options->words[0]);
    }
    if (options->node != NULL) {
        (void)cJSON_AddStringToObject(request, "node", options->node);
    }
    return cmd_ask(options, request, take_line, &watch);
}
