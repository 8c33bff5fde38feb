/* gateway/hub/echo.h - what an upstream sent a short while ago, to know it when it comes back.
 *
 * Where a message that goes up fits a receive rule of the same upstream, the far broker may return
 * it. It is noted, and an arrival with the same topic and payload within HUB_ECHO_MS is an echo,
 * once for each time that it was sent. (CONFIG "Rules of [upstream]")
 *
 * Memory: nothing until the first note; HUB_ECHO_NOTES at most, then the oldest give way.
 */
#ifndef GATEWAY_HUB_ECHO_H
#define GATEWAY_HUB_ECHO_H

#include "base/list.h"
#include "base/map.h"
#include "base/pool.h"

#define HUB_ECHO_MS    10000u
#define HUB_ECHO_NOTES 65536u

struct hub_echo {
    uint64_t seed;    /* the owner sets it */
    struct map notes; /* in use once `cells` has its limit */
    struct pool cells;
    struct list by_age; /* oldest first */
};

void hub_echo_fini(struct hub_echo *echo);

/* It goes up now. Without memory it is not noted. */
void hub_echo_note(struct hub_echo *echo, struct span topic, struct span payload, uint64_t now_ms);

/* It came. True: it is an echo, and that is forgotten. */
bool hub_echo_take(struct hub_echo *echo, struct span topic, struct span payload, uint64_t now_ms);

#endif
