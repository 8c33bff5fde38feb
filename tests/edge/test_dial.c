#include "tests/support.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/edge/clock.h"
#include "gateway/edge/dial.h"

#define PATIENCE_MS 20000u

struct rig {
    struct gw_loop loop;
    struct gw_log log;
    struct gw_dial dial;
    char hosts[64];
    char resolv_conf[64];
    int server; /* TCP, listening */
    uint16_t port;
    int names; /* UDP, the name server */
    struct event *asked;
    bool deaf; /* the name server does not answer */
    int questions;
    int ends;
    int fd;
    const char *cause;
};

static void on_done(void *arg, int fd, const char *cause)
{
    struct rig *rig = arg;

    rig->ends++;
    rig->fd = fd;
    rig->cause = cause;
}

static uint16_t bind_any(int fd)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof to;

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&to, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&to, &len), 0);
    return ntohs(to.sin_port);
}

/* Answers a question of type A with 127.0.0.1, every other with nothing. */
static void on_question(evutil_socket_t fd, short what, void *arg)
{
    struct rig *rig = arg;
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    uint8_t packet[512];
    ssize_t got = recvfrom(fd, packet, sizeof packet - 16, 0, (struct sockaddr *)&from, &len);
    bool is_a = got > 16 && packet[got - 3] == 1;

    (void)what;
    rig->questions++;
    if (rig->deaf || got < 16) {
        return;
    }
    packet[2] = 0x81;
    packet[3] = 0x80;
    packet[7] = is_a;
    if (is_a) {
        memcpy(packet + got, "\xC0\x0C\0\1\0\1\0\0\0\x3C\0\4\x7F\0\0\1", 16);
        got += 16;
    }
    assert_true(sendto(fd, packet, (size_t)got, 0, (struct sockaddr *)&from, len) == got);
}

