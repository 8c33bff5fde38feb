#include "tests/support.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/edge/port.h"

/* Both ends of a pty: the test holds the far one. */
struct pty {
    int far;
    char path[64];
};

static int open_pty(void **state)
{
    struct pty *pty = calloc(1, sizeof *pty);

    pty->far = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(pty->far >= 0);
    assert_int_equal(grantpt(pty->far), 0);
    assert_int_equal(unlockpt(pty->far), 0);
    assert_int_equal(ptsname_r(pty->far, pty->path, sizeof pty->path), 0);
    *state = pty;
    return 0;
}

static int close_pty(void **state)
{
    struct pty *pty = *state;

    if (pty->far >= 0) {
        close(pty->far);
    }
    free(pty);
    return 0;
}

static struct gw_port_settings settings_of(const struct pty *pty, uint32_t baud)
{
    return (struct gw_port_settings){.device = pty->path, .baud = baud, .stop_bits = 1};
}

static void open_well(struct gw_port *port, const struct pty *pty, uint32_t baud)
{
    struct gw_port_settings settings = settings_of(pty, baud);
    struct gw_fault fault = {""};

    if (!gw_port_open(port, &settings, &fault)) {
        fail_msg("%s", fault.text);
    }
}

static void wait_for(int fd, short events)
{
    struct pollfd one = {.fd = fd, .events = events};

    assert_int_equal(poll(&one, 1, 5000), 1);
}

static void every_octet_passes_unchanged_both_ways(void **state)
{
    struct pty *pty = *state;
    struct gw_port port;
    uint8_t all[256];
    uint8_t got[256];

    open_well(&port, pty, 115200);
    for (size_t i = 0; i < sizeof all; i++) {
        all[i] = (uint8_t)i;
    }
    assert_int_equal(write(port.fd, all, sizeof all), sizeof all);
    for (size_t len = 0; len < sizeof all;) {
        wait_for(pty->far, POLLIN);
        len += (size_t)read(pty->far, got + len, sizeof got - len);
    }
    assert_memory_equal(got, all, sizeof all);
    assert_int_equal(write(pty->far, all, sizeof all), sizeof all);
    for (size_t len = 0; len < sizeof all;) {
        wait_for(port.fd, POLLIN);
        len += (size_t)read(port.fd, got + len, sizeof got - len);
    }
    assert_memory_equal(got, all, sizeof all);
    gw_port_close(&port);
}

static void the_baud_rate_is_read_back_even_an_odd_one(void **state)
{
    struct pty *pty = *state;
    static const uint32_t rates[] = {9600, 12345, 115200, 250000, 1000000};

    for (size_t i = 0; i < COUNT(rates); i++) {
        struct gw_port port;
        struct termios2 tty;

        open_well(&port, pty, rates[i]);
        assert_int_equal(port.baud, rates[i]);
        assert_int_equal(ioctl(port.fd, TCGETS2, &tty), 0);
        assert_int_equal(tty.c_ospeed, rates[i]);
        assert_int_equal(tty.c_cc[VMIN], 1);
        assert_int_equal(tty.c_cflag & HUPCL, 0);
        gw_port_close(&port);
    }
}

static void an_empty_line_is_not_a_hang_up(void **state)
{
    struct pty *pty = *state;
    struct gw_port port;
    uint8_t octet;

    open_well(&port, pty, 115200);
    assert_int_equal(read(port.fd, &octet, 1), -1);
    assert_int_equal(errno, EAGAIN);
    close(pty->far);
    pty->far = -1;
    wait_for(port.fd, POLLIN);
    assert_true(read(port.fd, &octet, 1) == 0 || errno == EIO);
    gw_port_close(&port);
}

static void a_second_opening_is_refused_and_names_the_holder(void **state)
{
    struct pty *pty = *state;
    struct gw_port_settings settings = settings_of(pty, 115200);
    struct gw_fault fault = {""};
    struct gw_port port;
    char expected[64];
    int go[2];
    pid_t child;
    char octet = 0;

    assert_int_equal(pipe(go), 0);
    child = fork();
    if (child == 0) {
        struct gw_port held;
        bool good = gw_port_open(&held, &settings, &fault);
        octet = good ? 'y' : 'n';
        (void)!write(go[1], &octet, 1);
        pause();
        _exit(0);
    }
    assert_int_equal(read(go[0], &octet, 1), 1);
    assert_int_equal(octet, 'y');
    snprintf(expected, sizeof expected, "in use by process %ld", (long)child);
    assert_false(gw_port_open(&port, &settings, &fault));
    assert_non_null(strstr(fault.text, expected));
    assert_non_null(strstr(fault.text, pty->path));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(go[0]);
    close(go[1]);
}

static void a_refused_opening_leaves_the_line_as_it_was(void **state)
{
    struct pty *pty = *state;
    struct gw_port_settings other = settings_of(pty, 9600);
    struct gw_fault fault = {""};
    struct gw_port port;
    struct gw_port second;
    struct termios2 tty;

    open_well(&port, pty, 115200);
    assert_false(gw_port_open(&second, &other, &fault));
    assert_non_null(strstr(fault.text, "in use"));
    assert_int_equal(ioctl(port.fd, TCGETS2, &tty), 0);
    assert_int_equal(tty.c_ospeed, 115200);
    assert_int_equal(tty.c_cc[VMIN], 1);
    gw_port_close(&port);
    open_well(&port, pty, 9600);
    gw_port_close(&port);
}

static void what_is_no_port_is_refused_with_its_name(void **state)
{
    static const char *const wrong[] = {"/nonexistent/tty", "/dev/null", "/", "usb:ffff:fffe",
                                        "usb:what"};

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct gw_port_settings settings = {.device = wrong[i], .baud = 9600, .stop_bits = 1};
        struct gw_fault fault = {""};
        struct gw_port port;

        assert_false(gw_port_open(&port, &settings, &fault));
        assert_non_null(strstr(fault.text, wrong[i]));
        assert_int_equal(port.fd, -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_octet_passes_unchanged_both_ways, open_pty,
                                        close_pty),
        cmocka_unit_test_setup_teardown(the_baud_rate_is_read_back_even_an_odd_one, open_pty,
                                        close_pty),
        cmocka_unit_test_setup_teardown(an_empty_line_is_not_a_hang_up, open_pty, close_pty),
        cmocka_unit_test_setup_teardown(a_second_opening_is_refused_and_names_the_holder, open_pty,
                                        close_pty),
        cmocka_unit_test_setup_teardown(a_refused_opening_leaves_the_line_as_it_was, open_pty,
                                        close_pty),
        cmocka_unit_test(what_is_no_port_is_refused_with_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
