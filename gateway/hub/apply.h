/* gateway/hub/apply.h - a new configuration on the running hub.
 *
 * The caller has compared old and new (config/diff.h) and found that they differ only in what may
 * change live: whole sections of topics, node, group, acl and user, and of the others the keys that
 * the option table (config/options/) calls live or new. Listeners, brokers and upstreams are the
 * same ones in the same order.
 *
 * No session ends. Rights hold from the next publish and delivery on; KEYs, and subscriptions made
 * by KEY, mean the new topic at once; normal ids keep their names; retained messages stay (CONFIG
 * "Topic maps" 6). A node whose section went, or whose name changes, keeps its session.
 */
#ifndef GATEWAY_HUB_APPLY_H
#define GATEWAY_HUB_APPLY_H

#include "gateway/hub/hub.h"

/* From the return on the hub borrows `next`; nothing points into the old one, which the caller may
 * free. */
void hub_apply(struct hub *hub, const struct conf *next, uint64_t now_ms);

#endif
