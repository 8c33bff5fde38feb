/* sn/gate.h - the gateway side of MQTT-SN 1.2 over all nodes: datagrams in, news for the hub;
 * answers and deliveries from the hub, datagrams out.
 *
 * The gate keeps what MQTT has not: peer address, node state (sn/state.h), topic ids, will prompt,
 * sleep and keep alive timers, and the one exchange under way with its retries. What a message
 * means to others is the hub's: every request becomes one piece of news and waits until the hub
 * says how to answer. The gate answers by itself only what needs nobody: GWINFO, PINGRESP of an
 * active node, WILLTOPICREQ, WILLMSGREQ, DISCONNECT to a stranger or to a BYE, PUBACK 2 for an
 * unknown topic id, REGACK and SUBACK refusals of ill-formed topics (3).
 *
 * Output is one bounded queue of datagrams for each listener; a delivery or answer needs room in
 * it (sn_gate_room), so nothing is accepted that cannot be held.
 *
 * Order of calls: after each sn_gate_input and sn_gate_tick ask sn_gate_event until it is false,
 * before the next of either. Spans in news lie in the datagram or the node and live so long.
 *
 * Ownership: nodes belong to the gate from their first CONNECT (or sn_gate_restore) until
 * sn_gate_forget. `names` and `limits` of a node are the hub's and outlive the node's use of them.
 * Units: octets, milliseconds; MQTT-SN durations in seconds as on the wire.
 */
#ifndef SN_GATE_H
#define SN_GATE_H

#include "base/block.h"
#include "base/bytes.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "base/pool.h"
#include "base/rng.h"
#include "sn/bucket.h"
#include "sn/err.h"
#include "sn/names.h"
#include "sn/packet.h"
#include "sn/peer.h"
#include "sn/state.h"

enum sn_qosm1 { SN_QOSM1_BY_SENDER, SN_QOSM1_NO, SN_QOSM1_PREDEFINED, SN_QOSM1_YES };

/* How a node is dealt with; many share one. */
struct sn_limits {
    uint32_t retry_ms;
    uint16_t max_message;       /* octets of the whole datagram or frame payload */
    uint16_t keepalive_percent; /* 0: as the specification says, +50 % to 60 s, +10 % above */
    uint16_t sleep_percent;     /* likewise */
    uint8_t retries;
};

/* One listener's settings (CONFIG [listener]). */
struct sn_listener {
    struct sn_limits limits;   /* of all who are not admitted with their own */
    uint32_t takeover_wait_ms; /* 0: at once */
    uint32_t stranger_rate;    /* answers to one peer without a session ... */
    uint32_t stranger_per_ms;  /* ... in each of these; 0: a second */
    uint32_t advertise_s;      /* 0: off */
    uint8_t groups;            /* multicast groups it can send to */
    uint8_t standby_for;       /* GwId; 0: none */
    uint32_t standby_after;
    struct sn_rate forwarder_rate; /* datagrams to one forwarder; count 0: any number */
    enum sn_qosm1 qosm1;
    bool rebind; /* a sleeper's PINGREQ from a new address is served there */
    size_t room; /* octets of its output queue */
};

struct sn_gate_config {
    uint8_t gw_id;
    size_t nodes;                        /* most */
    size_t client_id;                    /* octets, most */
    size_t registrations;                /* names a node may register */
    size_t wildcard_names;               /* names registered to it for its wildcard subscriptions */
    const struct sn_listener *listeners; /* borrowed */
    size_t listener_count;
    struct budget *budget;
    uint64_t seed;
};

struct sn_gate;
struct sn_node;

struct sn_gate *sn_gate_new(const struct sn_gate_config *config, uint64_t now_ms);
void sn_gate_free(struct sn_gate *gate);

/* --- datagrams ------------------------------------------------------------------------------- */

void sn_gate_input(struct sn_gate *gate, const struct sn_peer *from, struct span wire,
                   uint64_t now_ms);
void sn_gate_tick(struct sn_gate *gate, uint64_t now_ms);
uint64_t sn_gate_deadline(const struct sn_gate *gate);

