#include "tests/support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gateway/edge/clock.h"
#include "gateway/edge/conn.h"
#include "tests/edge/toy.h"

#define PATIENCE_MS 20000u
#define BODY_LEN    (8u * 1024u * 1024u)
#define HEAD_LEN    50000u

/* The broker, played by the test: what came, and one thing to say. */
struct mqtt_conn {
    void *socket;
    char address[GW_ADDR_TEXT];
    struct span identity;
    uint64_t connect_ms;
    size_t came;
    bool may_read;
    bool stuck;
    bool has_out;
    struct mqtt_out out;
};

struct hub {
    struct mqtt_broker broker;
    struct budget budget;
    struct mqtt_conn conns[64];
    size_t accepted;
    size_t gone;
    size_t writable;
    size_t room; /* connections that may be accepted */
};

static struct hub *hub_of(struct mqtt_broker *b)
{
    return (struct hub *)(void *)b;
}

struct mqtt_broker *hub_broker(struct hub *hub)
{
    return &hub->broker;
}

struct budget *hub_budget(struct hub *hub)
{
    return &hub->budget;
}

struct mqtt_conn *mqtt_broker_accept(struct mqtt_broker *b, const struct mqtt_entrance *entrance,
                                     void *socket, uint64_t now_ms)
{
    struct hub *hub = hub_of(b);
    struct mqtt_conn *conn = &hub->conns[hub->accepted];

    (void)now_ms;
    assert_int_equal(entrance->place, 0);
    if (hub->accepted == hub->room) {
        return NULL;
    }
    hub->accepted++;
    *conn = (struct mqtt_conn){.socket = socket, .may_read = true};
    memcpy(conn->address, entrance->address.at, entrance->address.len);
    conn->identity = entrance->identity;
    conn->connect_ms = entrance->connect_ms;
    return conn;
}

void mqtt_broker_input(struct mqtt_broker *b, struct mqtt_conn *conn, struct span octets,
                       uint64_t now_ms)
{
    (void)b;
    (void)now_ms;
    assert_true(conn->may_read);
    conn->came += octets.len;
}

bool mqtt_broker_may_read(const struct mqtt_broker *b, const struct mqtt_conn *conn)
{
    (void)b;
    return conn->may_read;
}

bool mqtt_broker_output(struct mqtt_broker *b, struct mqtt_out *out, uint8_t *scratch,
                        uint64_t now_ms)
{
    struct hub *hub = hub_of(b);

    (void)now_ms;
    for (size_t i = 0; i < hub->accepted; i++) {
        struct mqtt_conn *conn = &hub->conns[i];

        if (conn->has_out && !conn->stuck) {
            conn->has_out = false;
            *out = conn->out;
            if (out->head.len != 0) {
                memcpy(scratch, out->head.at, out->head.len);
                out->head.at = scratch;
            }
            return true;
        }
    }
    return false;
}

void mqtt_broker_stuck(struct mqtt_broker *b, struct mqtt_conn *conn, uint64_t now_ms)
{
    (void)b;
    (void)now_ms;
    conn->stuck = true; /* again with each part that is taken */
}

void mqtt_broker_writable(struct mqtt_broker *b, struct mqtt_conn *conn, uint64_t now_ms)
{
    (void)now_ms;
    assert_true(conn->stuck);
    conn->stuck = false;
    hub_of(b)->writable++;
}

void mqtt_broker_gone(struct mqtt_broker *b, struct mqtt_conn *conn, uint64_t now_ms)
{
    (void)now_ms;
    conn->socket = NULL;
    hub_of(b)->gone++;
}

struct rig {
    struct gw_loop loop;
    struct gw_log log;
    struct hub hub;
    struct gw_wires wires;
    struct gw_tcp tcp;
    struct conf conf;
    struct conf_broker broker;
};

