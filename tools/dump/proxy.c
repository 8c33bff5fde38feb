/* Between nodes and their gateway: each node gets a socket of its own toward the gateway, so that
 * the gateway tells them apart. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/list.h"
#include "tools/dump/dump.h"

enum { KEY = 19 /* a dump_end without gaps */, NODES_MOST = 16384, EVENTS = 64, BATCH = 64 };

struct node {
    struct map_item item;
    struct list link; /* in proxy->nodes, the one heard last at the end */
    int fd;
    struct sockaddr_storage address;
    socklen_t len;
    struct dump_end end;
    uint8_t key[KEY];
};

struct proxy {
    struct dump *dump;
    struct map map;
    struct list nodes;
    size_t most;
    int epoll;
    int listener;
    struct addrinfo *gateway;
    struct dump_end gateway_end;
    uint8_t octets[DUMP_DATAGRAM];
};

static struct dump_end end_of(const struct sockaddr *address)
{
    struct dump_end end = {0};

    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *four = (const void *)address;

        end.len = 4;
        end.port = ntohs(four->sin_port);
        memcpy(end.at, &four->sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const void *)address;

        end.len = 16;
        end.port = ntohs(six->sin6_port);
        memcpy(end.at, &six->sin6_addr, 16);
    }
    return end;
}

static struct span key_of(const struct dump_end *end, uint8_t *key)
{
    struct writer w = writer_of(key, KEY);

    write_u8(&w, end->len);
    write_u16(&w, end->port);
    write_span(&w, span_of(end->at, end->len));
    return span_of(key, written(&w));
}

static void drop(struct proxy *proxy, struct node *node)
{
    map_remove(&proxy->map, &node->item);
    list_remove(&node->link);
    close(node->fd);
    free(node);
}

static struct node *oldest(struct proxy *proxy)
{
    return LIST_ITEM(proxy->nodes.next, struct node, link);
}

/* A new node; the one that was silent for longest gives way when there are too many. */
static struct node *new_node(struct proxy *proxy, const struct sockaddr *from, socklen_t len)
{
    const struct addrinfo *gateway = proxy->gateway;
    struct node *node = calloc(1, sizeof *node);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = node};

    if (node == NULL) {
        return NULL;
    }
    if (proxy->map.count >= proxy->most) {
        drop(proxy, oldest(proxy));
    }
    node->fd = socket(gateway->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (node->fd < 0 || connect(node->fd, gateway->ai_addr, gateway->ai_addrlen) != 0 ||
        epoll_ctl(proxy->epoll, EPOLL_CTL_ADD, node->fd, &event) != 0) {
        if (node->fd >= 0) {
            close(node->fd);
        }
        free(node);
        return NULL;
    }
    memcpy(&node->address, from, len);
    node->len = len;
    node->end = end_of(from);
    map_add(&proxy->map, &node->item, key_of(&node->end, node->key));
    list_push(&proxy->nodes, &node->link);
    return node;
}

static struct node *find_node(const struct proxy *proxy, const struct dump_end *end)
{
    uint8_t key[KEY];

    return MAP_ITEM(map_find(&proxy->map, key_of(end, key)), struct node, item);
}

/* Shows octets of `proxy` on their way. */
static void show(struct proxy *proxy, const struct node *node, bool up, size_t len)
{
    dump_packet(proxy->dump, &(struct dump_packet){.time_us = dump_now(),
                                                   .from = up ? node->end : proxy->gateway_end,
                                                   .to = up ? proxy->gateway_end : node->end,
                                                   .payload = span_of(proxy->octets, len)});
}

static bool from_node(struct proxy *proxy)
{
    struct sockaddr_storage from = {0};
    struct sockaddr *address = (void *)&from;
    socklen_t from_len = sizeof from;
    ssize_t len =
        recvfrom(proxy->listener, proxy->octets, sizeof proxy->octets, 0, address, &from_len);
    struct dump_end end;
    struct node *node;

    if (len < 0) {
        return false;
    }
    end = end_of(address);
    node = find_node(proxy, &end);
    node = node == NULL ? new_node(proxy, address, from_len) : node;
    if (node != NULL) {
        list_remove(&node->link);
        list_push(&proxy->nodes, &node->link);
        show(proxy, node, true, (size_t)len);
        (void)send(node->fd, proxy->octets, (size_t)len, MSG_NOSIGNAL);
    }
    return true;
}

static bool from_gateway(struct proxy *proxy, const struct node *node)
{
    ssize_t len = recv(node->fd, proxy->octets, sizeof proxy->octets, 0);

    if (len < 0) {
        return false;
    }
    show(proxy, node, false, (size_t)len);
    (void)sendto(proxy->listener, proxy->octets, (size_t)len, MSG_NOSIGNAL,
                 (const void *)&node->address, node->len);
    return true;
}

/* Nodes first: a new one, which the listener brings, may end an old one. */
static void take_all(struct proxy *proxy, const struct epoll_event *events, int count)
{
    bool knocked = false;

    for (int i = 0; i < count; i++) {
        struct node *node = events[i].data.ptr;

        knocked = knocked || node == NULL;
        for (int k = 0; node != NULL && k < BATCH && from_gateway(proxy, node); k++) {
        }
    }
    for (int k = 0; knocked && k < BATCH && from_node(proxy); k++) {
    }
}

