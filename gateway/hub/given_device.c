/* gateway/hub/given_device.c - a device that waits on a bus is let in, and has a name; and what
 * stands in the file of it. */
#include "base/utf8.h"
#include "config/nodename.h"
#include "config/options.h"
#include "config/reading.h"
#include "gateway/hub/bus.h"
#include "gateway/hub/given.h"
#include "gateway/hub/who.h"

static bool is_identity(const char *key)
{
    static const char *const keys[] = {"client_id",    "uid",  "address", "wireless_id",
                                       "psk_identity", "cert", "from"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(key, keys[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The line is that of the section's identity. */
struct hub_gift hub_gift_about(const struct hub *hub, enum hub_gave outcome,
                               const struct conf_node *section)
{
    struct hub_gift gift = {.outcome = outcome, .file = section->at.file, .line = section->at.line};

    for (size_t i = 0; i < hub->conf->set_count; i++) {
        const struct conf_set *set = &hub->conf->sets[i];

        if (set->section == &section->at && is_identity(set->row->key)) {
            gift.line = set->line;
        }
    }
    return gift;
}

static bool is_name(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!conf_name_holds(name.at[i])) {
            return false;
        }
    }
    return name.len <= CONF_NAME_MOST && utf8_is_text(name);
}

/* Why the device cannot have the name; HUB_GAVE: it can, or has it. */
static struct hub_gift judge(struct hub *hub, struct span uid, struct span name)
{
    uint8_t room[HUB_UID_KEY];
    struct span key = hub_uid_key(room, uid);
    const struct conf_node *own = hub_who_is(hub, &(struct hub_sender){.uid = uid});
    const struct conf_node *named = hub_who_named(hub, name);
    struct span given = hub_given_id(hub, name);
    const struct hub_node *holder = hub_node_named(hub, name);
    bool is_others = (given.len != 0 && !span_equal(given, key)) ||
                     (holder != NULL && holder != hub_bus_node(hub, uid));

    if (!is_name(name)) {
        return (struct hub_gift){.outcome = HUB_GAVE_BAD_NAME};
    }
    if (own != NULL && own != named && hub_who_is_settled(own)) {
        return hub_gift_about(hub, HUB_GAVE_IN_FILE, own);
    }
    if (named != NULL && named != own && hub_who_is_settled(named)) {
        return hub_gift_about(hub, HUB_GAVE_IN_FILE, named);
    }
    return (struct hub_gift){.outcome = is_others ? HUB_GAVE_NAME_TAKEN : HUB_GAVE};
}

static enum hub_gave let_in(struct hub *hub, struct span uid, uint64_t now_ms)
{
    switch (hub_bus_let_in(hub, uid, now_ms)) {
    case HUB_LET_IN: return HUB_GAVE;
    case HUB_LET_HAS: return HUB_GAVE_HAS;
    case HUB_LET_FULL: return HUB_GAVE_NO_ADDRESS;
    default: return HUB_GAVE_NO_DEVICE;
    }
}

struct hub_gift hub_device_accept(struct hub *hub, struct span uid, struct span name,
                                  uint64_t now_ms)
{
    uint8_t room[HUB_UID_KEY];
    struct span key = hub_uid_key(room, uid);
    struct hub_gift gift = judge(hub, uid, name);
    const struct conf_node *own = hub_who_is(hub, &(struct hub_sender){.uid = uid});

    if (gift.outcome != HUB_GAVE) {
        return gift;
    }
    gift.outcome = let_in(hub, uid, now_ms);
    if (name.len == 0 || gift.outcome == HUB_GAVE_NO_DEVICE ||
        gift.outcome == HUB_GAVE_NO_ADDRESS) {
        return gift;
    }
    if ((own != NULL && hub_who_is_settled(own)) ||
        span_equal(hub_given_name(hub, key), name)) { /* of the file, or given before */
        gift.outcome = gift.outcome == HUB_GAVE ? HUB_GAVE : HUB_GAVE_AGAIN;
        return gift;
    }
    hub_given_leave(hub, key, now_ms);
    return hub_given_take(hub, name, key, now_ms);
}
