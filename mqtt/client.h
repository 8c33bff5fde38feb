/* mqtt/client.h - the verbs toward one broker: the client role of MQTT 3.1.1.
 *
 * Holds the connection's protocol state only. What is published and received, its packet ids and
 * QoS 1 and 2 both ways are a session (mqtt/session.h), whose operations the caller carries
 * through this door; so nothing is lost with a connection. Pure: the caller has socket and clock.
 *
 *     the caller                            the client
 *     tick at the deadline; event        -> DIAL: connect a socket, then up, or down
 *     write                              -> CONNECT
 *     input                              -> ONLINE: open the session
 *     subscribe, send, while may_send    -> SUBSCRIBE; the session's operations as packets
 *     input                              -> SUBSCRIBED, PUBLISH, ACK: take them to the session
 *     event                              -> DOWN: close socket and session; DIAL comes by itself
 *
 * docs/client.md shows it line by line; mqtt/examples/mqtt_client.c is a whole program.
 *
 * A life is what lies between ONLINE and DOWN. It serves from the first answer on that a packet of
 * ours gets, and is good once the far side was heard 30 s after CONNACK, or it ended later than
 * that with no answer missing.
 * - Back-off: the delay doubles with each DIAL. It starts anew with a good life, and with one that
 *   had a SUBACK and an acknowledged publish, unless an earlier one served too and was not good:
 *   after that only a good one counts.
 * - Patterns: MQTT_CLIENT_ROW connections in a row that the far side ended alike within 30 s of
 *   CONNACK, or of connecting when there was none. CUT: it had answered nothing since, and ended
 *   with an answer missing or within a second of the last that we said, so what we say or who we
 *   are is not wanted. TAKEN: else, so another client has our id, or the broker drops who served.
 *   Told once in a row: any other end, or a good life, begins a new one.
 *
 * Ownership: spans of the configuration are borrowed and outlive the client.
 * Limits: one SUBSCRIBE or UNSUBSCRIBE is under way at a time. Of a PUBLISH above max_packet the
 * payload is passed over (SKIPPED); what is cut between two inputs is charged to the budget.
 */
#ifndef MQTT_CLIENT_H
#define MQTT_CLIENT_H

#include "base/rng.h"
#include "mqtt/packet.h"
#include "mqtt/session.h"
#include "mqtt/stream.h"

#define MQTT_CLIENT_GOOD_MS 30000u
#define MQTT_CLIENT_ROW     5u

struct mqtt_client_config {
    struct span client_id;
    struct span username;   /* at NULL: none */
    struct span password;   /* at NULL: none */
    struct span will_topic; /* empty: no will */
    struct span will_payload;
    uint16_t keepalive_s;
    uint8_t will_qos;
    bool will_retain;
    bool clean;
    bool bridge;                 /* CONNECT says that it is a bridge, unless that was refused */
    uint32_t reconnect_least_ms; /* the delay doubles from least to most, */
    uint32_t reconnect_most_ms;  /* drawn from its upper half */
    uint32_t ack_timeout_ms;     /* no answer for so long: the connection is dropped */
    size_t max_packet;
};

enum mqtt_client_state { MQTT_IDLE, MQTT_DIALLING, MQTT_CONNECTING, MQTT_ONLINE };

enum mqtt_client_pattern { MQTT_CLIENT_NO_PATTERN, MQTT_CLIENT_CUT, MQTT_CLIENT_TAKEN };

enum mqtt_client_news_kind {
    MQTT_CLIENT_DIAL,         /* connect, then call up or down */
    MQTT_CLIENT_ONLINE,       /* CONNACK 0; present */
    MQTT_CLIENT_SUBSCRIBED,   /* SUBACK: packet.payload holds a code for each filter asked for */
    MQTT_CLIENT_UNSUBSCRIBED, /* UNSUBACK */
    MQTT_CLIENT_PUBLISH,      /* packet: a PUBLISH for the session */
    MQTT_CLIENT_SKIPPED,      /* packet: as above, without its payload, which was above max_packet;
                                 acknowledge it, or it comes again with every connection */
    MQTT_CLIENT_ACK,          /* packet: PUBACK, PUBREC, PUBREL or PUBCOMP for the session */
    MQTT_CLIENT_DOWN          /* the edge closes the socket if it is open; all that follows */
};

struct mqtt_client_news {
    enum mqtt_client_news_kind kind;
    struct mqtt_packet packet; /* borrows from the octets of the input */
    bool present;
    bool served;                      /* DOWN: something was answered since CONNACK */
    const char *cause;                /* static text */
    enum mqtt_client_pattern pattern; /* MQTT_CLIENT_ROW lives show it; told once */
    uint32_t longest_ms;              /* of these lives */
};

