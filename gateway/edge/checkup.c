#include "gateway/edge/checkup.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <time.h>

#include "gateway/edge/tls.h"
#include "gateway/edge/way.h"

#define BUILT_S          1764201600 /* 2025-11-27: a clock before that is wrong */
#define FILES_BESIDE     64u        /* descriptors for what is no connection */
#define CERTIFICATE_DAYS 30
#define AVAILABLE        "MemAvailable:" /* of /proc/meminfo, in KiB */

void gw_finding_say(struct gw_finding *finding, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(finding->text, sizeof finding->text, format, args);
    va_end(args);
}

void gw_finding_advise(struct gw_finding *finding, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(finding->advice, sizeof finding->advice, format, args);
    va_end(args);
}

void gw_checkup_tell(const struct gw_checkup *checkup, enum gw_finding_kind kind, const char *area,
                     struct gw_finding *finding)
{
    finding->kind = kind;
    finding->area = area;
    checkup->told(checkup->arg, finding);
}

void gw_checkup_name(pid_t pid, char room[64])
{
    char path[64];
    FILE *file = NULL;

    (void)snprintf(room, 64, "?");
    (void)snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    file = fopen(path, "re");
    if (file == NULL) {
        return;
    }
    if (fgets(room, 64, file) != NULL) {
        room[strcspn(room, "\n")] = '\0';
    }
    (void)fclose(file);
}

/* --- clock ----------------------------------------------------------------------------------- */

void gw_checkup_clock(const struct gw_checkup *checkup)
{
    struct gw_finding finding = {.advice = ""};
    struct timex state = {.modes = 0};
    time_t now = time(NULL);
    char text[64] = "";
    struct tm parts;
    bool synced = adjtimex(&state) != TIME_ERROR && (state.status & STA_UNSYNC) == 0;

    if (gmtime_r(&now, &parts) != NULL) {
        (void)strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
    }
    gw_finding_say(&finding, "%s, %s", text,
                   synced ? "kept by a time server" : "not kept by a time server");
    if (now < BUILT_S) {
        gw_finding_advise(&finding,
                          "certificates are not valid yet for this clock: run `timedatectl "
                          "set-ntp true`, or fit a clock module with a battery");
        gw_checkup_tell(checkup, GW_FINDING_WRONG, "clock", &finding);
    } else if (!synced) {
        gw_finding_advise(&finding,
                          "after a power cut a Pi without a clock module wakes in the past: "
                          "run `timedatectl set-ntp true`");
        gw_checkup_tell(checkup, GW_FINDING_DOUBTFUL, "clock", &finding);
    } else {
        gw_checkup_tell(checkup, GW_FINDING_GOOD, "clock", &finding);
    }
}

/* --- limits ---------------------------------------------------------------------------------- */

