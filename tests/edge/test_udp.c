#include "tests/support.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/edge/clock.h"
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
    size_t came;
};

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
    struct gw_log log;
    struct hub hub;
    struct gw_udp udp;
    struct conf_listener conf;
    struct conf_address binds[BINDS];
};

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
    rig->loop.hub = &rig->hub;
    if (!gw_udp_init(&rig->udp, &rig->loop, 5, &rig->conf, &fault)) {
        fail_msg("%s", fault.text);
    }
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;

    gw_udp_fini(&rig->udp);
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
    assert_int_equal(rig->udp.count.oversize, 1);
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
    assert_int_equal(rig->udp.count.unsent, 1);
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

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_answer_leaves_from_the_socket_that_was_asked),
        CASE(more_than_a_batch_passes_in_order),
        CASE(what_is_too_long_is_counted_and_dropped),
        CASE(a_datagram_that_cannot_leave_does_not_hold_up_the_next),
        CASE(a_port_in_use_is_said_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