static int set_up(void **state)
{
    static const struct conf_log conf = {.level = CONF_ERROR};
    struct rig *rig = calloc(1, sizeof *rig);
    struct gw_fault fault = {""};

    rig->broker = (struct conf_broker){.at = {.name = "local", .file = "x.conf", .line = 7},
                                       .bind = {.ip = {127, 0, 0, 1}, .ip_len = 4},
                                       .anonymous = true};
    rig->conf.broker = &rig->broker;
    rig->conf.broker_count = 1;
    rig->conf.limits.clients = COUNT(rig->hub.conns);
    rig->conf.limits.handshakes = 2;
    rig->broker.connect_timeout_ms = 2000;
    rig->hub.budget.limit = 2 * HEAD_LEN;
    rig->hub.room = COUNT(rig->hub.conns);
    assert_true(gw_log_init(&rig->log, &conf, &fault));
    assert_true(gw_loop_init(&rig->loop, &rig->log, &fault));
    rig->loop.hub = &rig->hub;
    rig->loop.budget = &rig->hub.budget;
    assert_true(gw_wires_init(&rig->wires, &rig->loop, &fault));
    if (!gw_tcp_init(&rig->tcp, &rig->wires, NULL, &rig->conf, &fault)) {
        fail_msg("%s", fault.text);
    }
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;

    gw_tcp_fini(&rig->tcp);
    assert_int_equal(rig->hub.budget.used, 0);
    assert_int_equal(toy_count(), 0);
    gw_wires_fini(&rig->wires);
    gw_loop_fini(&rig->loop);
    gw_log_fini(&rig->log);
    free(rig);
    return 0;
}

/* Turns until `*count` is `wanted`. */
static void turn_until(struct rig *rig, const size_t *count, size_t wanted)
{
    uint64_t end_ms = gw_clock_ms() + PATIENCE_MS;

    while (*count < wanted && gw_clock_ms() < end_ms) {
        gw_loop_wait(&rig->loop, end_ms);
    }
    assert_int_equal(*count, wanted);
}

static int dial(struct rig *rig)
{
    const union gw_addr *to = &rig->tcp.ports[0].bound;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, &to->any, gw_addr_len(to)), 0);
    return fd;
}

static int client_of(struct rig *rig)
{
    size_t before = rig->hub.accepted;
    int fd = dial(rig);

    turn_until(rig, &rig->hub.accepted, before + 1);
    return fd;
}

static void say(struct rig *rig, size_t i, struct mqtt_out out)
{
    out.conn = &rig->hub.conns[i];
    out.socket = rig->hub.conns[i].socket;
    rig->hub.conns[i].out = out;
    rig->hub.conns[i].has_out = true;
    gw_tcp_output(&rig->tcp);
}

static void octets_pass_both_ways_and_the_peer_is_named(void **state)
{
    struct rig *rig = *state;
    int client = client_of(rig);
    union gw_addr own;
    socklen_t len = sizeof own;
    char text[GW_ADDR_TEXT];
    uint8_t got[8];

    assert_int_equal(getsockname(client, &own.any, &len), 0);
    gw_addr_print(&own, text);
    assert_string_equal(rig->hub.conns[0].address, text);
    assert_int_equal(write(client, "hello", 5), 5);
    turn_until(rig, &rig->hub.conns[0].came, 5);
    say(rig, 0, (struct mqtt_out){.head = WIRE_SPAN("hi")});
    assert_int_equal(read(client, got, sizeof got), 2);
    assert_memory_equal(got, "hi", 2);
    close(client);
    turn_until(rig, &rig->hub.gone, 1);
}

static void a_client_that_does_not_read_has_a_tail_and_no_copy_of_the_body(void **state)
{
    struct rig *rig = *state;
    struct budget budget = {.limit = 2 * BODY_LEN};
    struct block *block = block_new(&budget, BODY_LEN);
    static uint8_t head[HEAD_LEN];
    static uint8_t got[65536];
    int client = client_of(rig);
    uint64_t end_ms = gw_clock_ms() + PATIENCE_MS;
    size_t len = 0;

    memset(head, 'h', sizeof head);
    memset(block->octets, 'b', BODY_LEN);
    say(rig, 0,
        (struct mqtt_out){
            .head = span_of(head, sizeof head), .body = block_span(block), .block = block});
    assert_true(rig->hub.conns[0].stuck);
    assert_int_equal(block->refs, 1);
    assert_in_range(rig->hub.budget.used, 1, HEAD_LEN + 200); /* at most the head is copied */
    while (len < HEAD_LEN + BODY_LEN && gw_clock_ms() < end_ms) {
        ssize_t some = recv(client, got, sizeof got, MSG_DONTWAIT);

        for (ssize_t i = 0; i < some; i++) {
            assert_int_equal(got[i], len + (size_t)i < HEAD_LEN ? 'h' : 'b');
        }
        len += some > 0 ? (size_t)some : 0;
        gw_loop_wait(&rig->loop, 0);
    }
    assert_int_equal(len, HEAD_LEN + BODY_LEN);
    turn_until(rig, &rig->hub.writable, 1);
    assert_int_equal(budget.used, 0); /* the block was given back */
    close(client);
    turn_until(rig, &rig->hub.gone, 1);
}

