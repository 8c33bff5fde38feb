#include "gateway/hub/uplink_lost.h"

#include "base/text.h"
#include "gateway/hub/mould.h"
#include "gateway/hub/say.h"
#include "gateway/hub/told.h"

#define COUNTS_MOST 128u /* octets of a line of JSON */

static const struct {
    const char *name;
    const char *said;
} losses[HUB_LOSSES] = {
    [HUB_LOST_FULL] = {"full", "queue full, messages are dropped:"},
    [HUB_LOST_OLD] = {"old", "messages grew too old and are dropped:"},
    [HUB_LOST_UNFIT] = {"unfit", "messages that its limits forbid are dropped:"},
};

static uint64_t count_of(const struct hub_uplink *up, enum hub_loss loss)
{
    const struct mqtt_session *s = up->session;

    if (loss == HUB_LOST_UNFIT) {
        return up->unfit;
    }
    if (hub_uplink_is_mould(up)) {
        return loss == HUB_LOST_OLD ? up->mould->sum.old : up->mould->sum.full;
    }
    if (s == NULL) {
        return 0;
    }
    return loss == HUB_LOST_OLD ? s->too_old : s->dropped - s->too_old;
}

void hub_lost_tell(struct hub *hub, struct hub_uplink *up, uint64_t now_ms)
{
    uint8_t room[COUNTS_MOST];
    struct writer w = writer_of(room, sizeof room);
    uint64_t all = 0;

    for (unsigned i = 0; i < HUB_LOSSES; i++) {
        write_text(&w, i == 0 ? "{\"" : ",\"");
        write_text(&w, losses[i].name);
        write_text(&w, "\":");
        write_decimal(&w, up->lost.known[i].count);
        all += up->lost.known[i].count;
    }
    write_text(&w, "}");
    write_end(&w);
    if (all != 0) {
        hub_tell_lost(hub, up, (const char *)room, now_ms);
        up->lost.published_ms = now_ms;
    }
    up->lost.publish_ms = 0;
}

/* True when there are more of them. */
static bool look_at(struct hub *hub, struct hub_uplink *up, enum hub_loss loss, uint64_t now_ms)
{
    uint64_t count = count_of(up, loss);
    uint64_t at_ms = up->lost.known[loss].at_ms;

    if (count == up->lost.known[loss].count) {
        return false;
    }
    up->lost.known[loss].count = count;
    up->lost.known[loss].at_ms = now_ms;
    if (at_ms == 0 || now_ms - at_ms > HUB_LOST_QUIET_MS) {
        hub_say(hub, &(struct hub_line_of_log){CONF_WARNING, "uplink", losses[loss].said,
                                               span_of_text(up->conf->at.name), NULL});
    }
    return true;
}

static void look(struct hub *hub, struct hub_uplink *up, uint64_t now_ms)
{
    struct hub_lost *lost = &up->lost;
    bool more = false;

    for (unsigned i = 0; i < HUB_LOSSES; i++) {
        more |= look_at(hub, up, (enum hub_loss)i, now_ms);
    }
    if (more && lost->publish_ms == 0) {
        uint64_t next_ms = lost->published_ms == 0 ? 0 : lost->published_ms + HUB_LOST_TELL_MS;

        lost->publish_ms = next_ms > now_ms ? next_ms : now_ms;
    }
    if (lost->publish_ms != 0 && lost->publish_ms <= now_ms) {
        hub_lost_tell(hub, up, now_ms);
    }
}

void hub_lost_pump(struct hub *hub, uint64_t now_ms)
{
    for (size_t i = 0; i < hub->conf->upstream_count; i++) {
        look(hub, &hub->uplinks[i], now_ms);
    }
}

uint64_t hub_lost_deadline(const struct hub_uplink *up)
{
    return up->lost.publish_ms == 0 ? UINT64_MAX : up->lost.publish_ms;
}
