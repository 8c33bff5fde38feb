/* base/journal.h - records that must be kept, and the tickets of answers that wait for them.
 *
 * Cores put and delete rows; each change gets a ticket, and tickets grow. Whoever owns a store
 * takes the changes away in batches, in order, and says when a batch is kept; an answer that
 * carries a ticket may leave once journal_is_kept says so. A put whose delete comes before it
 * left is never written (this spares the SD card); a second put of a key replaces the first.
 *
 * A row is {table, owner, item}: owner is a session's number (0: none), item a number within it.
 * Ownership: a put takes one reference of its block; a batch owns it until journal_kept.
 * A journal that is off takes nothing, and ticket 0 is always kept.
 */
#ifndef BASE_JOURNAL_H
#define BASE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/block.h"
#include "base/list.h"
#include "base/map.h"
#include "base/pool.h"

#define RECORD_FIELDS 8 /* all but TABLE_QUEUE use four */

/* Tables and what their fields mean; the store makes columns of them.
 *               owner        item              fields                              text, body */
enum table {
    TABLE_SESSION, /* number, 0: door, expires (wall ms), packet id, sends     name, -         */
    TABLE_SUBSCRIPTION, /* session, number: qos, options, extra|rule, ttl           filter, - */
    TABLE_WILL,     /* session, 0: qos, retain, origin, -                       topic, payload  */
    TABLE_TOPIC,    /* session, topic id: kind, -, -, -                         name, -         */
                    /* of an upstream: see gateway/hub/far.h                                    */
    TABLE_MESSAGE,  /* 0, number: qos, origin|retain, from, arrived (wall ms)   topic, payload  */
    TABLE_RETAINED, /* 0, number: qos, from, arrived (wall ms), origin          topic, payload  */
    TABLE_QUEUE,    /* session, sequence: message, qos|retain|state, packet id|rule, expires;
                       with message 0 its own: qos, origin|retain, from, arrived  topic, payload */
    TABLE_RECEIVED, /* session, packet id: QoS 2 messages taken, not released;  -, -            */
    TABLE_META,     /* 0, key: value                                            -, -            */
    TABLE_NODE,     /* 0, number: first, last seen (wall ms), state, counts: see
                       gateway/hub/seen.h                                       id, address     */
    TABLE_GIVEN,    /* 0, number: -, -, -, -; gateway/hub/given.h          name, client id */
    TABLE_LEASE,    /* 0, number: address, table, run, -; gateway/hub/bus.h  listener, uid    */
    TABLES
};

enum record_op { RECORD_PUT, RECORD_DEL, RECORD_DEL_OWNER };

struct record {
    struct map_item by_key;
    struct list in_batch;
    uint64_t key[3]; /* table, owner, item */
    uint64_t ticket;
    int64_t fields[RECORD_FIELDS];
    struct span text;    /* lies in block, or is empty */
    struct span body;    /* lies in block, or is empty */
    struct block *block; /* owned, or NULL */
    uint32_t octets;     /* of a message's text and body, wherever it is: not read at start */
    uint8_t op;
    bool fresh; /* a put of a key that the store does not have yet */
};

/* Changes that leave together, in order; one transaction. */
struct batch {
    struct list records; /* struct record, by in_batch */
    size_t count;
    size_t octets;
    uint64_t ticket; /* given last when it was taken */
};

struct journal {
    bool off;
    bool full;          /* the store is, or does not keep: set and cleared by its owner */
    size_t limit;       /* records that journal_has_room counts against */
    size_t out;         /* batches taken and not kept */
    uint64_t last;      /* ticket given last */
    uint64_t kept;      /* all up to this one are kept */
    uint64_t oldest_ms; /* when the oldest pending record came; 0: none */
    struct batch pending;
    struct map by_key; /* of pending puts */
    struct pool records;
};

/* `limit` records may be pending or in a batch; deletions and changes, which nobody can refuse,
 * may exceed it. False: no memory. */
bool journal_init(struct journal *journal, size_t limit, uint64_t seed);
void journal_fini(struct journal *journal);

/* True while at least `count` more records can be taken. Ask before a group of changes; of these
 * two, journal_has_room for new messages, which a full store does not get, journal_has_cells for
 * all else, so that a full store can drain. */
bool journal_has_cells(const struct journal *journal, size_t count);
bool journal_has_room(const struct journal *journal, size_t count);

/* Takes over the reference in `put->block` (also when off). Of `put` it reads table, owner and
 * item from key, fields, text, body, block and fresh. Returns the ticket; UINT64_MAX, which is
 * never kept, when there is no room at all. */
uint64_t journal_put(struct journal *journal, const struct record *put, uint64_t now_ms);

/* Returns the ticket of the deletion, 0 when nothing need be written. */
uint64_t journal_del(struct journal *journal, enum table table, uint64_t owner, uint64_t item,
                     uint64_t now_ms);

/* Deletes every row of `owner`, whatever the table but TABLE_QUEUE: there each has its own
 * deletion. */
uint64_t journal_del_owner(struct journal *journal, uint64_t owner, uint64_t now_ms);

/* Moves all pending records into `batch`; false when there is none. */
bool journal_take(struct journal *journal, struct batch *batch);

/* `batch` is on disk: its blocks are given up, its tickets are kept. */
void journal_kept(struct journal *journal, struct batch *batch);

static inline bool journal_is_kept(const struct journal *journal, uint64_t ticket)
{
    return ticket <= journal->kept;
}

#endif
