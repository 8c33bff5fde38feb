/* gateway/hub/uplink.c - life of the uplinks: made, started, dialled, stopped. */
#include "gateway/hub/uplink.h"

#include "base/text.h"
#include "gateway/hub/far.h"
#include "gateway/hub/mould.h"
#include "gateway/hub/rules.h"
#include "gateway/hub/say.h"
#include "gateway/hub/uplink_lost.h"
#include "gateway/hub/uplink_way.h"
#include "mqtt/op.h"
#include "mqtt/queue.h"

static struct span span_or_none(const char *text)
{
    return text == NULL ? (struct span){NULL, 0} : span_of_text(text);
}

struct mqtt_client_config hub_uplink_config(const struct conf *all,
                                            const struct conf_upstream *conf)
{
    return (struct mqtt_client_config){
        .client_id = span_of_text(conf->client_id),
        .username = span_or_none(conf->username),
        .password = span_or_none(conf->password.text),
        .will_topic = span_or_none(conf->will_topic),
        .will_payload = span_or_none(conf->will_payload),
        .keepalive_s = (uint16_t)conf->keepalive_s,
        .will_qos = (uint8_t)conf->will_qos,
        .will_retain = conf->will_retain,
        .clean = conf->clean_session,
        .bridge = conf->bridge_bit,
        .reconnect_least_ms = (uint32_t)conf->reconnect_ms.low,
        .reconnect_most_ms = (uint32_t)conf->reconnect_ms.high,
        .ack_timeout_ms = (uint32_t)conf->ack_timeout_ms,
        .max_packet = all->limits.max_packet,
    };
}

bool hub_uplinks_init(struct hub *hub, uint64_t seed, uint64_t now_ms)
{
    hub->uplink_count = hub->conf->upstream_count + hub_moulds_places(hub->conf);
    hub->uplinks = reserve((hub->uplink_count + 1) * sizeof *hub->uplinks);
    if (hub->uplinks == NULL) {
        return false;
    }
    for (size_t i = 0; i < hub->conf->upstream_count; i++) {
        hub->uplinks[i].conf = &hub->conf->upstream[i];
    }
    if (!hub_moulds_init(hub)) {
        return false;
    }
    for (size_t i = 0; i < hub->uplink_count; i++) {
        struct hub_uplink *up = &hub->uplinks[i];

        up->far = &up->own_far;
        hub_far_init(up->far);
        up->config = hub_uplink_config(hub->conf, up->conf);
        mqtt_client_init(&up->client, &up->config, &hub->sessions.budget, seed + i, now_ms);
        up->echo.seed = rng_next(&up->client.rng);
        hub_way_init(hub, up, now_ms);
    }
    return true;
}

void hub_uplinks_apply(struct hub *hub)
{
    for (size_t i = 0; i < hub->conf->upstream_count; i++) {
        hub->uplinks[i].conf = &hub->conf->upstream[i];
    }
    hub_moulds_apply(hub);
    for (size_t i = 0; i < hub->uplink_count; i++) {
        struct hub_uplink *up = &hub->uplinks[i];

        up->config = hub_uplink_config(hub->conf, up->conf);
        hub_uplink_login_lay(up);
    }
}

/* What was taken from the session and not sent goes back: a delivery is sent again with DUP. */
static void drop_held(struct hub_uplink *up)
{
    if (up->holds) {
        mqtt_op_drop(&up->held);
        up->holds = false;
    }
}

void hub_uplinks_fini(struct hub *hub)
{
    for (size_t i = 0; hub->uplinks != NULL && i < hub->uplink_count; i++) {
        drop_held(&hub->uplinks[i]);
        hub_far_fini(&hub->uplinks[i].own_far);
        hub_echo_fini(&hub->uplinks[i].echo);
        mqtt_client_fini(&hub->uplinks[i].client);
    }
    hub_moulds_fini(hub);
    release(hub->uplinks);
    hub->uplinks = NULL;
}

struct mqtt_opening hub_uplink_opening(struct hub_uplink *up)
{
    const struct conf_upstream *conf = up->conf;
    bool ages = conf->queue_age_ms != CONF_NONE;

    return (struct mqtt_opening){
        .door = MQTT_DOOR_UPSTREAM,
        .name = span_of_text(conf->at.name),
        .anew = conf->clean_session,
        .door_item = up,
        .quota = {.queued = (uint32_t)conf->queue_messages,
                  .queued_bytes = conf->queue_max,
                  .inflight = (uint16_t)conf->max_inflight,
                  .when_full = hub_when_full(conf->when_full),
                  .keeps_nothing = conf->queue_age_ms == 0,
                  .retain_as_published = true,
                  .no_echo = true,
                  .takes_nothing = hub_way_passes(up),
                  .is_mould = hub_uplink_is_mould(up),
                  .calls = up->mould != NULL,
                  .age_ms = ages ? conf->queue_age_ms : 0},
    };
}

