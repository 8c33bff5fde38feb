#include "mqtt/mould.h"

struct place {
    struct map_item by_key;
    uint64_t key[2]; /* number of the mould, origin */
    struct mqtt_session *session;
};

static struct place *find(const struct mqtt_sessions *ss, const struct mqtt_session *mould,
                          uint32_t origin)
{
    uint64_t key[2] = {mould->number, origin};

    return ss->moulded.limit == 0
               ? NULL
               : MAP_ITEM(map_find(&ss->by_origin, span_of(key, sizeof key)), struct place, by_key);
}

struct mqtt_session *mqtt_mould_find(const struct mqtt_sessions *ss,
                                     const struct mqtt_session *mould, uint32_t origin)
{
    struct place *place = origin == 0 ? NULL : find(ss, mould, origin);

    return place == NULL ? NULL : place->session;
}

/* Most gateways have no mould, and none of this. */
static bool is_ready(struct mqtt_sessions *ss)
{
    if (ss->moulded.limit == 0) {
        if (!map_init(&ss->by_origin, ss->limits.sessions, rng_next(&ss->rng))) {
            return false;
        }
        pool_init(&ss->moulded, sizeof(struct place), ss->limits.sessions);
    }
    return true;
}

bool mqtt_mould_join(struct mqtt_sessions *ss, const struct mqtt_session *mould, uint32_t origin,
                     struct mqtt_session *s)
{
    struct place *place = is_ready(ss) ? pool_take(&ss->moulded) : NULL;

    if (place == NULL) {
        return false;
    }
    place->key[0] = mould->number;
    place->key[1] = origin;
    place->session = s;
    map_add(&ss->by_origin, &place->by_key, span_of(place->key, sizeof place->key));
    return true;
}

void mqtt_mould_leave(struct mqtt_sessions *ss, const struct mqtt_session *mould, uint32_t origin)
{
    struct place *place = find(ss, mould, origin);

    if (place != NULL) {
        map_remove(&ss->by_origin, &place->by_key);
        pool_give(&ss->moulded, place);
    }
}
