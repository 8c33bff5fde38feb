#include "mqtt/conn.h"

#include "mqtt/op.h"
#include "mqtt/topic.h"

static enum mqtt_err on_publish(struct mqtt_broker *b, struct mqtt_conn *conn,
                                const struct mqtt_packet *pkt, uint64_t now_ms)
{
    struct mqtt_publication p = {.topic = pkt->topic,
                                 .payload = pkt->payload,
                                 .packet_id = pkt->packet_id,
                                 .qos = mqtt_packet_qos(pkt),
                                 .retain = (pkt->flags & MQTT_RETAIN) != 0};
    enum mqtt_err err = MQTT_OK;

    if (mqtt_topic_levels(pkt->topic) > b->sessions->limits.topic_levels) {
        return MQTT_ERR_LEVELS;
    }
    err = mqtt_session_publish(b->sessions, conn->session, &p, now_ms);
    if (err == MQTT_ERR_FULL && p.qos > 0) {
        return err; /* the client has it still */
    }
    return MQTT_OK;
}

static enum mqtt_err on_ack(struct mqtt_broker *b, struct mqtt_conn *conn,
                            const struct mqtt_packet *pkt, uint64_t now_ms)
{
    mqtt_session_ack(b->sessions, conn->session, mqtt_op_of(pkt->type), pkt->packet_id, now_ms);
    return MQTT_OK;
}

static uint8_t subscribe_one(struct mqtt_broker *b, struct mqtt_conn *conn,
                             const struct mqtt_filter *filter, uint64_t *ticket, uint64_t now_ms)
{
    struct mqtt_subscribing sub = {.filter = filter->filter, .qos = filter->qos};

    return mqtt_session_subscribe(b->sessions, conn->session, &sub, ticket, now_ms);
}

/* MQTT 3.1 has no word for failure in SUBACK. */
static bool can_say(const struct mqtt_conn *conn, struct span codes)
{
    return conn->level != MQTT_LEVEL_3_1 || codes.len == 0 ||
           memchr(codes.at, MQTT_FAILURE, codes.len) == NULL;
}

/* [MQTT-3.8.4-1 to -5, 3.9.3-1] */
static enum mqtt_err on_subscribe(struct mqtt_broker *b, struct mqtt_conn *conn,
                                  const struct mqtt_packet *pkt, uint64_t now_ms)
{
    struct mqtt_answer answer = {.kind = MQTT_OP_SUBACK, .packet_id = pkt->packet_id};
    struct span rest = pkt->payload;
    const struct mqtt_retain *retain = &b->sessions->retain;
    uint64_t most = MQTT_WALK_MOST + MQTT_WALKS * (uint64_t)retain->count;
    uint64_t visited = retain->visited;
    struct mqtt_filter filter;
    size_t count = 0;

    answer.codes = block_new(&b->sessions->budget, mqtt_filters_count(pkt->type, rest));
    if (answer.codes == NULL) {
        return MQTT_ERR_FULL;
    }
    while (mqtt_filters_next(pkt->type, &rest, &filter)) {
        if (retain->visited - visited > most) {
            answer.codes->octets[count++] = MQTT_FAILURE;
            continue;
        }
        answer.codes->octets[count++] = subscribe_one(b, conn, &filter, &answer.ticket, now_ms);
    }
    if (!can_say(conn, block_span(answer.codes))) {
        block_drop(answer.codes);
        return MQTT_ERR_DENIED;
    }
    return mqtt_session_owe(b->sessions, conn->session, &answer) ? MQTT_OK : MQTT_ERR_FULL;
}

/* [MQTT-3.10.4-4 to -6] */
static enum mqtt_err on_unsubscribe(struct mqtt_broker *b, struct mqtt_conn *conn,
                                    const struct mqtt_packet *pkt, uint64_t now_ms)
{
    struct mqtt_answer answer = {.kind = MQTT_OP_UNSUBACK, .packet_id = pkt->packet_id};
    struct span rest = pkt->payload;
    struct mqtt_filter filter;

    while (mqtt_filters_next(pkt->type, &rest, &filter)) {
        mqtt_session_unsubscribe(b->sessions, conn->session, filter.filter, &answer.ticket, now_ms);
    }
    return mqtt_session_owe(b->sessions, conn->session, &answer) ? MQTT_OK : MQTT_ERR_FULL;
}

