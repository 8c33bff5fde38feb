#include "sn/gate_parts.h"

static struct sn_node *first_of(const struct list *nodes)
{
    return list_is_empty(nodes) ? NULL : LIST_ITEM(nodes->next, struct sn_node, in_line);
}

static void line_up(struct list *nodes, struct sn_node *node)
{
    list_remove(&node->in_line);
    list_push(nodes, &node->in_line);
}

static size_t count_of(const struct list *nodes)
{
    size_t count = 0;

    LIST_EACH (link, nodes) {
        count++;
    }
    return count;
}

/* It may try again later. All that it was sent is shorter than its CONNECT. */
static void drop_attempt(struct sn_gate *gate, struct sn_node *node)
{
    gate->count.evicted++;
    gate->cause = "its place was needed";
    node->admission_code = SN_RC_CONGESTION;
    sn_gate_step(gate, node, SN_ON_REFUSED, NULL);
}

void sn_gate_half_open(struct sn_gate *gate, struct sn_node *node)
{
    line_up(&gate->half_open, node);
    if (count_of(&gate->half_open) > SN_HALF_OPEN) {
        drop_attempt(gate, first_of(&gate->half_open));
    }
}

void sn_gate_idles(struct sn_gate *gate, struct sn_node *node)
{
    if (!node->stays) {
        line_up(&gate->idle, node);
    }
}

void sn_gate_stays(struct sn_node *node)
{
    if (!node->stays) {
        node->stays = true;
        list_remove(&node->in_line);
    }
}

void sn_gate_heard(struct sn_gate *gate, struct sn_node *node)
{
    if (!node->stays && node->open) {
        line_up(&gate->idle, node);
    }
}

static void evict(struct sn_gate *gate, struct sn_node *node)
{
    gate->count.evicted++;
    sn_gate_dismiss(gate, node, gate->now_ms);
    list_remove(&node->in_line);
    sn_gate_tell(gate, SN_NEWS_EVICTED, node)->cause = "it never asked for anything";
}

/* Who was not heard for longer goes; within the same second, who has not even a session. */
bool sn_gate_make_place(struct sn_gate *gate)
{
    struct sn_node *idle = first_of(&gate->idle);
    struct sn_node *half = first_of(&gate->half_open);

    if (gate->nodes.used < gate->config.nodes) {
        return true;
    }
    if (half != NULL && (idle == NULL || half->hello.at_ms / 1000 <= idle->heard_s)) {
        drop_attempt(gate, half);
        return true;
    }
    if (idle != NULL) {
        evict(gate, idle);
    }
    return idle != NULL;
}
