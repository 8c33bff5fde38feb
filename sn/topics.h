/* sn/topics.h - the normal topic ids of one node. [6.5, 7.3]
 *
 * Ids count up from 1 and are never given to another name as long as the table lives, that is, as
 * long as the node's session. An id must be told to the client once in each connection before a
 * PUBLISH to it may carry it: by REGACK, SUBACK or our own REGISTER.
 *
 * There are as many tables as nodes, so a table is small: one block with the entries, and behind
 * them the octets of their names, in the same order.
 *
 * Ownership: the block is charged to the budget; names are copied. A zeroed table is empty.
 * A `struct sn_topic *`, and the span of a name, are good until the next sn_topics_add, _restore or
 * _clear.
 */
#ifndef SN_TOPICS_H
#define SN_TOPICS_H

#include "base/block.h"

#define SN_TOPIC_ID_LAST 0xFFFEu /* 0 and 0xFFFF are reserved [5.3.11] */
#define SN_TOPICS_OCTETS 16384u  /* most, of all names that one client asked for together */

struct sn_topic {
    uint32_t ask_after_s; /* a rejection for congestion holds until then; 0: none */
    uint32_t end;         /* of its name, among the octets of all names */
    uint16_t id;
    bool ours : 1;    /* made for a delivery, not for a request of the client */
    bool told : 1;    /* in this connection */
    bool fresh : 1;   /* not yet told to the hub */
    bool refused : 1; /* the client rejected our REGISTER: not asked again unless it asks */
};

struct sn_topics {
    struct block *table; /* struct sn_topic in order of ids, then their names; NULL: empty */
    uint16_t count;
    uint16_t ours;   /* of them, made for deliveries */
    uint16_t octets; /* of the names of the others */
};

/* Forgets all ids. */
void sn_topics_clear(struct sn_topics *topics);

/* In order of ids, from 0; NULL: there are not that many. */
struct sn_topic *sn_topics_at(const struct sn_topics *topics, size_t place);

struct sn_topic *sn_topics_by_id(const struct sn_topics *topics, uint16_t id);
struct sn_topic *sn_topics_by_name(const struct sn_topics *topics, struct span name);

/* Gives the next id to a name that has none; `limit` binds those of the same origin, and
 * SN_TOPICS_OCTETS those that are not ours. NULL: limit, budget or ids are used up. */
struct sn_topic *sn_topics_add(struct sn_topics *topics, struct budget *budget, struct span name,
                               bool ours, size_t limit);

/* Takes an id from the store, `ours` as when it was added. False: it is there already, is reserved,
 * or memory is short. */
bool sn_topics_restore(struct sn_topics *topics, struct budget *budget, uint16_t id,
                       struct span name, bool ours);

/* A new connection: nothing is told any more. */
void sn_topics_untell(struct sn_topics *topics);

/* The client registers or subscribes again: what it rejected may be asked again. SN-080 */
void sn_topics_pardon(struct sn_topics *topics);

/* True, and forgotten, if a rejection for congestion is over by now. SN-081 */
bool sn_topics_may_ask(struct sn_topics *topics, uint64_t now_ms);

/* The hub is to be told of all of them anew. */
void sn_topics_refresh(struct sn_topics *topics);

/* An entry that the hub was not told of, or NULL. */
struct sn_topic *sn_topics_fresh(const struct sn_topics *topics);

struct span sn_topic_name(const struct sn_topics *topics, const struct sn_topic *topic);

#endif
