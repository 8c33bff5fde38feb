/* sn/names.h - topic names and filters as text, and a node's predefined ids and short names.
 *
 * A node writes topics below its mount: to it `temp` is what others call `farm/roof/temp`. What its
 * KEYs mean are whole topics, mount or not. (CONFIG "Topic maps" 5)
 */
#ifndef SN_NAMES_H
#define SN_NAMES_H

#include "base/bytes.h"

/* A predefined id or short name of a node. */
struct sn_name {
    uint32_t at; /* of its topic in `text` */
    uint16_t len;
    uint16_t id; /* of a short name: its two octets */
    bool is_short;
};

/* Many nodes may share one. */
struct sn_names {
    const struct sn_name *entries;
    const uint8_t *text;
    size_t count;
    struct span mount; /* with its last `/`; empty: none */
};

/* The entry of a predefined id or short name, or NULL. `names` may be NULL, so below. */
const struct sn_name *sn_names_by_id(const struct sn_names *names, uint16_t id, bool is_short);

/* Its topic; empty: its template wants what the node does not have, so the id is unknown. */
struct span sn_names_topic(const struct sn_names *names, const struct sn_name *name);

/* Takes the mount off a whole topic; false: it lies outside, `topic` is left alone. */
bool sn_names_dismount(const struct sn_names *names, struct span *topic);

/* Not empty, UTF-8 without U+0000, no wildcard. */
bool sn_topic_is_name(struct span topic);

/* As above, with `+` and `#` where MQTT allows them. */
bool sn_topic_is_filter(struct span topic);

#endif
