#include <stdlib.h>

#include "mqtt/conn.h"
#include "tests/mqtt/broker_rig.h"

#define CONNECT(flags, keepalive, name) "\x10\x0d\0\x04MQTT\x04" flags keepalive "\0\x01" name

static void a_connect_is_answered(void **state)
{
    struct broker_rig *rig = rig_new();

    (void)state;
    rig_accept(rig, 0, true);
    rig_say(rig, 0, WIRE_SPAN(CONNECT("\x02", "\0\0", "p")));
    RIG_EXPECT(rig, 0, "\x20\x02\0\0"); /* [MQTT-3.1.4-4, 3.2.2-1] */
    rig_say(rig, 0, WIRE_SPAN("\xc0\0"));
    RIG_EXPECT(rig, 0, "\xd0\0"); /* [MQTT-3.12.4-1] */
    rig_say(rig, 0, WIRE_SPAN("\xe0\0"));
    RIG_EXPECT_CLOSED(rig, 0);
    rig_free(rig);
}

/* [MQTT-3.2.0-1] */
static void a_ping_with_connect_is_answered_after_connack(void **state)
{
    struct broker_rig *rig = rig_new();

    (void)state;
    rig_accept(rig, 0, true);
    rig_say(rig, 0, WIRE_SPAN(CONNECT("\x02", "\0\0", "p") "\xc0\0\xc0\0"));
    RIG_EXPECT(rig, 0, "\x20\x02\0\0\xd0\0\xd0\0");
    rig_free(rig);
}

/* What another protocol says first may claim to be long, and is not waited for. */
static void who_does_not_begin_with_connect_is_closed_at_once(void **state)
{
    static const struct span wires[] = {
        {WIRE("GET / HTTP/1.1\r\n\r\n")},
        {WIRE("\x16\x03\x01\x02\0\x01")}, /* a TLS ClientHello begins so */
        {WIRE("SSH-2.0-x\r\n")},
        {WIRE("\x00")},
        {WIRE("\xff")},
        {WIRE("\x11")},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(wires); i++) {
        struct broker_rig *rig = rig_new();

        rig_accept(rig, 0, true);
        rig_say(rig, 0, wires[i]);
        RIG_EXPECT_CLOSED(rig, 0);
        assert_int_equal(rig->broker.count.malformed, 1);
        rig_free(rig);
    }
}

/* First packets after which the connection is closed without a word. */
static void a_first_packet_that_is_no_good_connect_closes(void **state)
{
    static const struct span wires[] = {
        {WIRE("\xc0\0")}, /* [MQTT-3.1.0-1] */
        {WIRE("\x30\x03\0\x01t")},
        {WIRE("\x10\x0d\0\x04MQTX\x04\x02\0\0\0\x01p")},        /* [MQTT-3.1.2-1] */
        {WIRE("\x10\x0d\0\x04MQTT\x04\x03\0\0\0\x01p")},        /* [MQTT-3.1.2-3] */
        {WIRE("\x10\x0d\0\x04MQTT\x04\x0a\0\0\0\x01p")},        /* [MQTT-3.1.2-11] */
        {WIRE("\x10\x10\0\x04MQTT\x04\x42\0\0\0\x01p\0\x01s")}, /* [MQTT-3.1.2-22] */
        {WIRE("\x10\x0d\0\x04MQTT\x04\x82\0\0\0\x01p")},        /* [MQTT-3.1.2-19] */
        {WIRE("\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01\xff")},     /* [MQTT-3.1.3-4, 1.5.3-1] */
        {WIRE("\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01\0")},       /* [MQTT-1.5.3-2] */
        {WIRE("\x1f\x0d\0\x04MQTT\x04\x02\0\0\0\x01p")},        /* [MQTT-2.2.2-2] */
        {WIRE("\x10\xff\xff\xff\xff\x01")},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(wires); i++) {
        struct broker_rig *rig = rig_new();

        rig_accept(rig, 0, true);
        rig_say(rig, 0, wires[i]);
        RIG_EXPECT_CLOSED(rig, 0); /* [MQTT-3.1.4-1] */
        assert_int_equal(rig->broker.count.malformed, 1);
        rig_free(rig);
    }
}

