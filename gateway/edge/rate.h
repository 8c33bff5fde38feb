/* gateway/edge/rate.h - how often one address may come: a token for each, new ones over time.
 *
 * An address that has not come for a while has all its tokens, which is what one that was never
 * seen has; so a full table forgets whoever is nearest to that. IPv6: a /64 is one address.
 *
 * Limits: GW_RATE_CELLS addresses at once. Those who have more of them are not held by this.
 */
#ifndef GATEWAY_EDGE_RATE_H
#define GATEWAY_EDGE_RATE_H

#include "gateway/edge/addr.h"

#define GW_RATE_WAYS  4u
#define GW_RATE_CELLS 4096u

struct gw_rate_cell {
    uint64_t key;     /* hash of the address */
    uint64_t full_us; /* all its tokens are back by then */
};

struct gw_rate {
    struct gw_rate_cell *cells; /* NULL: no limit */
    uint64_t seed[2];
    uint64_t each_us; /* a token comes back after */
    uint64_t all_us;
};

/* `rate->count` at once, and as many in each `rate->per_ms`. False: no memory. */
bool gw_rate_init(struct gw_rate *rate, const struct conf_rate *conf, uint64_t seed);
void gw_rate_fini(struct gw_rate *rate);

/* Takes a token of `from`; false: it has none. */
bool gw_rate_take(struct gw_rate *rate, const union gw_addr *from, uint64_t now_ms);

#endif
