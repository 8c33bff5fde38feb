/* mqtt/acl.h - who may publish and subscribe to what: the one place that says so.
 *
 * An acl lists filters, expanded for the client that has it. A client without an acl may do all.
 * Nobody may publish to `$SYS/...`, whatever its acl says: those topics are the gateway's.
 *
 * Ownership: an acl lies in one block, by whose references it is shared; in a struct mqtt_acl that
 * is given to mqtt_acl_new the filters are borrowed.
 */
#ifndef MQTT_ACL_H
#define MQTT_ACL_H

#include <stdbool.h>

#include "base/block.h"
#include "base/bytes.h"

struct mqtt_acl_list {
    const struct span *filters;
    size_t count;
};

struct mqtt_acl {
    struct mqtt_acl_list publish;
    struct mqtt_acl_list subscribe;
};

/* A copy of `from` in one block, with one reference; NULL: no memory. */
struct block *mqtt_acl_new(struct budget *budget, const struct mqtt_acl *from);

/* The acl of such a block; NULL of NULL. */
const struct mqtt_acl *mqtt_acl_of(const struct block *block);

bool mqtt_acl_may_publish(const struct mqtt_acl *acl, struct span topic);

/* May it be sent messages of this topic? */
bool mqtt_acl_may_read(const struct mqtt_acl *acl, struct span topic);

/* True when one of the acl's filters covers all that `filter` matches. */
bool mqtt_acl_may_subscribe(const struct mqtt_acl *acl, struct span filter);

/* True when every name that `narrow` matches is matched by `wide`. Both are well-formed filters. */
bool mqtt_acl_covers(struct span wide, struct span narrow);

#endif
