#include "gateway/hub/mould_parts.h"

#include "gateway/hub/far.h"
#include "gateway/hub/say.h"
#include "mqtt/keep.h"
#include "mqtt/mould.h"
#include "mqtt/queue.h"

/* --- made and freed -------------------------------------------------------------------------- */

static bool is_mould(const struct conf_upstream *conf)
{
    return conf->mode == CONF_TRANSPARENT;
}

/* One for each node, and as many whose nodes are not known any more. */
static size_t members_most(const struct conf *conf)
{
    return 2 * (size_t)(conf->limits.nodes + conf->node_count);
}

/* No more than there can be nodes. */
static size_t connections_of(const struct conf *conf, const struct conf_upstream *upstream)
{
    uint64_t nodes = conf->limits.nodes + conf->node_count;

    return (size_t)(upstream->connections < nodes ? upstream->connections : nodes);
}

size_t hub_moulds_places(const struct conf *conf)
{
    size_t count = 0;

    for (size_t i = 0; i < conf->upstream_count; i++) {
        count += is_mould(&conf->upstream[i]) ? connections_of(conf, &conf->upstream[i]) : 0;
    }
    return count;
}

size_t hub_moulds_sessions(const struct conf *conf)
{
    size_t count = conf->upstream_count;

    for (size_t i = 0; i < conf->upstream_count; i++) {
        count += is_mould(&conf->upstream[i]) ? members_most(conf) : 0;
    }
    return count;
}

static bool mould_init(struct hub *hub, struct hub_mould *mould, struct hub_uplink *self,
                       size_t first)
{
    *mould = (struct hub_mould){.self = self, .first = first, .parts = 1};
    mould->count = connections_of(hub->conf, self->conf);
    mould->laid = reserve(mould->count * sizeof *mould->laid);
    pool_init(&mould->members, sizeof(struct hub_member), members_most(hub->conf));
    list_init(&mould->calling);
    list_init(&mould->resting);
    self->mould = mould;
    if (mould->laid == NULL || !hub_mould_lay_own(hub, mould)) {
        return false;
    }
    for (size_t i = 0; i < mould->count; i++) {
        hub->uplinks[first + i].mould = mould;
        hub->uplinks[first + i].conf = self->conf;
    }
    return true;
}

bool hub_moulds_init(struct hub *hub)
{
    const struct conf *conf = hub->conf;
    size_t next = conf->upstream_count;

    hub->moulds = reserve((conf->upstream_count + 1) * sizeof *hub->moulds);
    for (size_t i = 0; hub->moulds != NULL && i < conf->upstream_count; i++) {
        struct hub_mould *mould = &hub->moulds[hub->mould_count];

        if (!is_mould(&conf->upstream[i])) {
            continue;
        }
        hub->mould_count++;
        if (!mould_init(hub, mould, &hub->uplinks[i], next)) {
            return false;
        }
        next += mould->count;
    }
    return hub->moulds != NULL;
}

struct hub_member *hub_member_next(const struct hub_mould *mould, size_t *place)
{
    struct hub_member *member = NULL;

    do {
        member = pool_at(&mould->members, (*place)++);
    } while (member != NULL && member->session == NULL);
    return member;
}

static void mould_fini(struct hub_mould *mould)
{
    struct hub_member *member = NULL;
    size_t place = 0;

    while ((member = hub_member_next(mould, &place)) != NULL) {
        hub_far_fini(&member->far);
    }
    for (size_t i = 0; mould->laid != NULL && i < mould->count; i++) {
        hub_laid_drop(&mould->laid[i]);
    }
    hub_laid_drop(&mould->own);
    release(mould->laid);
    pool_fini(&mould->members);
}

void hub_moulds_fini(struct hub *hub)
{
    for (size_t i = 0; i < hub->mould_count; i++) {
        mould_fini(&hub->moulds[i]);
    }
    release(hub->moulds);
    hub->moulds = NULL;
    hub->mould_count = 0;
}

/* --- members --------------------------------------------------------------------------------- */

bool hub_member_has_messages(const struct hub_member *member)
{
    return member->session->queue_count + member->session->inflight_count > 0;
}

