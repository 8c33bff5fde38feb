/* mqtt/retain.h - the last retained message of each topic. [MQTT 3.1.1, 3.3.1.3]
 *
 *     for (branch = mqtt_retain_match(retain, filter); branch != NULL; branch = branch->next)
 *         ... branch->message ...
 *
 * A match of a filter visits what it finds and little else, not all topics.
 *
 * Ownership: holds one reference of each message.
 */
#ifndef MQTT_RETAIN_H
#define MQTT_RETAIN_H

#include "mqtt/branch.h"

struct mqtt_retain {
    struct mqtt_branches branches;
    size_t limit; /* messages */
    size_t count;
    uint64_t visited; /* branches, by all matches so far */
};

/* False: no memory. */
bool mqtt_retain_init(struct mqtt_retain *retain, struct budget *budget, size_t limit,
                      uint64_t seed);
void mqtt_retain_fini(struct mqtt_retain *retain);

/* Keeps `message`, which is not empty, in place of its topic's last one, and takes a reference of
 * its own. The branch's `number` is the caller's: 0 when new, left alone when replaced. NULL: at
 * the limit or out of budget; what was there stays. */
struct mqtt_branch *mqtt_retain_set(struct mqtt_retain *retain, struct mqtt_message *message);

/* The branch of this topic if it has a retained message, or NULL. */
struct mqtt_branch *mqtt_retain_find(const struct mqtt_retain *retain, struct span topic);

/* Gives up the message of a branch from mqtt_retain_find or _set; the branch is gone after it. */
void mqtt_retain_clear(struct mqtt_retain *retain, struct mqtt_branch *branch);

/* The first of the branches with a message whose topic the filter matches, chained by next;
 * NULL: none. Holds until the next call. */
struct mqtt_branch *mqtt_retain_match(struct mqtt_retain *retain, struct span filter);

#endif
