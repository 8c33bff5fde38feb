/* gateway/hub/mould_parts.h - what the files of gateway/hub/mould.h share; for them alone. */
#ifndef GATEWAY_HUB_MOULD_PARTS_H
#define GATEWAY_HUB_MOULD_PARTS_H

#include "gateway/hub/mould.h"

/* The next member from `place` on, NULL at the end. */
struct hub_member *hub_member_next(const struct hub_mould *mould, size_t *place);

/* Something waits, or is not acknowledged. */
bool hub_member_has_messages(const struct hub_member *member);

/* Into the line where it belongs, unless it is connected or has no node. */
void hub_member_line_up(struct hub_member *member);

/* With its session and all that waits. */
void hub_member_free(struct hub *hub, struct hub_member *member, uint64_t now_ms);

#endif
