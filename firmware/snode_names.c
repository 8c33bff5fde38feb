/* What a topic id means: names of the config by their place, others in the caller's memory. */
#include "firmware/snode_parts.h"

/* An entry of memory.names: id and length, two octets each, then the name; oldest first. */
enum { ENTRY_HEAD = 4 };

static struct span known(const struct snode *node)
{
    return span_of(node->memory.names, node->names_len);
}

struct span snode_name(const struct snode *node, const struct snode_topic *topic)
{
    switch (topic->by) {
    case SNODE_BY_INDEX: return span_of_text(node->config->topics[topic->id]);
    case SNODE_BY_NAME: return topic->name;
    default: return span_of(NULL, 0);
    }
}

void snode_forget(struct snode *node)
{
    node->names_len = 0;
    memset(node->inbound, 0, sizeof node->inbound);
    for (uint16_t i = 0; i < node->config->topic_count; i++) {
        node->memory.ids[i] = 0;
    }
}

/* The entry of `id`, head and name; empty if there is none. */
static struct span entry_of(const struct snode *node, uint16_t id)
{
    struct reader r = reader_of(known(node));

    while (read_left(&r) != 0) {
        const uint8_t *start = r.at;
        uint16_t found = read_u16(&r);
        size_t len = read_span(&r, read_u16(&r)).len;

        if (found == id) {
            return span_of(start, ENTRY_HEAD + len);
        }
    }
    return span_of(NULL, 0);
}

static void drop_entry(struct snode *node, struct span entry)
{
    size_t at = (size_t)(entry.at - node->memory.names);

    node->names_len = (uint16_t)(node->names_len - entry.len);
    memmove(node->memory.names + at, node->memory.names + at + entry.len, node->names_len - at);
}

void snode_unlearn(struct snode *node, uint16_t id)
{
    struct span entry = entry_of(node, id);

    if (entry.len != 0) {
        drop_entry(node, entry);
    }
    for (uint16_t i = 0; i < node->config->topic_count; i++) {
        if (node->memory.ids[i] == id) {
            node->memory.ids[i] = 0;
        }
    }
}

static bool add_entry(struct snode *node, struct span name, uint16_t id)
{
    size_t need = ENTRY_HEAD + name.len;
    struct writer w;

    if (need > node->memory.names_size) {
        return false;
    }
    while (node->names_len + need > node->memory.names_size) {
        struct reader oldest = reader_of(known(node));
        drop_entry(node, entry_of(node, read_u16(&oldest)));
    }
    w = writer_of(node->memory.names + node->names_len, need);
    write_u16(&w, id);
    write_u16(&w, (uint16_t)name.len);
    write_span(&w, name);
    node->names_len = (uint16_t)(node->names_len + need);
    return true;
}

bool snode_learn(struct snode *node, struct span name, uint16_t id)
{
    snode_unlearn(node, id);
    for (uint16_t i = 0; i < node->config->topic_count; i++) {
        if (span_equal(name, span_of_text(node->config->topics[i]))) {
            node->memory.ids[i] = id;
            return true;
        }
    }
    return add_entry(node, name, id);
}

static bool recall_index(const struct snode *node, struct snode_topic *topic)
{
    for (uint16_t i = 0; i < node->config->topic_count; i++) {
        if (node->memory.ids[i] == topic->id) {
            *topic = snode_index(i);
            topic->name = span_of_text(node->config->topics[i]);
            return true;
        }
    }
    return false;
}

bool snode_recall(const struct snode *node, struct snode_topic *topic)
{
    struct span entry;

    if (topic->by != SNODE_BY_NAME) {
        return true;
    }
    if (topic->id == 0 || recall_index(node, topic)) {
        return topic->id != 0 || topic->by == SNODE_BY_INDEX;
    }
    entry = entry_of(node, topic->id);
    topic->name = span_from(entry, ENTRY_HEAD);
    return entry.len != 0;
}
