/* mqtt/session_out.c - what a session owes and delivers, and when it may. */
#include "mqtt/away.h"
#include "mqtt/inflight.h"
#include "mqtt/keep.h"
#include "mqtt/session_parts.h"

/* What a session has to say. */
enum voice { SILENT, WAITS, MAY_GO };

static bool is_kept(const struct mqtt_sessions *ss, uint64_t ticket)
{
    return journal_is_kept(ss->journal, ticket);
}

static struct mqtt_answer *first_answer(const struct mqtt_session *s)
{
    return chain_is_empty(&s->answers)
               ? NULL
               : LIST_ITEM(s->answers.first, struct mqtt_answer, in_session);
}

static bool holds_deliveries(const struct mqtt_answer *answer)
{
    return answer->kind == MQTT_OP_OPENED || answer->kind == MQTT_OP_SUBACK;
}

/* --- ready and waiting -------------------------------------------------------------------------
 */

static enum voice voice_of_answers(const struct mqtt_sessions *ss, const struct mqtt_session *s)
{
    const struct mqtt_answer *first = first_answer(s);

    if (first == NULL) {
        return SILENT;
    }
    return is_kept(ss, first->ticket) ? MAY_GO : WAITS;
}

/* Taking one more into flight may need a record: its packet id, or that the session sends. */
static bool can_take_off(const struct mqtt_sessions *ss, const struct mqtt_session *s,
                         const struct mqtt_entry *entry)
{
    return (entry->qos == 2 ? !mqtt_keep_is_on(ss, s) : mqtt_keep_may_send(ss, s)) ||
           journal_has_cells(ss->journal, 1);
}

/* It calls for a connection. */
static enum voice voice_of_closed(const struct mqtt_session *s)
{
    return s->quota.calls && s->queue_count + s->inflight_count > 0 ? MAY_GO : SILENT;
}

static enum voice voice_of_open(const struct mqtt_sessions *ss, const struct mqtt_session *s)
{
    const struct mqtt_entry *first = NULL;

    if (s->holds > 0 || s->window == 0) {
        return SILENT;
    }
    if (s->to_send != NULL) {
        if (s->sent_count >= s->window) {
            return SILENT;
        }
        return is_kept(ss, s->to_send->due) && !s->to_send->away ? MAY_GO : WAITS;
    }
    if (s->queue_count == 0) {
        return SILENT;
    }
    first = LIST_ITEM(s->queue.first, struct mqtt_entry, link);
    if (first->qos == 0) {
        return MAY_GO;
    }
    if (!mqtt_inflight_has_room(s)) {
        return SILENT;
    }
    return can_take_off(ss, s, first) && !first->away ? MAY_GO : WAITS;
}

static enum voice voice_of_deliveries(const struct mqtt_sessions *ss, const struct mqtt_session *s)
{
    return s->open ? voice_of_open(ss, s) : voice_of_closed(s);
}

static void wait(struct mqtt_sessions *ss, struct mqtt_session *s)
{
    if (list_is_empty(&s->in_line)) {
        list_push(mqtt_away_waits(s) ? &ss->wanting : &ss->waiting, &s->in_line);
    }
}

void mqtt_session_leave_line(struct mqtt_session *s)
{
    list_remove(&s->in_line);
    s->ready = false;
}

void mqtt_session_again(struct mqtt_sessions *ss, struct mqtt_session *s)
{
    enum voice answers = SILENT;
    enum voice deliveries = SILENT;

    if (s->ready) {
        return;
    }
    answers = voice_of_answers(ss, s);
    deliveries = answers == MAY_GO ? SILENT : voice_of_deliveries(ss, s);
    if (answers == MAY_GO || deliveries == MAY_GO) {
        list_remove(&s->in_line);
        list_push(&ss->ready[s->door], &s->in_line);
        s->ready = true;
    } else if (answers == WAITS || deliveries == WAITS) {
        wait(ss, s);
    }
}

void mqtt_sessions_kept(struct mqtt_sessions *ss)
{
    struct list asked;
    struct list *link = NULL;

    list_init(&asked);
    ss->kept_seen = ss->journal->kept;
    while ((link = list_pop(&ss->waiting)) != NULL || (link = list_pop(&ss->wanting)) != NULL) {
        list_push(&asked, link);
    }
    while ((link = list_pop(&asked)) != NULL) {
        mqtt_session_again(ss, LIST_ITEM(link, struct mqtt_session, in_line));
    }
}

