/* gateway/hub/tap.h - live messages of nodes, for those who watch.
 *
 * Who opens a tap gets a copy of each message that a node sends, that is sent to a node, or that
 * comes at QoS -1, if it fits his wishes. Copies wait until they are taken, HUB_TAP_ROOM octets of
 * them for all taps; what finds no room is lost to the watchers alone, and counted for each.
 * Where nobody watches, a message costs one branch.
 */
#ifndef GATEWAY_HUB_TAP_H
#define GATEWAY_HUB_TAP_H

#include "gateway/hub/hub.h"

#define HUB_TAPS        8
#define HUB_TAP_ROOM    262144u /* octets, charged to the budget while a tap is open */
#define HUB_TAP_PAYLOAD 1024u   /* octets of a payload that are copied */
#define HUB_TAP_WISH    4096u   /* octets of filter and name */

struct hub_tapped {
    struct span node; /* its name; empty: a sender that has none */
    struct span topic;
    struct span payload; /* its first octets */
    size_t size;         /* octets of the whole payload */
    const char *refused; /* why nobody got it: static text; NULL: it went on */
    uint16_t listener;   /* its place in the configuration */
    unsigned taps;       /* bit n: tap n wants it */
    bool to_node;        /* else from it */
    bool stray;          /* QoS -1 */
    bool dup;
    bool retain;
    uint8_t qos;
};

/* Opens a tap for topics that fit `filter` and the node of that name; empty spans fit all. Returns
 * its number, or -1 and `why`, static text. */
int hub_tap_open(struct hub *hub, struct span filter, struct span node, const char **why);
void hub_tap_close(struct hub *hub, int tap);

/* The next message that was seen; false: none. Spans live until the hub is called again. */
bool hub_tapped(struct hub *hub, struct hub_tapped *out);

/* Messages that found no room, since this was last asked. */
uint64_t hub_tap_lost(struct hub *hub, int tap);

/* Closes those that are open. */
void hub_taps_fini(struct hub *hub);

/* --- for the border --------------------------------------------------------------------------- */

struct conf_place;
struct hub_node;

/* A node's PUBLISH, or one at QoS -1: from where (NULL: its node's), on which topic, and what
 * became of it. */
void hub_tap_from(struct hub *hub, const struct sn_news *news, const struct conf_place *place,
                  struct span topic, enum mqtt_err err);

/* A message on its way to a node. */
void hub_tap_to(struct hub *hub, const struct hub_node *hn, const struct sn_delivery *delivery);

#endif
