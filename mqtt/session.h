/* mqtt/session.h - one client's state, whatever door it came by: subscriptions, will, queue,
 * packet ids, QoS 1 and 2 both ways, and the answers it is owed. [MQTT 3.1.1, 3.1.2.4, 4.3, 4.4]
 *
 * Operations go in as calls; operations come out when asked for. A door is an MQTT connection
 * (mqtt/conn), a node (sn/gate through hub/border) or an upstream (mqtt/client through
 * hub/uplink); the three are name spaces of their own.
 *
 *     caller                           session
 *     open, publish, subscribe ... --> queues answers and deliveries, lists itself as ready
 *     mqtt_sessions_ready(door)    <-- a session that has something and may send
 *     mqtt_session_next(&op)       <-- one operation; until false
 *
 * An answer that needs a record on disk first carries the record's ticket and waits, and so do
 * the answers behind it; mqtt_sessions_kept wakes those whose ticket is kept. Deliveries wait
 * only for a CONNACK or SUBACK that is owed. Deliveries at QoS 1 and 2 keep the order in which
 * they were queued, at most `window` of them unacknowledged; before a kept session sends, its row
 * says at QoS 1 that it does, once, and at QoS 2 the entry's row has the packet id.
 *
 * Ownership: sessions belong to `struct mqtt_sessions`. A session is freed by mqtt_session_close if
 * clean, by mqtt_session_open with `clean` over a stored one, by mqtt_session_discard, or expiry.
 * Units: times in milliseconds of one monotonic clock; packet ids 1..65535.
 */
#ifndef MQTT_SESSION_H
#define MQTT_SESSION_H

#include "base/journal.h"
#include "base/list.h"
#include "base/map.h"
#include "base/pool.h"
#include "base/rng.h"
#include "mqtt/acl.h"
#include "mqtt/err.h"
#include "mqtt/message.h"
#include "mqtt/retain.h"
#include "mqtt/tree.h"

enum mqtt_door { MQTT_DOOR_CONN, MQTT_DOOR_NODE, MQTT_DOOR_UPSTREAM, MQTT_DOORS };

enum mqtt_end {
    MQTT_END_BYE,    /* DISCONNECT: the will is dropped */
    MQTT_END_LOST,   /* the will is published, once; a kept node session keeps it too */
    MQTT_END_PARTED, /* the will is neither published nor dropped: a kept node's is stored data */
    MQTT_END_ASLEEP  /* a node sleeps: stays open with window 0, QoS 0 is queued too */
};

enum mqtt_when_full { MQTT_DROP_QOS0_FIRST, MQTT_DROP_OLDEST, MQTT_DROP_NEWEST };

/* Limits that bind all sessions; see CONFIG [limits]. */
struct mqtt_limits {
    size_t sessions;      /* of all doors together */
    size_t subscriptions; /* of one client */
    size_t entries;       /* queue entries of all sessions together */
    size_t retained;
    size_t memory; /* octets, the budget */
    size_t max_packet;
    size_t client_id; /* octets, MQTT */
    size_t topic_levels;
    uint64_t expiry_ms; /* of a kept, closed session but upstreams; 0: never */
};

/* What one session may keep; by door and configuration. */
struct mqtt_quota {
    uint64_t queued_bytes;  /* 0: bounded by the budget alone */
    uint32_t queued;        /* messages */
    uint32_t subscriptions; /* most; 0: as mqtt_limits says */
    uint16_t inflight;      /* unacknowledged deliveries: the window of an open session */
    uint8_t when_full;      /* enum mqtt_when_full */
    bool keeps_nothing : 1; /* while the client sleeps or is away */
    bool retain_as_published : 1;
    bool no_echo : 1;       /* never deliver what came by this session */
    bool takes_nothing : 1; /* new messages pass it by, uncounted; what waits goes on */
    bool is_mould : 1;      /* mqtt/mould.h */
    bool calls : 1;         /* it is listed as ready while it is closed too, and something waits */
    uint64_t age_ms;        /* what waits longer is dropped; 0: it waits for ever */
};

