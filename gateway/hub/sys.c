#include "gateway/hub/sys.h"

#include "base/text.h"

#define ROOT      "$SYS/broker/"
#define TOPIC_OCT 128u
#define VALUE_OCT 48u
#define ONE       1024 /* of a rate, an event a minute */

/* What there is to tell, as it stands now. */
struct numbers {
    uint64_t clients, connected, away, clients_most, ended;
    uint64_t packets_in, packets_out, octets_in, octets_out;
    uint64_t publish_in, publish_out, dropped, payload_in, payload_out;
    uint64_t waiting, retained, subscriptions, shares, memory, memory_most;
    uint64_t sockets, connects;
    uint64_t sn_in, sn_out, malformed, muted, no_forwarder, undelivered;
};

struct row {
    const char *topic;
    size_t offset; /* in struct numbers */
};

#define AT(field) offsetof(struct numbers, field)

static const struct row rows[] = {
    {"clients/total", AT(clients)},
    {"clients/connected", AT(connected)},
    {"clients/active", AT(connected)},
    {"clients/disconnected", AT(away)},
    {"clients/inactive", AT(away)},
    {"clients/maximum", AT(clients_most)},
    {"clients/expired", AT(ended)},
    {"messages/received", AT(packets_in)},
    {"messages/sent", AT(packets_out)},
    {"messages/stored", AT(waiting)},
    {"store/messages/count", AT(waiting)},
    {"bytes/received", AT(octets_in)},
    {"bytes/sent", AT(octets_out)},
    {"publish/messages/received", AT(publish_in)},
    {"publish/messages/sent", AT(publish_out)},
    {"publish/messages/dropped", AT(dropped)},
    {"publish/bytes/received", AT(payload_in)},
    {"publish/bytes/sent", AT(payload_out)},
    {"retained messages/count", AT(retained)},
    {"subscriptions/count", AT(subscriptions)},
    {"shared_subscriptions/count", AT(shares)},
    {"heap/current", AT(memory)},
    {"heap/maximum", AT(memory_most)},
    {"mqtt-sn/received", AT(sn_in)},
    {"mqtt-sn/sent", AT(sn_out)},
    {"mqtt-sn/malformed", AT(malformed)},
    {"mqtt-sn/unanswered", AT(muted)},
    {"mqtt-sn/no_forwarder", AT(no_forwarder)},
    {"mqtt-sn/undelivered", AT(undelivered)},
};

static const struct row loads[HUB_SYS_LOADS] = {
    {"load/messages/received", AT(packets_in)}, {"load/messages/sent", AT(packets_out)},
    {"load/publish/received", AT(publish_in)},  {"load/publish/sent", AT(publish_out)},
    {"load/publish/dropped", AT(dropped)},      {"load/bytes/received", AT(octets_in)},
    {"load/bytes/sent", AT(octets_out)},        {"load/sockets", AT(sockets)},
    {"load/connections", AT(connects)},
};

/* Of one [listener] of datagrams, in struct hub_datagrams. */
static const struct row listener_rows[] = {
    {"lost", offsetof(struct hub_datagrams, lost)},
    {"too_long", offsetof(struct hub_datagrams, too_long)},
    {"strangers", offsetof(struct hub_datagrams, strangers)},
    {"unsent", offsetof(struct hub_datagrams, unsent)},
};

#define ROWS  (sizeof rows / sizeof rows[0])
#define SPANS (size_t)3

static const struct span_of_time {
    const char *name;
    uint64_t per_second; /* e to the power of -1/seconds, in 1/2^32 */
} spans[SPANS] = {
    {"/1min", UINT64_C(4223977731)},
    {"/5min", UINT64_C(4280674573)},
    {"/15min", UINT64_C(4290197760)},
};

