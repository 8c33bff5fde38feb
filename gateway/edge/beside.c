#include "gateway/edge/beside.h"

#include <string.h>

void gw_beside_ask(int fd, int family, bool ways)
{
    int on = 1;

    (void)setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
    if (ways && family == AF_INET) {
        (void)setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    } else if (ways) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
    }
}

static void read_v4(struct gw_beside *beside, const struct cmsghdr *one)
{
    struct in_pktinfo info;

    memcpy(&info, CMSG_DATA(one), sizeof info);
    beside->interface = (unsigned)info.ipi_ifindex;
    beside->local.v4.sin_family = AF_INET;
    beside->local.v4.sin_addr = info.ipi_spec_dst; /* ours, even of what was broadcast */
}

static void read_v6(struct gw_beside *beside, const struct cmsghdr *one)
{
    struct in6_pktinfo info;

    memcpy(&info, CMSG_DATA(one), sizeof info);
    beside->interface = (unsigned)info.ipi6_ifindex;
    beside->local.v6.sin6_family = AF_INET6;
    beside->local.v6.sin6_addr = info.ipi6_addr;
    if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) {
        beside->local.v6.sin6_scope_id = (uint32_t)info.ipi6_ifindex;
    }
}

void gw_beside_read(struct gw_beside *beside, struct msghdr *head)
{
    *beside = (struct gw_beside){.interface = 0};
    for (struct cmsghdr *one = CMSG_FIRSTHDR(head); one != NULL; one = CMSG_NXTHDR(head, one)) {
        if (one->cmsg_level == SOL_SOCKET && one->cmsg_type == SO_RXQ_OVFL) {
            memcpy(&beside->dropped, CMSG_DATA(one), sizeof beside->dropped);
            beside->tells_dropped = true;
        } else if (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_PKTINFO) {
            read_v4(beside, one);
        } else if (one->cmsg_level == IPPROTO_IPV6 && one->cmsg_type == IPV6_PKTINFO) {
            read_v6(beside, one);
        }
    }
}

/* The next control message of `head`, with `len` octets of data. */
static uint8_t *add(struct msghdr *head, int level, int type, size_t len)
{
    struct cmsghdr *one =
        (struct cmsghdr *)(void *)((uint8_t *)head->msg_control + head->msg_controllen);

    one->cmsg_level = level;
    one->cmsg_type = type;
    one->cmsg_len = CMSG_LEN(len);
    head->msg_controllen += CMSG_SPACE(len);
    return CMSG_DATA(one);
}

static void add_v4(const struct gw_beside *beside, struct msghdr *head)
{
    struct in_pktinfo info = {.ipi_ifindex = (int)beside->interface,
                              .ipi_spec_dst = beside->local.v4.sin_addr};

    memcpy(add(head, IPPROTO_IP, IP_PKTINFO, sizeof info), &info, sizeof info);
}

static void add_v6(const struct gw_beside *beside, struct msghdr *head)
{
    struct in6_pktinfo info = {.ipi6_addr = beside->local.v6.sin6_addr,
                               .ipi6_ifindex = beside->interface};

    if (info.ipi6_ifindex == 0) {
        info.ipi6_ifindex = beside->local.v6.sin6_scope_id;
    }
    memcpy(add(head, IPPROTO_IPV6, IPV6_PKTINFO, sizeof info), &info, sizeof info);
}

void gw_beside_write(const struct gw_beside *beside, int family, struct msghdr *head,
                     uint8_t room[GW_BESIDE_ROOM])
{
    bool v4 = family == AF_INET;
    int hops = beside->hops;

    head->msg_control = room;
    head->msg_controllen = 0;
    memset(room, 0, GW_BESIDE_ROOM);
    if (beside->local.any.sa_family != AF_UNSPEC || beside->interface != 0) {
        v4 ? add_v4(beside, head) : add_v6(beside, head);
    }
    if (hops != 0) {
        memcpy(add(head, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TTL : IPV6_HOPLIMIT, sizeof hops),
               &hops, sizeof hops);
    }
    if (head->msg_controllen == 0) {
        head->msg_control = NULL;
    }
}
