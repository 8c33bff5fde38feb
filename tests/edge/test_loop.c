#include "tests/support.h"

#include "gateway/edge/clock.h"
#include "gateway/edge/loop.h"

#define FAR_MS 1000000u

static void nothing(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

/* Waits until `due_ms` has come; how often the loop woke for it. */
static unsigned wait_for(struct gw_loop *loop, uint64_t due_ms)
{
    unsigned times = 0;

    for (; gw_clock_ms() < due_ms; times++) {
        gw_loop_wait(loop, due_ms);
    }
    return times;
}

/* A wait for `due_ms` that something else ends in 1 ms. */
static void wait_in_vain(struct gw_loop *loop, uint64_t due_ms)
{
    struct event *event = evtimer_new(loop->base, nothing, NULL);

    assert_non_null(event);
    gw_loop_after(event, 1);
    gw_loop_wait(loop, due_ms);
    event_free(event);
}

static void a_deadline_wakes_the_loop_once_and_one_moved_away_twice(void **state)
{
    struct gw_log log = {0};
    struct gw_loop loop;
    struct gw_fault fault;

    (void)state;
    assert_true(gw_loop_init(&loop, &log, &fault));
    assert_true(wait_for(&loop, gw_clock_ms() + 20) <= 1);
    wait_in_vain(&loop, gw_clock_ms() + FAR_MS); /* then one that comes before it */
    assert_true(wait_for(&loop, gw_clock_ms() + 20) <= 1);
    wait_in_vain(&loop, gw_clock_ms() + 20); /* then one behind it */
    assert_true(wait_for(&loop, gw_clock_ms() + 40) <= 2);
    gw_loop_wait(&loop, 0); /* what is past does not wait */
    gw_loop_fini(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deadline_wakes_the_loop_once_and_one_moved_away_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
