#include "gateway/edge/port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "gateway/edge/port_parts.h"

/* What the driver made of the rate may differ by so much, in percent. */
#define BAUD_TOLERANCE 3u

static bool find_path(struct gw_port *port, const char *device, struct gw_fault *fault)
{
    if (strncmp(device, "usb:", 4) == 0) {
        return gw_port_serial_find(device, port->path) ||
               gw_fail(fault, "no device %s is plugged in", device);
    }
    return realpath(device, port->path) != NULL ||
           gw_fail(fault, "%s: %s", device, strerror(errno));
}

static bool fail_held(const struct gw_port *port, struct gw_fault *fault)
{
    pid_t holder = gw_port_holder(port->path);

    if (holder == 0) {
        return gw_fail(fault, "%s is in use by another program", port->path);
    }
    if (holder == getpid()) {
        return gw_fail(fault, "%s is in use by this very process, pid %ld: two listeners name it",
                       port->path, (long)holder);
    }
    return gw_fail(fault, "%s is in use by process %ld", port->path, (long)holder);
}

/* Before anything is set: whoever holds the port must not notice that we tried. */
static bool lock_path(struct gw_port *port, struct gw_fault *fault)
{
    port->lock = open(port->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (port->lock < 0) {
        if (errno == EBUSY) {
            return fail_held(port, fault);
        }
        return gw_fail(fault, "%s: %s%s", port->path, strerror(errno),
                       errno == EACCES ? " (is the user in the group dialout?)" : "");
    }
    if (!isatty(port->lock)) {
        return gw_fail(fault, "%s is not a serial port", port->path);
    }
    if (flock(port->lock, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? fail_held(port, fault)
                                    : gw_fail(fault, "%s: %s", port->path, strerror(errno));
    }
    return true;
}

static bool open_backend(struct gw_port *port, const struct gw_port_settings *settings,
                         struct gw_fault *fault)
{
    switch (gw_port_serial_open(port, settings, fault)) {
    case GW_PORT_OPEN: return true;
    case GW_PORT_FAILED: return false;
    case GW_PORT_NOT_MINE: break;
    }
    port->fd = port->lock;
    return gw_port_tty_set(port->fd, settings, fault);
}

static bool check_baud(const struct gw_port *port, uint32_t asked, struct gw_fault *fault)
{
    uint64_t margin = (uint64_t)asked * BAUD_TOLERANCE;
    uint64_t apart = port->baud > asked ? port->baud - asked : asked - port->baud;

    return port->baud == 0 || apart * 100 <= margin ||
           gw_fail(fault, "%s: the driver gives %u baud instead of %u", port->path, port->baud,
                   asked);
}

static bool check_direction(const struct gw_port *port, const struct gw_port_settings *settings,
                            struct gw_fault *fault)
{
    int error = settings->by_kernel ? gw_port_tty_direct(port->fd) : 0;

    return error == 0 ||
           gw_fail(fault, "%s: its driver does not switch the line (direction = kernel): %s",
                   port->path, strerror(error));
}

bool gw_port_open(struct gw_port *port, const struct gw_port_settings *settings,
                  struct gw_fault *fault)
{
    *port = (struct gw_port){.fd = -1, .lock = -1};
    if (!find_path(port, settings->device, fault) || !lock_path(port, fault) ||
        !open_backend(port, settings, fault)) {
        gw_port_close(port);
        return false;
    }
    port->baud = gw_port_tty_finish(port->fd, &port->is_quick);
    (void)ioctl(port->fd, TIOCEXCL);
    if (!check_baud(port, settings->baud, fault) || !check_direction(port, settings, fault)) {
        gw_port_close(port);
        return false;
    }
    return true;
}

void gw_port_close(struct gw_port *port)
{
    if (port->fd >= 0) {
        (void)ioctl(port->fd, TIOCNXCL);
    }
    gw_port_serial_close(port);
    if (port->lock >= 0) {
        (void)close(port->lock);
    }
    port->fd = -1;
    port->lock = -1;
}
