#include "gateway/hub/listeners.h"

#include "base/pool.h"
#include "base/text.h"
#include "gateway/hub/limits.h"
#include "gateway/hub/say.h"
#include "sn/outbox.h"

#define ROOM_DATAGRAM ((size_t)1024 * 1024) /* output queue of a datagram listener */
#define ROOM_LINE     4096u /* of a serial line, at least: what is in it can still be late */
#define SAID_MS       60000u

static uint32_t cut(uint64_t number)
{
    return number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
}

static struct sn_rate rate_of(const struct conf_rate *conf)
{
    return conf->count == CONF_NONE ? (struct sn_rate){0, 0}
                                    : (struct sn_rate){cut(conf->count), cut(conf->per_ms)};
}

/* A message of the longest size always has room. */
static size_t room_of(const struct conf_listener *conf)
{
    size_t least = conf->max_message + sizeof(struct sn_letter);

    return conf->type != CONF_SERIAL ? ROOM_DATAGRAM : least > ROOM_LINE ? least : ROOM_LINE;
}

static struct sn_listener listener_of(const struct conf_listener *conf)
{
    static const enum sn_qosm1 qosm1[] = {[CONF_PUBLISH_BY_SENDER] = SN_QOSM1_BY_SENDER,
                                          [CONF_PUBLISH_NO] = SN_QOSM1_NO,
                                          [CONF_PUBLISH_IDS] = SN_QOSM1_PREDEFINED,
                                          [CONF_PUBLISH_YES] = SN_QOSM1_YES};
    bool stands_by = conf->standby_for != CONF_NONE;

    return (struct sn_listener){
        .limits = hub_limits_of_listener(conf),
        .takeover_wait_ms =
            conf->takeover == CONF_TAKEOVER_AT_ONCE ? 0 : (uint32_t)conf->takeover_wait_ms,
        .stranger_rate = cut(conf->stranger_rate.count),
        .stranger_per_ms = cut(conf->stranger_rate.per_ms),
        .advertise_s = (uint32_t)conf->advertise_s,
        .groups = (uint8_t)conf->multicast.count,
        .standby_for = stands_by ? (uint8_t)conf->standby_for : 0,
        .standby_after = (uint32_t)conf->standby_after,
        .forwarder_rate = rate_of(&conf->rate),
        .qosm1 = qosm1[conf->publish_without_connect],
        .rebind = conf->rebind,
        .room = room_of(conf),
    };
}

bool hub_listeners_init(struct hub *hub)
{
    size_t count = hub->conf->listener_count;

    hub->listeners = reserve((count + 1) * sizeof *hub->listeners);
    hub->datagrams = reserve((count + 1) * sizeof *hub->datagrams);
    hub->datagrams_said = reserve((count + 1) * sizeof *hub->datagrams_said);
    if (hub->listeners == NULL || hub->datagrams == NULL || hub->datagrams_said == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        hub->listeners[i] = listener_of(&hub->conf->listener[i]);
    }
    return true;
}

void hub_listeners_apply(struct hub *hub, uint64_t now_ms)
{
    for (size_t i = 0; i < hub->conf->listener_count; i++) {
        hub->listeners[i] = listener_of(&hub->conf->listener[i]);
        sn_gate_settle(hub->gate, (uint16_t)i, now_ms);
    }
}

void hub_listeners_fini(struct hub *hub)
{
    release(hub->listeners);
    release(hub->datagrams);
    release(hub->datagrams_said);
}

struct hub_datagrams *hub_datagrams(struct hub *hub, uint16_t listener)
{
    return &hub->datagrams[listener];
}

/* --- what is said ---------------------------------------------------------------------------- */

/* True, at most once in SAID_MS, when there is more than was said. */
static bool is_news(struct hub_said *said, uint64_t total, uint64_t now_ms)
{
    if (total == said->total || (said->at_ms != 0 && now_ms - said->at_ms < SAID_MS)) {
        return false;
    }
    *said = (struct hub_said){total, now_ms};
    return true;
}

/* With who sent the last message that had no answer. */
static void say_unheard(struct hub *hub, const char *what, const char *why)
{
    uint8_t room[HUB_LOG_TEXT];
    struct writer w = writer_of(room, sizeof room);

    write_text(&w, why);
    write_text(&w, "; the last came by listener ");
    write_text(&w, hub->conf->listener[hub->unheard_from.listener].at.name);
    write_text(&w, " from ");
    hub_write_peer(&w, &hub->unheard_from);
    write_end(&w);
    hub_say(hub,
            &(struct hub_line_of_log){CONF_NOTICE, "node", what, {NULL, 0}, (const char *)room});
}

static uint64_t strays_dropped(const struct hub *hub)
{
    return sn_gate_counts(hub->gate)->refused + hub->count.uncalled + hub->count.no_topic;
}

void hub_listeners_note(struct hub *hub, const struct sn_peer *from)
{
    uint64_t unheard = strays_dropped(hub) + sn_gate_counts(hub->gate)->no_forwarder;

    if (unheard != hub->unheard) {
        hub->unheard = unheard;
        hub->unheard_from = *from;
        hub->unheard_from.wireless = (struct span){NULL, 0};
    }
}

static void say_lost(struct hub *hub, size_t listener, uint64_t lost)
{
    uint8_t room[128];
    struct writer w = writer_of(room, sizeof room);

    write_decimal(&w, lost);
    write_text(&w, " datagrams so far were dropped by the kernel, whose receive buffer was full "
                   "(net.core.rmem_max)");
    write_end(&w);
    hub_say(hub, &(struct hub_line_of_log){CONF_WARNING, "node", "listener",
                                           span_of_text(hub->conf->listener[listener].at.name),
                                           (const char *)room});
}

void hub_listeners_say(struct hub *hub, uint64_t now_ms)
{
    for (size_t i = 0; i < hub->conf->listener_count; i++) {
        if (is_news(&hub->datagrams_said[i], hub->datagrams[i].lost, now_ms)) {
            say_lost(hub, i, hub->datagrams[i].lost);
        }
    }
    /* QoS -1 has no answer, so the log alone says that it was lost. */
    if (is_news(&hub->strays_said, strays_dropped(hub), now_ms)) {
        say_unheard(hub, "QoS -1 dropped",
                    "publish_without_connect does not admit it, or its id has no topic");
    }
    if (is_news(&hub->forwarders_said, sn_gate_counts(hub->gate)->no_forwarder, now_ms)) {
        say_unheard(hub, "encapsulated messages dropped",
                    "[listener] forwarders does not name their sender");
    }
}

void hub_listeners_news(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    bool in = news->kind == SN_NEWS_STANDS_IN;

    (void)now_ms;
    hub_say(hub, &(struct hub_line_of_log){
                     CONF_NOTICE, "node", "listener",
                     span_of_text(hub->conf->listener[news->listener].at.name),
                     in ? "the gateway of standby_for is not heard: stands in for it"
                        : "the gateway of standby_for is there: silent again"});
}
