/* gateway/hub/border_in.c - from nodes to sessions: one function for each kind of news. */
#include "gateway/hub/access.h"
#include "gateway/hub/border.h"
#include "gateway/hub/limits.h"
#include "gateway/hub/listeners.h"
#include "gateway/hub/maps.h"
#include "gateway/hub/naming.h"
#include "gateway/hub/seen.h"
#include "gateway/hub/tap.h"

static void reply(struct hub *hub, const struct sn_news *news, uint8_t type, uint8_t code,
                  uint64_t now_ms)
{
    struct sn_answer answer = {
        .type = type, .code = code, .topic_id = news->topic_id, .msg_id = news->msg_id};

    sn_gate_answer(hub->gate, news->node, &answer, now_ms);
}

/* What has no room to wait for its turn is answered at once: with "congestion" where the request
 * can come again, and as it is where it cannot. */
static void owe(struct hub *hub, const struct sn_news *news, const struct mqtt_answer *answer,
                uint8_t type, uint64_t now_ms)
{
    struct hub_node *hn = sn_node_user(news->node);

    if (!mqtt_session_owe(&hub->sessions, hn->session, answer)) {
        hub->sessions.count.refused++;
        reply(hub, news, type, SN_RC_CONGESTION, now_ms);
    }
}

static void owe_other(struct hub *hub, const struct sn_news *news, struct mqtt_answer answer,
                      uint64_t now_ms)
{
    answer.kind = MQTT_OP_OTHER;
    answer.packet_id = news->msg_id;
    answer.extra = news->topic_id;
    owe(hub, news, &answer, answer.code, now_ms);
}

/* Ends the connection; what is kept of the session, and the will of a kept one, stays. */
static void part(struct hub *hub, struct hub_node *hn, enum mqtt_end end, uint64_t now_ms)
{
    bool clean = hn->session->clean;

    hn->waking = false;
    mqtt_session_close(&hub->sessions, hn->session, end, now_ms);
    if (clean) {
        hn->session = NULL;
    }
}

static void refuse(struct hub *hub, const struct sn_news *news, uint8_t code, uint64_t now_ms)
{
    struct sn_admission admission = {.code = code};
    struct hub_node *hn = sn_node_user(news->node);

    sn_gate_admit(hub->gate, news->node, &admission, now_ms);
    if (hn == NULL) {
        return;
    }
    if (hn->session != NULL && hn->session->open) {
        part(hub, hn, MQTT_END_PARTED, now_ms);
    }
    hub_seen_changed(hub, hn, now_ms);
    if (hn->session == NULL) {
        hub_node_forget(hub, hn);
    }
}

/* SN-176 SN-177: a sleeper that connects goes on with what waits, at QoS 0 too. */
static bool goes_on(const struct hub_node *hn, const struct sn_news *news)
{
    const struct mqtt_session *s = hn->session;

    return !news->clean && s != NULL && s->open && (s->asleep || hn->waking);
}

/* A session of someone unknown is kept once he has asked for something: until then there is
 * nothing to keep, and a flood of CONNECTs writes nothing. A will was asked for in two steps. */
static bool is_on_trial(const struct hub *hub, const struct sn_news *news,
                        const struct conf_place *place)
{
    return place->node == NULL && !news->clean && !news->will && !news->no_will &&
           mqtt_session_find(&hub->sessions, MQTT_DOOR_NODE, sn_node_id(news->node)) == NULL;
}

static bool is_a_stranger(const struct hub *hub, const struct sn_news *news,
                          const struct conf_place *place)
{
    return hub->conf->listener[sn_node_peer(news->node).listener].auth == CONF_LISTED &&
           place->node == NULL;
}

/* Why it is not let in, told; SN_RC_ACCEPTED: it is. */
static uint8_t judge(struct hub *hub, const struct sn_news *news, struct conf_place *place,
                     uint64_t now_ms)
{
    struct hub_node *hn = hub_node_of(hub, news->node);
    enum hub_outcome outcome = hn == NULL ? HUB_NO_MEMORY : hub_node_learn(hub, hn, place, now_ms);

    if (outcome == HUB_NO_MEMORY) {
        return SN_RC_CONGESTION;
    }
    if (is_a_stranger(hub, news, place)) {
        hub_say_node(hub, CONF_NOTICE, "refused a node that no [node] names:", news->node,
                     news->cause);
    } else if (outcome == HUB_NAME_TAKEN) {
        hub_say_node(hub, CONF_NOTICE,
                     "refused a node that would get another node's name:", news->node, news->cause);
    } else if (outcome == HUB_NO_MOUNT) {
        hub_say_node(hub, CONF_NOTICE,
                     "refused a node whose mount cannot be made for it:", news->node, news->cause);
    } else {
        return SN_RC_ACCEPTED;
    }
    return SN_RC_NOT_SUPPORTED;
}

