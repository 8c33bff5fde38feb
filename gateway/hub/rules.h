/* gateway/hub/rules.h - the send rules of an upstream as subscriptions of its session.
 *
 * Each rule is a subscription under its number (its place in the file, from 1), so the session's
 * queue knows which template belongs to a message; what is excluded is a subscription too. The
 * first rule in file order that fits decides, and exclude goes before all (CONFIG "Rules").
 */
#ifndef GATEWAY_HUB_RULES_H
#define GATEWAY_HUB_RULES_H

#include "gateway/hub/uplink.h"

/* Makes the session's subscriptions those of the configuration: what no rule asks for any more
 * goes, retained messages are queued for rules that are new. The session is open. */
void hub_rules_apply(struct hub *hub, struct hub_uplink *up, uint64_t now_ms);

/* Queues the retained messages for all rules, as if they were new. */
void hub_rules_resend(struct hub *hub, struct hub_uplink *up, uint64_t now_ms);

#endif
