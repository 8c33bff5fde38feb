/* sn/gate_parts.h - what the files gate*.c share; nobody else includes it.
 *
 *     gate.c          verbs, news, timers
 *     gate_node.c     nodes made, found, bound to an address, forgotten
 *     gate_in.c       a datagram: whose, and what its state makes of it
 *     gate_connect.c  CONNECT, will prompt
 *     gate_move.c     take-over, and sleepers that wake at another address
 *     gate_crowd.c    who gives way when there are too many
 *     gate_request.c  REGISTER, PUBLISH, SUBSCRIBE ... of a connected node
 *     gate_keys.c     what an id means to a node, and by which id a topic goes to it
 *     gate_out.c      answers and deliveries of the hub
 *     gate_exchange.c the exchange under way with a node, its retries and its end
 *     gate_send.c     packets into the outboxes
 *     gate_discover.c ADVERTISE, SEARCHGW, GWINFO, stand-by
 *     gate_forward.c  forwarders that were heard, and their rate
 */
#ifndef SN_GATE_PARTS_H
#define SN_GATE_PARTS_H

#include "sn/exchange.h"
#include "sn/gate.h"
#include "sn/keys.h"
#include "sn/outbox.h"
#include "sn/state.h"
#include "sn/strangers.h"
#include "sn/topics.h"

#define SN_GATE_NEWS    16u     /* pieces that wait to be asked for */
#define SN_NEWS_AT_ONCE 4u      /* most of one datagram or timer */
#define SN_TWAIT_MS     300000u /* 7.2 */
#define SN_TAKEOVER_ASK 4u      /* PINGREQs within takeover_wait */
#define SN_MOVE_MS      1000u /* at least, between two moves of a session that nobody wants to lose */
#define SN_HALF_OPEN    64u   /* will prompts under way with nodes that have no session */

/* A heap for each kind of deadline, so that a deadline need not say whose and of what kind. */
enum sn_timer {
    SN_TIMER_WATCH,     /* struct sn_node */
    SN_TIMER_RETRY,     /* struct sn_pending */
    SN_TIMER_CHALLENGE, /* struct sn_challenge */
    SN_TIMER_ADVERTISE, /* struct sn_port */
    SN_TIMER_STANDBY,   /* struct sn_port */
    SN_TIMER_FORWARDER, /* struct sn_forwarder */
    SN_TIMERS
};

/* A listener's side of the gate. */
struct sn_port {
    struct sn_outbox box;
    struct sn_strangers strangers;
    struct sn_strangers searches;
    struct heap_item advertise;
    struct heap_item standby; /* by then the gateway it stands in for is missed */
    uint16_t listener;
    uint32_t advertise_s; /* these two as they were settled */
    uint8_t standby_for;
    bool silent; /* that one is there */
};

#define SN_FORWARDERS     64u   /* known at once */
#define SN_FORWARDER_ROOM 2048u /* octets that wait for one, besides the longest message */

struct sn_forwarder {
    struct sn_peer peer; /* without node id */
    struct sn_outbox box;
    struct heap_item timer;
    uint64_t heard_ms;
    uint64_t full_us; /* its bucket */
};

/* The CONNECT that a node's session came from. */
struct sn_hello {
    uint64_t at_ms;
    uint32_t hash; /* of its octets */
    uint16_t duration_s;
    uint8_t flags;
    bool moved; /* it came from another address than the last one */
};

/* The will as far as it was prompted for. */
struct sn_prompt {
    struct block *will; /* topic, then message; NULL: none so far */
    uint16_t topic_len;
    uint8_t flags;
    bool asking : 1;
    bool no_will : 1;
};

/* Someone else says that he is this active node: it is asked first. (CONFIG takeover) */
struct sn_challenge {
    struct sn_node *node;
    struct heap_item timer;
    struct sn_peer newcomer;
    struct span connect; /* lies in `octets`, as the newcomer's node id does */
    uint8_t asked;
    uint8_t octets[];
};

/* The exchange under way with a node, there as long as it is open. */
struct sn_pending {
    struct sn_exchange exchange;
    struct heap_item retry;
    struct sn_node *node;
};