static void on_connect(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    struct conf_place place;
    uint8_t code = judge(hub, news, &place, now_ms);
    struct hub_node *hn = sn_node_user(news->node);
    struct mqtt_opening opening = {.door = MQTT_DOOR_NODE,
                                   .name = sn_node_id(news->node),
                                   .holder = sn_node_who(news->node),
                                   .clean = news->clean,
                                   .door_item = hn};
    bool was_clean = false; /* and goes on as a kept one */

    if (code != SN_RC_ACCEPTED) {
        refuse(hub, news, code, now_ms);
        return;
    }
    opening.goes_on = goes_on(hn, news);
    was_clean = opening.goes_on && hn->session->clean;
    if (hn->session != NULL && hn->session->open && !opening.goes_on) {
        part(hub, hn, MQTT_END_PARTED, now_ms);
    }
    hn->waking = false;
    hn->known = place.node != NULL;
    hn->on_trial = is_on_trial(hub, news, &place);
    opening.clean = news->clean || hn->on_trial;
    opening.quota = hub_limits_of(hn)->quota;
    hn->session = hub_access_node(hub, &place, &opening.acl)
                      ? mqtt_session_open(&hub->sessions, &opening, now_ms)
                      : NULL;
    if (hn->session == NULL) { /* one that is kept may be there still, and names its node */
        hn->session = mqtt_session_find(&hub->sessions, MQTT_DOOR_NODE, opening.name);
        refuse(hub, news, SN_RC_CONGESTION, now_ms);
        return;
    }
    hn->session->user = hn;
    hub_maps_move_subscriptions(hub, hn, true, now_ms);
    if (was_clean) {
        sn_gate_tell_names(hub->gate, hn->node);
    }
    code = hub_border_take_will(hub, news, now_ms);
    if (code != SN_RC_ACCEPTED) {
        refuse(hub, news, code, now_ms);
        return;
    }
    hub_say_node(hub, CONF_INFO, "connected", news->node, news->cause);
}

static void on_publish(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    struct hub_node *hn = sn_node_user(news->node);
    struct mqtt_publication p = {.topic = hub_mounted(hub, hn, news->topic, news->mapped),
                                 .payload = news->data,
                                 .packet_id = news->msg_id,
                                 .extra = news->topic_id,
                                 .origin = hub_seen_number(hn->seen),
                                 .qos = news->qos,
                                 .retain = news->retain};
    enum mqtt_err err = mqtt_session_publish(&hub->sessions, hn->session, &p, now_ms);

    if (hub_is_tapped(hub)) {
        hub_tap_from(hub, news, NULL, p.topic, err);
    }
    if (err != MQTT_OK && news->qos > 0) {
        reply(hub, news, SN_PUBACK, err == MQTT_ERR_FULL ? SN_RC_CONGESTION : SN_RC_NOT_SUPPORTED,
              now_ms);
    }
}

/* By which KEY it subscribes, for the session to keep. */
static uint32_t key_of(const struct sn_news *news)
{
    switch (news->topic_type) {
    case SN_TOPIC_PREDEFINED: return news->key;
    case SN_TOPIC_SHORT: return HUB_KEY_SHORT | news->key;
    default: return 0;
    }
}

static void on_unsubscribe(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    struct hub_node *hn = sn_node_user(news->node);
    struct mqtt_answer answer = {.kind = MQTT_OP_UNSUBACK, .packet_id = news->msg_id};
    struct span filter = hub_mounted(hub, hn, news->topic, news->mapped);

    mqtt_session_unsubscribe(&hub->sessions, hn->session, filter, &answer.ticket, now_ms);
    owe(hub, news, &answer, SN_UNSUBACK, now_ms);
}

static void on_register(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    struct hub_node *hn = sn_node_user(news->node);
    struct sn_news granted = *news;

    if (hub_border_is_too_deep(hub, hub_mounted(hub, hn, news->topic, false))) {
        reply(hub, news, SN_REGACK, SN_RC_NOT_SUPPORTED, now_ms);
        return;
    }
    if (!hub_border_give_id(hub, &granted, now_ms)) {
        reply(hub, &granted, SN_REGACK, SN_RC_CONGESTION, now_ms);
        return;
    }
    owe_other(hub, &granted, (struct mqtt_answer){.code = SN_REGACK, .ticket = hn->session->ticket},
              now_ms);
}

static void on_subscribe(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    struct hub_node *hn = sn_node_user(news->node);
    struct sn_news granted = *news;
    struct mqtt_subscribing sub = {.filter = hub_mounted(hub, hn, news->topic, news->mapped),
                                   .qos = news->qos,
                                   .extra = key_of(news)};
    struct mqtt_answer answer = {.kind = MQTT_OP_SUBACK, .packet_id = news->msg_id};
    bool may = mqtt_session_may_subscribe(&hub->sessions, hn->session, sub.filter);

    if (may && !hub_border_give_id(hub, &granted, now_ms)) {
        reply(hub, &granted, SN_SUBACK, SN_RC_CONGESTION, now_ms); /* SN-136 */
        return;
    }
    answer.extra = granted.topic_id;
    answer.code = mqtt_session_subscribe(&hub->sessions, hn->session, &sub, &answer.ticket, now_ms);
    if (answer.code > 2 && may) {
        reply(hub, news, SN_SUBACK, SN_RC_CONGESTION, now_ms);
        return;
    }
    owe(hub, &granted, &answer, SN_SUBACK, now_ms);
}