/* It is to be connected though it has nothing to send. */
static bool shows_itself(const struct hub_mould *mould)
{
    return mould->self->conf->receive.count > 0 || mould->self->conf->will_topic != NULL;
}

void hub_member_line_up(struct hub_member *member)
{
    struct hub_mould *mould = member->mould;
    bool calls = hub_member_has_messages(member);

    mould->stirred = true;
    if (member->up != NULL || member->gone || member->origin == 0 || (calls && member->calls)) {
        return;
    }
    list_remove(&member->in_line);
    member->calls = calls;
    if (calls) {
        list_push(&mould->calling, &member->in_line);
    } else if (shows_itself(mould)) {
        list_push(&mould->resting, &member->in_line);
    }
}

/* How many parts there are has grown: each becomes smaller. */
static void divide_anew(struct hub_mould *mould)
{
    struct hub_member *member = NULL;
    size_t place = 0;

    while (mould->parts < mould->members.used) {
        mould->parts *= 2;
    }
    while ((member = hub_member_next(mould, &place)) != NULL) {
        hub_mould_divide(mould, &member->session->quota);
    }
}

/* NULL: no memory. */
static struct hub_member *member_new(struct hub_mould *mould, struct mqtt_session *s)
{
    struct hub_member *member = pool_take(&mould->members);

    if (member == NULL) {
        return NULL;
    }
    member->session = s;
    member->mould = mould;
    s->user = member;
    s->quota.calls = true;
    list_init(&member->in_line);
    hub_far_init(&member->far);
    if (mould->members.used > mould->parts) {
        divide_anew(mould);
    }
    return member;
}

void hub_member_free(struct hub *hub, struct hub_member *member, uint64_t now_ms)
{
    struct hub_mould *mould = member->mould;

    mould->gone_old += member->session->too_old;
    mould->gone_full += member->session->dropped - member->session->too_old;
    list_remove(&member->in_line);
    hub_far_fini(&member->far);
    mqtt_session_discard(&hub->sessions, member->session, now_ms);
    member->session = NULL;
    pool_give(&mould->members, member);
    mould->stirred = true;
}

/* The name of the session of a node; empty: it has none. */
static struct span session_name(struct hub *hub, const struct hub_mould *mould, struct span node)
{
    struct writer w = writer_of(hub->topic, sizeof hub->topic);

    write_span(&w, span_of_text(mould->self->conf->at.name));
    write_u8(&w, '/');
    write_span(&w, node);
    return w.bad ? (struct span){NULL, 0} : span_of(hub->topic, written(&w));
}

static struct mqtt_session *session_new(struct hub *hub, const struct hub_mould *mould,
                                        struct span name, uint64_t now_ms)
{
    struct mqtt_opening opening = hub_uplink_opening(mould->self);
    struct mqtt_session *s = NULL;

    opening.name = name;
    opening.quota.is_mould = false;
    hub_mould_divide(mould, &opening.quota);
    s = mqtt_session_open(&hub->sessions, &opening, now_ms);
    if (s != NULL) {
        mqtt_session_close(&hub->sessions, s, MQTT_END_PARTED, now_ms);
    }
    return s;
}

/* The two belong together from now on. */
static void join(struct hub *hub, struct hub_mould *mould, struct hub_member *member,
                 uint32_t origin)
{
    if (mqtt_mould_join(&hub->sessions, mould->self->session, origin, member->session)) {
        member->origin = origin;
        hub_member_line_up(member);
    }
}

static void see(struct hub *hub, struct hub_mould *mould, const struct hub_seen *seen,
                uint64_t now_ms)
{
    struct span name = hub_seen_name(seen);
    struct mqtt_session *s = NULL;
    struct hub_member *member = NULL;

    if (mould->self->session == NULL || !conf_text_fits(mould->self->conf->nodes, name) ||
        mqtt_mould_find(&hub->sessions, mould->self->session, seen->number) != NULL) {
        return;
    }
    name = session_name(hub, mould, name);
    s = mqtt_session_find(&hub->sessions, MQTT_DOOR_UPSTREAM, name);
    if (s == NULL) {
        s = session_new(hub, mould, name, now_ms);
    }
    member = s == NULL ? NULL : s->user;
    if (s != NULL && member == NULL) {
        member = member_new(mould, s);
    }
    if (member != NULL && member->origin == 0) {
        join(hub, mould, member, seen->number);
    }
}

