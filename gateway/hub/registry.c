#include "gateway/hub/registry.h"

#include "gateway/hub/nodes.h"

const char *hub_node_state_name(enum hub_node_state state)
{
    static const char *const names[] = {[HUB_NODE_NEVER] = "never",
                                        [HUB_NODE_ACTIVE] = "active",
                                        [HUB_NODE_ASLEEP] = "asleep",
                                        [HUB_NODE_LOST] = "lost",
                                        [HUB_NODE_DISCONNECTED] = "disconnected"};

    return names[state];
}

bool hub_nodes_next(struct hub *hub, struct hub_nodes_walk *walk, struct hub_node_view *out)
{
    (void)hub;
    (void)walk;
    (void)out;
    return false;
}

bool hub_node_find(struct hub *hub, struct span name, struct hub_node_view *out)
{
    (void)hub;
    (void)name;
    (void)out;
    return false;
}

bool hub_node_topics_next(struct hub *hub, struct span name, struct hub_topics_walk *walk,
                          struct hub_topic_view *out)
{
    (void)hub;
    (void)name;
    (void)walk;
    (void)out;
    return false;
}

bool hub_unknown_next(struct hub *hub, size_t *walk, struct hub_unknown_view *out)
{
    (void)hub;
    (void)walk;
    (void)out;
    return false;
}

bool hub_node_forget_named(struct hub *hub, struct span name, uint64_t now_ms)
{
    (void)hub;
    (void)name;
    (void)now_ms;
    return false;
}
