/* gateway/hub/far.h - what the far broker's session of an upstream is subscribed to, as far as we
 * know, and the SUBSCRIBE and UNSUBSCRIBE that make it what the receive rules say.
 *
 * A filter is certain once a SUBACK granted it, until the far session is a new one or another url
 * is used. What is certain is not asked for again; what no rule wants is unsubscribed, certain or
 * not, when all else is there. In the store these are rows of TABLE_TOPIC of the upstream's
 * session, item 1 and up: QoS, and the filter; item 0: the last run ended in order, at this url, so
 * all of them are certain. After a crash none is: CONNACK 0 may have come and not been written.
 */
#ifndef GATEWAY_HUB_FAR_H
#define GATEWAY_HUB_FAR_H

#include "gateway/hub/uplink.h"

void hub_far_init(struct hub_far *far);
void hub_far_fini(struct hub_far *far);

/* A row of the store, of the upstream's session `s`. False: no memory. */
bool hub_far_restore(struct hub *hub, const struct mqtt_session *s, const struct record *record);

/* All is restored and `far` has its session `s`; a run is to end in order. */
void hub_far_start(struct hub *hub, struct hub_far *far, const struct mqtt_session *s,
                   uint64_t now_ms);
void hub_far_stop(struct hub *hub, struct hub_far *far, const struct mqtt_session *s,
                  const struct conf_upstream *conf, uint64_t now_ms);

/* CONNACK 0 from the upstream's url. */
void hub_far_online(struct hub *hub, struct hub_uplink *up, bool present, uint64_t now_ms);

/* Writes the request that is due, if it fits. */
void hub_far_write(struct hub_uplink *up, struct writer *w, uint64_t now_ms);

/* The answers to it. */
void hub_far_subscribed(struct hub *hub, struct hub_uplink *up, struct span codes, uint64_t now_ms);
void hub_far_unsubscribed(struct hub *hub, struct hub_uplink *up, uint64_t now_ms);

#endif
