/* sn/gate_keys.c - what an id in a message means to a node, and by which id a topic goes to it. */
#include "sn/gate_parts.h"

/* A short name as text: the two octets, unless the node's maps say what they mean. */
static struct sn_meaning short_meaning(struct sn_gate *gate, const struct sn_node *node,
                                       uint16_t id)
{
    const struct sn_name *name = sn_names_by_id(node->names, id, true);

    if (name != NULL) {
        return (struct sn_meaning){sn_names_topic(node->names, name), true};
    }
    gate->short_name[0] = (uint8_t)(id >> 8);
    gate->short_name[1] = (uint8_t)id;
    return (struct sn_meaning){span_of(gate->short_name, 2), false};
}

/* SN-105 */
struct sn_meaning sn_gate_meaning(struct sn_gate *gate, const struct sn_node *node,
                                  enum sn_topic_type type, uint16_t id)
{
    const struct sn_name *name = NULL;
    const struct sn_topic *topic = NULL;

    switch (type) {
    case SN_TOPIC_NORMAL:
        topic = sn_topics_by_id(&node->topics, id);
        return topic == NULL ? (struct sn_meaning){.mapped = false}
                             : (struct sn_meaning){sn_topic_name(&node->topics, topic), false};
    case SN_TOPIC_PREDEFINED:
        name = sn_names_by_id(node->names, id, false);
        return name == NULL ? (struct sn_meaning){.mapped = true}
                            : (struct sn_meaning){sn_names_topic(node->names, name), true};
    case SN_TOPIC_SHORT: return short_meaning(gate, node, id);
    default: return (struct sn_meaning){.mapped = false};
    }
}

static bool is_same(const struct sn_node *node, struct sn_meaning a, struct sn_meaning b)
{
    if (a.mapped && !b.mapped && !sn_names_dismount(node->names, &a.topic)) {
        return false;
    }
    if (b.mapped && !a.mapped && !sn_names_dismount(node->names, &b.topic)) {
        return false;
    }
    return span_equal(a.topic, b.topic);
}

/* Its octets, not the scratch of the gate, which another meaning may lie in. */
static struct sn_meaning key_meaning(const struct sn_node *node, const struct sn_key *key,
                                     uint8_t room[2])
{
    const struct sn_name *name = sn_names_by_id(node->names, key->id, key->is_short);

    if (name != NULL) {
        return (struct sn_meaning){sn_names_topic(node->names, name), true};
    }
    room[0] = (uint8_t)(key->id >> 8);
    room[1] = (uint8_t)key->id;
    return (struct sn_meaning){span_of(room, key->is_short ? 2 : 0), false};
}

static bool key_means(const struct sn_node *node, const struct sn_key *key,
                      struct sn_meaning meaning)
{
    uint8_t room[2];

    return is_same(node, key_meaning(node, key, room), meaning);
}

void sn_gate_use(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt,
                 struct sn_meaning meaning)
{
    enum sn_topic_type type = sn_flags_topic_type(pkt->flags);
    uint8_t use = pkt->type == SN_PUBLISH ? SN_KEY_PUBLISHED : SN_KEY_SUBSCRIBED;
    struct sn_key *key = NULL;

    for (size_t i = 0; (key = sn_keys_at(node->keys, i)) != NULL; i++) {
        if ((key->uses & use) != 0 && key_means(node, key, meaning)) {
            key->uses &= (uint8_t)~use;
        }
    }
    if (type != SN_TOPIC_NORMAL && pkt->type != SN_UNSUBSCRIBE) {
        sn_keys_add(&node->keys, gate->config.budget,
                    (struct sn_key){pkt->topic_id, type == SN_TOPIC_SHORT, use});
    }
}

