/* Every state of a client with every event, every packet at the wrong time, every truncation. */
#include "mqtt/err.h"
#include "tests/mqtt/client_rig.h"
#include "tests/vectors/mqtt.h"

#define STATES 6

/* Where a client can be; the last three are ONLINE. */
enum place { IDLE, DIALLING, CONNECTING, ONLINE, ASKING, LEAVING };

static void bring_to(struct client_rig *rig, enum place place)
{
    client_rig_init(rig);
    if (place == IDLE) {
        return;
    }
    if (place == DIALLING) {
        client_at(rig, mqtt_client_deadline(&rig->client));
        client_expect_event(rig, MQTT_CLIENT_DIAL);
        return;
    }
    if (place == CONNECTING) {
        client_dial(rig);
        assert_true(client_said(rig).len > 0);
        return;
    }
    client_go_online(rig);
    if (place == ASKING) {
        assert_true(client_subscribe(rig));
    } else if (place == LEAVING) {
        mqtt_client_stop(&rig->client, rig->now_ms);
    }
}

/* What came of it: state, and D for news DOWN, d for DIAL, w for octets to say, s for may send. */
static const char *outcome(struct client_rig *rig)
{
    static const char states[] = {
        [MQTT_IDLE] = 'i', [MQTT_DIALLING] = 'l', [MQTT_CONNECTING] = 'c', [MQTT_ONLINE] = 'o'};
    static char text[8];
    size_t len = 0;
    bool writes = client_said(rig).len > 0;

    text[len++] = states[rig->client.state];
    while (mqtt_client_event(&rig->client, &rig->news, rig->now_ms)) {
        text[len++] = rig->news.kind == MQTT_CLIENT_DIAL ? 'd' : 'D';
    }
    if (writes) {
        text[len++] = 'w';
    }
    if (mqtt_client_may_send(&rig->client)) {
        text[len++] = 's';
    }
    text[len] = '\0';
    return text;
}

static void up(struct client_rig *rig)
{
    mqtt_client_up(&rig->client, rig->now_ms);
}

static void down(struct client_rig *rig)
{
    mqtt_client_down(&rig->client, "cut", rig->now_ms);
}

static void drop(struct client_rig *rig)
{
    mqtt_client_drop(&rig->client, "ours", rig->now_ms);
}

static void stop(struct client_rig *rig)
{
    mqtt_client_stop(&rig->client, rig->now_ms);
}

static void tick_early(struct client_rig *rig)
{
    uint64_t due = mqtt_client_deadline(&rig->client);

    client_at(rig, due == UINT64_MAX ? rig->now_ms + 100000 : due - 1);
}

static void tick_in_time(struct client_rig *rig)
{
    uint64_t due = mqtt_client_deadline(&rig->client);

    client_at(rig, due == UINT64_MAX ? rig->now_ms + 100000 : due);
}

static void moved(struct client_rig *rig)
{
    mqtt_client_moved(&rig->client, rig->now_ms);
}

static void subscribe(struct client_rig *rig)
{
    bool may = rig->client.state == MQTT_ONLINE && rig->client.request == 0 &&
               mqtt_client_may_send(&rig->client);

    assert_int_equal(client_subscribe(rig), may);
    assert_int_equal(rig->len > 0, may);
}

static void octets_of_nothing(struct client_rig *rig)
{
    client_hear_nothing_new(rig, (struct span){NULL, 0});
}

