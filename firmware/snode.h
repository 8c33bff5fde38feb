/* snode.h - an MQTT-SN 1.2 node as a machine: packets and a time in, packets and events out.
 *
 * Pure: no allocation, no clock, no I/O, no state outside `struct snode`, so a program may have
 * several nodes. A turn of the caller is
 *
 *     until it says 0       snode_output, and send what it wrote
 *     until it says false   snode_event
 *     wait                  for a packet, at most what snode_poll says
 *     if there is one       snode_rx
 *
 * One request (publish, subscribe, sleep, ...) is under way at a time; the next one is SNODE_BUSY
 * until its event has come. A request made while the node connects waits for the connection.
 * What is repeated: every request, `retries` times, each `retry_ms` and up to a quarter more apart.
 *
 * Ownership: config, memory, filters and wills are the caller's and must live on, the node until
 * its end, a filter until its answer. A payload to publish is copied. The spans of an event point
 * into the packet given to snode_rx or into `memory`: take the events before the next snode_rx.
 * Units: milliseconds from any start, as uint32_t that may wrap; lengths in octets.
 */
#ifndef FIRMWARE_SNODE_H
#define FIRMWARE_SNODE_H

#include "base/bytes.h"
#include "sn/err.h"

#define SNODE_FOREVER                                                                        \
    UINT32_MAX               /* snode_poll: nothing is due until a packet or a request comes \
                              */
#define SNODE_NO_ANSWER 0xFF /* code of SNODE_SLEEPS and SNODE_DISCONNECTED: nobody answered */
#define SNODE_HEADER    9    /* octets that PUBLISH adds to a payload, at most */

/* What a request says at once. */
#define SNODE_ERRS(X)                                        \
    X(SNODE_OK, "ok")                                        \
    X(SNODE_BUSY, "another request is under way")            \
    X(SNODE_STATE, "not in this state of the connection")    \
    X(SNODE_TOPIC, "no such topic, or not for this request") \
    X(SNODE_SIZE, "message larger than the node's memory or the link's packets")

#define SNODE_ERR_ENUM(name, text) name,
enum snode_err { SNODE_ERRS(SNODE_ERR_ENUM) };

enum snode_state { SNODE_OFF, SNODE_CONNECTING, SNODE_ACTIVE, SNODE_ASLEEP, SNODE_AWAKE };

/* How a topic is named: by its place in the config, by name, by predefined id, by two octets. */
enum snode_by { SNODE_BY_INDEX, SNODE_BY_NAME, SNODE_BY_ID, SNODE_BY_SHORT };

struct snode_topic {
    enum snode_by by;
    uint16_t id;      /* index, predefined id, or the two octets of a short name */
    struct span name; /* SNODE_BY_NAME; in an event SNODE_BY_INDEX too */
};

static inline struct snode_topic snode_index(uint16_t index)
{
    return (struct snode_topic){.by = SNODE_BY_INDEX, .id = index};
}

/* For snode_subscribe and snode_unsubscribe only: any name or filter. */
static inline struct snode_topic snode_filter(const char *text)
{
    return (struct snode_topic){.by = SNODE_BY_NAME, .name = span_of_text(text)};
}

static inline struct snode_topic snode_predefined(uint16_t id)
{
    return (struct snode_topic){.by = SNODE_BY_ID, .id = id};
}

static inline struct snode_topic snode_short(char first, char second)
{
    return (struct snode_topic){.by = SNODE_BY_SHORT,
                                .id = (uint16_t)((uint8_t)first << 8 | (uint8_t)second)};
}

struct snode_message {
    struct snode_topic topic;
    struct span data;
    int8_t qos; /* -1 to 2; -1 needs no connection, but a predefined id or a short name */
    bool retain;
};

struct snode_will {
    const char *topic; /* NULL: no will */
    struct span data;
    uint8_t qos;
    bool retain;
};

/* Constant; may lie in flash. */
struct snode_config {
    const char *client_id;         /* 1 to 23 octets */
    const char *const *topics;     /* names without wildcards, for snode_index */
    const struct snode_will *will; /* NULL: none */
    uint32_t wait_ms; /* pause after "congestion": the specification's Twait, 300,000 */
    uint16_t topic_count;
    uint16_t keepalive_s; /* 0: the gateway does not watch */
    uint16_t retry_ms;
    uint16_t mtu; /* the link's largest packet */
    uint8_t retries;
};

/* Written by the node. */
struct snode_memory {
    uint16_t *ids;       /* config->topic_count of them */
    uint8_t *data;       /* the payload under way */
    uint16_t data_size;  /* the largest payload that can be published */
    uint16_t names_size; /* octets at `names`, 0 if there are only names of the config */
    uint8_t *names;      /* names the gateway registers, 4 octets and the text each; oldest goes */
};

enum snode_news {
    SNODE_CONNECTED,
    SNODE_REFUSED,    /* CONNACK with `code`; off, the request under way is dropped */
    SNODE_CONGESTED,  /* the node repeats the same by itself after wait_ms */
    SNODE_REJOINING,  /* the gateway has forgotten us; the node connects again by itself */
    SNODE_LOST,       /* so did it again and again; off, the request under way is dropped */
    SNODE_SILENT,     /* no answer to a packet of type `code`; the request is dropped. Off, but for
                         a request made asleep: asleep */
    SNODE_REGISTERED, /* from here on `code` is the gateway's return code: 0 is accepted */
    SNODE_PUBLISHED,  /* answered, or with QoS 0 and -1 given to snode_output */
    SNODE_SUBSCRIBED, /* message.qos is the granted one */
    SNODE_UNSUBSCRIBED, /* code 0 */
    SNODE_WILL_SET,
    SNODE_MESSAGE,      /* `message` */
    SNODE_SLEEPS,       /* code 0 or SNODE_NO_ANSWER, asleep both times */
    SNODE_AWAKE_DONE,   /* all that waited has come; asleep again */
    SNODE_DISCONNECTED, /* asked for; code 0 or SNODE_NO_ANSWER */
};

