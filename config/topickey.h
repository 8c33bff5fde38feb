/* config/topickey.h - the KEY of a topic map: a predefined topic id or a short topic name. */
#ifndef CONFIG_TOPICKEY_H
#define CONFIG_TOPICKEY_H

#include "base/bytes.h"
#include "config/value.h"

/* 1..65534 or 0x0001..0xFFFE is an id; two other octets, or two in double quotes, a short name.
 * NULL, or what is wrong. */
const char *conf_topic_key_read(struct span text, struct conf_topic_key *out);
void conf_topic_key_write(struct conf_topic_key key, struct writer *w);

static inline bool conf_topic_key_equal(struct conf_topic_key a, struct conf_topic_key b)
{
    return a.id == b.id && a.is_short == b.is_short;
}

#endif
