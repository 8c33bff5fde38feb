#include "tests/support.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/edge/clock.h"
#include "gateway/edge/nets.h"
#include "gateway/edge/udp.h"

#define ROOM   64
#define MOST   200
#define BINDS  3
#define QUEUED 1000

/* The gate, played by the test: an echo with a queue. */
struct sn_gate {
    struct sn_peer peers[QUEUED];
    uint8_t octets[QUEUED][ROOM];
    size_t lens[QUEUED];
    size_t count;
    size_t sent;
};

struct hub {
    struct sn_gate gate;
    struct hub_datagrams datagrams;
    size_t came;
};

struct hub_datagrams *hub_datagrams(struct hub *hub, uint16_t listener)
{
    assert_int_equal(listener, 5);
    return &hub->datagrams;
}

struct sn_gate *hub_gate(struct hub *hub)
{
    return &hub->gate;
}

void hub_datagram(struct hub *hub, const struct sn_peer *from, struct span wire, uint64_t now_ms)
{
    struct sn_gate *gate = &hub->gate;
    size_t i = gate->count++;

    (void)now_ms;
    assert_true(i < QUEUED);
    assert_true(wire.len <= ROOM);
    assert_true(from->near);
    assert_int_equal(from->listener, 5);
    hub->came++;
    gate->peers[i] = *from;
    gate->lens[i] = wire.len;
    if (wire.len != 0) {
        memcpy(gate->octets[i], wire.at, wire.len);
    }
}

bool sn_gate_output(const struct sn_gate *gate, uint16_t listener, size_t *at, struct sn_out *out)
{
    size_t i = gate->sent + (at == NULL ? 0 : *at);

    assert_int_equal(listener, 5);
    if (i >= gate->count) {
        return false;
    }
    *out = (struct sn_out){gate->peers[i], span_of(gate->octets[i], gate->lens[i])};
    if (at != NULL) {
        (*at)++;
    }
    return true;
}

void sn_gate_sent(struct sn_gate *gate, uint16_t listener, size_t count, uint64_t now_ms)
{
    (void)listener;
    (void)now_ms;
    gate->sent += count;
    assert_true(gate->sent <= gate->count);
}

struct rig {
    struct gw_loop loop;
    struct gw_nets nets;
    struct gw_log log;
    struct hub hub;
    struct gw_udp udp;
    struct conf_listener conf;
    struct conf_address binds[BINDS];
    struct conf_address groups[1];
};

static void open_listener(struct rig *rig)
{
    struct gw_fault fault = {""};

    if (!gw_udp_init(&rig->udp, &rig->loop, 5, &rig->conf, &fault)) {
        fail_msg("%s", fault.text);
    }
}

static int set_up(void **state)
{
    static const struct conf_log conf = {.level = CONF_ERROR};
    struct rig *rig = calloc(1, sizeof *rig);
    struct gw_fault fault = {""};

    rig->binds[0] = (struct conf_address){.ip = {127, 0, 0, 1}, .ip_len = 4};
    rig->binds[1] = (struct conf_address){.ip = {127, 0, 0, 2}, .ip_len = 4};
    rig->binds[2] = (struct conf_address){.ip = {[15] = 1}, .ip_len = 16};
    rig->conf = (struct conf_listener){.at = {.name = "lan", .file = "x.conf", .line = 4},
                                       .auth = CONF_OPEN,
                                       .bind = {rig->binds, BINDS},
                                       .max_message = ROOM};
    assert_true(gw_log_init(&rig->log, &conf, &fault));
    assert_true(gw_loop_init(&rig->loop, &rig->log, &fault));
    assert_true(gw_nets_init(&rig->nets, rig->loop.base, &fault));
    rig->loop.hub = &rig->hub;
    rig->loop.nets = &rig->nets;
    open_listener(rig);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;

    gw_udp_fini(&rig->udp);
    gw_nets_fini(&rig->nets);
    gw_loop_fini(&rig->loop);
    gw_log_fini(&rig->log);
    free(rig);
    return 0;
}

/* A node that talks to socket `i` of the listener, and hears nobody else: it is connected. */
static int node_of(const struct rig *rig, size_t i)
{
    const union gw_addr *to = &rig->udp.sockets[i].bound;
    int fd = socket(to->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, &to->any, gw_addr_len(to)), 0);
    return fd;
}

