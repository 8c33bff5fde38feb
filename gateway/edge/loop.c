#include "gateway/edge/loop.h"

#include <sys/resource.h>

#include "base/pool.h"
#include "gateway/edge/clock.h"

#define LONGEST_MS 3600000u

static void wake(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

static struct event_base *precise_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config == NULL) {
        return NULL;
    }
    if (event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) == 0) {
        base = event_base_new_with_config(config);
    }
    event_config_free(config);
    return base;
}

bool gw_loop_init(struct gw_loop *loop, struct gw_log *log, struct gw_fault *fault)
{
    *loop = (struct gw_loop){.log = log, .base = precise_base()};
    loop->scratch = reserve(MQTT_SCRATCH);
    if (loop->base != NULL) {
        loop->timer = evtimer_new(loop->base, wake, NULL);
    }
    if (loop->timer == NULL || loop->scratch == NULL) {
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
        event_base_free(loop->base);
    }
    if (loop->scratch != NULL) {
        release(loop->scratch);
    }
    *loop = (struct gw_loop){0};
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

void gw_loop_wait(struct gw_loop *loop, uint64_t deadline_ms)
{
    uint64_t now_ms = gw_clock_ms();
    int how = EVLOOP_ONCE;

    if (deadline_ms <= now_ms) {
        how |= EVLOOP_NONBLOCK;
    } else {
        uint64_t ms = deadline_ms - now_ms;
        gw_loop_after(loop->timer, ms < LONGEST_MS ? ms : LONGEST_MS);
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
