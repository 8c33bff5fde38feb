/* mqtt/session.c - sessions made, found, opened, emptied. */
#include "mqtt/session.h"

#include "mqtt/away.h"
#include "mqtt/inflight.h"
#include "mqtt/keep.h"
#include "mqtt/received.h"
#include "mqtt/session_parts.h"

#define MOST           1000000u /* subscriptions, answers, QoS 2 ids of all sessions together */
#define ANSWERS_EACH   256u
#define RECEIVED_USUAL 16384u
#define SHARES_USUAL   256u

static size_t at_most(size_t count)
{
    return count < MOST ? count : MOST;
}

static void pools_init(struct mqtt_sessions *ss, const struct mqtt_limits *limits)
{
    pool_init(&ss->cells, sizeof(struct mqtt_session), limits->sessions);
    pool_init(&ss->entries, sizeof(struct mqtt_entry), limits->entries);
    pool_init(&ss->rows, sizeof(struct mqtt_row), limits->entries);
    pool_init(&ss->answers, sizeof(struct mqtt_answer), at_most(limits->sessions * ANSWERS_EACH));
    pool_init(&ss->subscriptions, sizeof(struct mqtt_subscription),
              at_most(limits->sessions * limits->subscriptions));
    pool_init(&ss->received, sizeof(struct mqtt_received), at_most(limits->entries));
}

static bool maps_init(struct mqtt_sessions *ss, const struct mqtt_limits *limits)
{
    bool good = true;

    for (unsigned door = 0; door < MQTT_DOORS; door++) {
        good = map_init(&ss->by_name[door], limits->sessions, rng_next(&ss->rng)) && good;
        list_init(&ss->ready[door]);
    }
    good = map_init(&ss->shares, SHARES_USUAL, rng_next(&ss->rng)) && good;
    good = map_init(&ss->received_by_id, RECEIVED_USUAL, rng_next(&ss->rng)) && good;
    return good;
}

bool mqtt_sessions_init(struct mqtt_sessions *ss, const struct mqtt_limits *limits,
                        struct journal *journal, uint64_t seed)
{
    bool good = true;

    *ss = (struct mqtt_sessions){.limits = *limits, .journal = journal};
    ss->budget.limit = limits->memory;
    rng_init(&ss->rng, seed);
    list_init(&ss->waiting);
    list_init(&ss->wanting);
    list_init(&ss->notices);
    list_init(&ss->closed);
    pools_init(ss, limits);
    ss->matched = reserve((limits->sessions + 1) * sizeof(void *));
    good = maps_init(ss, limits) && ss->matched != NULL;
    good = mqtt_tree_init(&ss->tree, &ss->budget, rng_next(&ss->rng)) && good;
    good = mqtt_retain_init(&ss->retain, &ss->budget, limits->retained, rng_next(&ss->rng)) && good;
    if (!good) {
        mqtt_sessions_fini(ss);
    }
    return good;
}

static void empty_those_in(struct mqtt_sessions *ss, const struct map *map)
{
    struct map_item *item = map->buckets == NULL ? NULL : map_next(map, NULL);

    while (item != NULL) {
        struct mqtt_session *s = MAP_ITEM(item, struct mqtt_session, by_name);

        item = map_next(map, item);
        mqtt_session_empty(ss, s);
    }
}

static void empty_all(struct mqtt_sessions *ss)
{
    for (unsigned door = 0; door < MQTT_DOORS; door++) {
        empty_those_in(ss, &ss->by_name[door]);
    }
    if (ss->told != NULL) {
        block_drop(ss->told->name);
    }
    LIST_EACH_SAFE (link, after, &ss->notices) {
        struct mqtt_session *s = LIST_ITEM(link, struct mqtt_session, in_notices);

        block_drop(s->expired ? s->name : NULL);
    }
}

void mqtt_sessions_fini(struct mqtt_sessions *ss)
{
    empty_all(ss);
    mqtt_sessions_restored(ss, 0);
    mqtt_tree_fini(&ss->tree);
    mqtt_retain_fini(&ss->retain);
    for (unsigned door = 0; door < MQTT_DOORS; door++) {
        map_fini(&ss->by_name[door]);
    }
    map_fini(&ss->shares);
    map_fini(&ss->received_by_id);
    release(ss->matched);
    ss->matched = NULL;
    pool_fini(&ss->cells);
    pool_fini(&ss->entries);
    pool_fini(&ss->rows);
    pool_fini(&ss->answers);
    pool_fini(&ss->subscriptions);
    pool_fini(&ss->received);
    map_fini(&ss->by_origin);
    pool_fini(&ss->moulded);
}

struct span mqtt_session_name(const struct mqtt_session *s)
{
    return (struct span){s->by_name.key, s->by_name.len};
}

struct mqtt_session *mqtt_session_find(const struct mqtt_sessions *ss, enum mqtt_door door,
                                       struct span name)
{
    return MAP_ITEM(map_find(&ss->by_name[door], name), struct mqtt_session, by_name);
}

static void links_init(struct mqtt_session *s)
{
    list_init(&s->in_line);
    list_init(&s->in_notices);
}

/* `name` where it lies from now on: in `holder`, or copied. */
static struct block *hold_name(struct mqtt_sessions *ss, struct span *name, struct block *holder)
{
    struct block *block = NULL;

    if (holder != NULL) {
        return block_hold(holder);
    }
    block = block_copy(&ss->budget, *name);
    *name = block_span(block);
    return block;
}

struct mqtt_session *mqtt_session_make(struct mqtt_sessions *ss, enum mqtt_door door,
                                       struct span name, struct block *holder, uint64_t number)
{
    struct block *block = hold_name(ss, &name, holder);
    struct mqtt_session *s = block == NULL ? NULL : pool_take(&ss->cells);