/* The last PUBLISH at QoS 1, to know its repeat by. (Protocol page, 7.12) */
struct sn_last_publish {
    uint64_t at_ms;
    uint32_t hash; /* of its payload */
    uint16_t topic_id;
    uint16_t msg_id; /* 0: there is none */
};

struct sn_node {
    struct map_item by_id;
    struct map_item by_peer;
    struct list in_line;    /* gate's named, idle or half_open */
    struct heap_item watch; /* at or before silent_ms: most messages only move that away */
    uint64_t silent_ms;     /* then it was silent for too long; HEAP_NEVER: never */
    struct block *who;      /* sn_node_who; of the client id, by_id knows the length */
    struct sn_topics topics;
    const struct sn_names *names;   /* NULL: none */
    struct block *keys;             /* sn/keys.h */
    const struct sn_limits *limits; /* NULL: its listener's */
    struct sn_pending *pending;     /* NULL: no exchange */
    struct sn_hello hello;
    struct sn_prompt prompt;
    struct block *challenge; /* holds a struct sn_challenge; NULL: none */
    struct sn_last_publish last;
    void *user;
    uint32_t turn;   /* of exchanges: the last one's */
    uint32_t queued; /* letters in outboxes that carry this node */
    uint32_t heard_s;
    uint32_t errors;
    uint32_t resent;
    uint16_t sleep_s;
    uint16_t register_id;   /* MsgId of our last REGISTER */
    uint16_t subscribe_id;  /* MsgId of its last SUBSCRIBE ... */
    uint8_t subscribe_type; /* ... and its TopicIdType, echoed in SUBACK */
    uint8_t admission_code; /* for CONNACK */
    uint16_t listener;      /* of its address */
    enum sn_state state : 8;
    bool near : 1;          /* of its address, too */
    bool bound : 1;         /* in by_peer */
    bool open : 1;          /* the hub has an open session for it */
    bool stays : 1;         /* it asked for something, or is known: it is not evicted */
    bool last_answered : 1; /* `last` was acknowledged */
};

/* Ten thousands of them: what is rare is elsewhere. */
_Static_assert(sizeof(struct sn_node) <= 256, "a node must stay small");

/* The head of the PUBLISH that was sent last. */
struct sn_stencil {
    size_t data_len;
    uint16_t topic_id;
    uint8_t flags;
    uint8_t len; /* of head; 0: there is none */
    uint8_t head[SN_HEAD_MAX];
};

struct sn_gate {
    struct sn_gate_config config;
    struct sn_port *ports;
    struct sn_forwarder *forwarders;
    size_t forwarder_count;
    struct map by_id;
    struct map by_peer;
    struct pool nodes;
    struct pool pending;
    struct heap timers[SN_TIMERS];
    struct list named;     /* have ids that the hub was not told of */
    struct list idle;      /* never asked for anything; who was heard last stands last */
    struct list half_open; /* no session yet: the will is being asked for */
    struct sn_news news[SN_GATE_NEWS];
    size_t news_first;
    size_t news_count;
    struct sn_stencil stencil;
    struct sn_counts count;
    struct sn_peer from;   /* of the datagram at hand */
    struct span wire;      /* its message, without encapsulation */
    uint8_t short_name[2]; /* a short topic name as text */
    const char *cause;     /* why a node is being lost */
    uint64_t now_ms;       /* of the call under way */
    uint64_t ticked_ms;    /* timers may run up to here */
    bool behind;           /* they did not all run */
    uint64_t seed[2];
};

/* Of the listener that the node came by; the first, as long as it came by none. */
static inline const struct sn_listener *sn_node_listener(const struct sn_gate *gate,
                                                         const struct sn_node *node)
{
    return &gate->config.listeners[node->listener];
}

/* --- gate.c */
const struct sn_listener *sn_gate_listener(const struct sn_gate *gate, const struct sn_peer *peer);

const struct sn_limits *sn_gate_limits(const struct sn_gate *gate, const struct sn_node *node);

