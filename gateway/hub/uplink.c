/* gateway/hub/uplink.c - life of the uplinks: made, started, dialled, stopped. */
#include "gateway/hub/uplink.h"

#include "gateway/hub/say.h"
#include "mqtt/op.h"

#define RULE_EXCLUDE UINT16_MAX
#define FILTER_MOST  8192u /* octets: a line of the configuration has no more */

static struct span span_or_none(const char *text)
{
    return text == NULL ? (struct span){NULL, 0} : span_of_text(text);
}

static struct mqtt_client_config config_of(const struct hub *hub, const struct conf_upstream *conf)
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
        .reconnect_least_ms = (uint32_t)conf->reconnect_ms.low,
        .reconnect_most_ms = (uint32_t)conf->reconnect_ms.high,
        .ack_timeout_ms = (uint32_t)conf->ack_timeout_ms,
        .max_packet = hub->conf->limits.max_packet,
    };
}

bool hub_uplinks_init(struct hub *hub, uint64_t seed, uint64_t now_ms)
{
    hub->uplink_count = hub->conf->upstream_count;
    hub->uplinks = reserve((hub->uplink_count + 1) * sizeof *hub->uplinks);
    if (hub->uplinks == NULL) {
        return false;
    }
    for (size_t i = 0; i < hub->uplink_count; i++) {
        struct hub_uplink *up = &hub->uplinks[i];

        up->conf = &hub->conf->upstream[i];
        up->config = config_of(hub, up->conf);
        mqtt_client_init(&up->client, &up->config, &hub->sessions.budget, seed + i, now_ms);
    }
    return true;
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
        mqtt_client_fini(&hub->uplinks[i].client);
    }
    release(hub->uplinks);
    hub->uplinks = NULL;
}

static uint8_t retain_option(enum conf_retain rule, enum conf_retain upstream)
{
    static const uint8_t options[] = {[CONF_RETAIN_UNSET] = MQTT_SUB_RETAIN_KEEP,
                                      [CONF_RETAIN_KEEP] = MQTT_SUB_RETAIN_KEEP,
                                      [CONF_RETAIN_STRIP] = MQTT_SUB_RETAIN_STRIP,
                                      [CONF_RETAIN_SET] = MQTT_SUB_RETAIN_SET};

    return options[rule == CONF_RETAIN_UNSET ? upstream : rule];
}

static struct mqtt_subscribing subscribing_of(const struct conf_upstream *conf, size_t i)
{
    const struct conf_rule *rule = &conf->send.at[i];
    uint64_t qos_max = conf->qos_max;
    uint64_t ttl_ms = rule->ttl_ms < conf->queue_age_ms ? rule->ttl_ms : conf->queue_age_ms;
    struct mqtt_subscribing sub = {.filter = span_of_text(rule->filter),
                                   .qos = (uint8_t)qos_max,
                                   .options = retain_option(rule->retain, conf->retain),
                                   .rule = (uint16_t)(i + 1),
                                   .ttl_ms = ttl_ms == CONF_NONE ? 0 : ttl_ms};

    if (rule->qos != CONF_QOS_UNSET) {
        sub.qos = (uint8_t)(rule->qos < qos_max ? rule->qos : qos_max);
        sub.options |= MQTT_SUB_FIXED_QOS;
    }
    return sub;
}

static bool is_rule(const struct conf_upstream *conf, struct span filter)
{
    for (size_t i = 0; i < conf->send.count; i++) {
        if (span_equal(span_of_text(conf->send.at[i].filter), filter)) {
            return true;
        }
    }
    for (size_t i = 0; i < conf->exclude.count; i++) {
        if (span_equal(span_of_text(conf->exclude.at[i]), filter)) {
            return true;
        }
    }
    return false;
}

/* Drops stored subscriptions that no rule asks for any more. */
static void unsubscribe_old(struct hub *hub, struct hub_uplink *up, uint64_t now_ms)
{
    uint8_t room[FILTER_MOST];
    uint64_t ticket = 0;

    LIST_EACH_SAFE (link, after, &up->session->subscriptions) {
        struct mqtt_subscription *sub = LIST_ITEM(link, struct mqtt_subscription, in_session);
        struct writer w = writer_of(room, sizeof room);

        mqtt_branch_write(sub->branch, &w);
        if (!is_rule(up->conf, span_of(room, written(&w)))) {
            mqtt_session_unsubscribe(&hub->sessions, up->session, span_of(room, written(&w)),
                                     &ticket, now_ms);
        }
    }
}

static bool has_filter(const struct hub *hub, const struct hub_uplink *up, struct span filter)
{
    return mqtt_tree_find(&hub->sessions.tree, filter, up->session, &up->session->subscriptions) !=
           NULL;
}

/* The first of two with the same filter counts, and what is excluded before any. */
static bool is_repeated(const struct conf_upstream *conf, size_t i)
{
    for (size_t exclude = 0; exclude < conf->exclude.count; exclude++) {
        if (strcmp(conf->exclude.at[exclude], conf->send.at[i].filter) == 0) {
            return true;
        }
    }
    for (size_t earlier = 0; earlier < i; earlier++) {
        if (strcmp(conf->send.at[earlier].filter, conf->send.at[i].filter) == 0) {
            return true;
        }
    }
    return false;
}

/* What is excluded goes in first, then rules in file order: retained messages go up once, by the
 * first rule that fits, and only when a rule is new. */
