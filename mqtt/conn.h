/* mqtt/conn.h - one connection's door: packets to operations of its session, operations to
 * packets. For mqtt/broker alone.
 *
 *     accepted --CONNECT--> asked --login--> session open --DISCONNECT, error, silence--> closing
 * --gone--> freed
 *
 * Ownership: the connection holds its session only while that is open by it.
 */
#ifndef MQTT_CONN_H
#define MQTT_CONN_H

#include "mqtt/broker.h"
#include "mqtt/packet.h"
#include "mqtt/stream.h"

/* A connection that takes no octet for so long is ended. */
#define MQTT_STUCK_MS 60000u
/* A SUBSCRIBE that made the retained messages be walked further than this in one input is the last
 * of it, and what comes behind it is taken MQTT_RETRY_MS later; filters of one SUBSCRIBE that walk
 * all of them more than MQTT_WALKS times are refused. */
#define MQTT_WALK_MOST 10000u
#define MQTT_WALKS     4u
/* A publish that found no memory or no store is tried again after this. */
#define MQTT_RETRY_MS 100u

struct mqtt_conn {
    struct list in_all;
    struct list in_ready;
    struct list in_news;
    struct heap_item timer; /* may be early: the deadline is reckoned when it comes */
    struct mqtt_stream stream;
    struct mqtt_session *session; /* NULL: not open yet, or ended */
    struct block *name;           /* of the session, for the news */
    struct block *address;        /* address, then identity; once it is open who it is, or NULL */
    struct mqtt_login *login;     /* CONNECT that waits for a verdict; NULL: none */
    struct block *rest; /* octets from a publish on that found no room, or behind a CONNECT that
                           waits; not read meanwhile */
    void *socket;
    const char *cause;    /* why it closes; static text */
    struct mqtt_op *held; /* was taken from the session and is not written; NULL: none */
    union {
        uint64_t connect_by_ms; /* before it is open */
        uint64_t heard_ms;      /* from then on: last whole packet */
    };
    uint64_t stuck_ms;
    uint32_t silence_ms; /* most that is allowed; 0: any */
    uint16_t pings;      /* PINGRESP owed */
    uint16_t place;
    uint16_t address_len;
    uint8_t level;   /* 0: no CONNECT yet */
    uint8_t refusal; /* CONNACK owed with this code */
    bool greeted;    /* CONNACK is written; nothing goes before it */
    bool stuck;
    bool closing; /* nothing more is read; output says close */
    bool gone;    /* the socket is closed; kept for its news only */
    bool tell_opened;
    bool tell_closed;
};

/* One whole packet that came; MQTT_OK or why the connection must close. */
enum mqtt_err mqtt_conn_packet(struct mqtt_broker *b, struct mqtt_conn *conn, struct span wire,
                               uint64_t now_ms);

/* A first packet that is CONNECT, whole in `wire`: asks who that is, or refuses [3.1.4]. */
enum mqtt_err mqtt_conn_ask(struct mqtt_broker *b, struct mqtt_conn *conn,
                            const struct mqtt_packet *pkt, struct span wire, uint64_t now_ms);

/* Forgets the question and wipes the password; harmless when there is none. */
void mqtt_conn_forget_login(struct mqtt_conn *conn);

/* The verdict was good: opens the session; takes over `acl`. */
void mqtt_conn_open(struct mqtt_broker *b, struct mqtt_conn *conn, const struct mqtt_packet *pkt,
                    struct block *acl, uint64_t now_ms);

/* Ends its session so, and closes. `cause` is static text. Harmless when it is closing. */
void mqtt_conn_end(struct mqtt_broker *b, struct mqtt_conn *conn, enum mqtt_end end,
                   const char *cause, uint64_t now_ms);

/* Answers CONNECT with `code`, then closes. */
void mqtt_conn_refuse(struct mqtt_broker *b, struct mqtt_conn *conn, enum mqtt_code code,
                      const char *cause, uint64_t now_ms);

/* Fills `out` from what the connection owes and its session gives; false: nothing. */
bool mqtt_conn_output(struct mqtt_broker *b, struct mqtt_conn *conn, struct mqtt_out *out,
                      uint8_t *scratch, uint64_t now_ms);

/* Lists it as having something of its own to say. */
static inline void mqtt_conn_ready(struct mqtt_broker *b, struct mqtt_conn *conn)
{
    if (list_is_empty(&conn->in_ready)) {
        list_push(&b->ready, &conn->in_ready);
    }
}

/* Goes on with `rest`, now that it may. */
void mqtt_conn_go_on(struct mqtt_broker *b, struct mqtt_conn *conn, uint64_t now_ms);

/* When to look at it again. */
uint64_t mqtt_conn_due(const struct mqtt_conn *conn);

#endif