static enum mqtt_err on_packet(struct mqtt_broker *b, struct mqtt_conn *conn,
                               const struct mqtt_packet *pkt, uint64_t now_ms)
{
    switch (pkt->type) {
    case MQTT_PUBLISH: return on_publish(b, conn, pkt, now_ms);
    case MQTT_PUBACK:
    case MQTT_PUBREC:
    case MQTT_PUBREL:
    case MQTT_PUBCOMP: return on_ack(b, conn, pkt, now_ms);
    case MQTT_SUBSCRIBE: return on_subscribe(b, conn, pkt, now_ms);
    case MQTT_UNSUBSCRIBE: return on_unsubscribe(b, conn, pkt, now_ms);
    case MQTT_PINGREQ:
        if (conn->pings < UINT16_MAX) {
            conn->pings++;
        }
        mqtt_conn_ready(b, conn);
        return MQTT_OK;
    case MQTT_DISCONNECT:
        mqtt_conn_end(b, conn, MQTT_END_BYE, "DISCONNECT", now_ms);
        return MQTT_OK;
    default: return MQTT_ERR_STATE; /* a second CONNECT [MQTT-3.1.0-2], or a server's packet */
    }
}

enum mqtt_err mqtt_conn_packet(struct mqtt_broker *b, struct mqtt_conn *conn, struct span wire,
                               uint64_t now_ms)
{
    struct mqtt_packet pkt;
    enum mqtt_err err = mqtt_packet_decode(&pkt, wire, conn->level);

    if (conn->session != NULL) {
        conn->heard_ms = now_ms;
    }
    b->count.packets_in++;
    if (conn->level == 0 && err == MQTT_ERR_LEVEL) {
        mqtt_conn_refuse(b, conn, MQTT_REFUSED_LEVEL, mqtt_err_name(err), now_ms);
        return MQTT_OK;
    }
    if (err != MQTT_OK) {
        return err;
    }
    if (conn->level == 0) {
        return pkt.type == MQTT_CONNECT ? mqtt_conn_ask(b, conn, &pkt, wire, now_ms)
                                        : MQTT_ERR_STATE;
    }
    return on_packet(b, conn, &pkt, now_ms);
}

static void tell_closed(struct mqtt_broker *b, struct mqtt_conn *conn)
{
    conn->tell_closed = true;
    if (list_is_empty(&conn->in_news)) {
        list_push(&b->news, &conn->in_news);
    }
}

void mqtt_conn_end(struct mqtt_broker *b, struct mqtt_conn *conn, enum mqtt_end end,
                   const char *cause, uint64_t now_ms)
{
    struct mqtt_session *session = conn->session;

    if (conn->closing) {
        return;
    }
    conn->closing = true;
    conn->cause = cause;
    b->count.closed++;
    b->count.open -= session == NULL ? 0 : 1;
    conn->session = NULL;
    mqtt_conn_forget_login(conn);
    if (conn->held != NULL) {
        mqtt_op_drop(conn->held);
        pool_give(&b->held, conn->held);
        conn->held = NULL;
    }
    heap_set(&b->timers, &conn->timer, HEAP_NEVER);
    block_drop(conn->rest);
    conn->rest = NULL;
    mqtt_stream_fini(&conn->stream);
    mqtt_conn_ready(b, conn);
    tell_closed(b, conn);
    if (session != NULL) {
        mqtt_session_close(b->sessions, session, end, now_ms);
    }
}

void mqtt_conn_refuse(struct mqtt_broker *b, struct mqtt_conn *conn, enum mqtt_code code,
                      const char *cause, uint64_t now_ms)
{
    conn->refusal = (uint8_t)code;
    mqtt_conn_end(b, conn, MQTT_END_LOST, cause, now_ms);
}

uint64_t mqtt_conn_due(const struct mqtt_conn *conn)
{
    uint64_t due = HEAP_NEVER;

    if (conn->session == NULL) {
        return conn->connect_by_ms;
    }
    if (conn->silence_ms != 0) {
        due = conn->heard_ms + conn->silence_ms;
    }
    if (conn->rest != NULL && conn->heard_ms + MQTT_RETRY_MS < due) {
        due = conn->heard_ms + MQTT_RETRY_MS;
    }
    if (conn->stuck && conn->stuck_ms + MQTT_STUCK_MS < due) {
        due = conn->stuck_ms + MQTT_STUCK_MS;
    }
    return due;
}
