#include "gateway/hub/keep.h"

#include "gateway/hub/bus.h"
#include "gateway/hub/far.h"
#include "gateway/hub/given.h"
#include "gateway/hub/mould.h"
#include "gateway/hub/nodes.h"
#include "gateway/hub/say.h"
#include "gateway/hub/seen.h"
#include "gateway/hub/uplink.h"
#include "mqtt/away.h"

uint64_t hub_keep_deadline(const struct hub *hub)
{
    const struct journal *journal = &hub->journal;

    if (hub->batch_out || journal->pending.count == 0) {
        return UINT64_MAX;
    }
    return journal->pending.octets >= HUB_BATCH_OCTETS || hub->stopping
               ? journal->oldest_ms
               : journal->oldest_ms + hub->commit_delay_ms;
}

bool hub_records(struct hub *hub, struct batch *batch, uint64_t now_ms)
{
    if (hub_keep_deadline(hub) > now_ms || !journal_take(&hub->journal, batch)) {
        return false;
    }
    hub->batch_out = true;
    hub->batch_number = hub->sessions.last_number;
    return true;
}

void hub_kept(struct hub *hub, struct batch *batch, uint64_t now_ms)
{
    (void)now_ms;
    journal_kept(&hub->journal, batch);
    hub->batch_out = false;
    hub->sessions.stored = hub->batch_number;
    mqtt_sessions_kept(&hub->sessions);
}

void hub_not_kept(struct hub *hub, const char *cause)
{
    if (hub->not_kept == NULL) {
        hub_say(hub, &(struct hub_line_of_log){CONF_ERROR,
                                               "store",
                                               "the store does not keep; acknowledgements wait",
                                               {NULL, 0},
                                               cause});
    }
    hub->not_kept = cause;
    hub->journal.full = true;
}

_Static_assert(HUB_WANTED == MQTT_WANTED, "one request");

bool hub_wanted(struct hub *hub, struct hub_wanted *out)
{
    out->count = mqtt_sessions_wanted(&hub->sessions, out->numbers);
    return out->count != 0;
}

void hub_fetched(struct hub *hub, const struct record *rows, size_t count, uint64_t now_ms)
{
    uint64_t unread = hub->sessions.count.unread;

    for (size_t i = 0; i < count; i++) {
        mqtt_sessions_fetched(&hub->sessions, &rows[i], now_ms);
    }
    mqtt_sessions_fetch_end(&hub->sessions);
    if (unread != hub->sessions.count.unread) {
        hub_say(hub, &(struct hub_line_of_log){CONF_ERROR,
                                               "store",
                                               "a message that waited is damaged, and lost",
                                               {NULL, 0},
                                               NULL});
    }
}

static void say_if_full(struct hub *hub, bool full)
{
    static const struct hub_line_of_log begins = {
        .level = CONF_WARNING,
        .area = "store",
        .what =
            "store full, by [store] max, min_free or the disk; acknowledgements of new messages "
            "wait"};
    static const struct hub_line_of_log ends = {
        .level = CONF_NOTICE, .area = "store", .what = "the store has room again"};

    if (full != hub->store_full) {
        hub->store_full = full;
        hub_say(hub, full ? &begins : &ends);
    }
}

void hub_store_works(struct hub *hub, bool full, uint64_t now_ms)
{
    bool was_full = hub->journal.full;

    if (hub->not_kept != NULL) {
        hub->not_kept = NULL;
        hub_say(hub, &(struct hub_line_of_log){
                         CONF_NOTICE, "store", "the store keeps again", {NULL, 0}, NULL});
    }
    say_if_full(hub, full);
    hub->journal.full = full;
    if (was_full && !full) {
        hub_uplinks_have_room(hub, now_ms);
    }
}

struct budget *hub_budget(struct hub *hub)
{
    return &hub->sessions.budget;
}

/* A node of a kept session: the gate must know its id before topics come. */
static bool restore_node(struct hub *hub, const struct record *record)
{
    struct mqtt_session *s = mqtt_session_find(&hub->sessions, MQTT_DOOR_NODE, record->text);
    struct sn_node *node = s == NULL ? NULL : sn_gate_restore(hub->gate, record->text);
    struct hub_node *hn = node == NULL ? NULL : hub_node_of(hub, node);

    if (hn == NULL) {
        return false;
    }
    hn->session = s;
    s->user = hn;
    return true;
}

/* Until its client comes again, a stored session may queue what its door allows: it must not fill
 * the memory of all. Upstreams open theirs, with their own quota, when all is restored. */
static void limit_queue(struct hub *hub, const struct record *record)
{
    struct mqtt_session *s = mqtt_sessions_by_number(&hub->sessions, record->key[1]);

    s->quota.queued = hub->broker.queued;
    s->quota.when_full = MQTT_DROP_QOS0_FIRST;
}

static bool restore_topic(struct hub *hub, const struct record *record)
{
    struct mqtt_session *s = mqtt_sessions_by_number(&hub->sessions, record->key[1]);
    struct hub_node *hn = s == NULL ? NULL : s->user;

    if (s != NULL && s->door == MQTT_DOOR_UPSTREAM) {
        return hub_far_restore(hub, s, record);
    }
    return hn != NULL && sn_gate_restore_topic(hub->gate, hn->node, (uint16_t)record->key[2],
                                               record->text, record->fields[0] != 0);
}

bool hub_restore(struct hub *hub, const struct record *record, uint64_t now_ms)
{
    if (record->key[0] == TABLE_TOPIC) {
        return restore_topic(hub, record);
    }
    if (record->key[0] == TABLE_NODE) {
        return hub_registry_restore(hub, record);
    }
    if (record->key[0] == TABLE_LEASE) {
        hub_lease_restore(hub, record);
    }
    if (record->key[0] == TABLE_GIVEN && !hub_given_restore(hub, record)) {
        return false;
    }
    if (!mqtt_sessions_restore(&hub->sessions, record, now_ms)) {
        return false;
    }
    if (record->key[0] != TABLE_SESSION) {
        return true;
    }
    limit_queue(hub, record);
    switch (record->fields[0]) {
    case MQTT_DOOR_NODE: return restore_node(hub, record);
    case MQTT_DOOR_UPSTREAM:
        return hub_mould_restore(hub, mqtt_sessions_by_number(&hub->sessions, record->key[1]));
    default: return true;
    }
}
