#include "gateway/hub/nodes.h"

#include "gateway/hub/say.h"
#include "gateway/hub/seen.h"

#define TOPIC_MOST 1024u /* octets of an expanded template */

struct hub_node *hub_node_of(struct hub *hub, struct sn_node *node)
{
    struct hub_node *hn = sn_node_user(node);

    if (hn != NULL) {
        return hn;
    }
    hn = pool_take(&hub->nodes);
    if (hn == NULL) {
        return NULL;
    }
    hn->node = node;
    list_init(&hn->in_stalled);
    list_push(&hub->all_nodes, &hn->in_all);
    sn_node_set_user(node, hn);
    return hn;
}

void hub_node_forget(struct hub *hub, struct hub_node *hn)
{
    struct sn_node *node = hn->node;

    hub_seen_left(hub, hn);
    list_remove(&hn->in_all);
    list_remove(&hn->in_stalled);
    block_drop(hn->names_memory);
    sn_node_set_user(node, NULL);
    pool_give(&hub->nodes, hn);
    sn_gate_forget(hub->gate, node);
}

void hub_nodes_fini(struct hub *hub)
{
    struct list *link = NULL;

    while ((link = list_pop(&hub->all_nodes)) != NULL) {
        hub_node_forget(hub, LIST_ITEM(link, struct hub_node, in_all));
    }
}

static const struct conf_node *section_of(const struct conf *conf, struct span client_id)
{
    for (size_t i = 0; i < conf->node_count; i++) {
        const char *id = conf->node[i].client_id;

        if (id != NULL && span_equal(span_of_text(id), client_id)) {
            return &conf->node[i];
        }
    }
    return NULL;
}

struct conf_place hub_node_place(const struct hub *hub, const struct hub_node *hn)
{
    struct span id = sn_node_id(hn->node);
    const struct conf_node *section = section_of(hub->conf, id);
    uint16_t listener = sn_node_peer(hn->node).listener;

    return (struct conf_place){
        .node = section,
        .listener = listener < hub->conf->listener_count ? &hub->conf->listener[listener] : NULL,
        .name = section == NULL ? id : span_of_text(section->at.name),
        .client_id = id,
    };
}

struct span hub_node_name(const struct hub *hub, const struct hub_node *hn)
{
    return hub_node_place(hub, hn).name;
}

struct hub_node *hub_node_named(struct hub *hub, struct span name)
{
    LIST_EACH (link, &hub->all_nodes) {
        struct hub_node *hn = LIST_ITEM(link, struct hub_node, in_all);

        if (span_equal(hub_node_name(hub, hn), name)) {
            return hn;
        }
    }
    return NULL;
}

void hub_nodes_relearn(struct hub *hub, uint64_t now_ms)
{
    (void)now_ms;
    LIST_EACH (link, &hub->all_nodes) {
        (void)hub_node_learn_names(hub, LIST_ITEM(link, struct hub_node, in_all));
    }
}

struct conf_settings hub_node_settings(const struct hub *hub, const struct hub_node *hn)
{
    struct conf_place place = hub_node_place(hub, hn);

    return conf_node_settings(hub->conf, &place);
}

struct mqtt_quota hub_node_quota(const struct hub *hub, const struct hub_node *hn)
{
    struct conf_settings with = hub_node_settings(hub, hn);

    return (struct mqtt_quota){.queued = (uint32_t)with.sleep_queue,
                               .queued_bytes = (uint32_t)with.sleep_bytes,
                               .subscriptions = (uint32_t)hub->conf->limits.subscriptions.second,
                               .inflight = 1, /* SN-152 */
                               .when_full = hub_when_full(with.when_full)};
}

/* One pass over the entries in force; with `names` NULL it only measures: octets of topics in
 * *octets, entries as the result. */
static size_t expand(const struct hub *hub, const struct conf_place *place, struct sn_name *names,
                     struct writer *topics, size_t *octets)
{
    const struct conf_topic_entry *entry = NULL;
    struct conf_topicmap_walk walk = {0};
    size_t count = 0;

    while (conf_topicmap_next(hub->conf, place, &walk, &entry)) {
        uint8_t room[TOPIC_MOST];
        struct writer w = writer_of(room, sizeof room);

        if (!conf_place_expand(hub->conf, place, entry->template, &w)) {
            continue;
        }
        *octets += written(&w);
        if (names != NULL) {
            names[count] = (struct sn_name){.id = entry->key.id,
                                            .is_short = entry->key.is_short,
                                            .topic = span_of(topics->at, written(&w))};
            write_span(topics, span_of(room, written(&w)));
        }
        count++;
    }
    return count;
}

bool hub_node_learn_names(struct hub *hub, struct hub_node *hn)
{
    struct conf_place place = hub_node_place(hub, hn);
    size_t octets = 0;
    size_t count = expand(hub, &place, NULL, NULL, &octets);
    size_t head = count * sizeof(struct sn_name);
    struct sn_name *names = NULL;
    struct writer topics;

    block_drop(hn->names_memory);
    hn->names_memory = NULL;
    hn->names = (struct sn_names){0};
    if (count == 0) {
        return true;
    }
    hn->names_memory = block_new(&hub->sessions.budget, head + octets);
    if (hn->names_memory == NULL) {
        return false;
    }
    names = (struct sn_name *)(void *)hn->names_memory->octets;
    topics = writer_of(hn->names_memory->octets + head, octets);
    hn->names.entries = names;
    hn->names.count = expand(hub, &place, names, &topics, &octets);
    return true;
}

void hub_nodes_notice(struct hub *hub, const struct mqtt_notice *notice)
{
    struct hub_node *hn = notice->user;
    bool dropping = notice->kind == MQTT_NOTICE_DROPPING;

    hub_say(hub, &(struct hub_line_of_log){dropping ? CONF_WARNING : CONF_INFO, "session",
                                           dropping ? "queue full, messages are dropped:"
                                                    : "session expired:",
                                           notice->name, NULL});
    if (!dropping && notice->door == MQTT_DOOR_NODE && hn != NULL) {
        hn->session = NULL;
        hub_node_forget(hub, hn);
    }
}
