/* config/load.h - gateway.conf from the disk: the one file of config/ that does I/O.
 *
 * Reads FILE and what its `include` names, the environment, and the files of secrets.
 */
#ifndef CONFIG_LOAD_H
#define CONFIG_LOAD_H

#include "config/conf.h"

/* The configuration in `path`, or the built-in one when `path` is NULL. NULL: `report` has the
 * errors. */
struct conf *conf_load(const char *path, struct conf_report *report);

#endif
