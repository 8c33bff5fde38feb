#include "gateway/hub/uplink_way.h"

#include "base/text.h"
#include "gateway/hub/mould.h"
#include "gateway/hub/rules.h"
#include "gateway/hub/status.h"
#include "gateway/hub/told.h"
#include "mqtt/queue.h"

#define NOBODY SIZE_MAX

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* --- which url ------------------------------------------------------------------------------- */

static bool is_random(const struct hub_uplink *up)
{
    return up->conf->balance == CONF_BALANCE_RANDOM;
}

/* The upstream in whose place `up` sends; NULL: it has its own. */
static const struct hub_uplink *first_of(const struct hub *hub, const struct hub_uplink *up)
{
    return up->way.first == NOBODY ? NULL : &hub->uplinks[up->way.first];
}

void hub_way_init(struct hub *hub, struct hub_uplink *up, uint64_t now_ms)
{
    up->way = (struct hub_way){
        .since_ms = now_ms, .down_ms = now_ms, .back_wait_ms = HUB_WAY_BACK_MS, .first = NOBODY};
    for (size_t i = 0; up->conf->only_while_down != NULL && i < hub->conf->upstream_count; i++) {
        if (span_equal(span_of_text(hub->conf->upstream[i].at.name),
                       span_of_text(up->conf->only_while_down))) {
            up->way.first = i;
        }
    }
    up->url = is_random(up) ? (size_t)rng_below(&up->client.rng, up->conf->url.count) : 0;
}

static void take_next_url(struct hub_uplink *up)
{
    size_t count = up->conf->url.count;
    size_t step = is_random(up) ? (size_t)rng_below(&up->client.rng, count - 1) : 0;

    up->url = (up->url + 1 + step) % count;
    up->way.cuts = 0;
}

void hub_way_online(struct hub_uplink *up, uint64_t now_ms)
{
    up->way.online_ms = now_ms;
    up->way.back_ms = is_random(up) || up->url == 0 ? 0 : now_ms + up->way.back_wait_ms;
}

static bool is_steady(const struct hub_uplink *up, uint64_t now_ms)
{
    return up->online && now_ms - up->way.online_ms >= MQTT_CLIENT_GOOD_MS;
}

static void count_life(struct hub_uplink *up, const struct mqtt_client_news *news, uint64_t now_ms)
{
    bool good = news->served && up->client.good;

    if (is_steady(up, now_ms)) {
        up->way.down_ms = now_ms;
    }
    if (good && up->url == 0) {
        up->way.back_wait_ms = HUB_WAY_BACK_MS;
    }
    up->way.cuts = good ? 0 : up->way.cuts + 1;
    if (!news->served || up->way.cuts >= HUB_WAY_CUTS) {
        take_next_url(up);
    }
}

/* A connection that we ended says nothing about the other side. */
void hub_way_down(struct hub *hub, struct hub_uplink *up, const struct mqtt_client_news *news,
                  uint64_t now_ms)
{
    struct writer w = writer_of((uint8_t *)up->way.cause, sizeof up->way.cause);
    bool returns = up->way.returning;

    up->way.back_ms = 0;
    up->way.returning = false;
    if (up->client.stopping) {
        up->way.down_ms = is_steady(up, now_ms) ? now_ms : up->way.down_ms;
    } else {
        write_text(&w, news->cause);
        write_end(&w);
        if (up->mould != NULL) {
            memcpy(up->mould->self->way.cause, up->way.cause, sizeof up->way.cause);
        }
        count_life(up, news, now_ms);
    }
    if (returns && !hub->stopping) {
        up->url = 0;
        up->way.cuts = 0;
        mqtt_client_start(&up->client, now_ms);
    }
}

/* When the first url is to be tried again; UINT64_MAX: it is not. What was sent is waited for. */
static uint64_t back_due(const struct hub_uplink *up)
{
    if (!up->online || up->way.back_ms == 0 || up->farewell || up->client.stopping) {
        return UINT64_MAX;
    }
    return up->client.unanswered == 0 ? up->way.back_ms
                                      : up->way.back_ms + up->conf->ack_timeout_ms;
}