static void while_answers_are_owed_nothing_is_read(void **state)
{
    struct rig *rig = *state;
    int client = client_of(rig);
    struct mqtt_conn *conn = &rig->hub.conns[0];

    assert_int_equal(write(client, "a", 1), 1);
    turn_until(rig, &conn->came, 1);
    conn->may_read = false;
    say(rig, 0, (struct mqtt_out){.head = WIRE_SPAN("x")});
    assert_int_equal(write(client, "bc", 2), 2);
    for (int i = 0; i < 10; i++) {
        gw_loop_wait(&rig->loop, 0); /* the double asserts that nothing comes */
    }
    conn->may_read = true;
    say(rig, 0, (struct mqtt_out){.head = WIRE_SPAN("y")});
    turn_until(rig, &conn->came, 3);
    close(client);
    turn_until(rig, &rig->hub.gone, 1);
}

/* The refusal must be read even though the client goes on talking: no RST overtakes it. */
static void the_last_packet_arrives_before_the_close(void **state)
{
    struct rig *rig = *state;
    int client = client_of(rig);
    uint8_t got[8];

    assert_int_equal(write(client, "more than was read", 18), 18);
    say(rig, 0, (struct mqtt_out){.head = WIRE_SPAN("\x20\x02\x00\x05"), .close = true});
    assert_int_equal(rig->hub.gone, 1);
    assert_int_equal(read(client, got, sizeof got), 4);
    assert_memory_equal(got, "\x20\x02\x00\x05", 4);
    assert_int_equal(read(client, got, sizeof got), 0);
    close(client);
}

static void a_stuck_connection_can_be_closed(void **state)
{
    struct rig *rig = *state;
    struct budget budget = {.limit = 2 * BODY_LEN};
    struct block *block = block_new(&budget, BODY_LEN);
    int client = client_of(rig);

    memset(block->octets, 'b', BODY_LEN);
    say(rig, 0, (struct mqtt_out){.body = block_span(block), .block = block});
    assert_true(rig->hub.conns[0].stuck);
    rig->hub.conns[0].stuck = false; /* the broker's patience is over */
    say(rig, 0, (struct mqtt_out){.close = true});
    assert_int_equal(rig->hub.gone, 1);
    assert_int_equal(budget.used, 0);
    close(client);
}

static void beyond_the_broker_s_room_a_connection_is_closed(void **state)
{
    struct rig *rig = *state;
    uint64_t end_ms = gw_clock_ms() + PATIENCE_MS;
    uint8_t octet = 0;
    ssize_t len = -1;
    int client = -1;

    rig->hub.room = 0;
    client = dial(rig);
    while (len != 0 && gw_clock_ms() < end_ms) {
        gw_loop_wait(&rig->loop, gw_clock_ms() + 10);
        len = recv(client, &octet, 1, MSG_DONTWAIT);
    }
    assert_int_equal(len, 0);
    assert_int_equal(rig->hub.gone, 0);
    close(client);
}

/* --- ports with stages ----------------------------------------------------------------------- */

static size_t toys(const struct gw_port_of_broker *port, struct gw_stage *at[GW_WIRE_STAGES])
{
    (void)port;
    at[0] = toy_new(true);
    at[1] = toy_new(true);
    return 2;
}

static size_t no_toys(const struct gw_port_of_broker *port, struct gw_stage *at[GW_WIRE_STAGES])
{
    (void)port;
    (void)at;
    return 0;
}

static struct span toy_identity(const struct gw_stage *stage)
{
    assert_int_equal(stage->state, GW_STAGE_UP);
    return WIRE_SPAN("toy");
}

static void use_toys(struct rig *rig)
{
    static const struct gw_door door = {.stages = toys, .identity = toy_identity, .shakes = true};

    rig->tcp.ports[0].door = &door;
}

static void send_text(int client, const char *text)
{
    assert_int_equal(write(client, text, strlen(text)), strlen(text));
}

/* Turns until the other side has closed. */
static void turn_until_closed(struct rig *rig, int client)
{
    uint64_t end_ms = gw_clock_ms() + PATIENCE_MS;
    uint8_t octets[64];
    ssize_t len = -1;

    while (len != 0 && gw_clock_ms() < end_ms) {
        gw_loop_wait(&rig->loop, gw_clock_ms() + 10);
        len = recv(client, octets, sizeof octets, MSG_DONTWAIT);
    }
    assert_int_equal(len, 0);
}

/* "HELLO." for the outer toy, then a frame of six octets with one for the inner. */
#define OUTER_HELLO "HELLO."
#define INNER_HELLO "\0\x06\x1D\x10\x19\x19\x1A\x7B"

