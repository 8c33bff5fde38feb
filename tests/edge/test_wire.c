#include "tests/support.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/edge/clock.h"
#include "gateway/edge/wire.h"
#include "tests/edge/toy.h"

#define PATIENCE_MS 20000u
#define HEAD_LEN    60000u
#define BODY_LEN    (3u * 1024u * 1024u)
#define WAITS_MOST  (MQTT_SCRATCH + 4096u) /* with its wrapping */
#define WORDS       "what the far side says, which is more than a few words"

struct hub {
    struct budget budget;
};

struct budget *hub_budget(struct hub *hub)
{
    return &hub->budget;
}

/* A wire as a server has it, and the far end of its socket with stages of its own. */
struct rig {
    struct gw_wire wire;
    struct gw_loop loop;
    struct gw_wires wires;
    struct gw_log log;
    struct hub hub;
    struct gw_wire_user user;
    int far;
    bool far_ended;
    struct gw_stage *stages[GW_WIRE_STAGES];
    size_t stage_count;
    uint8_t *got; /* by the far side */
    size_t got_len;
    uint8_t came[4096]; /* to the wire's user */
    size_t came_len;
    size_t ups;
    size_t moves;
    size_t overs;
    bool refuses;
    const char *cause;
};

static struct rig *rig_of(struct gw_wire *wire)
{
    return (struct rig *)(void *)wire;
}

static bool on_up(struct gw_wire *wire)
{
    struct rig *rig = rig_of(wire);

    rig->ups++;
    assert_int_equal(gw_wire_is_up(wire), rig->ups == rig->stage_count);
    return !rig->refuses;
}

static void on_input(struct gw_wire *wire, struct span octets)
{
    struct rig *rig = rig_of(wire);

    assert_true(gw_wire_is_up(wire));
    assert_true(wire->reading);
    assert_true(rig->came_len + octets.len <= sizeof rig->came);
    memcpy(rig->came + rig->came_len, octets.at, octets.len);
    rig->came_len += octets.len;
}

static void on_moved(struct gw_wire *wire)
{
    rig_of(wire)->moves++;
}

static void on_over(struct gw_wire *wire, const char *cause)
{
    struct rig *rig = rig_of(wire);

    rig->overs++;
    rig->cause = cause; /* the toys' are static */
    gw_wire_fini(wire);
}

static struct rig *rig_new(size_t stages)
{
    static const struct conf_log conf = {.level = CONF_ERROR};
    struct rig *rig = calloc(1, sizeof *rig);
    struct gw_stage *ours[GW_WIRE_STAGES];
    struct gw_fault fault = {""};
    int size = 16384;
    int ends[2];

    assert_true(gw_log_init(&rig->log, &conf, &fault));
    assert_true(gw_loop_init(&rig->loop, &rig->log, &fault));
    assert_true(gw_wires_init(&rig->wires, &rig->loop, &fault));
    rig->loop.hub = &rig->hub;
    rig->loop.budget = &rig->hub.budget;
    rig->hub.budget.limit = BODY_LEN + 2 * WAITS_MOST;
    rig->user = (struct gw_wire_user){
        .wires = &rig->wires, .up = on_up, .input = on_input, .moved = on_moved, .over = on_over};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
    rig->far = ends[1];
    rig->got = malloc(HEAD_LEN + BODY_LEN);
    assert_true(gw_wire_init(&rig->wire, &rig->user, ends[0]));
    rig->stage_count = stages;
    for (size_t i = 0; i < stages; i++) {
        rig->stages[i] = toy_new(false);
        ours[i] = toy_new(true);
    }
    assert_true(stages == 0 || gw_wire_raise(&rig->wire, ours, stages));
    return rig;
}

static void rig_free(struct rig *rig)
{
    gw_wire_fini(&rig->wire);
    for (size_t i = 0; i < rig->stage_count; i++) {
        gw_stage_free(rig->stages[i]);
    }
    assert_int_equal(toy_count(), 0);
    assert_int_equal(rig->hub.budget.used, 0);
    close(rig->far);
    gw_wires_fini(&rig->wires);
    gw_loop_fini(&rig->loop);
    gw_log_fini(&rig->log);
    free(rig->got);
    free(rig);
}

/* --- the far side ---------------------------------------------------------------------------- */

