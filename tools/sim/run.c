/* A run from beginning to end. */
#include <time.h>

#include "tools/sim/sim.h"

enum { TICK_US = 100000 };

static uint64_t clock_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

/* A group's nodes connect one after the other over its `start`. */
static void place_node(struct sim *sim, struct sim_node *node, size_t number)
{
    const struct sim_group *group = node->group;
    uint64_t start_us = (uint64_t)group->start_ms * 1000u;

    node->connect_us = sim->now_us + start_us * number / (uint64_t)group->count;
    if (node->connect_us > sim->started_us) {
        sim->started_us = node->connect_us;
    }
    node->publish_us = UINT64_MAX;
    node->settled = group->filter_count == 0;
    sim->unsettled += !node->settled;
    heap_set(&sim->timers, &node->timer, node->connect_us);
}

static void start(struct sim *sim)
{
    size_t first = 0;

    sim->now_us = clock_us();
    sim->start_us = sim->now_us;
    sim->unended = sim->count;
    for (size_t i = 0; i < sim->count; i++) {
        first = sim->nodes[i].group == sim->nodes[first].group ? first : i;
        place_node(sim, &sim->nodes[i], i - first);
    }
}

static void begin_phase(struct sim *sim, enum sim_phase phase)
{
    sim->phase = phase;
    sim->phase_us = sim->now_us;
    for (size_t i = 0; i < sim->count; i++) {
        struct sim_node *node = &sim->nodes[i];

        if (phase == SIM_DRAINING) {
            node->wake_us = sim->now_us; /* one more look at what waits */
        }
        if (phase == SIM_PUBLISHING) {
            sim_node_begin(sim, node);
        } else {
            sim_node_run(sim, node);
        }
    }
}

/* Time counts from when all nodes have begun. */
static bool publishing_is_over(const struct sim *sim, const struct sim_span *span)
{
    uint64_t from_us = sim->started_us > sim->phase_us ? sim->started_us : sim->phase_us;

    if (span->for_ms != SIM_OFF && sim->now_us >= from_us + (uint64_t)span->for_ms * 1000u) {
        return true;
    }
    return sim->finite && sim->unfinished == 0;
}

static bool is_drained(struct sim *sim, const struct sim_span *span)
{
    if (sim->now_us - sim->phase_us >= (uint64_t)span->drain_ms * 1000u) {
        return true;
    }
    sim_check_count(sim);
    return sim->publishing == 0 && sim->counts.missing == 0;
}

/* Every tenth of a second: is the phase over? */
static void tick(struct sim *sim, const struct sim_span *span)
{
    if (sim->phase == SIM_JOINING && sim->unsettled == 0) {
        begin_phase(sim, SIM_PUBLISHING);
    }
    if (sim->phase == SIM_PUBLISHING && publishing_is_over(sim, span)) {
        begin_phase(sim, SIM_DRAINING);
    }
    if (sim->phase == SIM_DRAINING && is_drained(sim, span)) {
        begin_phase(sim, SIM_LEAVING);
    }
    if (sim->phase == SIM_LEAVING && sim->unended == 0) {
        sim->phase = SIM_OVER;
    }
}

/* The first signal asks for the end, the second one does not wait for it. */
static void on_signal(struct sim *sim)
{
    if (sim->phase < SIM_DRAINING) {
        begin_phase(sim, SIM_DRAINING);
    } else {
        sim->phase = SIM_OVER;
    }
}

static void receive(struct sim *sim, size_t at)
{
    struct span packet;
    size_t node;

    if (sim_net_stopped(&sim->net, at)) {
        on_signal(sim);
        return;
    }
    for (int i = 0; i < SIM_EVENTS && sim_net_receive(&sim->net, at, &node, &packet); i++) {
        sim->now_us = clock_us();
        if (node < sim->count) {
            sim_way_receive(sim, &sim->nodes[node], packet);
        }
    }
}

static void turn(struct sim *sim, uint64_t until_us)
{
    uint64_t due = heap_due(&sim->timers);
    struct heap_item *item;
    size_t count;

    due = due < until_us ? due : until_us;
    count = sim_net_wait(&sim->net, due > sim->now_us ? due - sim->now_us : 0);
    for (size_t i = 0; i < count; i++) {
        receive(sim, i);
    }
    sim->now_us = clock_us();
    while ((item = heap_pop(&sim->timers, sim->now_us)) != NULL) {
        sim_node_run(sim, HEAP_ITEM(item, struct sim_node, timer));
    }
}

void sim_run(struct sim *sim, const struct sim_span *span)
{
    uint64_t report_us = UINT64_MAX;
    uint64_t tick_us;

    start(sim);
    tick_us = sim->now_us;
    if (span->report_ms > 0) {
        report_us = sim->now_us + (uint64_t)span->report_ms * 1000u;
    }
    while (sim->phase != SIM_OVER && sim->why == NULL) {
        if (sim->now_us >= tick_us) {
            tick(sim, span);
            tick_us = sim->now_us + TICK_US;
        }
        if (sim->now_us >= report_us) {
            sim_report_line(sim, stderr);
            report_us += (uint64_t)span->report_ms * 1000u;
        }
        turn(sim, tick_us);
    }
    sim_check_count(sim);
}