/* Octets that `listener`'s queue still takes. */
size_t sn_gate_room(const struct sn_gate *gate, uint16_t listener);

/* The next datagram for `listener`; false: none. It stays the first until sn_gate_sent: the edge
 * may look, fail to send and look again. With `at`, which begins as 0 and means nothing after the
 * next sn_gate_sent, each call gives the one behind the last, for sendmmsg. */
struct sn_out {
    struct sn_peer peer;
    struct span wire; /* lies in the queue until sn_gate_sent */
};
bool sn_gate_output(const struct sn_gate *gate, uint16_t listener, size_t *at, struct sn_out *out);

/* The first `count` datagrams of `listener` left (or were given up). */
void sn_gate_sent(struct sn_gate *gate, uint16_t listener, size_t count, uint64_t now_ms);

/* Settings of `listener` may have changed in place: ADVERTISE and stand-by follow. */
void sn_gate_settle(struct sn_gate *gate, uint16_t listener, uint64_t now_ms);

/* --- news for the hub ------------------------------------------------------------------------ */

enum sn_news_kind {
    SN_NEWS_CONNECT,     /* topic: will topic, data: will message, will, qos, retain; clean;
                            client id by sn_node_id. Answer: sn_gate_admit */
    SN_NEWS_REGISTER,    /* msg_id, topic. sn_gate_give_id. Answer: REGACK */
    SN_NEWS_NAMED,       /* topic_id, topic: an id was made for a delivery. Before the news it came
                            with. No answer */
    SN_NEWS_PUBLISH,     /* msg_id, topic_id, qos, dup, retain, topic, data. Answer by QoS */
    SN_NEWS_SUBSCRIBE,   /* msg_id, topic_id (for the SUBACK), qos, topic, key, topic_type.
                            sn_gate_give_id. Answer: SUBACK */
    SN_NEWS_UNSUBSCRIBE, /* msg_id, topic. Answer: UNSUBACK */
    SN_NEWS_WILL_TOPIC,  /* WILLTOPICUPD: will (false: delete it), topic, qos, retain.
                            Answer: WILLTOPICRESP */
    SN_NEWS_WILL_MSG,    /* WILLMSGUPD: data. Answer: WILLMSGRESP */
    SN_NEWS_PUBACK, /* msg_id: PUBACK, PUBREC, PUBCOMP of a delivery; PUBREL of a publication */
    SN_NEWS_PUBREC,
    SN_NEWS_PUBCOMP,
    SN_NEWS_PUBREL,  /* Answer: PUBCOMP */
    SN_NEWS_DROPPED, /* msg_id, 0 at QoS 0: a delivery that can never be made; count it as done */
    SN_NEWS_LATER,   /* msg_id: a delivery at QoS 1 or 2 that is to be tried again, as for
                        SN_ERR_LATER of sn_gate_deliver */
    SN_NEWS_GAVE_UP, /* msg_id, 0 at QoS 0: no answer while awake; asleep again, keep the message */
    SN_NEWS_READY,   /* the exchange is over: the node can take the next delivery; or what was to be
                        tried later can be tried */
    SN_NEWS_SLEEP,   /* duration. Answer: DISCONNECT */
    SN_NEWS_AWAKE,   /* deliver what waits, then sn_gate_drained */
    SN_NEWS_BYE,     /* DISCONNECT, already answered */
    SN_NEWS_LOST,    /* cause; will is due */
    SN_NEWS_EVICTED, /* cause: its place was needed. It was told; sn_gate_forget is due at once */
    SN_NEWS_MOVED,   /* rival: the address that it had before. No answer */
    SN_NEWS_RIVAL,   /* rival: someone there wanted the node's session, which stays. No answer */
    SN_NEWS_UNKNOWN, /* topic_id: a predefined id that it used and does not have. No answer */
    SN_NEWS_STRAY,   /* QoS -1: node or NULL, peer, topic_type, topic_id, data. No answer */
    SN_NEWS_STANDS_IN, /* listener: the gateway it stands in for is missed. No node, no answer */
    SN_NEWS_STANDS_BY  /* listener: that one is back, this one silent */
};

