/* gateway/hub/say.h - one line for the log, from words and octets; pure. */
#ifndef GATEWAY_HUB_SAY_H
#define GATEWAY_HUB_SAY_H

#include "gateway/hub/parts.h"

/* A line "AREA WHAT NAME: more", written when the edge asks. `name` is made printable; `more` may
 * be NULL. When HUB_LOG_LINES wait, the line is counted instead. */
struct hub_line_of_log {
    enum conf_level level;
    const char *area;
    const char *what;
    struct span name;
    const char *more;
};
void hub_say(struct hub *hub, const struct hub_line_of_log *line);

/* "10.0.0.7:1884", "[fe80::1]:1884", "a line"; no more than HUB_PEER_TEXT octets. The octets of an
 * address are the edge's: gateway/edge/addr.h says what they are. */
#define HUB_PEER_TEXT 64u
/* "10.0.0.7:1884" from what a peer's address begins with: IP and port; "7" on a bus. False, and
 * nothing written: there is none, as on a line. */
bool hub_write_address(struct writer *w, struct span octets);

void hub_write_peer(struct writer *w, const struct sn_peer *peer);

/* The oldest line; false: none. */
bool hub_said(struct hub *hub, struct hub_news *news);

#endif
