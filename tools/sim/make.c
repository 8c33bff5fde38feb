/* The nodes of a run, and their names. */
#include <stdlib.h>

#include "tools/sim/sim.h"

enum { TEXT_MOST = 1024, WAIT_MS = 5000 /* after "congestion" */, MESSAGE = 1400 };

#define NAMES_MOST 65535u /* what the library can keep of names that a gateway registers */

/* A template under way. */
struct fill {
    const struct sim_group *group;
    const char *id; /* NULL while the id itself is made */
    long number;
};

/* Writes what %`letter` means; false if it means nothing. */
static bool place(char *text, const struct fill *fill, char letter)
{
    switch (letter) {
    case 'n': (void)snprintf(text, TEXT_MOST, "%s", fill->id != NULL ? fill->id : ""); break;
    case 'g': (void)snprintf(text, TEXT_MOST, "%s", fill->group->name); break;
    case 'i': (void)snprintf(text, TEXT_MOST, "%ld", fill->number); break;
    case '%': (void)snprintf(text, TEXT_MOST, "%%"); break;
    default: return false;
    }
    return true;
}

/* A text that lives as long as `sim`; NULL without memory. */
static const char *keep(struct sim *sim, struct span text)
{
    struct sim_text *kept = malloc(sizeof *kept + text.len + 1);

    if (kept == NULL) {
        return NULL;
    }
    memcpy(kept->text, text.at, text.len);
    kept->text[text.len] = '\0';
    kept->next = sim->texts;
    sim->texts = kept;
    return kept->text;
}

static const char *filled(struct sim *sim, struct span template, const struct fill *fill)
{
    uint8_t text[TEXT_MOST];
    struct writer w = writer_of(text, sizeof text);
    struct reader r = reader_of(template);

    while (read_left(&r) != 0) {
        char value[TEXT_MOST] = {(char)read_u8(&r)};

        if (value[0] == '%' && read_left(&r) != 0 && place(value, fill, (char)*r.at)) {
            (void)read_u8(&r);
        }
        write_span(&w, span_of_text(value));
    }
    return keep(sim, span_of(text, written(&w)));
}

static const char *filled_text(struct sim *sim, const char *template, const struct fill *fill)
{
    return filled(sim, span_of_text(template), fill);
}

static const char *filled_topic(struct sim *sim, const struct sim_topic *topic,
                                const struct fill *fill)
{
    return filled(sim, span_of(topic->name, topic->len), fill);
}

/* What a node says when it publishes on its topic `i`; names have an index in its config. */
static struct snode_topic place_of(const struct sim_node *node, size_t i, uint16_t *indexes)
{
    const char *name = node->topics[i];

    if (name == NULL) {
        return snode_predefined(node->group->topics[i].id);
    }
    return strlen(name) == 2 ? snode_short(name[0], name[1]) : snode_index((*indexes)++);
}

static bool make_topics(struct sim *sim, struct sim_node *node, const struct fill *fill)
{
    const struct sim_group *group = node->group;
    bool good = true;

    for (size_t i = 0; i < group->topic_count; i++) {
        if (group->topics[i].name != NULL) {
            node->topics[i] = filled_topic(sim, &group->topics[i], fill);
            good = good && node->topics[i] != NULL;
        }
    }
    for (size_t i = 0; i < group->filter_count; i++) {
        node->filters[i] = filled_topic(sim, &group->filters[i], fill);
        good = good && node->filters[i] != NULL;
    }
    return good;
}

/* The library wants the names that it gives an index in a row. */
static void name_places(struct sim_node *node)
{
    uint16_t indexes = 0;

    for (size_t i = 0; i < node->group->topic_count; i++) {
        node->places[i] = place_of(node, i, &indexes);
        if (node->places[i].by == SNODE_BY_INDEX) {
            node->indexed[node->places[i].id] = node->topics[i];
        }
    }
    node->config.topics = node->indexed;
    node->config.topic_count = indexes;
}