/* A piece of news at the end of the row, all else 0. */
struct sn_news *sn_gate_tell(struct sn_gate *gate, enum sn_news_kind kind, struct sn_node *node);
void sn_gate_timer(struct sn_gate *gate, enum sn_timer kind, struct heap_item *item,
                   uint64_t due_ms);

/* The hub is to be told of the node's new ids. */
void sn_gate_name(struct sn_gate *gate, struct sn_node *node);

/* Takes the node out of the news that wait. */
void sn_gate_unsay(struct sn_gate *gate, const struct sn_node *node);

/* --- gate_node.c */
struct sn_node *sn_gate_make_node(struct sn_gate *gate, struct span client_id);
struct sn_node *sn_gate_find_id(const struct sn_gate *gate, struct span client_id);
struct sn_node *sn_gate_find_peer(const struct sn_gate *gate, const struct sn_peer *peer);
void sn_node_unbind(struct sn_gate *gate, struct sn_node *node);
bool sn_node_bind(struct sn_gate *gate, struct sn_node *node, const struct sn_peer *peer);

/* --- gate_in.c */

/* A message against the protocol was this node's; NULL: nobody's. */
static inline void sn_node_errs(struct sn_node *node)
{
    if (node != NULL) {
        node->errors++;
    }
}

/* Does all that the state machine says; the node may be gone afterwards. */
void sn_gate_step(struct sn_gate *gate, struct sn_node *node, enum sn_event event,
                  const struct sn_packet *pkt);

/* --- gate_connect.c */
void sn_gate_connect(struct sn_gate *gate, const struct sn_packet *pkt);

/* CONNECT of `node` from gate->from, where nobody else is any more; `moved`: it left another. */
void sn_gate_begin(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt,
                   bool moved);
void sn_gate_refuse(struct sn_gate *gate, uint8_t code);

/* Keeps WILLTOPIC or WILLMSG with the attempt; false: it cannot, and the attempt is refused. */
bool sn_gate_keep_will(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt);
void sn_gate_tell_connect(struct sn_gate *gate, struct sn_node *node);
void sn_node_drop_prompt(struct sn_node *node);

/* --- gate_move.c */

/* CONNECT: at once, or after the old address was asked. */
void sn_gate_move(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt);
void sn_gate_challenge_answered(struct sn_gate *gate, struct sn_node *node);
void sn_gate_challenge_due(struct sn_gate *gate, struct sn_node *node);
void sn_node_drop_challenge(struct sn_gate *gate, struct sn_node *node);

/* Whom a message comes from: the node `here`, the one of this address, unless the listener says
 * that a PINGREQ brings the sleeper that it names along. NULL: nobody. */
struct sn_node *sn_gate_rebind(struct sn_gate *gate, struct sn_node *here,
                               const struct sn_packet *pkt);

/* --- gate_crowd.c */

/* A place for one more node; false: all are taken by nodes that stay. */
bool sn_gate_make_place(struct sn_gate *gate);

/* A node without a session is asked for its will: the oldest such attempt gives way to one too
 * many. */
void sn_gate_half_open(struct sn_gate *gate, struct sn_node *node);

/* The hub is told of the node: unless it stays, it gives way when all places are taken. */
void sn_gate_idles(struct sn_gate *gate, struct sn_node *node);
void sn_gate_heard(struct sn_gate *gate, struct sn_node *node);
void sn_gate_stays(struct sn_node *node);

/* --- gate_request.c */
void sn_gate_serve(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt);

/* `node` NULL: nobody's. */
void sn_gate_stray(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt);

/* --- gate_keys.c */

/* A topic: as a map says, whole; else as the node writes it, below its mount. Empty: none. */
struct sn_meaning {
    struct span topic;
    bool mapped;
};

/* What an id of the given type means to this node; lives until the next call or message. */
struct sn_meaning sn_gate_meaning(struct sn_gate *gate, const struct sn_node *node,
                                  enum sn_topic_type type, uint16_t id);

/* The node published, subscribed or unsubscribed `meaning` by what `pkt` says: from now on by this
 * KEY or, after a normal id, by none. */
void sn_gate_use(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt,
                 struct sn_meaning meaning);

