/* gateway/edge/release.h - what a configuration may ask for that this release has not.
 *
 * Settings without effect yet are notes of config/check.h. What stands here would expose octets
 * that were meant to be protected, or leave a listener or upstream unserved: it is an error.
 */
#ifndef GATEWAY_EDGE_RELEASE_H
#define GATEWAY_EDGE_RELEASE_H

#include "config/conf.h"

/* Adds an error for each such setting. */
void gw_release_check(const struct conf *conf, struct conf_report *report);

#endif