static void turn_until(struct rig *rig, size_t came)
{
    uint64_t end_ms = gw_clock_ms() + 20000;

    while (rig->hub.came < came && gw_clock_ms() < end_ms) {
        gw_loop_wait(&rig->loop, end_ms);
    }
    assert_int_equal(rig->hub.came, came);
}

static void hears(int fd, struct span wire)
{
    uint8_t got[2 * ROOM];
    ssize_t len = 0;

    assert_int_equal(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 5000), 1);
    len = recv(fd, got, sizeof got, 0);
    assert_true(len >= 0);
    assert_span_equal(span_of(got, (size_t)len), wire);
}

static void an_answer_leaves_from_the_socket_that_was_asked(void **state)
{
    struct rig *rig = *state;
    int nodes[BINDS];

    for (size_t i = 0; i < BINDS; i++) {
        uint8_t octets[] = {3, 1, (uint8_t)i};

        nodes[i] = node_of(rig, i);
        assert_int_equal(send(nodes[i], octets, sizeof octets, 0), sizeof octets);
    }
    turn_until(rig, BINDS);
    assert_true(gw_udp_output(&rig->udp));
    assert_int_equal(rig->hub.gate.sent, BINDS);
    for (size_t i = 0; i < BINDS; i++) {
        uint8_t octets[] = {3, 1, (uint8_t)i};

        hears(nodes[i], span_of(octets, sizeof octets));
        close(nodes[i]);
    }
    assert_false(gw_udp_output(&rig->udp));
}

static void more_than_a_batch_passes_in_order(void **state)
{
    struct rig *rig = *state;
    int node = node_of(rig, 0);

    for (int i = 0; i < MOST; i++) {
        uint8_t octets[] = {4, 1, (uint8_t)(i >> 8), (uint8_t)i};
        assert_int_equal(send(node, octets, sizeof octets, 0), sizeof octets);
    }
    turn_until(rig, MOST);
    assert_true(gw_udp_output(&rig->udp));
    for (int i = 0; i < MOST; i++) {
        uint8_t octets[] = {4, 1, (uint8_t)(i >> 8), (uint8_t)i};
        hears(node, span_of(octets, sizeof octets));
    }
    close(node);
}

static void what_is_too_long_is_counted_and_dropped(void **state)
{
    struct rig *rig = *state;
    int node = node_of(rig, 0);
    uint8_t octets[ROOM + 1] = {0};

    assert_int_equal(send(node, octets, ROOM + 1, 0), ROOM + 1);
    assert_int_equal(send(node, octets, ROOM, 0), ROOM);
    assert_int_equal(send(node, octets, 0, 0), 0);
    turn_until(rig, 2);
    assert_int_equal(rig->hub.datagrams.too_long, 1);
    assert_int_equal(rig->hub.gate.lens[0], ROOM);
    assert_int_equal(rig->hub.gate.lens[1], 0);
    close(node);
}

static void a_datagram_that_cannot_leave_does_not_hold_up_the_next(void **state)
{
    struct rig *rig = *state;
    int node = node_of(rig, 0);
    struct sn_gate *gate = &rig->hub.gate;
    union gw_addr nowhere = {.v4 = {.sin_family = AF_INET}};

    assert_int_equal(send(node, "\2\1", 2, 0), 2);
    turn_until(rig, 1);
    gate->peers[1] = gate->peers[0];
    gate->lens[1] = gate->lens[0];
    memcpy(gate->octets[1], gate->octets[0], 2);
    nowhere.v4.sin_addr.s_addr = htonl(0xFFFFFFFF); /* broadcast, which nobody allowed */
    nowhere.v4.sin_port = htons(9);
    gw_addr_pack(&gate->peers[0], &nowhere, 0);
    gate->count = 2;
    assert_true(gw_udp_output(&rig->udp));
    assert_int_equal(gate->sent, 2);
    assert_int_equal(rig->hub.datagrams.unsent, 1);
    hears(node, WIRE_SPAN("\2\1"));
    close(node);
}

static void a_port_in_use_is_said_with_its_place(void **state)
{
    struct rig *rig = *state;
    struct gw_udp second;
    struct gw_fault fault = {""};
    char text[GW_ADDR_TEXT];

    rig->binds[0].port = ntohs(rig->udp.sockets[0].bound.v4.sin_port);
    assert_false(gw_udp_init(&second, &rig->loop, 5, &rig->conf, &fault));
    gw_addr_print(&rig->udp.sockets[0].bound, text);
    assert_non_null(strstr(fault.text, "x.conf:4: [listener lan] bind: cannot listen on "));
    assert_non_null(strstr(fault.text, text));
    assert_non_null(strstr(fault.text, "Address already in use"));
    gw_udp_fini(&second);
}

