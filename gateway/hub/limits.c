#include "gateway/hub/limits.h"

#define USUAL 64u /* different ones in a usual configuration */

/* What equal nodes share; its key is `limits`. */
struct shared {
    struct map_item item;
    size_t nodes;
    struct hub_limits limits;
};

bool hub_limits_init(struct hub *hub, uint64_t seed)
{
    return map_init(&hub->limits, USUAL, seed);
}

void hub_limits_fini(struct hub *hub)
{
    map_fini(&hub->limits);
}

static uint16_t percent_of(uint64_t thousandths)
{
    return (uint16_t)(thousandths / 10);
}

static uint32_t capped(uint64_t value)
{
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

struct sn_limits hub_limits_of_listener(const struct conf_listener *listener)
{
    return (struct sn_limits){.retry_ms = (uint32_t)listener->retry_ms,
                              .retries = (uint8_t)listener->retries,
                              .max_message = (uint16_t)listener->max_message,
                              .keepalive_percent = percent_of(listener->keepalive_grace),
                              .sleep_percent = percent_of(listener->sleep_grace)};
}

/* All octets are set, those between the fields too: they are a key. */
static void fill(struct hub *hub, const struct conf_place *place, const struct conf_settings *with,
                 struct hub_limits *out)
{
    uint64_t most = with->max_message;

    memset(out, 0, sizeof *out);
    if (place->listener != NULL) {
        uint64_t all = hub->listeners[place->listener - hub->conf->listener].limits.max_message;

        most = most < all ? most : all;
    }
    out->sn.retry_ms = (uint32_t)with->retry_ms;
    out->sn.retries = (uint8_t)with->retries;
    out->sn.max_message = (uint16_t)most;
    out->sn.keepalive_percent = percent_of(with->keepalive_grace);
    out->sn.sleep_percent = percent_of(with->sleep_grace);
    out->quota.queued = (uint32_t)with->sleep_queue;
    out->quota.queued_bytes = (uint32_t)with->sleep_bytes;
    out->quota.subscriptions = (uint32_t)hub->conf->limits.subscriptions.second;
    out->quota.inflight = 1; /* SN-152 */
    out->quota.keeps_nothing = with->queue_age_ms == 0;
    out->quota.age_ms = with->queue_age_ms == CONF_NONE ? 0 : with->queue_age_ms;
    out->quota.when_full = hub_when_full(with->when_full);
    out->wake_messages = capped(with->wake_messages);
}

static struct shared *shared_of(const struct sn_limits *limits)
{
    const size_t before = offsetof(struct shared, limits);
    struct shared *shared = NULL;
    const char *at = (const char *)limits - before;

    memcpy(&shared, &at, sizeof at); /* the gate's pointer is const, ours is not */
    return shared;
}

static struct shared *intern(struct hub *hub, const struct hub_limits *limits)
{
    struct map_item *item = map_find(&hub->limits, span_of(limits, sizeof *limits));
    struct shared *shared = MAP_ITEM(item, struct shared, item);

    if (shared == NULL) {
        shared = reserve(sizeof *shared);
        if (shared == NULL) {
            return NULL;
        }
        memcpy(&shared->limits, limits, sizeof *limits);
        map_add(&hub->limits, &shared->item, span_of(&shared->limits, sizeof shared->limits));
    }
    shared->nodes++;
    return shared;
}

bool hub_limits_set(struct hub *hub, struct hub_node *hn, const struct conf_place *place,
                    const struct conf_settings *with)
{
    struct hub_limits limits;
    struct shared *shared = NULL;

    fill(hub, place, with, &limits);
    shared = intern(hub, &limits);
    if (shared == NULL) {
        return false;
    }
    hub_limits_drop(hub, hn);
    sn_node_set_limits(hn->node, &shared->limits.sn);
    return true;
}

void hub_limits_drop(struct hub *hub, struct hub_node *hn)
{
    const struct sn_limits *limits = sn_node_limits(hn->node);
    struct shared *shared = limits == NULL ? NULL : shared_of(limits);

    sn_node_set_limits(hn->node, NULL);
    if (shared == NULL) {
        return;
    }
    shared->nodes--;
    if (shared->nodes == 0) {
        map_remove(&hub->limits, &shared->item);
        release(shared);
    }
}

const struct hub_limits *hub_limits_of(const struct hub_node *hn)
{
    return &shared_of(sn_node_limits(hn->node))->limits;
}
