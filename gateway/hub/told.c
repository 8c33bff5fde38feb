#include "gateway/hub/told.h"

#include "base/text.h"
#include "gateway/hub/say.h"
#include "gateway/hub/status.h"
#include "gateway/hub/uplink.h"
#include "gateway/hub/uplink_lost.h"
#include "gateway/hub/uplink_way.h"

#define NAME_MOST 1024u /* octets of a node's name in a topic */
#define INFO_MOST 4096u
#define URL_MOST  1024u /* octets of one in an info */

/* What a subscriber may rely on is told at QoS 1; where the store has no room for that, at 0. */
static void publish(struct hub *hub, struct mqtt_publication *p, uint64_t now_ms)
{
    enum mqtt_err err = MQTT_OK;

    p->retain = true;
    p->qos = 1;
    err = mqtt_sessions_publish(&hub->sessions, p, now_ms);
    if (err != MQTT_OK) {
        p->qos = 0;
        err = mqtt_sessions_publish(&hub->sessions, p, now_ms);
    }
    if (err == MQTT_OK) { /* counted as received, but nobody's */
        hub->sys.own++;
        hub->sys.own_octets += p->payload.len;
    }
}

/* STATE and the three parts of `under`. */
static void tell_of(struct hub *hub, const char *const under[3], const char *value, uint64_t now_ms)
{
    uint8_t room[NAME_MOST];
    struct writer w = writer_of(room, sizeof room);
    struct mqtt_publication p = {.payload = span_of_text(value)};

    write_text(&w, hub->conf->gateway.state);
    for (unsigned i = 0; i < 3; i++) {
        write_text(&w, under[i]);
    }
    p.topic = span_of(room, written(&w));
    if (!w.bad) {
        publish(hub, &p, now_ms);
    }
}

void hub_tell_gateway(struct hub *hub, const char *state, uint64_t now_ms)
{
    tell_of(hub, (const char *const[3]){"/state", "", ""}, state, now_ms);
}

void hub_tell_upstream(struct hub *hub, const struct hub_uplink *up, uint64_t now_ms)
{
    tell_of(hub, (const char *const[3]){"/upstream/", up->conf->at.name, "/state"},
            hub_way_state_name(up), now_ms);
    hub_tell_upstream_info(hub, up, now_ms);
}

void hub_tell_lost(struct hub *hub, const struct hub_uplink *up, const char *counts,
                   uint64_t now_ms)
{
    tell_of(hub, (const char *const[3]){"/upstream/", up->conf->at.name, "/dropped"}, counts,
            now_ms);
}

void hub_tell_all(struct hub *hub, uint64_t now_ms)
{
    hub_tell_gateway(hub, "online", now_ms);
    for (size_t i = 0; i < hub->conf->upstream_count; i++) {
        hub_tell_upstream(hub, &hub->uplinks[i], now_ms);
        hub_lost_tell(hub, &hub->uplinks[i], now_ms);
    }
}

/* One of the topics of a node. */
struct telling {
    struct span name;
    const char *what;
    struct span value;
    bool late;
};

static void tell(struct hub *hub, const struct telling *telling, uint64_t now_ms)
{
    uint8_t room[2 * NAME_MOST];
    struct writer w = writer_of(room, sizeof room);
    struct mqtt_publication p = {.payload = telling->value, .late = telling->late};

    write_text(&w, hub->conf->gateway.state);
    write_text(&w, "/nodes/");
    write_span(&w, telling->name);
    write_text(&w, telling->what);
    p.topic = span_of(room, written(&w));
    if (!w.bad && hub->registry.told) {
        publish(hub, &p, now_ms);
    }
}

static void tell_state(struct hub *hub, const struct hub_seen *seen, bool late, uint64_t now_ms)
{
    struct telling telling = {.name = hub_seen_name(seen),
                              .what = "/state",
                              .value = span_of_text(hub_node_state_name(seen->state)),
                              .late = late};

    tell(hub, &telling, now_ms);
}

/* --- info ------------------------------------------------------------------------------------ */

static void write_key(struct writer *w, const char *key)
{
    write_text(w, written(w) == 0 ? "{\"" : ",\"");
    write_text(w, key);
    write_text(w, "\":");
}

static void write_string(struct writer *w, const char *key, struct span value)
{
    write_key(w, key);
    write_json_text(w, value);
}

static void write_number(struct writer *w, const char *key, uint64_t value)
{
    write_key(w, key);
    write_decimal(w, value);
}

static void write_bool(struct writer *w, const char *key, bool value)
{
    write_key(w, key);
    write_text(w, value ? "true" : "false");
}

