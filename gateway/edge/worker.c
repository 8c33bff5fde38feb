#include "gateway/edge/worker.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

static void *run_jobs(void *arg)
{
    struct gw_worker *worker = arg;
    struct pollfd fd = {.fd = worker->given.fd, .events = POLLIN};
    struct gw_job *job = NULL;

    while (!atomic_load(&worker->stop)) {
        (void)poll(&fd, 1, -1);
        gw_ring_hush(&worker->given);
        while (!atomic_load(&worker->stop) && gw_ring_pop(&worker->given, &job)) {
            job->run(job);
            (void)gw_ring_push(&worker->done, &job); /* has room for all that are out */
        }
    }
    return NULL;
}

bool gw_worker_start(struct gw_worker *worker, struct gw_fault *fault)
{
    *worker = (struct gw_worker){.given.fd = -1, .done.fd = -1};
    if (!gw_ring_init(&worker->given, worker->given_words, sizeof(struct gw_job *),
                      GW_WORKER_JOBS) ||
        !gw_ring_init(&worker->done, worker->done_words, sizeof(struct gw_job *), GW_WORKER_JOBS)) {
        return gw_fail(fault, "worker: %s", strerror(errno));
    }
    worker->running = gw_thread_start(&worker->thread, run_jobs, worker);
    return worker->running || gw_fail(fault, "worker: no thread");
}

bool gw_worker_give(struct gw_worker *worker, struct gw_job *job)
{
    if (worker->out == GW_WORKER_JOBS) {
        return false;
    }
    worker->out++;
    return gw_ring_push(&worker->given, &job);
}

struct gw_job *gw_worker_take(struct gw_worker *worker)
{
    struct gw_job *job = NULL;

    if (worker->running) {
        gw_ring_hush(&worker->done);
    }
    if (gw_ring_pop(&worker->done, &job) ||
        (!worker->running && gw_ring_pop(&worker->given, &job))) {
        worker->out--;
        return job;
    }
    return NULL;
}

int gw_worker_fd(const struct gw_worker *worker)
{
    return worker->done.fd;
}

void gw_worker_stop(struct gw_worker *worker)
{
    if (worker->running) {
        atomic_store(&worker->stop, true);
        gw_ring_wake(&worker->given);
        (void)pthread_join(worker->thread, NULL);
        worker->running = false;
    }
    gw_ring_fini(&worker->given);
    gw_ring_fini(&worker->done);
}
