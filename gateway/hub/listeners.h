/* gateway/hub/listeners.h - the gate's settings of each [listener], and what is told of one:
 * stand-by, datagrams that were lost or refused. */
#ifndef GATEWAY_HUB_LISTENERS_H
#define GATEWAY_HUB_LISTENERS_H

#include "gateway/hub/parts.h"

/* Makes hub->listeners and hub->datagrams. False: no memory. */
bool hub_listeners_init(struct hub *hub);
void hub_listeners_fini(struct hub *hub);

/* The configuration is another one with the same listeners: what may change live does. */
void hub_listeners_apply(struct hub *hub, uint64_t now_ms);

/* A line for the log when more was dropped or refused than when that was last said; of each kind
 * at once the first time, then at most once a minute. */
void hub_listeners_say(struct hub *hub, uint64_t now_ms);

/* After each message of a peer: was it dropped without an answer, it is who the log names. */
void hub_listeners_note(struct hub *hub, const struct sn_peer *from);

/* STANDS_IN, STANDS_BY. */
void hub_listeners_news(struct hub *hub, const struct sn_news *news, uint64_t now_ms);

#endif