/* An operation out. `message` carries one reference that the taker drops. */
enum mqtt_op_kind {
    MQTT_OP_OPENED, /* CONNACK: code, present */
    MQTT_OP_PUBACK,
    MQTT_OP_PUBREC,
    MQTT_OP_PUBREL,
    MQTT_OP_PUBCOMP,
    MQTT_OP_SUBACK, /* codes: one octet for each filter; the taker drops the block */
    MQTT_OP_UNSUBACK,
    MQTT_OP_OTHER,  /* the door's own: code and extra as it gave them */
    MQTT_OP_DELIVER /* qos, dup, retain, rule, message */
};

struct mqtt_op {
    enum mqtt_op_kind kind;
    uint16_t packet_id;
    uint16_t extra; /* the door's own: a node's topic id */
    uint16_t rule;  /* of an upstream's subscription; 0: none */
    uint8_t code;
    uint8_t qos;
    bool present;
    bool dup;
    bool retain;
    struct block *codes;
    struct mqtt_message *message;
};

/* An answer to be given in its turn: packet_id, extra, code, codes as in mqtt_op. */
struct mqtt_answer {
    struct list in_session;
    uint64_t ticket; /* 0: free */
    struct block *codes;
    uint16_t packet_id;
    uint16_t extra;
    uint8_t kind; /* enum mqtt_op_kind */
    uint8_t code;
};

struct mqtt_entry; /* a queued or unacknowledged message; see mqtt/queue.h */

struct mqtt_session {
    struct map_item by_name; /* in its door's map */
    struct list in_line;     /* open: its door's ready list, or those of which something waits;
                                closed: those that will end */
    struct list in_notices;
    struct chain subscriptions;   /* struct mqtt_subscription, by in_session */
    struct chain answers;         /* struct mqtt_answer */
    struct chain received;        /* struct mqtt_received: QoS 2 ids taken and not released */
    struct chain inflight;        /* struct mqtt_entry with a packet id, in order of sending */
    struct chain queue;           /* struct mqtt_entry that waits, in order */
    struct mqtt_entry *to_send;   /* first of inflight that is to be sent; NULL: none */
    struct mqtt_entry *oldest_q0; /* first of queue at QoS 0; NULL: none */
    struct block *name;           /* holds the octets of its client id or upstream name */
    struct mqtt_message *will;
    struct block *acl; /* mqtt_acl_of; one reference; NULL: none, so all is allowed */
    void *door_item;   /* the opening's: connection, node or uplink, while open; else NULL */
    void *user;        /* the door's own, for as long as the session lives */
    uint64_t ends_ms;  /* closed, and in line: it ends then */
    uint64_t number;   /* names it in the store; never reused */
    uint64_t ticket;   /* of the last change of its rows: a repeated answer waits for that too */
    struct mqtt_quota quota;
    uint64_t queue_bytes; /* of topics and payloads */
    uint32_t dropped;    /* messages, since it was opened; of an upstream, since it was made here */
    uint32_t too_old;    /* of these */
    uint32_t matched_at; /* in `matched` of all sessions, if that says the same */
    uint32_t queue_count;
    uint32_t subscription_count;
    uint32_t answer_count;
    uint16_t ids_given; /* packet ids since inflight was empty; below 65535 none can collide */
    uint16_t inflight_count;
    uint16_t sent_count; /* of inflight, those on their way ... */
    uint16_t held_count; /* ... and those held */
    uint16_t window;
    uint16_t last_packet_id;
    uint16_t holds; /* CONNACK and SUBACK owed: deliveries wait */
    uint8_t door;   /* enum mqtt_door */
    bool clean : 1;
    bool open : 1;
    bool asleep : 1;
    bool expired : 1; /* its end is to be told */
    bool in_drop : 1; /* an episode of dropping goes on */
    bool ready : 1;   /* in_line is on the ready list */
    bool sends : 1;   /* its row says that QoS 1 goes out: DUP after a crash */
};