static void go_back(struct hub *hub, struct hub_uplink *up, uint64_t now_ms)
{
    if (now_ms < back_due(up)) {
        return;
    }
    hub_say(hub, &(struct hub_line_of_log){CONF_INFO, "uplink", "tries its first url again:",
                                           span_of_text(up->conf->at.name), NULL});
    up->way.returning = true;
    up->way.back_wait_ms = lesser(2 * up->way.back_wait_ms, HUB_WAY_BACK_MOST_MS);
    hub_way_part(up, now_ms);
}

/* --- whether at all -------------------------------------------------------------------------- */

bool hub_way_passes(const struct hub_uplink *up)
{
    return up->way.first != NOBODY && !up->way.takes;
}

static bool has_messages(const struct hub_uplink *up)
{
    return up->session != NULL && (up->session->queue_count > 0 || up->session->inflight_count > 0);
}

static bool stands_by(const struct hub_uplink *up)
{
    return hub_way_passes(up) && !has_messages(up);
}

static void set_takes(struct hub *hub, struct hub_uplink *up, bool takes, uint64_t now_ms)
{
    const struct hub_uplink *first = first_of(hub, up);

    up->way.takes = takes;
    if (takes) {
        up->way.down_ms = now_ms;
    }
    if (up->session != NULL) {
        up->session->quota.takes_nothing = !takes;
    }
    hub_say(hub, &(struct hub_line_of_log){takes ? CONF_WARNING : CONF_INFO, "uplink",
                                           takes ? "sends in place of" : "gives way to",
                                           span_of_text(first->conf->at.name), up->conf->at.name});
}

/* When that changes; UINT64_MAX: by nothing that time brings. */
static uint64_t stand_in_due(const struct hub *hub, const struct hub_uplink *up)
{
    const struct hub_uplink *first = first_of(hub, up);

    if (first == NULL) {
        return UINT64_MAX;
    }
    if (up->way.takes) {
        return first->online ? first->way.online_ms + MQTT_CLIENT_GOOD_MS : UINT64_MAX;
    }
    return first->online || hub_way_passes(first) ? UINT64_MAX
                                                  : first->way.down_ms + up->conf->down_after_ms;
}

static void stand_in(struct hub *hub, struct hub_uplink *up, uint64_t now_ms)
{
    const struct hub_uplink *first = first_of(hub, up);

    if (now_ms >= stand_in_due(hub, up) || (up->way.takes && hub_way_passes(first))) {
        set_takes(hub, up, !up->way.takes, now_ms);
    }
}

void hub_way_part(struct hub_uplink *up, uint64_t now_ms)
{
    up->birth = false;
    up->farewell = up->online && up->conf->will_topic != NULL;
    if (!up->farewell) {
        mqtt_client_stop(&up->client, now_ms);
    }
}

static bool is_wanted(const struct hub_uplink *up)
{
    if (up->mould != NULL) {
        return up->member != NULL && !up->leaves && !up->mould->self->way.paused;
    }
    return !up->way.paused && !stands_by(up);
}

static void go_or_rest(struct hub_uplink *up, uint64_t now_ms)
{
    bool goes = is_wanted(up);

    if (!goes && !up->farewell && !up->client.stopping) {
        hub_way_part(up, now_ms);
    } else if (goes && !up->way.returning && up->farewell) {
        up->farewell = false;
    } else if (goes && !up->way.returning && up->client.stopping) {
        mqtt_client_start(&up->client, now_ms);
    }
}

/* --- what the user may do -------------------------------------------------------------------- */

void hub_uplink_pause(struct hub *hub, size_t i, bool paused)
{
    hub->uplinks[i].way.paused = paused;
}

size_t hub_uplink_purge(struct hub *hub, size_t i, uint64_t now_ms)
{
    struct hub_uplink *up = &hub->uplinks[i];

    if (hub_uplink_is_mould(up)) {
        return hub_mould_purge(hub, up->mould, now_ms);
    }
    return up->session == NULL ? 0 : mqtt_queue_purge(&hub->sessions, up->session, now_ms);
}

