/* gateway/edge/port_parts.h - the parts that port.c puts together. */
#ifndef GATEWAY_EDGE_PORT_PARTS_H
#define GATEWAY_EDGE_PORT_PARTS_H

#include <sys/types.h>

#include "gateway/edge/port.h"

enum gw_port_result { GW_PORT_OPEN, GW_PORT_NOT_MINE, GW_PORT_FAILED };

/* By libserialport: path is set, fd and sp become so. NOT_MINE: a plain tty may do. */
enum gw_port_result gw_port_serial_open(struct gw_port *port,
                                        const struct gw_port_settings *settings,
                                        struct gw_fault *fault);
void gw_port_serial_close(struct gw_port *port);

/* The path of usb:VID:PID[:SERIAL]; false: no such device. */
bool gw_port_serial_find(const char *device, char path[PATH_MAX]);

/* Sets all of a plain tty. */
bool gw_port_tty_set(int fd, const struct gw_port_settings *settings, struct gw_fault *fault);

/* VMIN 1, no HUPCL, whatever else was set; low latency asked for, *is_quick: it is in force.
 * Returns the baud rate in force, 0: unknown. */
uint32_t gw_port_tty_finish(int fd, bool *is_quick);

/* Has the kernel switch the driver of an RS-485 line: on while it sends. 0, or an errno. */
int gw_port_tty_direct(int fd);

/* The process that has `path` open beside ourselves; 0: none seen. */
pid_t gw_port_holder(const char *path);

#endif
