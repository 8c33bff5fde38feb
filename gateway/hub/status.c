#include "gateway/hub/status.h"

#include <string.h>

#include "base/text.h"
#include "gateway/hub/mould.h"
#include "gateway/hub/uplink_way.h"
#include "mqtt/queue.h"

void hub_status(const struct hub *hub, struct hub_status *out, uint64_t now_ms)
{
    const struct mqtt_sessions *ss = &hub->sessions;

    *out = (struct hub_status){
        .up_ms = now_ms - hub->sys.began_ms,
        .wall_ms = ss->wall_ms,
        .clients = ss->by_name[MQTT_DOOR_CONN].count,
        .connected = hub->broker.count.open,
        .queued = ss->entries.used,
        .retained = ss->retain.count,
        .memory = ss->budget.used,
        .memory_limit = ss->budget.limit,
        .dropped = ss->count.dropped,
        .refused = ss->count.refused,
        .denied = ss->count.denied,
        .store = hub->not_kept != NULL ? hub->not_kept
                 : hub->store_full     ? "full"
                                       : "works",
    };
}

static uint64_t wall_of(const struct hub *hub, uint64_t at_ms)
{
    return (uint64_t)((int64_t)at_ms + hub->sessions.wall_ms);
}

static uint64_t oldest_of(const struct hub *hub, const struct mqtt_session *s)
{
    struct list *link = chain_is_empty(&s->inflight) ? s->queue.first : s->inflight.first;
    const struct mqtt_entry *entry = link == NULL ? NULL : LIST_ITEM(link, struct mqtt_entry, link);

    return entry == NULL || entry->away || entry->message == NULL
               ? 0
               : wall_of(hub, entry->message->arrived_ms);
}

/* All members together, as looked at last. */
static void view_of_mould(const struct hub_mould *mould, struct hub_upstream_view *out)
{
    out->is_mould = true;
    out->nodes = mould->members.used;
    out->connections = mould->online;
    out->queued = mould->sum.queued;
    out->queued_octets = mould->sum.octets;
    out->full = mould->sum.full;
    out->old = mould->sum.old;
}

void hub_upstream_view(const struct hub *hub, size_t i, struct hub_upstream_view *out)
{
    const struct hub_uplink *up = &hub->uplinks[i];

    *out = (struct hub_upstream_view){.name = span_of_text(up->conf->at.name),
                                      .state = hub_way_state_name(up),
                                      .since_ms = wall_of(hub, up->way.since_ms),
                                      .cause = up->way.cause,
                                      .url = &up->conf->url.at[up->url],
                                      .sent = up->sent,
                                      .echoes = up->echoes,
                                      .unfit = up->unfit};
    if (hub_uplink_is_mould(up)) {
        view_of_mould(up->mould, out);
    } else if (up->session != NULL) {
        out->queued = up->session->queue_count + up->session->inflight_count;
        out->queued_octets = up->session->queue_bytes;
        out->oldest_ms = oldest_of(hub, up->session);
        out->old = up->session->too_old;
        out->full = up->session->dropped - up->session->too_old;
    }
}

void hub_write_url(struct writer *w, const struct conf_url *url)
{
    static const char *const schemes[] = {
        [CONF_MQTT] = "mqtt", [CONF_MQTTS] = "mqtts", [CONF_WS] = "ws", [CONF_WSS] = "wss"};
    bool is_v6 = memchr(url->host, ':', strlen(url->host)) != NULL;
    bool has_path = url->scheme == CONF_WS || url->scheme == CONF_WSS;

    write_text(w, schemes[url->scheme]);
    write_text(w, is_v6 ? "://[" : "://");
    write_text(w, url->host);
    write_text(w, is_v6 ? "]:" : ":");
    write_decimal(w, url->port);
    write_text(w, has_path ? url->path : "");
}