/* The KEY under which a whole topic goes to the node, or NULL. */
static const struct sn_key *key_for(const struct sn_node *node, struct span topic)
{
    struct sn_meaning wanted = {topic, true};
    const struct sn_key *best = NULL;
    const struct sn_key *key = NULL;

    for (size_t i = 0; (key = sn_keys_at(node->keys, i)) != NULL; i++) {
        if (key->uses != 0 && (best == NULL || (key->uses & SN_KEY_SUBSCRIBED) != 0) &&
            key_means(node, key, wanted)) {
            best = key;
        }
    }
    return best;
}

void sn_gate_forget_key(struct sn_node *node, uint16_t id, uint8_t type)
{
    struct sn_key *key = NULL;

    for (size_t i = 0; (key = sn_keys_at(node->keys, i)) != NULL; i++) {
        if (key->id == id &&
            (type == SN_TOPIC_NORMAL || key->is_short == (type == SN_TOPIC_SHORT))) {
            key->uses = 0;
        }
    }
}

/* --- by which id a topic goes ---------------------------------------------------------------- */

/* SN-081; its timer says when it is over. */
static bool must_wait(struct sn_gate *gate, struct sn_node *node, const struct sn_topic *topic)
{
    uint64_t until_ms = 1000 * (uint64_t)topic->ask_after_s;

    if (topic->told || until_ms <= gate->now_ms) {
        return false;
    }
    if (until_ms < node->watch.due) {
        sn_gate_timer(gate, SN_TIMER_WATCH, &node->watch, until_ms);
    }
    return true;
}

enum sn_err sn_gate_choose_normal(struct sn_gate *gate, struct sn_node *node, struct sn_exchange *x)
{
    struct sn_topic *topic = sn_topics_by_name(&node->topics, x->topic);

    if (x->topic.len == 0) {
        return SN_ERR_OUTSIDE;
    }
    if (topic == NULL) {
        topic = sn_topics_add(&node->topics, gate->config.budget, x->topic, true,
                              gate->config.wildcard_names);
        if (topic == NULL) {
            return SN_ERR_FULL;
        }
        sn_gate_name(gate, node);
    }
    if (topic->refused) {
        return SN_ERR_REFUSED;
    }
    if (must_wait(gate, node, topic)) {
        return SN_ERR_LATER;
    }
    x->topic_type = SN_TOPIC_NORMAL;
    x->topic_id = topic->id;
    x->kind = topic->told ? SN_EXCHANGE_PUBLISH : SN_EXCHANGE_REGISTER;
    return SN_OK;
}

/* Two octets go as the short name that they are, for which no map is needed, unless a map says that
 * they mean something else or the node has an id for them. SN-150 */
static bool is_short_name(const struct sn_node *node, struct span topic)
{
    return topic.len == 2 &&
           sn_names_by_id(node->names, (uint16_t)(topic.at[0] << 8 | topic.at[1]), true) == NULL &&
           sn_topics_by_name(&node->topics, topic) == NULL;
}

/* CONFIG "Topic maps" 3 */
enum sn_err sn_gate_choose_id(struct sn_gate *gate, struct sn_node *node, struct sn_exchange *x)
{
    const struct sn_key *key = key_for(node, x->topic);

    if (!sn_names_dismount(node->names, &x->topic)) {
        x->topic = (struct span){NULL, 0};
    }
    x->kind = SN_EXCHANGE_PUBLISH;
    if (key != NULL) {
        x->topic_type = key->is_short ? SN_TOPIC_SHORT : SN_TOPIC_PREDEFINED;
        x->topic_id = key->id;
        return SN_OK;
    }
    if (is_short_name(node, x->topic)) {
        x->topic_type = SN_TOPIC_SHORT;
        x->topic_id = (uint16_t)(x->topic.at[0] << 8 | x->topic.at[1]);
        return SN_OK;
    }
    return sn_gate_choose_normal(gate, node, x);
}

void sn_gate_restore_key(struct sn_gate *gate, struct sn_node *node, uint16_t id, bool is_short)
{
    sn_keys_add(&node->keys, gate->config.budget, (struct sn_key){id, is_short, SN_KEY_SUBSCRIBED});
}
