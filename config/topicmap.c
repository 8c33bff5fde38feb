#include "config/topicmap.h"

#include "config/expand.h"
#include "config/options.h"
#include "config/reading.h"
#include "config/topickey.h"

bool conf_text_fits(const char *pattern, struct span text)
{
    const char *star = NULL;
    size_t at = 0;
    size_t mark = 0;

    while (at < text.len) {
        if (*pattern == '*') {
            star = pattern++;
            mark = at;
        } else if (*pattern == '?' || (*pattern != '\0' && (uint8_t)*pattern == text.at[at])) {
            pattern++;
            at++;
        } else if (star != NULL) {
            pattern = star + 1;
            at = ++mark;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

static bool names(const struct conf_texts *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->at[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool matches(const struct conf_texts *list, struct span client_id)
{
    for (size_t i = 0; i < list->count; i++) {
        if (conf_text_fits(list->at[i], client_id)) {
            return true;
        }
    }
    return list->count == 0;
}

bool conf_group_holds(const struct conf_group *group, const struct conf_place *place)
{
    bool has_range = group->addresses.high != 0;

    if (place->node != NULL && names(&place->node->group, group->at.name)) {
        return true;
    }
    if (group->match.count == 0 && group->listener == NULL && !has_range) {
        return false;
    }
    if (group->listener != NULL &&
        (place->listener == NULL || strcmp(group->listener, place->listener->at.name) != 0)) {
        return false;
    }
    if (has_range &&
        (place->address < group->addresses.low || place->address > group->addresses.high)) {
        return false;
    }
    return matches(&group->match, place->client_id);
}

/* The maps in force are numbered: the node's lines, its maps; for each group that holds it the
 * group's lines and maps; the listener's maps; `default`. */
struct source {
    const struct conf_topic_entries *lines; /* NULL: none */
    const struct conf_texts *maps;
};

/* Source `index`: 0 the node, then one for each group, then the listener; false behind it. */
static bool source_at(const struct conf *conf, const struct conf_place *place, size_t index,
                      struct source *out)
{
    *out = (struct source){NULL, NULL};
    if (index == 0) {
        if (place->node != NULL) {
            *out = (struct source){&place->node->with.topic, &place->node->with.topics};
        }
        return true;
    }
    if (index <= conf->group_count) {
        const struct conf_group *group = &conf->group[index - 1];

        if (conf_group_holds(group, place)) {
            *out = (struct source){&group->with.topic, &group->with.topics};
        }
        return true;
    }
    if (index == conf->group_count + 1 && place->listener != NULL) {
        out->maps = &place->listener->topics;
    }
    return index == conf->group_count + 1;
}

static const struct conf_topic_entries *map_named(const struct conf *conf, const char *name)
{
    const struct conf_topics *map = conf_topics_find(conf, name);

    return map == NULL ? NULL : &map->entries;
}

/* Entries number `map` in force, NULL where that place holds none; false at the end. */
static bool entries_at(const struct conf *conf, const struct conf_place *place, size_t map,
                       const struct conf_topic_entries **out)
{
    struct source source;
    bool has_map = false;

    *out = NULL;
    for (size_t i = 0; source_at(conf, place, i, &source); i++) {
        size_t maps = source.maps == NULL ? 0 : source.maps->count;

        has_map = has_map || maps != 0;
        if (map <= maps) {
            *out = map == 0 ? source.lines : map_named(conf, source.maps->at[map - 1]);
            return true;
        }
        map -= maps + 1;
    }
    if (map == 0 && !has_map) {
        *out = map_named(conf, "default");
    }
    return map == 0 && !has_map;
}

static const struct conf_topic_entry *entry_of(const struct conf_topic_entries *entries,
                                               struct conf_topic_key key)
{
    for (size_t i = 0; entries != NULL && i < entries->count; i++) {
        if (conf_topic_key_equal(entries->at[i].key, key)) {
            return &entries->at[i];
        }
    }
    return NULL;
}

/* The first entry with the KEY among the maps before number `limit`. */
static const struct conf_topic_entry *first_before(const struct conf *conf,
                                                   const struct conf_place *place,
                                                   struct conf_topic_key key, size_t limit)
{
    const struct conf_topic_entries *entries = NULL;

    for (size_t map = 0; map < limit && entries_at(conf, place, map, &entries); map++) {
        const struct conf_topic_entry *entry = entry_of(entries, key);

        if (entry != NULL) {
            return entry;
        }
    }
    return NULL;
}

bool conf_place_expand(const struct conf *conf, const struct conf_place *place,
                       const char *template, struct writer *w)
{
    struct conf_values values = {0};
    struct writer before = *w;

    values.of[CONF_GATEWAY] = span_of_text(conf->gateway.name);
    values.of[CONF_NODE] = place->name;
    values.of[CONF_CLIENT_ID] = place->client_id;
    if (place->listener != NULL) {
        values.of[CONF_LISTENER] = span_of_text(place->listener->at.name);
    }
    if (!conf_expand(span_of_text(template), &values, 0, w) || w->bad) {
        *w = before;
        return false;
    }
    return true;
}

bool conf_topicmap_has(const struct conf *conf, const struct conf_place *place,
                       struct conf_topic_key key)
{
    return first_before(conf, place, key, SIZE_MAX) != NULL;
}

bool conf_topicmap_find(const struct conf *conf, const struct conf_place *place,
                        struct conf_topic_key key, struct writer *topic)
{
    const struct conf_topic_entry *entry = first_before(conf, place, key, SIZE_MAX);

    return entry != NULL && conf_place_expand(conf, place, entry->template, topic);
}

/* The next entry of one map that no earlier map hides, or NULL. */
static const struct conf_topic_entry *next_in(const struct conf *conf,
                                              const struct conf_place *place,
                                              struct conf_topicmap_walk *at,
                                              const struct conf_topic_entries *entries)
{
    while (entries != NULL && at->entry < entries->count) {
        const struct conf_topic_entry *entry = &entries->at[at->entry++];

        if (first_before(conf, place, entry->key, at->map) == NULL) {
            return entry;
        }
    }
    return NULL;
}

bool conf_topicmap_next(const struct conf *conf, const struct conf_place *place,
                        struct conf_topicmap_walk *at, const struct conf_topic_entry **entry)
{
    const struct conf_topic_entries *entries = NULL;

    for (; entries_at(conf, place, at->map, &entries); at->map++, at->entry = 0) {
        *entry = next_in(conf, place, at, entries);
        if (*entry != NULL) {
            return true;
        }
    }
    return false;
}
