/* mqtt/topic.h - topic names and filters: well-formed or not, levels, who matches whom.
 * [MQTT 3.1.1, 4.7]
 *
 * Pure; octets are compared as they are, nothing is normalised [MQTT-4.7.3-4].
 */
#ifndef MQTT_TOPIC_H
#define MQTT_TOPIC_H

#include "base/bytes.h"

#define MQTT_TOPIC_MAX 65535u /* octets [MQTT-4.7.3-3] */

/* One character or more of UTF-8, no wildcards. */
bool mqtt_topic_is_name(struct span name);

/* One character or more of UTF-8; `+` fills a level, `#` fills the last. */
bool mqtt_topic_is_filter(struct span filter);

/* Levels of a name or filter: one more than its slashes. */
size_t mqtt_topic_levels(struct span topic);

/* Does this well-formed filter match this name? `a/#` matches `a` too; a wildcard first matches
 * no name that begins with `$` [MQTT-4.7.2-1]. */
bool mqtt_topic_matches(struct span filter, struct span name);

static inline bool mqtt_topic_is_system(struct span name)
{
    return name.len != 0 && name.at[0] == '$';
}

/* Is `topic` the name `parent`, or below it? Nothing lies under an empty parent. */
bool mqtt_topic_lies_under(struct span topic, struct span parent);

/* Can a name that this well-formed filter matches lie under `parent`, which has no wildcards? */
bool mqtt_topic_reaches(struct span filter, struct span parent);

/* Takes the first level from *rest, the slash after it too; false: there is none left. *rest
 * begins as the topic and ends with at NULL. */
bool mqtt_topic_next_level(struct span *rest, struct span *level);

#endif
