/* gateway/hub/uplink_way.h - by which url an upstream goes, and whether it goes at all.
 *
 * Several urls: the next one is tried when one does not serve (nothing was answered since CONNACK,
 * or it was not reached), and when HUB_WAY_CUTS connections in a row did serve and none lasted
 * MQTT_CLIENT_GOOD_MS: CONNACK is not success. With `balance = order`, while another than the
 * first is in use, the first is tried again after HUB_WAY_BACK_MS by leaving the other in order,
 * with nothing unacknowledged where that can be had; where the first does not serve, the others are
 * tried as ever and the wait doubles up to HUB_WAY_BACK_MOST_MS, until the first has lasted. With
 * `balance = random` chance draws the first and each next one, and none is better than another.
 *
 * `only_while_down`: such an upstream takes messages from when the other had no lasting connection
 * for `down_after` until it has one again; all else passes it by. It is connected while it takes,
 * and until what it took is gone. One that stands by in this way does not count as down.
 *
 * Paused: it is left in order and not dialled; its queue goes on. It lasts until the program ends.
 */
#ifndef GATEWAY_HUB_UPLINK_WAY_H
#define GATEWAY_HUB_UPLINK_WAY_H

#include "gateway/hub/say.h"
#include "gateway/hub/uplink.h"

#define HUB_WAY_CUTS         3u
#define HUB_WAY_BACK_MS      600000u
#define HUB_WAY_BACK_MOST_MS 7200000u
#define HUB_WAY_TELL_MS      60000u /* how often a queue that changes is told */

/* The client of `up` is there; at each start. */
void hub_way_init(struct hub *hub, struct hub_uplink *up, uint64_t now_ms);

/* What the client told. */
void hub_way_online(struct hub_uplink *up, uint64_t now_ms);
void hub_way_down(struct hub *hub, struct hub_uplink *up, const struct mqtt_client_news *news,
                  uint64_t now_ms);

/* Does what is due, and tells what changed. */
void hub_way_pump(struct hub *hub, uint64_t now_ms);
uint64_t hub_way_deadline(const struct hub *hub, const struct hub_uplink *up);

/* Takes no message: it stands by. */
bool hub_way_passes(const struct hub_uplink *up);

/* "online", "offline", "paused", "standby" */
const char *hub_way_state_name(const struct hub_uplink *up);

/* Leaves in order: will_payload, then DISCONNECT; no dialling until mqtt_client_start. */
void hub_way_part(struct hub_uplink *up, uint64_t now_ms);

/* A line of its name, and of the url in use where there are several. */
void hub_way_say(struct hub *hub, const struct hub_uplink *up, const struct hub_line_of_log *line);

#endif
