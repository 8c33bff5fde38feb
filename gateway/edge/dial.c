#include "gateway/edge/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/util.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "base/text.h"

#define NO_NETWORK "no network yet: /etc/resolv.conf names no server"

/* --- the end --------------------------------------------------------------------------------- */

static void close_socket(struct gw_dial *dial)
{
    if (dial->ready != NULL) {
        event_free(dial->ready);
        dial->ready = NULL;
    }
    if (dial->fd >= 0) {
        (void)close(dial->fd);
        dial->fd = -1;
    }
}

static void close_resolver(struct gw_dial *dial)
{
    if (dial->look_up != NULL) {
        evdns_getaddrinfo_cancel(dial->look_up);
        dial->look_up = NULL;
    }
    if (dial->dns != NULL) {
        evdns_base_free(dial->dns, 1);
        dial->dns = NULL;
    }
}

void gw_dial_stop(struct gw_dial *dial)
{
    if (dial->step != NULL) {
        (void)event_del(dial->step);
    }
    dial->stage = GW_DIAL_IDLE; /* the cancelled look-up still answers */
    close_resolver(dial);
    close_socket(dial);
    if (dial->by_proxy) {
        gw_proxy_fini(&dial->proxy);
        dial->by_proxy = false;
    }
}

/* Whoever reads "Connection refused" must not look for it at the broker. */
static const char *on_the_way_to_the_proxy(struct gw_dial *dial, const char *cause)
{
    struct writer w = writer_of((uint8_t *)dial->words, sizeof dial->words);

    write_text(&w, "the proxy: ");
    write_text(&w, cause);
    write_end(&w);
    return dial->words;
}

static void fail(struct gw_dial *dial, const char *cause)
{
    if (dial->by_proxy && dial->stage != GW_DIAL_PROXY) {
        cause = on_the_way_to_the_proxy(dial, cause);
    }
    gw_dial_stop(dial);
    dial->done(dial->arg, -1, cause);
}

static void succeed(struct gw_dial *dial)
{
    int fd = dial->fd;

    dial->fd = -1;
    gw_dial_stop(dial);
    dial->done(dial->arg, fd, NULL);
}

static void enter(struct gw_dial *dial, enum gw_dial_stage stage)
{
    dial->stage = stage;
    dial->entered_ms[stage] = gw_loop_now(dial->loop);
}

static void wait_at_most(struct gw_dial *dial, uint64_t ms)
{
    uint64_t now_ms = gw_loop_now(dial->loop);
    uint64_t left_ms = dial->end_ms > now_ms ? dial->end_ms - now_ms : 0;

    gw_loop_after(dial->step, ms < left_ms ? ms : left_ms);
}

/* --- PROXY ----------------------------------------------------------------------------------- */

/* The kernel has room for these few octets; where it has not, something is wrong. */
static bool speak(struct gw_dial *dial)
{
    struct span says = gw_proxy_output(&dial->proxy);

    return says.len == 0 || send(dial->fd, says.at, says.len, MSG_NOSIGNAL) == (ssize_t)says.len;
}

static void hear(struct gw_dial *dial, struct span octets)
{
    gw_proxy_input(&dial->proxy, &octets);
    if (dial->proxy.state == GW_STAGE_OVER) {
        fail(dial, dial->proxy.cause);
    } else if (octets.len != 0) {
        fail(dial, "the proxy says more than it was asked");
    } else if (dial->proxy.state == GW_STAGE_UP) {
        succeed(dial);
    } else if (!speak(dial)) {
        fail(dial, strerrordesc_np(errno));
    }
}

static void on_proxy(evutil_socket_t fd, short what, void *arg)
{
    struct gw_dial *dial = arg;
    uint8_t octets[512];
    ssize_t len = recv(fd, octets, sizeof octets, 0);

    (void)what;
    if (len > 0) {
        hear(dial, span_of(octets, (size_t)len));
    } else if (len == 0) {
        fail(dial, "the proxy hangs up without an answer");
    } else if (errno != EAGAIN && errno != EINTR) {
        fail(dial, strerrordesc_np(errno));
    }
}

