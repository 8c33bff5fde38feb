#include "firmware/ports/posix/run.h"

#include <limits.h>
#include <poll.h>
#include <time.h>

uint32_t snode_run_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u);
}

static void show(const struct snode_run *run, bool sent, struct span packet)
{
    if (run->trace != NULL) {
        run->trace(sent, packet);
    }
}

static void send_all(struct snode_run *run)
{
    uint8_t out[SNODE_UDP_MTU];
    size_t len;

    while ((len = snode_output(run->node, out, sizeof out, snode_run_now())) != 0) {
        show(run, true, span_of(out, len));
        snode_link_send(run->link, span_of(out, len));
    }
}

static bool receive_one(struct snode_run *run)
{
    struct span packet;

    if (!snode_link_receive(run->link, &packet)) {
        return false;
    }
    show(run, false, packet);
    snode_rx(run->node, packet, snode_run_now());
    return true;
}

/* How long poll(2) may wait; the node's own answer is at most 2^31. */
static int wait_ms(struct snode_run *run, const uint32_t *deadline_ms)
{
    uint32_t now_ms = snode_run_now();
    uint32_t wait = snode_poll(run->node, now_ms);

    if (deadline_ms != NULL) {
        uint32_t left = *deadline_ms - now_ms;

        left = left > INT32_MAX ? 0 : left;
        wait = left < wait ? left : wait;
    }
    if (wait == SNODE_FOREVER) {
        return -1;
    }
    return wait > INT_MAX ? INT_MAX : (int)wait;
}

static bool over(const uint32_t *deadline_ms)
{
    return deadline_ms != NULL && snode_run_now() - *deadline_ms <= INT32_MAX;
}

/* As poll(2), and at most `due_us`: a bus has its turns. */
static int wait_for(struct pollfd fds[2], int ms, uint32_t due_us)
{
    uint64_t us = ms < 0 ? UINT64_MAX : (uint64_t)ms * 1000u;
    struct timespec wait;

    us = due_us < us ? due_us : us;
    wait = (struct timespec){.tv_sec = (time_t)(us / 1000000u),
                             .tv_nsec = (long)(us % 1000000u) * 1000};
    return ppoll(fds, 2, ms < 0 && due_us == UINT32_MAX ? NULL : &wait, NULL);
}

/* Sleeps until a packet, `fd` or a timer. */
static enum snode_run_why sleep_on(struct snode_run *run, const uint32_t *deadline_ms, int fd)
{
    struct pollfd fds[] = {{.fd = run->link->fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};

    if (wait_for(fds, wait_ms(run, deadline_ms), snode_link_due_us(run->link)) <= 0) {
        return over(deadline_ms) ? SNODE_RUN_TIME : SNODE_RUN_EVENT;
    }
    if (run->link->serial && (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
        return SNODE_RUN_BROKEN;
    }
    return fds[1].revents != 0 ? SNODE_RUN_READABLE : SNODE_RUN_EVENT;
}

enum snode_run_why snode_run_next(struct snode_run *run, const uint32_t *deadline_ms, int fd,
                                  struct snode_event *event)
{
    enum snode_run_why why = SNODE_RUN_EVENT;

    while (!snode_event(run->node, event)) {
        if (why != SNODE_RUN_EVENT) {
            return why;
        }
        send_all(run);
        if (snode_link_is_busy(run->link, run->node->config->retry_ms / 2u)) {
            snode_postpone(run->node, snode_run_now());
        }
        if (!receive_one(run)) {
            why = sleep_on(run, deadline_ms, fd);
        }
    }
    return SNODE_RUN_EVENT;
}
