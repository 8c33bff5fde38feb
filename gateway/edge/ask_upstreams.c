/* gateway/edge/ask_upstreams.c - what is asked about upstreams. */
#include <string.h>

#include "base/text.h"
#include "config/nearest.h"
#include "gateway/edge/ask.h"
#include "gateway/hub/status.h"

#define URL_MOST 512u /* octets of one that is shown */

static void add_url(cJSON *line, const struct conf_url *url)
{
    uint8_t room[URL_MOST];
    struct writer w = writer_of(room, sizeof room);

    hub_write_url(&w, url);
    gw_json_span(line, "url", span_of(room, written(&w)));
}

static cJSON *upstream_line(const struct hub_upstream_view *view)
{
    cJSON *line = cJSON_CreateObject();
    cJSON *dropped = NULL;

    gw_json_span(line, "name", view->name);
    (void)cJSON_AddStringToObject(line, "state", view->state);
    add_url(line, view->url);
    gw_json_number(line, "since_ms", view->since_ms);
    gw_json_span(line, "cause", span_of_text(view->cause));
    gw_json_number(line, "queued", view->queued);
    gw_json_number(line, "queued_octets", view->queued_octets);
    gw_json_number(line, "oldest_ms", view->oldest_ms);
    gw_json_number(line, "sent", view->sent);
    gw_json_number(line, "echoes", view->echoes);
    if (view->is_mould) {
        gw_json_number(line, "nodes", view->nodes);
        gw_json_number(line, "connections", view->connections);
    }
    dropped = cJSON_AddObjectToObject(line, "dropped");
    gw_json_number(dropped, "full", view->full);
    gw_json_number(dropped, "old", view->old);
    gw_json_number(dropped, "unfit", view->unfit);
    return line;
}

static void fail_to_find(struct gw_asker *asker, const char *name)
{
    const struct hub *hub = asker->control->loop->hub;
    struct conf_nearest nearest = {.text = span_of_text(name)};
    struct hub_upstream_view view;
    char meant[128];
    struct writer w = writer_of((uint8_t *)meant, sizeof meant);

    for (size_t i = 0; i < hub_uplink_count(hub); i++) {
        hub_upstream_view(hub, i, &view);
        conf_nearest_offer(&nearest, view.name);
    }
    conf_nearest_write(&nearest, &w);
    write_end(&w);
    gw_asker_fail(asker, "there is no upstream %.64s%s", name, meant);
}

/* The upstream that the request names; false: the answer has failed. */
static bool upstream_asked(struct gw_asker *asker, size_t *place)
{
    const struct hub *hub = asker->control->loop->hub;
    const char *name = gw_asker_text(asker, "name");
    struct hub_upstream_view view;

    if (name == NULL) {
        gw_asker_fail(asker, "the request needs \"name\"");
        return false;
    }
    for (size_t i = 0; i < hub_uplink_count(hub); i++) {
        hub_upstream_view(hub, i, &view);
        if (span_equal(view.name, span_of_text(name))) {
            *place = i;
            return true;
        }
    }
    fail_to_find(asker, name);
    return false;
}

static void say_upstream(struct gw_asker *asker, size_t i)
{
    struct hub_upstream_view view;

    hub_upstream_view(asker->control->loop->hub, i, &view);
    (void)gw_asker_say(asker, upstream_line(&view));
}

enum gw_answered gw_ask_upstreams(struct gw_asker *asker)
{
    size_t i = asker->at.step;

    if (i >= hub_uplink_count(asker->control->loop->hub)) {
        return GW_ANSWER_OVER;
    }
    say_upstream(asker, i);
    asker->at.step++;
    return GW_ANSWER_MORE;
}

enum gw_answered gw_ask_upstream(struct gw_asker *asker)
{
    size_t i = 0;

    if (!upstream_asked(asker, &i)) {
        return GW_ANSWER_FAILED;
    }
    say_upstream(asker, i);
    return GW_ANSWER_OVER;
}

/* --- what may be done to one ----------------------------------------------------------------- */

/* The answer to a deed: how many messages it concerned, and the upstream as it is then. */
static enum gw_answered say_done(struct gw_asker *asker, size_t i, size_t count)
{
    struct gw_loop *loop = asker->control->loop;
    struct hub_upstream_view view;
    cJSON *line = NULL;

    hub_pump(loop->hub, gw_loop_now(loop));
    hub_upstream_view(loop->hub, i, &view);
    line = upstream_line(&view);
    gw_json_number(line, "count", count);
    (void)gw_asker_say(asker, line);
    loop->again = true;
    return GW_ANSWER_OVER;
}

static enum gw_answered pause_or_resume(struct gw_asker *asker, bool paused)
{
    size_t i = 0;

    if (!upstream_asked(asker, &i)) {
        return GW_ANSWER_FAILED;
    }
    hub_uplink_pause(asker->control->loop->hub, i, paused);
    return say_done(asker, i, 0);
}

enum gw_answered gw_ask_pause(struct gw_asker *asker)
{
    return pause_or_resume(asker, true);
}

enum gw_answered gw_ask_resume(struct gw_asker *asker)
{
    return pause_or_resume(asker, false);
}

typedef size_t deed(struct hub *hub, size_t i, uint64_t now_ms);

static enum gw_answered do_to_queue(struct gw_asker *asker, deed *what)
{
    struct gw_loop *loop = asker->control->loop;
    size_t i = 0;

    if (!upstream_asked(asker, &i)) {
        return GW_ANSWER_FAILED;
    }
    return say_done(asker, i, what(loop->hub, i, gw_loop_now(loop)));
}

enum gw_answered gw_ask_purge(struct gw_asker *asker)
{
    return do_to_queue(asker, hub_uplink_purge);
}

enum gw_answered gw_ask_resend(struct gw_asker *asker)
{
    return do_to_queue(asker, hub_uplink_resend);
}
