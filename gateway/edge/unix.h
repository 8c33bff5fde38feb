/* gateway/edge/unix.h - a Unix stream socket to listen at. */
#ifndef GATEWAY_EDGE_UNIX_H
#define GATEWAY_EDGE_UNIX_H

#include "gateway/edge/fault.h"

#define GW_UNIX_PATH 108u /* octets of a path, its NUL too: what the kernel takes */

/* Listens at `path`, mode 0660, in place of a socket that nobody serves any more; the file is the
 * caller's to take away. -1: the fault says why, and names one that is served. */
int gw_unix_listen(const char *path, struct gw_fault *fault);

#endif
