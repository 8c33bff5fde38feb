/* gateway/edge/ws_head.h - the head of an HTTP/1.1 request or answer: collected, then read.
 *
 * Read is what opening a WebSocket needs: the first line, five fields that stand once, and which of
 * the words that matter the three lists hold. A line may end in LF alone.
 *
 * Ownership: the collector owns its block; a head that was read borrows its octets.
 * Limits: GW_WS_HEAD_MOST octets in all; memory grows with those that came.
 */
#ifndef GATEWAY_EDGE_WS_HEAD_H
#define GATEWAY_EDGE_WS_HEAD_H

#include "base/block.h"

#define GW_WS_HEAD_MOST 8192u

enum gw_ws_taken { GW_WS_MORE, GW_WS_WHOLE, GW_WS_NOT_HTTP, GW_WS_TOO_LONG, GW_WS_NO_MEMORY };

/* All zero: nothing collected. */
struct gw_ws_collector {
    struct block *block;
    uint16_t len;
    uint16_t line; /* octets of the line under way */
};

/* Takes from *octets up to the end of the head, and no more. What no head can hold (MQTT or TLS,
 * say) is NOT_HTTP at its first octet. */
enum gw_ws_taken gw_ws_collect(struct gw_ws_collector *collector, struct span *octets,
                               struct budget *budget);

static inline struct span gw_ws_collected(const struct gw_ws_collector *collector)
{
    return (struct span){block_span(collector->block).at, collector->len};
}

void gw_ws_forget(struct gw_ws_collector *collector);

enum gw_ws_field {
    GW_WS_HOST,
    GW_WS_KEY,
    GW_WS_VERSION,
    GW_WS_ACCEPT,
    GW_WS_EXTENSIONS,
    GW_WS_FIELDS,
};

/* Words of the lists Upgrade, Connection and Sec-WebSocket-Protocol. */
enum gw_ws_word {
    GW_WS_WEBSOCKET = 1,
    GW_WS_UPGRADE = 2,
    GW_WS_MQTT = 4,
    GW_WS_MQTT_3_1 = 8,
};

struct gw_ws_head {
    struct span line[3]; /* method, target, version; or version, code, reason */
    struct span field[GW_WS_FIELDS];
    uint8_t count[GW_WS_FIELDS]; /* how often it stood there; 2: or more */
    unsigned words;              /* enum gw_ws_word */
};

/* False: the octets break the rules of HTTP. */
bool gw_ws_head_read(struct gw_ws_head *head, struct span octets);

/* A field that stands there once; else empty. */
static inline struct span gw_ws_only(const struct gw_ws_head *head, enum gw_ws_field field)
{
    return head->count[field] == 1 ? head->field[field] : (struct span){NULL, 0};
}

#endif