void hub_moulds_see(struct hub *hub, const struct hub_seen *seen, uint64_t now_ms)
{
    for (size_t i = 0; seen != NULL && i < hub->mould_count; i++) {
        see(hub, &hub->moulds[i], seen, now_ms);
    }
}

void hub_moulds_forget(struct hub *hub, const struct hub_seen *seen, uint64_t now_ms)
{
    for (size_t i = 0; i < hub->mould_count; i++) {
        struct hub_mould *mould = &hub->moulds[i];
        struct mqtt_session *own = mould->self->session;
        struct mqtt_session *s =
            own == NULL ? NULL : mqtt_mould_find(&hub->sessions, own, seen->number);
        struct hub_member *member = s == NULL ? NULL : s->user;

        if (member == NULL) {
            continue;
        }
        mqtt_mould_leave(&hub->sessions, own, seen->number);
        member->origin = 0;
        member->gone = true;
        if (member->up == NULL) {
            hub_member_free(hub, member, now_ms);
        }
    }
}

/* --- from the store, and at the end ---------------------------------------------------------- */

bool hub_mould_restore(struct hub *hub, struct mqtt_session *s)
{
    struct span name = mqtt_session_name(s);

    for (size_t i = 0; i < hub->mould_count; i++) {
        struct span mould = span_of_text(hub->moulds[i].self->conf->at.name);

        if (name.len > mould.len && name.at[mould.len] == '/' &&
            span_equal(span_of(name.at, mould.len), mould)) {
            return member_new(&hub->moulds[i], s) != NULL;
        }
    }
    return true;
}

/* Its queue waits in the store for the node, as that of an upstream that is not in the
 * configuration. */
static void say_strangers(struct hub *hub, const struct hub_mould *mould)
{
    struct hub_member *member = NULL;
    size_t place = 0;

    while ((member = hub_member_next(mould, &place)) != NULL) {
        if (member->origin == 0 && hub_member_has_messages(member)) {
            hub_say(hub, &(struct hub_line_of_log){CONF_WARNING, "uplink",
                                                   "messages wait for a node that is not known:",
                                                   mqtt_session_name(member->session), NULL});
        }
    }
}

static void start(struct hub *hub, struct hub_mould *mould, uint64_t now_ms)
{
    const struct hub_seen *seen = NULL;
    struct hub_member *member = NULL;
    size_t place = 0;

    while ((seen = hub_seen_next(hub, &place)) != NULL) {
        see(hub, mould, seen, now_ms);
    }
    place = 0;
    while ((member = hub_member_next(mould, &place)) != NULL) {
        hub_far_start(hub, &member->far, member->session, now_ms);
    }
    say_strangers(hub, mould);
}

void hub_moulds_start(struct hub *hub, uint64_t now_ms)
{
    for (size_t i = 0; i < hub->mould_count; i++) {
        start(hub, &hub->moulds[i], now_ms);
    }
}

static void stop(struct hub *hub, const struct hub_mould *mould, uint64_t now_ms)
{
    struct hub_member *member = NULL;
    size_t place = 0;

    while ((member = hub_member_next(mould, &place)) != NULL) {
        if (!list_is_empty(&member->far.filters)) {
            hub_far_stop(hub, &member->far, member->session, mould->self->conf, now_ms);
        }
    }
}

void hub_moulds_stop(struct hub *hub, uint64_t now_ms)
{
    for (size_t i = 0; i < hub->mould_count; i++) {
        stop(hub, &hub->moulds[i], now_ms);
    }
}

size_t hub_mould_purge(struct hub *hub, struct hub_mould *mould, uint64_t now_ms)
{
    struct hub_member *member = NULL;
    size_t place = 0;
    size_t count = 0;

    while ((member = hub_member_next(mould, &place)) != NULL) {
        count += mqtt_queue_purge(&hub->sessions, member->session, now_ms);
    }
    mould->stirred = true;
    return count;
}
