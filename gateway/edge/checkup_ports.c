/* gateway/edge/checkup_ports.c - network ports and serial devices: there, ours, free? */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/edge/addr.h"
#include "gateway/edge/checkup.h"
#include "gateway/edge/port_parts.h"

#define LISTENS 0x0Au /* state of a TCP socket */

/* --- network --------------------------------------------------------------------------------- */

/* An address that something is to listen at. */
struct place {
    const char *section; /* "listener lan" */
    bool is_udp;
    union gw_addr addr;
};

/* Columns of /proc/net/udp and tcp. */
enum column { LOCAL = 1, STATE = 3, INODE = 9, COLUMNS };

/* The inode that a line is of, if it is of `port`; 0: it is not. */
static unsigned long inode_of(char *line, unsigned port, bool is_udp)
{
    const char *columns[COLUMNS] = {NULL};
    const char *colon = NULL;
    char *rest = line;

    for (int i = 0; i < COLUMNS; i++) {
        columns[i] = strtok_r(NULL, " \n", &rest);
        if (columns[i] == NULL) {
            return 0;
        }
    }
    colon = strchr(columns[LOCAL], ':');
    if (colon == NULL || strtoul(colon + 1, NULL, 16) != port) {
        return 0;
    }
    return is_udp || strtoul(columns[STATE], NULL, 16) == LISTENS
               ? strtoul(columns[INODE], NULL, 10)
               : 0;
}