static void tell(struct hub *hub, const char *topic, const char *more, struct span value,
                 uint64_t now_ms)
{
    uint8_t room[TOPIC_OCT];
    struct writer w = writer_of(room, sizeof room);
    struct mqtt_publication p = {.payload = value, .retain = true};
    const struct mqtt_branch *branch = NULL;

    write_text(&w, ROOT);
    write_text(&w, topic);
    write_text(&w, more);
    p.topic = span_of(room, written(&w));
    branch = mqtt_retain_find(&hub->sessions.retain, p.topic);
    if (branch != NULL && span_equal(mqtt_message_payload(branch->message), value)) {
        return;
    }
    if (mqtt_sessions_publish(&hub->sessions, &p, now_ms) == MQTT_OK) {
        hub->sys.own++;
        hub->sys.own_octets += value.len;
    }
}

/* Out of what the row is of. */
static uint64_t number(const void *of, const struct row *row)
{
    uint64_t value = 0;

    memcpy(&value, (const uint8_t *)of + row->offset, sizeof value);
    return value;
}

static void tell_number(struct hub *hub, const char *topic, const char *more, uint64_t value,
                        uint64_t now_ms)
{
    uint8_t room[VALUE_OCT];
    struct writer w = writer_of(room, sizeof room);

    write_decimal(&w, value);
    tell(hub, topic, more, span_of(room, written(&w)), now_ms);
}

/* listener/NAME/lost ... */
static void tell_listener(struct hub *hub, size_t listener, uint64_t now_ms)
{
    const struct conf_listener *conf = &hub->conf->listener[listener];
    uint8_t room[TOPIC_OCT];
    struct writer w = writer_of(room, sizeof room);

    if (conf->type != CONF_UDP) {
        return;
    }
    write_text(&w, "listener/");
    write_text(&w, conf->at.name);
    write_text(&w, "/");
    write_end(&w);
    for (size_t i = 0; i < sizeof listener_rows / sizeof listener_rows[0]; i++) {
        tell_number(hub, (const char *)room, listener_rows[i].topic,
                    number(&hub->datagrams[listener], &listener_rows[i]), now_ms);
    }
}

/* With two decimals, as mosquitto writes it. */
static void tell_rate(struct hub *hub, size_t load, size_t span, uint64_t now_ms)
{
    uint64_t hundredths = (uint64_t)hub->sys.rate[load][span] * 100 / ONE;
    uint8_t room[VALUE_OCT];
    struct writer w = writer_of(room, sizeof room);

    write_decimal(&w, hundredths / 100);
    write_u8(&w, '.');
    write_decimal(&w, hundredths / 10 % 10);
    write_decimal(&w, hundredths % 10);
    tell(hub, loads[load].topic, spans[span].name, span_of(room, written(&w)), now_ms);
}

/* What is left of a rate after some seconds in which nothing happens, in 1/65536. */
static int64_t left_after(uint64_t per_second, uint64_t seconds)
{
    uint64_t left = UINT64_C(1) << 32;

    for (; seconds > 0 && left >= 65536; seconds--) {
        left = left * per_second >> 32;
    }
    return (int64_t)(left >> 16);
}

static void reckon_loads(struct hub_sys *sys, const struct numbers *n, uint64_t passed_ms)
{
    for (size_t i = 0; i < HUB_SYS_LOADS; i++) {
        uint64_t now = number(n, &loads[i]);
        int64_t fresh = (int64_t)((now - sys->seen[i]) * 60000 * ONE / passed_ms);

        sys->seen[i] = now;
        for (size_t j = 0; j < SPANS; j++) {
            int64_t left = left_after(spans[j].per_second, passed_ms / 1000);

            sys->rate[i][j] = fresh + (sys->rate[i][j] - fresh) * left / 65536;
        }
    }
}

static void tell_uptime(struct hub *hub, uint64_t now_ms)
{
    uint8_t room[VALUE_OCT];
    struct writer w = writer_of(room, sizeof room);

    write_decimal(&w, (now_ms - hub->sys.began_ms) / 1000);
    write_text(&w, " seconds");
    tell(hub, "uptime", "", span_of(room, written(&w)), now_ms);
}

