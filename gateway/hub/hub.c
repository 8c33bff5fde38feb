#include "gateway/hub/hub.h"

#include "gateway/hub/access.h"
#include "gateway/hub/border.h"
#include "gateway/hub/bus.h"
#include "gateway/hub/given.h"
#include "gateway/hub/keep.h"
#include "gateway/hub/limits.h"
#include "gateway/hub/line.h"
#include "gateway/hub/listeners.h"
#include "gateway/hub/maps.h"
#include "gateway/hub/mould.h"
#include "gateway/hub/naming.h"
#include "gateway/hub/nodes.h"
#include "gateway/hub/say.h"
#include "gateway/hub/seen.h"
#include "gateway/hub/sys.h"
#include "gateway/hub/tap.h"
#include "gateway/hub/told.h"
#include "gateway/hub/uplink.h"
#include "gateway/hub/uplink_lost.h"
#include "gateway/hub/who.h"

#define RECORDS_MOST 1000000u
#define ENTRIES_MOST 4000000u

static bool gate_init(struct hub *hub, uint64_t seed, uint64_t now_ms)
{
    const struct conf *conf = hub->conf;
    struct sn_gate_config config = {
        .gw_id = (uint8_t)conf->gateway.id,
        .nodes = conf->limits.nodes,
        .client_id = conf->limits.client_id.first,
        .registrations = conf->limits.registrations.first,
        .wildcard_names = conf->limits.registrations.second,
        .listener_count = conf->listener_count,
        .budget = &hub->sessions.budget,
        .seed = seed,
    };

    if (!hub_listeners_init(hub)) {
        return false;
    }
    config.listeners = hub->listeners;
    hub->gate = sn_gate_new(&config, now_ms);
    return hub->gate != NULL;
}

static struct mqtt_limits limits_of(const struct conf *conf)
{
    const struct conf_limits *limits = &conf->limits;

    return (struct mqtt_limits){
        .sessions = limits->nodes + limits->clients + hub_moulds_sessions(conf),
        .subscriptions = limits->subscriptions.first,
        .entries = ENTRIES_MOST,
        .retained = limits->retained,
        .memory = limits->memory,
        .max_packet = limits->max_packet,
        .client_id = limits->client_id.second,
        .topic_levels = limits->topic_levels,
        .expiry_ms = limits->session_expiry_ms,
    };
}

static bool hub_init(struct hub *hub, const struct hub_setup *setup, uint64_t now_ms)
{
    const struct conf_limits *limits = &setup->conf->limits;
    struct mqtt_limits mqtt = limits_of(setup->conf);
    struct rng rng = {setup->seed};

    hub->conf = setup->conf;
    hub->commit_delay_ms = setup->conf->store.commit_delay_ms;
    list_init(&hub->stalled);
    pool_init(&hub->nodes, sizeof(struct hub_node), limits->nodes);
    if (!journal_init(&hub->journal, RECORDS_MOST, rng_next(&rng)) ||
        !mqtt_sessions_init(&hub->sessions, &mqtt, &hub->journal, rng_next(&rng))) {
        return false;
    }
    hub->journal.off = !setup->stored;
    hub->sessions.wall_ms = setup->wall_ms;
    hub->sessions.own = span_of_text(hub->conf->gateway.state);
    return mqtt_broker_init(&hub->broker, &hub->sessions, limits->clients,
                            (uint16_t)limits->inflight, (uint32_t)limits->queued) &&
           hub_who_init(hub, rng_next(&rng)) && hub_naming_init(hub, rng_next(&rng)) &&
           hub_givens_init(hub, rng_next(&rng)) && hub_maps_init(hub, rng_next(&rng)) &&
           hub_limits_init(hub, rng_next(&rng)) && gate_init(hub, rng_next(&rng), now_ms) &&
           hub_access_init(hub) && hub_lines_init(hub) &&
           hub_buses_init(hub, rng_next(&rng), now_ms) &&
           hub_uplinks_init(hub, rng_next(&rng), now_ms) && hub_registry_init(hub, rng_next(&rng));
}

struct hub *hub_new(const struct hub_setup *setup, uint64_t now_ms)
{
    struct hub *hub = reserve(sizeof *hub);

    if (hub != NULL && !hub_init(hub, setup, now_ms)) {
        hub_free(hub);
        return NULL;
    }
    return hub;
}

