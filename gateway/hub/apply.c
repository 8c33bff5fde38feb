#include "gateway/hub/apply.h"

#include "gateway/hub/access.h"
#include "gateway/hub/listeners.h"
#include "gateway/hub/nodes.h"
#include "gateway/hub/seen.h"
#include "gateway/hub/told.h"
#include "gateway/hub/uplink.h"

void hub_apply(struct hub *hub, const struct conf *next, uint64_t now_ms)
{
    const struct conf *before = hub->conf;
    bool moves = strcmp(before->gateway.state, next->gateway.state) != 0;

    if (moves) {
        hub_tell_nothing(hub, now_ms);
    }
    hub->conf = next;
    hub->sessions.own = span_of_text(next->gateway.state);
    hub_listeners_apply(hub, now_ms);
    hub_uplinks_apply(hub);
    hub_access_apply(hub, before, now_ms);
    hub_nodes_relearn(hub, now_ms);
    hub_registry_rename(hub, now_ms);
    if (moves) {
        hub_tell_all(hub, now_ms);
        hub_told_pump(hub, now_ms);
    }
}
