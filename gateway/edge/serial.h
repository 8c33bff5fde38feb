/* gateway/edge/serial.h - one [listener] of type serial or rs485: its port, opened again whenever
 * it is lost.
 *
 * A port that is missing or held is a line in the log and tried again, by the name in the
 * configuration, after GW_SERIAL_LEAST_MS, doubling to GW_SERIAL_MOST_MS. No other listener
 * notices.
 */
#ifndef GATEWAY_EDGE_SERIAL_H
#define GATEWAY_EDGE_SERIAL_H

#include "gateway/edge/loop.h"
#include "gateway/edge/port.h"

#define GW_SERIAL_LEAST_MS 250u
#define GW_SERIAL_MOST_MS  1500u /* so that what is plugged in again serves within two seconds */

struct gw_serial {
    struct gw_loop *loop;
    const struct conf_listener *conf;
    uint16_t listener; /* its place in the configuration */
    struct gw_port port;
    struct event *readable; /* NULL while the port is closed, so the next */
    struct event *writable;
    struct event *retry;
    struct event *due; /* of a bus: its master is to speak; else NULL */
    uint64_t wait_ms;  /* before the next try */
    uint64_t opened_ms;
    bool told;       /* this episode of absence is in the log */
    uint8_t *octets; /* frames on their way to the driver: */
    size_t room;
    size_t len;
    size_t at; /* the first that the driver has not taken */
};

bool gw_serial_init(struct gw_serial *serial, struct gw_loop *loop, uint16_t listener,
                    const struct conf_listener *conf, struct gw_fault *fault);
void gw_serial_fini(struct gw_serial *serial);

/* Writes what the hub has for the line. True: frames left the hub, so there is room again. */
bool gw_serial_output(struct gw_serial *serial);

#endif
