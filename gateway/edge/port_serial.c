/* The libserialport backend. */
#include <errno.h>
#include <fcntl.h>
#include <libserialport.h>
#include <stdio.h>
#include <string.h>

#include "gateway/edge/port_parts.h"

static bool set_all(struct sp_port *sp, const struct gw_port_settings *settings)
{
    static const enum sp_parity parities[] = {[CONF_PARITY_NONE] = SP_PARITY_NONE,
                                              [CONF_PARITY_EVEN] = SP_PARITY_EVEN,
                                              [CONF_PARITY_ODD] = SP_PARITY_ODD};

    return sp_set_baudrate(sp, (int)settings->baud) == SP_OK && sp_set_bits(sp, 8) == SP_OK &&
           sp_set_parity(sp, parities[settings->parity]) == SP_OK &&
           sp_set_stopbits(sp, settings->stop_bits) == SP_OK &&
           sp_set_flowcontrol(sp, SP_FLOWCONTROL_NONE) == SP_OK;
}

/* 0.1.1 asks for modem lines at open and fails where there are none, as on ptys. */
static enum gw_port_result why_not(enum sp_return result, const char *path, struct gw_fault *fault)
{
    int error = errno;

    if (result == SP_ERR_ARG || (result == SP_ERR_FAIL && (error == ENOTTY || error == EINVAL))) {
        return GW_PORT_NOT_MINE;
    }
    (void)gw_fail(fault, "%s: %s", path,
                  result == SP_ERR_FAIL ? strerror(error) : "libserialport does not open it");
    return GW_PORT_FAILED;
}

enum gw_port_result gw_port_serial_open(struct gw_port *port,
                                        const struct gw_port_settings *settings,
                                        struct gw_fault *fault)
{
    enum sp_return result = sp_get_port_by_name(port->path, &port->sp);

    if (result != SP_OK) {
        port->sp = NULL;
        return why_not(result, port->path, fault);
    }
    result = sp_open(port->sp, SP_MODE_READ_WRITE);
    if (result != SP_OK) {
        enum gw_port_result why = why_not(result, port->path, fault);
        sp_free_port(port->sp);
        port->sp = NULL;
        return why;
    }
    if (!set_all(port->sp, settings) || sp_get_port_handle(port->sp, &port->fd) != SP_OK) {
        (void)gw_fail(fault, "%s: the driver refuses %u baud, parity or stop bits", port->path,
                      settings->baud);
        return GW_PORT_FAILED;
    }
    (void)fcntl(port->fd, F_SETFD, FD_CLOEXEC);
    return GW_PORT_OPEN;
}

void gw_port_serial_close(struct gw_port *port)
{
    if (port->sp != NULL) {
        (void)sp_close(port->sp);
        sp_free_port(port->sp);
        port->sp = NULL;
    }
}

struct usb_name {
    unsigned vid;
    unsigned pid;
    char serial[128];
};

static bool is_named(struct sp_port *sp, const struct usb_name *name)
{
    int vid = 0;
    int pid = 0;
    const char *serial = NULL;

    if (sp_get_port_transport(sp) != SP_TRANSPORT_USB ||
        sp_get_port_usb_vid_pid(sp, &vid, &pid) != SP_OK || (unsigned)vid != name->vid ||
        (unsigned)pid != name->pid) {
        return false;
    }
    serial = sp_get_port_usb_serial(sp);
    return name->serial[0] == '\0' || (serial != NULL && strcmp(serial, name->serial) == 0);
}

static bool read_name(const char *device, struct usb_name *name)
{
    /* NOLINTNEXTLINE(cert-err34-c): %4x cannot leave the range of unsigned. */
    return sscanf(device, "usb:%4x:%4x:%127s", &name->vid, &name->pid, name->serial) >= 2;
}

bool gw_port_serial_find(const char *device, char path[PATH_MAX])
{
    struct usb_name name = {0};
    struct sp_port **all = NULL;
    bool found = false;

    if (!read_name(device, &name) || sp_list_ports(&all) != SP_OK) {
        return false;
    }
    for (struct sp_port **one = all; *one != NULL && !found; one++) {
        found = is_named(*one, &name);
        if (found) {
            (void)snprintf(path, PATH_MAX, "%s", sp_get_port_name(*one));
        }
    }
    sp_free_port_list(all);
    return found;
}