static void write_place(const struct hub *hub, const struct hub_seen *seen, struct writer *w)
{
    struct span wireless;
    struct span address = hub_seen_address(seen, &wireless);
    uint8_t room[HUB_ADDRESS_TEXT];
    struct writer text = writer_of(room, sizeof room);

    (void)hub_write_address(&text, address);
    if (seen->listener < hub->conf->listener_count) {
        write_string(w, "listener", span_of_text(hub->conf->listener[seen->listener].at.name));
    }
    if (written(&text) != 0) {
        write_string(w, "address", span_of(room, written(&text)));
    }
    if (wireless.len != 0) {
        write_key(w, "wireless");
        write_u8(w, '"');
        write_hex(w, wireless);
        write_u8(w, '"');
    }
}

static void tell_info(struct hub *hub, const struct hub_seen *seen, bool late, uint64_t now_ms)
{
    struct hub_seen_facts facts = hub_seen_facts(hub, seen);
    uint8_t room[INFO_MOST];
    struct writer w = writer_of(room, sizeof room);
    struct telling telling = {.name = hub_seen_name(seen), .what = "/info", .late = late};

    write_string(&w, "name", hub_seen_name(seen));
    write_string(&w, "client_id", hub_seen_id(seen));
    write_place(hub, seen, &w);
    write_bool(&w, "configured", seen->named);
    write_number(&w, "first_seen", seen->first_s);
    write_number(&w, "last_seen", facts.last_s);
    write_number(&w, "errors", facts.errors);
    write_number(&w, "resent", facts.resent);
    write_text(&w, "}");
    telling.value = span_of(room, written(&w));
    if (!w.bad) {
        tell(hub, &telling, now_ms);
    }
}

void hub_tell_upstream_info(struct hub *hub, const struct hub_uplink *up, uint64_t now_ms)
{
    size_t place = (size_t)(up - hub->uplinks);
    struct hub_upstream_view view;
    uint8_t room[INFO_MOST];
    uint8_t url[URL_MOST];
    struct writer w = writer_of(room, sizeof room);
    struct writer to = writer_of(url, sizeof url);

    hub_upstream_view(hub, place, &view);
    hub_write_url(&to, view.url);
    write_string(&w, "state", span_of_text(view.state));
    write_number(&w, "since", view.since_ms / 1000);
    write_string(&w, "url", span_of(url, written(&to)));
    write_string(&w, "cause", span_of_text(view.cause));
    write_number(&w, "queued", view.queued);
    write_number(&w, "queued_octets", view.queued_octets);
    write_number(&w, "sent", view.sent);
    write_text(&w, "}");
    write_end(&w);
    if (!w.bad) {
        tell_of(hub, (const char *const[3]){"/upstream/", up->conf->at.name, "/info"},
                (const char *)room, now_ms);
    }
}

/* --- the verbs ------------------------------------------------------------------------------- */

void hub_tell_node_state(struct hub *hub, const struct hub_seen *seen, uint64_t now_ms)
{
    tell_state(hub, seen, false, now_ms);
}

void hub_tell_node_info(struct hub *hub, const struct hub_seen *seen, uint64_t now_ms)
{
    if (hub->registry.told) {
        tell_info(hub, seen, false, now_ms);
    }
}

void hub_tell_no_node(struct hub *hub, struct span name, uint64_t now_ms)
{
    struct telling state = {.name = name, .what = "/state"};
    struct telling info = {.name = name, .what = "/info"};

    tell(hub, &state, now_ms);
    tell(hub, &info, now_ms);
}

void hub_tell_nothing(struct hub *hub, uint64_t now_ms)
{
    size_t place = 0;
    const struct hub_seen *seen = NULL;

    while ((seen = hub_seen_next(hub, &place)) != NULL) {
        hub_tell_no_node(hub, hub_seen_name(seen), now_ms);
    }
    hub_tell_gateway(hub, "", now_ms);
    for (size_t i = 0; i < hub->conf->upstream_count; i++) {
        const char *name = hub->uplinks[i].conf->at.name;

        tell_of(hub, (const char *const[3]){"/upstream/", name, "/state"}, "", now_ms);
        tell_of(hub, (const char *const[3]){"/upstream/", name, "/info"}, "", now_ms);
        hub_tell_lost(hub, &hub->uplinks[i], "", now_ms);
    }
    hub->registry.told = false;
    hub->sessions.own_read = true; /* who reads the new one is not known: as if somebody did */
}

void hub_told_pump(struct hub *hub, uint64_t now_ms)
{
    size_t place = 0;
    const struct hub_seen *seen = NULL;

    if (hub->registry.told || !hub->sessions.own_read) {
        return;
    }
    hub->registry.told = true;
    while ((seen = hub_seen_next(hub, &place)) != NULL) {
        tell_state(hub, seen, true, now_ms);
        tell_info(hub, seen, true, now_ms);
    }
}
