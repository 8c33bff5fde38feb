#include "mqtt/conn.h"
#include "tests/mqtt/broker_rig.h"

/* client p, user u, password pw */
static const struct span connect = {WIRE("\x10\x14\0\x04MQTT\x04\xc2\0\0\0\x01p\0\x01u\0\x02pw")};

static void sends(struct broker_rig *rig, struct span octets)
{
    mqtt_broker_input(&rig->broker, rig->peer[0].conn, octets, rig->now_ms);
}

static struct broker_rig *rig_with_question(struct span behind, struct mqtt_asking *asking)
{
    struct broker_rig *rig = rig_new();
    uint8_t wire[64];
    struct writer w = writer_of(wire, sizeof wire);

    write_span(&w, connect);
    write_span(&w, behind);
    rig_accept(rig, 0, true);
    sends(rig, span_of(wire, written(&w)));
    assert_true(mqtt_broker_asked(&rig->broker, asking));
    return rig;
}

static void judge(struct broker_rig *rig, uint64_t ticket, enum mqtt_code code)
{
    struct mqtt_verdict verdict = {.code = code};

    mqtt_broker_login(&rig->broker, ticket, &verdict, rig->now_ms);
    rig_settle(rig);
}

static void a_connect_asks_who_it_is(void **state)
{
    struct mqtt_asking asking;
    struct broker_rig *rig = rig_with_question((struct span){NULL, 0}, &asking);

    (void)state;
    assert_span_equal(asking.client_id, WIRE_SPAN("p"));
    assert_span_equal(asking.username, WIRE_SPAN("u"));
    assert_span_equal(asking.password, WIRE_SPAN("pw"));
    assert_span_equal(asking.address, WIRE_SPAN("127.0.0.1"));
    assert_int_equal(asking.identity.len, 0);
    assert_true(asking.has_username && asking.has_password);
    assert_false(mqtt_broker_asked(&rig->broker, &asking)); /* once */
    assert_false(mqtt_broker_may_read(&rig->broker, rig->peer[0].conn));
    rig_settle(rig);
    RIG_EXPECT(rig, 0, "");
    assert_true(mqtt_broker_ask_again(&rig->broker, asking.ticket, &asking));
    judge(rig, asking.ticket, MQTT_ACCEPTED);
    RIG_EXPECT(rig, 0, "\x20\x02\0\0");
    assert_true(mqtt_broker_may_read(&rig->broker, rig->peer[0].conn));
    assert_false(mqtt_broker_ask_again(&rig->broker, asking.ticket, &asking));
    rig_free(rig);
}

static void what_came_behind_a_connect_waits_for_the_verdict(void **state)
{
    struct mqtt_asking asking;
    /* PUBLISH QoS 1 of t, then half a PINGREQ */
    struct broker_rig *rig = rig_with_question(WIRE_SPAN("\x32\x05\0\x01t\0\x07\xc0"), &asking);

    (void)state;
    sends(rig, WIRE_SPAN("\0")); /* a transport that had read on already */
    rig_run(rig, rig->now_ms + 5000);
    RIG_EXPECT(rig, 0, "");
    judge(rig, asking.ticket, MQTT_ACCEPTED);
    RIG_EXPECT(rig, 0, "\x20\x02\0\0\x40\x02\0\x07\xd0\0");
    rig_free(rig);
}

static void nothing_behind_a_refused_connect_is_processed(void **state)
{
    static const enum mqtt_code codes[] = {MQTT_REFUSED_SERVER, MQTT_REFUSED_LOGIN,
                                           MQTT_REFUSED_RIGHTS};

    (void)state;
    for (size_t i = 0; i < COUNT(codes); i++) {
        struct mqtt_asking asking;
        struct broker_rig *rig = rig_with_question(WIRE_SPAN("\x31\x04\0\x01tm"), &asking);
        uint8_t answer[4] = {0x20, 2, 0, (uint8_t)codes[i]};

        judge(rig, asking.ticket, codes[i]); /* [MQTT-3.1.4-5, 3.2.2-5] */
        assert_heard(rig, 0, span_of(answer, 4), __FILE__, __LINE__);
        assert_null(rig->peer[0].conn);
        assert_int_equal(rig->sessions.retain.count, 0);
        rig_free(rig);
    }
}

