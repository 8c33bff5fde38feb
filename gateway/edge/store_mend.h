/* gateway/edge/store_mend.h - what can be read of a damaged file, taken over into a new one.
 *
 * The head of the damaged file, and the definition of a table where one alone is amiss, are written
 * anew from those of the new one: of all octets these would cost the most.
 */
#ifndef GATEWAY_EDGE_STORE_MEND_H
#define GATEWAY_EDGE_STORE_MEND_H

#include "gateway/edge/store_sql.h"

/* `to` is open on the new file `path`, and empty; nobody has `bad` open. SQLITE_OK, or why nothing
 * was taken over. */
int gw_mend_take_over(struct gw_sql *to, const char *path, const char *bad);

#endif
