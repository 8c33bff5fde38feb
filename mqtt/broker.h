/* mqtt/broker.h - the verbs over all MQTT connections: octets in, sessions moved, octets out.
 *
 * The edge owns sockets and brings what came; the broker owns connections and sessions. Nothing
 * calls back: after input the edge asks for output until there is none.
 *
 *     accept -> input ... input -> output ... output{close} -> gone
 *     asked -> login          each CONNECT is judged by the caller
 *
 * Ownership: a connection lives from mqtt_broker_accept to mqtt_broker_gone.
 * Units: octets, milliseconds.
 */
#ifndef MQTT_BROKER_H
#define MQTT_BROKER_H

#include "base/heap.h"
#include "mqtt/packet.h"
#include "mqtt/session.h"

/* Scratch that a turn's output is written to; a caller gives this much. A PUBLISH of the longest
 * topic fits but for its payload. */
#define MQTT_SCRATCH 65600u
/* A payload above this, or codes of a SUBACK, go as a part of their block, not as a copy. */
#define MQTT_COPY_MOST 8192u

/* Where a connection came in. Spans live as long as the broker. */
struct mqtt_entrance {
    struct span address;  /* the peer's, as text; copied */
    struct span identity; /* of the TLS peer, or empty; copied */
    uint64_t connect_ms;  /* left for its CONNECT to come; 0: any time */
    uint16_t place;       /* of the port, for who judges; the broker only passes it on */
};

struct mqtt_conn;

struct mqtt_broker {
    struct mqtt_sessions *sessions;
    struct pool conns;
    struct pool held; /* struct mqtt_op; few connections have one */
    struct list all;
    struct list ready; /* connections with something of their own to say, or to close */
    struct list news;
    struct list asking;  /* struct mqtt_login, to be asked */
    struct list waiting; /* asked, without a verdict yet */
    uint64_t last_ticket;
    struct mqtt_conn *told; /* gone, and kept for the news given last */
    struct heap timers;
    uint16_t inflight; /* window of each MQTT session, and answers owed before reading pauses */
    uint32_t queued;   /* of each MQTT session */
    struct {
        uint64_t accepted;
        uint64_t refused;   /* no room */
        uint64_t malformed; /* closed for a protocol error */
        uint64_t closed;
        uint64_t connects; /* CONNECT accepted */
        uint64_t open;     /* of these, not closed yet */
        uint64_t packets_in;
        uint64_t packets_out;
        uint64_t octets_in;
        uint64_t octets_out;
    } count;
};

/* `conns` connections at most. */
bool mqtt_broker_init(struct mqtt_broker *b, struct mqtt_sessions *sessions, size_t conns,
                      uint16_t inflight, uint32_t queued);
void mqtt_broker_fini(struct mqtt_broker *b);

/* A connection for `socket` (the edge's own pointer, given back in mqtt_out); NULL: no room. */
struct mqtt_conn *mqtt_broker_accept(struct mqtt_broker *b, const struct mqtt_entrance *entrance,
                                     void *socket, uint64_t now_ms);

/* Octets that came. After a protocol error the rest is ignored and output says close. */
void mqtt_broker_input(struct mqtt_broker *b, struct mqtt_conn *conn, struct span octets,
                       uint64_t now_ms);

/* False while too many answers are owed: the edge stops reading until output says otherwise. */
bool mqtt_broker_may_read(const struct mqtt_broker *b, const struct mqtt_conn *conn);

/* A CONNECT that waits for a verdict: who is it, and what may it do? Its connection is not read
 * meanwhile, what came behind the CONNECT is kept, connect_timeout goes on. Spans are valid until
 * the verdict, or until the connection is gone. */
struct mqtt_asking {
    uint64_t ticket;
    struct span client_id; /* empty: the broker makes one up */
    struct span address;
    struct span identity; /* proved by TLS, or empty */
    struct span username;
    struct span password;
    uint16_t place;
    bool has_username;
    bool has_password;
};
bool mqtt_broker_asked(struct mqtt_broker *b, struct mqtt_asking *asking);

/* One that was asked, again; false: its connection is gone. */
bool mqtt_broker_ask_again(const struct mqtt_broker *b, uint64_t ticket,
                           struct mqtt_asking *asking);

/* `acl` is one reference that the broker takes over, or NULL: all is allowed. The password is
 * wiped. A ticket whose connection is gone is ignored. */
struct mqtt_verdict {
    enum mqtt_code code;
    struct block *acl;
    struct span user; /* who it is, proved, or empty; copied, for mqtt_broker_next */
};
void mqtt_broker_login(struct mqtt_broker *b, uint64_t ticket, const struct mqtt_verdict *verdict,
                       uint64_t now_ms);

/* Walks the connections that were let in: `at` from {NULL}; false at the end. For other rights:
 * mqtt_session_set_acl. */
struct mqtt_guest {
    struct mqtt_conn *conn;
    struct mqtt_session *session;
    struct span user;
    uint16_t place;
};
bool mqtt_broker_next(const struct mqtt_broker *b, struct mqtt_guest *at);

/* What one connection has to say. `head` lies in the scratch; `body` follows it. */
struct mqtt_out {
    struct mqtt_conn *conn;
    void *socket;
    struct span head;
    struct span body;    /* lies in `block`, or is empty */
    struct block *block; /* one reference, for the caller to drop; or NULL */
    bool close;          /* close the socket after these octets, then call mqtt_broker_gone */
};

/* The next connection that has something and may send; false: none. The scratch has MQTT_SCRATCH
 * octets and may be used again once head was sent or copied. A connection whose octets were not
 * all taken is not asked again until mqtt_broker_writable: the edge calls mqtt_broker_stuck. */
bool mqtt_broker_output(struct mqtt_broker *b, struct mqtt_out *out, uint8_t *scratch,
                        uint64_t now_ms);
void mqtt_broker_stuck(struct mqtt_broker *b, struct mqtt_conn *conn, uint64_t now_ms);
void mqtt_broker_writable(struct mqtt_broker *b, struct mqtt_conn *conn, uint64_t now_ms);

/* The socket is closed, by either side: an open session ends as lost unless DISCONNECT came. */
void mqtt_broker_gone(struct mqtt_broker *b, struct mqtt_conn *conn, uint64_t now_ms);

/* Keep alive (1.5 times, to the millisecond), connect timeout, 60 s without progress when stuck. */
void mqtt_broker_tick(struct mqtt_broker *b, uint64_t now_ms);
uint64_t mqtt_broker_deadline(const struct mqtt_broker *b);

/* What to log. */
enum mqtt_news_kind { MQTT_NEWS_OPENED, MQTT_NEWS_CLOSED };
struct mqtt_news {
    enum mqtt_news_kind kind;
    struct span client_id; /* valid until the next call; empty: it was never let in */
    struct span address;   /* of one that was never let in */
    const char *cause;     /* of CLOSED; static text; else NULL */
};
bool mqtt_broker_event(struct mqtt_broker *b, struct mqtt_news *news);

#endif
