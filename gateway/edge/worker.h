/* gateway/edge/worker.h - work that takes longer than a turn, in one thread of its own, in order.
 *
 *     start -> give ... give -> (fd readable) take -> ... -> stop -> take until NULL
 *
 * A job is a function of its own memory: it touches nothing else, calls nothing that is the loop's,
 * and ends by itself within GW_STOP_MS or nearly, since a stop waits for the one at hand.
 * Ownership: a job is the worker's from give to take; take is the only way back. Nothing is shared
 * but two rings and a flag. Limits: GW_WORKER_JOBS given and not taken.
 */
#ifndef GATEWAY_EDGE_WORKER_H
#define GATEWAY_EDGE_WORKER_H

#include "gateway/edge/fault.h"
#include "gateway/edge/ring.h"
#include "gateway/edge/thread.h"

#define GW_WORKER_JOBS 256u

/* At the front of the caller's struct. */
struct gw_job {
    void (*run)(struct gw_job *job);
};

struct gw_worker {
    struct gw_ring given;
    struct gw_ring done;
    struct gw_job *given_words[GW_WORKER_JOBS];
    struct gw_job *done_words[GW_WORKER_JOBS];
    size_t out; /* jobs given and not taken; the loop's */
    atomic_bool stop;
    bool running;
    pthread_t thread;
};

/* False: after gw_worker_stop nothing is left. May not move while it runs. */
bool gw_worker_start(struct gw_worker *worker, struct gw_fault *fault);

/* False: full, and the job is still the caller's. */
bool gw_worker_give(struct gw_worker *worker, struct gw_job *job);

/* A job that is done; NULL: none. After gw_worker_stop also those that were never run. */
struct gw_job *gw_worker_take(struct gw_worker *worker);

/* Readable when there is something to take. */
int gw_worker_fd(const struct gw_worker *worker);

/* Waits for the job at hand; begins no other. Harmless when it does not run. */
void gw_worker_stop(struct gw_worker *worker);

#endif
