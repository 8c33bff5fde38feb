/* gateway/hub/border.c - from sessions to nodes: answers, deliveries, the end of a waking. */
#include "gateway/hub/border.h"

#include "gateway/hub/listeners.h"
#include "gateway/hub/maps.h"
#include "gateway/hub/mould.h"
#include "gateway/hub/seen.h"
#include "gateway/hub/tap.h"

static const uint8_t answer_types[] = {
    [MQTT_OP_PUBACK] = SN_PUBACK,   [MQTT_OP_PUBREC] = SN_PUBREC, [MQTT_OP_PUBREL] = SN_PUBREL,
    [MQTT_OP_PUBCOMP] = SN_PUBCOMP, [MQTT_OP_SUBACK] = SN_SUBACK, [MQTT_OP_UNSUBACK] = SN_UNSUBACK,
};

static void admit(struct hub *hub, struct hub_node *hn, const struct mqtt_op *op, uint64_t now_ms)
{
    struct sn_admission admission = {
        .code = op->code, .present = op->present, .known = hn->known, .names = hub_maps_of(hn)};

    sn_gate_admit(hub->gate, hn->node, &admission, now_ms);
    if (sn_node_state(hn->node) == SN_ACTIVE) {
        hub_seen_met(hub, hn, now_ms);
        hub_moulds_see(hub, hn->seen, now_ms);
    }
}

static void answer(struct hub *hub, struct hub_node *hn, const struct mqtt_op *op, uint64_t now_ms)
{
    bool refused = op->kind == MQTT_OP_SUBACK && op->code > 2;
    struct sn_answer reply = {
        .type = op->kind == MQTT_OP_OTHER ? op->code : answer_types[op->kind],
        .code = refused ? SN_RC_NOT_SUPPORTED : SN_RC_ACCEPTED,
        .qos = op->kind == MQTT_OP_SUBACK && !refused ? op->code : 0,
        .topic_id = op->extra,
        .msg_id = op->packet_id,
    };

    sn_gate_answer(hub->gate, hn->node, &reply, now_ms);
}

void hub_border_give_up(struct hub *hub, struct hub_node *hn, uint16_t packet_id, uint64_t now_ms)
{
    hub->count.undelivered++;
    hn->session->dropped++;
    if (packet_id != 0) {
        mqtt_session_ack(&hub->sessions, hn->session, MQTT_OP_PUBACK, packet_id, now_ms);
    }
}

static void deliver(struct hub *hub, struct hub_node *hn, struct mqtt_op *op, uint64_t now_ms)
{
    struct sn_delivery delivery = {
        .topic = mqtt_message_topic(op->message),
        .data = mqtt_message_payload(op->message),
        .block = mqtt_message_block(op->message),
        .msg_id = op->packet_id,
        .qos = op->qos,
        .dup = op->dup,
        .retain = op->retain,
    };

    enum sn_err err = sn_gate_deliver(hub->gate, hn->node, &delivery, now_ms);

    if (err == SN_ERR_LATER && op->qos != 0) {
        mqtt_session_hold(&hub->sessions, hn->session, op->packet_id);
        mqtt_message_drop(op->message);
        return;
    }
    if (hn->waking && hn->wake_left > 0) {
        hn->wake_left--;
    }
    if (err != SN_OK) {
        hub_border_give_up(hub, hn, op->qos == 0 ? 0 : op->packet_id, now_ms);
    } else if (hub_is_tapped(hub)) {
        hub_tap_to(hub, hn, &delivery);
    }
    mqtt_message_drop(op->message);
}

static bool next_operation(struct hub *hub, struct hub_node *hn, struct mqtt_op *op,
                           uint64_t now_ms)
{
    bool room_to_wake = !hn->waking || hn->wake_left > 0;

    if (room_to_wake && sn_gate_is_ready(hub->gate, hn->node)) {
        return mqtt_session_next(&hub->sessions, hn->session, op, now_ms);
    }
    return mqtt_session_next_answer(&hub->sessions, hn->session, op);
}

/* 6.14: PINGRESP when all that waited was sent and acknowledged, or wake_messages is reached; the
 * node sleeps after it, so an answer that waits for the store goes before. */
static void end_waking(struct hub *hub, struct hub_node *hn, uint64_t now_ms)
{
    bool waits = hn->wake_left > 0 && mqtt_session_has_messages(hn->session);

    if (!hn->waking || waits || hn->session->inflight_count > hn->session->held_count ||
        mqtt_session_owed(hn->session) > 0 || !sn_gate_is_ready(hub->gate, hn->node)) {
        return;
    }
    hn->waking = false;
    mqtt_session_close(&hub->sessions, hn->session, MQTT_END_ASLEEP, now_ms);
    sn_gate_drained(hub->gate, hn->node, now_ms);
}

void hub_border_serve(struct hub *hub, struct hub_node *hn, uint64_t now_ms)
{
    struct mqtt_op op;

    if (hn->session != NULL) {
        mqtt_session_unhold(hn->session);
    }
    while (hn->session != NULL) {
        if (!sn_gate_has_room(hub->gate, hn->node)) {
            list_remove(&hn->in_stalled);
            list_push(&hub->stalled, &hn->in_stalled);
            return;
        }
        if (!next_operation(hub, hn, &op, now_ms)) {
            end_waking(hub, hn, now_ms);
            return;
        }
        switch (op.kind) {
        case MQTT_OP_OPENED: admit(hub, hn, &op, now_ms); break;
        case MQTT_OP_DELIVER: deliver(hub, hn, &op, now_ms); break;
        default: answer(hub, hn, &op, now_ms); break;
        }
    }
}

static void hear(struct hub *hub, uint64_t now_ms)
{
    struct sn_news news;

    while (sn_gate_event(hub->gate, &news)) {
        hub_border_news(hub, &news, now_ms);
    }
}

/* Nodes whose listener had no room: it may have some now. */
static void serve_stalled(struct hub *hub, uint64_t now_ms)
{
    struct list again;
    struct list *link = NULL;

    list_init(&again);
    while ((link = list_pop(&hub->stalled)) != NULL) {
        list_push(&again, link);
    }
    while ((link = list_pop(&again)) != NULL) {
        hub_border_serve(hub, LIST_ITEM(link, struct hub_node, in_stalled), now_ms);
    }
}

void hub_border_pump(struct hub *hub, uint64_t now_ms)
{
    struct mqtt_session *s = NULL;

    serve_stalled(hub, now_ms);
    while ((s = mqtt_sessions_ready(&hub->sessions, MQTT_DOOR_NODE)) != NULL) {
        if (s->door_item != NULL) {
            hub_border_serve(hub, s->door_item, now_ms);
        }
        hear(hub, now_ms);
    }
    hear(hub, now_ms);
}

void hub_border_input(struct hub *hub, const struct sn_peer *from, struct span wire,
                      uint64_t now_ms)
{
    sn_gate_input(hub->gate, from, wire, now_ms);
    hear(hub, now_ms);
    hub_listeners_note(hub, from);
}

void hub_border_tick(struct hub *hub, uint64_t now_ms)
{
    sn_gate_tick(hub->gate, now_ms);
    hear(hub, now_ms);
}
