/* gateway/hub/uplink_payload.h - what a payload becomes on its way up ([upstream] payload).
 *
 *     raw    as it came
 *     json   {"ts":1764164450123,"topic":"farm/bed-1/t","node":"bed-1","value":21.5}
 *     thingsboard, by the topic up there:
 *         v1/gateway/telemetry   {"bed-1":[{"ts":1764164450123,"values":{"t":21.5}}]}
 *         v1/gateway/attributes  {"bed-1":{"t":21.5}}
 *         v1/gateway/connect     {"device":"bed-1"} of STATE/nodes/bed-1/state; for a node that is
 *                                gone the topic is v1/gateway/disconnect
 *         v1/devices/me/...      telemetry and attributes of the gateway, without a device
 *         others                 as it came
 *
 * ts is when it arrived here, in milliseconds of the wall clock; topic the one it has here; node
 * null if none sent it. value is a payload that is JSON (base/json.h) as it is, else that text as a
 * string; in its place octets that are no UTF-8 text stand under "base64". An empty payload stays
 * empty: a retained message that it clears here is cleared there too.
 *
 * For ThingsBoard the device is the node that sent it, else the level before the last, else the
 * gateway; the key is the last level, unless the payload is a JSON object, which has keys of its
 * own. Octets are base64, null and an empty payload text: it takes no null.
 */
#ifndef GATEWAY_HUB_UPLINK_PAYLOAD_H
#define GATEWAY_HUB_UPLINK_PAYLOAD_H

#include "gateway/hub/uplink.h"

/* Puts in place of op->message one of the same topic with the payload that goes up, and leaves it
 * alone where that is the same. False: no memory, nothing changed. */
bool hub_payload_shape(struct hub *hub, const struct conf_upstream *conf, struct mqtt_op *op);

#endif