struct mqtt_session *mqtt_sessions_ready(struct mqtt_sessions *ss, enum mqtt_door door)
{
    struct mqtt_session *s = NULL;

    if (ss->kept_seen != ss->journal->kept) { /* a put met its delete and counts as kept */
        mqtt_sessions_kept(ss);
    }
    if (list_is_empty(&ss->ready[door])) {
        return NULL;
    }
    s = LIST_ITEM(ss->ready[door].next, struct mqtt_session, in_line);
    mqtt_session_leave_line(s);
    return s;
}

/* --- answers -----------------------------------------------------------------------------------
 */

bool mqtt_session_owe(struct mqtt_sessions *ss, struct mqtt_session *s,
                      const struct mqtt_answer *answer)
{
    struct mqtt_answer *owed = s->open ? pool_take(&ss->answers) : NULL;

    if (owed == NULL) {
        block_drop(answer->codes);
        return false;
    }
    *owed = *answer;
    chain_push(&s->answers, &owed->in_session);
    s->answer_count++;
    if (holds_deliveries(owed)) {
        s->holds++;
    }
    mqtt_session_again(ss, s);
    return true;
}

/* Takes an answer out; its codes are given up unless they went into an operation. */
static void remove_answer(struct mqtt_sessions *ss, struct mqtt_session *s,
                          struct mqtt_answer *answer)
{
    if (holds_deliveries(answer)) {
        s->holds--;
    }
    s->answer_count--;
    chain_remove(&s->answers, &answer->in_session);
    pool_give(&ss->answers, answer);
}

void mqtt_session_owe_nothing(struct mqtt_sessions *ss, struct mqtt_session *s)
{
    struct mqtt_answer *answer = NULL;

    while ((answer = first_answer(s)) != NULL) {
        block_drop(answer->codes);
        remove_answer(ss, s, answer);
    }
}

size_t mqtt_session_owed(const struct mqtt_session *s)
{
    return s->answer_count;
}

static bool take_answer(struct mqtt_sessions *ss, struct mqtt_session *s, struct mqtt_op *op)
{
    struct mqtt_answer *answer = first_answer(s);

    if (answer == NULL || !is_kept(ss, answer->ticket)) {
        return false;
    }
    *op = (struct mqtt_op){.kind = (enum mqtt_op_kind)answer->kind,
                           .packet_id = answer->packet_id,
                           .extra = answer->extra,
                           .code = answer->code,
                           .codes = answer->codes};
    if (op->kind == MQTT_OP_OPENED) {
        op->present = answer->extra != 0;
        op->extra = 0;
    }
    remove_answer(ss, s, answer);
    return true;
}

bool mqtt_session_next_answer(struct mqtt_sessions *ss, struct mqtt_session *s, struct mqtt_op *op)
{
    if (take_answer(ss, s, op)) {
        return true;
    }
    if (first_answer(s) != NULL) {
        wait(ss, s);
    }
    return false;
}

/* --- deliveries --------------------------------------------------------------------------------
 */

static bool deliver(struct mqtt_sessions *ss, const struct mqtt_entry *entry, struct mqtt_op *op)
{
    *op = (struct mqtt_op){.kind = MQTT_OP_DELIVER,
                           .packet_id = entry->packet_id,
                           .rule = entry->rule,
                           .qos = entry->qos,
                           .dup = entry->dup,
                           .retain = entry->retain,
                           .message = mqtt_message_hold(entry->message)};
    ss->count.delivered++;
    ss->count.delivered_octets += entry->message->payload_len;
    return true;
}

static bool deliver_q0(struct mqtt_sessions *ss, struct mqtt_session *s, struct mqtt_entry *entry,
                       struct mqtt_op *op)
{
    mqtt_queue_take(s, entry);
    deliver(ss, entry, op);
    mqtt_entry_free(ss, entry);
    return true;
}