/* First packets that are refused by a code. */
static void a_refused_connect_hears_why(void **state)
{
    static const struct {
        struct span wire;
        bool anonymous;
        uint8_t code;
    } rows[] = {
        {{WIRE("\x10\x0d\0\x04MQTT\x05\x02\0\0\0\x01p")}, true, 1}, /* [MQTT-3.1.2-2] */
        {{WIRE("\x10\x0f\0\x06MQIsdp\x05\x02\0\0\0\x01p")}, true, 1},
        {{WIRE("\x10\x0c\0\x04MQTT\x04\0\0\0\0\0")}, true, 2}, /* [MQTT-3.1.3-8] */
        {{WIRE("\x10\x0e\0\x06MQIsdp\x03\x02\0\0\0\0")}, true, 2},
        {{WIRE("\x10\x2d\0\x04MQTT\x04\x02\0\0\0\x21"
               "ppppppppppppppppppppppppppppppppp")},
         true,
         2}, /* [MQTT-3.1.3-9] */
        {{WIRE("\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01p")}, false, 5},
        {{WIRE("\x10\x10\0\x04MQTT\x04\x82\0\0\0\x01p\0\x01u")}, false, 4},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct broker_rig *rig = rig_new();
        uint8_t answer[4] = {0x20, 2, 0, rows[i].code}; /* [MQTT-3.2.2-4] */

        rig_accept(rig, 0, rows[i].anonymous);
        rig_send(rig, 0, rows[i].wire);
        /* [MQTT-3.1.4-5]: what follows is not processed */
        rig_send(rig, 0, WIRE_SPAN("\x31\x04\0\x01tm\xc0\0"));
        rig_settle(rig);
        assert_heard(rig, 0, span_of(answer, 4), __FILE__, __LINE__);
        RIG_EXPECT_CLOSED(rig, 0); /* [MQTT-3.2.2-5] */
        assert_int_equal(rig->sessions.retain.count, 0);
        rig_free(rig);
    }
}

/* [MQTT-3.1.3-5] */
static void ids_of_23_letters_and_digits_are_good(void **state)
{
    struct broker_rig *rig = rig_new();

    (void)state;
    rig_accept(rig, 0, true);
    rig_say(rig, 0,
            WIRE_SPAN("\x10\x23\0\x04MQTT\x04\x02\0\0\0\x17"
                      "0123456789azAZbyBYcxCXd"));
    RIG_EXPECT(rig, 0, "\x20\x02\0\0");
    rig_free(rig);
}

/* [MQTT-3.1.3-6] */
static void clients_without_an_id_get_ids_of_their_own(void **state)
{
    struct broker_rig *rig = rig_new();
    struct mqtt_news first;
    struct mqtt_news second;
    char name[64];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        rig_accept(rig, i, true);
        rig_say(rig, i, WIRE_SPAN("\x10\x0c\0\x04MQTT\x04\x02\0\0\0\0"));
        RIG_EXPECT(rig, i, "\x20\x02\0\0");
        assert_non_null(rig->peer[i].conn);
    }
    assert_true(mqtt_broker_event(&rig->broker, &first));
    assert_in_range(first.client_id.len, 1, 23);
    memcpy(name, first.client_id.at, first.client_id.len);
    first.client_id.at = (uint8_t *)name;
    assert_true(mqtt_broker_event(&rig->broker, &second));
    assert_false(span_equal(first.client_id, second.client_id));
    rig_free(rig);
}

