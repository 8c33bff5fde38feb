/* Far brokers that go wrong, each in its way, over minutes of virtual time: how often a client
 * dials, and what it says of it. Also what does, and does not, start the delay anew. */
#include "tests/mqtt/client_rig.h"

#define MINUTES_10    600000u
#define CONNECTS_MOST 15u
#define SEEDS         64u

enum way {
    REFUSES,          /* the connection */
    IS_NOT_REACHED,   /* the edge's time for a dial is up */
    CUTS_AT_ONCE,     /* after accept */
    CUTS_AT_CONNECT,  /* reads CONNECT, closes */
    IS_SILENT,        /* never answers CONNECT */
    IS_GARBAGE,       /* answers it with something else */
    DENIES,           /* CONNACK 5 */
    CUTS_AT_CONNACK,  /* right after it */
    CUTS_AT_REQUEST,  /* closes instead of SUBACK */
    FALLS_SILENT,     /* after CONNACK */
    IS_TAKEN_OVER,    /* serves all, and closes after two seconds */
    IS_TAKEN_QUIETLY, /* as above, and nothing was asked of it */
    WAYS
};

struct far {
    enum way way;
    uint64_t close_ms; /* UINT64_MAX: not planned */
    uint32_t connects;
    uint32_t told; /* patterns */
    enum mqtt_client_pattern pattern;
    uint32_t longest_ms;
};

static void far_closes(struct client_rig *rig, struct far *far)
{
    far->close_ms = UINT64_MAX;
    mqtt_client_down(&rig->client, "closed by the other side", rig->now_ms);
}

static void far_says(struct client_rig *rig, struct span octets)
{
    while (mqtt_client_input(&rig->client, &octets, &rig->news, rig->now_ms)) {
    }
}

static void far_serves(struct client_rig *rig, struct far *far)
{
    far_says(rig, WIRE_SPAN("\x20\x02\x01\0"));
    switch (far->way) {
    case CUTS_AT_CONNACK: far_closes(rig, far); return;
    case IS_TAKEN_QUIETLY: far->close_ms = rig->now_ms + 2000; return;
    default: break;
    }
    assert_true(client_subscribe(rig));
    assert_true(client_deliver(rig, 1, 7));
    if (far->way == CUTS_AT_REQUEST) {
        far_closes(rig, far);
    } else if (far->way == IS_TAKEN_OVER) {
        far_says(rig, WIRE_SPAN("\x90\x04\xff\xff\x01\0\x40\x02\0\x07"));
        far->close_ms = rig->now_ms + 2000;
    }
}

static void far_is_dialled(struct client_rig *rig, struct far *far)
{
    far->connects++;
    if (far->way == REFUSES) {
        far_closes(rig, far);
        return;
    }
    if (far->way == IS_NOT_REACHED) {
        far->close_ms = rig->now_ms + 30000;
        return;
    }
    mqtt_client_up(&rig->client, rig->now_ms);
    if (far->way == CUTS_AT_ONCE) {
        far_closes(rig, far);
        return;
    }
    assert_true(client_said(rig).len > 0);
    switch (far->way) {
    case IS_SILENT: break;
    case CUTS_AT_CONNECT: far_closes(rig, far); break;
    case IS_GARBAGE: far_says(rig, WIRE_SPAN("HTTP/1.1 400 Bad Request\r\n\r\n")); break;
    case DENIES: far_says(rig, WIRE_SPAN("\x20\x02\0\x05")); break;
    default: far_serves(rig, far); break;
    }
}

static void hear_events(struct client_rig *rig, struct far *far)
{
    while (mqtt_client_event(&rig->client, &rig->news, rig->now_ms)) {
        if (rig->news.kind == MQTT_CLIENT_DIAL) {
            far_is_dialled(rig, far);
        } else if (rig->news.pattern != MQTT_CLIENT_NO_PATTERN) {
            far->told++;
            far->pattern = rig->news.pattern;
            far->longest_ms = rig->news.longest_ms;
        }
    }
}

