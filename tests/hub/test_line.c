/* tests/hub/test_line.c - a serial line: octets in frames to the gate, and back. */
#include "sn/frame.h"
#include "tests/hub/fixture.h"

static const char conf[] = "[listener tty]\ntype = serial\ndevice = /dev/ttyUSB0\n"
                           "[store]\npath = none\n";

static size_t framed(uint8_t ctrl, struct span payload, uint8_t *out, size_t size)
{
    struct sn_frame frame = {SN_ADDR_FIRST, ctrl, payload};

    return sn_frame_encode(&frame, out, size);
}

static struct span said(struct site *site)
{
    hub_pump(site->hub, site->now_ms);
    return span_of(site->out,
                   hub_line_output(site->hub, 0, site->out, sizeof site->out, site->now_ms));
}

static void a_frame_that_comes_octet_by_octet_is_answered_in_a_frame(void **state)
{
    struct site *site = site_new(conf, false);
    uint8_t in[64];
    uint8_t expected[64];
    size_t len = framed(SN_CTRL_FROM_NODE, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"), in, sizeof in);
    size_t answer = framed(0, WIRE_SPAN("\x03\x05\0"), expected, sizeof expected);

    (void)state;
    for (size_t i = 0; i < len; i++) {
        hub_line_input(site->hub, 0, span_of(&in[i], 1), site->now_ms);
    }
    assert_span_equal(said(site), span_of(expected, answer));
    assert_int_equal(said(site).len, 0);
    site_free(site);
}

/* max_message may be more than the queue of a usual line holds. */
static void a_line_of_long_messages_is_served(void **state)
{
    struct site *site =
        site_new("[listener tty]\ntype = serial\ndevice = /dev/ttyUSB0\nmax_message = 65535\n"
                 "[store]\npath = none\n",
                 false);
    uint8_t in[64];
    size_t len = framed(SN_CTRL_FROM_NODE, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"), in, sizeof in);

    (void)state;
    hub_line_input(site->hub, 0, span_of(in, len), site->now_ms);
    assert_int_not_equal(said(site).len, 0);
    site_free(site);
}

static void an_echo_of_our_own_frames_is_ignored(void **state)
{
    struct site *site = site_new(conf, false);
    uint8_t in[64];
    size_t len = framed(0, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"), in, sizeof in);

    (void)state;
    hub_line_input(site->hub, 0, span_of(in, len), site->now_ms);
    assert_int_equal(said(site).len, 0);
    site_free(site);
}

static void a_line_that_was_opened_anew_forgets_the_frame_begun(void **state)
{
    struct site *site = site_new(conf, false);
    uint8_t in[64];
    size_t len = framed(SN_CTRL_FROM_NODE, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"), in, sizeof in);

    (void)state;
    hub_line_input(site->hub, 0, span_of(in, len / 2), site->now_ms);
    hub_line_reset(site->hub, 0);
    hub_line_input(site->hub, 0, span_of(in, len), site->now_ms);
    assert_true(said(site).len > 0);
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_that_comes_octet_by_octet_is_answered_in_a_frame),
        cmocka_unit_test(a_line_of_long_messages_is_served),
        cmocka_unit_test(an_echo_of_our_own_frames_is_ignored),
        cmocka_unit_test(a_line_that_was_opened_anew_forgets_the_frame_begun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