struct sn_news {
    enum sn_news_kind kind;
    struct sn_node *node;
    const struct sn_peer *peer; /* of STRAY */
    struct span topic;          /* topic or filter, whatever the id type was; see mapped */
    struct span data;
    const char *cause;    /* static text */
    struct sn_peer rival; /* without node id */
    uint16_t msg_id;
    uint16_t topic_id;
    uint16_t duration_s;
    uint16_t listener;
    uint16_t key;       /* of SUBSCRIBE: the predefined id or short name, as topic_type says */
    uint8_t topic_type; /* of STRAY: predefined or short; of SUBSCRIBE */
    uint8_t qos;
    bool dup;
    bool retain;
    bool clean;
    bool will;    /* CONNECT: topic and data are the new will; false: a stored will stays */
    bool mapped;  /* the topic is whole, by a map; else the node wrote it, below its mount */
    bool ours;    /* NAMED, sn_gate_give_id: made for a delivery; it counts as wildcard_names */
    bool fresh;   /* sn_gate_give_id: the hub was not told of it, or could not keep it */
    bool no_will; /* CONNECT: the empty WILLTOPIC, a stored will is deleted */
};

bool sn_gate_event(struct sn_gate *gate, struct sn_news *news);

/* --- the hub's answers ----------------------------------------------------------------------- */

struct sn_admission {
    uint8_t code;                 /* SN_RC_*: 0 admits */
    bool present;                 /* the session was there before: topic ids are kept */
    bool known;                   /* not a stranger: not evicted, whatever it does */
    const struct sn_names *names; /* predefined ids and short names, expanded; NULL: none */
};

/* Answers CONNECT: sends CONNACK; admitted, the node is active. Refused, it is gone if it has no
 * user; one that has is not told by news. */
void sn_gate_admit(struct sn_gate *gate, struct sn_node *node, const struct sn_admission *admission,
                   uint64_t now_ms);

/* Once the hub grants a REGISTER or SUBSCRIBE, and before its answer: sets topic_id to the id of
 * its name, made if need be; that of a KEY or of a filter with wildcards stays as it is. What is
 * refused so uses up no id. False: too many names, or no memory: "congestion". */
bool sn_gate_give_id(struct sn_gate *gate, struct sn_news *news);

/* Sends REGACK, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK, WILLTOPICRESP, WILLMSGRESP or
 * DISCONNECT (to SLEEP) as `type` says. PUBREL opens an exchange with retries. */
struct sn_answer {
    uint8_t type; /* enum sn_type */
    uint8_t code; /* SN_RC_*; of SUBACK see qos */
    uint8_t qos;  /* granted */
    uint16_t topic_id;
    uint16_t msg_id;
};
void sn_gate_answer(struct sn_gate *gate, struct sn_node *node, const struct sn_answer *answer,
                    uint64_t now_ms);

/* True when the node is active or awake, no exchange is under way and its listener has room. */
bool sn_gate_is_ready(const struct sn_gate *gate, const struct sn_node *node);

/* True when an answer can be queued for the node. */
bool sn_gate_has_room(const struct sn_gate *gate, const struct sn_node *node);

struct sn_delivery {
    struct span topic; /* whole */
    struct span data;
    struct block *block; /* holds topic and data; the gate takes its own reference */
    uint16_t msg_id;     /* 0 at QoS 0 */
    uint8_t qos;
    bool dup;
    bool retain;
};

/* Sends a message: by a KEY that the node has used for the topic, else by a normal id, after
 * REGISTER where it has none. The node must be ready. SN_OK: done (QoS 0 with a known id) or under
 * way (news follows: PUBACK ..., then READY). SN_ERR_LATER: the node has no room for its name yet;
 * READY comes when it may be asked, others can go meanwhile. Else it can never be sent (too long,
 * too many names, outside its mount): the caller drops and counts it. */
enum sn_err sn_gate_deliver(struct sn_gate *gate, struct sn_node *node,
                            const struct sn_delivery *delivery, uint64_t now_ms);

/* Nothing waits for the awake node any more: PINGRESP, asleep again. */
void sn_gate_drained(struct sn_gate *gate, struct sn_node *node, uint64_t now_ms);

