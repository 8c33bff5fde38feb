/* gateway/edge/port.h - one serial port: opened raw, for us alone.
 *
 * Two backends behind one interface. libserialport opens what it knows (UARTs, USB adapters); what
 * it does not know (ptys, USB gadgets: no modem lines, so ENOTTY or EINVAL) is opened as a plain
 * tty. Afterwards both are the same: non-blocking, VMIN 1 (so that 0 means hang-up and an empty
 * line EAGAIN), no HUPCL (a closing port would reset nodes that listen to DTR), locked by flock
 * before anything is changed, then TIOCEXCL. RS-485 by the kernel (TIOCSRS485) is read back: some
 * drivers take it and do nothing.
 *
 * Ownership: an open port owns its descriptors until gw_port_close.
 */
#ifndef GATEWAY_EDGE_PORT_H
#define GATEWAY_EDGE_PORT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/conf.h"
#include "gateway/edge/fault.h"

struct sp_port;

struct gw_port_settings {
    const char *device; /* path, or usb:VID:PID[:SERIAL] */
    uint32_t baud;
    enum conf_parity parity;
    uint8_t stop_bits;
    bool by_kernel; /* RS-485: the driver switches the direction, or the port does not open */
};

struct gw_port {
    int fd;             /* to read and write; -1: closed */
    int lock;           /* holds the flock; the same as fd for a plain tty */
    struct sp_port *sp; /* NULL: a plain tty */
    uint32_t baud;      /* as the driver reads it back */
    bool is_quick;      /* the driver was asked to hand over octets at once, and says so */
    char path[PATH_MAX];
};

/* False: `fault` says why, and who holds the port if that can be seen. */
bool gw_port_open(struct gw_port *port, const struct gw_port_settings *settings,
                  struct gw_fault *fault);

/* Harmless when closed. */
void gw_port_close(struct gw_port *port);

#endif
