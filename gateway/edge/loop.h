/* gateway/edge/loop.h - what every part of the edge stands on: events, time, log, scratch.
 *
 *     while (...) { gw_loop_wait(loop, deadline); turn }
 *
 * A callback only brings octets in; the turn does the rest. The clock is read once a turn, by
 * the first who asks after the wait.
 *
 * The deadline has a timerfd of its own, to the millisecond, which is set anew only when a deadline
 * comes before what it is set to, or has passed: most turns move the least deadline away, and an
 * event of libevent would cost a system call in each. At worst the loop wakes once for nothing.
 *
 * Ownership: the loop owns the event base and the scratch; hub, budget, log and networks are
 * borrowed.
 */
#ifndef GATEWAY_EDGE_LOOP_H
#define GATEWAY_EDGE_LOOP_H

#include <event2/event.h>

#include "gateway/edge/log.h"
#include "gateway/hub/hub.h"

struct gw_nets;

struct gw_loop {
    struct event_base *base;
    struct event *timer; /* of timer_fd */
    struct hub *hub;
    struct budget *budget; /* what waits for sockets is charged to it: the hub's */
    struct gw_log *log;
    struct gw_nets *nets;
    uint8_t *scratch; /* MQTT_SCRATCH octets: what is read, or what is written, within one call */
    uint64_t now_ms;
    uint64_t armed_ms; /* when timer_fd ends; UINT64_MAX: it is not set */
    int timer_fd;
    bool looked; /* now_ms is of this turn */
    bool again;  /* an output freed room or ended a connection: pump once more */
};

bool gw_loop_init(struct gw_loop *loop, struct gw_log *log, struct gw_fault *fault);
void gw_loop_fini(struct gw_loop *loop);

/* Milliseconds of this turn. */
uint64_t gw_loop_now(struct gw_loop *loop);

/* Waits for events, at most until `deadline_ms`, and runs their callbacks. */
void gw_loop_wait(struct gw_loop *loop, uint64_t deadline_ms);

/* Makes `event` run its callback in `ms` milliseconds, once. */
void gw_loop_after(struct event *event, uint64_t ms);

/* Raises the limit of open files to the hard one; returns it. */
uint64_t gw_loop_raise_files(void);

#endif
