/* gateway/edge/certs.h - the TLS setups of all ports and upstreams, and how long they are good for.
 *
 * Read at start and again at each reload, from the files that the configuration names: all, or
 * none; PSKs come with the configuration. Connections hold the setup they began with, so a reload
 * ends none; new ones take the new. At start, at a reload and once a day the log says how many days
 * the certificates have left.
 *
 * Ownership: one reference of each setup; the configuration is borrowed.
 */
#ifndef GATEWAY_EDGE_CERTS_H
#define GATEWAY_EDGE_CERTS_H

#include "gateway/edge/loop.h"
#include "gateway/edge/tls.h"

#define GW_CERTS_WARN_DAYS 30
#define GW_CERTS_LOOK_MS   86400000u

struct gw_certs {
    struct gw_loop *loop;
    const struct conf *conf;
    /* Brokers, then upstreams, as the configuration has them; NULL where there is no TLS. */
    struct gw_tls_setup **setups;
    struct gw_tls_shelf shelf;
    struct event *look; /* once a day; not armed where no certificate is ours */
};

/* False: the fault says which file, and why. */
bool gw_certs_init(struct gw_certs *certs, struct gw_loop *loop, const struct conf *conf,
                   struct gw_fault *fault);
void gw_certs_fini(struct gw_certs *certs);

/* From now on for `conf`, which has the same ports and upstreams. False, and nothing changed: the
 * fault says which file, and why. */
bool gw_certs_reload(struct gw_certs *certs, const struct conf *conf, struct gw_fault *fault);

/* How many setups there are. */
size_t gw_certs_count(const struct gw_certs *certs);

/* Of [broker] number `i`, [upstream] number `i`; borrowed. NULL: it has no TLS, or files that
 * differ from node to node. */
struct gw_tls_setup *gw_certs_broker(const struct gw_certs *certs, size_t i);
struct gw_tls_setup *gw_certs_upstream(const struct gw_certs *certs, size_t i);

/* Files that differ from node to node: read now, as `conf` names them for one. The caller's; NULL:
 * the fault says why. */
struct gw_tls_setup *gw_certs_own(struct gw_certs *certs, const struct conf_upstream *conf,
                                  struct gw_fault *fault);

#endif
