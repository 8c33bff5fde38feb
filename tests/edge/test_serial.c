#include "tests/support.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/edge/clock.h"
#include "gateway/edge/serial.h"

#define PATIENCE_MS 20000u

/* The hub's side of the line, played by the test. */
struct hub {
    uint8_t came[4096];
    size_t came_len;
    struct span frames; /* to be sent */
    int resets;
};

void hub_line_input(struct hub *hub, uint16_t listener, struct span octets, uint64_t now_ms)
{
    assert_int_equal(listener, 3);
    assert_true(now_ms != 0);
    assert_true(hub->came_len + octets.len <= sizeof hub->came);
    memcpy(hub->came + hub->came_len, octets.at, octets.len);
    hub->came_len += octets.len;
}

size_t hub_line_output(struct hub *hub, uint16_t listener, uint8_t *out, size_t size,
                       uint64_t now_ms)
{
    size_t len = hub->frames.len < size ? hub->frames.len : size;

    (void)listener;
    (void)now_ms;
    if (len != 0) {
        memcpy(out, hub->frames.at, len);
        hub->frames = span_from(hub->frames, len);
    }
    return len;
}

void hub_line_reset(struct hub *hub, uint16_t listener)
{
    (void)listener;
    hub->resets++;
}

struct rig {
    struct gw_loop loop;
    struct gw_log log;
    struct hub hub;
    struct gw_serial serial;
    struct conf_listener conf;
    char device[64]; /* a link to the pty's near end, as udev makes them */
    int far;
};

static void plug_in(struct rig *rig)
{
    char path[64];

    rig->far = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    assert_true(rig->far >= 0);
    assert_int_equal(grantpt(rig->far), 0);
    assert_int_equal(unlockpt(rig->far), 0);
    assert_int_equal(ptsname_r(rig->far, path, sizeof path), 0);
    assert_int_equal(symlink(path, rig->device), 0);
}

static void unplug(struct rig *rig)
{
    close(rig->far);
    rig->far = -1;
    assert_int_equal(unlink(rig->device), 0);
}

static int set_up(void **state)
{
    static const struct conf_log conf = {.level = CONF_ERROR};
    struct rig *rig = calloc(1, sizeof *rig);
    struct gw_fault fault = {""};

    (void)mkdir("build", 0777);
    snprintf(rig->device, sizeof rig->device, "build/test-serial-%ld", (long)getpid());
    rig->conf = (struct conf_listener){.at = {.name = "line"},
                                       .type = CONF_SERIAL,
                                       .device = rig->device,
                                       .baud = 115200,
                                       .stop_bits = 1,
                                       .max_message = 512};
    assert_true(gw_log_init(&rig->log, &conf, &fault));
    assert_true(gw_loop_init(&rig->loop, &rig->log, &fault));
    rig->loop.hub = &rig->hub;
    rig->far = -1;
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;

    gw_serial_fini(&rig->serial);
    gw_loop_fini(&rig->loop);
    gw_log_fini(&rig->log);
    if (rig->far >= 0) {
        unplug(rig);
    }
    free(rig);
    return 0;
}

static void begin(struct rig *rig)
{
    struct gw_fault fault = {""};

    assert_true(gw_serial_init(&rig->serial, &rig->loop, 3, &rig->conf, &fault));
}

/* Turns until the port is open, or closed. */
static void turn_until_open(struct rig *rig, bool open)
{
    uint64_t end_ms = gw_clock_ms() + PATIENCE_MS;

    while ((rig->serial.readable != NULL) != open && gw_clock_ms() < end_ms) {
        gw_loop_wait(&rig->loop, end_ms);
    }
    assert_int_equal(rig->serial.readable != NULL, open);
}

static void passes(struct rig *rig, const char *text)
{
    uint64_t end_ms = gw_clock_ms() + PATIENCE_MS;
    size_t len = strlen(text);
    uint8_t got[64];

    rig->hub.came_len = 0;
    assert_int_equal(write(rig->far, text, len), len);
    while (rig->hub.came_len < len && gw_clock_ms() < end_ms) {
        gw_loop_wait(&rig->loop, end_ms);
    }
    assert_span_equal(span_of(rig->hub.came, rig->hub.came_len), span_of_text(text));
    rig->hub.frames = span_of_text(text);
    assert_true(gw_serial_output(&rig->serial));
    assert_int_equal(poll(&(struct pollfd){.fd = rig->far, .events = POLLIN}, 1, 5000), 1);
    assert_int_equal(read(rig->far, got, sizeof got), len);
    assert_memory_equal(got, text, len);
}

static void octets_pass_both_ways(void **state)
{
    struct rig *rig = *state;

    plug_in(rig);
    begin(rig);
    passes(rig, "one");
    passes(rig, "two");
    assert_false(gw_serial_output(&rig->serial));
}

static void a_port_that_is_missing_at_start_is_found_later(void **state)
{
    struct rig *rig = *state;

    begin(rig);
    assert_null(rig->serial.readable);
    rig->hub.frames = WIRE_SPAN("early");
    assert_false(gw_serial_output(&rig->serial));
    rig->hub.frames = (struct span){NULL, 0};
    plug_in(rig);
    turn_until_open(rig, true);
    passes(rig, "here");
}

static void a_port_that_was_unplugged_is_opened_again_by_its_name(void **state)
{
    struct rig *rig = *state;

    plug_in(rig);
    begin(rig);
    for (int i = 0; i < 3; i++) {
        passes(rig, "before");
        unplug(rig);
        turn_until_open(rig, false);
        assert_int_equal(rig->hub.resets, i + 1);
        assert_int_equal(rig->serial.port.fd, -1);
        plug_in(rig);
        turn_until_open(rig, true);
        passes(rig, "after");
    }
}

static void a_lost_port_does_not_spin(void **state)
{
    struct rig *rig = *state;
    uint64_t end_ms = 0;
    int wakes = 0;

    plug_in(rig);
    begin(rig);
    unplug(rig);
    turn_until_open(rig, false);
    end_ms = gw_clock_ms() + 1500;
    while (gw_clock_ms() < end_ms) {
        gw_loop_wait(&rig->loop, end_ms);
        wakes++;
    }
    assert_true(wakes <= 6);
    assert_true(rig->serial.wait_ms > GW_SERIAL_LEAST_MS);
}

/* Far more than the driver takes at once, which the far end reads slowly. */
static void what_the_driver_does_not_take_follows_in_order(void **state)
{
    struct rig *rig = *state;
    uint64_t end_ms = gw_clock_ms() + PATIENCE_MS;
    static uint8_t all[200000];
    static uint8_t got[sizeof all];
    size_t len = 0;

    plug_in(rig);
    begin(rig);
    for (size_t i = 0; i < sizeof all; i++) {
        all[i] = (uint8_t)(i * 7 + i / 251);
    }
    rig->hub.frames = span_of(all, sizeof all);
    assert_true(gw_serial_output(&rig->serial));
    assert_true(rig->hub.frames.len > 0);
    while (len < sizeof all && gw_clock_ms() < end_ms) {
        ssize_t some = read(rig->far, got + len, 500);

        if (some > 0) {
            len += (size_t)some;
        }
        gw_loop_wait(&rig->loop, 0);
        (void)gw_serial_output(&rig->serial);
    }
    assert_int_equal(len, sizeof all);
    assert_memory_equal(got, all, sizeof all);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(octets_pass_both_ways),
        CASE(a_port_that_is_missing_at_start_is_found_later),
        CASE(a_port_that_was_unplugged_is_opened_again_by_its_name),
        CASE(a_lost_port_does_not_spin),
        CASE(what_the_driver_does_not_take_follows_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
