/* config/topicmap.h - which KEY means which topic for a node, and which settings a node has.
 *
 * CONFIG "Topic maps" 1: the node's `topic` lines, then the maps named in its `topics`, its
 * groups', its listener's; the map `default` only where none of these names a map. The first
 * entry with the KEY wins. Looked up at use, so a new struct conf acts at once.
 *
 * Pure: nothing is kept between calls; memory is the caller's.
 */
#ifndef CONFIG_TOPICMAP_H
#define CONFIG_TOPICMAP_H

#include "config/conf.h"

/* Who asks, and from where. Empty spans are values that the node does not have. */
struct conf_place {
    const struct conf_node *node;         /* NULL: no section names it */
    const struct conf_listener *listener; /* NULL: unknown */
    struct span name;                     /* %n */
    struct span client_id;                /* %c */
    uint64_t address;                     /* on the bus, for groups; 0: none */
    struct span wireless;                 /* node id behind a forwarder, its octets */
};

/* Writes the topic that `key` means at `place`. False: no entry, or its template needs a value
 * that `place` does not have or that is not fit for a topic; then `topic` is as it was. */
bool conf_topicmap_find(const struct conf *conf, const struct conf_place *place,
                        struct conf_topic_key key, struct writer *topic);

/* Is there an entry of that KEY, whether its template has its values or not? */
bool conf_topicmap_has(const struct conf *conf, const struct conf_place *place,
                       struct conf_topic_key key);

/* Walks the entries in force: `at` from {0}; false at the end. Entries hidden by an earlier one
 * with the same KEY are passed over; templates are not expanded. */
struct conf_topicmap_walk {
    size_t map;
    size_t entry;
};
bool conf_topicmap_next(const struct conf *conf, const struct conf_place *place,
                        struct conf_topicmap_walk *at, const struct conf_topic_entry **entry);

/* Writes `template` with %g %l %n %c of `place` and %% replaced. False: as conf_topicmap_find. */
bool conf_place_expand(const struct conf *conf, const struct conf_place *place,
                       const char *template, struct writer *w);

/* True when `group` holds the node: the node's `group` names it, or its match, listener and
 * addresses, as far as they are written, all fit. */
bool conf_group_holds(const struct conf_group *group, const struct conf_place *place);

/* `text` fits `pattern` with * and ?. */
bool conf_text_fits(const char *pattern, struct span text);

/* The node's settings: its section's, else its groups' in file order, else its listener's, else
 * the defaults. `topics` and `topic` are left to the functions above. */
struct conf_settings conf_node_settings(const struct conf *conf, const struct conf_place *place);

#endif
