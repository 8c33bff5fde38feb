#include "gateway/edge/watch.h"

#include "base/utf8.h"
#include "gateway/edge/clock.h"
#include "gateway/edge/run.h"
#include "gateway/hub/tap.h"

static struct span text_asked(const struct gw_asker *asker, const char *key)
{
    const char *text = gw_asker_text(asker, key);

    return text == NULL ? (struct span){NULL, 0} : span_of_text(text);
}

/* One that people can read: other control characters make it octets. */
static bool is_readable(struct span payload)
{
    for (size_t i = 0; i < payload.len; i++) {
        uint8_t octet = payload.at[i];
        bool blank = octet == '\t' || octet == '\n' || octet == '\r';

        if ((octet < ' ' && !blank) || octet == 0x7F) {
            return false;
        }
    }
    return utf8_is_text(payload);
}

static cJSON *line_of(const struct gw_run *run, const struct hub_tapped *seen, uint64_t at_ms)
{
    cJSON *line = cJSON_CreateObject();
    bool has_listener = seen->listener < run->conf->listener_count;
    const char *listener = has_listener ? run->conf->listener[seen->listener].at.name : "";

    gw_json_number(line, "at_ms", at_ms);
    (void)cJSON_AddStringToObject(line, "way", seen->to_node ? "to" : "from");
    gw_json_span(line, "node", seen->node);
    gw_json_span(line, "listener", span_of_text(listener));
    gw_json_span(line, "topic", seen->topic);
    (void)cJSON_AddNumberToObject(line, "qos", seen->stray ? -1 : seen->qos);
    (void)cJSON_AddBoolToObject(line, "retain", seen->retain);
    (void)cJSON_AddBoolToObject(line, "dup", seen->dup);
    gw_json_number(line, "size", seen->size);
    if (is_readable(seen->payload)) {
        gw_json_span(line, "text", seen->payload);
    } else {
        gw_json_hex(line, "hex", seen->payload);
    }
    if (seen->payload.len < seen->size) {
        (void)cJSON_AddTrueToObject(line, "cut");
    }
    if (seen->refused != NULL) {
        (void)cJSON_AddStringToObject(line, "refused", seen->refused);
    }
    return line;
}

/* What was lost before is told first. */
static void tell_lost(struct gw_asker *asker)
{
    cJSON *line = NULL;

    asker->at.lost += hub_tap_lost(asker->control->loop->hub, asker->at.watcher - 1);
    if (asker->at.lost == 0 || !gw_asker_has_room(asker)) {
        return;
    }
    line = cJSON_CreateObject();
    gw_json_number(line, "lost", asker->at.lost);
    if (gw_asker_say(asker, line)) {
        asker->at.lost = 0;
    }
}

static void spread(struct gw_control *control, const struct hub_tapped *seen, cJSON *line)
{
    for (size_t i = 0; i < GW_CONTROL_ASKERS; i++) {
        struct gw_asker *asker = &control->askers[i];

        if (asker->at.watcher == 0 || (seen->taps >> (asker->at.watcher - 1) & 1) == 0) {
            continue;
        }
        tell_lost(asker);
        asker->at.lost += asker->at.lost != 0 || !gw_asker_add(asker, line) ? 1 : 0;
    }
}

void gw_watch_hear(struct gw_control *control)
{
    struct hub *hub = control->loop->hub;
    struct hub_tapped seen;

    while (hub_tapped(hub, &seen)) {
        uint64_t at_ms = (uint64_t)((int64_t)gw_clock_ms() + gw_clock_wall_offset_ms());
        cJSON *line = line_of(control->run, &seen, at_ms);

        spread(control, &seen, line);
        cJSON_Delete(line);
    }
}

enum gw_answered gw_watch_step(struct gw_asker *asker)
{
    struct span node = text_asked(asker, "node");
    struct hub_node_view view;
    const char *why = "";
    cJSON *line = NULL;

    if (asker->at.watcher != 0) {
        tell_lost(asker);
        return GW_ANSWER_WAITS;
    }
    asker->at.watcher =
        1 + hub_tap_open(asker->control->loop->hub, text_asked(asker, "filter"), node, &why);
    if (asker->at.watcher == 0) {
        gw_asker_fail(asker, "%s", why);
        return GW_ANSWER_FAILED;
    }
    line = cJSON_CreateObject();
    (void)cJSON_AddTrueToObject(line, "watching");
    if (node.len != 0 && !hub_node_find(asker->control->loop->hub, node, &view)) {
        (void)cJSON_AddTrueToObject(line, "unknown_node");
    }
    (void)gw_asker_say(asker, line);
    return GW_ANSWER_WAITS;
}

void gw_watch_stop(struct gw_asker *asker)
{
    if (asker->at.watcher != 0) {
        hub_tap_close(asker->control->loop->hub, asker->at.watcher - 1);
        asker->at.watcher = 0;
    }
}
