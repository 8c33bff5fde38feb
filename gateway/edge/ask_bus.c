/* gateway/edge/ask_bus.c - what is asked about devices of a bus. */
#include "gateway/edge/ask.h"
#include "gateway/hub/bus.h"

#define ENROL_MOST_MS 86400000u

enum gw_answered gw_ask_enrol(struct gw_asker *asker)
{
    struct gw_loop *loop = asker->control->loop;
    const cJSON *ms = cJSON_GetObjectItemCaseSensitive(asker->asked, "ms");
    cJSON *line = NULL;

    if (!cJSON_IsNumber(ms) || ms->valuedouble < 1 || ms->valuedouble > ENROL_MOST_MS) {
        gw_asker_fail(asker, "the request needs \"ms\", at most a day");
        return GW_ANSWER_FAILED;
    }
    if (!hub_enrol(loop->hub, (uint64_t)ms->valuedouble, gw_loop_now(loop))) {
        gw_asker_fail(asker, "there is no [listener] of type rs485 that takes newcomers");
        return GW_ANSWER_FAILED;
    }
    line = cJSON_CreateObject();
    gw_json_number(line, "ms", (uint64_t)ms->valuedouble);
    (void)gw_asker_say(asker, line);
    return GW_ANSWER_OVER;
}

enum gw_answered gw_ask_waiting(struct gw_asker *asker)
{
    struct gw_loop *loop = asker->control->loop;
    struct span listener;
    struct span uid;
    cJSON *line = NULL;

    if (!hub_waiting_next(loop->hub, &asker->at.step, gw_loop_now(loop), &listener, &uid)) {
        return GW_ANSWER_OVER;
    }
    line = cJSON_CreateObject();
    gw_json_span(line, "listener", listener);
    gw_json_hex(line, "uid", uid);
    (void)gw_asker_say(asker, line);
    return GW_ANSWER_MORE;
}