struct mqtt_client {
    const struct mqtt_client_config *config;
    struct budget *budget;
    struct mqtt_stream stream;
    struct rng rng;
    enum mqtt_client_state state;
    uint64_t due_ms;   /* of the state: next dial, or connect timeout */
    uint64_t delay_ms; /* the next delay's upper end */
    uint64_t last_sent_ms;
    uint64_t last_heard_ms;
    uint64_t ping_ms;       /* when PINGREQ was sent, while `pinging` */
    uint64_t unanswered_ms; /* last answer, or first operation, while any is `unanswered` */
    uint64_t since_ms;      /* connected, then online since */
    uint32_t unanswered;    /* operations without an answer */
    uint16_t asked;         /* filters of the request under way */
    uint8_t request;        /* MQTT_SUBSCRIBE or MQTT_UNSUBSCRIBE under way; 0: none */
    bool id_taken;          /* a delivery under way has the packet id that requests go by */
    bool acknowledged;      /* a publish, since online */
    bool subscribed;        /* a SUBACK, since online */
    bool served;            /* this life */
    bool good;              /* this life */
    bool shaky;             /* a life served without being good; none was good since */
    bool stopping;          /* no more dialling */
    bool plain;             /* its word that it is a bridge was refused */
    bool wants_connect;     /* CONNECT to be written */
    bool wants_ping;
    bool pinging; /* PINGREQ sent and not answered */
    bool wants_bye;
    struct {
        enum mqtt_client_pattern kind;
        uint32_t count;
        uint32_t longest_ms;
    } row; /* connections that ended alike */
    struct {
        struct mqtt_client_news of_down;
        bool dial;
        bool down;
    } pending; /* news not asked for yet */
};

/* The first DIAL is due at once. */
void mqtt_client_init(struct mqtt_client *c, const struct mqtt_client_config *config,
                      struct budget *budget, uint64_t seed, uint64_t now_ms);
void mqtt_client_fini(struct mqtt_client *c);

/* --- the connection ------------------------------------------------------------------------ */

/* The edge connected, after news DIAL; in other states nothing. */
void mqtt_client_up(struct mqtt_client *c, uint64_t now_ms);

/* The edge could not connect, or the far side or the network ended the connection; while idle
 * nothing. `cause` is static text. News DOWN follows. */
void mqtt_client_down(struct mqtt_client *c, const char *cause, uint64_t now_ms);

/* As above, but we end it, for a reason of our own: it belongs to no pattern. */
void mqtt_client_drop(struct mqtt_client *c, const char *cause, uint64_t now_ms);

/* A clean end: DISCONNECT is written next, then news DOWN; no more dialling. */
void mqtt_client_stop(struct mqtt_client *c, uint64_t now_ms);

/* A clean end that another connection follows: DISCONNECT is written next, then news DOWN. Nothing
 * unless online. */
void mqtt_client_renew(struct mqtt_client *c);

/* Dials again, at once and with the shortest delays, after a stop that is over; else nothing. */
void mqtt_client_start(struct mqtt_client *c, uint64_t now_ms);

/* --- in ------------------------------------------------------------------------------------- */

/* Octets that came: takes from *octets up to the first packet that is news, and says which; the
 * caller asks until it is false, when *octets is empty. A packet out of place ends the connection:
 * news DOWN. Sending may be asked for in between. */
bool mqtt_client_input(struct mqtt_client *c, struct span *octets, struct mqtt_client_news *news,
                       uint64_t now_ms);

/* What most news is to the session behind the client: ACK goes to it; a PUBLISH that nobody wants,
 * and SKIPPED, it acknowledges, as if it had been taken. False: other news, or no memory. */
bool mqtt_client_settle(struct mqtt_sessions *ss, struct mqtt_session *s,
                        const struct mqtt_client_news *news, uint64_t now_ms);

/* News that no octets bring: DOWN, DIAL, in this order. */
bool mqtt_client_event(struct mqtt_client *c, struct mqtt_client_news *news, uint64_t now_ms);

/* --- out ------------------------------------------------------------------------------------ */

/* Writes what the connection itself has to say: CONNECT, PINGREQ, DISCONNECT. Ask before the rest.
 */
void mqtt_client_write(struct mqtt_client *c, struct writer *w, uint64_t now_ms);

/* True while operations of the session may be written, and requests: from ONLINE on. */
bool mqtt_client_may_send(const struct mqtt_client *c);

/* Writes a SUBSCRIBE or UNSUBSCRIBE of `count` filters, UINT16_MAX at most; false: no room, a
 * request is under way, or the one packet id that requests have is in use; ask again later. */
struct mqtt_client_filter {
    struct span filter;
    uint8_t qos; /* SUBSCRIBE */
};
bool mqtt_client_subscribe(struct mqtt_client *c, struct writer *w,
                           const struct mqtt_client_filter *filters, size_t count, uint64_t now_ms);
bool mqtt_client_unsubscribe(struct mqtt_client *c, struct writer *w,
                             const struct mqtt_client_filter *filters, size_t count,
                             uint64_t now_ms);

/* Writes one operation of the session; a delivery goes under `topic`. False: no room, or not now;
 * nothing written, so the caller keeps it and tries again. `op` stays the caller's, references too.
 * What no packet says (OPENED) counts as written. */
bool mqtt_client_send(struct mqtt_client *c, struct writer *w, const struct mqtt_op *op,
                      struct span topic, uint64_t now_ms);

/* As above for a delivery, without its payload, which the caller sends right after. */
bool mqtt_client_send_head(struct mqtt_client *c, struct writer *w, const struct mqtt_op *op,
                           struct span topic, uint64_t now_ms);

/* Octets that were written left the machine after having waited: the wait for answers begins anew,
 * for what is asked by them cannot be answered sooner. */
void mqtt_client_moved(struct mqtt_client *c, uint64_t now_ms);

/* --- time ----------------------------------------------------------------------------------- */

/* Call at or after the deadline; UINT64_MAX: nothing waits. */
void mqtt_client_tick(struct mqtt_client *c, uint64_t now_ms);
uint64_t mqtt_client_deadline(const struct mqtt_client *c);

#endif