struct mqtt_sessions {
    struct budget budget;
    struct journal *journal;
    struct mqtt_tree tree;
    struct mqtt_retain retain;
    struct map by_name[MQTT_DOORS];
    struct map shares;         /* groups of shared subscriptions, by their text */
    struct map received_by_id; /* key: number of the session, packet id */
    struct map by_origin;      /* mqtt/mould.h; only with a mould, as its pool */
    struct map restoring;      /* sessions, messages by number, until mqtt_sessions_restored */
    struct mqtt_session *told; /* expired, freed at the next notice */
    struct list ready[MQTT_DOORS];
    struct list waiting; /* for a ticket */
    struct list wanting; /* for a message that is away */
    struct list notices;
    struct list closed; /* that will end: who was closed first does so first */
    struct pool cells;
    struct pool entries;
    struct pool rows;
    struct pool answers;
    struct pool subscriptions;
    struct pool received;
    struct pool restored;
    struct pool moulded;
    struct mqtt_limits limits;
    struct span own; /* below this topic the gateway publishes, and nothing is stored; borrowed */
    bool own_read;   /* somebody has subscribed to what lies there, in this run */
    struct rng rng;
    uint64_t last_number;               /* of sessions, messages, subscriptions, retained rows */
    struct mqtt_subscription **matched; /* who reads the message at hand: mqtt/fan */
    uint64_t stored; /* rows up to this number are in the store, as the journal's owner says */
    struct {
        struct mqtt_session *session; /* NULL: it is gone */
        bool under_way;
        bool starved;   /* memory was short */
    } fetching;         /* mqtt/away.h */
    uint64_t kept_seen; /* the journal's `kept` when those that wait were last asked */
    int64_t wall_ms;    /* wall clock less our clock: stored times are wall times */
    struct {
        uint64_t received;        /* messages published by anyone */
        uint64_t delivered;       /* deliveries handed to doors */
        uint64_t received_octets; /* of payloads, as the next */
        uint64_t delivered_octets;
        uint64_t dropped; /* by a full queue */
        uint64_t expired; /* by a ttl */
        uint64_t ended;   /* sessions, by session_expiry */
        uint64_t refused; /* publishes refused for want of memory or store */
        uint64_t denied;  /* by acl */
        uint64_t unread;  /* lost: the store did not have them any more */
    } count;
};

/* `journal` outlives the sessions. False: no memory. */
bool mqtt_sessions_init(struct mqtt_sessions *ss, const struct mqtt_limits *limits,
                        struct journal *journal, uint64_t seed);
void mqtt_sessions_fini(struct mqtt_sessions *ss);

/* --- in ------------------------------------------------------------------------------------ */

struct mqtt_opening {
    enum mqtt_door door;
    struct span name;     /* client id or upstream name */
    struct block *holder; /* it lies in there, and there it stays; NULL: it is copied */
    bool clean;
    bool anew;    /* the far side forgot all packet ids: what was under way begins again as new */
    bool goes_on; /* an open session of that name is not ended: what waits stays, at QoS 0 too, and
                     a clean one is kept from now on unless `clean` */
    void *door_item;
    struct block *acl; /* by mqtt_acl_new, one reference that the session takes over; or NULL */
    struct mqtt_quota quota;
};

struct mqtt_session *mqtt_session_find(const struct mqtt_sessions *ss, enum mqtt_door door,
                                       struct span name);

/* Its client id or upstream name. */
struct span mqtt_session_name(const struct mqtt_session *s);

/* Opens the stored session of that name, or makes one; clean: drops a stored one first. The
 * session must not be open by another door item: the caller has closed that (take-over).
 * Owes MQTT_OP_OPENED with code 0 and `present`; then re-sends what was unacknowledged, in
 * order, with DUP; anew: without. What waits and the acl does not allow is dropped and counted.
 * NULL when there is no room. */
struct mqtt_session *mqtt_session_open(struct mqtt_sessions *ss, const struct mqtt_opening *opening,
                                       uint64_t now_ms);

/* A clean session of a node is kept from now on, with all that it has; a kept one stays so.
 * s->ticket is what its answers wait for. False: no room in the journal, it stays clean. */
