/* run.h - a node that runs: its link, the clock, and poll(2), for programs that may block.
 *
 *     while (snode_run_next(&run, deadline_ms, -1, &event) == SNODE_RUN_EVENT) { ... }
 */
#ifndef FIRMWARE_PORTS_POSIX_RUN_H
#define FIRMWARE_PORTS_POSIX_RUN_H

#include "firmware/ports/posix/link.h"
#include "firmware/snode.h"

struct snode_run {
    struct snode *node;
    struct snode_link *link;
    /* Shown every packet sent and received; may be NULL. */
    void (*trace)(bool sent, struct span packet);
};

enum snode_run_why {
    SNODE_RUN_EVENT,    /* *event is set; good until the next call */
    SNODE_RUN_TIME,     /* the deadline has come */
    SNODE_RUN_READABLE, /* `fd` is readable, or its other end is closed */
    SNODE_RUN_BROKEN    /* the link's descriptor failed: unplugged */
};

/* Milliseconds of a clock that never jumps; wraps. */
uint32_t snode_run_now(void);

/* Runs the node until there is something to tell. A deadline (less than 2^31 ms away) and an `fd`
 * are optional: NULL, -1. Events go first, then a readable `fd`, then the deadline. */
enum snode_run_why snode_run_next(struct snode_run *run, const uint32_t *deadline_ms, int fd,
                                  struct snode_event *event);

#endif
