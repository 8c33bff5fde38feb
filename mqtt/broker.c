#include "mqtt/broker.h"

#include <assert.h>

#include "mqtt/conn.h"

bool mqtt_broker_init(struct mqtt_broker *b, struct mqtt_sessions *sessions, size_t conns,
                      uint16_t inflight, uint32_t queued)
{
    *b = (struct mqtt_broker){.sessions = sessions, .inflight = inflight, .queued = queued};
    pool_init(&b->conns, sizeof(struct mqtt_conn), conns);
    pool_init(&b->held, sizeof(struct mqtt_op), conns);
    list_init(&b->all);
    list_init(&b->ready);
    list_init(&b->news);
    list_init(&b->asking);
    list_init(&b->waiting);
    heap_init(&b->timers);
    return true;
}

static void conn_free(struct mqtt_broker *b, struct mqtt_conn *conn)
{
    heap_set(&b->timers, &conn->timer, HEAP_NEVER);
    list_remove(&conn->in_all);
    list_remove(&conn->in_ready);
    list_remove(&conn->in_news);
    if (b->told == conn) {
        b->told = NULL;
    }
    block_drop(conn->name);
    block_drop(conn->address);
    mqtt_stream_fini(&conn->stream);
    pool_give(&b->conns, conn);
}

void mqtt_broker_fini(struct mqtt_broker *b)
{
    struct list *link = NULL;

    if (b->all.next == NULL) {
        return; /* never initialised */
    }
    while ((link = list_pop(&b->all)) != NULL) {
        struct mqtt_conn *conn = LIST_ITEM(link, struct mqtt_conn, in_all);

        mqtt_conn_end(b, conn, MQTT_END_PARTED, "the broker ends", 0);
        conn_free(b, conn);
    }
    pool_fini(&b->conns);
    pool_fini(&b->held);
}

/* Forgets the oldest news of a connection that is gone, for its cell. */
static void make_room(struct mqtt_broker *b)
{
    LIST_EACH (link, &b->news) {
        struct mqtt_conn *conn = LIST_ITEM(link, struct mqtt_conn, in_news);

        if (conn->gone) {
            conn_free(b, conn);
            return;
        }
    }
}

static struct mqtt_conn *conn_new(struct mqtt_broker *b, const struct mqtt_entrance *entrance)
{
    struct span address = entrance->address;
    struct span identity = entrance->identity;
    struct block *block = block_new(&b->sessions->budget, address.len + identity.len);
    struct mqtt_conn *conn = NULL;
    struct writer w;

    if (block == NULL) {
        return NULL;
    }
    if (b->conns.used == b->conns.limit) {
        make_room(b);
    }
    conn = pool_take(&b->conns);
    if (conn == NULL) {
        block_drop(block);
        return NULL;
    }
    w = writer_of(block->octets, block->len);
    write_span(&w, address);
    write_span(&w, identity);
    conn->address = block;
    conn->address_len = (uint16_t)address.len;
    conn->place = entrance->place;
    list_init(&conn->in_ready);
    list_init(&conn->in_news);
    list_push(&b->all, &conn->in_all);
    heap_item_init(&conn->timer);
    mqtt_stream_init(&conn->stream, &b->sessions->budget, b->sessions->limits.max_packet);
    return conn;
}

/* Sets the timer earlier if it would come too late. */
static void arm(struct mqtt_broker *b, struct mqtt_conn *conn)
{
    uint64_t due = mqtt_conn_due(conn);

    if (!conn->closing && due < conn->timer.due) {
        heap_set(&b->timers, &conn->timer, due);
    }
}

struct mqtt_conn *mqtt_broker_accept(struct mqtt_broker *b, const struct mqtt_entrance *entrance,
                                     void *socket, uint64_t now_ms)
{
    struct mqtt_conn *conn = conn_new(b, entrance);

    if (conn == NULL) {
        b->count.refused++;
        return NULL;
    }
    b->count.accepted++;
    conn->socket = socket;
    conn->connect_by_ms = entrance->connect_ms == 0 ? HEAP_NEVER : now_ms + entrance->connect_ms;
    arm(b, conn);
    return conn;
}

/* Keeps the packet that found no room, and what came behind it, for another try; what came behind
 * a CONNECT waits for the verdict. */
