/* Datagrams, and what UDP and serial lines have in common. */
#include "firmware/ports/posix/link.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void name_address(struct snode_link *link)
{
    const struct addrinfo *address = link->address;
    char host[64] = "?";
    char port[16] = "?";
    bool six = address->ai_family == AF_INET6;

    (void)getnameinfo(address->ai_addr, address->ai_addrlen, host, sizeof host, port, sizeof port,
                      NI_NUMERICHOST | NI_NUMERICSERV);
    (void)snprintf(link->where, sizeof link->where, six ? "[%s]:%s (UDP)" : "%s:%s (UDP)", host,
                   port);
}

/* A connected socket learns that nobody listens, by ICMP. */
static bool open_address(struct snode_link *link)
{
    const struct addrinfo *address = link->address;

    link->fd = socket(address->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->fd < 0 || connect(link->fd, address->ai_addr, address->ai_addrlen) != 0) {
        link->err = errno;
        return false;
    }
    name_address(link);
    return true;
}

/* False if no address is left. */
static bool next_address(struct snode_link *link)
{
    while (link->address->ai_next != NULL) {
        link->address = link->address->ai_next;
        if (link->fd >= 0) {
            close(link->fd);
        }
        if (open_address(link)) {
            return true;
        }
    }
    return false;
}

bool snode_link_udp(struct snode_link *link, const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
    int err;

    *link = (struct snode_link){.fd = -1};
    err = getaddrinfo(host, port, &hints, &link->addresses);
    if (err != 0) {
        (void)snprintf(link->why, sizeof link->why, "%s port %s: %s", host, port,
                       gai_strerror(err));
        return false;
    }
    link->address = link->addresses;
    if (!open_address(link) && !next_address(link)) {
        (void)snprintf(link->why, sizeof link->why, "%s port %s: %s", host, port,
                       strerror(link->err));
        return false;
    }
    return true;
}

void snode_link_close(struct snode_link *link)
{
    if (link->fd >= 0) {
        close(link->fd);
        link->fd = -1;
    }
    if (link->addresses != NULL) {
        freeaddrinfo(link->addresses);
        link->addresses = NULL;
    }
}

static void note_error(struct snode_link *link)
{
    if (errno == EAGAIN || errno == EINTR) {
        return;
    }
    link->err = errno;
    if (errno == ECONNREFUSED && !link->heard && next_address(link)) {
        link->err = 0; /* the next repetition goes there */
    }
}

/* An error that ICMP brought is told by the next call, so a packet may need a second one. */
static void udp_send(struct snode_link *link, struct span packet)
{
    for (int i = 0; i < 2; i++) {
        if (send(link->fd, packet.at, packet.len, MSG_NOSIGNAL) >= 0) {
            return;
        }
        note_error(link);
    }
}

static bool udp_receive(struct snode_link *link, struct span *packet)
{
    ssize_t len = recv(link->fd, link->in, sizeof link->in, 0);

    if (len < 0) {
        note_error(link);
        return false;
    }
    *packet = span_of(link->in, (size_t)len);
    return true;
}

void snode_link_send(struct snode_link *link, struct span packet)
{
    if (link->bus) {
        snode_bus_send(link, packet);
    } else if (link->serial) {
        snode_serial_send(link, packet);
    } else {
        udp_send(link, packet);
    }
}

bool snode_link_receive(struct snode_link *link, struct span *packet)
{
    bool got = link->bus      ? snode_bus_receive(link, packet)
               : link->serial ? snode_serial_receive(link, packet)
                              : udp_receive(link, packet);

    link->heard = link->heard || got;
    return got;
}
