#include "gateway/hub/status.h"

#include <string.h>

#include "base/text.h"
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

    *out = (struct hub_upstream_view){.name = span_of_text(up->conf->at.name),
                                      .state = up->online ? "online" : "offline",
                                      .url = &up->conf->url.at[up->url],
                                      .unfit = up->unfit};
    if (up->session != NULL) {
        out->queued = up->session->queue_count + up->session->inflight_count;
        out->queued_octets = up->session->queue_bytes;
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