static uint64_t greater(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static struct numbers numbers_of(struct hub *hub)
{
    const struct mqtt_sessions *ss = &hub->sessions;
    const struct mqtt_broker *b = &hub->broker;
    const struct sn_counts *sn = sn_gate_counts(hub->gate);
    struct hub_sys *sys = &hub->sys;
    uint64_t clients = ss->by_name[MQTT_DOOR_CONN].count;

    sys->clients_most = greater(sys->clients_most, clients);
    sys->memory_most = greater(sys->memory_most, ss->budget.used);
    return (struct numbers){
        .clients = clients,
        .connected = b->count.open,
        .away = clients - b->count.open,
        .clients_most = sys->clients_most,
        .ended = ss->count.ended,
        .packets_in = b->count.packets_in,
        .packets_out = b->count.packets_out,
        .octets_in = b->count.octets_in,
        .octets_out = b->count.octets_out,
        .publish_in = ss->count.received - sys->own,
        .publish_out = ss->count.delivered,
        .dropped = ss->count.dropped,
        .payload_in = ss->count.received_octets - sys->own_octets,
        .payload_out = ss->count.delivered_octets,
        .waiting = ss->entries.used,
        .retained = ss->retain.count,
        .subscriptions = ss->subscriptions.used,
        .shares = ss->shares.count,
        .memory = ss->budget.used,
        .memory_most = sys->memory_most,
        .sockets = b->count.accepted,
        .connects = b->count.connects,
        .sn_in = sn->received,
        .sn_out = sn->sent,
        .malformed = sn->malformed,
        .muted = sn->muted,
        .no_forwarder = sn->no_forwarder,
        .undelivered = hub->count.undelivered,
    };
}

/* Anything that changes a number counts here. */
static uint64_t events_of(const struct hub *hub)
{
    const struct mqtt_sessions *ss = &hub->sessions;
    const struct mqtt_broker *b = &hub->broker;
    uint64_t datagrams = sn_gate_counts(hub->gate)->received;

    for (size_t i = 0; i < hub->conf->listener_count; i++) {
        const struct hub_datagrams *d = &hub->datagrams[i];

        datagrams += d->lost + d->too_long + d->strangers + d->unsent;
    }
    return datagrams + b->count.packets_in + b->count.packets_out + b->count.accepted +
           b->count.connects + b->count.closed + ss->count.received + ss->count.delivered +
           ss->count.ended;
}

void hub_sys_tell(struct hub *hub, uint64_t age_ms, uint64_t now_ms)
{
    struct hub_sys *sys = &hub->sys;
    uint64_t passed_ms = now_ms - sys->told_ms;
    struct numbers n = numbers_of(hub);

    if (passed_ms < age_ms || passed_ms == 0) {
        return;
    }
    reckon_loads(sys, &n, passed_ms);
    for (size_t i = 0; i < ROWS; i++) {
        tell_number(hub, rows[i].topic, "", number(&n, &rows[i]), now_ms);
    }
    for (size_t i = 0; i < hub->conf->listener_count; i++) {
        tell_listener(hub, i, now_ms);
    }
    for (size_t i = 0; i < HUB_SYS_LOADS * SPANS; i++) {
        tell_rate(hub, i / SPANS, i % SPANS, now_ms);
    }
    tell_uptime(hub, now_ms);
    sys->told_ms = now_ms;
    sys->events = events_of(hub);
}

void hub_sys_init(struct hub *hub, uint64_t now_ms)
{
    hub->sys = (struct hub_sys){.began_ms = now_ms};
    tell(hub, "version", "", span_of_text("sedge version " SEDGE_VERSION), now_ms);
}

uint64_t hub_sys_deadline(const struct hub *hub)
{
    return hub->sys.events == events_of(hub) ? UINT64_MAX : hub->sys.told_ms + HUB_SYS_MS;
}