static void on_will(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    uint8_t type = news->kind == SN_NEWS_WILL_TOPIC ? SN_WILLTOPICRESP : SN_WILLMSGRESP;
    uint8_t code = hub_border_update_will(hub, news, now_ms);

    if (code != SN_RC_ACCEPTED) {
        reply(hub, news, type, code, now_ms);
        return;
    }
    owe_other(hub, news, (struct mqtt_answer){.code = type}, now_ms);
}

static void on_ack(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    static const enum mqtt_op_kind kinds[] = {[SN_NEWS_PUBACK] = MQTT_OP_PUBACK,
                                              [SN_NEWS_PUBREC] = MQTT_OP_PUBREC,
                                              [SN_NEWS_PUBCOMP] = MQTT_OP_PUBCOMP,
                                              [SN_NEWS_PUBREL] = MQTT_OP_PUBREL};
    struct hub_node *hn = sn_node_user(news->node);

    mqtt_session_ack(&hub->sessions, hn->session, kinds[news->kind], news->msg_id, now_ms);
}

static void on_dropped(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    hub_border_give_up(hub, sn_node_user(news->node), news->msg_id, now_ms);
}

static void on_later(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    const struct hub_node *hn = sn_node_user(news->node);

    (void)now_ms;
    mqtt_session_hold(&hub->sessions, hn->session, news->msg_id);
}

static void on_ready(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    hub_border_serve(hub, sn_node_user(news->node), now_ms);
}

static void on_sleep(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    struct hub_node *hn = sn_node_user(news->node);

    hn->waking = false;
    mqtt_session_close(&hub->sessions, hn->session, MQTT_END_ASLEEP, now_ms);
    owe_other(hub, news, (struct mqtt_answer){.code = SN_DISCONNECT}, now_ms);
    hub_seen_changed(hub, hn, now_ms);
    hub_say_node(hub, CONF_DEBUG, "asleep", news->node, news->cause);
}

static void on_awake(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    struct hub_node *hn = sn_node_user(news->node);

    hn->waking = true;
    hn->wake_left = hub_limits_of(hn)->wake_messages;
    mqtt_session_set_window(&hub->sessions, hn->session, 1);
    hub_border_serve(hub, hn, now_ms);
}

static void on_gave_up(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    struct hub_node *hn = sn_node_user(news->node);

    hn->waking = false;
    if (news->msg_id != 0) {
        mqtt_session_give_back(&hub->sessions, hn->session, news->msg_id);
    }
    mqtt_session_close(&hub->sessions, hn->session, MQTT_END_ASLEEP, now_ms);
}

static void on_end(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    struct hub_node *hn = sn_node_user(news->node);
    bool lost = news->kind == SN_NEWS_LOST;

    hub_seen_changed(hub, hn, now_ms);
    hub_say_node(hub, lost ? CONF_NOTICE : CONF_INFO, lost ? "lost" : "disconnected", news->node,
                 news->cause);
    part(hub, hn, lost ? MQTT_END_LOST : MQTT_END_PARTED, now_ms);
    if (hn->session == NULL) {
        hub_node_forget(hub, hn);
    }
}

typedef void handler(struct hub *hub, const struct sn_news *news, uint64_t now_ms);

static handler *const handlers[] = {
    [SN_NEWS_CONNECT] = on_connect,
    [SN_NEWS_REGISTER] = on_register,
    [SN_NEWS_NAMED] = hub_border_named,
    [SN_NEWS_PUBLISH] = on_publish,
    [SN_NEWS_SUBSCRIBE] = on_subscribe,
    [SN_NEWS_UNSUBSCRIBE] = on_unsubscribe,
    [SN_NEWS_WILL_TOPIC] = on_will,
    [SN_NEWS_WILL_MSG] = on_will,
    [SN_NEWS_PUBACK] = on_ack,
    [SN_NEWS_PUBREC] = on_ack,
    [SN_NEWS_PUBCOMP] = on_ack,
    [SN_NEWS_PUBREL] = on_ack,
    [SN_NEWS_DROPPED] = on_dropped,
    [SN_NEWS_LATER] = on_later,
    [SN_NEWS_GAVE_UP] = on_gave_up,
    [SN_NEWS_READY] = on_ready,
    [SN_NEWS_SLEEP] = on_sleep,
    [SN_NEWS_AWAKE] = on_awake,
    [SN_NEWS_BYE] = on_end,
    [SN_NEWS_LOST] = on_end,
    [SN_NEWS_EVICTED] = hub_border_evicted,
    [SN_NEWS_MOVED] = hub_border_rival,
    [SN_NEWS_RIVAL] = hub_border_rival,
    [SN_NEWS_UNKNOWN] = hub_border_unknown,
    [SN_NEWS_STRAY] = hub_border_stray,
    [SN_NEWS_STANDS_IN] = hub_listeners_news,
    [SN_NEWS_STANDS_BY] = hub_listeners_news,
};

void hub_border_news(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    if (hub_border_turns_down(hub, news, now_ms)) {
        return;
    }
    handlers[news->kind](hub, news, now_ms);
}
