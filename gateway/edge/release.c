#include "gateway/edge/release.h"

#include <stdio.h>
#include <string.h>

#include "config/options.h"
#include "config/reading.h"

struct findings {
    const struct conf *conf;
    struct conf_report *report;
    bool as_notes;
};

struct asked {
    const struct conf_section *at;
    const char *kind; /* of section */
    const char *key;
    const char *value;
};

static void refuse(const struct findings *findings, const struct asked *asked)
{
    char section[128];
    char text[160];

    (void)snprintf(section, sizeof section, "%s %s", asked->kind, asked->at->name);
    (void)snprintf(text, sizeof text, "%s is not in this release%s", asked->value,
                   findings->as_notes ? ": sedge run will not start with it" : "");
    conf_report_add(
        findings->report,
        &(struct conf_problem){.file = asked->at->file,
                               .line = conf_line_of(findings->conf, asked->at, asked->key),
                               .section = section,
                               .key = asked->key,
                               .text = text,
                               .is_note = findings->as_notes});
}

static void check_listener(const struct findings *findings, const struct conf_listener *listener)
{
    static const char *const auths[] = {[CONF_PSK] = "psk", [CONF_CERT] = "cert"};

    if (listener->type == CONF_DTLS) {
        refuse(findings, &(struct asked){&listener->at, "listener", "type", "dtls"});
    } else if (listener->direction == CONF_DIRECTION_RTS) {
        refuse(findings, &(struct asked){&listener->at, "listener", "direction", "rts"});
    } else if (listener->auth == CONF_PSK || listener->auth == CONF_CERT) {
        refuse(findings, &(struct asked){&listener->at, "listener", "auth", auths[listener->auth]});
    }
}

void gw_release_check(const struct conf *conf, struct conf_report *report, bool as_notes)
{
    struct findings findings = {conf, report, as_notes};

    for (size_t i = 0; i < conf->listener_count; i++) {
        check_listener(&findings, &conf->listener[i]);
    }
}
