#include "gateway/edge/loop.h"

#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/pool.h"
#include "gateway/edge/clock.h"

static void on_time(evutil_socket_t fd, short what, void *arg)
{
    struct gw_loop *loop = arg;
    uint64_t times = 0;

    (void)what;
    (void)!read(fd, &times, sizeof times);
    loop->armed_ms = UINT64_MAX;
}

static bool make_timer(struct gw_loop *loop)
{
    if (loop->base != NULL) {
        loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    }
    if (loop->timer_fd < 0) {
        return false;
    }
    loop->timer = event_new(loop->base, loop->timer_fd, EV_READ | EV_PERSIST, on_time, loop);
    return loop->timer != NULL && event_add(loop->timer, NULL) == 0;
}

bool gw_loop_init(struct gw_loop *loop, struct gw_log *log, struct gw_fault *fault)
{
    *loop = (struct gw_loop){
        .log = log, .base = event_base_new(), .armed_ms = UINT64_MAX, .timer_fd = -1};
    loop->scratch = reserve(MQTT_SCRATCH);
    if (!make_timer(loop) || loop->scratch == NULL) {
        gw_loop_fini(loop);
        return gw_fail(fault, "no memory for the event loop");
    }
    return true;
}

void gw_loop_fini(struct gw_loop *loop)
{
    if (loop->timer != NULL) {
        event_free(loop->timer);
    }
    if (loop->base != NULL) {
        if (loop->timer_fd >= 0) {
            (void)close(loop->timer_fd);
        }
        event_base_free(loop->base);
    }
    if (loop->scratch != NULL) {
        release(loop->scratch);
    }
    *loop = (struct gw_loop){.timer_fd = -1};
}

uint64_t gw_loop_now(struct gw_loop *loop)
{
    if (!loop->looked) {
        loop->now_ms = gw_clock_ms();
        loop->looked = true;
    }
    return loop->now_ms;
}

void gw_loop_after(struct event *event, uint64_t ms)
{
    struct timeval in = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};

    (void)event_add(event, &in);
}

static void arm(struct gw_loop *loop, uint64_t due_ms)
{
    struct itimerspec at = {.it_value = {(time_t)(due_ms / 1000), (long)(due_ms % 1000) * 1000000}};

    if (timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &at, NULL) == 0) {
        loop->armed_ms = due_ms;
    }
}

void gw_loop_wait(struct gw_loop *loop, uint64_t deadline_ms)
{
    int how = EVLOOP_ONCE;

    if (deadline_ms <= gw_clock_ms()) {
        how |= EVLOOP_NONBLOCK;
    } else if (deadline_ms < loop->armed_ms) {
        arm(loop, deadline_ms);
    }
    loop->looked = false;
    (void)event_base_loop(loop->base, how);
}

uint64_t gw_loop_raise_files(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0) {
        return 0;
    }
    if (files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
        (void)getrlimit(RLIMIT_NOFILE, &files);
    }
    return files.rlim_cur;
}
