/* gateway/edge/run.h - the gateway with its descriptors: start, turn after turn, stop.
 *
 *     start -> serve -> stop
 *
 * Ownership: a struct gw_run owns all it opens and the configuration, and must not move.
 */
#ifndef GATEWAY_EDGE_RUN_H
#define GATEWAY_EDGE_RUN_H

#include "gateway/edge/control.h"
#include "gateway/edge/login.h"
#include "gateway/edge/nets.h"
#include "gateway/edge/serial.h"
#include "gateway/edge/store.h"
#include "gateway/edge/tcp.h"
#include "gateway/edge/udp.h"
#include "gateway/edge/uplink.h"

#define GW_STOP_MS   800u /* a clean stop takes no longer */
#define GW_RUN_TWICE 16   /* pumps of one turn before descriptors are looked at again */

struct gw_run {
    struct conf *conf;
    const char *conf_path; /* where it came from; NULL: it is the built-in one */
    struct gw_log log;
    struct gw_loop loop;
    struct gw_nets nets;
    struct gw_wires wires;
    struct gw_certs certs;
    struct gw_tcp tcp;
    struct gw_login login;
    struct gw_control control;
    /* One for each listener in the configuration, unused where it is of another type. */
    struct gw_udp *udps;
    struct gw_serial *serials;
    struct gw_uplink *uplinks;
    struct gw_store *store; /* NULL: nothing is kept */
    struct event *heard;    /* the store's writer has something to say */
    struct event *signals[3];
    struct batch batch; /* the one with the writer */
    bool batch_out;
    struct gw_fetch fetch; /* rows that are asked for, or heard */
    unsigned stops;        /* signals to end, so far */
    bool reload;           /* SIGHUP came */
    bool stopping;
    uint64_t stop_by_ms;
};

/* Opens everything, restores what was kept; `conf` is the run's from now on, its file `conf_path`
 * is read anew at a reload. False: one line that says why not, and after gw_run_stop nothing is
 * left open. */
bool gw_run_start(struct gw_run *run, struct conf *conf, const char *conf_path,
                  struct gw_fault *fault);

/* Until SIGINT or SIGTERM, and then a clean stop; a second signal ends it at once. */
void gw_run_serve(struct gw_run *run);

/* Closes everything, the store last. */
void gw_run_stop(struct gw_run *run);

/* One turn: pumps the hub, writes its log, hands over records, drains all outputs. */
void gw_turn(struct gw_run *run);

#endif