bool mqtt_session_keep(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms);

/* Other rights from now on, at the next publish and delivery; takes over the reference. */
void mqtt_session_set_acl(struct mqtt_sessions *ss, struct mqtt_session *s, struct block *acl,
                          uint64_t now_ms);

/* Ends or, for MQTT_END_ASLEEP, suspends. Frees a clean session unless it sleeps; answers owed are
 * forgotten except when asleep. */
void mqtt_session_close(struct mqtt_sessions *ss, struct mqtt_session *s, enum mqtt_end end,
                        uint64_t now_ms);

/* Frees the session and everything stored of it. */
void mqtt_session_discard(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms);

/* Sets the will, taking over the reference, with the message's own qos; NULL clears. A node's
 * will is stored with a kept session. */
void mqtt_session_set_will(struct mqtt_sessions *ss, struct mqtt_session *s,
                           struct mqtt_message *will, uint64_t now_ms);

struct mqtt_publication {
    struct span topic;
    struct span payload;
    uint16_t packet_id; /* 0 at QoS 0 */
    uint16_t extra;     /* comes back in the answer */
    uint32_t origin;    /* goes with the message */
    uint64_t ttl_ms;    /* it waits for nobody longer than this; 0: as each queue says */
    uint8_t qos;
    bool retain;
    bool late; /* its readers should have had it when they subscribed: it is sent with RETAIN */
};

/* Publishes for `s` and owes PUBACK or PUBREC. QoS 2: a packet id not yet released is answered
 * again and not forwarded. MQTT_ERR_FULL: no memory or no store for QoS 1 or 2, nothing was done
 * and no answer is owed. MQTT_ERR_DENIED: not allowed, dropped, counted; owed as if published, but
 * to a node. */
enum mqtt_err mqtt_session_publish(struct mqtt_sessions *ss, struct mqtt_session *s,
                                   const struct mqtt_publication *p, uint64_t now_ms);

/* Publishes for the gateway itself, or for a sender without a session. */
enum mqtt_err mqtt_sessions_publish(struct mqtt_sessions *ss, const struct mqtt_publication *p,
                                    uint64_t now_ms);

/* May a client with this acl (mqtt_acl_of; NULL: none) publish, or have a will, there? */
bool mqtt_sessions_may_publish(const struct mqtt_sessions *ss, const struct block *acl,
                               struct span topic);

/* PUBACK, PUBREC or PUBCOMP of a delivery, or PUBREL of a publication came in. Unknown packet ids
 * are harmless: PUBREC owes PUBREL, PUBREL owes PUBCOMP all the same. PUBACK ends a delivery at
 * QoS 2 too: for a door that finds that it can never be made. */
void mqtt_session_ack(struct mqtt_sessions *ss, struct mqtt_session *s, enum mqtt_op_kind kind,
                      uint16_t packet_id, uint64_t now_ms);

struct mqtt_subscribing {
    struct span filter; /* well-formed, else 0x80 */
    uint8_t qos;
    uint8_t options; /* MQTT_SUB_* of mqtt/tree.h */
    uint16_t rule;
    uint32_t extra;   /* the door's own */
    uint64_t ttl_ms;  /* 0: none */
    bool no_retained; /* do not send retained messages */
};

/* Subscribes, or replaces the same filter, and queues the retained messages behind the answer to
 * come. Returns the granted QoS or 0x80; *ticket becomes the greater of itself and its record's.
 * The caller owes the SUBACK (mqtt_session_owe) after the last filter of the packet. */
uint8_t mqtt_session_subscribe(struct mqtt_sessions *ss, struct mqtt_session *s,
                               const struct mqtt_subscribing *sub, uint64_t *ticket,
                               uint64_t now_ms);

/* True if `s` may subscribe it: where mqtt_session_subscribe refuses such, room is short. */
bool mqtt_session_may_subscribe(const struct mqtt_sessions *ss, const struct mqtt_session *s,
                                struct span filter);

