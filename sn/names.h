/* sn/names.h - topic names and filters as text, and a node's predefined ids and short names. */
#ifndef SN_NAMES_H
#define SN_NAMES_H

#include "base/bytes.h"

/* A predefined id or short name of a node. */
struct sn_name {
    uint16_t id; /* of a short name: its two octets */
    bool is_short;
    struct span topic;
};

struct sn_names {
    const struct sn_name *entries;
    size_t count;
};

/* The entry of a predefined id or short name, or NULL. */
const struct sn_name *sn_names_by_id(const struct sn_names *names, uint16_t id, bool is_short);

/* The first entry of a topic, or NULL. */
const struct sn_name *sn_names_by_topic(const struct sn_names *names, struct span topic);

/* Not empty, UTF-8 without U+0000, no wildcard. */
bool sn_topic_is_name(struct span topic);

/* As above, with `+` and `#` where MQTT allows them. */
bool sn_topic_is_filter(struct span topic);

#endif
