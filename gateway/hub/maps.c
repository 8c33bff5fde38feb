#include "gateway/hub/maps.h"

#include "config/expand.h"
#include "gateway/hub/say.h"

#define USUAL 64u /* different shared ones in a usual configuration */

/* Entries, then topics and mount, in `octets`. */
struct hub_map {
    struct map_item item; /* of a shared one; its key is `octets` */
    struct sn_names names;
    size_t size; /* charged */
    uint32_t nodes;
    bool is_shared;
    _Alignas(uint64_t) uint8_t octets[];
};

bool hub_maps_init(struct hub *hub, uint64_t seed)
{
    return map_init(&hub->maps, USUAL, seed);
}

void hub_maps_fini(struct hub *hub)
{
    map_fini(&hub->maps);
}

bool hub_mount_write(const struct hub *hub, const struct conf_place *place, struct writer *w)
{
    const char *mount = conf_node_settings(hub->conf, place).mount;

    return mount == NULL || conf_place_expand(hub->conf, place, mount, w);
}

/* --- expansion ------------------------------------------------------------------------------- */

/* One map in the making. */
struct making {
    struct hub *hub;
    const struct conf_place *place;
    const char *template;    /* of the mount; NULL: none */
    struct sn_name *entries; /* NULL: only measure */
    size_t count;
    struct writer text; /* when measuring, without room */
    size_t octets;      /* of text */
    size_t mount;       /* of them, the last */
    bool is_personal;
    bool lacks; /* an entry wants a value that the node has not */
};

static void put(struct making *m, struct span topic)
{
    if (m->entries != NULL) {
        write_span(&m->text, topic);
    }
    m->octets += topic.len;
}

static void take(struct making *m, const struct conf_topic_entry *entry)
{
    struct writer w = writer_of(m->hub->topic, UINT16_MAX);
    bool made = conf_place_expand(m->hub->conf, m->place, entry->template, &w);

    m->lacks = m->lacks || !made;
    m->is_personal = m->is_personal ||
                     (conf_placeholders_of(span_of_text(entry->template)) & CONF_NODE_VALUES) != 0;
    if (m->entries != NULL) {
        struct sn_name *name = &m->entries[m->count];

        name->at = (uint32_t)m->octets;
        name->len = (uint16_t)written(&w);
        name->id = entry->key.id;
        name->is_short = entry->key.is_short;
    }
    m->count++;
    put(m, span_of(m->hub->topic, written(&w)));
}

/* One pass over the entries in force; the mount comes last. False: it cannot be made. */
static bool pass(struct making *m)
{
    const struct conf_topic_entry *entry = NULL;
    const char *mount = m->template;
    struct conf_topicmap_walk walk = {0};
    struct writer w = writer_of(m->hub->topic, UINT16_MAX);

    m->count = 0;
    m->octets = 0;
    while (conf_topicmap_next(m->hub->conf, m->place, &walk, &entry)) {
        take(m, entry);
    }
    if (mount == NULL) {
        return true;
    }
    m->is_personal =
        m->is_personal || (conf_placeholders_of(span_of_text(mount)) & CONF_NODE_VALUES) != 0;
    if (!conf_place_expand(m->hub->conf, m->place, mount, &w)) {
        return false;
    }
    m->mount = written(&w);
    put(m, span_of(m->hub->topic, m->mount));
    return true;
}

/* --- shared ones ----------------------------------------------------------------------------- */

static struct hub_map *new_map(struct hub *hub, size_t octets)
{
    size_t size = sizeof(struct hub_map) + octets;
    struct hub_map *map = budget_reserve(&hub->sessions.budget, size);

    if (map != NULL) {
        map->size = size;
    }
    return map;
}

static void free_map(struct hub *hub, struct hub_map *map)
{
    budget_release(&hub->sessions.budget, map, map->size);
}

static struct span content_of(const struct hub_map *map)
{
    return span_of(map->octets, map->size - sizeof *map);
}

/* The one that is there with the same content, or `map` itself, now shared. */
static struct hub_map *share(struct hub *hub, struct hub_map *map)
{
    struct hub_map *same = MAP_ITEM(map_find(&hub->maps, content_of(map)), struct hub_map, item);

    if (same != NULL) {
        free_map(hub, map);
        return same;
    }
    map->is_shared = true;
    map_add(&hub->maps, &map->item, content_of(map));
    return map;
}

static struct hub_map *map_of(const struct hub_node *hn)
{
    const struct sn_names *names = sn_node_names(hn->node);
    struct hub_map *map = NULL;
    const char *at = NULL;

    if (names == NULL) {
        return NULL;
    }
    at = (const char *)names - offsetof(struct hub_map, names);
    memcpy(&map, &at, sizeof at); /* the gate's pointer is const, ours is not */
    return map;
}

void hub_maps_drop(struct hub *hub, struct hub_node *hn)
{
    struct hub_map *map = map_of(hn);

    sn_node_set_names(hn->node, NULL);
    if (map == NULL || --map->nodes > 0) {
        return;
    }
    if (map->is_shared) {
        map_remove(&hub->maps, &map->item);
    }
    free_map(hub, map);
}

/* --- a node's -------------------------------------------------------------------------------- */

static struct hub_map *make(struct making *m)
{
    size_t head = m->count * sizeof(struct sn_name);
    size_t octets = m->octets;
    struct hub_map *map = new_map(m->hub, head + octets);

    if (map == NULL) {
        return NULL;
    }
    m->entries = (struct sn_name *)(void *)map->octets;
    m->text = writer_of(map->octets + head, octets);
    (void)pass(m);
    map->names =
        (struct sn_names){.entries = m->entries, .text = map->octets + head, .count = m->count};
    map->names.mount = span_of(map->octets + head + octets - m->mount, m->mount);
    return m->is_personal ? map : share(m->hub, map);
}

static void say_lack(struct hub *hub, struct hub_node *hn)
{
    if (!hn->said_lack) {
        hub_say(hub, &(struct hub_line_of_log){
                         CONF_NOTICE, "node",
                         "has KEYs without a topic, for its name or client id cannot stand in one:",
                         hub_node_name(hub, hn), NULL});
    }
    hn->said_lack = true;
}

enum hub_outcome hub_maps_learn(struct hub *hub, struct hub_node *hn,
                                const struct conf_place *place, const char *mount)
{
    struct making m = {.hub = hub, .place = place, .template = mount};
    struct hub_map *map = NULL;

    if (!pass(&m)) {
        return HUB_NO_MOUNT;
    }
    if (m.lacks) {
        say_lack(hub, hn);
    }
    if (m.count + m.octets != 0) {
        map = make(&m);
        if (map == NULL) {
            return HUB_NO_MEMORY;
        }
        map->nodes++;
    }
    hub_maps_drop(hub, hn);
    sn_node_set_names(hn->node, map == NULL ? NULL : &map->names);
    return HUB_LEARNT;
}

const struct sn_names *hub_maps_of(const struct hub_node *hn)
{
    return sn_node_names(hn->node);
}

struct span hub_mounted(struct hub *hub, const struct hub_node *hn, struct span topic, bool mapped)
{
    const struct sn_names *names = hub_maps_of(hn);
    struct writer w = writer_of(hub->topic, HUB_TOPIC_MOST);

    if (mapped || names == NULL || names->mount.len == 0) {
        return topic;
    }
    write_span(&w, names->mount);
    write_span(&w, topic);
    return w.bad ? (struct span){NULL, 0} : span_of(hub->topic, written(&w));
}
