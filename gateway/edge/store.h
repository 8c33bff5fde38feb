/* gateway/edge/store.h - where records are kept: batches one way, answers the other.
 *
 *     open -> next ... next (false) -> give -> hear ... give -> hear -> close
 *                                      fetch -> hear
 *
 * This is an interface with two homes: store.c keeps in SQLite with a thread of its own, tests/sim
 * has one in virtual time. They share all functions but the opening one, and the cases of
 * tests/edge/store_cases.h hold for both.
 *
 * Ownership: a batch that was given may not be touched until gw_store_hear gives it back as kept;
 * the writer reads it (blocks too, no counts) and changes nothing. One batch is out at a time, and
 * one fetch, which is the writer's until it is heard.
 */
#ifndef GATEWAY_EDGE_STORE_H
#define GATEWAY_EDGE_STORE_H

#include "base/journal.h"
#include "gateway/edge/fault.h"

struct gw_store;

/* The next stored record, tables in order of enum table; false: no more. text and body live until
 * the next call; block is NULL. Of rows of TABLE_MESSAGE and TABLE_QUEUE text and body are not
 * read, `octets` says how many they are. */
bool gw_store_next(struct gw_store *store, struct record *out);

/* Why gw_store_next ended before the end; NULL: it did not. */
const char *gw_store_trouble(const struct gw_store *store);

/* Hands a batch over; none is out, and gw_store_next has come to its end. */
void gw_store_give(struct gw_store *store, struct batch *batch);

#define GW_FETCH_MOST   64u
#define GW_FETCH_OCTETS ((size_t)256 * 1024) /* once these are read, no more rows are */

/* Messages by the numbers of their rows, in TABLE_MESSAGE or in TABLE_QUEUE, each answered as a row
 * of TABLE_MESSAGE. Of those asked for the first `got` are: a put, or RECORD_DEL where there is no
 * such row, or a damaged one. */
struct gw_fetch {
    uint64_t numbers[GW_FETCH_MOST];
    size_t count;
    struct record rows[GW_FETCH_MOST];
    size_t got;
    uint8_t *octets; /* of the rows; freed by gw_fetch_end */
};

/* Asks for them; all were kept. Answered between batches, also while one fails. */
void gw_store_fetch(struct gw_store *store, struct gw_fetch *fetch);

/* Frees what was read; the fetch may be used again. */
void gw_fetch_end(struct gw_fetch *fetch);

/* What the writer says. A batch that failed stays with it and is tried again each second; the same
 * cause is told once. Without a batch and a cause it says that the store is well again, or no
 * longer full. */
struct gw_store_word {
    struct batch *kept;       /* NULL: none */
    const char *cause;        /* static text: why a batch is not kept yet; NULL: none failed */
    struct gw_fetch *fetched; /* it alone, when it is not NULL */
    const char *note;         /* so this, which is for the log; it lives as long as the store */
    bool full;                /* without a cause: give only what makes room or must be */
};
bool gw_store_hear(struct gw_store *store, struct gw_store_word *out);

/* Readable when there is something to hear; -1: ask each turn. */
int gw_store_fd(const struct gw_store *store);

/* Waits for what is being written, gives up what fails, and closes. NULL is allowed. */
void gw_store_close(struct gw_store *store);

/* --- SQLite alone ---------------------------------------------------------------------------- */

struct gw_store_setup {
    const char *path;
    bool relaxed;      /* synced each second instead of at each commit */
    uint64_t max;      /* octets used in the file above which it is full */
    uint64_t min_free; /* octets left on the disk below which it is full; of these gw_reserve_size
                          are held in PATH-reserve, for a disk that is really full */
};

/* Opens the file or makes it, folder 0700, file 0600. False of `*store`: NULL. A file of another
 * program or of a newer Sedge is refused, untouched; a corrupt one is set aside as PATH.bad-N, what
 * can be read is taken over, and `note` says so (else it is empty). */
struct gw_store *gw_store_open(const struct gw_store_setup *setup, struct gw_fault *note,
                               struct gw_fault *fault);

#endif
