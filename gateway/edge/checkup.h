/* gateway/edge/checkup.h - is this machine fit for a configuration? What `sedge doctor` looks at.
 *
 * Each finding is of one thing: good, doubtful, wrong, or left out because something else is in the
 * way. Nothing is changed: ports are bound for a moment where nobody holds them, devices and the
 * store are not opened for writing.
 */
#ifndef GATEWAY_EDGE_CHECKUP_H
#define GATEWAY_EDGE_CHECKUP_H

#include <sys/types.h>

#include "config/conf.h"

enum gw_finding_kind {
    GW_FINDING_GOOD,
    GW_FINDING_DOUBTFUL,
    GW_FINDING_WRONG,
    GW_FINDING_LEFT_OUT
};

struct gw_finding {
    enum gw_finding_kind kind;
    const char *area; /* "clock", "disk", "limits", "port", "device", "certificate" */
    char text[256];   /* what it is */
    char advice[320]; /* what to do; "": nothing */
};

struct gw_checkup {
    const struct conf *conf;
    bool running; /* a gateway answers, with this configuration */
    void (*told)(void *arg, const struct gw_finding *finding);
    void *arg;
};

/* Tells all, in order. */
void gw_checkup(const struct gw_checkup *checkup);

/* --- for the files of the check-up alone ----------------------------------------------------- */

/* Tells one: text and advice of `finding` are set by the caller. */
void gw_checkup_tell(const struct gw_checkup *checkup, enum gw_finding_kind kind, const char *area,
                     struct gw_finding *finding);

/* Sets what a finding says, cut where it does not fit. */
void gw_finding_say(struct gw_finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void gw_finding_advise(struct gw_finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The name of a process; "?" when it may not be seen. */
void gw_checkup_name(pid_t pid, char room[64]);

void gw_checkup_clock(const struct gw_checkup *checkup);
void gw_checkup_disk(const struct gw_checkup *checkup);
void gw_checkup_limits(const struct gw_checkup *checkup);
void gw_checkup_certificates(const struct gw_checkup *checkup);
void gw_checkup_ports(const struct gw_checkup *checkup);
void gw_checkup_devices(const struct gw_checkup *checkup);

#endif
