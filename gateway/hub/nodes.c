#include "gateway/hub/nodes.h"

#include "gateway/hub/access.h"
#include "gateway/hub/limits.h"
#include "gateway/hub/maps.h"
#include "gateway/hub/naming.h"
#include "gateway/hub/say.h"
#include "gateway/hub/seen.h"
#include "gateway/hub/who.h"

struct hub_node *hub_node_of(struct hub *hub, struct sn_node *node)
{
    struct hub_node *hn = sn_node_user(node);

    if (hn != NULL) {
        return hn;
    }
    hn = pool_take(&hub->nodes);
    if (hn == NULL) {
        return NULL;
    }
    hn->node = node;
    list_init(&hn->in_stalled);
    sn_node_set_user(node, hn);
    return hn;
}

struct hub_node *hub_node_next(const struct hub *hub, size_t *place)
{
    struct hub_node *hn = NULL;

    do {
        hn = pool_at(&hub->nodes, (*place)++);
    } while (hn != NULL && hn->node == NULL);
    return hn;
}

void hub_node_forget(struct hub *hub, struct hub_node *hn)
{
    struct sn_node *node = hn->node;

    hub_seen_left(hub, hn);
    list_remove(&hn->in_stalled);
    hub_naming_drop(hub, hn);
    hub_maps_drop(hub, hn);
    hub_limits_drop(hub, hn);
    sn_node_set_user(node, NULL);
    hn->node = NULL;
    pool_give(&hub->nodes, hn);
    sn_gate_forget(hub->gate, node);
}

void hub_nodes_fini(struct hub *hub)
{
    size_t place = 0;
    struct hub_node *hn = NULL;

    while ((hn = hub_node_next(hub, &place)) != NULL) {
        hub_node_forget(hub, hn);
    }
}

void hub_node_end(struct hub *hub, struct hub_node *hn, uint64_t now_ms)
{
    struct mqtt_session *s = hn->session;

    if (s != NULL && s->open) {
        sn_gate_dismiss(hub->gate, hn->node, now_ms);
        hub_seen_changed(hub, hn, now_ms);
    }
    hn->session = NULL;
    if (s != NULL) {
        s->user = NULL;
        mqtt_session_discard(&hub->sessions, s, now_ms);
    }
    hub_node_forget(hub, hn);
}

bool hub_node_whereabouts(const struct hub_node *hn, struct sn_peer *peer)
{
    struct span address;

    *peer = sn_node_peer(hn->node);
    if (sn_node_is_placed(hn->node)) {
        return true;
    }
    if (hn->seen == NULL || hn->seen->listener == HUB_NO_LISTENER) {
        return false;
    }
    peer->listener = hn->seen->listener;
    address = hub_seen_address(hn->seen, &peer->wireless);
    if (address.len != 0 && address.len <= sizeof peer->addr) {
        memcpy(peer->addr, address.at, address.len);
        peer->addr_len = (uint8_t)address.len;
    }
    return true;
}

struct conf_place hub_node_place(const struct hub *hub, const struct hub_node *hn)
{
    struct conf_place place = {
        .node = hn->section, .name = hub_node_name(hub, hn), .client_id = sn_node_id(hn->node)};

    struct sn_peer peer;

    (void)hub_node_whereabouts(hn, &peer);
    hub_who_stand(hub, &peer, &place);
    return place;
}

static enum hub_outcome learn_settings(struct hub *hub, struct hub_node *hn,
                                       const struct conf_place *place)
{
    struct conf_settings with = conf_node_settings(hub->conf, place);

    return hub_limits_set(hub, hn, place, &with) ? hub_maps_learn(hub, hn, place, with.mount)
                                                 : HUB_NO_MEMORY;
}

enum hub_outcome hub_node_learn(struct hub *hub, struct hub_node *hn, struct conf_place *place,
                                uint64_t now_ms)
{
    enum hub_outcome outcome = hub_naming_learn(hub, hn, place, now_ms);

    return outcome == HUB_LEARNT ? learn_settings(hub, hn, place) : outcome;
}

