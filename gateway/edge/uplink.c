#include "gateway/edge/uplink.h"

#include <errno.h>

#include "base/text.h"
#include "gateway/edge/clock.h"
#include "gateway/edge/way.h"

static struct gw_uplink *uplink_of(struct gw_wire *wire)
{
    return (struct gw_uplink *)(void *)((char *)wire - offsetof(struct gw_uplink, wire));
}

void gw_uplink_hang_up(struct gw_uplink *uplink)
{
    gw_dial_stop(&uplink->dial);
    if (uplink->late != NULL) {
        (void)event_del(uplink->late);
    }
    gw_wire_fini(&uplink->wire);
    gw_command_stop(&uplink->command);
    gw_token_wipe(&uplink->token);
    gw_tls_setup_drop(uplink->own);
    uplink->own = NULL;
    uplink->connected = false;
}

/* The cause may lie in a stage, which ends here. */
static void lose(struct gw_uplink *uplink, const char *cause)
{
    struct writer w = writer_of((uint8_t *)uplink->cause, sizeof uplink->cause);

    write_text(&w, cause);
    write_end(&w);
    hub_uplink_down(uplink->loop->hub, uplink->index, uplink->cause, gw_loop_now(uplink->loop));
    gw_uplink_hang_up(uplink);
    uplink->loop->again = true;
}

static void on_input(struct gw_wire *wire, struct span octets)
{
    struct gw_uplink *uplink = uplink_of(wire);

    hub_uplink_input(uplink->loop->hub, uplink->index, octets, gw_loop_now(uplink->loop));
}

static void on_moved(struct gw_wire *wire)
{
    struct gw_uplink *uplink = uplink_of(wire); /* gw_uplink_output looks itself for what is next */

    hub_uplink_moved(uplink->loop->hub, uplink->index, gw_loop_now(uplink->loop));
}

static void on_over(struct gw_wire *wire, const char *cause)
{
    lose(uplink_of(wire), cause != NULL ? cause : "closed by the other side");
}

/* For the next stage: its own time, and that of all. */
static void give_time(struct gw_uplink *uplink)
{
    uint64_t now_ms = gw_loop_now(uplink->loop);
    uint64_t left_ms = uplink->dial.end_ms > now_ms ? uplink->dial.end_ms - now_ms : 0;

    gw_loop_after(uplink->late, left_ms < GW_DIAL_STAGE_MS ? left_ms : GW_DIAL_STAGE_MS);
}

static bool on_up(struct gw_wire *wire)
{
    struct gw_uplink *uplink = uplink_of(wire);

    if (!gw_wire_is_up(wire)) {
        give_time(uplink);
    } else {
        (void)event_del(uplink->late);
        uplink->connected = true;
        hub_uplink_up(uplink->loop->hub, uplink->index, gw_loop_now(uplink->loop));
    }
    return true;
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    lose(arg, "the server takes connections, and does not answer");
}

/* Of its section, or its own. False: it is lost. */
static bool find_setup(struct gw_uplink *uplink, struct gw_tls_setup **setup)
{
    size_t section = hub_uplink_section(uplink->loop->hub, uplink->index);
    struct gw_fault fault;

    *setup = gw_certs_upstream(uplink->certs, section);
    if (*setup == NULL && gw_way_has_tls(uplink->to->scheme)) {
        uplink->own = gw_certs_own(uplink->certs, uplink->conf, &fault);
        *setup = uplink->own;
        if (*setup == NULL) {
            lose(uplink, fault.text);
            return false;
        }
    }
    return true;
}

static void on_dialled(void *arg, int fd, const char *cause)
{
    struct gw_uplink *uplink = arg;
    struct gw_tls_setup *setup = NULL;

    if (fd < 0) {
        lose(uplink, cause);
        return;
    }
    if (!gw_wire_init(&uplink->wire, &uplink->user, fd)) {
        lose(uplink, "no memory");
        return;
    }
    if (!find_setup(uplink, &setup)) {
        return;
    }
    if (!gw_way_raise(&uplink->wire, uplink->to, setup)) {
        lose(uplink, strerrordesc_np(errno));
    } else if (gw_wire_is_up(&uplink->wire)) {
        (void)on_up(&uplink->wire);
    } else {
        give_time(uplink);
    }
}

/* What is as the file has it goes up from there, which a reload may move. */
static struct span unless_configured(struct span made, const char *configured)
{
    return configured != NULL && made.at == (const uint8_t *)configured ? (struct span){NULL, 0}
                                                                        : made;
}

/* Where the preset has one made, by the key in `conf`. */
static bool make_login(struct gw_uplink *uplink, const struct conf_upstream *conf)
{
    struct gw_loop *loop = uplink->loop;
    uint64_t now_ms = gw_loop_now(loop);
    struct gw_token_moment moment = {
        .wall_ms = now_ms + (uint64_t)gw_clock_wall_offset_ms(),
        .chance = gw_clock_seed(),
        .is_tls = gw_way_has_tls(uplink->to->scheme),
    };
    struct hub_credentials login;
    struct gw_fault fault;

    if (!gw_token_make(&uplink->token, conf, &moment, &fault)) {
        lose(uplink, fault.text);
        return false;
    }
    login = uplink->token.login;
    login.client_id = unless_configured(login.client_id, conf->client_id);
    login.username = unless_configured(login.username, conf->username);
    hub_uplink_login(loop->hub, uplink->index, &login, now_ms);
    return true;
}