static void a_verdict_that_comes_too_late_is_ignored(void **state)
{
    static const struct span all[] = {{WIRE("#")}};
    static const struct mqtt_acl everything = {.publish = {all, 1}, .subscribe = {all, 1}};
    struct mqtt_asking asking;
    struct broker_rig *rig = rig_with_question((struct span){NULL, 0}, &asking);
    struct mqtt_verdict verdict = {.acl = mqtt_acl_new(&rig->sessions.budget, &everything)};

    (void)state;
    rig_run(rig, rig->now_ms + 10000); /* connect_timeout goes on */
    RIG_EXPECT_CLOSED(rig, 0);
    mqtt_broker_login(&rig->broker, asking.ticket, &verdict, rig->now_ms);
    assert_false(mqtt_broker_ask_again(&rig->broker, asking.ticket, &asking));
    rig_free(rig); /* and its acl is freed */
}

static void a_connection_that_goes_takes_its_question_along(void **state)
{
    struct broker_rig *rig = rig_new();
    struct mqtt_asking asking;

    (void)state;
    rig_accept(rig, 0, true);
    sends(rig, connect);
    rig_drop(rig, 0);
    assert_false(mqtt_broker_asked(&rig->broker, &asking));
    rig_free(rig);
}

static void the_verdicts_acl_holds_for_the_session(void **state)
{
    static const struct span mine[] = {{WIRE("me/#")}};
    static const struct mqtt_acl acl = {.publish = {mine, 1}, .subscribe = {mine, 1}};
    struct mqtt_asking asking;
    struct broker_rig *rig = rig_with_question((struct span){NULL, 0}, &asking);
    struct mqtt_verdict verdict = {.acl = mqtt_acl_new(&rig->sessions.budget, &acl)};

    (void)state;
    mqtt_broker_login(&rig->broker, asking.ticket, &verdict, rig->now_ms);
    rig_settle(rig);
    RIG_EXPECT(rig, 0, "\x20\x02\0\0");
    rig_say(rig, 0, WIRE_SPAN("\x82\x0d\0\x01\0\x01#\x01\0\x04me/x\x01"));
    RIG_EXPECT(rig, 0, "\x90\x04\0\x01\x80\x01");
    rig_say(rig, 0, WIRE_SPAN("\x32\x06\0\x01t\0\x02m")); /* [MQTT-3.3.5-2] */
    RIG_EXPECT(rig, 0, "\x40\x02\0\x02");
    assert_int_equal(rig->sessions.count.denied, 1);
    rig_free(rig);
}

static void what_waits_and_may_not_be_read_any_more_is_dropped(void **state)
{
    static const struct span mine[] = {{WIRE("me")}};
    static const struct mqtt_acl acl = {.publish = {mine, 1}, .subscribe = {mine, 1}};
    struct broker_rig *rig = rig_new();
    struct mqtt_asking asking;
    struct mqtt_verdict verdict = {.acl = NULL};

    (void)state;
    /* client k, kept, subscribes # at QoS 1 and goes */
    rig_accept(rig, 0, true);
    rig_say(rig, 0, WIRE_SPAN("\x10\x0d\0\x04MQTT\x04\0\0\0\0\x01k\x82\x06\0\x01\0\x01#\x01"));
    RIG_EXPECT(rig, 0, "\x20\x02\0\0\x90\x03\0\x01\x01");
    rig_say(rig, 0, WIRE_SPAN("\xe0\0"));
    RIG_EXPECT_CLOSED(rig, 0);
    rig_connect(rig, 1, 'q');
    rig_say(rig, 1, WIRE_SPAN("\x32\x06\0\x01t\0\x01n\x32\x07\0\x02me\0\x02y"));
    RIG_EXPECT(rig, 1, "\x40\x02\0\x01\x40\x02\0\x02");
    rig_accept(rig, 0, true);
    sends(rig, WIRE_SPAN("\x10\x0d\0\x04MQTT\x04\0\0\0\0\x01k"));
    assert_true(mqtt_broker_asked(&rig->broker, &asking));
    verdict.acl = mqtt_acl_new(&rig->sessions.budget, &acl);
    mqtt_broker_login(&rig->broker, asking.ticket, &verdict, rig->now_ms);
    rig_settle(rig);
    RIG_EXPECT(rig, 0, "\x20\x02\x01\0\x32\x07\0\x02me\0\x01y");
    assert_int_equal(rig->sessions.count.denied, 1);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connect_asks_who_it_is),
        cmocka_unit_test(what_came_behind_a_connect_waits_for_the_verdict),
        cmocka_unit_test(nothing_behind_a_refused_connect_is_processed),
        cmocka_unit_test(a_verdict_that_comes_too_late_is_ignored),
        cmocka_unit_test(a_connection_that_goes_takes_its_question_along),
        cmocka_unit_test(the_verdicts_acl_holds_for_the_session),
        cmocka_unit_test(what_waits_and_may_not_be_read_any_more_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