static uint64_t memory_there(void)
{
    FILE *file = fopen("/proc/meminfo", "re");
    unsigned long long kib = 0;
    char line[128];

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, AVAILABLE, sizeof AVAILABLE - 1) == 0) {
            kib = strtoull(&line[sizeof AVAILABLE - 1], NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return (uint64_t)kib * 1024;
}

static void check_files(const struct gw_checkup *checkup)
{
    struct gw_finding finding = {.advice = ""};
    struct rlimit limit = {0, 0};
    uint64_t wanted = checkup->conf->limits.clients + FILES_BESIDE;

    (void)getrlimit(RLIMIT_NOFILE, &limit);
    gw_finding_say(&finding, "%llu open files at most, [limits] clients wants %llu",
                   (unsigned long long)limit.rlim_max, (unsigned long long)wanted);
    if (limit.rlim_max >= wanted) {
        gw_checkup_tell(checkup, GW_FINDING_GOOD, "limits", &finding);
        return;
    }
    gw_finding_advise(&finding,
                      "set LimitNOFILE=%llu in the unit, run `ulimit -Hn` where it is "
                      "started by hand, or lower [limits] clients",
                      (unsigned long long)wanted);
    gw_checkup_tell(checkup, GW_FINDING_DOUBTFUL, "limits", &finding);
}

void gw_checkup_limits(const struct gw_checkup *checkup)
{
    struct gw_finding finding = {.advice = ""};
    uint64_t there = memory_there();
    uint64_t wanted = checkup->conf->limits.memory;

    check_files(checkup);
    gw_finding_say(&finding, "%llu MiB of memory to be had, [limits] memory is %llu MiB",
                   (unsigned long long)(there >> 20), (unsigned long long)(wanted >> 20));
    if (checkup->running || there == 0 || there >= wanted) {
        gw_checkup_tell(checkup, GW_FINDING_GOOD, "limits", &finding);
        return;
    }
    gw_finding_advise(&finding, "lower [limits] memory, or the kernel ends a full gateway");
    gw_checkup_tell(checkup, GW_FINDING_DOUBTFUL, "limits", &finding);
}

/* --- certificates ---------------------------------------------------------------------------- */

/* Of a setup that was read or not; `name` is "broker lan". */
static void tell_setup(const struct gw_checkup *checkup, const char *name,
                       struct gw_tls_setup *setup, const struct gw_fault *fault)
{
    struct gw_finding finding = {.advice = ""};
    int days = setup == NULL ? 0 : gw_tls_days_left(setup);

    if (setup == NULL) {
        gw_finding_say(&finding, "%s", fault->text);
        gw_finding_advise(&finding, "mend the file or its rights; it must be readable by the user "
                                    "of the gateway");
        gw_checkup_tell(checkup, GW_FINDING_WRONG, "certificate", &finding);
        return;
    }
    gw_tls_setup_drop(setup);
    if (days == INT_MAX) {
        gw_finding_say(&finding, "%s has no certificate of its own", name);
    } else if (days < 0) {
        gw_finding_say(&finding, "%s: its certificate has expired", name);
    } else {
        gw_finding_say(&finding, "%s: its certificate is good for %d days", name, days);
    }
    if (days < CERTIFICATE_DAYS) {
        gw_finding_advise(&finding, "renew it, then `sedge reload`");
    }
    gw_checkup_tell(checkup,
                    days < 0                  ? GW_FINDING_WRONG
                    : days < CERTIFICATE_DAYS ? GW_FINDING_DOUBTFUL
                                              : GW_FINDING_GOOD,
                    "certificate", &finding);
}

void gw_checkup_certificates(const struct gw_checkup *checkup)
{
    const struct conf *conf = checkup->conf;
    struct gw_fault fault = {""};
    char name[128];

    for (size_t i = 0; i < conf->broker_count; i++) {
        const struct conf_broker *broker = &conf->broker[i];

        if (broker->transport == CONF_TLS || broker->transport == CONF_TLS_WS) {
            (void)snprintf(name, sizeof name, "broker %s", broker->at.name);
            tell_setup(checkup, name, gw_tls_setup_server(broker, &fault), &fault);
        }
    }
    for (size_t i = 0; i < conf->upstream_count; i++) {
        const struct conf_upstream *upstream = &conf->upstream[i];

        if (upstream->mode == CONF_AGGREGATING && upstream->url.count > 0 &&
            gw_way_has_tls(upstream->url.at[0].scheme)) {
            (void)snprintf(name, sizeof name, "upstream %s", upstream->at.name);
            tell_setup(checkup, name, gw_tls_setup_client(upstream, NULL, &fault), &fault);
        }
    }
}

/* --- all ------------------------------------------------------------------------------------- */

void gw_checkup(const struct gw_checkup *checkup)
{
    static void (*const all[])(const struct gw_checkup *checkup) = {
        gw_checkup_clock, gw_checkup_limits,  gw_checkup_disk,
        gw_checkup_ports, gw_checkup_devices, gw_checkup_certificates,
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        all[i](checkup);
    }
}