static void send_inner_hello(int client)
{
    assert_int_equal(write(client, INNER_HELLO, sizeof INNER_HELLO - 1), sizeof INNER_HELLO - 1);
}

static void a_connection_is_the_broker_s_when_all_its_stages_are_up(void **state)
{
    struct rig *rig = *state;
    int client = -1;

    use_toys(rig);
    client = dial(rig);
    send_text(client, OUTER_HELLO);
    while (rig->tcp.hall.held.root == NULL || rig->tcp.hall.shaking != 0 ||
           LIST_ITEM(rig->tcp.conns.next, struct gw_conn, in_tcp)->wire.stages == NULL) {
        gw_loop_wait(&rig->loop, gw_clock_ms() + PATIENCE_MS);
    }
    assert_int_equal(rig->hub.accepted, 0);
    send_inner_hello(client);
    turn_until(rig, &rig->hub.accepted, 1);
    assert_span_equal(rig->hub.conns[0].identity, WIRE_SPAN("toy"));
    assert_in_range(rig->hub.conns[0].connect_ms, 1, 2000);
    assert_null(rig->tcp.hall.held.root);
    close(client);
    turn_until(rig, &rig->hub.gone, 1);
}

static void who_does_not_come_up_in_time_is_closed(void **state)
{
    static const char *const texts[] = {"", "HEL", OUTER_HELLO};
    struct rig *rig = *state;

    use_toys(rig);
    rig->broker.connect_timeout_ms = 100;
    for (size_t i = 0; i < COUNT(texts); i++) {
        int client = dial(rig);

        send_text(client, texts[i]);
        turn_until_closed(rig, client);
        close(client);
    }
    assert_int_equal(rig->hub.accepted, 0);
    assert_int_equal(rig->tcp.hall.shaking, 0);
    assert_true(list_is_empty(&rig->tcp.conns));
}

static void handshakes_are_bounded_and_more_wait_in_order(void **state)
{
    struct rig *rig = *state;
    int clients[6];

    use_toys(rig);
    for (size_t i = 0; i < COUNT(clients); i++) {
        clients[i] = dial(rig);
        send_text(clients[i], "HEL");
        gw_loop_wait(&rig->loop, gw_clock_ms() + 1000);
        gw_loop_wait(&rig->loop, gw_clock_ms() + (i < 2 ? 1000 : 100));
        assert_true(rig->tcp.hall.shaking <= 2);
    }
    assert_int_equal(rig->tcp.hall.shaking, 2);
    assert_int_equal(toy_count(), 4); /* who waits has no stages yet */
    for (size_t i = 0; i < COUNT(clients); i++) {
        send_text(clients[i], "LO.");
        send_inner_hello(clients[i]);
        turn_until(rig, &rig->hub.accepted, i + 1);
    }
    for (size_t i = 0; i < COUNT(clients); i++) {
        close(clients[i]);
    }
    turn_until(rig, &rig->hub.gone, COUNT(clients));
}

/* Those who say nothing hold no handshake, those who stop within one hold it for half the time. */
static void silence_does_not_keep_others_out(void **state)
{
    struct rig *rig = *state;
    int silent[20];
    int client = -1;

    use_toys(rig);
    for (size_t i = 0; i < COUNT(silent); i++) {
        silent[i] = dial(rig);
        send_text(silent[i], i % 10 == 9 ? "HEL" : "");
    }
    while (rig->tcp.hall.shaking < 2) {
        gw_loop_wait(&rig->loop, gw_clock_ms() + PATIENCE_MS);
    }
    client = dial(rig);
    send_text(client, OUTER_HELLO);
    send_inner_hello(client);
    turn_until(rig, &rig->hub.accepted, 1);
    for (size_t i = 0; i < COUNT(silent); i++) {
        close(silent[i]);
    }
    close(client);
    turn_until(rig, &rig->hub.gone, 1);
}

static void without_memory_for_its_stages_a_connection_is_closed(void **state)
{
    static const struct gw_door door = {.stages = no_toys};
    struct rig *rig = *state;
    int client = -1;

    rig->tcp.ports[0].door = &door;
    client = dial(rig);
    send_text(client, OUTER_HELLO);
    turn_until_closed(rig, client);
    assert_int_equal(rig->hub.accepted, 0);
    close(client);
}

static void beyond_the_broker_s_room_one_with_stages_is_closed_too(void **state)
{
    struct rig *rig = *state;
    int client = -1;

    use_toys(rig);
    rig->hub.room = 0;
    client = dial(rig);
    send_text(client, OUTER_HELLO);
    send_inner_hello(client);
    turn_until_closed(rig, client);
    assert_int_equal(rig->hub.gone, 0);
    assert_true(list_is_empty(&rig->tcp.conns));
    close(client);
}

