/* gateway/edge/release.h - what a configuration may ask for that this release cannot serve safely.
 *
 * Most settings without effect yet are harmless notes of the configuration. What stands here would
 * leave open what was meant to be protected, or a listener or upstream unserved: `sedge check`
 * notes it, `sedge run` does not start.
 */
#ifndef GATEWAY_EDGE_RELEASE_H
#define GATEWAY_EDGE_RELEASE_H

#include "config/conf.h"

/* Adds an error, or a note, for each such setting. */
void gw_release_check(const struct conf *conf, struct conf_report *report, bool as_notes);

#endif
