/* base/utf8.h - is this well-formed UTF-8 that MQTT allows? [MQTT-1.5.3-1, -2, -3] */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>

#include "base/bytes.h"

/* False on overlong forms, surrogates, code points above U+10FFFF, U+0000 and cut sequences. */
bool utf8_is_text(struct span text);

#endif