static void live(struct client_rig *rig, struct far *far, uint64_t until_ms)
{
    while (true) {
        uint64_t due = mqtt_client_deadline(&rig->client);
        bool closes = far->close_ms <= due;

        due = closes ? far->close_ms : due;
        if (due > until_ms) {
            rig->now_ms = until_ms;
            return;
        }
        rig->now_ms = due;
        if (closes) {
            far_closes(rig, far);
        } else {
            mqtt_client_tick(&rig->client, rig->now_ms);
        }
        hear_events(rig, far);
        client_said(rig);
    }
}

/* With the delays of CONFIG. */
static void rig_of(struct client_rig *rig, uint64_t seed)
{
    client_rig_init(rig);
    rig->config.reconnect_most_ms = 120000;
    rig->now_ms = 0;
    mqtt_client_init(&rig->client, &rig->config, &rig->budget, seed, 0);
}

static void no_broken_broker_is_dialled_more_than_15_times_in_10_minutes(void **state)
{
    (void)state;
    for (enum way way = 0; way < WAYS; way++) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct client_rig rig;
            struct far far = {.way = way, .close_ms = UINT64_MAX};

            rig_of(&rig, seed);
            live(&rig, &far, MINUTES_10);
            assert_in_range(far.connects, 5, CONNECTS_MOST);
            client_rig_fini(&rig);
        }
    }
}

static void what_lies_behind_the_cuts_is_told_once(void **state)
{
    static const enum mqtt_client_pattern patterns[WAYS] = {
        [CUTS_AT_ONCE] = MQTT_CLIENT_CUT,    [CUTS_AT_CONNECT] = MQTT_CLIENT_CUT,
        [CUTS_AT_CONNACK] = MQTT_CLIENT_CUT, [CUTS_AT_REQUEST] = MQTT_CLIENT_CUT,
        [IS_TAKEN_OVER] = MQTT_CLIENT_TAKEN, [IS_TAKEN_QUIETLY] = MQTT_CLIENT_TAKEN,
    };

    (void)state;
    for (enum way way = 0; way < WAYS; way++) {
        struct client_rig rig;
        struct far far = {.way = way, .close_ms = UINT64_MAX};

        rig_of(&rig, way);
        live(&rig, &far, MINUTES_10);
        assert_int_equal(far.pattern, patterns[way]);
        assert_int_equal(far.told, patterns[way] == MQTT_CLIENT_NO_PATTERN ? 0 : 1);
        assert_int_equal(far.longest_ms, patterns[way] == MQTT_CLIENT_TAKEN ? 2000 : 0);
        client_rig_fini(&rig);
    }
}

/* Four cuts, one other end: five more are needed. */
static void another_end_begins_a_new_row(void **state)
{
    static const enum way others[] = {REFUSES, IS_GARBAGE, DENIES, IS_TAKEN_OVER};

    (void)state;
    for (size_t i = 0; i < COUNT(others); i++) {
        struct client_rig rig;
        struct far far = {.close_ms = UINT64_MAX};

        rig_of(&rig, i);
        for (int cut = 1; cut <= 9; cut++) {
            far.way = cut == 5 ? others[i] : CUTS_AT_CONNECT;
            while (far.connects < (uint32_t)cut || rig.client.state != MQTT_IDLE) {
                live(&rig, &far, rig.now_ms + 100);
            }
            hear_events(&rig, &far);
            assert_int_equal(far.told, 0);
        }
        live(&rig, &far, rig.now_ms + 120000);
        assert_int_equal(far.told, 1);
        client_rig_fini(&rig);
    }
}

/* Brought down while online, `age_ms` after CONNACK; the upper end of the delay that follows. */
static uint64_t fall(struct client_rig *rig, uint64_t age_ms)
{
    rig->now_ms += age_ms;
    mqtt_client_down(&rig->client, "lost", rig->now_ms);
    client_expect_event(rig, MQTT_CLIENT_DOWN);
    return mqtt_client_deadline(&rig->client) - rig->now_ms;
}