/* Wraps `plain` by the far side's stages; the octets for the socket. */
static size_t far_wrap(struct rig *rig, struct span plain, uint8_t *out)
{
    static uint8_t between[GW_STAGE_LEAST];
    size_t len = 0;

    if (rig->stage_count == 0) {
        memcpy(out, plain.at, plain.len);
        return plain.len;
    }
    for (size_t before = SIZE_MAX; before != len;) {
        struct writer w = writer_of(out + len, GW_STAGE_LEAST);
        struct writer top = writer_of(between, sizeof between);
        struct span wrapped = plain;

        before = len;
        if (rig->stage_count == 2) {
            wrapped = (struct span){NULL, 0};
            if (rig->stages[0]->state == GW_STAGE_UP) {
                gw_stage_output(rig->stages[1], &plain, &top);
                wrapped = span_of(between, written(&top));
            }
            gw_stage_output(rig->stages[0], &wrapped, &w);
        } else {
            gw_stage_output(rig->stages[0], &plain, &w);
        }
        len += written(&w);
    }
    assert_int_equal(plain.len, 0);
    return len;
}

static void far_write(struct rig *rig, const uint8_t *octets, size_t len)
{
    if (len != 0) {
        assert_int_equal(send(rig->far, octets, len, MSG_NOSIGNAL), len);
    }
}

static void far_take(struct rig *rig, struct span octets)
{
    static uint8_t room[GW_WIRE_STAGES][GW_STAGE_LEAST];
    size_t len = 0;

    if (rig->stage_count == 0) {
        memcpy(rig->got + rig->got_len, octets.at, octets.len);
        rig->got_len += octets.len;
        return;
    }
    do {
        struct span above;
        size_t before = octets.len;

        len = gw_stage_input(rig->stages[0], &octets, room[0], GW_STAGE_LEAST);
        above = span_of(room[0], len);
        if (rig->stage_count == 1) {
            memcpy(rig->got + rig->got_len, room[0], len);
            rig->got_len += len;
        }
        for (size_t some = 1; rig->stage_count == 2 && (some != 0 || above.len != 0);) {
            some = gw_stage_input(rig->stages[1], &above, room[1], GW_STAGE_LEAST);
            memcpy(rig->got + rig->got_len, room[1], some);
            rig->got_len += some;
            if (rig->stages[1]->state == GW_STAGE_OVER) {
                break;
            }
        }
        if (len == 0 && octets.len == before) {
            break;
        }
    } while (octets.len != 0 || len != 0);
}

/* Reads once. */
static void far_read(struct rig *rig)
{
    static uint8_t octets[20000];
    ssize_t len = recv(rig->far, octets, sizeof octets, MSG_DONTWAIT);

    if (len > 0) {
        far_take(rig, span_of(octets, (size_t)len));
    }
    rig->far_ended = len == 0;
}

static void turn(struct rig *rig)
{
    gw_loop_wait(&rig->loop, 0);
}

/* Greets from both sides until the wire is up. */
static void come_up(struct rig *rig)
{
    static uint8_t out[4 * GW_STAGE_LEAST];
    uint64_t end_ms = gw_clock_ms() + PATIENCE_MS;

    while (rig->ups < rig->stage_count && gw_clock_ms() < end_ms) {
        far_write(rig, out, far_wrap(rig, (struct span){NULL, 0}, out));
        turn(rig);
        far_read(rig);
    }
    assert_int_equal(rig->ups, rig->stage_count);
}

/* --- tests ----------------------------------------------------------------------------------- */

static void octets_come_through_wherever_they_are_cut(void **state)
{
    static uint8_t out[4 * GW_STAGE_LEAST];

    (void)state;
    for (size_t stages = 0; stages <= GW_WIRE_STAGES; stages++) {
        struct rig *rig = rig_new(stages);
        size_t len = 0;

        come_up(rig);
        len = far_wrap(rig, span_of_text(WORDS), out);
        for (size_t cut = 0; cut <= len; cut++) {
            rig->came_len = 0;
            far_write(rig, out, cut);
            turn(rig);
            far_write(rig, out + cut, len - cut);
            turn(rig);
            assert_span_equal(span_of(rig->came, rig->came_len), span_of_text(WORDS));
        }
        rig_free(rig);
    }
}

static void a_greeting_may_be_cut_anywhere(void **state)
{
    static const char greeting[] = "HELLO.";

    (void)state;
    for (size_t cut = 0; cut < sizeof greeting; cut++) {
        struct rig *rig = rig_new(1);

        far_write(rig, (const uint8_t *)greeting, cut);
        turn(rig);
        assert_int_equal(rig->ups, cut == sizeof greeting - 1);
        far_write(rig, (const uint8_t *)greeting + cut, sizeof greeting - 1 - cut);
        turn(rig);
        assert_int_equal(rig->ups, 1);
        rig_free(rig);
    }
}

