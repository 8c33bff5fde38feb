/* sedge upstream test - the way to an upstream tried step by step, in words. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config/preset.h"
#include "config/rule.h"
#include "gateway/cmd/show.h"
#include "gateway/cmd/talk.h"
#include "gateway/edge/trial.h"

#define TOPIC_MOST 1024u
#define PLACE      "sedge-test" /* what stands for a wildcard of a send rule */

/* --- what is tried --------------------------------------------------------------------------- */

/* A topic here that `filter` takes. */
static void fill_in(const char *filter, struct writer *w)
{
    for (const char *at = filter; *at != '\0'; at++) {
        if (*at == '+' || *at == '#') {
            write_text(w, PLACE);
        } else {
            write_u8(w, (uint8_t)*at);
        }
    }
}

/* Where the first send rule goes with a topic made for it; NULL: there is none. */
static const char *topic_of(const struct conf_upstream *upstream, char room[TOPIC_MOST])
{
    uint8_t here[TOPIC_MOST];
    struct writer local = writer_of(here, sizeof here);
    struct writer far = writer_of((uint8_t *)room, TOPIC_MOST);

    if (upstream->send.count == 0) {
        return NULL;
    }
    if (upstream->payload == CONF_PAYLOAD_THINGSBOARD) {
        return "v1/devices/me/telemetry"; /* which takes any JSON, of the gateway itself */
    }
    fill_in(upstream->send.at[0].filter, &local);
    if (!conf_rule_apply(&upstream->send.at[0], span_of(here, written(&local)), &far)) {
        return NULL;
    }
    write_end(&far);
    return room;
}

/* Another client than the gateway's own, which leaves no session behind and no will. */
static void disguise(struct conf_upstream *upstream, char *client_id, size_t size)
{
    (void)snprintf(client_id, size, "%s-test", upstream->client_id);
    upstream->client_id = client_id;
    upstream->clean_session = true;
    upstream->will_topic = NULL;
}

/* --- what is said ---------------------------------------------------------------------------- */

struct saying {
    bool json;
    const char *name;
    char url[512];
};

static void write_url(const struct conf_url *url, char *room, size_t size)
{
    static const char *const schemes[] = {
        [CONF_MQTT] = "mqtt", [CONF_MQTTS] = "mqtts", [CONF_WS] = "ws", [CONF_WSS] = "wss"};
    bool has_path = url->scheme == CONF_WS || url->scheme == CONF_WSS;
    bool is_v6 = strchr(url->host, ':') != NULL;

    (void)snprintf(room, size, "%s://%s%s%s:%u%s", schemes[url->scheme], is_v6 ? "[" : "",
                   url->host, is_v6 ? "]" : "", (unsigned)url->port, has_path ? url->path : "");
}

static const char *const results[] = {
    [GW_TRIAL_GOOD] = "ok", [GW_TRIAL_LEFT_OUT] = "left out", [GW_TRIAL_WRONG] = "wrong"};

static void print_json(cJSON *line)
{
    char *text = cJSON_PrintUnformatted(line);

    (void)puts(text == NULL ? "" : text);
    (void)fflush(stdout);
    cJSON_free(text);
    cJSON_Delete(line);
}

static void say_json(const struct saying *saying, const struct gw_trial_news *news)
{
    cJSON *line = cJSON_CreateObject();

    (void)cJSON_AddStringToObject(line, "upstream", saying->name);
    (void)cJSON_AddStringToObject(line, "url", saying->url);
    (void)cJSON_AddStringToObject(line, "step", gw_trial_step_name(news->step));
    (void)cJSON_AddStringToObject(line, "result", results[news->result]);
    (void)cJSON_AddNumberToObject(line, "ms", (double)news->ms);
    (void)cJSON_AddStringToObject(line, "text", news->text);
    if (news->advice != NULL) {
        (void)cJSON_AddStringToObject(line, "advice", news->advice);
    }
    print_json(line);
}

static void on_told(void *arg, const struct gw_trial_news *news)
{
    static const char *const marks[] = {
        [GW_TRIAL_GOOD] = "ok", [GW_TRIAL_LEFT_OUT] = "-", [GW_TRIAL_WRONG] = "WRONG"};
    const struct saying *saying = arg;

    if (saying->json) {
        say_json(saying, news);
        return;
    }
    (void)printf("  %-6s%-10s%6" PRIu64 " ms  %s\n", marks[news->result],
                 gw_trial_step_name(news->step), news->ms, news->text);
    if (news->advice != NULL) {
        (void)printf("        %s\n", news->advice);
    }
    (void)fflush(stdout);
}

