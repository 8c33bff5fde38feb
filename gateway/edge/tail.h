/* gateway/edge/tail.h - what a stream socket was given and did not take yet.
 *
 * A head, which is copied when it has to wait, and the rest of one body, which stays in its block:
 * no copy of it is made.
 *
 * Ownership: a tail holds one reference of its block; a kept one owns its head's octets too and
 * charges them to the budget.
 */
#ifndef GATEWAY_EDGE_TAIL_H
#define GATEWAY_EDGE_TAIL_H

#include "base/block.h"

struct gw_tail {
    struct span head;
    struct span body;
    struct block *block;
};

static inline bool gw_tail_is_empty(const struct gw_tail *tail)
{
    return tail->head.len == 0 && tail->body.len == 0;
}

/* Writes to `fd` what it takes of the head and, where `with_body`, of the body behind it: one call,
 * none where there is nothing. False: the socket is broken, errno says why. */
bool gw_tail_write(struct gw_tail *tail, int fd, bool with_body);

/* The same tail with a head of its own, in a block; the reference goes along. NULL, and errno
 * says so: no memory. */
struct block *gw_tail_keep(const struct gw_tail *tail, struct budget *budget);

/* The tail in a block that gw_tail_keep made. */
struct gw_tail *gw_tail_of(struct block *kept);

/* Frees a kept tail; `kept` may be NULL. */
void gw_tail_drop(struct block *kept);

#endif
