/* gateway/edge/ws.h - MQTT over WebSocket as a stage, either side. RFC 6455; MQTT 3.1.1, chapter 6.
 *
 *     OPENING  the server reads one HTTP/1.1 request and answers 101, or what is wrong; the client
 *              sends the request and reads one answer (ws_open.h)
 *     UP       payload of binary frames is passed on as it comes, however it is cut: MQTT packets
 *              need not align with frames [MQTT-6.0.0-2], and nothing is collected (ws_frames.h)
 *
 * Sub-protocol: the client offers mqtt [MQTT-6.0.0-3]; the server chooses mqtt [MQTT-6.0.0-4], or
 * mqttv3.1 for a client that offers only that. No extensions. A text frame ends the connection
 * [MQTT-6.0.0-1]. A ping is answered, the last one when several came between two outputs.
 *
 * Memory: a stage is some 400 octets; the opening's buffer, at most GW_WS_HEAD_MOST, is given back
 * when it is up; GW_WS_READER octets more while a frame is under way. All is charged to `budget`.
 */
#ifndef GATEWAY_EDGE_WS_H
#define GATEWAY_EDGE_WS_H

#include "base/block.h"
#include "gateway/edge/stage.h"

/* Our side of a connection that came in; `path` is that of its URL, copied.
 * NULL: no memory. */
struct gw_stage *gw_ws_accept(const char *path, struct budget *budget);

/* Our side of a connection that we made. `host`: a name or an address, without brackets; `path`:
 * from its '/' on, with what a '?' adds; both are copied. `seed` is that of the key and the masks.
 * NULL: no memory, or texts that no request has room for. */
struct gw_stage *gw_ws_connect(const char *host, uint16_t port, const char *path, uint64_t seed,
                               struct budget *budget);

#endif