static void write_file(char path[64], const char *text)
{
    int fd = -1;

    (void)mkdir("build", 0777);
    strcpy(path, "build/test-dial-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static int set_up(void **state)
{
    static const struct conf_log conf = {.level = CONF_ERROR};
    struct rig *rig = calloc(1, sizeof *rig);
    struct gw_fault fault = {""};
    char text[64];

    assert_true(gw_log_init(&rig->log, &conf, &fault));
    assert_true(gw_loop_init(&rig->loop, &rig->log, &fault));
    rig->server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    rig->port = bind_any(rig->server);
    assert_int_equal(listen(rig->server, 8), 0);
    rig->names = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    snprintf(text, sizeof text, "nameserver 127.0.0.1:%u\n", bind_any(rig->names));
    write_file(rig->resolv_conf, text);
    write_file(rig->hosts, "127.0.0.1 hub.site\n");
    rig->asked = event_new(rig->loop.base, rig->names, EV_READ | EV_PERSIST, on_question, rig);
    assert_int_equal(event_add(rig->asked, NULL), 0);
    assert_true(gw_dial_init(&rig->dial, &rig->loop, on_done, rig));
    rig->dial.hosts = rig->hosts;
    rig->dial.resolv_conf = rig->resolv_conf;
    rig->fd = -1;
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;

    gw_dial_fini(&rig->dial);
    gw_loop_wait(&rig->loop, 0); /* a cancelled look-up is freed by its own event */
    event_free(rig->asked);
    gw_loop_fini(&rig->loop);
    gw_log_fini(&rig->log);
    unlink(rig->hosts);
    unlink(rig->resolv_conf);
    close(rig->names);
    close(rig->server);
    if (rig->fd >= 0) {
        close(rig->fd);
    }
    free(rig);
    return 0;
}

static void turn_until_end(struct rig *rig)
{
    uint64_t end_ms = gw_clock_ms() + PATIENCE_MS;

    while (rig->ends == 0 && gw_clock_ms() < end_ms) {
        gw_loop_wait(&rig->loop, end_ms);
    }
    assert_int_equal(rig->ends, 1);
}

static void connects_to(struct rig *rig, const char *host)
{
    int conn = -1;

    rig->ends = 0;
    gw_dial_start(&rig->dial, host, rig->port);
    assert_int_equal(rig->ends, 0); /* not from inside the call */
    turn_until_end(rig);
    if (rig->fd < 0) {
        fail_msg("%s: %s", host, rig->cause);
    }
    conn = accept(rig->server, NULL, NULL);
    assert_true(conn >= 0);
    assert_int_equal(write(rig->fd, "x", 1), 1);
    assert_int_equal(read(conn, (char[1]){0}, 1), 1);
    close(conn);
    close(rig->fd);
    rig->fd = -1;
}

static void addresses_and_names_of_the_hosts_file_ask_no_name_server(void **state)
{
    struct rig *rig = *state;

    rig->dial.resolv_conf = "/nonexistent/resolv.conf";
    connects_to(rig, "127.0.0.1");
    connects_to(rig, "hub.site");
    rig->dial.hosts = "/nonexistent/hosts";
    connects_to(rig, "localhost");
    assert_int_equal(rig->questions, 0);
}

static void a_name_is_asked_for(void **state)
{
    struct rig *rig = *state;

    connects_to(rig, "broker.example");
    assert_true(rig->questions > 0);
}

static void without_a_name_server_there_is_no_network_yet(void **state)
{
    struct rig *rig = *state;

    rig->dial.resolv_conf = "/nonexistent/resolv.conf";
    gw_dial_start(&rig->dial, "broker.example", rig->port);
    turn_until_end(rig);
    assert_int_equal(rig->fd, -1);
    assert_non_null(strstr(rig->cause, "no network yet"));
}

static void a_name_server_that_is_silent_costs_five_seconds_at_most(void **state)
{
    struct rig *rig = *state;
    uint64_t start_ms = gw_clock_ms();

    rig->deaf = true;
    gw_dial_start(&rig->dial, "broker.example", rig->port);
    turn_until_end(rig);
    assert_int_equal(rig->fd, -1);
    assert_non_null(rig->cause);
    assert_true(rig->questions > 0); /* its socket is read by the loop that waits for it */
    assert_true(gw_clock_ms() - start_ms < GW_DIAL_STAGE_MS + 1000);
}

static void a_closed_port_is_refused_with_its_cause(void **state)
{
    struct rig *rig = *state;

    close(rig->server);
    rig->server = -1;
    gw_dial_start(&rig->dial, "127.0.0.1", rig->port);
    turn_until_end(rig);
    assert_int_equal(rig->fd, -1);
    assert_string_equal(rig->cause, "Connection refused");
}

static void of_several_addresses_the_next_is_tried(void **state)
{
    struct rig *rig = *state;

    unlink(rig->hosts);
    write_file(rig->hosts, "127.0.0.9 two.site\n127.0.0.1 two.site\n");
    connects_to(rig, "two.site");
}

/* A stopped attempt says nothing, at whatever step it was, and a new one is none the worse. */
static void a_stopped_attempt_is_silent(void **state)
{
    struct rig *rig = *state;
    static const char *const hosts[] = {"127.0.0.1", "broker.example", "hub.site"};

    for (size_t i = 0; i < COUNT(hosts); i++) {
        for (int steps = 0; steps < 3; steps++) {
            rig->ends = 0;
            gw_dial_start(&rig->dial, hosts[i], rig->port);
            for (int step = 0; step < steps && rig->ends == 0; step++) {
                gw_loop_wait(&rig->loop, 0);
            }
            if (rig->ends == 0) {
                gw_dial_stop(&rig->dial);
                gw_loop_wait(&rig->loop, 0);
                assert_int_equal(rig->ends, 0);
            } else {
                close(rig->fd);
                close(accept(rig->server, NULL, NULL));
            }
            while (poll(&(struct pollfd){.fd = rig->server, .events = POLLIN}, 1, 0) == 1) {
                close(accept(rig->server, NULL, NULL));
            }
            connects_to(rig, "broker.example");
        }
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(addresses_and_names_of_the_hosts_file_ask_no_name_server),
        CASE(a_name_is_asked_for),
        CASE(without_a_name_server_there_is_no_network_yet),
        CASE(a_name_server_that_is_silent_costs_five_seconds_at_most),
        CASE(a_closed_port_is_refused_with_its_cause),
        CASE(of_several_addresses_the_next_is_tried),
        CASE(a_stopped_attempt_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
