#include "gateway/edge/run.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/edge/clock.h"

/* --- events of our own ----------------------------------------------------------------------- */

static void on_end(evutil_socket_t signal, short what, void *arg)
{
    struct gw_run *run = arg;

    (void)signal;
    (void)what;
    run->stops++;
}

static void on_hangup(evutil_socket_t signal, short what, void *arg)
{
    struct gw_run *run = arg;

    (void)signal;
    (void)what;
    run->reload = true;
}

static void on_heard(evutil_socket_t fd, short what, void *arg)
{
    struct gw_run *run = arg;
    struct gw_store_word word;

    (void)fd;
    (void)what;
    while (gw_store_hear(run->store, &word)) {
        if (word.fetched != NULL) {
            hub_fetched(run->loop.hub, run->fetch.rows, run->fetch.got, gw_loop_now(&run->loop));
            gw_fetch_end(&run->fetch);
            continue;
        }
        if (word.note != NULL) {
            gw_log(&run->log, CONF_ERROR, "store", "%s", word.note);
            continue;
        }
        if (word.kept != NULL) {
            run->batch_out = false;
            hub_kept(run->loop.hub, word.kept, gw_loop_now(&run->loop));
        }
        if (word.cause != NULL) {
            hub_not_kept(run->loop.hub, word.cause);
        } else {
            hub_store_works(run->loop.hub, word.full, gw_loop_now(&run->loop));
        }
    }
}

static bool open_signals(struct gw_run *run, struct gw_fault *fault)
{
    struct event_base *base = run->loop.base;

    run->signals[0] = evsignal_new(base, SIGINT, on_end, run);
    run->signals[1] = evsignal_new(base, SIGTERM, on_end, run);
    run->signals[2] = evsignal_new(base, SIGHUP, on_hangup, run);
    for (size_t i = 0; i < 3; i++) {
        if (run->signals[i] == NULL || event_add(run->signals[i], NULL) != 0) {
            return gw_fail(fault, "signals: no memory");
        }
    }
    return signal(SIGPIPE, SIG_IGN) != SIG_ERR || gw_fail(fault, "SIGPIPE: %s", strerror(errno));
}

/* --- store and hub --------------------------------------------------------------------------- */

static bool is_kept(const struct conf_store *conf)
{
    return conf->durability != CONF_DURABILITY_NONE && strcmp(conf->path, "none") != 0;
}

static bool open_store(struct gw_run *run, struct gw_fault *fault)
{
    const struct conf_store *conf = &run->conf->store;
    struct gw_store_setup setup = {.path = conf->path,
                                   .relaxed = conf->durability == CONF_RELAXED,
                                   .max = conf->max,
                                   .min_free = conf->min_free};
    struct gw_fault note;

    if (!is_kept(conf)) {
        gw_log(&run->log, CONF_INFO, "store", "memory only: nothing survives a restart");
        return true;
    }
    run->store = gw_store_open(&setup, &note, fault);
    if (run->store == NULL) {
        return false;
    }
    if (note.text[0] != '\0') {
        gw_log(&run->log, CONF_ERROR, "store", "%s", note.text);
    }
    run->heard =
        event_new(run->loop.base, gw_store_fd(run->store), EV_READ | EV_PERSIST, on_heard, run);
    return (run->heard != NULL && event_add(run->heard, NULL) == 0) ||
           gw_fail(fault, "store: no memory");
}

static void restore(struct gw_run *run)
{
    struct hub *hub = run->loop.hub;
    struct record record;
    uint64_t total = 0;
    uint64_t lost = 0;

    while (run->store != NULL && gw_store_next(run->store, &record)) {
        total++;
        lost += hub_restore(hub, &record, gw_loop_now(&run->loop)) ? 0 : 1;
    }
    hub_restored(hub, gw_loop_now(&run->loop));
    if (run->store == NULL) {
        return;
    }
    gw_log(&run->log, CONF_INFO, "store", "%s: %" PRIu64 " records", run->conf->store.path, total);
    if (lost != 0) {
        gw_log(&run->log, CONF_WARNING, "store", "%" PRIu64 " records do not fit and are left out",
               lost);
    }
    if (gw_store_trouble(run->store) != NULL) {
        gw_log(&run->log, CONF_ERROR, "store", "not all could be read: %s",
               gw_store_trouble(run->store));
    }
}

static bool open_hub(struct gw_run *run, struct gw_fault *fault)
{
    struct hub_setup setup = {.conf = run->conf,
                              .seed = gw_clock_seed(),
                              .wall_ms = gw_clock_wall_offset_ms(),
                              .stored = run->store != NULL};

    run->loop.hub = hub_new(&setup, gw_loop_now(&run->loop));
    if (run->loop.hub == NULL) {
        return gw_fail(fault, "no memory for what [limits] asks");
    }
    run->loop.budget = hub_budget(run->loop.hub);
    return true;
}

/* --- descriptors ----------------------------------------------------------------------------- */

static bool open_nets(struct gw_run *run, struct gw_fault *fault)
{
    run->loop.nets = &run->nets;
    return gw_nets_init(&run->nets, run->loop.base, fault);
}