static bool open_session(struct hub *hub, struct hub_uplink *up, uint64_t now_ms)
{
    struct mqtt_opening opening = hub_uplink_opening(up);

    up->session = mqtt_session_open(&hub->sessions, &opening, now_ms);
    return up->session != NULL;
}

void hub_uplinks_start(struct hub *hub, uint64_t now_ms)
{
    for (size_t i = 0; i < hub->conf->upstream_count; i++) {
        struct hub_uplink *up = &hub->uplinks[i];

        if (!open_session(hub, up, now_ms)) {
            continue;
        }
        hub_rules_apply(hub, up, now_ms);
        hub_far_start(hub, up->far, up->session, now_ms);
        mqtt_session_close(&hub->sessions, up->session, MQTT_END_PARTED, now_ms);
    }
    hub_moulds_start(hub, now_ms);
    hub_way_pump(hub, now_ms); /* who stands by is not dialled */
}

/* Connections that ended alike, said once in a row. */
static void say_pattern(struct hub *hub, const struct hub_uplink *up,
                        const struct mqtt_client_news *news)
{
    char text[120];
    struct writer w = writer_of((uint8_t *)text, sizeof text);

    if (news->pattern == MQTT_CLIENT_TAKEN) {
        write_text(&w, "another client uses this id, or the broker drops us: ");
        write_decimal(&w, MQTT_CLIENT_ROW);
        write_text(&w, " times cut within ");
        write_decimal(&w, (news->longest_ms + 999) / 1000);
        write_text(&w, " s");
    } else {
        write_text(&w, "connects and is cut before any answer, ");
        write_decimal(&w, MQTT_CLIENT_ROW);
        write_text(&w, " times: are port, id and rights there right?");
    }
    write_end(&w);
    hub_say(hub, &(struct hub_line_of_log){CONF_ERROR, "uplink", "no lasting connection to",
                                           span_of_text(up->conf->at.name), text});
}

/* Another url, where one does not serve: uplink_way.h. */
static void say_end(struct hub *hub, const struct hub_uplink *up,
                    const struct mqtt_client_news *news)
{
    bool ours = up->client.stopping || up->renewing;
    enum conf_level level = !ours ? CONF_WARNING : up->mould == NULL ? CONF_INFO : CONF_DEBUG;
    const char *what = ours ? "left" : up->online ? "lost" : "cannot reach";

    hub_way_say(hub, up, &(struct hub_line_of_log){level, "uplink", what, {NULL, 0}, news->cause});
    if (news->pattern != MQTT_CLIENT_NO_PATTERN) {
        say_pattern(hub, up, news);
    }
}

static void went_down(struct hub *hub, struct hub_uplink *up, const struct mqtt_client_news *news,
                      uint64_t now_ms)
{
    say_end(hub, up, news);
    drop_held(up);
    up->login = (struct hub_credentials){.good_ms = 0};
    up->renewing = false;
    up->config = hub_uplink_config(hub->conf, up->conf);
    hub_way_down(hub, up, news, now_ms);
    if (up->online) {
        up->online = false;
        mqtt_session_close(&hub->sessions, up->session, MQTT_END_PARTED, now_ms);
    }
    up->birth = false;
    up->farewell = false;
    up->dial = false;
    up->dial_waits = false;
    up->hangup = true;
}

static void went_online(struct hub *hub, struct hub_uplink *up, bool present, uint64_t now_ms)
{
    enum conf_level level = up->mould == NULL ? CONF_INFO : CONF_DEBUG; /* they come and go */

    hub_way_say(hub, up,
                &(struct hub_line_of_log){level,
                                          "uplink",
                                          "online with",
                                          {NULL, 0},
                                          present ? "its session was kept" : "a new session"});
    hub_far_online(hub, up, present, now_ms);
    up->online = open_session(hub, up, now_ms);
    if (!up->online) {
        mqtt_client_drop(&up->client, "no memory for its session", now_ms);
        return;
    }
    up->birth = up->conf->will_topic != NULL;
    up->told_skipped = false;
    hub_way_online(up, now_ms);
}

static void client_news(struct hub *hub, struct hub_uplink *up, const struct mqtt_client_news *news,
                        uint64_t now_ms)
{
    switch (news->kind) {
    case MQTT_CLIENT_DIAL: *(up->mould == NULL ? &up->dial : &up->dial_waits) = true; break;
    case MQTT_CLIENT_ONLINE: went_online(hub, up, news->present, now_ms); break;
    case MQTT_CLIENT_DOWN: went_down(hub, up, news, now_ms); break;
    default: hub_uplink_news(hub, up, news, now_ms); break;
    }
}

void hub_uplinks_pump(struct hub *hub, uint64_t now_ms)
{
    struct mqtt_client_news news;

    for (size_t i = 0; i < hub->uplink_count; i++) {
        while (mqtt_client_event(&hub->uplinks[i].client, &news, now_ms)) {
            client_news(hub, &hub->uplinks[i], &news, now_ms);
        }
    }
    hub_moulds_pump(hub, now_ms);
    hub_way_pump(hub, now_ms);
}