static bool make_will(struct sim *sim, struct sim_node *node, const struct fill *fill)
{
    const struct sim_group *group = node->group;

    if (group->will == NULL) {
        return true;
    }
    node->will = (struct snode_will){.topic = filled_text(sim, group->will, fill),
                                     .data = span_of_text(group->will_message),
                                     .qos = (uint8_t)group->will_qos,
                                     .retain = group->will_retain != 0};
    node->config.will = &node->will;
    return node->will.topic != NULL;
}

static void make_config(struct sim_node *node, const char *id)
{
    const struct sim_group *group = node->group;

    node->config = (struct snode_config){
        .client_id = id,
        .wait_ms = WAIT_MS,
        .keepalive_s = (uint16_t)((group->keepalive_ms + 999) / 1000),
        .retry_ms = (uint16_t)(group->retry_ms),
        .mtu = (uint16_t)(group->payload + SNODE_HEADER > MESSAGE ? group->payload + SNODE_HEADER
                                                                  : MESSAGE),
        .retries = (uint8_t)group->retries};
}

/* Memory for payload and names that costs nothing until it is used. */
static bool make_memory(struct sim_node *node)
{
    size_t data = (size_t)node->group->payload;
    size_t names = node->group->filter_count != 0 ? NAMES_MOST : 0;
    uint8_t *memory = calloc(1, data + names + 1);
    struct snode_memory parts = {.ids = node->ids,
                                 .data = memory,
                                 .data_size = (uint16_t)data,
                                 .names_size = (uint16_t)names,
                                 .names = memory + data};

    if (memory == NULL) {
        return false;
    }
    snode_init(&node->node, &node->config, &parts, (uint32_t)rng_next(&node->rng));
    return true;
}

static bool make_node(struct sim *sim, struct sim_node *node, long number)
{
    struct fill fill = {node->group, NULL, number};
    const char *id = filled_text(sim, node->group->id, &fill);

    if (id == NULL) {
        return false;
    }
    fill.id = id;
    make_config(node, id);
    rng_init(&node->rng, sim->seed + (uint64_t)(node - sim->nodes) * 0x10001);
    heap_item_init(&node->timer);
    if (!make_topics(sim, node, &fill) || !make_will(sim, node, &fill)) {
        return false;
    }
    name_places(node);
    return make_memory(node);
}

static void add_sources(struct sim *sim, struct sim_node *node)
{
    node->source = (uint32_t)sim->source_count;
    for (size_t i = 0; i < node->group->topic_count; i++) {
        sim->sources[sim->source_count++] =
            (struct sim_source){.topic = node->topics[i], .sure = node->group->qos > 0};
    }
}

static bool make_group(struct sim *sim, const struct sim_group *group)
{
    for (long i = 1; i <= group->count; i++) {
        struct sim_node *node = &sim->nodes[sim->count++];

        node->group = group;
        if (!make_node(sim, node, i)) {
            return false;
        }
        add_sources(sim, node);
    }
    return true;
}

bool sim_make(struct sim *sim)
{
    size_t nodes = 0;
    size_t sources = 0;

    for (size_t i = 0; i < sim->group_count; i++) {
        nodes += (size_t)sim->groups[i].count;
        sources += (size_t)sim->groups[i].count * sim->groups[i].topic_count;
    }
    sim->nodes = calloc(nodes + 1, sizeof sim->nodes[0]);
    sim->sources = calloc(sources + 1, sizeof sim->sources[0]);
    if (sim->nodes == NULL || sim->sources == NULL) {
        return false;
    }
    for (size_t i = 0; i < sim->group_count; i++) {
        if (!make_group(sim, &sim->groups[i])) {
            return false;
        }
    }
    return sim_check_make(sim);
}

void sim_free(struct sim *sim)
{
    while (sim->texts != NULL) {
        struct sim_text *next = sim->texts->next;

        free(sim->texts);
        sim->texts = next;
    }
    for (size_t i = 0; i < sim->count; i++) {
        free(sim->nodes[i].node.memory.data);
    }
    free(sim->nodes);
    free(sim->sources);
    free(sim->pairs);
}