/* A user that only waits for it to be up does not ask what the kernel took. */
static void a_greeting_that_waits_goes_when_the_socket_takes_it(void **state)
{
    static const uint8_t filler[4096];
    static uint8_t octets[sizeof filler];
    struct rig *rig = rig_new(1);
    uint64_t end_ms = gw_clock_ms() + PATIENCE_MS;
    ssize_t len = 0;

    (void)state;
    rig->user.moved = NULL;
    while (send(rig->wire.fd, filler, sizeof filler, MSG_NOSIGNAL) > 0) {
    }
    while (send(rig->wire.fd, filler, 1, MSG_NOSIGNAL) > 0) {
    }
    far_write(rig, (const uint8_t *)"HELLO.", 6);
    turn(rig);
    assert_true(gw_wire_waits(&rig->wire));
    while (gw_wire_waits(&rig->wire) && gw_clock_ms() < end_ms) {
        (void)recv(rig->far, octets, sizeof octets, 0);
        turn(rig);
    }
    assert_false(gw_wire_waits(&rig->wire));
    for (ssize_t more = 1; more > 0;) {
        more = recv(rig->far, octets, sizeof octets, 0);
        len = more > 0 ? more : len;
    }
    assert_true(len >= 8);
    assert_memory_equal(octets + len - 8, "WELCOME.", 8);
    rig_free(rig);
}

static void a_long_body_is_wrapped_as_the_socket_takes_it(void **state)
{
    static uint8_t head[HEAD_LEN];

    (void)state;
    for (size_t stages = 0; stages <= GW_WIRE_STAGES; stages++) {
        struct rig *rig = rig_new(stages);
        struct block *body = block_new(&rig->hub.budget, BODY_LEN);
        size_t bare = rig->hub.budget.used;
        uint64_t end_ms = gw_clock_ms() + PATIENCE_MS;
        size_t last = 0;

        memset(head, 'h', sizeof head);
        memset(body->octets, 'b', BODY_LEN);
        come_up(rig);
        assert_int_equal(
            gw_wire_send(&rig->wire, &(struct mqtt_out){.head = span_of(head, sizeof head),
                                                        .body = block_span(body),
                                                        .block = block_hold(body)}),
            GW_SENT_PART);
        while (gw_wire_waits(&rig->wire) && gw_clock_ms() < end_ms) {
            assert_in_range(rig->hub.budget.used, bare, bare + WAITS_MOST);
            last = rig->moves;
            far_read(rig);
            turn(rig);
        }
        assert_int_equal(rig->moves, last + 1); /* that all has gone is told too */
        assert_int_equal(body->refs, 1);
        block_drop(body);
        while (rig->got_len < HEAD_LEN + BODY_LEN && gw_clock_ms() < end_ms) {
            far_read(rig);
        }
        assert_int_equal(rig->got_len, HEAD_LEN + BODY_LEN);
        for (size_t i = 0; i < rig->got_len; i++) {
            assert_int_equal(rig->got[i], i < HEAD_LEN ? 'h' : 'b');
        }
        rig_free(rig);
    }
}

static void one_that_is_not_to_be_read_is_not_read(void **state)
{
    static uint8_t out[4 * GW_STAGE_LEAST];

    (void)state;
    for (size_t stages = 0; stages <= GW_WIRE_STAGES; stages++) {
        struct rig *rig = rig_new(stages);

        come_up(rig);
        gw_wire_read(&rig->wire, false);
        far_write(rig, out, far_wrap(rig, span_of_text(WORDS), out));
        shutdown(rig->far, SHUT_WR);
        for (int i = 0; i < 5; i++) {
            turn(rig); /* nothing is told, not even the end */
        }
        assert_int_equal(rig->came_len, 0);
        gw_wire_read(&rig->wire, true);
        turn(rig);
        assert_span_equal(span_of(rig->came, rig->came_len), span_of_text(WORDS));
        turn(rig);
        assert_int_equal(rig->overs, 1);
        rig_free(rig);
    }
}

static void goodbye_is_said_from_the_top_down(void **state)
{
    (void)state;
    for (size_t stages = 0; stages <= GW_WIRE_STAGES; stages++) {
        struct rig *rig = rig_new(stages);

        come_up(rig);
        assert_int_equal(gw_wire_send(&rig->wire, &(struct mqtt_out){.head = span_of_text(WORDS)}),
                         GW_SENT_ALL);
        gw_wire_part(&rig->wire);
        far_read(rig);
        assert_span_equal(span_of(rig->got, rig->got_len), span_of_text(WORDS));
        for (size_t i = 0; i < stages; i++) {
            assert_int_equal(rig->stages[i]->state, GW_STAGE_OVER);
            assert_null(rig->stages[i]->cause);
        }
        far_read(rig);
        assert_true(rig->far_ended);
        rig_free(rig);
    }
}

