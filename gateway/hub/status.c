#include "gateway/hub/status.h"

#include "gateway/hub/uplink.h"

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
    };
}

void hub_upstream_view(const struct hub *hub, size_t i, struct hub_upstream_view *out)
{
    const struct hub_uplink *up = &hub->uplinks[i];

    *out =
        (struct hub_upstream_view){.name = span_of_text(up->conf->at.name), .online = up->online};
    if (up->session != NULL) {
        out->queued = up->session->queue_count + up->session->inflight_count;
        out->queued_octets = up->session->queue_bytes;
        out->dropped = up->session->dropped + up->unfit;
    }
}
