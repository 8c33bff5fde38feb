/* gateway/hub/sys.h - what the broker says of itself: retained topics under $SYS/broker/, by the
 * names that mosquitto gave them, so that dashboards work.
 *
 * Published when they changed: every HUB_SYS_MS while anything happens, and before a CONNECT is
 * judged when they are older than HUB_SYS_FRESH_MS; so a client that comes finds fresh values, and
 * an idle gateway sleeps. They are never stored.
 */
#ifndef GATEWAY_HUB_SYS_H
#define GATEWAY_HUB_SYS_H

#include "gateway/hub/parts.h"

#define HUB_SYS_MS       10000u
#define HUB_SYS_FRESH_MS 1000u

void hub_sys_init(struct hub *hub, uint64_t now_ms);

/* Publishes what changed, unless that was done less than `age_ms` ago. */
void hub_sys_tell(struct hub *hub, uint64_t age_ms, uint64_t now_ms);

/* When to tell: never while nothing happens. */
uint64_t hub_sys_deadline(const struct hub *hub);

#endif
