#include "gateway/hub/naming.h"

#include "base/text.h"
#include "config/nodename.h"
#include "gateway/hub/bus.h"
#include "gateway/hub/given.h"
#include "gateway/hub/say.h"
#include "gateway/hub/who.h"

#define USUAL 256u

/* A name of its own. */
struct hub_called {
    struct map_item by_name; /* in hub->called */
    struct hub_node *node;
    size_t len;
    uint8_t text[];
};

bool hub_naming_init(struct hub *hub, uint64_t seed)
{
    return map_init(&hub->called, USUAL, seed);
}

void hub_naming_fini(struct hub *hub)
{
    map_fini(&hub->called);
}

struct span hub_node_name(const struct hub *hub, const struct hub_node *hn)
{
    (void)hub;
    if (hn->called != NULL) {
        return span_of(hn->called->text, hn->called->len);
    }
    return hn->section != NULL ? span_of_text(hn->section->at.name) : sn_node_id(hn->node);
}

void hub_say_node(struct hub *hub, enum conf_level level, const char *what,
                  const struct sn_node *node, const char *more)
{
    const struct hub_node *hn = sn_node_user(node);
    struct span id = sn_node_id(node);
    struct span name = hn == NULL ? id : hub_node_name(hub, hn);
    uint8_t room[HUB_LOG_TEXT];
    struct writer w = writer_of(room, sizeof room);

    write_span(&w, name);
    if (!span_equal(name, id)) {
        write_text(&w, " (");
        write_span(&w, id);
        write_u8(&w, ')');
    }
    hub_say(hub, &(struct hub_line_of_log){level, "node", what, span_of(room, written(&w)), more});
}

static void drop_called(struct hub *hub, struct hub_node *hn)
{
    if (hn->called != NULL) {
        map_remove(&hub->called, &hn->called->by_name);
        budget_release(&hub->sessions.budget, hn->called, sizeof *hn->called + hn->called->len);
        hn->called = NULL;
    }
}

void hub_naming_drop(struct hub *hub, struct hub_node *hn)
{
    drop_called(hub, hn);
    if (hub_who_holds(hub, hn->section) == hn) {
        hub_who_hold(hub, hn->section, NULL);
    }
    hn->section = NULL;
}

/* Who is called by his client id, which `name` may be. */
static struct hub_node *by_client_id(const struct hub *hub, struct span name)
{
    uint8_t room[CONF_NAME_MOST];
    struct writer w = writer_of(room, sizeof room);
    const struct mqtt_session *s = NULL;
    struct hub_node *hn = NULL;

    if (!conf_name_unescape(name, &w)) {
        return NULL;
    }
    s = mqtt_session_find(&hub->sessions, MQTT_DOOR_NODE, span_of(room, written(&w)));
    hn = s == NULL ? NULL : s->user;
    return hn != NULL && span_equal(hub_node_name(hub, hn), name) ? hn : NULL;
}

struct hub_node *hub_node_named(struct hub *hub, struct span name)
{
    struct hub_node *hn = hub_who_holds(hub, hub_who_named(hub, name));
    struct hub_called *called = MAP_ITEM(map_find(&hub->called, name), struct hub_called, by_name);

    if (hn != NULL) {
        return hn;
    }
    return called != NULL ? called->node : by_client_id(hub, name);
}

static struct hub_called *called_new(struct hub *hub, struct hub_node *hn, struct span name)
{
    struct hub_called *called =
        budget_reserve(&hub->sessions.budget, sizeof(struct hub_called) + name.len);

    if (called == NULL) {
        return NULL;
    }
    called->node = hn;
    called->len = name.len;
    memcpy(called->text, name.at, name.len);
    return called;
}

/* --- whose a name is ------------------------------------------------------------------------- */

