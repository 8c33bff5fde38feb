/* mqtt/conn_out.c - what one connection has to say, into the turn's scratch. */
#include <assert.h>

#include "mqtt/conn.h"
#include "mqtt/op.h"

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
    if (mqtt_op_goes_apart(op, topic)) {
        mqtt_op_encode_head(op, topic, w);
        if (!w->bad) {
            out->body = mqtt_op_body(op, &out->block);
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

/* The operation that was left over, if there is one: it fits an empty scratch. */
static void write_held(struct mqtt_broker *b, struct mqtt_conn *conn, struct writer *w,
                       struct mqtt_out *out)
{
    if (conn->held != NULL) {
        bool fits = write_op(conn, conn->held, w, out);

        assert(fits);
        (void)fits;
        pool_give(&b->held, conn->held);
        conn->held = NULL;
        b->count.packets_out++;
    }
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

/* `op` goes first the next time. */
static void hold(struct mqtt_broker *b, struct mqtt_conn *conn, struct mqtt_op *op, uint64_t now_ms)
{
    conn->held = pool_take(&b->held);
    if (conn->held == NULL) {
        mqtt_op_drop(op);
        mqtt_conn_end(b, conn, MQTT_END_LOST, mqtt_err_name(MQTT_ERR_FULL), now_ms);
        return;
    }
    *conn->held = *op;
    mqtt_conn_ready(b, conn);
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
            hold(b, conn, &op, now_ms);
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
    write_held(b, conn, &w, out);
    if (out->block != NULL) {
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
