/* gateway/edge/known.h - passwords that were right a short while ago.
 *
 * After a failure of the network all clients come back at once; whose password was right before is
 * not made to wait for ten thousand argon2 computations. What is kept is no password but
 * HMAC-SHA256 of user, hash and password under a key that is made at start and never leaves.
 *
 * Limits: GW_KNOWN entries, the oldest gives way; each lives GW_KNOWN_MS from when it was verified.
 */
#ifndef GATEWAY_EDGE_KNOWN_H
#define GATEWAY_EDGE_KNOWN_H

#include <mbedtls/md.h>

#include "base/list.h"
#include "base/map.h"
#include "gateway/edge/fault.h"

#define GW_KNOWN     1024u
#define GW_KNOWN_MS  600000u
#define GW_KNOWN_TAG 32u /* octets */

struct gw_known_entry {
    struct list link;
    struct map_item item;
    uint64_t until_ms;
    uint8_t tag[GW_KNOWN_TAG];
};

struct gw_known {
    mbedtls_md_context_t hmac;
    struct map map;    /* by tag */
    struct list order; /* the oldest first */
    struct gw_known_entry *entries;
    size_t used;
};

/* False: after gw_known_fini nothing is left. */
bool gw_known_init(struct gw_known *known, struct gw_fault *fault);
void gw_known_fini(struct gw_known *known);

/* The tag of three texts; one whose hash changed is another. */
void gw_known_tag(struct gw_known *known, const struct span texts[3], uint8_t tag[GW_KNOWN_TAG]);

bool gw_known_has(const struct gw_known *known, const uint8_t tag[GW_KNOWN_TAG], uint64_t now_ms);
void gw_known_add(struct gw_known *known, const uint8_t tag[GW_KNOWN_TAG], uint64_t now_ms);

#endif
