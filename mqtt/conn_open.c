/* mqtt/conn_open.c - a CONNECT that was judged good: its session. [MQTT 3.1.1, 3.1] */
#include "mqtt/conn.h"

#define AUTO_PREFIX "auto-"
#define AUTO_LEN    (sizeof AUTO_PREFIX - 1 + 16)

/* A name that no client has [MQTT-3.1.3-6]. */
static struct span invent(struct mqtt_broker *b, uint8_t room[AUTO_LEN])
{
    static const char digits[] = "0123456789abcdef";
    struct span name = {room, AUTO_LEN};

    do {
        uint64_t number = rng_next(&b->sessions->rng);

        memcpy(room, AUTO_PREFIX, sizeof AUTO_PREFIX - 1);
        for (size_t i = sizeof AUTO_PREFIX - 1; i < AUTO_LEN; i++) {
            room[i] = (uint8_t)digits[number & 15];
            number >>= 4;
        }
    } while (mqtt_session_find(b->sessions, MQTT_DOOR_CONN, name) != NULL);
    return name;
}

/* [MQTT-3.1.4-2] */
static void take_over(struct mqtt_broker *b, struct span name, uint64_t now_ms)
{
    struct mqtt_session *session = mqtt_session_find(b->sessions, MQTT_DOOR_CONN, name);

    if (session != NULL && session->open) {
        mqtt_conn_end(b, session->door_item, MQTT_END_LOST, "taken over", now_ms);
    }
}

static struct mqtt_message *will_of(struct mqtt_broker *b, const struct mqtt_packet *pkt,
                                    uint64_t now_ms)
{
    struct mqtt_message *will =
        mqtt_message_new(&b->sessions->budget, pkt->will_topic, pkt->will_payload);

    if (will != NULL) {
        will->qos = mqtt_packet_will_qos(pkt);
        will->retain = (pkt->connect_flags & MQTT_CONNECT_WILL_RETAIN) != 0;
        will->arrived_ms = now_ms;
    }
    return will;
}

static struct mqtt_opening opening_of(const struct mqtt_broker *b, struct mqtt_conn *conn,
                                      const struct mqtt_packet *pkt, struct span name)
{
    return (struct mqtt_opening){
        .door = MQTT_DOOR_CONN,
        .name = name,
        .clean = (pkt->connect_flags & MQTT_CONNECT_CLEAN) != 0,
        .door_item = conn,
        .quota = {.queued = b->queued,
                  .inflight = b->inflight,
                  .when_full = MQTT_DROP_QOS0_FIRST,
                  .retain_as_published = pkt->bridge,
                  .no_echo = pkt->bridge},
    };
}

static void start(struct mqtt_broker *b, struct mqtt_conn *conn, const struct mqtt_packet *pkt)
{
    b->count.connects++;
    b->count.open++;
    conn->name = block_hold(conn->session->name);
    block_drop(conn->address); /* nobody asks any more */
    conn->address = NULL;
    conn->silence_ms = pkt->keepalive_s * 1500u; /* [MQTT-3.1.2-24] */
    heap_set(&b->timers, &conn->timer, mqtt_conn_due(conn));
    conn->tell_opened = true;
    list_push(&b->news, &conn->in_news);
}

/* Takes over the opening's acl. */
static bool open_session(struct mqtt_broker *b, struct mqtt_conn *conn,
                         const struct mqtt_packet *pkt, const struct mqtt_opening *opening,
                         uint64_t now_ms)
{
    bool has_will = (pkt->connect_flags & MQTT_CONNECT_WILL) != 0;
    struct mqtt_message *will = has_will ? will_of(b, pkt, now_ms) : NULL;

    if (has_will && will == NULL) {
        block_drop(opening->acl);
        return false;
    }
    conn->session = mqtt_session_open(b->sessions, opening, now_ms);
    if (conn->session == NULL) {
        mqtt_message_drop(will);
        return false;
    }
    mqtt_session_set_will(b->sessions, conn->session, will, now_ms);
    return true;
}

void mqtt_conn_open(struct mqtt_broker *b, struct mqtt_conn *conn, const struct mqtt_packet *pkt,
                    struct block *acl, uint64_t now_ms)
{
    struct span name = pkt->client_id;
    struct mqtt_opening opening;
    uint8_t room[AUTO_LEN];

    if (name.len == 0) {
        name = invent(b, room);
    }
    take_over(b, name, now_ms);
    opening = opening_of(b, conn, pkt, name);
    opening.acl = acl;
    if (!open_session(b, conn, pkt, &opening, now_ms)) {
        mqtt_conn_refuse(b, conn, MQTT_REFUSED_SERVER, mqtt_err_name(MQTT_ERR_FULL), now_ms);
        return;
    }
    conn->level = pkt->level;
    start(b, conn, pkt);
}