static void serve(struct client_rig *rig)
{
    assert_true(client_subscribe(rig));
    assert_true(client_deliver(rig, 1, 1));
    far_says(rig, WIRE_SPAN("\x90\x04\xff\xff\x01\0\x40\x02\0\x01"));
}

static void after_a_short_life_that_served_only_a_good_one_starts_the_delay_anew(void **state)
{
    struct client_rig rig;

    (void)state;
    client_rig_init(&rig);
    for (int i = 0; i < 3; i++) {
        client_go_online(&rig);
        serve(&rig);
        fall(&rig, 2000);
    }
    client_go_online(&rig);
    serve(&rig);
    assert_in_range(fall(&rig, 29999), 4000, 8000);
    client_go_online(&rig);
    serve(&rig);
    assert_in_range(fall(&rig, 30000), 500, 1000);
    client_go_online(&rig);
    serve(&rig);
    assert_in_range(fall(&rig, 2000), 500, 1000);
    client_rig_fini(&rig);
}

/* An answer was missing all the time: 30 s of that are no service. */
static void a_life_whose_first_answer_never_came_was_not_good(void **state)
{
    struct client_rig rig;

    (void)state;
    client_rig_init(&rig);
    for (int i = 0; i < 3; i++) {
        client_go_online(&rig);
        assert_true(client_deliver(&rig, 1, 1));
        client_at(&rig, rig.now_ms + 30000);
        client_expect_event(&rig, MQTT_CLIENT_DOWN);
    }
    assert_in_range(mqtt_client_deadline(&rig.client) - rig.now_ms, 2000, 4000);
    client_rig_fini(&rig);
}

/* Heard after 30 s, it was good, however it ends. */
static void a_long_life_was_good_though_an_answer_is_missing_at_its_end(void **state)
{
    struct client_rig rig;

    (void)state;
    client_rig_init(&rig);
    for (int i = 0; i < 3; i++) {
        client_go_online(&rig);
        fall(&rig, 0);
    }
    client_go_online(&rig);
    rig.now_ms += 30000;
    far_says(&rig, WIRE_SPAN("\x30\x03\0\x01"
                             "a"));
    assert_true(client_deliver(&rig, 1, 1));
    client_at(&rig, rig.now_ms + 30000);
    client_expect_event(&rig, MQTT_CLIENT_DOWN);
    assert_in_range(mqtt_client_deadline(&rig.client) - rig.now_ms, 500, 1000);
    client_rig_fini(&rig);
}

static void what_we_end_ourselves_is_no_pattern(void **state)
{
    struct client_rig rig;

    (void)state;
    client_rig_init(&rig);
    for (int i = 0; i < 10; i++) {
        client_go_online(&rig);
        serve(&rig);
        mqtt_client_drop(&rig.client, "no room", rig.now_ms);
        client_expect_event(&rig, MQTT_CLIENT_DOWN);
        assert_int_equal(rig.news.pattern, MQTT_CLIENT_NO_PATTERN);
        assert_true(rig.news.served);
    }
    assert_in_range(mqtt_client_deadline(&rig.client) - rig.now_ms, 4000, 8000);
    client_rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_broken_broker_is_dialled_more_than_15_times_in_10_minutes),
        cmocka_unit_test(what_lies_behind_the_cuts_is_told_once),
        cmocka_unit_test(another_end_begins_a_new_row),
        cmocka_unit_test(after_a_short_life_that_served_only_a_good_one_starts_the_delay_anew),
        cmocka_unit_test(a_life_whose_first_answer_never_came_was_not_good),
        cmocka_unit_test(a_long_life_was_good_though_an_answer_is_missing_at_its_end),
        cmocka_unit_test(what_we_end_ourselves_is_no_pattern),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