void hub_uplinks_have_room(struct hub *hub, uint64_t now_ms)
{
    for (size_t i = 0; i < hub->uplink_count; i++) {
        struct hub_uplink *up = &hub->uplinks[i];

        if (up->refused && up->online) {
            mqtt_client_drop(&up->client, "to get what was refused while the store was full",
                             now_ms);
        }
        up->refused = false;
    }
}

void hub_uplink_up(struct hub *hub, size_t i, uint64_t now_ms)
{
    mqtt_client_up(&hub->uplinks[i].client, now_ms);
}

void hub_uplink_moved(struct hub *hub, size_t i, uint64_t now_ms)
{
    mqtt_client_moved(&hub->uplinks[i].client, now_ms);
}

void hub_uplink_input(struct hub *hub, size_t i, struct span octets, uint64_t now_ms)
{
    struct mqtt_client_news news;

    while (mqtt_client_input(&hub->uplinks[i].client, &octets, &news, now_ms)) {
        client_news(hub, &hub->uplinks[i], &news, now_ms);
    }
}

void hub_uplink_down(struct hub *hub, size_t i, const char *cause, uint64_t now_ms)
{
    mqtt_client_down(&hub->uplinks[i].client, cause, now_ms);
    hub_uplinks_pump(hub, now_ms);
}

/* HANGUP before DIAL: the old socket is closed before the new one is asked for. */
static bool uplink_event(struct hub_uplink *up, struct hub_news *news)
{
    bool *told = up->hangup ? &up->hangup : &up->dial;

    if (!*told) {
        return false;
    }
    news->kind = up->hangup ? HUB_HANGUP : HUB_DIAL;
    news->url = up->url;
    *told = false;
    return true;
}

bool hub_uplinks_event(struct hub *hub, struct hub_news *news)
{
    for (size_t i = 0; i < hub->uplink_count; i++) {
        *news = (struct hub_news){.index = i};
        if (uplink_event(&hub->uplinks[i], news)) {
            return true;
        }
    }
    return false;
}

void hub_uplinks_tick(struct hub *hub, uint64_t now_ms)
{
    for (size_t i = 0; i < hub->uplink_count; i++) {
        hub_uplink_login_tick(&hub->uplinks[i], now_ms);
        mqtt_client_tick(&hub->uplinks[i].client, now_ms);
        if (hub_uplink_rate_due(&hub->uplinks[i]) <= now_ms) {
            hub->uplinks[i].rate_waits = false; /* its output is asked for in this turn */
        }
        if (hub->uplinks[i].session != NULL) { /* what is too old goes when it is, not when asked */
            (void)mqtt_queue_first(&hub->sessions, hub->uplinks[i].session, now_ms);
        }
    }
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t hub_uplinks_deadline(const struct hub *hub)
{
    uint64_t least = hub_moulds_deadline(hub);

    for (size_t i = 0; i < hub->uplink_count; i++) {
        const struct hub_uplink *up = &hub->uplinks[i];

        least = lesser(least, mqtt_client_deadline(&up->client));
        least = lesser(least, hub_lost_deadline(up));
        least = lesser(least, hub_uplink_login_due(up));
        least = lesser(least, hub_uplink_rate_due(up));
        least = lesser(least, up->client.pending.down ? 0 : hub_way_deadline(hub, up));
        if (up->session != NULL) {
            least = lesser(least, mqtt_queue_due(up->session));
        }
    }
    return least;
}

void hub_uplinks_stop(struct hub *hub, uint64_t now_ms)
{
    for (size_t i = 0; i < hub->uplink_count; i++) {
        struct hub_uplink *up = &hub->uplinks[i];

        if (up->session != NULL && up->mould == NULL) {
            hub_far_stop(hub, up->far, up->session, up->conf, now_ms);
        }
        hub_way_part(up, now_ms);
    }
    hub_moulds_stop(hub, now_ms);
}

bool hub_uplinks_are_stopped(const struct hub *hub)
{
    for (size_t i = 0; i < hub->uplink_count; i++) {
        if (hub->uplinks[i].client.state != MQTT_IDLE) {
            return false;
        }
    }
    return true;
}

size_t hub_uplink_count(const struct hub *hub)
{
    return hub->conf->upstream_count;
}

size_t hub_uplink_places(const struct hub *hub)
{
    return hub->uplink_count;
}

const struct conf_upstream *hub_uplink_conf(const struct hub *hub, size_t i)
{
    return hub->uplinks[i].conf;
}

size_t hub_uplink_section(const struct hub *hub, size_t i)
{
    const struct hub_uplink *up = &hub->uplinks[i];

    return up->mould == NULL ? i : (size_t)(up->mould->self - hub->uplinks);
}