/* [MQTT-3.1.0-2], and packets that only a server sends */
static void what_a_client_may_not_say_closes(void **state)
{
    static const struct span wires[] = {
        {WIRE(CONNECT("\x02", "\0\0", "p"))},
        {WIRE("\x20\x02\0\0")},
        {WIRE("\x90\x03\0\x01\0")},
        {WIRE("\xb0\x02\0\x01")},
        {WIRE("\xd0\0")},
        {WIRE("\xe1\0")},                    /* [MQTT-3.14.1-1] */
        {WIRE("\x36\x05\0\x01t\0\x01")},     /* [MQTT-3.3.1-4] */
        {WIRE("\x60\x02\0\x01")},            /* [MQTT-3.6.1-1] */
        {WIRE("\x80\x06\0\x01\0\x01t\0")},   /* [MQTT-3.8.1-1] */
        {WIRE("\x82\x02\0\x01")},            /* [MQTT-3.8.3-3] */
        {WIRE("\x82\x06\0\x01\0\x01t\x03")}, /* [MQTT-3.8.3-4] */
        {WIRE("\x82\x06\0\0\0\x01t\0")},     /* [MQTT-2.3.1-1] */
        {WIRE("\xa0\x05\0\x01\0\x01t")},     /* [MQTT-3.10.1-1] */
        {WIRE("\xa2\x02\0\x01")},            /* [MQTT-3.10.3-2] */
        {WIRE("\x30\x03\0\x01#")},           /* [MQTT-3.3.2-2] */
        {WIRE("\x82\x08\0\x01\0\x03t#/\0")}, /* [MQTT-4.7.1-2] */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(wires); i++) {
        struct broker_rig *rig = rig_new();

        rig_connect(rig, 0, 'p');
        rig_say(rig, 0, wires[i]);
        RIG_EXPECT_CLOSED(rig, 0); /* [MQTT-4.8.0-1] */
        rig_free(rig);
    }
}

static void topics_of_too_many_levels_close_or_fail(void **state)
{
    struct broker_rig *rig = rig_new();

    (void)state;
    rig_connect(rig, 0, 'p');
    rig_say(rig, 0, WIRE_SPAN("\x30\x09\0\x07///////"));
    RIG_EXPECT(rig, 0, "");
    assert_non_null(rig->peer[0].conn);
    rig_say(rig, 0, WIRE_SPAN("\x82\x0d\0\x01\0\x08////////\0"));
    RIG_EXPECT(rig, 0, "\x90\x03\0\x01\x80");
    rig_say(rig, 0, WIRE_SPAN("\x30\x0a\0\x08////////"));
    RIG_EXPECT_CLOSED(rig, 0);
    rig_free(rig);
}

/* [MQTT-3.1.4-2] */
static void a_newcomer_takes_the_session_over(void **state)
{
    struct broker_rig *rig = rig_new();

    (void)state;
    rig_accept(rig, 0, true);
    rig_say(rig, 0, WIRE_SPAN(CONNECT("\0", "\0\0", "p")));
    RIG_EXPECT(rig, 0, "\x20\x02\0\0"); /* [MQTT-3.2.2-3] */
    rig_accept(rig, 1, true);
    rig_say(rig, 1, WIRE_SPAN(CONNECT("\0", "\0\0", "p")));
    RIG_EXPECT_CLOSED(rig, 0);
    RIG_EXPECT(rig, 1, "\x20\x02\x01\0"); /* [MQTT-3.2.2-2] */
    rig_say(rig, 1, WIRE_SPAN("\xc0\0"));
    RIG_EXPECT(rig, 1, "\xd0\0");
    rig_free(rig);
}

/* [MQTT-3.1.2-6, 3.2.2-1] */
static void a_clean_connect_drops_the_old_session(void **state)
{
    struct broker_rig *rig = rig_new();

    (void)state;
    for (int i = 0; i < 3; i++) {
        rig_accept(rig, 0, true);
        if (i == 1) {
            rig_say(rig, 0, WIRE_SPAN(CONNECT("\x02", "\0\0", "p")));
        } else {
            rig_say(rig, 0, WIRE_SPAN(CONNECT("\0", "\0\0", "p")));
        }
        RIG_EXPECT(rig, 0, "\x20\x02\0\0");
        rig_drop(rig, 0);
    }
    rig_free(rig);
}

static void who_never_connects_is_closed(void **state)
{
    struct broker_rig *rig = rig_new();
    uint64_t start = rig->now_ms;

    (void)state;
    rig_accept(rig, 0, true);
    rig_run(rig, start + 5000);
    rig_say(rig, 0, WIRE_SPAN("\x10\x0d\0\x04")); /* dripping does not help */
    rig_run(rig, start + 9999);
    assert_non_null(rig->peer[0].conn);
    rig_run(rig, start + 10000);
    RIG_EXPECT_CLOSED(rig, 0);
    rig_free(rig);
}