/* --- all of them anew ------------------------------------------------------------------------ */

static void say_kept(struct hub *hub, const struct hub_node *hn, enum hub_outcome outcome)
{
    static const char *const whats[] = {
        [HUB_NAME_TAKEN] = "would get another node's name, and is refused when it connects:",
        [HUB_NO_MOUNT] = "has a mount that cannot be made for it, and keeps the old one:",
        [HUB_NO_MEMORY] = "cannot learn its new settings for want of memory:"};

    hub_say_node(hub, CONF_WARNING, whats[outcome], hn->node, NULL);
}

void hub_node_relearn(struct hub *hub, struct hub_node *hn, uint64_t now_ms)
{
    struct conf_place place;
    struct sn_peer peer;
    struct block *acl = NULL;
    uint8_t room[HUB_TOPIC_MOST];
    struct writer mount = writer_of(room, sizeof room);
    bool had_limits = sn_node_limits(hn->node) != NULL;
    enum hub_outcome outcome = HUB_LEARNT;

    if (hub_maps_of(hn) != NULL) {
        write_span(&mount, hub_maps_of(hn)->mount);
    }
    outcome = hub_node_learn(hub, hn, &place, now_ms);

    if (outcome != HUB_LEARNT) {
        say_kept(hub, hn, outcome);
    }
    if (outcome == HUB_NAME_TAKEN) { /* what hangs on the place is right all the same */
        place = hub_node_place(hub, hn);
        (void)learn_settings(hub, hn, &place);
    }
    hn->known = hn->section != NULL;
    if (hn->session == NULL) {
        return;
    }
    if (sn_node_limits(hn->node) != NULL) {
        hn->session->quota = hub_limits_of(hn)->quota;
    }
    if (hub_access_node(hub, &place, &acl)) {
        mqtt_session_set_acl(&hub->sessions, hn->session, acl, now_ms);
    }
    hub_maps_move_subscriptions(hub, hn, hub_node_whereabouts(hn, &peer), now_ms);
    if (had_limits) { /* else it was only restored, and has lain where its mount is all the time */
        hub_maps_remount(hub, hn, span_of(room, written(&mount)), now_ms);
    }
}

static void relearn_those(struct hub *hub, bool open, uint64_t now_ms)
{
    size_t place = 0;
    struct hub_node *hn = NULL;

    while ((hn = hub_node_next(hub, &place)) != NULL) {
        if ((hn->session != NULL && hn->session->open) == open) {
            hub_node_relearn(hub, hn, now_ms);
        }
    }
}

/* First all names are given up, so that two nodes can change theirs. Of two at one place the one
 * that is connected has its name. */
void hub_nodes_relearn(struct hub *hub, uint64_t now_ms)
{
    size_t place = 0;
    struct hub_node *hn = NULL;

    while ((hn = hub_node_next(hub, &place)) != NULL) {
        hn->section = NULL;
        hub_naming_drop(hub, hn);
    }
    hub_who_build(hub);
    relearn_those(hub, true, now_ms);
    relearn_those(hub, false, now_ms);
}

void hub_nodes_notice(struct hub *hub, const struct mqtt_notice *notice)
{
    struct hub_node *hn = notice->user;
    bool dropping = notice->kind == MQTT_NOTICE_DROPPING;

    if (notice->door == MQTT_DOOR_UPSTREAM) {
        return; /* uplink_lost.h says it */
    }
    hub_say(hub, &(struct hub_line_of_log){dropping ? CONF_WARNING : CONF_INFO, "session",
                                           dropping ? "queue full, messages are dropped:"
                                                    : "session expired:",
                                           notice->name, NULL});
    if (!dropping && notice->door == MQTT_DOOR_NODE && hn != NULL) {
        hn->session = NULL;
        hub_node_forget(hub, hn);
    }
}
