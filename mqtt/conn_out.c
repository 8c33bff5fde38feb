/* mqtt/conn_out.c - what one connection has to say, into the turn's scratch. */
#include "mqtt/conn.h"
#include "mqtt/op.h"

/* A payload this long goes as a part of its block. */
static bool goes_apart(const struct mqtt_op *op)
{
    return op->message->payload_len > MQTT_COPY_MOST;
}

/* Makes `body`, which lies in the message's block, the end of this output. */
static void part(struct mqtt_out *out, struct mqtt_op *op, struct span body)
{
    out->body = body;
    out->block = mqtt_message_block(op->message);
    op->message = NULL;
}

/* A topic that leaves no room in an empty scratch goes as a part too: header and topic in one
 * output, packet id and payload in the next. */
static void begin_long_topic(struct mqtt_conn *conn, struct writer *w, struct mqtt_out *out)
{
    struct mqtt_message *message = conn->held.message;

    mqtt_op_encode_start(&conn->held, mqtt_message_topic(message), w);
    out->body = mqtt_message_topic(message);
    out->block = block_hold(mqtt_message_block(message));
    conn->begun = true;
}

static void finish_long_topic(struct mqtt_conn *conn, struct writer *w, struct mqtt_out *out)
{
    struct mqtt_op *op = &conn->held;
    struct span payload = mqtt_message_payload(op->message);

    if (op->qos > 0) {
        write_u16(w, op->packet_id);
    }
    if (goes_apart(op)) {
        part(out, op, payload);
    } else {
        write_span(w, payload);
    }
    mqtt_op_drop(op);
    conn->begun = false;
    conn->holds = false;
}

/* Writes `op` and gives up its references; false: no room, nothing done. */
static bool write_op(struct mqtt_conn *conn, struct mqtt_op *op, struct writer *w,
                     struct mqtt_out *out)
{
    struct span topic = {NULL, 0};

    if (op->kind == MQTT_OP_DELIVER) {
        topic = mqtt_message_topic(op->message);
    }
    if (op->kind == MQTT_OP_OPENED && conn->level == MQTT_LEVEL_3_1) {
        op->present = false; /* a reserved octet in 3.1 */
    }
    if (op->kind == MQTT_OP_DELIVER && goes_apart(op)) {
        mqtt_op_encode_head(op, topic, w);
        if (!w->bad) {
            part(out, op, mqtt_message_payload(op->message));
        }
    } else {
        mqtt_op_encode(op, topic, w);
    }
    if (w->bad) {
        w->bad = false;
        return false;
    }
    mqtt_op_drop(op);
    return true;
}

/* The operation that was left over, if there is one; false: it is still left over. */
static bool write_held(struct mqtt_broker *b, struct mqtt_conn *conn, struct writer *w,
                       struct mqtt_out *out)
{
    if (!conn->holds) {
        return true;
    }
    if (conn->begun) {
        finish_long_topic(conn, w, out);
    } else if (write_op(conn, &conn->held, w, out)) {
        conn->holds = false;
    } else {
        begin_long_topic(conn, w, out);
    }
    b->count.packets_out += conn->holds ? 0 : 1;
    return !conn->holds;
}

static void write_own(struct mqtt_broker *b, struct mqtt_conn *conn, struct writer *w)
{
    static const struct mqtt_packet answer = {.type = MQTT_PINGRESP};

    for (; conn->greeted && conn->pings > 0 && write_left(w) >= 2; conn->pings--) {
        mqtt_packet_encode(&answer, w); /* [MQTT-3.12.4-1] */
        b->count.packets_out++;
    }
    if (conn->refusal != MQTT_ACCEPTED) {
        struct mqtt_packet refusal = {.type = MQTT_CONNACK, .code = conn->refusal};

        mqtt_packet_encode(&refusal, w); /* [MQTT-3.2.2-4] */
        conn->refusal = MQTT_ACCEPTED;
        b->count.packets_out++;
    }
}

/* The first that its session says is CONNACK [MQTT-3.2.0-1]: now pings may be answered. */
static void greet(struct mqtt_broker *b, struct mqtt_conn *conn)
{
    if (!conn->greeted) {
        conn->greeted = true;
        mqtt_conn_ready(b, conn);
    }
}

static void write_session(struct mqtt_broker *b, struct mqtt_conn *conn, struct writer *w,
                          struct mqtt_out *out, uint64_t now_ms)
{
    struct mqtt_op op;

    while (out->block == NULL) {
        if (!mqtt_session_next(b->sessions, conn->session, &op, now_ms)) {
            return;
        }
        if (!write_op(conn, &op, w, out)) {
            conn->held = op;
            conn->holds = true;
            mqtt_conn_ready(b, conn);
            return;
        }
        greet(b, conn);
        b->count.packets_out++;
    }
    mqtt_session_again(b->sessions, conn->session);
}

bool mqtt_conn_output(struct mqtt_broker *b, struct mqtt_conn *conn, struct mqtt_out *out,
                      uint8_t *scratch, uint64_t now_ms)
{
    struct writer w = writer_of(scratch, MQTT_SCRATCH);

    if (conn->stuck && !conn->closing) {
        return false;
    }
    *out = (struct mqtt_out){.conn = conn, .socket = conn->socket};
    if (!write_held(b, conn, &w, out) || out->block != NULL) {
        mqtt_conn_ready(b, conn);
    } else {
        write_own(b, conn, &w);
        if (conn->session != NULL) {
            write_session(b, conn, &w, out, now_ms);
        }
    }
    out->head = span_of(scratch, written(&w));
    out->close = conn->closing;
    b->count.octets_out += out->head.len + out->body.len;
    return out->head.len != 0 || out->block != NULL || out->close;
}