/* --- wildcards ------------------------------------------------------------------------------- */

/* The listener anew, with one `bind` to all addresses of that family. */
static void open_wild(struct rig *rig, uint8_t ip_len)
{
    gw_udp_fini(&rig->udp);
    rig->binds[0] = (struct conf_address){.ip_len = ip_len};
    rig->conf.bind.count = 1;
    open_listener(rig);
}

/* A node that asks `ip` and hears nobody else: it is connected. */
static int node_asking(const struct rig *rig, const char *ip)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = rig->udp.sockets[0].bound.v4.sin_port};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_int_equal(inet_pton(AF_INET, ip, &to.sin_addr), 1);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void an_answer_leaves_from_the_address_that_was_asked_of_a_wildcard(void **state)
{
    static const char *const ips[] = {"127.0.0.1", "127.7.7.7", "127.0.0.1"};
    struct rig *rig = *state;
    int nodes[3];

    open_wild(rig, 4);
    for (size_t i = 0; i < 3; i++) {
        uint8_t octets[] = {3, 1, (uint8_t)i};

        nodes[i] = node_asking(rig, ips[i]);
        assert_int_equal(send(nodes[i], octets, sizeof octets, 0), sizeof octets);
    }
    turn_until(rig, 3);
    assert_true(gw_udp_output(&rig->udp));
    for (size_t i = 0; i < 3; i++) {
        uint8_t octets[] = {3, 1, (uint8_t)i};

        hears(nodes[i], span_of(octets, sizeof octets));
        close(nodes[i]);
    }
    assert_int_equal(rig->udp.place_count, 3); /* the socket, and two addresses */
}

static void more_addresses_than_are_told_apart_are_served_all_the_same(void **state)
{
    struct rig *rig = *state;
    char ip[32];

    open_wild(rig, 4);
    for (unsigned i = 0; i < GW_UDP_PLACES + 10; i++) {
        int node = -1;

        (void)snprintf(ip, sizeof ip, "127.0.1.%u", i + 1);
        node = node_asking(rig, ip);
        assert_int_equal(send(node, "\2\1", 2, 0), 2);
        turn_until(rig, i + 1);
        close(node);
    }
    assert_int_equal(rig->udp.place_count, GW_UDP_PLACES);
    assert_true(gw_udp_output(&rig->udp));
}

static void a_wildcard_of_ipv6_takes_ipv6_alone(void **state)
{
    struct rig *rig = *state;
    int node = -1;
    int v4 = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in here = {.sin_family = AF_INET};

    open_wild(rig, 16);
    here.sin_port = rig->udp.sockets[0].bound.v6.sin6_port;
    assert_int_equal(bind(v4, (struct sockaddr *)&here, sizeof here), 0); /* still free */
    close(v4);
    node = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    rig->udp.sockets[0].bound.v6.sin6_addr = in6addr_loopback;
    assert_int_equal(connect(node, &rig->udp.sockets[0].bound.any, sizeof(struct sockaddr_in6)), 0);
    assert_int_equal(send(node, "\2\1", 2, 0), 2);
    turn_until(rig, 1);
    assert_true(gw_udp_output(&rig->udp));
    hears(node, WIRE_SPAN("\2\1"));
    close(node);
}

/* --- groups ---------------------------------------------------------------------------------- */

/* The listener anew, at 127.0.0.1, with a group on its interface, the loopback. */
static void open_grouped(struct rig *rig, bool wild)
{
    gw_udp_fini(&rig->udp);
    rig->groups[0] = (struct conf_address){.ip = {225, 1, 1, 77}, .ip_len = 4};
    rig->conf.multicast = (struct conf_addresses){rig->groups, 1};
    rig->conf.ttl = 7;
    rig->conf.bind.count = 1;
    if (wild) {
        rig->binds[0] = (struct conf_address){.ip_len = 4};
        rig->conf.interface = "lo";
    }
    open_listener(rig);
    if (rig->udp.way_count == 0) {
        print_message("SKIP: the loopback of this machine takes no multicast group\n");
        skip();
    }
}

