/* gateway/hub/uplink_lost.h - messages that an upstream dropped: counted, said, published.
 *
 *     full    by a full queue, as when_full says
 *     old     by ttl and queue_age
 *     unfit   because a limit of the upstream forbids them
 *
 * Each kind is a line of the log when it begins, and again only after HUB_LOST_QUIET_MS without.
 * The counts, since the program began, are published at once and then at most every
 * HUB_LOST_TELL_MS.
 */
#ifndef GATEWAY_HUB_UPLINK_LOST_H
#define GATEWAY_HUB_UPLINK_LOST_H

#include "gateway/hub/uplink.h"

#define HUB_LOST_QUIET_MS 600000u
#define HUB_LOST_TELL_MS  10000u

/* Looks whether there are more than there were; of all upstreams. */
void hub_lost_pump(struct hub *hub, uint64_t now_ms);
uint64_t hub_lost_deadline(const struct hub_uplink *up);

/* Publishes the counts, unless nothing was dropped. */
void hub_lost_tell(struct hub *hub, struct hub_uplink *up, uint64_t now_ms);

#endif
