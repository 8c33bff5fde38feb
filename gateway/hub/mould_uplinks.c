/* gateway/hub/mould_uplinks.c - which members of a mould are connected, and by which uplinks. */
#include "gateway/hub/mould_parts.h"
#include "gateway/hub/say.h"
#include "gateway/hub/uplink_way.h"
#include "mqtt/queue.h"
#include "sn/bucket.h"

static const struct sn_rate new_ones = {HUB_MOULD_NEW, 1000};

static struct hub_laid *laid_of(const struct hub *hub, const struct hub_uplink *up)
{
    return &up->mould->laid[(size_t)(up - hub->uplinks) - up->mould->first];
}

/* --- uplinks for members --------------------------------------------------------------------- */

static struct hub_uplink *uplink_at(const struct hub *hub, const struct hub_mould *mould, size_t i)
{
    return &hub->uplinks[mould->first + i];
}

/* NULL: all are in use. */
static struct hub_uplink *free_uplink(const struct hub *hub, const struct hub_mould *mould)
{
    for (size_t i = 0; i < mould->count; i++) {
        struct hub_uplink *up = uplink_at(hub, mould, i);

        if (up->member == NULL && up->client.state == MQTT_IDLE && !up->client.pending.down) {
            return up;
        }
    }
    return NULL;
}

static void connect(struct hub *hub, struct hub_uplink *up, struct hub_member *member,
                    uint64_t now_ms)
{
    struct hub_laid *laid = laid_of(hub, up);

    list_remove(&member->in_line);
    member->calls = false;
    if (!hub_mould_lay(hub, laid, up->mould, member)) {
        hub_say(hub, &(struct hub_line_of_log){CONF_WARNING, "uplink",
                                               "cannot connect, for want of memory or of a name or "
                                               "client id that fits its templates:",
                                               mqtt_session_name(member->session), NULL});
        return;
    }
    member->up = up;
    up->member = member;
    up->leaves = false;
    up->used_ms = now_ms;
    up->began_ms = now_ms;
    up->conf = &laid->conf;
    up->session = member->session;
    up->far = &member->far;
    up->config = hub_uplink_config(hub->conf, up->conf);
    mqtt_client_start(&up->client, now_ms);
}

/* Its uplink is free. */
static void disconnect(struct hub *hub, struct hub_uplink *up, uint64_t now_ms)
{
    struct hub_member *member = up->member;

    up->member = NULL;
    up->session = NULL;
    up->far = &up->own_far;
    up->conf = up->mould->self->conf;
    hub_laid_drop(laid_of(hub, up));
    member->up = NULL;
    if (member->gone) {
        hub_member_free(hub, member, now_ms);
    } else {
        hub_member_line_up(member);
    }
}

/* The least is left first; UINT64_MAX: it may stay. */
static uint64_t rank_of(const struct hub_uplink *up, uint64_t now_ms)
{
    uint64_t turn_ms = up->mould->online > 0 ? HUB_MOULD_TURN_MS : HUB_MOULD_DOWN_MS;
    uint64_t since_ms = up->online ? up->way.online_ms : up->began_ms;

    if (up->online && !hub_member_has_messages(up->member)) {
        return up->used_ms;
    }
    return now_ms - since_ms >= turn_ms ? now_ms + since_ms : UINT64_MAX;
}

/* Leaves the uplink used least, one at a time. */
static void make_way(struct hub *hub, struct hub_mould *mould, uint64_t now_ms)
{
    struct hub_uplink *least = NULL;

    for (size_t i = 0; i < mould->count; i++) {
        struct hub_uplink *up = uplink_at(hub, mould, i);

        if (up->leaves) {
            return;
        }
        if (up->member != NULL && rank_of(up, now_ms) != UINT64_MAX &&
            (least == NULL || rank_of(up, now_ms) < rank_of(least, now_ms))) {
            least = up;
        }
    }
    if (least != NULL) {
        least->leaves = true;
    }
}

static struct hub_member *first_of(const struct list *line)
{
    return list_is_empty(line) ? NULL : LIST_ITEM(line->next, struct hub_member, in_line);
}

static void hand_out(struct hub *hub, struct hub_mould *mould, uint64_t now_ms)
{
    struct hub_member *member = NULL;
    struct hub_uplink *up = NULL;

    while ((member = first_of(&mould->calling)) != NULL ||
           (member = first_of(&mould->resting)) != NULL) {
        up = free_uplink(hub, mould);
        if (up == NULL) {
            break;
        }
        connect(hub, up, member, now_ms);
    }
    if (first_of(&mould->calling) != NULL) {
        make_way(hub, mould, now_ms);
    }
}

static void take_back(struct hub *hub, struct hub_mould *mould, uint64_t now_ms)
{
    mould->open = 0;
    mould->online = 0;
    for (size_t i = 0; i < mould->count; i++) {
        struct hub_uplink *up = uplink_at(hub, mould, i);

        if (up->member == NULL) {
            continue;
        }
        up->leaves |= up->member->gone;
        if (up->leaves && up->client.stopping && up->client.state == MQTT_IDLE &&
            !up->client.pending.down) {
            disconnect(hub, up, now_ms);
        }
        mould->open += up->member != NULL;
        mould->online += up->member != NULL && up->online;
    }
}

