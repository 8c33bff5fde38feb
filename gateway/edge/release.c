#include "gateway/edge/release.h"

#include <stdio.h>
#include <string.h>

#include "config/options.h"
#include "config/reading.h"

struct asked {
    const struct conf *conf;
    const struct conf_section *at;
    const char *kind; /* of section */
    const char *key;
    const char *value;
};

/* Where the key stands, or else its section. */
static uint64_t line_of(const struct asked *asked)
{
    for (size_t i = 0; i < asked->conf->set_count; i++) {
        const struct conf_set *set = &asked->conf->sets[i];

        if (set->section == asked->at && strcmp(set->row->key, asked->key) == 0) {
            return set->line;
        }
    }
    return asked->at->line;
}

static void refuse(struct conf_report *report, const struct asked *asked)
{
    char section[128];
    char text[128];

    (void)snprintf(section, sizeof section, "%s %s", asked->kind, asked->at->name);
    (void)snprintf(text, sizeof text, "%s is not in this release", asked->value);
    conf_report_add(report, &(struct conf_problem){.file = asked->at->file,
                                                   .line = line_of(asked),
                                                   .section = section,
                                                   .key = asked->key,
                                                   .text = text});
}

static void check_listener(const struct conf *conf, const struct conf_listener *listener,
                           struct conf_report *report)
{
    static const char *const types[] = {[CONF_DTLS] = "dtls", [CONF_RS485] = "rs485"};
    static const char *const auths[] = {[CONF_PSK] = "psk", [CONF_CERT] = "cert"};

    if (listener->type == CONF_DTLS || listener->type == CONF_RS485) {
        refuse(report,
               &(struct asked){conf, &listener->at, "listener", "type", types[listener->type]});
    } else if (listener->auth == CONF_PSK || listener->auth == CONF_CERT) {
        refuse(report,
               &(struct asked){conf, &listener->at, "listener", "auth", auths[listener->auth]});
    }
}

static void check_broker(const struct conf *conf, const struct conf_broker *broker,
                         struct conf_report *report)
{
    static const char *const transports[] = {
        [CONF_TLS] = "tls", [CONF_TCP_WS] = "ws", [CONF_TLS_WS] = "wss"};

    if (broker->transport != CONF_TCP) {
        refuse(report, &(struct asked){conf, &broker->at, "broker", "transport",
                                       transports[broker->transport]});
    }
}

static void check_upstream(const struct conf *conf, const struct conf_upstream *upstream,
                           struct conf_report *report)
{
    static const char *const schemes[] = {
        [CONF_MQTTS] = "mqtts://", [CONF_WS] = "ws://", [CONF_WSS] = "wss://"};

    for (size_t i = 0; i < upstream->url.count; i++) {
        enum conf_scheme scheme = upstream->url.at[i].scheme;

        if (scheme != CONF_MQTT) {
            refuse(report,
                   &(struct asked){conf, &upstream->at, "upstream", "url", schemes[scheme]});
        }
    }
    if (upstream->proxy != NULL) {
        refuse(report, &(struct asked){conf, &upstream->at, "upstream", "proxy", "a proxy"});
    }
    if (upstream->mode == CONF_TRANSPARENT) {
        refuse(report, &(struct asked){conf, &upstream->at, "upstream", "mode", "transparent"});
    }
}

void gw_release_check(const struct conf *conf, struct conf_report *report)
{
    for (size_t i = 0; i < conf->listener_count; i++) {
        check_listener(conf, &conf->listener[i], report);
    }
    for (size_t i = 0; i < conf->broker_count; i++) {
        check_broker(conf, &conf->broker[i], report);
    }
    for (size_t i = 0; i < conf->upstream_count; i++) {
        check_upstream(conf, &conf->upstream[i], report);
    }
}
