/* gateway/hub/who.h - which [node] a sender is: one index over all identities of the configuration.
 *
 * Several fit: certificate, psk_identity, uid, address on the bus, node id behind a forwarder,
 * client id, in this order; from (an IP address) only for QoS -1, whose sender says nothing else. A
 * client id that no section has may have been given a place at run time (gateway/hub/given.h).
 *
 * Sections belong to hub->conf; a new one makes the index anew.
 */
#ifndef GATEWAY_HUB_WHO_H
#define GATEWAY_HUB_WHO_H

#include "gateway/hub/nodes.h"

/* Who asks; empty spans are not known. */
struct hub_sender {
    struct span cert;
    struct span psk_identity;
    struct span uid;
    struct span client_id;
    const struct sn_peer *peer; /* NULL: not known where */
    bool without_connect;       /* QoS -1 */
};

/* The index of hub->conf. False: no memory. */
bool hub_who_init(struct hub *hub, uint64_t seed);
void hub_who_fini(struct hub *hub);

/* Makes it anew after hub->conf has changed; holders are forgotten. What memory is short for is not
 * found. */
void hub_who_build(struct hub *hub);

/* NULL: no [node]. */
const struct conf_node *hub_who_is(const struct hub *hub, const struct hub_sender *sender);

/* The [node] of that name, that client id; NULL: none. */
const struct conf_node *hub_who_named(const struct hub *hub, struct span name);
const struct conf_node *hub_who_has(const struct hub *hub, struct span client_id);

/* Has the file said who it is? */
bool hub_who_is_settled(const struct conf_node *section);

/* The node that has the section's name, or NULL. */
struct hub_node *hub_who_holds(const struct hub *hub, const struct conf_node *section);
void hub_who_hold(struct hub *hub, const struct conf_node *section, struct hub_node *hn);

/* Fills listener, address and wireless of `place`. */
void hub_who_stand(const struct hub *hub, const struct sn_peer *peer, struct conf_place *place);

#endif