/* A node that speaks to the group from its own port, and hears what comes to that. */
static int node_at_group(const struct rig *rig)
{
    struct in_addr lo = {.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = lo};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &lo, sizeof lo), 0);
    assert_int_equal(
        sendto(fd, "\3\1\0", 3, 0, &rig->udp.groups[0].bound.any, sizeof(struct sockaddr_in)), 3);
    return fd;
}

static void expect_from(int fd, const union gw_addr *wanted)
{
    union gw_addr from;
    socklen_t len = sizeof from;
    uint8_t got[ROOM];

    assert_int_equal(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 5000), 1);
    assert_true(recvfrom(fd, got, sizeof got, 0, &from.any, &len) >= 0);
    assert_int_equal(from.v4.sin_port, wanted->v4.sin_port);
    assert_int_equal(from.v4.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
}

static void what_comes_by_a_group_says_so_and_is_answered_from_the_port_of_bind(void **state)
{
    struct rig *rig = *state;
    int node = -1;

    open_grouped(rig, false);
    node = node_at_group(rig);
    turn_until(rig, 1);
    assert_int_equal(rig->hub.gate.peers[0].group, 1);
    assert_true(gw_udp_output(&rig->udp));
    expect_from(node, &rig->udp.sockets[0].bound);
    close(node);
}

/* To all, and so to ourselves: the group's own socket hears it, from the port of bind. */
static void what_is_for_all_leaves_to_the_group_from_the_port_of_bind(void **state)
{
    struct rig *rig = *state;
    struct sn_gate *gate = &rig->hub.gate;
    uint8_t groups[] = {0, 1, 2}; /* all, this one, one that there is not */

    open_grouped(rig, true);
    for (size_t i = 0; i < sizeof groups; i++) {
        gate->peers[i] = (struct sn_peer){.listener = 5, .group = groups[i], .hops = 2};
        memcpy(gate->octets[i], "\3\2\7", 3);
        gate->lens[i] = 3;
    }
    gate->count = 3;
    assert_true(gw_udp_output(&rig->udp));
    assert_int_equal(gate->sent, 3);
    assert_int_equal(rig->hub.datagrams.unsent, 0);
    turn_until(rig, 2);
    for (size_t i = 3; i < 5; i++) {
        union gw_addr from;

        assert_int_equal(gate->peers[i].group, 1);
        (void)gw_addr_unpack(&gate->peers[i], &from);
        assert_int_equal(from.v4.sin_port, rig->udp.sockets[0].bound.v4.sin_port);
        assert_int_equal(from.v4.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    }
}

/* How many hops what comes next could still go. */
static int hears_hops(int fd)
{
    uint8_t octets[ROOM];
    _Alignas(struct cmsghdr) uint8_t room[64];
    struct iovec part = {octets, sizeof octets};
    struct msghdr head = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    int hops = 0;

    assert_int_equal(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 5000), 1);
    assert_true(recvmsg(fd, &head, 0) >= 0);
    assert_non_null(CMSG_FIRSTHDR(&head));
    memcpy(&hops, CMSG_DATA(CMSG_FIRSTHDR(&head)), sizeof hops);
    return hops;
}

static void a_group_is_told_as_far_as_was_asked_or_as_ttl_says(void **state)
{
    struct rig *rig = *state;
    struct sn_gate *gate = &rig->hub.gate;
    struct ip_mreqn join = {.imr_address = {htonl(INADDR_LOOPBACK)}};
    int on = 1;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    open_grouped(rig, false);
    join.imr_multiaddr = rig->udp.groups[0].bound.v4.sin_addr;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof on), 0);
    assert_int_equal(
        bind(fd, &rig->udp.groups[0].bound.any, gw_addr_len(&rig->udp.groups[0].bound)), 0);
    assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof join), 0);
    gate->peers[0] = (struct sn_peer){.listener = 5, .hops = 2};
    gate->peers[1] = (struct sn_peer){.listener = 5, .hops = 0};
    gate->lens[0] = 3;
    gate->lens[1] = 3;
    gate->count = 2;
    assert_true(gw_udp_output(&rig->udp));
    assert_int_equal(hears_hops(fd), 2);
    assert_int_equal(hears_hops(fd), 7);
    close(fd);
}