/* [MQTT-3.1.2-24]: 3 s of keep alive allow 4.5 s of silence, to the millisecond */
static void silence_of_one_and_a_half_keep_alive_closes(void **state)
{
    struct broker_rig *rig = rig_new();
    uint64_t start = rig->now_ms;

    (void)state;
    rig_accept(rig, 0, true);
    rig_say(rig, 0, WIRE_SPAN(CONNECT("\x02", "\0\x03", "p")));
    rig_run(rig, start + 4499);
    rig_say(rig, 0, WIRE_SPAN("\xc0\0"));
    RIG_EXPECT(rig, 0, "\x20\x02\0\0\xd0\0");
    rig_run(rig, start + 4499 + 4499);
    assert_non_null(rig->peer[0].conn);
    rig_run(rig, start + 4499 + 4500);
    RIG_EXPECT_CLOSED(rig, 0);
    rig_free(rig);
}

static void keep_alive_0_is_silent_for_ever(void **state)
{
    struct broker_rig *rig = rig_new();

    (void)state;
    rig_connect(rig, 0, 'p');
    assert_int_equal(mqtt_broker_deadline(&rig->broker), HEAP_NEVER);
    rig_free(rig);
}

#define WILL(flags) "\x10\x13\0\x04MQTT\x04" flags "\0\x01\0\x01p\0\x01w\0\x01m"

static void watch_wills(struct broker_rig *rig)
{
    rig_connect(rig, 7, 's');
    rig_say(rig, 7, WIRE_SPAN("\x82\x06\0\x01\0\x01w\x02"));
    RIG_EXPECT(rig, 7, "\x90\x03\0\x01\x02");
}

/* [MQTT-3.1.2-8], every way a connection ends without DISCONNECT */
static void a_will_is_published_when_the_connection_is_lost(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) {
        struct broker_rig *rig = rig_new();

        watch_wills(rig);
        rig_accept(rig, 0, true);
        rig_say(rig, 0, WIRE_SPAN(WILL("\x06")));
        RIG_EXPECT(rig, 0, "\x20\x02\0\0");
        switch (way) {
        case 0: rig_drop(rig, 0); break;
        case 1: rig_run(rig, rig->now_ms + 1500); break;
        case 2: rig_say(rig, 0, WIRE_SPAN("\0\0")); break;
        default: rig_connect(rig, 1, 'p'); break;
        }
        RIG_EXPECT_CLOSED(rig, 0);
        RIG_EXPECT(rig, 7, "\x30\x04\0\x01wm");
        assert_int_equal(rig->sessions.retain.count, 0); /* [MQTT-3.1.2-16] */
        rig_free(rig);
    }
}

/* [MQTT-3.1.2-10, 3.14.4-3] */
static void a_will_is_dropped_at_disconnect(void **state)
{
    struct broker_rig *rig = rig_new();

    (void)state;
    watch_wills(rig);
    rig_accept(rig, 0, true);
    rig_say(rig, 0, WIRE_SPAN(WILL("\x06")));
    rig_say(rig, 0, WIRE_SPAN("\xe0\0"));
    RIG_EXPECT(rig, 0, "\x20\x02\0\0");
    RIG_EXPECT_CLOSED(rig, 0);
    RIG_EXPECT(rig, 7, "");
    rig_free(rig);
}

/* [MQTT-3.1.2-17], and its QoS */
static void a_will_has_its_own_retain_and_qos(void **state)
{
    struct broker_rig *rig = rig_new();

    (void)state;
    watch_wills(rig);
    rig_accept(rig, 0, true);
    rig_say(rig, 0, WIRE_SPAN(WILL("\x2e")));
    rig_drop(rig, 0);
    RIG_EXPECT(rig, 7, "\x32\x06\0\x01w\0\x01m");
    assert_int_equal(rig->sessions.retain.count, 1);
    rig_free(rig);
}