/* The section says itself that this is its node, by more than a client id. */
static bool is_by_place(const struct hub *hub, const struct hub_node *hn,
                        const struct conf_node *section)
{
    struct sn_peer peer;
    struct hub_sender sender = {.peer = &peer};

    (void)hub_node_whereabouts(hn, &peer);
    sender.uid = hub_bus_uid(hub, &peer);
    return section != NULL && hub_who_is(hub, &sender) == section;
}

static void put_out(struct hub *hub, struct hub_node *other, uint64_t now_ms)
{
    hub_say_node(hub, CONF_NOTICE,
                 "is another device now, the session of the old one ends:", other->node, NULL);
    hub_node_end(hub, other, now_ms);
}

static bool is_open(const struct hub_node *hn)
{
    return hn->session != NULL && hn->session->open;
}

static bool is_given_to(const struct hub *hub, const struct hub_node *hn, struct span who)
{
    uint8_t room[HUB_UID_KEY];
    struct sn_peer peer;

    (void)hub_node_whereabouts(hn, &peer);
    return span_equal(who, sn_node_id(hn->node)) ||
           span_equal(who, hub_uid_key(room, hub_bus_uid(hub, &peer)));
}

/* May `hn` be called `name`, by `section` or, without one, by itself? */
static bool is_free(struct hub *hub, struct hub_node *hn, const struct conf_place *place,
                    uint64_t now_ms)
{
    struct hub_node *other = hub_node_named(hub, place->name);
    struct span given = hub_given_id(hub, place->name);

    if (place->node == NULL && (hub_who_named(hub, place->name) != NULL ||
                                (given.len != 0 && !is_given_to(hub, hn, given)))) {
        return false;
    }
    if (other == NULL || other == hn) {
        return true;
    }
    if (!is_by_place(hub, hn, place->node) || is_open(other)) {
        return false;
    }
    if (other->section == NULL) {
        return true; /* its client id is what the section is called, which it cannot be then */
    }
    if (sn_node_state(hn->node) != SN_CONNECTING) {
        return false;
    }
    put_out(hub, other, now_ms);
    return true;
}

/* --- a node's name --------------------------------------------------------------------------- */

static struct span name_at(const struct hub *hub, const struct conf_place *place, struct span uid,
                           struct writer *w)
{
    uint8_t room[HUB_UID_KEY];
    struct span given = hub_given_name(hub, hub_uid_key(room, uid));

    given = given.len != 0 ? given : hub_given_name(hub, place->client_id);
    if (place->node == NULL && given.len != 0 && hub_who_named(hub, given) == NULL) {
        return given;
    }
    (void)conf_node_name(hub->conf, place, w);
    return span_of(w->start, w->bad ? 0 : written(w));
}

enum hub_outcome hub_naming_learn(struct hub *hub, struct hub_node *hn, struct conf_place *place,
                                  uint64_t now_ms)
{
    uint8_t room[CONF_NAME_MOST];
    struct writer w = writer_of(room, sizeof room);
    struct sn_peer peer;
    struct hub_sender sender = {.client_id = sn_node_id(hn->node), .peer = &peer};
    struct hub_called *called = NULL;

    (void)hub_node_whereabouts(hn, &peer);
    sender.uid = hub_bus_uid(hub, &peer);
    *place = (struct conf_place){.node = hub_who_is(hub, &sender), .client_id = sender.client_id};
    hub_who_stand(hub, sender.peer, place);
    place->name = name_at(hub, place, sender.uid, &w);
    if (!is_free(hub, hn, place, now_ms)) {
        return HUB_NAME_TAKEN;
    }
    if (place->node == NULL && !span_equal(place->name, place->client_id)) {
        called = called_new(hub, hn, place->name);
        if (called == NULL) {
            return HUB_NO_MEMORY;
        }
    }
    hub_naming_drop(hub, hn);
    hn->section = place->node;
    hn->called = called;
    hub_who_hold(hub, hn->section, hn);
    if (called != NULL) {
        map_add(&hub->called, &called->by_name, span_of(called->text, called->len));
    }
    place->name = hub_node_name(hub, hn);
    return HUB_LEARNT;
}