static bool set_aside(struct mqtt_conn *conn, struct span wire, struct span octets)
{
    struct block *rest = block_new(conn->stream.budget, wire.len + octets.len);
    struct writer w;

    if (rest == NULL) {
        return false;
    }
    w = writer_of(rest->octets, rest->len);
    write_span(&w, wire);
    write_span(&w, octets);
    conn->rest = rest;
    return true;
}

/* True when it goes on later: with what is behind a CONNECT after the verdict, from a packet that
 * found no room after a while. */
static bool goes_on_later(struct mqtt_conn *conn, enum mqtt_err err, struct span wire,
                          struct span octets, bool tired)
{
    if (conn->login != NULL) {
        mqtt_stream_wipe(&conn->stream); /* of the CONNECT only the login has a copy */
        return octets.len == 0 || set_aside(conn, (struct span){NULL, 0}, octets);
    }
    if (err == MQTT_OK && tired && octets.len != 0 && !conn->closing) {
        return set_aside(conn, (struct span){NULL, 0}, octets);
    }
    return err == MQTT_ERR_FULL && set_aside(conn, wire, octets);
}

static void fail(struct mqtt_broker *b, struct mqtt_conn *conn, enum mqtt_err err, uint64_t now_ms)
{
    b->count.malformed += err == MQTT_ERR_FULL ? 0 : 1;
    mqtt_conn_end(b, conn, MQTT_END_LOST, mqtt_err_name(err), now_ms); /* [MQTT-4.8.0-2] */
}

static void take_in(struct mqtt_broker *b, struct mqtt_conn *conn, struct span octets,
                    uint64_t now_ms)
{
    uint64_t visited = b->sessions->retain.visited;
    struct span wire;

    while (!conn->closing) {
        enum mqtt_err err = mqtt_stream_next(&conn->stream, &octets, &wire);

        if (err == MQTT_OK && wire.len == 0) {
            return;
        }
        if (err == MQTT_OK) {
            err = mqtt_conn_packet(b, conn, wire, now_ms);
        }
        if (goes_on_later(conn, err, wire, octets,
                          b->sessions->retain.visited - visited > MQTT_WALK_MOST)) {
            arm(b, conn);
            return;
        }
        if (err != MQTT_OK || conn->login != NULL) {
            fail(b, conn, err == MQTT_OK ? MQTT_ERR_FULL : err, now_ms);
        }
    }
}

/* Its first octet tells: HTTP and TLS, read as MQTT, may claim a length and be waited for. */
static bool is_not_mqtt(const struct mqtt_conn *conn, struct span octets)
{
    struct reader r = reader_of(octets);

    return conn->level == 0 && conn->login == NULL && !conn->closing &&
           !mqtt_stream_is_partial(&conn->stream) && read_left(&r) > 0 &&
           read_u8(&r) != MQTT_CONNECT << 4;
}

void mqtt_broker_input(struct mqtt_broker *b, struct mqtt_conn *conn, struct span octets,
                       uint64_t now_ms)
{
    struct block *rest = conn->rest;

    b->count.octets_in += octets.len;
    if (is_not_mqtt(conn, octets)) {
        fail(b, conn, MQTT_ERR_STATE, now_ms);
    } else if (rest == NULL && conn->login == NULL) {
        take_in(b, conn, octets, now_ms);
    } else if (!set_aside(conn, block_span(rest), octets)) {
        mqtt_conn_end(b, conn, MQTT_END_LOST, mqtt_err_name(MQTT_ERR_FULL), now_ms);
    } else {
        block_drop(rest);
    }
}

void mqtt_conn_go_on(struct mqtt_broker *b, struct mqtt_conn *conn, uint64_t now_ms)
{
    struct block *rest = conn->rest;

    conn->rest = NULL;
    if (rest != NULL) {
        take_in(b, conn, block_span(rest), now_ms);
        block_drop(rest);
    }
}

bool mqtt_broker_may_read(const struct mqtt_broker *b, const struct mqtt_conn *conn)
{
    return conn->rest == NULL && conn->login == NULL &&
           (conn->session == NULL || mqtt_session_owed(conn->session) < b->inflight);
}

