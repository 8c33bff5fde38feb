#include "gateway/edge/nets.h"

#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool fill(struct gw_net *net, const struct ifaddrs *one)
{
    const union gw_addr *mask = (const union gw_addr *)(const void *)one->ifa_netmask;
    const union gw_addr *own = (const union gw_addr *)(const void *)one->ifa_addr;

    if (own == NULL || mask == NULL ||
        (own->any.sa_family != AF_INET && own->any.sa_family != AF_INET6)) {
        return false;
    }
    *net = (struct gw_net){.interface = if_nametoindex(one->ifa_name),
                           .is_up = (one->ifa_flags & IFF_UP) != 0,
                           .is_loopback = (one->ifa_flags & IFF_LOOPBACK) != 0,
                           .multicasts = (one->ifa_flags & IFF_MULTICAST) != 0};
    memcpy(&net->address, own, gw_addr_len(own));
    memcpy(&net->mask, mask, gw_addr_len(own));
    memcpy(net->name, one->ifa_name, strnlen(one->ifa_name, sizeof net->name - 1));
    return true;
}

/* Keeps what it had when there is nothing to be had. */
static void scan(struct gw_nets *nets)
{
    struct ifaddrs *all = NULL;
    struct gw_net *at = NULL;
    size_t count = 0;

    if (getifaddrs(&all) != 0) {
        return;
    }
    for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
        count++;
    }
    at = calloc(count + 1, sizeof *at);
    if (at != NULL) {
        free(nets->at);
        nets->at = at;
        nets->count = 0;
        nets->version++;
        for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
            nets->count += fill(&at[nets->count], one);
        }
    }
    freeifaddrs(all);
}

/* What it says does not matter: all is looked at again. */
static void on_changed(evutil_socket_t fd, short what, void *arg)
{
    char octets[8192];

    (void)what;
    while (recv(fd, octets, sizeof octets, MSG_DONTWAIT) > 0) {
    }
    scan(arg);
}

static int open_netlink(void)
{
    struct sockaddr_nl to = {.nl_family = AF_NETLINK,
                             .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd >= 0 && bind(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

bool gw_nets_init(struct gw_nets *nets, struct event_base *base, struct gw_fault *fault)
{
    *nets = (struct gw_nets){.fd = open_netlink()};
    scan(nets);
    if (nets->fd < 0) {
        return true;
    }
    nets->changed = event_new(base, nets->fd, EV_READ | EV_PERSIST, on_changed, nets);
    return (nets->changed != NULL && event_add(nets->changed, NULL) == 0) ||
           gw_fail(fault, "networks: no memory");
}

void gw_nets_fini(struct gw_nets *nets)
{
    if (nets->changed != NULL) {
        event_free(nets->changed);
    }
    if (nets->fd > 0) {
        (void)close(nets->fd);
    }
    free(nets->at);
    *nets = (struct gw_nets){.fd = -1};
}

uint64_t gw_nets_look(struct gw_nets *nets, uint64_t now_ms)
{
    if (nets->changed == NULL && now_ms - nets->looked_ms >= GW_NETS_MS) {
        nets->looked_ms = now_ms;
        scan(nets);
    }
    return nets->version;
}

/* A mask that begins with a 0 is of a network of all addresses: nobody is near by that. */
static bool covers(const struct gw_net *net, const union gw_addr *addr)
{
    struct span ip = gw_addr_ip(addr);

    if (!net->is_up || net->address.any.sa_family != addr->any.sa_family ||
        gw_addr_ip(&net->mask).at[0] == 0) {
        return false;
    }
    for (size_t i = 0; i < ip.len; i++) {
        if ((ip.at[i] ^ gw_addr_ip(&net->address).at[i]) & gw_addr_ip(&net->mask).at[i]) {
            return false;
        }
    }
    return true;
}

bool gw_nets_hold(const struct gw_nets *nets, const union gw_addr *addr)
{
    for (size_t i = 0; i < nets->count; i++) {
        if (covers(&nets->at[i], addr)) {
            return true;
        }
    }
    return false;
}