/* True if it was subscribed; *ticket as above. The caller owes the UNSUBACK. */
bool mqtt_session_unsubscribe(struct mqtt_sessions *ss, struct mqtt_session *s, struct span filter,
                              uint64_t *ticket, uint64_t now_ms);

/* Owes an answer behind those owed before it; takes over `codes` either way. False: no memory or
 * not open, nothing owed. */
bool mqtt_session_owe(struct mqtt_sessions *ss, struct mqtt_session *s,
                      const struct mqtt_answer *answer);

/* How many deliveries may be unacknowledged from now on; 0 holds all back. A sleeping session
 * wakes with its first window above 0 (asleep becomes false). */
void mqtt_session_set_window(struct mqtt_sessions *ss, struct mqtt_session *s, uint16_t window);

/* The delivery of `packet_id` did not reach the client: it is first in line again, with DUP. */
void mqtt_session_give_back(struct mqtt_sessions *ss, struct mqtt_session *s, uint16_t packet_id);

/* The delivery of `packet_id` cannot be sent yet: it keeps its place, but takes none of the window,
 * until mqtt_session_unhold or the session sleeps. When MQTT_HELD_MOST are held, the queue waits.
 */
void mqtt_session_hold(struct mqtt_sessions *ss, struct mqtt_session *s, uint16_t packet_id);

/* What was held may be tried; for a door that goes on to ask for the next operation. */
void mqtt_session_unhold(struct mqtt_session *s);

/* --- out ----------------------------------------------------------------------------------- */

/* Takes a session off the door's ready list; NULL when none is ready. */
struct mqtt_session *mqtt_sessions_ready(struct mqtt_sessions *ss, enum mqtt_door door);

/* Puts `s` back on the ready list if it still has something that may go: for a door that stopped
 * asking before the answer was false. */
void mqtt_session_again(struct mqtt_sessions *ss, struct mqtt_session *s);

/* The next operation; false when nothing may go now. */
bool mqtt_session_next(struct mqtt_sessions *ss, struct mqtt_session *s, struct mqtt_op *op,
                       uint64_t now_ms);

/* As above, answers only: for a node that cannot take a delivery now. */
bool mqtt_session_next_answer(struct mqtt_sessions *ss, struct mqtt_session *s, struct mqtt_op *op);

/* True while messages wait, not behind too many that are held, or are unacknowledged. */
bool mqtt_session_has_messages(const struct mqtt_session *s);

/* Answers owed; the door stops reading at its `inflight`. */
size_t mqtt_session_owed(const struct mqtt_session *s);

/* The journal's kept ticket moved: lists the sessions whose answers may go now. */
void mqtt_sessions_kept(struct mqtt_sessions *ss);

/* --- time, notices, restart ------------------------------------------------------------------ */

/* Ends expired sessions. A node session's end is told as a notice before it is freed. */
void mqtt_sessions_tick(struct mqtt_sessions *ss, uint64_t now_ms);
uint64_t mqtt_sessions_deadline(const struct mqtt_sessions *ss);

/* DROPPING: once per episode, a queue began to drop. EXPIRED: the session is gone; of it only what
 * stands here is left. */
enum mqtt_notice_kind { MQTT_NOTICE_DROPPING, MQTT_NOTICE_EXPIRED };
struct mqtt_notice {
    enum mqtt_notice_kind kind;
    enum mqtt_door door;
    void *user;
    struct span name; /* client id; valid until the next call */
    uint64_t dropped;
};
bool mqtt_sessions_notice(struct mqtt_sessions *ss, struct mqtt_notice *notice);

/* Takes one stored record in, in the order of enum table; `record->block` is copied or held, the
 * caller keeps its reference. False: the record names something that is not there. */
bool mqtt_sessions_restore(struct mqtt_sessions *ss, const struct record *record, uint64_t now_ms);

/* The restored session of that number, or NULL; until mqtt_sessions_restored. */
struct mqtt_session *mqtt_sessions_by_number(const struct mqtt_sessions *ss, uint64_t number);

/* All records are in: messages that no queue needs are deleted. */
void mqtt_sessions_restored(struct mqtt_sessions *ss, uint64_t now_ms);

#endif