static bool open_datagrams(struct gw_run *run, struct gw_fault *fault)
{
    const struct conf *conf = run->conf;

    for (size_t i = 0; i < conf->listener_count; i++) {
        if (conf->listener[i].type == CONF_UDP &&
            !gw_udp_init(&run->udps[i], &run->loop, (uint16_t)i, &conf->listener[i], fault)) {
            return false;
        }
    }
    return gw_tcp_init(&run->tcp, &run->wires, &run->certs, conf, fault);
}

static bool open_lines(struct gw_run *run, struct gw_fault *fault)
{
    const struct conf *conf = run->conf;

    for (size_t i = 0; i < conf->listener_count; i++) {
        if ((conf->listener[i].type == CONF_SERIAL || conf->listener[i].type == CONF_RS485) &&
            !gw_serial_init(&run->serials[i], &run->loop, (uint16_t)i, &conf->listener[i], fault)) {
            return false;
        }
    }
    run->uplinks = reserve((hub_uplink_places(run->loop.hub) + 1) * sizeof *run->uplinks);
    return run->uplinks != NULL || gw_fail(fault, "no memory");
}

/* After the ports, which may be privileged; before the store, which is the user's. Groups that the
 * user has (dialout) come along. */
static bool become(const struct conf_gateway *conf, struct gw_fault *fault)
{
    const struct passwd *user = NULL;

    if (conf->user == NULL || getuid() != 0) {
        return true;
    }
    user = getpwnam(conf->user);
    if (user == NULL) {
        return gw_fail(fault, "%s:%" PRIu64 ": [gateway] user: there is no user %s", conf->at.file,
                       conf->at.line, conf->user);
    }
    if (initgroups(conf->user, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
        setuid(user->pw_uid) != 0) {
        return gw_fail(fault, "cannot become user %s: %s", conf->user, strerror(errno));
    }
    return true;
}

static bool make_room(struct gw_run *run, struct gw_fault *fault)
{
    run->udps = calloc(run->conf->listener_count + 1, sizeof *run->udps);
    run->serials = calloc(run->conf->listener_count + 1, sizeof *run->serials);
    return (run->udps != NULL && run->serials != NULL) || gw_fail(fault, "no memory");
}

bool gw_run_start(struct gw_run *run, struct conf *conf, const char *conf_path,
                  struct gw_fault *fault)
{
    *run = (struct gw_run){.conf = conf, .conf_path = conf_path, .nets = {.fd = -1}};
    (void)gw_loop_raise_files();
    if (!gw_log_init(&run->log, &conf->log, fault) || !gw_loop_init(&run->loop, &run->log, fault) ||
        !open_nets(run, fault) || !gw_wires_init(&run->wires, &run->loop, fault) ||
        !make_room(run, fault) || !open_datagrams(run, fault) || !become(&conf->gateway, fault) ||
        !gw_certs_init(&run->certs, &run->loop, conf, fault) || !open_store(run, fault) ||
        !open_hub(run, fault)) {
        return false;
    }
    restore(run);
    return gw_login_init(&run->login, &run->loop, fault) && open_lines(run, fault) &&
           open_signals(run, fault) &&
           gw_control_init(&run->control, run, conf->gateway.control, fault);
}

/* --- the end --------------------------------------------------------------------------------- */

static void close_descriptors(struct gw_run *run)
{
    gw_control_fini(&run->control);
    for (size_t i = 0; run->uplinks != NULL && i < hub_uplink_places(run->loop.hub); i++) {
        gw_uplink_fini(&run->uplinks[i]);
    }
    for (size_t i = 0; run->udps != NULL && i < run->conf->listener_count; i++) {
        gw_udp_fini(&run->udps[i]);
    }
    for (size_t i = 0; run->serials != NULL && i < run->conf->listener_count; i++) {
        gw_serial_fini(&run->serials[i]);
    }
    gw_nets_fini(&run->nets);
    gw_tcp_fini(&run->tcp);
    gw_certs_fini(&run->certs);
    gw_wires_fini(&run->wires);
    if (run->login.loop != NULL) {
        gw_login_fini(&run->login);
    }
}

static void free_event(struct event *event)
{
    if (event != NULL) {
        event_free(event);
    }
}

void gw_run_stop(struct gw_run *run)
{
    close_descriptors(run);
    free_event(run->heard);
    for (size_t i = 0; i < 3; i++) {
        free_event(run->signals[i]);
    }
    if (run->loop.base != NULL) {
        /* A look-up that was cancelled is freed by an event of its own. */
        (void)event_base_loop(run->loop.base, EVLOOP_NONBLOCK);
    }
    gw_store_close(run->store);
    gw_fetch_end(&run->fetch);
    if (run->batch_out) {
        hub_kept(run->loop.hub, &run->batch, gw_loop_now(&run->loop)); /* gives its blocks back */
    }
    hub_free(run->loop.hub);
    gw_loop_fini(&run->loop);
    free(run->udps);
    free(run->serials);
    release(run->uplinks);
    gw_log_fini(&run->log);
    conf_free(run->conf);
}