static void subscribe_rules(struct hub *hub, struct hub_uplink *up, uint64_t now_ms)
{
    uint64_t ticket = 0;

    for (size_t i = 0; i < up->conf->exclude.count; i++) {
        struct mqtt_subscribing sub = {.filter = span_of_text(up->conf->exclude.at[i]),
                                       .options = MQTT_SUB_EXCLUDE,
                                       .rule = RULE_EXCLUDE,
                                       .no_retained = true};

        mqtt_session_subscribe(&hub->sessions, up->session, &sub, &ticket, now_ms);
    }
    for (size_t i = 0; i < up->conf->send.count; i++) {
        struct mqtt_subscribing sub = subscribing_of(up->conf, i);

        sub.no_retained = has_filter(hub, up, sub.filter);
        if (!is_repeated(up->conf, i)) {
            mqtt_session_subscribe(&hub->sessions, up->session, &sub, &ticket, now_ms);
        }
    }
}

static struct mqtt_opening opening_of(struct hub_uplink *up)
{
    static const uint8_t when_full[] = {[CONF_DROP_OLDEST] = MQTT_DROP_OLDEST,
                                        [CONF_DROP_NEWEST] = MQTT_DROP_NEWEST,
                                        [CONF_DROP_QOS0_FIRST] = MQTT_DROP_QOS0_FIRST};
    const struct conf_upstream *conf = up->conf;
    uint64_t octets = conf->queue_max < UINT32_MAX ? conf->queue_max : UINT32_MAX;

    return (struct mqtt_opening){
        .door = MQTT_DOOR_UPSTREAM,
        .name = span_of_text(conf->at.name),
        .door_item = up,
        .quota = {.queued = (uint32_t)conf->queue_messages,
                  .queued_bytes = (uint32_t)octets,
                  .inflight = (uint16_t)conf->max_inflight,
                  .when_full = when_full[conf->when_full],
                  .retain_as_published = true,
                  .no_echo = true},
    };
}

static bool open_session(struct hub *hub, struct hub_uplink *up, uint64_t now_ms)
{
    struct mqtt_opening opening = opening_of(up);

    up->session = mqtt_session_open(&hub->sessions, &opening, now_ms);
    return up->session != NULL;
}

void hub_uplinks_start(struct hub *hub, uint64_t now_ms)
{
    for (size_t i = 0; i < hub->uplink_count; i++) {
        struct hub_uplink *up = &hub->uplinks[i];

        if (!open_session(hub, up, now_ms)) {
            continue;
        }
        unsubscribe_old(hub, up, now_ms);
        subscribe_rules(hub, up, now_ms);
        mqtt_session_close(&hub->sessions, up->session, MQTT_END_PARTED, now_ms);
    }
}

static void went_down(struct hub *hub, struct hub_uplink *up, const char *cause, uint64_t now_ms)
{
    hub_say(hub,
            &(struct hub_line_of_log){CONF_WARNING, "uplink", up->online ? "lost" : "cannot reach",
                                      span_of_text(up->conf->at.name), cause});
    drop_held(up);
    if (up->online) {
        up->online = false;
        mqtt_session_close(&hub->sessions, up->session, MQTT_END_PARTED, now_ms);
    } else {
        up->url = (up->url + 1) % up->conf->url.count;
    }
    up->birth = false;
    up->hangup = true;
}

/* A session that the far broker kept has the filters that it has confirmed to this run; those of an
 * earlier run may have been other ones, or never have got there. */
static void went_online(struct hub *hub, struct hub_uplink *up, bool present, uint64_t now_ms)
{
    hub_say(hub, &(struct hub_line_of_log){CONF_INFO, "uplink", "online with",
                                           span_of_text(up->conf->at.name),
                                           present ? "its session was kept" : "a new session"});
    up->online = open_session(hub, up, now_ms);
    up->confirmed = present ? up->confirmed : 0;
    up->subscribed = up->confirmed;
    up->birth = up->conf->will_topic != NULL;
}

static void client_news(struct hub *hub, struct hub_uplink *up, const struct mqtt_client_news *news,
                        uint64_t now_ms)
{
    switch (news->kind) {
    case MQTT_CLIENT_DIAL: up->dial = true; break;
    case MQTT_CLIENT_ONLINE: went_online(hub, up, news->present, now_ms); break;
    case MQTT_CLIENT_DOWN: went_down(hub, up, news->cause, now_ms); break;
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
}

void hub_uplink_up(struct hub *hub, size_t i, uint64_t now_ms)
{
    mqtt_client_up(&hub->uplinks[i].client, now_ms);
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
        mqtt_client_tick(&hub->uplinks[i].client, now_ms);
    }
}

uint64_t hub_uplinks_deadline(const struct hub *hub)
{
    uint64_t least = UINT64_MAX;

    for (size_t i = 0; i < hub->uplink_count; i++) {
        uint64_t due = mqtt_client_deadline(&hub->uplinks[i].client);

        least = due < least ? due : least;
    }
    return least;
}

void hub_uplinks_stop(struct hub *hub, uint64_t now_ms)
{
    for (size_t i = 0; i < hub->uplink_count; i++) {
        struct hub_uplink *up = &hub->uplinks[i];

        up->birth = false;
        up->farewell = up->online && up->conf->will_topic != NULL;
        if (!up->farewell) {
            mqtt_client_stop(&up->client, now_ms);
        }
    }
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
    return hub->uplink_count;
}
