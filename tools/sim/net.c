#include "tools/sim/net.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sn/packet.h"

#define SIGNALS UINT32_MAX /* in place of a socket */

enum { ROOM = 4 << 20 /* of a shared socket, octets, each way */ };

/* Beside the nodes' own: epoll, signals, the three of every program, and what a library may want.
 */
static const char *raise_limit(size_t descriptors)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return strerror(errno);
    }
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur < descriptors + 16
               ? "the limit of open files (ulimit -n) is too low; --sockets needs fewer"
               : NULL;
}

static const char *watch_signals(struct sim_net *net)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = SIGNALS};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return strerror(errno);
    }
    net->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (net->signals < 0 || epoll_ctl(net->epoll, EPOLL_CTL_ADD, net->signals, &event) != 0) {
        return strerror(errno);
    }
    return NULL;
}

/* IPv4 where there is a choice: "localhost" is both, and gateways listen to 0.0.0.0 by default. */
static const struct addrinfo *address_of(const struct addrinfo *list)
{
    for (const struct addrinfo *at = list; at != NULL; at = at->ai_next) {
        if (at->ai_family == AF_INET) {
            return at;
        }
    }
    return list;
}

const char *sim_net_open(struct sim_net *net, const char *host, const char *port, size_t nodes,
                         size_t shared)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
    const char *why;
    int err;

    net->shared = shared;
    net->count = shared != 0 ? shared : nodes;
    net->fds = malloc(net->count * sizeof net->fds[0]);
    net->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (net->fds == NULL || net->epoll < 0) {
        return strerror(errno);
    }
    for (size_t i = 0; i < net->count; i++) {
        net->fds[i] = -1;
    }
    why = raise_limit(net->count);
    why = why == NULL ? watch_signals(net) : why;
    err = getaddrinfo(host, port, &hints, &net->addresses);
    if (err != 0) {
        return gai_strerror(err);
    }
    net->address = address_of(net->addresses);
    return why;
}

void sim_net_close(struct sim_net *net)
{
    for (size_t i = 0; i < net->count; i++) {
        if (net->fds[i] >= 0) {
            close(net->fds[i]);
        }
    }
    if (net->addresses != NULL) {
        freeaddrinfo(net->addresses);
    }
    free(net->fds);
    close(net->signals);
    close(net->epoll);
}

static size_t socket_of(const struct sim_net *net, size_t node)
{
    return net->shared != 0 ? node % net->shared : node;
}

/* A shared socket gets what comes for thousands of nodes at once; the kernel may give less. */
static void make_room(int fd)
{
    int room = ROOM;

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
}

const char *sim_net_join(struct sim_net *net, size_t node)
{
    const struct addrinfo *address = net->address;
    size_t at = socket_of(net, node);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)at};
    int fd;

    if (net->fds[at] >= 0) {
        return NULL;
    }
    fd = socket(address->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return strerror(errno);
    }
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0 ||
        epoll_ctl(net->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        int err = errno;

        close(fd);
        return err == EAGAIN ? "no local port is left; --sockets needs fewer" : strerror(err);
    }
    if (net->shared != 0) {
        make_room(fd);
    }
    net->fds[at] = fd;
    return NULL;
}

void sim_net_leave(struct sim_net *net, size_t node)
{
    if (net->shared == 0 && net->fds[node] >= 0) {
        close(net->fds[node]);
        net->fds[node] = -1;
    }
}

static struct span wrap(struct sim_net *net, size_t node, struct span packet)
{
    uint8_t id[4];
    struct writer w = writer_of(id, sizeof id);
    struct sn_packet head = {.type = SN_FORWARD, .node_id = span_of(id, sizeof id)};
    size_t len;

    write_u32(&w, (uint32_t)node);
    len = sn_packet_encode_head(&head, 0, net->out, sizeof net->out);
    w = writer_of(net->out + len, sizeof net->out - len);
    write_span(&w, packet);
    return span_of(net->out, len + written(&w));
}

/* An error that ICMP brought is told by the next call, so a packet may need a second one. */
void sim_net_send(struct sim_net *net, size_t node, struct span packet)
{
    int fd = net->fds[socket_of(net, node)];

    if (net->shared != 0) {
        packet = wrap(net, node, packet);
    }
    for (int i = 0; i < 2; i++) {
        if (send(fd, packet.at, packet.len, MSG_NOSIGNAL) >= 0) {
            return;
        }
        net->err = errno;
    }
    net->failed++;
}

/* Rounded up, so that what was waited for is due. */
size_t sim_net_wait(struct sim_net *net, uint64_t wait_us)
{
    uint64_t ms = wait_us / 1000 + (wait_us % 1000 != 0);
    int wait = wait_us == UINT64_MAX ? -1 : ms > INT_MAX ? INT_MAX : (int)ms;
    int count = epoll_wait(net->epoll, net->events, SIM_EVENTS, wait);

    return count < 0 ? 0 : (size_t)count;
}

static bool unwrap(const struct sim_net *net, size_t *node, struct span *packet)
{
    struct sn_packet pkt;
    struct reader id;

    if (sn_packet_decode(&pkt, *packet) != SN_OK || pkt.type != SN_FORWARD) {
        return false;
    }
    id = reader_of(pkt.node_id);
    *node = read_u32(&id);
    *packet = pkt.data;
    return !id.bad && read_left(&id) == 0 && net->shared != 0;
}

bool sim_net_receive(struct sim_net *net, size_t at, size_t *node, struct span *packet)
{
    size_t socket = net->events[at].data.u32;
    ssize_t len;

    while (net->fds[socket] >= 0) {
        len = recv(net->fds[socket], net->in, sizeof net->in, 0);
        if (len < 0) {
            net->err = errno == EAGAIN ? net->err : errno;
            return false;
        }
        *node = socket;
        *packet = span_of(net->in, (size_t)len);
        if (net->shared == 0 || unwrap(net, node, packet)) {
            return true;
        }
    }
    return false;
}

bool sim_net_stopped(const struct sim_net *net, size_t at)
{
    struct signalfd_siginfo info;

    return net->events[at].data.u32 == SIGNALS &&
           read(net->signals, &info, sizeof info) == (ssize_t)sizeof info;
}