static bool deliver_inflight(struct mqtt_sessions *ss, struct mqtt_session *s, struct mqtt_op *op)
{
    struct mqtt_entry *entry = s->to_send;

    if (s->sent_count >= s->window || !is_kept(ss, entry->due) || entry->away) {
        return false;
    }
    mqtt_inflight_sent(s, entry);
    return deliver(ss, entry, op);
}

/* Takes as many as the window allows from the queue into flight, in order; at QoS 2 in a kept
 * session their ids are recorded together. */
static void take_off(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms)
{
    struct mqtt_entry *entry = NULL;

    while (mqtt_inflight_has_room(s) && (entry = mqtt_queue_first(ss, s, now_ms)) != NULL &&
           entry->qos != 0 && !entry->away && can_take_off(ss, s, entry)) {
        mqtt_queue_take(s, entry);
        mqtt_inflight_add(s, entry);
        if (entry->qos == 2) {
            entry->due = mqtt_keep_entry(ss, s, entry, now_ms);
        } else if (!mqtt_keep_may_send(ss, s)) {
            entry->due = mqtt_keep_sending(ss, s, true, now_ms);
        }
    }
}

static bool next_delivery(struct mqtt_sessions *ss, struct mqtt_session *s, struct mqtt_op *op,
                          uint64_t now_ms)
{
    struct mqtt_entry *first = NULL;

    if (!s->open || s->holds > 0 || s->window == 0) {
        return false;
    }
    if (s->to_send == NULL) {
        first = mqtt_queue_first(ss, s, now_ms);
        if (first == NULL) {
            return false;
        }
        if (first->qos == 0) {
            return deliver_q0(ss, s, first, op);
        }
        take_off(ss, s, now_ms);
    }
    return s->to_send != NULL && deliver_inflight(ss, s, op);
}

bool mqtt_session_next(struct mqtt_sessions *ss, struct mqtt_session *s, struct mqtt_op *op,
                       uint64_t now_ms)
{
    if (take_answer(ss, s, op) || next_delivery(ss, s, op, now_ms)) {
        return true;
    }
    if (s->open) {
        mqtt_session_leave_line(s);
        mqtt_session_again(ss, s);
    }
    return false;
}

bool mqtt_session_has_messages(const struct mqtt_session *s)
{
    return (s->queue_count > 0 && s->held_count < MQTT_HELD_MOST) ||
           s->inflight_count > s->held_count;
}

/* --- windows -----------------------------------------------------------------------------------
 */

void mqtt_session_resume(struct mqtt_sessions *ss, struct mqtt_session *s)
{
    mqtt_inflight_all_again(s);
    CHAIN_EACH (link, &s->inflight) {
        struct mqtt_entry *entry = LIST_ITEM(link, struct mqtt_entry, link);
        struct mqtt_answer pubrel = {
            .kind = MQTT_OP_PUBREL, .packet_id = entry->packet_id, .ticket = entry->due};

        if (entry->state == MQTT_ENTRY_RELEASED) {
            mqtt_session_owe(ss, s, &pubrel);
        }
    }
}

void mqtt_session_set_window(struct mqtt_sessions *ss, struct mqtt_session *s, uint16_t window)
{
    s->window = s->open ? window : 0;
    if (s->asleep && window > 0) {
        s->asleep = false;
        mqtt_session_resume(ss, s);
    }
    mqtt_session_again(ss, s);
}

void mqtt_session_give_back(struct mqtt_sessions *ss, struct mqtt_session *s, uint16_t packet_id)
{
    struct mqtt_entry *entry = mqtt_inflight_find(s, packet_id);

    if (entry != NULL) {
        mqtt_inflight_again(s, entry);
        mqtt_session_again(ss, s);
    }
}

void mqtt_session_hold(struct mqtt_sessions *ss, struct mqtt_session *s, uint16_t packet_id)
{
    struct mqtt_entry *entry = mqtt_inflight_find(s, packet_id);

    if (entry != NULL && entry->state == MQTT_ENTRY_SENT) {
        ss->count.delivered--;
        ss->count.delivered_octets -= entry->message->payload_len;
        mqtt_inflight_hold(s, entry);
    }
}

void mqtt_session_unhold(struct mqtt_session *s)
{
    mqtt_inflight_unhold(s);
}