size_t hub_uplink_resend(struct hub *hub, size_t i, uint64_t now_ms)
{
    struct hub_uplink *up = &hub->uplinks[i];
    size_t count = 0;

    if (up->session == NULL) {
        return 0;
    }
    count = up->session->queue_count + up->session->inflight_count;
    hub_rules_resend(hub, up, now_ms);
    return up->session->queue_count + up->session->inflight_count - count;
}

/* --- told ------------------------------------------------------------------------------------ */

static enum hub_way_state state_of(const struct hub_uplink *up)
{
    if (up->way.paused) {
        return HUB_WAY_PAUSED;
    }
    if (up->online) {
        return HUB_WAY_ONLINE;
    }
    if (hub_uplink_is_mould(up)) {
        return up->mould->open == 0 ? HUB_WAY_STANDBY : HUB_WAY_OFFLINE;
    }
    return stands_by(up) ? HUB_WAY_STANDBY : HUB_WAY_OFFLINE;
}

const char *hub_way_state_name(const struct hub_uplink *up)
{
    static const char *const names[] = {[HUB_WAY_OFFLINE] = "offline",
                                        [HUB_WAY_ONLINE] = "online",
                                        [HUB_WAY_PAUSED] = "paused",
                                        [HUB_WAY_STANDBY] = "standby"};

    return names[state_of(up)];
}

static uint32_t queued_of(const struct hub_uplink *up)
{
    if (hub_uplink_is_mould(up)) {
        return (uint32_t)up->mould->sum.queued;
    }
    return up->session == NULL ? 0 : up->session->queue_count + up->session->inflight_count;
}

/* Something that is told changes often: its queue, and which url is tried. */
static bool is_stale(const struct hub_uplink *up)
{
    return queued_of(up) != up->way.told_queued || up->url != up->way.told_url;
}

static void tell(struct hub *hub, struct hub_uplink *up, uint64_t now_ms)
{
    struct hub_way *way = &up->way;
    enum hub_way_state state = state_of(up);

    if (state != way->state) {
        way->state = state;
        way->since_ms = now_ms;
        hub_tell_upstream(hub, up, now_ms);
    } else if (now_ms >= way->told_ms + HUB_WAY_TELL_MS && is_stale(up)) {
        hub_tell_upstream_info(hub, up, now_ms);
    } else {
        return;
    }
    /* What was told may itself go up: it makes no news. */
    way->told_ms = now_ms;
    way->told_url = up->url;
    way->told_queued = queued_of(up);
}

/* --- all of it ------------------------------------------------------------------------------- */

void hub_way_pump(struct hub *hub, uint64_t now_ms)
{
    for (size_t i = 0; i < hub->uplink_count; i++) {
        struct hub_uplink *up = &hub->uplinks[i];

        if (!hub->stopping) {
            stand_in(hub, up, now_ms);
            go_back(hub, up, now_ms);
            go_or_rest(up, now_ms);
        }
        if (i < hub->conf->upstream_count) {
            tell(hub, up, now_ms);
        }
    }
}

uint64_t hub_way_deadline(const struct hub *hub, const struct hub_uplink *up)
{
    uint64_t least = hub->stopping ? UINT64_MAX : lesser(back_due(up), stand_in_due(hub, up));

    if (up->mould != NULL && !hub_uplink_is_mould(up)) {
        return least; /* its section tells */
    }
    return is_stale(up) ? lesser(least, up->way.told_ms + HUB_WAY_TELL_MS) : least;
}

void hub_way_say(struct hub *hub, const struct hub_uplink *up, const struct hub_line_of_log *line)
{
    struct hub_line_of_log whole = *line;
    uint8_t room[HUB_LOG_TEXT];
    struct writer w = writer_of(room, sizeof room);

    whole.name = span_of_text(up->conf->at.name);
    if (line->more != NULL && up->conf->url.count > 1) {
        write_text(&w, line->more);
        write_text(&w, " (");
        hub_write_url(&w, &up->conf->url.at[up->url]);
        write_text(&w, ")");
        write_end(&w);
        whole.more = (const char *)room;
    }
    hub_say(hub, &whole);
}
