#include "gateway/edge/trial_parts.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/text.h"
#include "gateway/edge/clock.h"

/* What TLS, WebSocket and our few packets need at most. */
#define BUDGET ((size_t)16 * 1024 * 1024)

static struct gw_trial *trial_of(struct gw_wire *wire)
{
    return (struct gw_trial *)(void *)((char *)wire - offsetof(struct gw_trial, wire));
}

/* --- stages ---------------------------------------------------------------------------------- */

static enum gw_trial_step after_tls(const struct gw_trial *trial)
{
    return gw_way_has_ws(trial->setup->url->scheme) ? GW_TRIAL_WEBSOCKET : GW_TRIAL_CONNACK;
}

static enum gw_trial_step after_tcp(const struct gw_trial *trial)
{
    return gw_way_has_tls(trial->setup->url->scheme) ? GW_TRIAL_TLS : after_tls(trial);
}

static void say_alpn(struct gw_trial *trial, const struct gw_stage *stage)
{
    const char *chosen = gw_tls_alpn(stage);
    struct writer w = writer_of((uint8_t *)trial->text, sizeof trial->text);

    write_text(&w, chosen == NULL ? "the broker takes no notice of " : "the broker takes ");
    write_text(&w, trial->setup->upstream->alpn);
    write_end(&w);
    gw_trial_passed(trial, after_tls(trial), trial->text);
}

static void tls_is_up(struct gw_trial *trial)
{
    const struct gw_stage *stage = trial->wire.stages->at[0];
    bool has_alpn = trial->setup->upstream->alpn != NULL;

    gw_trial_passed(trial, has_alpn ? GW_TRIAL_ALPN : after_tls(trial),
                    gw_trial_say_tls(trial, stage));
    if (has_alpn) {
        say_alpn(trial, stage);
    }
}

static bool on_up(struct gw_wire *wire)
{
    struct gw_trial *trial = trial_of(wire);

    if (trial->step == GW_TRIAL_TLS) {
        tls_is_up(trial);
    } else if (trial->step == GW_TRIAL_WEBSOCKET) {
        gw_trial_passed(trial, GW_TRIAL_CONNACK, "the server speaks MQTT over WebSocket");
    }
    if (!gw_wire_is_up(wire)) {
        gw_loop_after(trial->late, GW_DIAL_STAGE_MS);
        return true;
    }
    (void)event_del(trial->late);
    if (!gw_trial_mqtt_begin(trial)) {
        gw_trial_failed(trial, "no memory");
    }
    return !trial->over;
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    gw_trial_failed(arg, "the server takes connections, and does not answer");
}

static void on_input(struct gw_wire *wire, struct span octets)
{
    gw_trial_mqtt_input(trial_of(wire), octets);
}

static void on_over(struct gw_wire *wire, const char *cause)
{
    struct gw_trial *trial = trial_of(wire);

    if (trial->over) {
        gw_wire_read(wire, false);
    } else if (trial->speaks) {
        gw_trial_mqtt_down(trial, cause);
    } else {
        gw_trial_failed(trial, cause != NULL ? cause : "closed by the other side");
    }
}

/* --- the way to the socket ------------------------------------------------------------------- */

/* The steps of the dial that are behind, told now with the times that it noted. */
static void tell_dialled(struct gw_trial *trial, int fd)
{
    const uint64_t *entered_ms = trial->dial.entered_ms;
    uint64_t now_ms = gw_clock_ms();

    if (entered_ms[GW_DIAL_TCP] == 0) {
        return;
    }
    trial->since_ms += now_ms - entered_ms[GW_DIAL_TCP];
    gw_trial_passed(trial, GW_TRIAL_TCP, gw_trial_say_name(trial));
    trial->since_ms = entered_ms[GW_DIAL_TCP];
    if (entered_ms[GW_DIAL_PROXY] != 0) {
        trial->since_ms += now_ms - entered_ms[GW_DIAL_PROXY];
        gw_trial_passed(trial, GW_TRIAL_PROXY, "connected to the proxy");
        trial->since_ms = entered_ms[GW_DIAL_PROXY];
    }
    if (fd >= 0) {
        gw_trial_passed(trial, after_tcp(trial),
                        trial->step == GW_TRIAL_PROXY ? "the proxy lets us through"
                                                      : gw_trial_say_tcp(trial, fd));
    }
}

static void on_dialled(void *arg, int fd, const char *cause)
{
    struct gw_trial *trial = arg;
    struct writer w = writer_of((uint8_t *)trial->refused_text, sizeof trial->refused_text);

    write_text(&w, cause == NULL ? "" : cause); /* it may lie in what is told before */
    write_end(&w);
    tell_dialled(trial, fd);
    if (fd < 0) {
        gw_trial_failed(trial, trial->refused_text);
    } else if (!gw_wire_init(&trial->wire, &trial->user, fd)) {
        gw_trial_failed(trial, "no memory");
    } else if (!gw_way_raise(&trial->wire, trial->setup->url, trial->tls)) {
        gw_trial_failed(trial, strerrordesc_np(errno));
    } else if (gw_wire_is_up(&trial->wire)) {
        (void)on_up(&trial->wire);
    } else {
        gw_loop_after(trial->late, GW_DIAL_STAGE_MS);
    }
}

