/* mqtt/client.h - the verbs toward one upstream broker: the client role of MQTT 3.1.1.
 *
 * Holds the connection's protocol state only; what is published, its packet ids and QoS 1 and 2
 * are the upstream's session (mqtt/session), whose operations the uplink writes through this door.
 *
 *     IDLE -- due --> news DIAL; edge dials --> up() --> CONNECT .. CONNACK --> news ONLINE
 *     SUBSCRIBE .. SUBACK --> operations flow --> news DOWN, back to IDLE with a jittered delay
 *
 * Ownership: spans of the configuration are borrowed and outlive the client.
 */
#ifndef MQTT_CLIENT_H
#define MQTT_CLIENT_H

#include "base/rng.h"
#include "mqtt/packet.h"
#include "mqtt/session.h"
#include "mqtt/stream.h"

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
    uint32_t reconnect_least_ms; /* the delay doubles from least to most, */
    uint32_t reconnect_most_ms;  /* drawn from its upper half */
    uint32_t ack_timeout_ms;     /* no answer for so long: the connection is dropped */
    size_t max_packet;
};

enum mqtt_client_state { MQTT_IDLE, MQTT_DIALLING, MQTT_CONNECTING, MQTT_ONLINE };

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
    uint64_t good_ms;       /* online since */
    uint16_t subscribe_id;  /* SUBSCRIBE under way; 0: none */
    bool id_taken;          /* a delivery under way has the packet id that SUBSCRIBE goes by */
    uint32_t unanswered;    /* operations without an answer */
    bool acknowledged;      /* a publish, since online */
    bool subscribed;        /* a SUBACK, since online */
    bool stopping;          /* no more dialling */
    bool wants_connect;     /* CONNECT to be written */
    bool wants_ping;
    bool pinging; /* PINGREQ sent and not answered */
    bool wants_bye;
    struct {
        const char *cause; /* of down; static text */
        bool dial;
        bool down;
    } pending; /* news not asked for yet */
};

void mqtt_client_init(struct mqtt_client *c, const struct mqtt_client_config *config,
                      struct budget *budget, uint64_t seed, uint64_t now_ms);
void mqtt_client_fini(struct mqtt_client *c);

/* The edge connected, after news DIAL. */
void mqtt_client_up(struct mqtt_client *c, uint64_t now_ms);

/* The edge could not connect, or the connection ended. `cause` is static text. */
void mqtt_client_down(struct mqtt_client *c, const char *cause, uint64_t now_ms);

enum mqtt_client_news_kind {
    MQTT_CLIENT_DIAL,       /* connect, then call up or down */
    MQTT_CLIENT_ONLINE,     /* CONNACK 0; present */
    MQTT_CLIENT_SUBSCRIBED, /* SUBACK: packet.payload holds the codes */
    MQTT_CLIENT_PUBLISH,    /* packet: a PUBLISH for the session */
    MQTT_CLIENT_ACK,        /* packet: PUBACK, PUBREC, PUBREL or PUBCOMP for the session */
    MQTT_CLIENT_DOWN        /* cause; the edge closes the socket if it is open */
};

struct mqtt_client_news {
    enum mqtt_client_news_kind kind;
    struct mqtt_packet packet; /* borrows from the octets of the input */
    const char *cause;
    bool present;
};

/* Octets that came: takes from *octets up to the first packet that is news, and says which; the
 * caller asks until it is false and *octets is empty. */
bool mqtt_client_input(struct mqtt_client *c, struct span *octets, struct mqtt_client_news *news,
                       uint64_t now_ms);

/* News that no octets bring: DIAL, DOWN. */
bool mqtt_client_event(struct mqtt_client *c, struct mqtt_client_news *news, uint64_t now_ms);

/* Writes what the connection itself has to say: CONNECT, PINGREQ, DISCONNECT. */
void mqtt_client_write(struct mqtt_client *c, struct writer *w, uint64_t now_ms);

/* Writes a SUBSCRIBE with as many of the filters as `count`; false: no room, or one is under way.
 */
struct mqtt_client_filter {
    struct span filter;
    uint8_t qos;
};
bool mqtt_client_subscribe(struct mqtt_client *c, struct writer *w,
                           const struct mqtt_client_filter *filters, size_t count, uint64_t now_ms);

/* True while operations of the session may be written. */
bool mqtt_client_may_send(const struct mqtt_client *c);

/* Writes one operation; a delivery goes under `topic`. False: no room, nothing written. `op` stays
 * the caller's, references too. */
bool mqtt_client_send(struct mqtt_client *c, struct writer *w, const struct mqtt_op *op,
                      struct span topic, uint64_t now_ms);

/* As above for a delivery, without its payload, which the caller sends right after. */
bool mqtt_client_send_head(struct mqtt_client *c, struct writer *w, const struct mqtt_op *op,
                           struct span topic, uint64_t now_ms);

/* A clean end: DISCONNECT is written next, then news DOWN; no more dialling. */
void mqtt_client_stop(struct mqtt_client *c, uint64_t now_ms);

void mqtt_client_tick(struct mqtt_client *c, uint64_t now_ms);
uint64_t mqtt_client_deadline(const struct mqtt_client *c);

#endif
