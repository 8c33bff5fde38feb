/* base/json.h - is this JSON? [RFC 8259] */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>

#include "base/bytes.h"

#define JSON_DEPTH 64u /* arrays and objects inside each other */

/* One value with blanks around it, at most JSON_DEPTH deep. Its text is well-formed UTF-8 if `text`
 * is: that is not looked at here. */
bool json_is_value(struct span text);

#endif