static void a_wildcard_may_have_the_port_of_its_group_and_hears_nothing_twice(void **state)
{
    struct rig *rig = *state;
    struct gw_udp second;
    struct gw_fault fault = {""};
    uint16_t port = 0;
    int node = -1;

    open_grouped(rig, true);
    port = ntohs(rig->udp.sockets[0].bound.v4.sin_port);
    gw_udp_fini(&rig->udp);
    rig->binds[0].port = port;
    rig->groups[0].port = port;
    open_listener(rig);
    assert_false(gw_udp_init(&second, &rig->loop, 5, &rig->conf, &fault)); /* it is still ours */
    gw_udp_fini(&second);
    node = node_at_group(rig);
    turn_until(rig, 1);
    close(node);
    node = node_asking(rig, "127.0.0.1");
    assert_int_equal(send(node, "\2\1", 2, 0), 2);
    turn_until(rig, 2);
    assert_int_equal(rig->hub.gate.lens[1], 2);
    close(node);
}

static void two_gateways_of_one_machine_share_a_group(void **state)
{
    struct rig *rig = *state;
    struct gw_udp second;
    struct gw_fault fault = {""};
    int node = -1;

    open_grouped(rig, false);
    rig->groups[0].port = ntohs(rig->udp.groups[0].bound.v4.sin_port);
    rig->binds[0].port = 0;
    assert_true(gw_udp_init(&second, &rig->loop, 5, &rig->conf, &fault));
    node = node_at_group(rig);
    turn_until(rig, 2);
    gw_udp_fini(&second);
    close(node);
}

/* --- a burst --------------------------------------------------------------------------------- */

#define BURST 10000u

/* Takes what is there, without answering, until the node's last datagram came too. */
static void a_burst_is_taken_or_counted_as_dropped_by_the_kernel(void **state)
{
    struct rig *rig = *state;
    struct hub *hub = &rig->hub;
    uint64_t end_ms = gw_clock_ms() + 20000;
    uint8_t octets[ROOM] = {ROOM};
    int node = node_of(rig, 0);

    for (size_t i = 0; i < BURST; i++) {
        assert_int_equal(send(node, octets, sizeof octets, 0), sizeof octets);
    }
    /* The kernel tells its drops with what it still takes. */
    while (hub->came + hub->datagrams.lost < BURST && gw_clock_ms() < end_ms) {
        gw_loop_wait(&rig->loop, 0);
        hub->gate.count = 0;
        hub->gate.sent = 0;
        if (poll(&(struct pollfd){.fd = rig->udp.sockets[0].fd, .events = POLLIN}, 1, 0) == 0) {
            (void)send(node, octets, 1, 0);
            gw_loop_wait(&rig->loop, end_ms);
            hub->came--;
            hub->gate.count = 0;
        }
    }
    assert_int_equal(hub->came + hub->datagrams.lost, BURST);
    assert_int_equal(hub->datagrams.too_long, 0);
    close(node);
}

static void the_kernel_drops_what_does_not_fit_and_says_so(void **state)
{
    struct rig *rig = *state;
    int small = 4096;

    assert_int_equal(
        setsockopt(rig->udp.sockets[0].fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    a_burst_is_taken_or_counted_as_dropped_by_the_kernel(state);
    assert_true(rig->hub.datagrams.lost > BURST / 2);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_answer_leaves_from_the_socket_that_was_asked),
        CASE(more_than_a_batch_passes_in_order),
        CASE(what_is_too_long_is_counted_and_dropped),
        CASE(a_datagram_that_cannot_leave_does_not_hold_up_the_next),
        CASE(a_port_in_use_is_said_with_its_place),
        CASE(an_answer_leaves_from_the_address_that_was_asked_of_a_wildcard),
        CASE(more_addresses_than_are_told_apart_are_served_all_the_same),
        CASE(a_wildcard_of_ipv6_takes_ipv6_alone),
        CASE(what_comes_by_a_group_says_so_and_is_answered_from_the_port_of_bind),
        CASE(what_is_for_all_leaves_to_the_group_from_the_port_of_bind),
        CASE(a_group_is_told_as_far_as_was_asked_or_as_ttl_says),
        CASE(a_wildcard_may_have_the_port_of_its_group_and_hears_nothing_twice),
        CASE(two_gateways_of_one_machine_share_a_group),
        CASE(a_burst_is_taken_or_counted_as_dropped_by_the_kernel),
        CASE(the_kernel_drops_what_does_not_fit_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