static void start_dial(struct gw_uplink *uplink)
{
    gw_dial_start_by(&uplink->dial, &uplink->conf->proxy, uplink->to->host, uplink->to->port);
}

/* The command's cause, with the place where it stands. */
static void lose_by_command(struct gw_uplink *uplink, const char *cause)
{
    char text[sizeof uplink->cause];
    struct writer w = writer_of((uint8_t *)text, sizeof text);

    write_text(&w, uplink->conf->at.file);
    write_text(&w, ":");
    write_decimal(&w, uplink->password_line);
    write_text(&w, ": password: ");
    write_text(&w, cause);
    write_end(&w);
    lose(uplink, text);
}

/* What it prints is the password, or the key that the preset makes one from. */
static void on_command(void *arg, struct span secret, const char *cause)
{
    struct gw_uplink *uplink = arg;
    struct conf_upstream conf = *uplink->conf;
    struct hub_credentials login = {.password = secret};

    if (cause != NULL) {
        lose_by_command(uplink, cause);
        return;
    }
    conf.password.text = (const char *)secret.at;
    if (!gw_token_is_made(&conf)) {
        hub_uplink_login(uplink->loop->hub, uplink->index, &login, gw_loop_now(uplink->loop));
        start_dial(uplink);
    } else if (make_login(uplink, &conf)) {
        gw_command_wipe(&uplink->command);
        start_dial(uplink);
    }
}

static const char *command_of(const struct conf_upstream *conf)
{
    const char *source = conf->password.source;

    return source != NULL && strncmp(source, "command:", 8) == 0 ? source + 8 : NULL;
}

void gw_uplink_dial(struct gw_uplink *uplink, const struct conf *conf, size_t url)
{
    size_t section = hub_uplink_section(uplink->loop->hub, uplink->index);
    const char *command = NULL;

    gw_uplink_hang_up(uplink);
    uplink->conf = hub_uplink_conf(uplink->loop->hub, uplink->index);
    uplink->password_line = conf_line_of(conf, &conf->upstream[section].at, "password");
    command = command_of(uplink->conf);
    uplink->url = url;
    uplink->to = &uplink->conf->url.at[url];
    if (command != NULL) {
        gw_command_start(&uplink->command, command);
    } else if (!gw_token_is_made(uplink->conf) || make_login(uplink, uplink->conf)) {
        start_dial(uplink);
    }
}

/* False: there is nothing, or nothing goes now. */
static bool send_one(struct gw_uplink *uplink)
{
    struct gw_loop *loop = uplink->loop;
    struct mqtt_out out;

    if (!uplink->connected || gw_wire_waits(&uplink->wire) ||
        !hub_uplink_output(loop->hub, uplink->index, &out, loop->scratch, gw_loop_now(loop))) {
        return false;
    }
    if (gw_wire_send(&uplink->wire, &out) == GW_SENT_BROKEN) {
        lose(uplink, strerrordesc_np(errno));
        return false;
    }
    gw_command_wipe(&uplink->command); /* the first was CONNECT */
    if (out.close) {
        gw_wire_part(&uplink->wire);
        lose(uplink, "closed");
    }
    return true;
}

void gw_uplink_output(struct gw_uplink *uplink)
{
    unsigned count = 0;

    while (count < GW_UPLINK_OUTPUTS && send_one(uplink)) {
        count++;
    }
    uplink->loop->again |= count == GW_UPLINK_OUTPUTS;
}

bool gw_uplink_init(struct gw_uplink *uplink, struct gw_wires *wires, struct gw_certs *certs,
                    size_t index)
{
    *uplink = (struct gw_uplink){.loop = wires->loop, .certs = certs, .index = index};
    uplink->user = (struct gw_wire_user){
        .wires = wires, .up = on_up, .input = on_input, .moved = on_moved, .over = on_over};
    gw_command_init(&uplink->command, wires->loop, on_command, uplink);
    uplink->late = evtimer_new(wires->loop->base, on_late, uplink);
    return uplink->late != NULL && gw_dial_init(&uplink->dial, wires->loop, on_dialled, uplink);
}

void gw_uplink_use(struct gw_uplink *uplink, const struct conf *conf)
{
    size_t section = hub_uplink_section(uplink->loop->hub, uplink->index);
    const struct conf_upstream *next = hub_uplink_conf(uplink->loop->hub, uplink->index);

    if (uplink->to != NULL) {
        uplink->to = &next->url.at[uplink->url];
        uplink->dial.host = next->proxy.kind == CONF_NO_PROXY ? uplink->to->host : next->proxy.host;
    }
    uplink->conf = next;
    uplink->password_line = conf_line_of(conf, &conf->upstream[section].at, "password");
}

void gw_uplink_fini(struct gw_uplink *uplink)
{
    if (uplink->loop != NULL) {
        gw_uplink_hang_up(uplink);
        gw_dial_fini(&uplink->dial);
        gw_command_fini(&uplink->command);
    }
    if (uplink->late != NULL) {
        event_free(uplink->late);
    }
    *uplink = (struct gw_uplink){.loop = NULL};
}
