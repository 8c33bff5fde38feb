/* sn/outbox.h - datagrams that wait to leave by one listener: a bounded first-in first-out queue.
 *
 * Octets of a datagram lie in one piece. A datagram may belong to a node, whose retry timer starts
 * when it has left; the queue only carries the pointer and never looks through it.
 */
#ifndef SN_OUTBOX_H
#define SN_OUTBOX_H

#include "sn/peer.h"

/* What stands before a datagram's octets. */
struct sn_letter {
    struct sn_peer peer;
    void *node;    /* NULL: nobody's timer */
    uint32_t turn; /* of the node's exchange */
    uint32_t len;  /* octets of the datagram */
};

struct sn_outbox {
    uint8_t *octets; /* twice `room`, so that moving to the front is rare */
    size_t room;
    size_t head;
    size_t tail;
};

/* `room` counts datagrams and what stands before them. False: no memory. */
bool sn_outbox_init(struct sn_outbox *box, size_t room);
void sn_outbox_fini(struct sn_outbox *box);

/* Octets of one more datagram that the queue takes. */
size_t sn_outbox_room(const struct sn_outbox *box);

/* Where a datagram of up to `len` octets may be written; NULL: no room. */
uint8_t *sn_outbox_place(struct sn_outbox *box, size_t len);

/* Queues the letter->len octets written at sn_outbox_place. */
void sn_outbox_push(struct sn_outbox *box, const struct sn_letter *letter);

/* The letter at offset *at from the head, and its octets; moves *at behind it. Begin with 0.
 * False: no more. */
bool sn_outbox_next(const struct sn_outbox *box, size_t *at, struct sn_letter *letter,
                    struct span *wire);

/* Takes away the first `octets`, an offset that sn_outbox_next has set. */
void sn_outbox_drop(struct sn_outbox *box, size_t octets);

/* Letters of `node` belong to nobody from now on. */
void sn_outbox_disown(struct sn_outbox *box, const void *node);

#endif