    if (s == NULL) {
        block_drop(block);
        return NULL;
    }
    links_init(s);
    s->name = block;
    s->door = (uint8_t)door;
    s->number = number;
    map_add(&ss->by_name[door], &s->by_name, name);
    return s;
}

void mqtt_session_empty(struct mqtt_sessions *ss, struct mqtt_session *s)
{
    mqtt_session_unsubscribe_all(ss, s);
    mqtt_session_owe_nothing(ss, s);
    mqtt_queue_clear(ss, s);
    mqtt_inflight_clear(ss, s);
    mqtt_received_clear(ss, s);
    mqtt_message_drop(s->will);
    s->will = NULL;
    block_drop(s->acl);
    s->acl = NULL;
    s->open = false;
    mqtt_session_leave_line(s);
    mqtt_away_forget(ss, s);
    map_remove(&ss->by_name[s->door], &s->by_name);
    if (!s->expired) {
        list_remove(&s->in_notices);
        block_drop(s->name);
        s->name = NULL;
    }
}

void mqtt_session_free(struct mqtt_sessions *ss, struct mqtt_session *s)
{
    block_drop(s->name);
    pool_give(&ss->cells, s);
}

/* Its name lies elsewhere from now on. */
static void move_name(struct mqtt_session *s, const struct mqtt_opening *opening)
{
    block_drop(s->name);
    s->name = block_hold(opening->holder);
    map_moved(&s->by_name, opening->name.at);
}

/* The stored session to go on with, or a new one. */
static struct mqtt_session *find_or_make(struct mqtt_sessions *ss,
                                         const struct mqtt_opening *opening, bool *present,
                                         uint64_t now_ms)
{
    struct mqtt_session *s = mqtt_session_find(ss, opening->door, opening->name);

    if (s != NULL && s->open && opening->goes_on && !opening->clean) {
        ss->count.refused += !mqtt_session_keep(ss, s, now_ms);
        *present = true;
        return s;
    }
    *present = s != NULL && !opening->clean && !s->clean; /* [MQTT-3.2.2-2] */
    if (*present) {
        return s;
    }
    if (s != NULL) { /* [MQTT-3.1.2-6] */
        mqtt_session_discard(ss, s, now_ms);
    }
    if (!opening->clean && !journal_has_cells(ss->journal, 1)) {
        return NULL;
    }
    s = mqtt_session_make(ss, opening->door, opening->name, opening->holder, ss->last_number + 1);
    if (s != NULL) {
        ss->last_number++;
        s->clean = opening->clean;
        mqtt_keep_session(ss, s, now_ms);
    }
    return s;
}

static bool owe_opened(struct mqtt_sessions *ss, struct mqtt_session *s, bool present)
{
    struct mqtt_answer opened = {.kind = MQTT_OP_OPENED, .ticket = s->ticket, .extra = present};

    return mqtt_session_owe(ss, s, &opened);
}

bool mqtt_session_keep(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms)
{
    size_t records = 2u + s->subscription_count + 2u * (s->queue_count + (size_t)s->inflight_count);

    CHAIN_EACH (link, &s->received) {
        records++;
    }
    if (s->clean && !journal_has_cells(ss->journal, records)) {
        return false;
    }
    if (s->clean) {
        s->clean = false;
        mqtt_keep_all(ss, s, now_ms);
    }
    return true;
}

/* Neither ready nor asleep until it is opened anew. */
static void suspend(struct mqtt_session *s)
{
    mqtt_session_leave_line(s);
    s->asleep = false;
}

struct mqtt_session *mqtt_session_open(struct mqtt_sessions *ss, const struct mqtt_opening *opening,
                                       uint64_t now_ms)
{
    bool present = false;
    struct mqtt_session *s = find_or_make(ss, opening, &present, now_ms);

    if (s == NULL) {
        block_drop(opening->acl);
        return NULL;
    }
    if (s->open && opening->goes_on) {
        suspend(s);
        mqtt_session_owe_nothing(ss, s);
    } else if (s->open) {
        mqtt_session_close(ss, s, MQTT_END_PARTED, now_ms);
    }
    mqtt_session_leave_line(s);
    if (opening->holder != NULL && opening->holder != s->name) {
        move_name(s, opening);
    }
    s->quota = opening->quota;
    s->door_item = opening->door_item;
    s->window = opening->quota.inflight;
    if (s->door != MQTT_DOOR_UPSTREAM) {
        s->dropped = 0;
        s->too_old = 0;
    }
    s->open = true;
    mqtt_session_set_acl(ss, s, opening->acl, now_ms);
    if (!owe_opened(ss, s, present)) {
        mqtt_session_close(ss, s, MQTT_END_PARTED, now_ms);
        return NULL;
    }
    if (opening->anew) {
        mqtt_session_begin_anew(ss, s, now_ms);
    }
    mqtt_session_resume(ss, s);
    return s;
}

void mqtt_session_set_acl(struct mqtt_sessions *ss, struct mqtt_session *s, struct block *acl,
                          uint64_t now_ms)
{
    block_drop(s->acl);
    s->acl = acl;
    if (acl != NULL) {
        mqtt_queue_drop_denied(ss, s, now_ms);
    }
}

void mqtt_session_set_will(struct mqtt_sessions *ss, struct mqtt_session *s,
                           struct mqtt_message *will, uint64_t now_ms)
{
    bool had = s->will != NULL;

    mqtt_message_drop(s->will);
    s->will = will;
    if (had || will != NULL) {
        mqtt_keep_will(ss, s, now_ms);
    }
}
