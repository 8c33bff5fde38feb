#include "tests/support.h"

#include "sn/exchange.h"

static struct sn_exchange publish_of(uint8_t qos)
{
    return (struct sn_exchange){.kind = SN_EXCHANGE_PUBLISH,
                                .topic = {WIRE("a/b")},
                                .data = {WIRE("x")},
                                .msg_id = 9,
                                .register_id = 4,
                                .topic_id = 1,
                                .qos = qos};
}

static void assert_sends(const struct sn_exchange *x, struct span wire)
{
    struct sn_packet pkt = sn_exchange_packet(x);
    uint8_t out[64];

    assert_span_equal(span_of(out, sn_packet_encode(&pkt, out, sizeof out)), wire);
}

/* SN-140: a repeat differs by DUP alone */
static void a_repeated_publish_differs_by_dup_alone(void **state)
{
    struct sn_exchange x = publish_of(1);

    (void)state;
    assert_sends(&x, WIRE_SPAN("\x08\x0C\x20\0\x01\0\x09x"));
    assert_true(sn_exchange_repeat(&x, 2));
    assert_sends(&x, WIRE_SPAN("\x08\x0C\xA0\0\x01\0\x09x"));
    assert_true(sn_exchange_repeat(&x, 2));
    assert_false(sn_exchange_repeat(&x, 2));
}

static void what_was_sent_in_an_earlier_connection_is_a_repeat_at_once(void **state)
{
    struct sn_exchange x = publish_of(2);

    (void)state;
    x.dup = true;
    x.retain = true;
    assert_sends(&x, WIRE_SPAN("\x08\x0C\xD0\0\x01\0\x09x"));
}

/* SN-078 SN-079 SN-139 SN-141 */
static void register_and_pubrel_are_repeated_unchanged_and_qos_0_has_no_dup(void **state)
{
    struct sn_exchange x = publish_of(0);

    (void)state;
    x.msg_id = 0;
    x.dup = true;
    assert_sends(&x, WIRE_SPAN("\x08\x0C\0\0\x01\0\0x"));
    x = publish_of(2);
    x.kind = SN_EXCHANGE_REGISTER;
    assert_sends(&x, WIRE_SPAN("\x09\x0A\0\x01\0\x04"
                               "a/b"));
    assert_true(sn_exchange_repeat(&x, 1));
    assert_sends(&x, WIRE_SPAN("\x09\x0A\0\x01\0\x04"
                               "a/b"));
    sn_exchange_turn(&x, SN_EXCHANGE_PUBREL);
    assert_int_equal(x.repeats, 0);
    assert_sends(&x, WIRE_SPAN("\x04\x10\0\x09"));
}

static void each_kind_waits_for_its_own_answer(void **state)
{
    struct sn_exchange x = publish_of(1);
    struct sn_packet puback = {.type = SN_PUBACK, .msg_id = 9};
    struct sn_packet pubrec = {.type = SN_PUBREC, .msg_id = 9};
    struct sn_packet pubcomp = {.type = SN_PUBCOMP, .msg_id = 9};
    struct sn_packet regack = {.type = SN_REGACK, .msg_id = 4};

    (void)state;
    assert_true(sn_exchange_expects(&x, &puback));
    assert_false(sn_exchange_expects(&x, &pubrec));
    x.qos = 2;
    assert_true(sn_exchange_expects(&x, &pubrec));
    assert_false(sn_exchange_expects(&x, &puback));
    puback.code = SN_RC_INVALID_ID;
    assert_true(sn_exchange_expects(&x, &puback)); /* a refusal */
    puback.msg_id = 8;
    assert_false(sn_exchange_expects(&x, &puback));
    sn_exchange_turn(&x, SN_EXCHANGE_HELD);
    assert_false(sn_exchange_expects(&x, &pubrec));
    sn_exchange_turn(&x, SN_EXCHANGE_PUBREL);
    assert_true(sn_exchange_expects(&x, &pubcomp));
    assert_false(sn_exchange_expects(&x, &regack));
    sn_exchange_turn(&x, SN_EXCHANGE_REGISTER);
    assert_true(sn_exchange_expects(&x, &regack));
    sn_exchange_end(&x);
    assert_int_equal(x.kind, SN_EXCHANGE_NONE);
    assert_false(sn_exchange_expects(&x, &regack));
}

static void the_end_gives_the_message_back(void **state)
{
    struct budget budget = {.limit = 1000};
    struct sn_exchange x = publish_of(1);
    uint32_t turn = x.turn;

    (void)state;
    x.block = block_new(&budget, 10);
    sn_exchange_end(&x);
    assert_int_equal(budget.used, 0);
    assert_true(x.turn > turn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repeated_publish_differs_by_dup_alone),
        cmocka_unit_test(what_was_sent_in_an_earlier_connection_is_a_repeat_at_once),
        cmocka_unit_test(register_and_pubrel_are_repeated_unchanged_and_qos_0_has_no_dup),
        cmocka_unit_test(each_kind_waits_for_its_own_answer),
        cmocka_unit_test(the_end_gives_the_message_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