/* The inode of the socket at `port`, of one file of /proc/net; 0: none. */
static unsigned long inode_in(const char *path, unsigned port, bool is_udp)
{
    FILE *file = fopen(path, "re");
    unsigned long inode = 0;
    char line[512];

    while (file != NULL && inode == 0 && fgets(line, sizeof line, file) != NULL) {
        inode = inode_of(line, port, is_udp);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return inode;
}

/* Who has the port; 0: nobody that may be seen. */
static pid_t holder_of(unsigned port, bool is_udp)
{
    unsigned long inode = inode_in(is_udp ? "/proc/net/udp" : "/proc/net/tcp", port, is_udp);
    char link[64];

    if (inode == 0) {
        inode = inode_in(is_udp ? "/proc/net/udp6" : "/proc/net/tcp6", port, is_udp);
    }
    (void)snprintf(link, sizeof link, "socket:[%lu]", inode);
    return inode == 0 ? 0 : gw_port_holder(link);
}

/* What the kernel says to a bind; 0: nothing against it. */
static int try_to_bind(const struct place *place)
{
    int fd = socket(place->addr.any.sa_family,
                    (place->is_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    int on = 1;
    int error = 0;

    if (fd < 0) {
        return errno;
    }
    if (place->addr.any.sa_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    if (!place->is_udp) { /* a connection that ended a while ago is in nobody's way */
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    }
    error = bind(fd, &place->addr.any, gw_addr_len(&place->addr)) == 0 ? 0 : errno;
    (void)close(fd);
    return error;
}

static void tell_held(const struct gw_checkup *checkup, const char *text, unsigned port,
                      struct gw_finding *finding, bool is_udp)
{
    pid_t pid = holder_of(port, is_udp);
    char name[64];

    gw_checkup_name(pid, name);
    if (checkup->running && (pid == 0 || strcmp(name, "sedge") == 0)) {
        gw_finding_say(finding, "%s: served by the running gateway", text);
        gw_checkup_tell(checkup, GW_FINDING_GOOD, "port", finding);
    } else if (pid == 0) {
        gw_finding_say(finding, "%s is in use by a process that this user may not see", text);
        gw_finding_advise(finding,
                          "run `sudo ss -lpn sport = :%u`, end that program, or take "
                          "another port in `bind`",
                          port);
        gw_checkup_tell(checkup, GW_FINDING_WRONG, "port", finding);
    } else {
        gw_finding_say(finding, "%s is in use by %s (process %d)", text, name, (int)pid);
        gw_finding_advise(finding, "%s, or take another port in `bind`",
                          strcmp(name, "mosquitto") == 0
                              ? "run `sudo systemctl disable --now mosquitto`"
                              : "end that program");
        gw_checkup_tell(checkup, GW_FINDING_WRONG, "port", finding);
    }
}

static unsigned port_of(const union gw_addr *addr)
{
    return ntohs(addr->any.sa_family == AF_INET6 ? addr->v6.sin6_port : addr->v4.sin_port);
}

static void check_place(const struct gw_checkup *checkup, const struct place *place)
{
    struct gw_finding finding = {.advice = ""};
    char at[GW_ADDR_TEXT];
    char text[128];
    int error = try_to_bind(place);

    gw_addr_print(&place->addr, at);
    (void)snprintf(text, sizeof text, "%s at %s %s", place->section, place->is_udp ? "udp" : "tcp",
                   at);
    if (error == EADDRINUSE) {
        tell_held(checkup, text, port_of(&place->addr), &finding, place->is_udp);
        return;
    }
    if (error == 0) {
        gw_finding_say(&finding, "%s is free", text);
        gw_checkup_tell(checkup, GW_FINDING_GOOD, "port", &finding);
        return;
    }
    gw_finding_say(&finding, "%s cannot be had: %s", text, strerror(error));
    if (error == EADDRNOTAVAIL) {
        gw_finding_advise(&finding, "no network of this machine has that address: `ip addr` shows "
                                    "those it has; 0.0.0.0 is all of them");
    } else if (error == EACCES) {
        gw_finding_advise(&finding, "ports below 1024 are for root: start as root with [gateway] "
                                    "user, or `setcap cap_net_bind_service=+ep` the program");
    }
    gw_checkup_tell(checkup, GW_FINDING_WRONG, "port", &finding);
}

void gw_checkup_ports(const struct gw_checkup *checkup)
{
    const struct conf *conf = checkup->conf;
    struct place place = {.is_udp = true};
    char section[96];

    place.section = section;
    for (size_t i = 0; i < conf->listener_count; i++) {
        const struct conf_listener *listener = &conf->listener[i];

        (void)snprintf(section, sizeof section, "listener %.64s", listener->at.name);
        for (size_t k = 0; listener->type == CONF_UDP && k < listener->bind.count; k++) {
            gw_addr_of_conf(&place.addr, &listener->bind.at[k]);
            check_place(checkup, &place);
        }
    }
    place.is_udp = false;
    for (size_t i = 0; i < conf->broker_count; i++) {
        (void)snprintf(section, sizeof section, "broker %.64s", conf->broker[i].at.name);
        gw_addr_of_conf(&place.addr, &conf->broker[i].bind);
        check_place(checkup, &place);
    }
}

/* --- serial ---------------------------------------------------------------------------------- */

/* The kernel talks there as to a terminal. */
static bool is_console(const char *path)
{
    const char *name = strrchr(path, '/');
    FILE *file = fopen("/proc/consoles", "re");
    bool found = false;
    char line[128];

    name = name == NULL ? path : name + 1;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        found = found || (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ' ');
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return found;
}

static void tell_rights(const struct gw_checkup *checkup, const char *device,
                        struct gw_finding *finding)
{
    const struct passwd *user = NULL;
    const struct group *group = NULL;
    struct stat stat_of;

    gw_finding_say(finding, "%s may not be used: %s", device, strerror(errno));
    user = getpwuid(geteuid());
    if (stat(device, &stat_of) == 0) {
        group = getgrgid(stat_of.st_gid);
    }
    gw_finding_advise(finding, "run `sudo usermod -aG %s %s` and log in anew",
                      group == NULL ? "dialout" : group->gr_name,
                      user == NULL ? "USER" : user->pw_name);
    gw_checkup_tell(checkup, GW_FINDING_WRONG, "device", finding);
}

static void tell_taken(const struct gw_checkup *checkup, const char *device, pid_t pid,
                       struct gw_finding *finding)
{
    char name[64];

    gw_checkup_name(pid, name);
    if (checkup->running && strcmp(name, "sedge") == 0) {
        gw_finding_say(finding, "%s: served by the running gateway", device);
        gw_checkup_tell(checkup, GW_FINDING_GOOD, "device", finding);
        return;
    }
    gw_finding_say(finding, "%s is in use by %s (process %d)", device, name, (int)pid);
    if (strcmp(name, "ModemManager") == 0) {
        gw_finding_advise(finding,
                          "it takes adapters for modems: run `sudo systemctl disable --now "
                          "ModemManager`");
    } else if (strstr(name, "getty") != NULL) {
        gw_finding_advise(finding, "a login waits there: run `sudo systemctl disable --now "
                                   "serial-getty@NAME`, or raspi-config, Interface, Serial");
    } else {
        gw_finding_advise(finding, "end that program");
    }
    gw_checkup_tell(checkup, GW_FINDING_WRONG, "device", finding);
}

static void tell_there(const struct gw_checkup *checkup, const char *device, const char *path,
                       struct gw_finding *finding)
{
    bool is_usb = strstr(path, "/ttyUSB") != NULL || strstr(path, "/ttyACM") != NULL;

    gw_finding_say(finding, "%s is there, and free", device);
    if (is_usb && strcmp(device, path) == 0) {
        gw_finding_say(finding, "%s is there, and free; its name goes by the order of plugging",
                       device);
        gw_finding_advise(finding, "write its name under /dev/serial/by-id/ as `device`");
        gw_checkup_tell(checkup, GW_FINDING_DOUBTFUL, "device", finding);
        return;
    }
    gw_checkup_tell(checkup, GW_FINDING_GOOD, "device", finding);
}

static void check_device(const struct gw_checkup *checkup, const char *device)
{
    struct gw_finding finding = {.advice = ""};
    char path[PATH_MAX];
    bool is_usb = strncmp(device, "usb:", 4) == 0;
    bool is_there = is_usb ? gw_port_serial_find(device, path) : realpath(device, path) != NULL;
    pid_t pid = is_there ? gw_port_holder(path) : 0;

    if (!is_there) {
        gw_finding_say(&finding, "%s is not there: %s", device,
                       is_usb ? "no such adapter" : strerror(errno));
        gw_finding_advise(&finding,
                          "is it plugged in? `ls -l /dev/serial/by-id/` and `dmesg | grep "
                          "tty` show what is; the gateway takes it when it comes");
        gw_checkup_tell(checkup, GW_FINDING_WRONG, "device", &finding);
    } else if (pid != 0) {
        tell_taken(checkup, device, pid, &finding);
    } else if (access(path, R_OK | W_OK) != 0) {
        tell_rights(checkup, path, &finding);
    } else if (is_console(path)) {
        gw_finding_say(&finding, "the kernel speaks on %s as on its console", device);
        gw_finding_advise(&finding, "take console=%s out of /boot/cmdline.txt and start anew",
                          strrchr(path, '/') + 1);
        gw_checkup_tell(checkup, GW_FINDING_WRONG, "device", &finding);
    } else {
        tell_there(checkup, device, path, &finding);
    }
}

void gw_checkup_devices(const struct gw_checkup *checkup)
{
    const struct conf *conf = checkup->conf;

    for (size_t i = 0; i < conf->listener_count; i++) {
        const struct conf_listener *listener = &conf->listener[i];

        if (listener->type == CONF_SERIAL || listener->type == CONF_RS485) {
            check_device(checkup, listener->device);
        }
    }
}
