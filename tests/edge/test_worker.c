#include "tests/support.h"

#include <poll.h>

#include "gateway/edge/worker.h"

#define MANY 20000

struct sum {
    struct gw_job job;
    struct gw_worker *worker;
    unsigned in;
    unsigned out;
    bool was_run;
};

static struct sum *sum_of(struct gw_job *job)
{
    return (struct sum *)(void *)job;
}

static void add_up(struct gw_job *job)
{
    struct sum *sum = sum_of(job);

    sum->was_run = true;
    for (unsigned i = 1; i <= sum->in; i++) {
        sum->out += i;
    }
}

static void run_until_stopped(struct gw_job *job)
{
    struct sum *sum = sum_of(job);

    sum->was_run = true;
    while (!atomic_load(&sum->worker->stop)) {
    }
}

static void start(struct gw_worker *worker)
{
    struct gw_fault fault = {""};

    if (!gw_worker_start(worker, &fault)) {
        fail_msg("%s", fault.text);
    }
}

/* The next job that is done. */
static struct sum *wait_for_one(struct gw_worker *worker)
{
    struct pollfd fd = {.fd = gw_worker_fd(worker), .events = POLLIN};
    struct gw_job *job = NULL;

    while ((job = gw_worker_take(worker)) == NULL) {
        assert_int_equal(poll(&fd, 1, 20000), 1);
    }
    return sum_of(job);
}

static void jobs_come_back_done_and_in_order(void **state)
{
    static struct sum sums[GW_WORKER_JOBS];
    struct gw_worker worker;
    unsigned given = 0;

    (void)state;
    start(&worker);
    for (unsigned taken = 0; taken < MANY; taken++) {
        struct sum *sum = NULL;

        while (given < MANY && given - taken < GW_WORKER_JOBS) {
            sums[given % GW_WORKER_JOBS] = (struct sum){.job.run = add_up, .in = given % 100};
            assert_true(gw_worker_give(&worker, &sums[given % GW_WORKER_JOBS].job));
            given++;
        }
        sum = wait_for_one(&worker);
        assert_ptr_equal(sum, &sums[taken % GW_WORKER_JOBS]);
        assert_int_equal(sum->out, taken % 100 * (taken % 100 + 1) / 2);
    }
    assert_null(gw_worker_take(&worker));
    gw_worker_stop(&worker);
}

static void one_job_too_many_is_not_taken(void **state)
{
    static struct sum sums[GW_WORKER_JOBS + 1];
    struct gw_worker worker;

    (void)state;
    start(&worker);
    for (unsigned i = 0; i <= GW_WORKER_JOBS; i++) {
        sums[i] = (struct sum){.job.run = add_up};
        assert_int_equal(gw_worker_give(&worker, &sums[i].job), i < GW_WORKER_JOBS);
    }
    assert_ptr_equal(wait_for_one(&worker), &sums[0]);
    assert_true(gw_worker_give(&worker, &sums[GW_WORKER_JOBS].job));
    for (unsigned i = 1; i <= GW_WORKER_JOBS; i++) {
        assert_ptr_equal(wait_for_one(&worker), &sums[i]);
    }
    gw_worker_stop(&worker);
}

static void a_stop_finishes_the_job_at_hand_and_gives_the_others_back(void **state)
{
    struct sum sums[100];
    struct gw_worker worker;
    struct gw_job *job = NULL;

    (void)state;
    start(&worker);
    for (unsigned i = 0; i < COUNT(sums); i++) {
        sums[i] = (struct sum){.job.run = i == 0 ? run_until_stopped : add_up, .worker = &worker};
        assert_true(gw_worker_give(&worker, &sums[i].job));
    }
    gw_worker_stop(&worker);
    for (unsigned i = 0; i < COUNT(sums); i++) {
        assert_ptr_equal(gw_worker_take(&worker), &sums[i].job);
        assert_false(i > 0 && sums[i].was_run);
    }
    job = gw_worker_take(&worker);
    assert_null(job);
    assert_int_equal(worker.out, 0);
}

static void it_stops_without_a_job_and_twice(void **state)
{
    struct gw_worker worker;

    (void)state;
    for (int i = 0; i < 50; i++) {
        start(&worker);
        gw_worker_stop(&worker);
        gw_worker_stop(&worker);
    }
    assert_null(gw_worker_take(&worker));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_come_back_done_and_in_order),
        cmocka_unit_test(one_job_too_many_is_not_taken),
        cmocka_unit_test(a_stop_finishes_the_job_at_hand_and_gives_the_others_back),
        cmocka_unit_test(it_stops_without_a_job_and_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
