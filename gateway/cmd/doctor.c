/* sedge doctor - is this machine fit for the configuration? Thing by thing, in words. */
#include <stdio.h>
#include <string.h>

#include "gateway/cmd/talk.h"
#include "gateway/edge/checkup.h"

struct saying {
    bool json;
    unsigned count[GW_FINDING_LEFT_OUT + 1];
};

static const char *const results[] = {[GW_FINDING_GOOD] = "ok",
                                      [GW_FINDING_DOUBTFUL] = "doubtful",
                                      [GW_FINDING_WRONG] = "wrong",
                                      [GW_FINDING_LEFT_OUT] = "left out"};

static void say_json(const struct gw_finding *finding)
{
    cJSON *line = cJSON_CreateObject();
    char *text = NULL;

    (void)cJSON_AddStringToObject(line, "area", finding->area);
    (void)cJSON_AddStringToObject(line, "result", results[finding->kind]);
    (void)cJSON_AddStringToObject(line, "text", finding->text);
    if (finding->advice[0] != '\0') {
        (void)cJSON_AddStringToObject(line, "advice", finding->advice);
    }
    text = cJSON_PrintUnformatted(line);
    (void)puts(text == NULL ? "" : text);
    cJSON_free(text);
    cJSON_Delete(line);
}

static void on_told(void *arg, const struct gw_finding *finding)
{
    static const char *const marks[] = {[GW_FINDING_GOOD] = "ok",
                                        [GW_FINDING_DOUBTFUL] = "?",
                                        [GW_FINDING_WRONG] = "WRONG",
                                        [GW_FINDING_LEFT_OUT] = "-"};
    struct saying *saying = arg;

    saying->count[finding->kind]++;
    if (saying->json) {
        say_json(finding);
        return;
    }
    (void)printf("  %-6s%-12s %s\n", marks[finding->kind], finding->area, finding->text);
    if (finding->advice[0] != '\0') {
        (void)printf("                     %s\n", finding->advice);
    }
    (void)fflush(stdout);
}

static bool heard(void *arg, const cJSON *line)
{
    (void)arg;
    (void)line;
    return true;
}

static void say_gateway(struct saying *saying, bool running)
{
    struct gw_finding finding = {
        .kind = running ? GW_FINDING_GOOD : GW_FINDING_LEFT_OUT, .area = "gateway", .advice = ""};

    gw_finding_say(&finding, "%s",
                   running ? "it runs, and answers at its control socket"
                           : "none runs with this configuration");
    on_told(saying, &finding);
}

static void say_upstreams(const struct conf *conf)
{
    for (size_t i = 0; i < conf->upstream_count; i++) {
        (void)printf("%s sedge upstream test %s", i == 0 ? "The ways up are tried by" : ",",
                     conf->upstream[i].at.name);
    }
    (void)printf("%s", conf->upstream_count == 0 ? "" : "\n");
}

int cmd_doctor(const struct cmd_options *options)
{
    struct saying saying = {.json = options->json};
    struct gw_checkup checkup = {.told = on_told, .arg = &saying};
    bool has_notes = false;
    struct conf *conf = cmd_load(options->conf, true, &has_notes);

    if (conf == NULL) {
        return CMD_FAULT;
    }
    checkup.conf = conf;
    checkup.running = cmd_peek(options, conf, cmd_request("status"), heard, NULL) == 0;
    say_gateway(&saying, checkup.running);
    gw_checkup(&checkup);
    if (!options->json) {
        (void)printf("%u wrong, %u doubtful\n", saying.count[GW_FINDING_WRONG],
                     saying.count[GW_FINDING_DOUBTFUL]);
        say_upstreams(conf);
    }
    conf_free(conf);
    return saying.count[GW_FINDING_WRONG] == 0 ? CMD_GOOD : CMD_FAULT;
}