/* The goodbye is answered, and a cause is none: the other side has closed. */
static void a_goodbye_from_the_other_side_ends_it(void **state)
{
    static uint8_t out[4 * GW_STAGE_LEAST];

    (void)state;
    for (size_t i = 0; i < GW_WIRE_STAGES; i++) {
        struct rig *rig = rig_new(GW_WIRE_STAGES);

        come_up(rig);
        gw_stage_end(rig->stages[i]);
        far_write(rig, out, far_wrap(rig, (struct span){NULL, 0}, out));
        turn(rig);
        assert_int_equal(rig->overs, 1);
        assert_null(rig->cause);
        rig_free(rig);
    }
}

static void a_stage_that_breaks_ends_it_with_its_cause(void **state)
{
    struct rig *rig = rig_new(1);

    (void)state;
    come_up(rig);
    far_write(rig, (const uint8_t *)"\xFF\xFF", 2);
    turn(rig);
    assert_int_equal(rig->overs, 1);
    assert_string_equal(rig->cause, TOY_BROKEN);
    far_read(rig);
    assert_int_equal(rig->stages[0]->state, GW_STAGE_OVER); /* it was told goodbye */
    rig_free(rig);
}

static void a_greeting_that_is_none_ends_it(void **state)
{
    struct rig *rig = rig_new(2);

    (void)state;
    far_write(rig, (const uint8_t *)"HELP", 4);
    turn(rig);
    assert_int_equal(rig->overs, 1);
    assert_string_equal(rig->cause, TOY_BROKEN);
    assert_int_equal(rig->ups, 0);
    rig_free(rig);
}

static void who_is_not_wanted_when_it_is_up_is_ended(void **state)
{
    struct rig *rig = rig_new(1);

    (void)state;
    rig->refuses = true;
    far_write(rig, (const uint8_t *)"HELLO.\0\1x", 9);
    turn(rig);
    assert_int_equal(rig->overs, 1);
    assert_int_equal(rig->came_len, 0);
    rig_free(rig);
}

static void the_end_of_octets_ends_it(void **state)
{
    (void)state;
    for (size_t stages = 0; stages <= GW_WIRE_STAGES; stages++) {
        struct rig *rig = rig_new(stages);

        come_up(rig);
        shutdown(rig->far, SHUT_WR);
        turn(rig);
        assert_int_equal(rig->overs, 1);
        assert_null(rig->cause);
        rig_free(rig);
    }
}

static void without_memory_for_what_waits_it_is_broken(void **state)
{
    static uint8_t head[HEAD_LEN];

    (void)state;
    for (size_t stages = 0; stages <= GW_WIRE_STAGES; stages++) {
        struct rig *rig = rig_new(stages);

        come_up(rig);
        rig->hub.budget.limit = 1000;
        assert_int_equal(
            gw_wire_send(&rig->wire, &(struct mqtt_out){.head = span_of(head, sizeof head)}),
            GW_SENT_BROKEN);
        assert_false(gw_wire_waits(&rig->wire));
        rig_free(rig);
    }
}

/* Its readiness may have been read already when another one's callback closes it. */
static void one_closed_by_another_is_told_nothing(void **state)
{
    struct rig *rig = rig_new(0);

    (void)state;
    far_write(rig, (const uint8_t *)"x", 1);
    rig->wires.batch[0] = (struct epoll_event){.events = EPOLLIN, .data.ptr = &rig->wire};
    rig->wires.count = 1;
    gw_wire_fini(&rig->wire);
    assert_null(rig->wires.batch[0].data.ptr);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(octets_come_through_wherever_they_are_cut),
        cmocka_unit_test(a_greeting_may_be_cut_anywhere),
        cmocka_unit_test(a_greeting_that_waits_goes_when_the_socket_takes_it),
        cmocka_unit_test(a_long_body_is_wrapped_as_the_socket_takes_it),
        cmocka_unit_test(one_that_is_not_to_be_read_is_not_read),
        cmocka_unit_test(goodbye_is_said_from_the_top_down),
        cmocka_unit_test(a_goodbye_from_the_other_side_ends_it),
        cmocka_unit_test(a_stage_that_breaks_ends_it_with_its_cause),
        cmocka_unit_test(a_greeting_that_is_none_ends_it),
        cmocka_unit_test(who_is_not_wanted_when_it_is_up_is_ended),
        cmocka_unit_test(the_end_of_octets_ends_it),
        cmocka_unit_test(without_memory_for_what_waits_it_is_broken),
        cmocka_unit_test(one_closed_by_another_is_told_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