static bool is_stopped(const struct proxy *proxy, const struct epoll_event *events, int count)
{
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr == proxy) {
            return true;
        }
    }
    return false;
}

static void run(struct proxy *proxy)
{
    struct epoll_event events[EVENTS];
    int count = 0;

    while (!dump_is_full(proxy->dump) && !is_stopped(proxy, events, count)) {
        count = epoll_wait(proxy->epoll, events, EVENTS, -1);
        if (!is_stopped(proxy, events, count)) {
            take_all(proxy, events, count);
        }
    }
}

static bool explain(struct proxy *proxy, const char *what, const char *why)
{
    (void)snprintf(proxy->dump->why, sizeof proxy->dump->why, "%s: %s", what, why);
    return false;
}

/* IPv4 where there is a choice, as sn-sim does. */
static bool find_gateway(struct proxy *proxy, const struct dump_way *way)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_family = AF_INET};
    int err = getaddrinfo(way->host, way->port, &hints, &proxy->gateway);

    if (err != 0) {
        hints.ai_family = AF_UNSPEC;
        err = getaddrinfo(way->host, way->port, &hints, &proxy->gateway);
    }
    if (err != 0) {
        return explain(proxy, way->host, gai_strerror(err));
    }
    proxy->gateway_end = end_of(proxy->gateway->ai_addr);
    return true;
}

/* "PORT" is on 127.0.0.1, or on ::1 if the gateway speaks IPv6; "[::]:PORT" has an address. */
static bool find_own(struct proxy *proxy, const char *listen, struct addrinfo **own)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM,
                             .ai_family = proxy->gateway->ai_family,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    const char *colon = strrchr(listen, ':');
    char host[64] = "";
    int err;

    if (colon != NULL) {
        bool bracketed = listen[0] == '[' && colon > listen + 1 && colon[-1] == ']';

        (void)snprintf(host, sizeof host, "%.*s", (int)(colon - listen - (bracketed ? 2 : 0)),
                       listen + bracketed);
    }
    err = getaddrinfo(colon != NULL ? host : NULL, colon != NULL ? colon + 1 : listen, &hints, own);
    return err == 0 || explain(proxy, listen, gai_strerror(err));
}

static bool open_listener(struct proxy *proxy, const char *listen)
{
    struct epoll_event knock = {.events = EPOLLIN, .data.ptr = NULL};
    struct epoll_event stop = {.events = EPOLLIN, .data.ptr = proxy};
    struct addrinfo *own = NULL;
    bool good = true;

    if (!find_own(proxy, listen, &own)) {
        return false;
    }
    proxy->listener = socket(own->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (proxy->listener < 0 || bind(proxy->listener, own->ai_addr, own->ai_addrlen) != 0 ||
        epoll_ctl(proxy->epoll, EPOLL_CTL_ADD, proxy->listener, &knock) != 0 ||
        epoll_ctl(proxy->epoll, EPOLL_CTL_ADD, proxy->dump->stop, &stop) != 0) {
        good = explain(proxy, listen, strerror(errno));
    }
    freeaddrinfo(own);
    return good;
}

/* As many nodes as there may be descriptors, but for what else a program has open. */
static size_t nodes_most(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 1;
    }
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur > NODES_MOST + 16 ? NODES_MOST
           : limit.rlim_cur > 32            ? limit.rlim_cur - 16
                                            : 1;
}

static bool open_proxy(struct proxy *proxy, const struct dump_way *way)
{
    list_init(&proxy->nodes);
    proxy->most = nodes_most();
    if (!map_init(&proxy->map, 1024, dump_now()) || proxy->epoll < 0) {
        return explain(proxy, "start", strerror(errno));
    }
    return find_gateway(proxy, way) && open_listener(proxy, way->listen);
}

static void close_proxy(struct proxy *proxy)
{
    while (!list_is_empty(&proxy->nodes)) {
        drop(proxy, oldest(proxy));
    }
    map_fini(&proxy->map);
    if (proxy->gateway != NULL) {
        freeaddrinfo(proxy->gateway);
    }
    if (proxy->listener >= 0) {
        close(proxy->listener);
    }
    if (proxy->epoll >= 0) {
        close(proxy->epoll);
    }
    free(proxy);
}

bool dump_from_proxy(struct dump *dump, const struct dump_way *way)
{
    struct proxy *proxy = calloc(1, sizeof *proxy);
    bool good;

    if (proxy == NULL) {
        (void)snprintf(dump->why, sizeof dump->why, "no memory");
        return false;
    }
    proxy->dump = dump;
    proxy->listener = -1;
    proxy->epoll = epoll_create1(EPOLL_CLOEXEC);
    good = open_proxy(proxy, way);
    if (good) {
        (void)fprintf(stderr, "sn-dump: nodes on %s, gateway at %s port %s\n", way->listen,
                      way->host, way->port);
        run(proxy);
    }
    close_proxy(proxy);
    return good;
}