/* --- whether it may be tried ----------------------------------------------------------------- */

struct looking {
    const char *name;
    bool online;
};

static bool look(void *arg, const cJSON *line)
{
    struct looking *looking = arg;

    looking->online = looking->online || (strcmp(cmd_text(line, "name"), looking->name) == 0 &&
                                          strcmp(cmd_text(line, "state"), "online") == 0);
    return true;
}

/* The far broker would end the gateway's connection for the sake of ours. */
static bool would_disturb(const struct cmd_options *options, const struct conf *conf,
                          const struct conf_upstream *upstream)
{
    struct looking looking = {upstream->at.name, false};

    (void)cmd_peek(options, conf, cmd_request("upstreams"), look, &looking);
    if (looking.online) {
        (void)fprintf(
            stderr,
            "sedge: the gateway is online with %s under the client id \"%s\", %s, and would "
            "lose its connection to the test: sedge upstream pause %s first, resume after\n",
            upstream->at.name, upstream->client_id,
            options->as_is ? "which --as-is takes" : "the only one that this cloud takes",
            upstream->at.name);
    }
    return looking.online;
}

/* --- all ------------------------------------------------------------------------------------- */

static bool try_url(const struct cmd_options *options, const struct conf *conf,
                    const struct conf_upstream *upstream, size_t i)
{
    struct saying saying = {.json = options->json, .name = upstream->at.name};
    char room[TOPIC_MOST];
    struct gw_trial_setup setup = {.conf = conf,
                                   .upstream = upstream,
                                   .url = &upstream->url.at[i],
                                   .topic = options->topic,
                                   .told = on_told,
                                   .arg = &saying};

    write_url(setup.url, saying.url, sizeof saying.url);
    if (setup.topic == NULL) {
        setup.topic = topic_of(upstream, room);
    }
    if (!options->json) {
        (void)printf("%s: %s, client id %s\n", saying.name, saying.url, upstream->client_id);
    }
    return gw_trial_run(&setup);
}

static int try_all(const struct cmd_options *options, const struct conf *conf,
                   const struct conf_upstream *configured)
{
    struct conf_upstream upstream = *configured;
    bool own_id = options->as_is || conf_preset_ties_id(configured->preset);
    char client_id[1100];
    bool good = true;

    if (own_id && would_disturb(options, conf, configured)) {
        return CMD_FAULT;
    }
    if (!own_id) {
        disguise(&upstream, client_id, sizeof client_id);
    }
    for (size_t i = 0; i < upstream.url.count; i++) {
        good = try_url(options, conf, &upstream, i) && good;
    }
    if (options->json) {
        cJSON *line = cJSON_CreateObject();

        (void)cJSON_AddStringToObject(line, "upstream", upstream.at.name);
        (void)cJSON_AddBoolToObject(line, "good", good);
        print_json(line);
    }
    return good ? CMD_GOOD : CMD_FAULT;
}

static const struct conf_upstream *find(const struct conf *conf, const char *name)
{
    for (size_t i = 0; i < conf->upstream_count; i++) {
        if (strcmp(conf->upstream[i].at.name, name) == 0) {
            return &conf->upstream[i];
        }
    }
    (void)fprintf(stderr, "sedge: the configuration has no [upstream %s]%s\n", name,
                  conf->upstream_count == 0 ? ", nor any other; -c FILE names one" : "");
    return NULL;
}

int cmd_upstream_test(const struct cmd_options *options)
{
    bool has_notes = false;
    struct conf *conf = NULL;
    const struct conf_upstream *upstream = NULL;
    int code = CMD_FAULT;

    if (options->topic != NULL && (*options->topic == '\0' || strpbrk(options->topic, "+#"))) {
        (void)fputs("sedge: --topic: a topic is not empty and has no + or #\n", stderr);
        return CMD_MISUSED;
    }
    conf = cmd_load(options->conf, true, &has_notes);
    upstream = conf == NULL ? NULL : find(conf, options->words[1]);
    if (upstream != NULL && upstream->mode == CONF_TRANSPARENT) {
        (void)fprintf(stderr, "sedge: %s has a client id for each node: no one to try it under\n",
                      upstream->at.name);
    } else if (upstream != NULL) {
        code = try_all(options, conf, upstream);
    }
    conf_free(conf);
    return code;
}