static void every_state_handles_every_event(void **state)
{
    static const struct {
        const char *name;
        void (*event)(struct client_rig *rig);
        const char *outcomes[STATES]; /* idle, dialling, connecting, online, asking, leaving */
    } rows[] = {
        {"up", up, {"i", "cw", "c", "os", "os", "iDw"}},
        {"down", down, {"i", "iD", "iD", "iD", "iD", "iD"}},
        {"drop", drop, {"i", "iD", "iD", "iD", "iD", "iD"}},
        {"stop", stop, {"i", "iD", "iD", "iDw", "iDw", "iDw"}},
        {"tick, early", tick_early, {"i", "l", "c", "os", "os", "iDw"}},
        {"tick, in time", tick_in_time, {"ld", "l", "iD", "ows", "iD", "iDw"}},
        {"moved", moved, {"i", "l", "c", "os", "os", "iDw"}},
        {"subscribe", subscribe, {"i", "l", "c", "os", "os", "iDw"}},
        {"no octets", octets_of_nothing, {"i", "l", "c", "os", "os", "iDw"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (enum place place = IDLE; place < STATES; place++) {
            struct client_rig rig;

            bring_to(&rig, place);
            rows[i].event(&rig);
            if (strcmp(outcome(&rig), rows[i].outcomes[place]) != 0) {
                fail_msg("%s in place %d", rows[i].name, place);
            }
            client_rig_fini(&rig);
        }
    }
}

static char fate_of(struct client_rig *rig, struct span octets)
{
    bool news = mqtt_client_input(&rig->client, &octets, &rig->news, rig->now_ms);

    assert_int_equal(octets.len, 0);
    if (!mqtt_client_event(&rig->client, &rig->news, rig->now_ms)) {
        return news ? 'n' : 'q';
    }
    assert_false(news);
    assert_int_equal(rig->news.kind, MQTT_CLIENT_DOWN);
    assert_int_equal(rig->news.pattern, MQTT_CLIENT_NO_PATTERN);
    return 'D';
}

/* Of each type one packet. What is good: n news, q taken quietly, D ends the connection. In IDLE
 * and DIALLING there is no connection: octets are dropped. */
static void every_packet_in_every_state_is_taken_or_ends_the_connection(void **state)
{
    static const struct {
        struct span wire;
        const char *fates; /* idle, dialling, connecting, online, asking, leaving */
    } rows[] = {
        {{WIRE("\0\0")}, "qqDDDD"},
        {{WIRE("\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01"
               "a")},
         "qqDDDD"},
        {{WIRE("\x20\x02\0\0")}, "qqnDDD"},
        {{WIRE("\x20\x02\0\x03")}, "qqDDDD"},
        {{WIRE("\x20\x02\x02\0")}, "qqDDDD"},
        {{WIRE("\x20\x02\0\x06")}, "qqDDDD"},
        {{WIRE("\x32\x07\0\x03"
               "a/b\0\x01")},
         "qqDnnn"},
        {{WIRE("\x40\x02\0\x01")}, "qqDnnn"},
        {{WIRE("\x50\x02\0\x01")}, "qqDnnn"},
        {{WIRE("\x62\x02\0\x01")}, "qqDnnn"},
        {{WIRE("\x60\x02\0\x01")}, "qqDDDD"},
        {{WIRE("\x70\x02\0\x01")}, "qqDnnn"},
        {{WIRE("\x82\x06\0\x01\0\x01"
               "a\0")},
         "qqDDDD"},
        {{WIRE("\x90\x04\xff\xff\x01\0")}, "qqDDnD"},
        {{WIRE("\xa2\x05\0\x01\0\x01"
               "a")},
         "qqDDDD"},
        {{WIRE("\xb0\x02\xff\xff")}, "qqDDDD"},
        {{WIRE("\xc0\0")}, "qqDDDD"},
        {{WIRE("\xd0\0")}, "qqDqqq"},
        {{WIRE("\xe0\0")}, "qqDDDD"},
        {{WIRE("\xf0\0")}, "qqDDDD"},
        {{WIRE("\x30\xff\xff\xff\xff\x01")}, "qqDDDD"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (enum place place = IDLE; place < STATES; place++) {
            struct client_rig rig;
            char fate = 'q';

            bring_to(&rig, place);
            fate = fate_of(&rig, at_edge(rows[i].wire, rows[i].wire.len));
            if (fate != rows[i].fates[place]) {
                fail_msg("packet %zu in place %d: %c", i, place, fate);
            }
            client_rig_fini(&rig);
        }
    }
}

/* Half a packet is no news and no fault, and is given up with the connection. */
static void every_truncation_waits_for_its_rest(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mqtt_vectors); i++) {
        for (size_t len = 1; len < mqtt_vectors[i].wire.len; len++) {
            struct client_rig rig;

            bring_to(&rig, ONLINE);
            client_hear_nothing_new(&rig, at_edge(mqtt_vectors[i].wire, len));
            client_expect_quiet(&rig);
            mqtt_client_down(&rig.client, "cut", rig.now_ms);
            client_expect_event(&rig, MQTT_CLIENT_DOWN);
            client_rig_fini(&rig);
        }
    }
}

/* A packet that says it is whole and is not. [MQTT-4.8.0-1] */
static void every_packet_cut_short_ends_the_connection(void **state)
{
    static const struct span wires[] = {
        {WIRE("\x20\x02\0\0")},
        {WIRE("\x32\x07\0\x03"
              "a/b\0\x01")},
        {WIRE("\x40\x02\0\x01")},
        {WIRE("\x50\x02\0\x01")},
        {WIRE("\x62\x02\0\x01")},
        {WIRE("\x70\x02\0\x01")},
        {WIRE("\x90\x03\xff\xff\0")},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(wires); i++) {
        for (uint8_t rest = 0; rest + 2u < wires[i].len; rest++) {
            uint8_t wire[16];
            struct client_rig rig;

            memcpy(wire, wires[i].at, wires[i].len);
            wire[1] = rest;
            bring_to(&rig, i == 0 ? CONNECTING : ASKING);
            client_hear_nothing_new(&rig, at_edge(span_of(wire, 2u + rest), 2u + rest));
            client_expect_event(&rig, MQTT_CLIENT_DOWN);
            client_rig_fini(&rig);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_handles_every_event),
        cmocka_unit_test(every_packet_in_every_state_is_taken_or_ends_the_connection),
        cmocka_unit_test(every_truncation_waits_for_its_rest),
        cmocka_unit_test(every_packet_cut_short_ends_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