/* MQTT 3.1: no Session Present, and no failure in SUBACK */
static void clients_of_3_1_are_served_as_they_expect(void **state)
{
    struct broker_rig *rig = rig_new();

    (void)state;
    for (int i = 0; i < 2; i++) {
        rig_accept(rig, 0, true);
        rig_say(rig, 0, WIRE_SPAN("\x10\x0f\0\x06MQIsdp\x03\0\0\0\0\x01p"));
        RIG_EXPECT(rig, 0, "\x20\x02\0\0");
        rig_say(rig, 0, WIRE_SPAN("\x8a\x06\0\x01\0\x01t\0"));
        RIG_EXPECT(rig, 0, "\x90\x03\0\x01\0");
        rig_say(rig, 0, WIRE_SPAN("\x82\x0d\0\x02\0\x08////////\0"));
        RIG_EXPECT_CLOSED(rig, 0);
    }
    rig_free(rig);
}

static void news_tell_who_came_and_why_it_went(void **state)
{
    struct broker_rig *rig = rig_new();
    struct mqtt_news news;

    (void)state;
    assert_false(mqtt_broker_event(&rig->broker, &news));
    rig_connect(rig, 0, 'p');
    assert_true(mqtt_broker_event(&rig->broker, &news));
    assert_int_equal(news.kind, MQTT_NEWS_OPENED);
    assert_span_equal(news.client_id, WIRE_SPAN("p"));
    rig_say(rig, 0, WIRE_SPAN("\xf0\0"));
    rig_connect(rig, 0, 'q');
    rig_drop(rig, 0);
    assert_true(mqtt_broker_event(&rig->broker, &news));
    assert_int_equal(news.kind, MQTT_NEWS_CLOSED);
    assert_span_equal(news.client_id, WIRE_SPAN("p"));
    assert_string_equal(news.cause, "reserved packet type");
    assert_true(mqtt_broker_event(&rig->broker, &news));
    assert_int_equal(news.kind, MQTT_NEWS_OPENED);
    assert_true(mqtt_broker_event(&rig->broker, &news));
    assert_int_equal(news.kind, MQTT_NEWS_CLOSED);
    assert_string_equal(news.cause, "closed by the client");
    assert_false(mqtt_broker_event(&rig->broker, &news));
    assert_int_equal(rig->broker.conns.used, 0);
    rig_free(rig);
}

static void connections_have_a_limit(void **state)
{
    struct broker_rig *rig = rig_new();
    struct mqtt_entrance entrance = {.place = 0};

    (void)state;
    for (size_t i = 0; i < PEERS; i++) {
        rig_accept(rig, i, true);
    }
    assert_null(mqtt_broker_accept(&rig->broker, &entrance, NULL, rig->now_ms));
    assert_int_equal(rig->broker.count.refused, 1);
    /* News that nobody asked for keeps no place. */
    rig_say(rig, 0, WIRE_SPAN("\0\0"));
    rig_connect(rig, 0, 'p');
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connect_is_answered),
        cmocka_unit_test(a_ping_with_connect_is_answered_after_connack),
        cmocka_unit_test(who_does_not_begin_with_connect_is_closed_at_once),
        cmocka_unit_test(a_first_packet_that_is_no_good_connect_closes),
        cmocka_unit_test(a_refused_connect_hears_why),
        cmocka_unit_test(ids_of_23_letters_and_digits_are_good),
        cmocka_unit_test(clients_without_an_id_get_ids_of_their_own),
        cmocka_unit_test(what_a_client_may_not_say_closes),
        cmocka_unit_test(topics_of_too_many_levels_close_or_fail),
        cmocka_unit_test(a_newcomer_takes_the_session_over),
        cmocka_unit_test(a_clean_connect_drops_the_old_session),
        cmocka_unit_test(who_never_connects_is_closed),
        cmocka_unit_test(silence_of_one_and_a_half_keep_alive_closes),
        cmocka_unit_test(keep_alive_0_is_silent_for_ever),
        cmocka_unit_test(a_will_is_published_when_the_connection_is_lost),
        cmocka_unit_test(a_will_is_dropped_at_disconnect),
        cmocka_unit_test(a_will_has_its_own_retain_and_qos),
        cmocka_unit_test(clients_of_3_1_are_served_as_they_expect),
        cmocka_unit_test(news_tell_who_came_and_why_it_went),
        cmocka_unit_test(connections_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
