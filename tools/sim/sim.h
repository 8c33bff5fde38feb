/* tools/sim/sim.h - a run of sn-sim: nodes, what they do, what is counted. For tools/sim and
 * sn-sim.c.
 *
 * A run starts its nodes, lets the subscribers subscribe, then publishes (PUBLISHING) until time or
 * number is reached; then it waits until what is under way has ended and what is known to be owed
 * has come (DRAINING), says DISCONNECT (LEAVING), and is OVER.
 *
 * Ownership: struct sim owns everything reached from it; groups borrow the options' text.
 * Units: microseconds of a clock that never jumps.
 */
#ifndef TOOLS_SIM_SIM_H
#define TOOLS_SIM_SIM_H

#include "base/heap.h"
#include "base/rng.h"
#include "firmware/snode.h"
#include "tools/sim/net.h"
#include "tools/sim/profile.h"
#include "tools/sim/spread.h"

/* What is counted: field, and the name in --json. */
#define SIM_COUNTS(X)                        \
    X(connected, "connected")                \
    X(connects, "connects")                  \
    X(refused_connects, "refused_connects")  \
    X(rejoins, "rejoins")                    \
    X(silences, "silences")                  \
    X(congested, "congested")                \
    X(published, "published")                \
    X(acknowledged, "acknowledged")          \
    X(refused, "refused")                    \
    X(unanswered, "unanswered")              \
    X(subscribed, "subscribed")              \
    X(refused_subs, "refused_subscriptions") \
    X(delivered, "delivered")                \
    X(again, "delivered_again")              \
    X(owed, "owed")                          \
    X(missing, "missing")                    \
    X(wakes, "wakes")                        \
    X(retried, "retried")                    \
    X(packets_out, "packets_sent")           \
    X(packets_in, "packets_received")        \
    X(lost_out, "lost_sent")                 \
    X(lost_in, "lost_received")              \
    X(doubled_out, "doubled_sent")           \
    X(doubled_in, "doubled_received")

#define SIM_COUNT_FIELD(field, name) uint64_t field;
struct sim_counts {
    SIM_COUNTS(SIM_COUNT_FIELD)
};

enum sim_phase { SIM_JOINING, SIM_PUBLISHING, SIM_DRAINING, SIM_LEAVING, SIM_OVER };

/* One topic of one node, on which it publishes. A stamp names it by its place in sim->sources. */
struct sim_source {
    const char *topic; /* NULL: predefined, which nobody knows to match */
    bool sure;         /* at QoS 1 or 2 */
    uint32_t sent;     /* messages, numbered from 0 */
    uint32_t acked;    /* at QoS 1 and 2 */
};

/* The request of a node that is under way. */
enum sim_doing {
    SIM_NOTHING,
    SIM_CONNECT,
    SIM_MAKE_KNOWN,
    SIM_PUBLISH,
    SIM_SLEEP,
    SIM_WAKE,
    SIM_LEAVE
};

/* What one subscriber has got of one source that its filters match. */
struct sim_pair {
    uint32_t source;
    uint32_t got;  /* different messages */
    uint32_t next; /* above the highest number seen */
    uint64_t seen; /* of the 64 below `next`, the highest in bit 0 */
};

struct sim_node {
    struct snode node;
    struct snode_config config;
    struct snode_will will;
    struct heap_item timer;
    struct rng rng;
    const struct sim_group *group;
    const char *topics[SIM_TOPICS];
    const char *filters[SIM_TOPICS];
    const char *indexed[SIM_TOPICS];       /* of the topics, those that want an id */
    struct snode_topic places[SIM_TOPICS]; /* of the topics, as the library names them */
    uint16_t ids[SIM_TOPICS];
    uint64_t asked_us;   /* when the request under way was made */
    uint64_t connect_us; /* the next try; UINT64_MAX: none */
    uint64_t publish_us;
    uint64_t wake_us;
    uint32_t source; /* the first */
    uint32_t pair;   /* the first, of pair_count */
    uint32_t pair_count;
    uint32_t published;
    uint8_t step;   /* filters, then topics made known in this connection */
    uint8_t doing;  /* enum sim_doing */
    bool joined;    /* has a socket */
    bool settled;   /* has subscribed, or failed to: publishing need not wait for it */
    bool connected; /* once */
    bool resumes;   /* connects to go on with the session of before */
    bool unsure;    /* its subscriptions may have had a gap: nothing is known to be owed */
    bool ended;
};

struct sim_text {
    struct sim_text *next;
    char text[];
};

struct sim {
    struct sim_group *groups;
    size_t group_count;
    struct sim_node *nodes;
    size_t count;
    struct sim_source *sources;
    size_t source_count;
    struct sim_pair *pairs;
    size_t pair_count;
    bool unchecked;         /* too many pairs: nobody knows what is owed */
    struct sim_text *texts; /* of the nodes */
    struct sim_net net;
    struct heap timers;
    enum sim_phase phase;
    const char *why;   /* what ended the run early */
    size_t unsettled;  /* nodes, as the next two */
    size_t unfinished; /* whose messages are not all published; endless ones do not count */
    size_t unended;
    size_t publishing; /* messages under way */
    bool finite;       /* at least one node has a last message */
    uint64_t now_us;
    uint64_t start_us;
    uint64_t started_us; /* when the last node connects */
    uint64_t phase_us;   /* when the phase began */
    uint64_t seed;
    uint16_t run; /* in stamps: what other runs left behind is not ours */
    struct sim_counts counts;
    struct spread connect; /* CONNECT to CONNACK */
    struct spread acknowledge;
    struct spread transit; /* from one node to another */
    uint8_t payload[SIM_DATAGRAM];
    uint8_t packet[SIM_DATAGRAM];
};

/* The time as nodes count it. */
static inline uint32_t sim_ms(const struct sim *sim)
{
    return (uint32_t)(sim->now_us / 1000);
}

/* make.c. Nodes, names and pairs of `groups`. False: no memory. */
bool sim_make(struct sim *sim);
void sim_free(struct sim *sim);

/* node.c */

/* From now on `node` may publish. */
void sim_node_begin(struct sim *sim, struct sim_node *node);

/* Lets the node do what it can at sim->now_us, and sets its timer. */
void sim_node_run(struct sim *sim, struct sim_node *node);

/* way.c: packets of `node`, with what gets lost and doubled. */
void sim_way_send(struct sim *sim, struct sim_node *node);
void sim_way_receive(struct sim *sim, struct sim_node *node, struct span packet);

/* check.c: who is owed what. */

/* Finds which subscriptions match which sources. */
bool sim_check_make(struct sim *sim);

/* Writes the payload of the next message of source `at`, `len` octets. */
void sim_check_stamp(struct sim *sim, size_t at, size_t len);

/* Counts a message that `node` got. */
void sim_check_got(struct sim *sim, struct sim_node *node, struct span payload);

/* Counts what acknowledged messages have not come, into counts.owed and counts.missing. */
void sim_check_count(struct sim *sim);

/* run.c: the whole run, from the first CONNECT to the last DISCONNECT. */
struct sim_span {
    long for_ms;    /* of publishing; SIM_OFF: until the messages are sent, or a signal */
    long report_ms; /* between lines on stderr; SIM_OFF: none */
    long drain_ms;
};

/* sim->why says so if it could not go on. */
void sim_run(struct sim *sim, const struct sim_span *span);

/* report.c */
void sim_report_line(const struct sim *sim, FILE *out);
void sim_report(const struct sim *sim, bool json, FILE *out);

#endif
