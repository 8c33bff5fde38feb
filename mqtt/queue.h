/* mqtt/queue.h - what waits for one session, in order, within its quota.
 *
 * A queue holds entries, not copies: each has one reference of its message. When the quota is
 * reached, `when_full` says what goes; what is in flight is never dropped. An episode of dropping
 * is told once, and ends when the queue is empty.
 *
 * Ownership: entries come from a pool of all sessions and are charged to the budget.
 * Units: milliseconds of the sessions' clock.
 */
#ifndef MQTT_QUEUE_H
#define MQTT_QUEUE_H

#include "mqtt/session.h"

enum mqtt_entry_state {
    MQTT_ENTRY_WAITS,    /* in the queue */
    MQTT_ENTRY_TO_SEND,  /* in flight: PUBLISH is to be sent, again if `dup` */
    MQTT_ENTRY_SENT,     /* in flight: PUBLISH went out */
    MQTT_ENTRY_RELEASED, /* in flight: PUBREC came, no message any more; PUBREL is owed or went */
    MQTT_ENTRY_HELD      /* in flight, but its door cannot send it yet: others go before it */
};

struct mqtt_entry {
    struct list link;
    union {
        struct mqtt_message *message; /* one reference; NULL once released */
        struct mqtt_row *row;         /* away: it is in the store alone */
    };
    uint64_t number; /* its row in the store; 0: it has none */
    uint64_t due;    /* in the queue: when it expires, 0: never; in flight: ticket to wait for */
    uint16_t packet_id;
    uint16_t rule;
    uint8_t state; /* enum mqtt_entry_state */
    uint8_t qos;
    bool retain : 1;
    bool dup : 1;
    bool away : 1;   /* mqtt/away.h */
    bool within : 1; /* its row in the store has the message within */
};

_Static_assert(sizeof(struct mqtt_entry) <= 48, "a queue of a million entries must stay small");

/* What an entry is charged with: itself, and its share of a row. */
#define MQTT_ENTRY_COST (sizeof(struct mqtt_entry) + sizeof(struct mqtt_row))

/* An entry in no list, with a reference of its own of `message`; NULL: no memory. */
struct mqtt_entry *mqtt_entry_new(struct mqtt_sessions *ss, struct mqtt_message *message);
void mqtt_entry_free(struct mqtt_sessions *ss, struct mqtt_entry *entry);

/* True when `count` more entries can be made. */
bool mqtt_entries_have_room(const struct mqtt_sessions *ss, size_t count);

/* Drops what must go for one more of `octets` at `qos`; false: the newcomer itself goes. Either way
 * what goes is counted. */
bool mqtt_queue_make_room(struct mqtt_sessions *ss, struct mqtt_session *s, size_t octets,
                          uint8_t qos, uint64_t now_ms);

void mqtt_queue_push(struct mqtt_session *s, struct mqtt_entry *entry);

/* Takes `entry` out of the queue. */
void mqtt_queue_take(struct mqtt_session *s, struct mqtt_entry *entry);

/* The first that has not expired, NULL: none. Those that have are dropped and counted. */
struct mqtt_entry *mqtt_queue_first(struct mqtt_sessions *ss, struct mqtt_session *s,
                                    uint64_t now_ms);

/* When the first expires; UINT64_MAX: never. */
uint64_t mqtt_queue_due(const struct mqtt_session *s);

/* Drops and counts what the session's acl does not allow it to read. */
void mqtt_queue_drop_denied(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms);

/* Drops all that waits, and counts it as expired. */
void mqtt_queue_drop_all(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms);

/* Drops all that waits, because the user says so: it is not counted. Returns how many. */
size_t mqtt_queue_purge(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms);

/* Frees all, or all at QoS 0; their rows are left alone, nothing is counted. */
void mqtt_queue_clear(struct mqtt_sessions *ss, struct mqtt_session *s);
void mqtt_queue_clear_q0(struct mqtt_sessions *ss, struct mqtt_session *s);

#endif