/* The broker's 60 s begin anew whenever the kernel takes octets, and end when all has gone. */
static void behind_stages_a_slow_reader_is_stuck_until_all_has_gone(void **state)
{
    struct rig *rig = *state;
    struct budget budget = {.limit = 2 * BODY_LEN};
    struct block *block = block_new(&budget, BODY_LEN);
    static uint8_t got[65536];
    uint64_t end_ms = gw_clock_ms() + PATIENCE_MS;
    int client = -1;

    use_toys(rig);
    memset(block->octets, 'b', BODY_LEN);
    client = dial(rig);
    send_text(client, OUTER_HELLO);
    send_inner_hello(client);
    turn_until(rig, &rig->hub.accepted, 1);
    say(rig, 0, (struct mqtt_out){.body = block_span(block), .block = block});
    assert_true(rig->hub.conns[0].stuck);
    while (rig->hub.writable == 0 && gw_clock_ms() < end_ms) {
        assert_in_range(rig->hub.budget.used, 1, MQTT_SCRATCH + 4096);
        (void)recv(client, got, sizeof got, MSG_DONTWAIT);
        gw_loop_wait(&rig->loop, 0);
    }
    assert_int_equal(rig->hub.writable, 1);
    assert_int_equal(budget.used, 0);
    close(client);
    turn_until(rig, &rig->hub.gone, 1);
}

/* The end of one in the hall frees its descriptor as that of any other. */
static void a_held_connection_that_ends_lets_accepting_go_on(void **state)
{
    struct rig *rig = *state;
    int client = -1;

    use_toys(rig);
    client = dial(rig);
    while (rig->tcp.hall.held.root == NULL) {
        gw_loop_wait(&rig->loop, gw_clock_ms() + PATIENCE_MS);
    }
    rig->tcp.paused = true;
    close(client);
    while (rig->tcp.paused) {
        gw_loop_wait(&rig->loop, gw_clock_ms() + PATIENCE_MS);
    }
    assert_true(list_is_empty(&rig->tcp.conns));
}

static void a_connection_that_ends_after_the_stop_resumes_nothing(void **state)
{
    struct rig *rig = *state;
    int client = client_of(rig);

    rig->tcp.paused = true;
    gw_tcp_stop(&rig->tcp);
    close(client);
    turn_until(rig, &rig->hub.gone, 1);
}

/* Without descriptors accepting pauses; it neither spins nor gives up. */
static void accepting_pauses_while_descriptors_are_short(void **state)
{
    struct rig *rig = *state;
    int first = client_of(rig);
    int second = dial(rig);
    int lowest = dup(0);
    struct rlimit before;
    struct rlimit none;
    uint64_t end_ms = 0;
    int wakes = 0;

    close(lowest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = (rlim_t)lowest;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    end_ms = gw_clock_ms() + 2 * GW_TCP_PAUSE_MS;
    while (gw_clock_ms() < end_ms) {
        gw_loop_wait(&rig->loop, end_ms);
        wakes++;
    }
    assert_int_equal(rig->hub.accepted, 1);
    assert_true(wakes < 8);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    turn_until(rig, &rig->hub.accepted, 2);
    close(first);
    close(second);
    turn_until(rig, &rig->hub.gone, 2);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(octets_pass_both_ways_and_the_peer_is_named),
        CASE(a_client_that_does_not_read_has_a_tail_and_no_copy_of_the_body),
        CASE(while_answers_are_owed_nothing_is_read),
        CASE(the_last_packet_arrives_before_the_close),
        CASE(a_stuck_connection_can_be_closed),
        CASE(beyond_the_broker_s_room_a_connection_is_closed),
        CASE(a_connection_is_the_broker_s_when_all_its_stages_are_up),
        CASE(who_does_not_come_up_in_time_is_closed),
        CASE(handshakes_are_bounded_and_more_wait_in_order),
        CASE(silence_does_not_keep_others_out),
        CASE(without_memory_for_its_stages_a_connection_is_closed),
        CASE(beyond_the_broker_s_room_one_with_stages_is_closed_too),
        CASE(behind_stages_a_slow_reader_is_stuck_until_all_has_gone),
        CASE(a_held_connection_that_ends_lets_accepting_go_on),
        CASE(a_connection_that_ends_after_the_stop_resumes_nothing),
        CASE(accepting_pauses_while_descriptors_are_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