/* The node does not know the KEY; `type` NORMAL: of either kind. */
void sn_gate_forget_key(struct sn_node *node, uint16_t id, uint8_t type);

/* Chooses by which type and id the message goes, and so what is sent first. x->topic is whole
 * before, and what the node calls it afterwards, empty when it has no way to. */
enum sn_err sn_gate_choose_id(struct sn_gate *gate, struct sn_node *node, struct sn_exchange *x);

/* Instead of the KEY that it does not know, a normal id. */
enum sn_err sn_gate_choose_normal(struct sn_gate *gate, struct sn_node *node,
                                  struct sn_exchange *x);

/* --- gate_out.c */

/* Whatever the exchange will send fits the node's link. */
bool sn_gate_fits(const struct sn_gate *gate, const struct sn_node *node, struct sn_exchange x);

/* --- gate_exchange.c */
void sn_gate_acknowledged(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt);
void sn_gate_retry_due(struct sn_gate *gate, struct sn_node *node);

/* Opens an exchange like `x`, whose block it holds, where there is none, and sends what x->kind
 * says. False: no memory. */
bool sn_node_begin_exchange(struct sn_gate *gate, struct sn_node *node,
                            const struct sn_exchange *x);
void sn_node_end_exchange(struct sn_gate *gate, struct sn_node *node);

/* The node cannot be reached for a while: nothing is repeated, but an answer that crossed its
 * DISCONNECT still counts. sn_node_resume_exchange goes on with a message of QoS 0 that waits for
 * REGACK, for the hub has it no more, and ends any other, which the hub says again. */
void sn_node_pause_exchange(struct sn_gate *gate, struct sn_node *node);
void sn_node_resume_exchange(struct sn_gate *gate, struct sn_node *node);

/* --- gate_send.c */

/* False, and counted, when there is no room. */
bool sn_gate_send(struct sn_gate *gate, const struct sn_peer *to, const struct sn_packet *pkt);

/* To the node's address. */
bool sn_node_send(struct sn_gate *gate, const struct sn_node *node, const struct sn_packet *pkt);

/* Sends what the exchange says; the retry timer starts when it has left. */
void sn_gate_send_exchange(struct sn_gate *gate, struct sn_node *node);

/* Answers someone without a session, if stranger_rate lets us. */
void sn_gate_send_stranger(struct sn_gate *gate, const struct sn_packet *pkt);

/* --- gate_discover.c */

/* Stand-by and ADVERTISE begin anew where the listener's settings say something else than before.
 */
void sn_gate_settle_port(struct sn_gate *gate, struct sn_port *port);
void sn_gate_advertise(struct sn_gate *gate, struct sn_port *port);
void sn_gate_standby_due(struct sn_gate *gate, struct sn_port *port);

/* True: the message at hand is about gateways, or may not come by a group; it is done with. */
bool sn_gate_discovers(struct sn_gate *gate, const struct sn_packet *pkt);

/* The gateway that this listener stands in for is there: it answers nobody. */
bool sn_gate_is_silent(const struct sn_gate *gate, uint16_t listener);

/* True: the message at hand is not for a silent listener. A node still connected is told. */
bool sn_gate_sends_away(struct sn_gate *gate, struct sn_node *node, enum sn_event event,
                        const struct sn_packet *pkt);

/* --- gate_forward.c */

/* The datagram at hand was encapsulated. */
void sn_gate_heard_forwarder(struct sn_gate *gate);
void sn_gate_send_forwarders(struct sn_gate *gate, uint16_t listener, const struct sn_packet *pkt);

/* The queue for datagrams to this peer: its forwarder's, which is then *paced, or the listener's.
 */
struct sn_outbox *sn_gate_box(struct sn_gate *gate, const struct sn_peer *to,
                              struct sn_forwarder **paced);

/* True unless the node's forwarder has so much waiting that a longest message does not fit. */
bool sn_gate_forwarder_has_room(const struct sn_gate *gate, const struct sn_node *node);
void sn_gate_forwarder_due(struct sn_gate *gate, struct sn_forwarder *forwarder);

#endif