/* Ends the node's connection from our side: DISCONNECT, disconnected. */
void sn_gate_dismiss(struct sn_gate *gate, struct sn_node *node, uint64_t now_ms);

/* Tells each id of the node again, as NAMED: its session is kept from now on. */
void sn_gate_tell_names(struct sn_gate *gate, struct sn_node *node);

/* --- nodes ----------------------------------------------------------------------------------- */

struct span sn_node_id(const struct sn_node *node);

/* The octets of its client id and, behind them, of its address, as sn_peer_key has it, if it has
 * one. They never change: a node that moves has another block, so others may hold this one. */
struct block *sn_node_who(const struct sn_node *node);

/* Its address; the node id lies in the node. Before its first CONNECT of this run: listener 0, no
 * address. */
struct sn_peer sn_node_peer(const struct sn_node *node);
enum sn_state sn_node_state(const struct sn_node *node);
/* It has had an address in this run. */
bool sn_node_is_placed(const struct sn_node *node);
bool sn_node_is_asleep(const struct sn_node *node);
bool sn_node_is_awake(const struct sn_node *node);

/* What is told of a node to people. Counts are since it was made or restored. */
struct sn_node_facts {
    uint64_t heard_ms; /* its last message, to the second; 0: none */
    uint64_t due_ms;   /* when it is lost unless it is heard; HEAP_NEVER: never */
    uint32_t errors;   /* messages against the protocol */
    uint32_t resent;   /* to it */
    uint16_t topics;   /* normal ids */
};
struct sn_node_facts sn_node_facts(const struct sn_node *node);

/* Its normal ids, in order; false: there are not that many. */
bool sn_node_topic(const struct sn_node *node, size_t place, uint16_t *id, struct span *name);

/* Those it was admitted with, or has been given since, connected or not; what it has used stays
 * used. NULL: none. */
const struct sn_names *sn_node_names(const struct sn_node *node);
void sn_node_set_names(struct sn_node *node, const struct sn_names *names);

/* NULL: its listener's. At work from the next message, timer or repeat on; max_message is at most
 * its listener's. */
const struct sn_limits *sn_node_limits(const struct sn_node *node);
void sn_node_set_limits(struct sn_node *node, const struct sn_limits *limits);

/* The hub's own pointer (its session). */
void *sn_node_user(const struct sn_node *node);
void sn_node_set_user(struct sn_node *node, void *user);

/* The node's session is gone: frees the node, its ids and its address. */
void sn_gate_forget(struct sn_gate *gate, struct sn_node *node);

/* A node of a kept session, from the store: disconnected, without address. NULL: no room. */
struct sn_node *sn_gate_restore(struct sn_gate *gate, struct span client_id);
/* One of its ids; `ours` as in the news that told it. False: no memory, or the id is taken. */
bool sn_gate_restore_topic(struct sn_gate *gate, struct sn_node *node, uint16_t topic_id,
                           struct span topic, bool ours);
/* It subscribed by this KEY before the restart. */
void sn_gate_restore_key(struct sn_gate *gate, struct sn_node *node, uint16_t id, bool is_short);

/* Messages refused, by cause; for the log and later for metrics. */
struct sn_counts {
    uint64_t received;
    uint64_t sent;
    uint64_t malformed;
    uint64_t strangers;    /* answered DISCONNECT */
    uint64_t muted;        /* not answered: stranger_rate, or too many SEARCHGW */
    uint64_t searches;     /* SEARCHGW answered */
    uint64_t by_group;     /* ignored: only SEARCHGW and what gateways say may come by a group */
    uint64_t no_forwarder; /* encapsulated, by one who may not */
    uint64_t refused;      /* QoS -1 not admitted */
    uint64_t unknown_id;   /* answered 2 */
    uint64_t too_long;     /* deliveries dropped */
    uint64_t resent;
    uint64_t overflow; /* datagrams of our own without room */
    uint64_t evicted;  /* nodes and attempts that gave way to others */
};
const struct sn_counts *sn_gate_counts(const struct sn_gate *gate);

#endif
