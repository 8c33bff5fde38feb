#include "gateway/edge/ask.h"

#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/utf8.h"
#include "gateway/edge/reload.h"
#include "gateway/edge/run.h"
#include "gateway/edge/watch.h"
#include "gateway/hub/status.h"

#define TEXT_MOST 2048u /* octets of a name or topic that are shown */

/* --- octets as JSON -------------------------------------------------------------------------- */

/* The end of what is shown, never inside a character. */
static size_t shown_len(struct span text)
{
    size_t len = text.len < TEXT_MOST ? text.len : TEXT_MOST;

    while (len > 0 && len < text.len && (text.at[len] & 0xC0) == 0x80) {
        len--;
    }
    return len;
}

static void write_escaped(struct writer *w, struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool plain = text.at[i] > ' ' && text.at[i] < 0x7F && text.at[i] != '%';

        write_text(w, plain ? "" : "%");
        if (plain) {
            write_u8(w, text.at[i]);
        } else {
            write_hex(w, span_of(text.at + i, 1));
        }
    }
}

void gw_json_span(cJSON *to, const char *key, struct span text)
{
    char room[3 * TEXT_MOST + 1];
    struct writer w = writer_of((uint8_t *)room, sizeof room);
    struct span shown = span_of(text.at, shown_len(text));

    if (text.len == 0) {
        return;
    }
    if (utf8_is_text(shown)) {
        write_span(&w, shown);
    } else {
        write_escaped(&w, shown);
    }
    write_end(&w);
    (void)cJSON_AddStringToObject(to, key, room);
}

void gw_json_number(cJSON *to, const char *key, uint64_t value)
{
    (void)cJSON_AddNumberToObject(to, key, (double)value);
}

void gw_json_hex(cJSON *to, const char *key, struct span octets)
{
    char room[2 * TEXT_MOST + 1];
    struct writer w = writer_of((uint8_t *)room, sizeof room);

    if (octets.len != 0) {
        write_hex(&w, span_of(octets.at, octets.len < TEXT_MOST ? octets.len : TEXT_MOST));
        write_end(&w);
        (void)cJSON_AddStringToObject(to, key, room);
    }
}

/* --- status ---------------------------------------------------------------------------------- */

static void add_nodes(cJSON *to, struct hub *hub)
{
    uint64_t counts[HUB_NODE_DISCONNECTED + 1] = {0};
    struct hub_nodes_walk walk = {0};
    struct hub_node_view view;

    while (hub_nodes_next(hub, &walk, &view)) {
        counts[view.state]++;
    }
    for (unsigned i = 0; i <= HUB_NODE_DISCONNECTED; i++) {
        gw_json_number(to, hub_node_state_name((enum hub_node_state)i), counts[i]);
    }
}

static void add_upstreams(cJSON *to, const struct hub *hub)
{
    for (size_t i = 0; i < hub_uplink_count(hub); i++) {
        cJSON *item = cJSON_CreateObject();
        struct hub_upstream_view view;

        hub_upstream_view(hub, i, &view);
        gw_json_span(item, "name", view.name);
        (void)cJSON_AddStringToObject(item, "state", view.state);
        (void)cJSON_AddBoolToObject(item, "online", strcmp(view.state, "online") == 0);
        gw_json_number(item, "queued", view.queued);
        gw_json_number(item, "queued_octets", view.queued_octets);
        gw_json_number(item, "dropped", view.full + view.old + view.unfit);
        (void)cJSON_AddItemToArray(to, item);
    }
}

static uint64_t strangers_of(const struct gw_run *run)
{
    uint64_t count = sn_gate_counts(hub_gate(run->loop.hub))->strangers;

    for (size_t i = 0; i < run->conf->listener_count; i++) {
        count += hub_datagrams(run->loop.hub, (uint16_t)i)->strangers;
    }
    return count;
}

/* Datagrams that the kernel dropped. */
static uint64_t lost_of(const struct gw_run *run)
{
    uint64_t count = 0;

    for (size_t i = 0; i < run->conf->listener_count; i++) {
        count += hub_datagrams(run->loop.hub, (uint16_t)i)->lost;
    }
    return count;
}

static enum gw_answered status(struct gw_asker *asker)
{
    const struct gw_run *run = asker->control->run;
    struct hub *hub = run->loop.hub;
    cJSON *line = cJSON_CreateObject();
    struct hub_status s;

    hub_status(hub, &s, gw_loop_now(asker->control->loop));
    (void)cJSON_AddStringToObject(line, "version", SEDGE_VERSION);
    (void)cJSON_AddStringToObject(line, "gateway", run->conf->gateway.name);
    gw_json_number(line, "pid", (uint64_t)getpid());
    gw_json_number(line, "uptime_s", s.up_ms / 1000);
    add_nodes(cJSON_AddObjectToObject(line, "nodes"), hub);
    gw_json_number(line, "clients", s.clients);
    gw_json_number(line, "clients_connected", s.connected);
    add_upstreams(cJSON_AddArrayToObject(line, "upstreams"), hub);
    gw_json_number(line, "queued", s.queued);
    gw_json_number(line, "retained", s.retained);
    gw_json_number(line, "memory", s.memory);
    gw_json_number(line, "memory_limit", s.memory_limit);
    gw_json_number(line, "dropped", s.dropped);
    gw_json_number(line, "refused", s.refused);
    gw_json_number(line, "denied", s.denied);
    gw_json_number(line, "strangers", strangers_of(run));
    gw_json_number(line, "datagrams_lost", lost_of(run));
    (void)cJSON_AddStringToObject(line, "store",
                                  run->store == NULL ? "none" : run->conf->store.path);
    (void)cJSON_AddStringToObject(line, "store_state", run->store == NULL ? "none" : s.store);
    if (!gw_asker_say(asker, line)) {
        gw_asker_fail(asker, "the status is longer than an answer's line, %u octets",
                      GW_CONTROL_LINE);
        return GW_ANSWER_FAILED;
    }
    return GW_ANSWER_OVER;
}

/* --- which there are ------------------------------------------------------------------------- */

const struct gw_ask *gw_ask_find(const char *name)
{
    /* clang-format off */
    static const struct gw_ask asks[] = {
        {"status", status, NULL},
        {"nodes", gw_ask_nodes, NULL},
        {"node", gw_ask_node, NULL},
        {"topics", gw_ask_topics, NULL},
        {"forget", gw_ask_forget, NULL},
        {"accept", gw_ask_accept, NULL},
        {"enrol", gw_ask_enrol, NULL},
        {"waiting", gw_ask_waiting, NULL},
        {"replace", gw_ask_replace, NULL},
        {"upstreams", gw_ask_upstreams, NULL},
        {"upstream", gw_ask_upstream, NULL},
        {"pause", gw_ask_pause, NULL},
        {"resume", gw_ask_resume, NULL},
        {"purge", gw_ask_purge, NULL},
        {"resend", gw_ask_resend, NULL},
        {"watch", gw_watch_step, gw_watch_stop},
        {"reload", gw_reload_step, NULL},
    };
    /* clang-format on */

    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
        if (strcmp(asks[i].name, name) == 0) {
            return &asks[i];
        }
    }
    return NULL;
}
