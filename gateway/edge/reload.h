/* gateway/edge/reload.h - the configuration read anew while the gateway runs: all of it, or
 * nothing.
 *
 * At SIGHUP, and when asked for at the control socket. The file is read whole and checked as at
 * start; what differs from the configuration in force must be live: sections of topics, node,
 * group, acl and user, and keys whose row of the option table does not say `restart`. Then
 * certificates are read anew, and one turn swaps all. Else nothing changes, and it is said why.
 * No session and no connection ends.
 */
#ifndef GATEWAY_EDGE_RELOAD_H
#define GATEWAY_EDGE_RELOAD_H

#include "gateway/edge/ask.h"

#define GW_RELOAD_LINES 1000u /* of an answer; more changes are counted */

/* Adds a line for each error and note, or for each change that needs a restart, or for each change
 * made, to the array `lines`, and says them in the log. False: nothing changed; the fault says why.
 */
bool gw_reload(struct gw_run *run, cJSON *lines, struct gw_fault *fault);

enum gw_answered gw_reload_step(struct gw_asker *asker);

#endif
