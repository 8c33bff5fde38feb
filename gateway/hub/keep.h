/* gateway/hub/keep.h - when records leave for the store, and what comes back from it.
 *
 * One batch is out at a time: one transaction. It leaves when its oldest record is commit_delay
 * old or at HUB_BATCH_OCTETS; a turn's records are never split.
 */
#ifndef GATEWAY_HUB_KEEP_H
#define GATEWAY_HUB_KEEP_H

#include "gateway/hub/parts.h"

#define HUB_BATCH_OCTETS 65536u

/* When hub_records has something; UINT64_MAX: nothing waits, or a batch is out. */
uint64_t hub_keep_deadline(const struct hub *hub);

#endif