void hub_free(struct hub *hub)
{
    if (hub == NULL) {
        return;
    }
    hub_taps_fini(hub);
    hub_uplinks_fini(hub);
    hub_buses_fini(hub);
    hub_lines_fini(hub);
    if (hub->gate != NULL) {
        hub_nodes_fini(hub);
        sn_gate_free(hub->gate);
    }
    hub_limits_fini(hub);
    hub_maps_fini(hub);
    hub_naming_fini(hub);
    hub_givens_fini(hub);
    hub_who_fini(hub);
    hub_listeners_fini(hub);
    hub_registry_fini(hub);
    hub_access_fini(hub);
    mqtt_broker_fini(&hub->broker);
    mqtt_sessions_fini(&hub->sessions);
    journal_fini(&hub->journal);
    pool_fini(&hub->nodes);
    release(hub);
}

struct mqtt_broker *hub_broker(struct hub *hub)
{
    return &hub->broker;
}

struct sn_gate *hub_gate(struct hub *hub)
{
    return hub->gate;
}

void hub_datagram(struct hub *hub, const struct sn_peer *from, struct span wire, uint64_t now_ms)
{
    hub_border_input(hub, from, wire, now_ms);
}

void hub_restored(struct hub *hub, uint64_t now_ms)
{
    mqtt_sessions_restored(&hub->sessions, now_ms);
    hub_nodes_relearn(hub, now_ms);
    hub_registry_restored(hub, now_ms);
    hub_sys_init(hub, now_ms);
    hub_tell_all(hub, now_ms);
    hub_uplinks_start(hub, now_ms);
    hub_buses_restored(hub, now_ms);
}

static void hear_sessions(struct hub *hub)
{
    struct mqtt_notice notice;

    while (mqtt_sessions_notice(&hub->sessions, &notice)) {
        hub_nodes_notice(hub, &notice);
    }
}

static void hear_broker(struct hub *hub)
{
    struct mqtt_news news;

    while (mqtt_broker_event(&hub->broker, &news)) {
        bool opened = news.kind == MQTT_NEWS_OPENED;
        bool refused = news.client_id.len == 0; /* never let in: only its address is known */
        const char *what = opened ? "connected" : refused ? "refused" : "disconnected";

        hub_say(hub,
                &(struct hub_line_of_log){CONF_INFO, "mqtt", what,
                                          refused ? news.address : news.client_id, news.cause});
    }
}

void hub_pump(struct hub *hub, uint64_t now_ms)
{
    hub_uplinks_pump(hub, now_ms);
    hub_border_pump(hub, now_ms);
    hub_told_pump(hub, now_ms);
    hub_access_pump(hub, now_ms);
    hear_broker(hub);
    hear_sessions(hub);
    hub_lost_pump(hub, now_ms);
    hub_listeners_say(hub, now_ms);
}

void hub_tick(struct hub *hub, uint64_t now_ms)
{
    hub_border_tick(hub, now_ms);
    mqtt_broker_tick(&hub->broker, now_ms);
    mqtt_sessions_tick(&hub->sessions, now_ms);
    hear_sessions(hub);
    hub_uplinks_tick(hub, now_ms);
    hub_registry_tick(hub, now_ms);
    if (hub_sys_deadline(hub) <= now_ms) {
        hub_sys_tell(hub, HUB_SYS_MS, now_ms);
    }
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t hub_deadline(const struct hub *hub)
{
    uint64_t cores = lesser(sn_gate_deadline(hub->gate), mqtt_broker_deadline(&hub->broker));
    uint64_t rest = lesser(mqtt_sessions_deadline(&hub->sessions), hub_uplinks_deadline(hub));

    if (hub_access_waits(hub)) {
        return 0;
    }
    rest = lesser(rest, hub_registry_deadline(hub));
    return lesser(lesser(cores, rest), lesser(hub_keep_deadline(hub), hub_sys_deadline(hub)));
}

bool hub_event(struct hub *hub, struct hub_news *news)
{
    return hub_said(hub, news) || hub_access_event(hub, news) || hub_uplinks_event(hub, news);
}

void hub_stop(struct hub *hub, uint64_t now_ms)
{
    hub->stopping = true;
    hub_registry_stop(hub, now_ms);
    hub_tell_gateway(hub, "offline", now_ms);
    hub_uplinks_stop(hub, now_ms);
}

bool hub_is_stopped(const struct hub *hub)
{
    return hub_uplinks_are_stopped(hub) && !hub->batch_out && hub->journal.pending.count == 0;
}
