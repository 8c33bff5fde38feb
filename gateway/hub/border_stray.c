/* gateway/hub/border_stray.c - QoS -1: who sends it, whether he may, and what it means. [6.8] */
#include "config/nodename.h"
#include "gateway/hub/access.h"
#include "gateway/hub/border.h"
#include "gateway/hub/bus.h"
#include "gateway/hub/maps.h"
#include "gateway/hub/mould.h"
#include "gateway/hub/seen.h"
#include "gateway/hub/tap.h"
#include "gateway/hub/who.h"

/* Publishes for a sender without a session, by the acl of its place. */
static enum mqtt_err publish_as(struct hub *hub, const struct conf_place *place,
                                const struct mqtt_publication *p, uint64_t now_ms)
{
    struct block *acl = NULL;
    enum mqtt_err err = MQTT_ERR_DENIED;

    if (hub_access_node(hub, place, &acl) &&
        mqtt_sessions_may_publish(&hub->sessions, acl, p->topic)) {
        err = mqtt_sessions_publish(&hub->sessions, p, now_ms);
    } else {
        hub->sessions.count.denied++;
    }
    block_drop(acl);
    return err;
}

/* A sender without a session: its [node] by where it is, else its listener; `name` holds its name.
 */
static struct conf_place place_of(const struct hub *hub, const struct sn_peer *peer,
                                  struct writer *name)
{
    struct hub_sender sender = {
        .uid = hub_bus_uid(hub, peer), .peer = peer, .without_connect = true};
    struct conf_place place = {.node = hub_who_is(hub, &sender)};

    hub_who_stand(hub, peer, &place);
    if (place.node != NULL && place.node->client_id != NULL) {
        place.client_id = span_of_text(place.node->client_id);
    }
    if (conf_node_name(hub->conf, &place, name)) {
        place.name = span_of(name->start, written(name));
    }
    return place;
}

/* CONFIG auth = listed, and publish_without_connect where it is not set. Who has a session is as
 * good as who is near. */
static bool may_send(const struct hub *hub, const struct sn_news *news,
                     const struct conf_place *place)
{
    const struct conf_listener *listener = &hub->conf->listener[news->peer->listener];

    if (news->node != NULL || place->node != NULL) {
        return true;
    }
    return listener->auth != CONF_LISTED &&
           (listener->publish_without_connect != CONF_PUBLISH_BY_SENDER || news->peer->near);
}

/* The sender's entry; a short name without one is its two octets, below the mount. */
static struct span topic_of(struct hub *hub, const struct sn_news *news,
                            const struct conf_place *place)
{
    struct conf_topic_key key = {news->topic_id, news->topic_type == SN_TOPIC_SHORT};
    struct writer w = writer_of(hub->topic, HUB_TOPIC_MOST);

    if (key.is_short && !conf_topicmap_has(hub->conf, place, key)) {
        if (!hub_mount_write(hub, place, &w)) {
            return (struct span){NULL, 0};
        }
        write_u16(&w, news->topic_id);
    } else {
        (void)conf_topicmap_find(hub->conf, place, key, &w);
    }
    return span_of(hub->topic, w.bad ? 0 : written(&w));
}

void hub_border_stray(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    struct hub_node *hn = news->node == NULL ? NULL : sn_node_user(news->node);
    struct mqtt_publication p = {.payload = news->data, .retain = news->retain};
    uint8_t room[CONF_NAME_MOST];
    struct writer name = writer_of(room, sizeof room);
    struct conf_place place =
        hn != NULL ? hub_node_place(hub, hn) : place_of(hub, news->peer, &name);
    const struct hub_seen *seen = NULL;
    enum mqtt_err err = MQTT_OK;

    if (!may_send(hub, news, &place)) {
        hub->count.uncalled++;
        return;
    }
    seen = hn != NULL ? hn->seen : hub_seen_heard(hub, &place, news->peer, now_ms);
    hub_moulds_see(hub, seen, now_ms);
    p.topic = topic_of(hub, news, &place); /* in the hub's scratch from here on */
    p.origin = hub_seen_number(seen);
    if (p.topic.len == 0) {
        hub->count.no_topic++;
        hub_seen_unknown(hub, seen, news->peer->listener, news->topic_id, now_ms);
        return;
    }
    hub->count.strays++;
    err = hn != NULL && hn->session != NULL
              ? mqtt_session_publish(&hub->sessions, hn->session, &p, now_ms)
              : publish_as(hub, &place, &p, now_ms);
    if (hub_is_tapped(hub)) {
        hub_tap_from(hub, news, &place, p.topic, err);
    }
}