/* The next connection that may have something: of its own, or by its session. */
static struct mqtt_conn *next_ready(struct mqtt_broker *b)
{
    struct list *link = list_pop(&b->ready);
    struct mqtt_session *session = NULL;

    if (link != NULL) {
        return LIST_ITEM(link, struct mqtt_conn, in_ready);
    }
    do {
        session = mqtt_sessions_ready(b->sessions, MQTT_DOOR_CONN);
    } while (session != NULL && session->door_item == NULL);
    return session == NULL ? NULL : session->door_item;
}

bool mqtt_broker_output(struct mqtt_broker *b, struct mqtt_out *out, uint8_t *scratch,
                        uint64_t now_ms)
{
    struct mqtt_conn *conn = NULL;

    while ((conn = next_ready(b)) != NULL) {
        if (mqtt_conn_output(b, conn, out, scratch, now_ms)) {
            return true;
        }
    }
    return false;
}

void mqtt_broker_stuck(struct mqtt_broker *b, struct mqtt_conn *conn, uint64_t now_ms)
{
    conn->stuck = true;
    conn->stuck_ms = now_ms;
    arm(b, conn);
}

void mqtt_broker_writable(struct mqtt_broker *b, struct mqtt_conn *conn, uint64_t now_ms)
{
    (void)now_ms;
    conn->stuck = false;
    mqtt_conn_ready(b, conn);
}

void mqtt_broker_gone(struct mqtt_broker *b, struct mqtt_conn *conn, uint64_t now_ms)
{
    bool opened = conn->level != 0 || conn->closing;

    mqtt_conn_end(b, conn, MQTT_END_LOST, "closed by the client", now_ms);
    list_remove(&conn->in_ready);
    conn->gone = true;
    if (!opened || list_is_empty(&conn->in_news)) {
        conn_free(b, conn);
    }
}

static const char *why_late(const struct mqtt_conn *conn, uint64_t now_ms)
{
    if (conn->session == NULL) {
        return "no CONNECT in time";
    }
    if (conn->stuck && now_ms >= conn->stuck_ms + MQTT_STUCK_MS) {
        return "takes no octets";
    }
    return "silent for 1.5 times its keep alive";
}

static void conn_tick(struct mqtt_broker *b, struct mqtt_conn *conn, uint64_t now_ms)
{
    if (conn->session != NULL && !mqtt_broker_may_read(b, conn)) {
        conn->heard_ms = now_ms; /* the silence is ours */
        mqtt_conn_go_on(b, conn, now_ms);
    }
    if (conn->closing) {
        return;
    }
    if (mqtt_conn_due(conn) > now_ms) {
        arm(b, conn);
    } else {
        mqtt_conn_end(b, conn, MQTT_END_LOST, why_late(conn, now_ms), now_ms);
    }
}

void mqtt_broker_tick(struct mqtt_broker *b, uint64_t now_ms)
{
    struct heap_item *item = NULL;

    while ((item = heap_pop(&b->timers, now_ms)) != NULL) {
        conn_tick(b, HEAP_ITEM(item, struct mqtt_conn, timer), now_ms);
    }
}

uint64_t mqtt_broker_deadline(const struct mqtt_broker *b)
{
    return heap_due(&b->timers);
}

static struct span address_of(const struct mqtt_conn *conn)
{
    return (struct span){conn->address->octets, conn->address_len};
}

bool mqtt_broker_event(struct mqtt_broker *b, struct mqtt_news *news)
{
    struct mqtt_conn *conn = NULL;

    if (b->told != NULL) {
        conn_free(b, b->told);
    }
    if (list_is_empty(&b->news)) {
        return false;
    }
    conn = LIST_ITEM(b->news.next, struct mqtt_conn, in_news);
    *news = (struct mqtt_news){
        .kind = conn->tell_opened ? MQTT_NEWS_OPENED : MQTT_NEWS_CLOSED,
        .client_id = block_span(conn->name),
        .address = conn->name == NULL ? address_of(conn) : (struct span){NULL, 0},
        .cause = conn->tell_opened ? NULL : conn->cause,
    };
    if (conn->tell_opened) {
        conn->tell_opened = false;
    } else {
        conn->tell_closed = false;
    }
    if (!conn->tell_closed) {
        list_remove(&conn->in_news);
        b->told = conn->gone ? conn : NULL;
    }
    return true;
}
