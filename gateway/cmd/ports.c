/* sedge ports - which serial ports this machine has, and how each is named in gateway.conf. */
#include <libserialport.h>
#include <stdio.h>

#include "gateway/cmd/cmd.h"

/* By its USB identity, which stays when it is plugged in elsewhere; else by its path. */
static void print_device(struct sp_port *port)
{
    int vid = 0;
    int pid = 0;
    const char *serial = sp_get_port_usb_serial(port);

    if (sp_get_port_transport(port) == SP_TRANSPORT_USB &&
        sp_get_port_usb_vid_pid(port, &vid, &pid) == SP_OK) {
        (void)printf("  device = usb:%04x:%04x%s%s\n", (unsigned)vid, (unsigned)pid,
                     serial != NULL ? ":" : "", serial != NULL ? serial : "");
    } else {
        (void)printf("  device = %s\n", sp_get_port_name(port));
    }
}

static void print_port(struct sp_port *port)
{
    const char *what = sp_get_port_description(port);

    (void)printf("%s", sp_get_port_name(port));
    (void)printf(what != NULL ? "  %s\n" : "\n", what);
    print_device(port);
}

int cmd_ports(const struct cmd_options *options)
{
    struct sp_port **all = NULL;
    size_t count = 0;

    (void)options;
    if (sp_list_ports(&all) != SP_OK) {
        (void)fputs("sedge: the serial ports of this machine cannot be listed\n", stderr);
        return CMD_FAULT;
    }
    for (; all[count] != NULL; count++) {
        print_port(all[count]);
    }
    sp_free_port_list(all);
    (void)puts(
        count > 0
            ? "Put the device into a [listener] with type = serial (one node) or rs485 (a bus)."
            : "No serial port is there. Is the adapter plugged in?");
    return CMD_GOOD;
}