/* Lets as many be dialled as may be in this second. */
static void let_dial(struct hub *hub, struct hub_mould *mould, uint64_t now_ms)
{
    mould->dial_waits = false;
    for (size_t i = 0; i < mould->count; i++) {
        struct hub_uplink *up = uplink_at(hub, mould, i);

        if (up->dial_waits && sn_bucket_take(&mould->new_us, new_ones, now_ms)) {
            up->dial_waits = false;
            up->dial = true;
        }
        mould->dial_waits |= up->dial_waits;
    }
}

static uint64_t dial_due(const struct hub_mould *mould)
{
    return mould->dial_waits ? (sn_bucket_due_us(mould->new_us, new_ones) + 999) / 1000
                             : UINT64_MAX;
}

/* --- all of it ------------------------------------------------------------------------------- */

/* What a member's uplink counted is the mould's. */
static void gather(struct hub_uplink *self, struct hub_uplink *up)
{
    self->sent += up->sent;
    self->echoes += up->echoes;
    self->unruled += up->unruled;
    self->unfit += up->unfit;
    self->skipped += up->skipped;
    up->sent = 0;
    up->echoes = 0;
    up->unruled = 0;
    up->unfit = 0;
    up->skipped = 0;
}

/* At all members, for what time brings: queue_age, counts. */
static void look(struct hub *hub, struct hub_mould *mould, uint64_t now_ms)
{
    struct hub_member *member = NULL;
    size_t place = 0;

    mould->looked_ms = now_ms;
    mould->stirred = mould->open > 0;
    memset(&mould->sum, 0, sizeof mould->sum);
    mould->sum.full = mould->gone_full;
    mould->sum.old = mould->gone_old;
    while ((member = hub_member_next(mould, &place)) != NULL) {
        const struct mqtt_session *s = member->session;

        (void)mqtt_queue_first(&hub->sessions, member->session, now_ms);
        mould->sum.queued += s->queue_count + s->inflight_count;
        mould->sum.octets += s->queue_bytes;
        mould->sum.old += s->too_old;
        mould->sum.full += s->dropped - s->too_old;
    }
    for (size_t i = 0; i < mould->count; i++) {
        gather(mould->self, uplink_at(hub, mould, i));
    }
    mould->stirred |= mould->sum.queued > 0;
}

static bool is_due(const struct hub_mould *mould, uint64_t now_ms)
{
    return mould->stirred && now_ms >= mould->looked_ms + HUB_MOULD_LOOK_MS;
}

static void hear_calls(struct hub *hub)
{
    struct mqtt_session *s = NULL;

    while ((s = mqtt_sessions_ready(&hub->sessions, MQTT_DOOR_UPSTREAM)) != NULL) {
        struct hub_member *member = s->quota.calls && !s->open ? s->user : NULL;

        if (member != NULL) {
            hub_member_line_up(member);
        }
    }
}

/* The section's own uplink is online while one of its members is. */
static void tell_self(struct hub_mould *mould, uint64_t now_ms)
{
    struct hub_uplink *self = mould->self;
    bool online = mould->online > 0;

    if (online && !self->online) {
        self->way.online_ms = now_ms;
    } else if (!online && self->online) {
        self->way.down_ms = now_ms;
    }
    self->online = online;
}

void hub_moulds_pump(struct hub *hub, uint64_t now_ms)
{
    if (hub->mould_count > 0) {
        hear_calls(hub);
    }
    for (size_t i = 0; i < hub->mould_count; i++) {
        struct hub_mould *mould = &hub->moulds[i];

        take_back(hub, mould, now_ms);
        if (!hub->stopping && !mould->self->way.paused) {
            hand_out(hub, mould, now_ms);
        }
        let_dial(hub, mould, now_ms);
        tell_self(mould, now_ms);
        if (is_due(mould, now_ms)) {
            look(hub, mould, now_ms);
        }
    }
}

uint64_t hub_moulds_deadline(const struct hub *hub)
{
    uint64_t least = UINT64_MAX;

    for (size_t i = 0; i < hub->mould_count; i++) {
        const struct hub_mould *mould = &hub->moulds[i];
        uint64_t look_ms = mould->looked_ms + HUB_MOULD_LOOK_MS;

        least = mould->stirred && look_ms < least ? look_ms : least;
        least = dial_due(mould) < least ? dial_due(mould) : least;
    }
    return least;
}

void hub_moulds_apply(struct hub *hub)
{
    for (size_t i = 0; i < hub->mould_count; i++) {
        struct hub_mould *mould = &hub->moulds[i];

        (void)hub_mould_lay_own(hub, mould); /* without memory: the section as it is */
        for (size_t k = 0; k < mould->count; k++) {
            struct hub_uplink *up = uplink_at(hub, mould, k);

            bool laid =
                up->member != NULL && hub_mould_lay(hub, laid_of(hub, up), mould, up->member);

            up->conf = laid ? &laid_of(hub, up)->conf : mould->self->conf;
            up->leaves |= up->member != NULL && !laid;
        }
    }
}
