/* config/preset.h - what [upstream] preset fills in: settings of a known cloud, and its limits.
 *
 * A preset is nothing but ordinary settings that the file does not set itself; `sedge dump` shows
 * them. Where the file sets one beyond what the cloud takes, that is an error, for the cloud would
 * cut the connection. What each cloud takes, and who says so: docs/clouds.md.
 */
#ifndef CONFIG_PRESET_H
#define CONFIG_PRESET_H

#include "config/reading.h"

/* Fills in what the upstream's preset knows; says so when there is no such preset. */
void conf_preset_apply(const struct conf_reading *reading, struct conf_upstream *upstream);

/* Says which settings of the file the cloud does not take. */
void conf_preset_check(const struct conf_reading *reading, const struct conf_upstream *upstream);

/* The cloud knows the client id, and takes no other from who logs in so. */
bool conf_preset_ties_id(const char *preset);

#endif
