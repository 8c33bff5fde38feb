#include "gateway/edge/release.h"

#include <stdio.h>

struct asked {
    const struct conf_section *at;
    const char *kind; /* of section */
    const char *key;
    const char *value;
};

static void refuse(struct conf_report *report, const struct asked *asked)
{
    char section[128];
    char text[128];

    (void)snprintf(section, sizeof section, "%s %s", asked->kind, asked->at->name);
    (void)snprintf(text, sizeof text, "%s is not in this release", asked->value);
    conf_report_add(report, &(struct conf_problem){.file = asked->at->file,
                                                   .line = asked->at->line,
                                                   .section = section,
                                                   .key = asked->key,
                                                   .text = text});
}

static void check_listener(const struct conf_listener *conf, struct conf_report *report)
{
    static const char *const types[] = {[CONF_DTLS] = "dtls", [CONF_RS485] = "rs485"};
    static const char *const auths[] = {[CONF_PSK] = "psk", [CONF_CERT] = "cert"};

    if (conf->type == CONF_DTLS || conf->type == CONF_RS485) {
        refuse(report, &(struct asked){&conf->at, "listener", "type", types[conf->type]});
    } else if (conf->auth == CONF_PSK || conf->auth == CONF_CERT) {
        refuse(report, &(struct asked){&conf->at, "listener", "auth", auths[conf->auth]});
    }
}

static void check_broker(const struct conf_broker *conf, struct conf_report *report)
{
    static const char *const transports[] = {
        [CONF_TLS] = "tls", [CONF_TCP_WS] = "ws", [CONF_TLS_WS] = "wss"};

    if (conf->transport != CONF_TCP) {
        refuse(report,
               &(struct asked){&conf->at, "broker", "transport", transports[conf->transport]});
    }
}

static void check_upstream(const struct conf_upstream *conf, struct conf_report *report)
{
    static const char *const schemes[] = {
        [CONF_MQTTS] = "mqtts://", [CONF_WS] = "ws://", [CONF_WSS] = "wss://"};

    for (size_t i = 0; i < conf->url.count; i++) {
        enum conf_scheme scheme = conf->url.at[i].scheme;

        if (scheme != CONF_MQTT) {
            refuse(report, &(struct asked){&conf->at, "upstream", "url", schemes[scheme]});
        }
    }
    if (conf->proxy != NULL) {
        refuse(report, &(struct asked){&conf->at, "upstream", "proxy", "a proxy"});
    }
    if (conf->mode == CONF_TRANSPARENT) {
        refuse(report, &(struct asked){&conf->at, "upstream", "mode", "transparent"});
    }
}

void gw_release_check(const struct conf *conf, struct conf_report *report)
{
    for (size_t i = 0; i < conf->listener_count; i++) {
        check_listener(&conf->listener[i], report);
    }
    for (size_t i = 0; i < conf->broker_count; i++) {
        check_broker(&conf->broker[i], report);
    }
    for (size_t i = 0; i < conf->upstream_count; i++) {
        check_upstream(&conf->upstream[i], report);
    }
}
