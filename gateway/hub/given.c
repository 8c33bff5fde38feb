#include "gateway/hub/given.h"

const char *hub_gave_text(enum hub_gave outcome)
{
#define HUB_GAVE_TEXT(name, text) text,
    static const char *const texts[] = {HUB_GAVES(HUB_GAVE_TEXT)};
#undef HUB_GAVE_TEXT

    return (unsigned)outcome < HUB_GAVE_KINDS ? texts[outcome] : "unknown";
}

struct hub_gift hub_node_accept(struct hub *hub, struct span name, struct span client_id,
                                uint64_t now_ms)
{
    (void)hub;
    (void)name;
    (void)client_id;
    (void)now_ms;
    return (struct hub_gift){.outcome = HUB_GAVE_UNKNOWN};
}

struct hub_gift hub_node_replace(struct hub *hub, struct span old, struct span with,
                                 uint64_t now_ms)
{
    return hub_node_accept(hub, old, with, now_ms);
}