static void dial(struct gw_trial *trial)
{
    const struct conf_url *url = trial->setup->url;

    gw_dial_start_by(&trial->dial, &trial->setup->upstream->proxy, url->host, url->port);
}

/* --- the login ------------------------------------------------------------------------------- */

/* A login that the cloud wants made from a key; true where there is none to make. */
static bool make_login(struct gw_trial *trial, const struct conf_upstream *upstream)
{
    uint64_t now_ms = gw_loop_now(&trial->loop);
    struct gw_token_moment moment = {
        .wall_ms = now_ms + (uint64_t)gw_clock_wall_offset_ms(),
        .chance = gw_clock_seed(),
        .is_tls = gw_way_has_tls(trial->setup->url->scheme),
    };
    struct gw_fault fault;

    if (gw_token_is_made(upstream) && !gw_token_make(&trial->token, upstream, &moment, &fault)) {
        gw_trial_failed(trial, fault.text);
        return false;
    }
    return true;
}

static void on_command(void *arg, struct span secret, const char *cause)
{
    struct gw_trial *trial = arg;
    struct conf_upstream upstream = *trial->setup->upstream;

    if (cause != NULL) {
        gw_trial_failed(trial, cause);
        return;
    }
    upstream.password.text = (const char *)secret.at;
    if (make_login(trial, &upstream)) {
        gw_trial_passed(trial, GW_TRIAL_NAME, "the command printed one");
        dial(trial);
    }
}

static void begin(struct gw_trial *trial)
{
    const struct conf_upstream *upstream = trial->setup->upstream;
    const char *source = upstream->password.source;
    struct gw_fault fault;

    trial->since_ms = gw_loop_now(&trial->loop);
    if (gw_way_has_tls(trial->setup->url->scheme)) {
        trial->step = GW_TRIAL_TLS;
        trial->tls = gw_tls_setup_client(upstream, NULL, &fault);
        if (trial->tls == NULL) {
            gw_trial_failed(trial, fault.text);
            return;
        }
        gw_tls_setup_watch(trial->tls, &trial->peer);
    }
    trial->step = GW_TRIAL_PASSWORD;
    if (source != NULL && strncmp(source, "command:", 8) == 0) {
        gw_command_start(&trial->command, source + 8);
    } else if (make_login(trial, upstream)) {
        trial->step = GW_TRIAL_NAME;
        dial(trial);
    }
}

/* --- the loop -------------------------------------------------------------------------------- */

static bool init(struct gw_trial *trial, struct gw_fault *fault)
{
    if (!gw_loop_init(&trial->loop, &trial->log, fault)) {
        return false;
    }
    trial->loop.budget = &trial->budget;
    trial->user = (struct gw_wire_user){
        .wires = &trial->wires, .up = on_up, .input = on_input, .over = on_over};
    trial->late = evtimer_new(trial->loop.base, on_late, trial);
    gw_command_init(&trial->command, &trial->loop, on_command, trial);
    return gw_wires_init(&trial->wires, &trial->loop, fault) && trial->late != NULL &&
           gw_dial_init(&trial->dial, &trial->loop, on_dialled, trial);
}

static void turns(struct gw_trial *trial)
{
    begin(trial);
    while (!trial->over) {
        gw_loop_wait(&trial->loop,
                     trial->speaks ? mqtt_client_deadline(&trial->client) : UINT64_MAX);
        gw_trial_mqtt_turn(trial);
    }
    if (trial->speaks && trial->wire.user != NULL) {
        gw_wire_part(&trial->wire);
    }
}

static void fini(struct gw_trial *trial)
{
    gw_wire_fini(&trial->wire);
    gw_dial_fini(&trial->dial);
    gw_command_fini(&trial->command);
    gw_wires_fini(&trial->wires);
    if (trial->speaks) {
        mqtt_client_fini(&trial->client);
    }
    if (trial->late != NULL) {
        event_free(trial->late);
    }
    if (trial->loop.base != NULL) {
        /* A look-up that was cancelled is freed by an event of its own. */
        (void)event_base_loop(trial->loop.base, EVLOOP_NONBLOCK);
    }
    gw_tls_setup_drop(trial->tls);
    gw_token_wipe(&trial->token);
    free(trial->filters);
    gw_loop_fini(&trial->loop);
}

bool gw_trial_run(const struct gw_trial_setup *setup)
{
    struct gw_trial *trial = calloc(1, sizeof *trial);
    struct gw_fault fault = {"no memory"};
    bool good = false;

    if (trial == NULL) {
        return false;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    *trial = (struct gw_trial){.setup = setup, .budget = {.limit = BUDGET}, .log = {.fd = -1}};
    if (init(trial, &fault)) {
        turns(trial);
    } else {
        gw_trial_failed(trial, fault.text);
    }
    good = trial->good;
    fini(trial);
    free(trial);
    return good;
}