struct snode_event {
    enum snode_news news;
    uint8_t code;
    struct snode_message message;
};

/* Everything below is the node's own. */
struct snode_answer {
    uint8_t type;
    uint8_t code;
    uint16_t topic_id;
    uint16_t msg_id;
};

struct snode_brief {
    uint8_t news;
    uint8_t code;
    int8_t qos;
};

/* What the caller asked for; `type` is the packet that does it, SNODE_NOTHING if none. */
struct snode_request {
    struct snode_topic topic;
    uint16_t data_len;
    uint16_t duration_s;
    uint16_t msg_id; /* of PUBLISH, kept while a connection is renewed */
    uint8_t type;
    int8_t qos;
    bool retain;
    bool dup;      /* sent before */
    bool renewed;  /* registered anew after "invalid topic id": not a second time */
    bool received; /* QoS 2: PUBREC is here */
};

/* The packet that waits for its answer, or to be sent for it. */
struct snode_step {
    uint32_t due_ms;
    uint16_t msg_id;
    uint8_t type;
    uint8_t tries;
    bool sent;
};

enum { SNODE_NOTHING = 0xFF, SNODE_ANSWERS = 2, SNODE_BRIEFS = 4, SNODE_INBOUND = 4 };

struct snode {
    const struct snode_config *config;
    const struct snode_will *will;
    struct snode_memory memory;
    struct snode_request want;
    struct snode_step step;
    struct snode_message message; /* of the SNODE_MESSAGE among the briefs */
    struct snode_answer answers[SNODE_ANSWERS];
    struct snode_brief briefs[SNODE_BRIEFS];
    uint16_t inbound[SNODE_INBOUND]; /* MsgIds of QoS 2 messages before PUBREL, 0 is none */
    uint32_t seed;
    uint32_t sent_ms;
    uint32_t held_ms; /* until then, if `held` */
    uint16_t last_msg_id;
    uint16_t names_len;
    uint8_t state;
    uint8_t answer_count;
    uint8_t brief_count;
    uint8_t rejoins; /* since the last request that was answered */
    bool held;
    bool clean;
    bool has_message;
};

/* `seed` is for the jitter alone: another one for each node. */
void snode_init(struct snode *node, const struct snode_config *config,
                const struct snode_memory *memory, uint32_t seed);

static inline enum snode_state snode_state(const struct snode *node)
{
    return (enum snode_state)node->state;
}

/* How often the packet under way was sent; from 2 on it was repeated. */
static inline uint8_t snode_tries(const struct snode *node)
{
    return node->step.tries;
}

/* Requests. SNODE_OK: under way, its event will come; any other value: nothing was done. */

/* 6.2. `clean`: the gateway forgets subscriptions, will and messages of before. Drops the request
 * under way. In every state: a node that sleeps becomes active. */
enum snode_err snode_connect(struct snode *node, bool clean);

/* 6.5, ahead of the first publish, which does it by itself if it was not done. */
enum snode_err snode_register(struct snode *node, uint16_t index);

/* 6.6. QoS 0 to 2 while connecting, active, and asleep; QoS -1 in every state. */
enum snode_err snode_publish(struct snode *node, const struct snode_message *message);

/* 6.9 */
enum snode_err snode_subscribe(struct snode *node, const struct snode_topic *topic, uint8_t qos);
enum snode_err snode_unsubscribe(struct snode *node, const struct snode_topic *topic);

/* 6.4: the will of this connection and those that follow; NULL for none. Off, it is told at the
 * next CONNECT. */
enum snode_err snode_set_will(struct snode *node, const struct snode_will *will);

/* 6.14. Sleep is at most `duration_s`, not 0; then the caller wakes the node, or connects. */
enum snode_err snode_sleep(struct snode *node, uint16_t duration_s);
enum snode_err snode_wake(struct snode *node);

/* 6.12. Drops the request under way. */
enum snode_err snode_disconnect(struct snode *node);

/* Drops the request under way, without event; the gateway may have got it. */
void snode_cancel(struct snode *node);

/* Takes one packet of the gateway: a datagram or a frame's message. What is ill-formed or does not
 * belong here is ignored; the answer is the codec's verdict. */
enum sn_err snode_rx(struct snode *node, struct span wire, uint32_t now_ms);

/* The next event; false if there is none. */
bool snode_event(struct snode *node, struct snode_event *out);

/* Writes the next packet for the gateway, at most config->mtu octets, `size` being no less.
 * Returns its length, 0 if there is none. Timers start here: send it now. */
size_t snode_output(struct snode *node, uint8_t *out, size_t size, uint32_t now_ms);

/* The link has not let go what snode_output gave it, or has just now (a bus: its turn, and the
 * link's acknowledgement): the time for the answer begins at `now_ms`. */
void snode_postpone(struct snode *node, uint32_t now_ms);

/* Looks at the timers. Returns how long from now nothing will be due: 0 if an event or a packet
 * waits, SNODE_FOREVER if there is no timer. */
uint32_t snode_poll(struct snode *node, uint32_t now_ms);

#endif
