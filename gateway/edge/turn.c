#include "gateway/edge/reload.h"
#include "gateway/edge/run.h"

/* Places for uplinks may be many, and few of them in use: each is made when it is dialled first. */
static void dial(struct gw_run *run, const struct hub_news *news)
{
    struct gw_uplink *uplink = &run->uplinks[news->index];

    if (uplink->loop == NULL && !gw_uplink_init(uplink, &run->wires, &run->certs, news->index)) {
        gw_uplink_fini(uplink);
        hub_uplink_down(run->loop.hub, news->index, "no memory", gw_loop_now(&run->loop));
        return;
    }
    gw_uplink_dial(uplink, run->conf, news->url);
}

static void hang_up(struct gw_run *run, size_t index)
{
    if (run->uplinks[index].loop != NULL) {
        gw_uplink_hang_up(&run->uplinks[index]);
    }
}

static void hear_hub(struct gw_run *run)
{
    struct hub_news news;

    gw_log_gather(&run->log, true);
    while (hub_event(run->loop.hub, &news)) {
        switch (news.kind) {
        case HUB_DIAL: dial(run, &news); break;
        case HUB_HANGUP: hang_up(run, news.index); break;
        case HUB_LOGIN: gw_login_ask(&run->login, &news); break;
        case HUB_LOG: gw_log(&run->log, news.level, news.area, "%s", news.text); break;
        }
    }
    gw_log_gather(&run->log, false);
}

static void ask_for_rows(struct gw_run *run)
{
    struct hub_wanted wanted;

    if (run->store != NULL && hub_wanted(run->loop.hub, &wanted)) {
        memcpy(run->fetch.numbers, wanted.numbers, sizeof wanted.numbers);
        run->fetch.count = wanted.count;
        gw_store_fetch(run->store, &run->fetch);
    }
}

static void hand_over_records(struct gw_run *run)
{
    if (run->store != NULL && hub_records(run->loop.hub, &run->batch, gw_loop_now(&run->loop))) {
        run->batch_out = true;
        gw_store_give(run->store, &run->batch);
    }
}

static void drain(struct gw_run *run)
{
    for (size_t i = 0; i < run->conf->listener_count; i++) {
        if (run->udps[i].loop != NULL && gw_udp_output(&run->udps[i])) {
            run->loop.again = true;
        }
        if (run->serials[i].loop != NULL && gw_serial_output(&run->serials[i])) {
            run->loop.again = true;
        }
    }
    gw_tcp_output(&run->tcp);
    for (size_t i = 0; i < hub_uplink_places(run->loop.hub); i++) {
        if (run->uplinks[i].connected) {
            gw_uplink_output(&run->uplinks[i]);
        }
    }
    gw_control_turn(&run->control);
}

static void reload(struct gw_run *run)
{
    cJSON *lines = cJSON_CreateArray();
    struct gw_fault fault;

    run->reload = false;
    (void)gw_reload(run, lines, &fault); /* the log has all of it */
    cJSON_Delete(lines);
}

void gw_turn(struct gw_run *run)
{
    struct gw_loop *loop = &run->loop;
    uint64_t now_ms = gw_loop_now(loop);

    if (run->reload) {
        reload(run);
    }
    if (hub_deadline(loop->hub) <= now_ms) {
        hub_tick(loop->hub, now_ms);
    }
    /* What left made room, what closed made news: again, but never past the next input for long. */
    for (int i = 0; i < GW_RUN_TWICE; i++) {
        loop->again = false;
        hub_pump(loop->hub, now_ms);
        hear_hub(run);
        hand_over_records(run);
        drain(run);
        ask_for_rows(run); /* an answer that left may have left a row as what is to go next */
        if (!loop->again) {
            break;
        }
    }
}

static void begin_to_stop(struct gw_run *run)
{
    uint64_t now_ms = gw_loop_now(&run->loop);

    gw_log(&run->log, CONF_INFO, "sedge", "stopping");
    run->stopping = true;
    run->stop_by_ms = now_ms + GW_STOP_MS;
    gw_tcp_stop(&run->tcp);
    hub_stop(run->loop.hub, now_ms);
}

static bool is_over(struct gw_run *run)
{
    return run->stopping && (run->stops > 1 || hub_is_stopped(run->loop.hub) ||
                             gw_loop_now(&run->loop) >= run->stop_by_ms);
}

static uint64_t deadline_of(const struct gw_run *run)
{
    uint64_t due_ms = run->loop.again ? 0 : hub_deadline(run->loop.hub);

    return run->stopping && run->stop_by_ms < due_ms ? run->stop_by_ms : due_ms;
}

void gw_run_serve(struct gw_run *run)
{
    gw_turn(run);
    while (!is_over(run)) {
        gw_loop_wait(&run->loop, deadline_of(run));
        if (run->stops > 0 && !run->stopping) {
            begin_to_stop(run);
        }
        gw_turn(run);
    }
}
