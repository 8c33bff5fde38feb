/* gateway/edge/watch.h - live messages of nodes as lines of JSON, to those who asked.
 *
 *     {"watching":true}, then for each message a line, until the asker is gone
 *
 * A line that an asker who reads slowly has no room for is lost to it; {"lost":N} tells how many.
 */
#ifndef GATEWAY_EDGE_WATCH_H
#define GATEWAY_EDGE_WATCH_H

#include "gateway/edge/ask.h"

/* Brings what the hub saw to those who watch. */
void gw_watch_hear(struct gw_control *control);

enum gw_answered gw_watch_step(struct gw_asker *asker);
void gw_watch_stop(struct gw_asker *asker);

#endif
