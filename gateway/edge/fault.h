/* gateway/edge/fault.h - why something of the operating system could not be had, as one line.
 *
 * A function that can fail returns false and fills the fault it was given; who asked says it on
 * stderr or in the log. At start that line is the last one before exit 1.
 */
#ifndef GATEWAY_EDGE_FAULT_H
#define GATEWAY_EDGE_FAULT_H

#include <stdbool.h>

struct gw_fault {
    char text[512];
};

/* Sets the text, cut where it does not fit. Always false, so that `return gw_fail(...)` reads well.
 */
bool gw_fail(struct gw_fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
