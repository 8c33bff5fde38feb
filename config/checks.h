/* config/checks.h - what must hold between keys and sections; parts of check.c. */
#ifndef CONFIG_CHECKS_H
#define CONFIG_CHECKS_H

#include "config/reading.h"

/* gateway, listeners, nodes, groups. */
void conf_check_field(const struct conf_reading *reading);

/* brokers, users, upstreams, log. */
void conf_check_network(const struct conf_reading *reading);

/* Passwords of users, those that are known so far: conf_load asks again when it has read files. */
void conf_check_users(const struct conf_reading *reading);

/* NULL, or why `name` cannot be a topic level. */
const char *conf_level_problem(struct span name);

#endif