static void enter_proxy(struct gw_dial *dial)
{
    enter(dial, GW_DIAL_PROXY);
    event_free(dial->ready);
    dial->ready = event_new(dial->loop->base, dial->fd, EV_READ | EV_PERSIST, on_proxy, dial);
    if (dial->ready == NULL || event_add(dial->ready, NULL) != 0) {
        fail(dial, "no memory");
    } else if (dial->proxy.state == GW_STAGE_OVER) {
        fail(dial, dial->proxy.cause);
    } else if (!speak(dial)) {
        fail(dial, strerrordesc_np(errno));
    } else {
        wait_at_most(dial, GW_DIAL_STAGE_MS);
    }
}

/* --- TCP ------------------------------------------------------------------------------------- */

static void try_next(struct gw_dial *dial);

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    struct gw_dial *dial = arg;
    int error = 0;
    socklen_t len = sizeof error;

    (void)what;
    (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error == 0) {
        (dial->by_proxy ? enter_proxy : succeed)(dial);
        return;
    }
    dial->cause = strerrordesc_np(error);
    close_socket(dial);
    try_next(dial);
}

/* False: this address cannot even be tried; `cause` says why. */
static bool begin_connect(struct gw_dial *dial, const union gw_addr *to)
{
    int on = 1;

    dial->fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (dial->fd >= 0) {
        (void)setsockopt(dial->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        (void)setsockopt(dial->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
        if (connect(dial->fd, &to->any, gw_addr_len(to)) == 0 || errno == EINPROGRESS) {
            dial->ready = event_new(dial->loop->base, dial->fd, EV_WRITE, on_ready, dial);
        }
    }
    if (dial->ready == NULL || event_add(dial->ready, NULL) != 0) {
        dial->cause = strerrordesc_np(errno);
        close_socket(dial);
        return false;
    }
    return true;
}

static void try_next(struct gw_dial *dial)
{
    while (dial->tried < dial->address_count) {
        bool is_last = dial->tried + 1 == dial->address_count;

        if (begin_connect(dial, &dial->addresses[dial->tried++])) {
            wait_at_most(dial, is_last ? GW_DIAL_STAGE_MS : GW_DIAL_ADDRESS_MS);
            return;
        }
    }
    fail(dial, dial->cause);
}

static void enter_tcp(struct gw_dial *dial)
{
    enter(dial, GW_DIAL_TCP);
    dial->tried = 0;
    close_resolver(dial);
    try_next(dial);
}

/* --- NAME ------------------------------------------------------------------------------------ */

/* Addresses beyond the most, and of other families, are left out. */
static void add_address(struct gw_dial *dial, const struct sockaddr *address)
{
    union gw_addr to = {.v6 = {0}};

    if (address->sa_family == AF_INET) {
        memcpy(&to.v4, address, sizeof to.v4);
        to.v4.sin_port = htons(dial->port);
    } else if (address->sa_family == AF_INET6) {
        memcpy(&to.v6, address, sizeof to.v6);
        to.v6.sin6_port = htons(dial->port);
    } else {
        return;
    }
    if (dial->address_count < GW_DIAL_ADDRESSES) {
        dial->addresses[dial->address_count++] = to;
    }
}

static void take_answer(struct gw_dial *dial, int error, const struct evutil_addrinfo *found)
{
    dial->look_up = NULL;
    dial->answered = true;
    dial->cause = error == 0 ? NULL : evutil_gai_strerror(error);
    for (; found != NULL; found = found->ai_next) {
        add_address(dial, found->ai_addr);
    }
}

/* Called from inside the resolver, which must not be freed here: the next step is an event. */
static void on_looked_up(int error, struct evutil_addrinfo *found, void *arg)
{
    struct gw_dial *dial = arg;

    if (dial->stage == GW_DIAL_NAME && error != EVUTIL_EAI_CANCEL) {
        take_answer(dial, error, found);
        gw_loop_after(dial->step, 0);
    }
    if (found != NULL) {
        evutil_freeaddrinfo(found);
    }
}

static bool is_address(struct gw_dial *dial)
{
    union gw_addr to = {.v6 = {0}};

    if (inet_pton(AF_INET, dial->host, &to.v4.sin_addr) == 1) {
        to.v4.sin_family = AF_INET;
    } else if (inet_pton(AF_INET6, dial->host, &to.v6.sin6_addr) == 1) {
        to.v6.sin6_family = AF_INET6;
    } else {
        return false;
    }
    add_address(dial, &to.any);
    return true;
}

static void look_up(struct gw_dial *dial)
{
    static const int options = DNS_OPTION_SEARCH | DNS_OPTION_NAMESERVERS | DNS_OPTION_MISC |
                               DNS_OPTION_NAMESERVERS_NO_DEFAULT;
    struct evutil_addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = EVUTIL_AI_ADDRCONFIG};

    dial->dns = evdns_base_new(dial->loop->base, 0);
    if (dial->dns == NULL) {
        fail(dial, "no memory for a look-up");
        return;
    }
    (void)evdns_base_load_hosts(dial->dns, dial->hosts);
    (void)evdns_base_resolv_conf_parse(dial->dns, options, dial->resolv_conf);
    /* What /etc/hosts knows is answered before this returns, and then it returns NULL. */
    dial->look_up = evdns_getaddrinfo(dial->dns, dial->host, NULL, &hints, on_looked_up, dial);
    if (!dial->answered && evdns_base_count_nameservers(dial->dns) == 0) {
        fail(dial, NO_NETWORK);
    }
}

/* --- the machine ----------------------------------------------------------------------------- */

static void on_step(evutil_socket_t fd, short what, void *arg)
{
    struct gw_dial *dial = arg;

    (void)fd;
    (void)what;
    switch (dial->stage) {
    case GW_DIAL_STAGES:
    case GW_DIAL_IDLE: break;
    case GW_DIAL_NAME:
        if (dial->address_count != 0) {
            enter_tcp(dial);
        } else {
            fail(dial, dial->cause != NULL ? dial->cause : "the name server does not answer");
        }
        break;
    case GW_DIAL_TCP:
        dial->cause = "no answer";
        close_socket(dial);
        if (gw_loop_now(dial->loop) >= dial->end_ms) {
            fail(dial, dial->cause);
        } else {
            try_next(dial);
        }
        break;
    case GW_DIAL_PROXY: fail(dial, "the proxy does not answer"); break;
    }
}

void gw_dial_start(struct gw_dial *dial, const char *host, uint16_t port)
{
    gw_dial_stop(dial);
    dial->host = host;
    dial->port = port;
    memset(dial->entered_ms, 0, sizeof dial->entered_ms);
    enter(dial, GW_DIAL_NAME);
    dial->address_count = 0;
    dial->answered = false;
    dial->cause = NULL;
    dial->end_ms = gw_loop_now(dial->loop) + GW_DIAL_ALL_MS;
    if (is_address(dial)) {
        gw_loop_after(dial->step, 0);
    } else {
        wait_at_most(dial, GW_DIAL_STAGE_MS);
        look_up(dial);
    }
}

void gw_dial_start_by(struct gw_dial *dial, const struct conf_proxy *proxy, const char *host,
                      uint16_t port)
{
    if (proxy->kind == CONF_NO_PROXY) {
        gw_dial_start(dial, host, port);
        return;
    }
    gw_dial_start(dial, proxy->host, proxy->port);
    gw_proxy_init(&dial->proxy, proxy, host, port);
    dial->by_proxy = true;
}

bool gw_dial_init(struct gw_dial *dial, struct gw_loop *loop,
                  void (*done)(void *arg, int fd, const char *cause), void *arg)
{
    *dial = (struct gw_dial){.loop = loop, .fd = -1, .done = done, .arg = arg};
    dial->hosts = "/etc/hosts";
    dial->resolv_conf = "/etc/resolv.conf";
    dial->step = evtimer_new(loop->base, on_step, dial);
    return dial->step != NULL;
}

void gw_dial_fini(struct gw_dial *dial)
{
    if (dial->loop != NULL) {
        gw_dial_stop(dial);
    }
    if (dial->step != NULL) {
        event_free(dial->step);
    }
    *dial = (struct gw_dial){.fd = -1};
}
