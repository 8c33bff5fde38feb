/* ADVERTISE, SEARCHGW, GWINFO, stand-by. */
#include "tests/sn/field.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define SEARCHGW   "\x03\x01\x00"
#define GWINFO     "\x03\x02\x07"
#define ADVERTISE  "\x05\x00\x07\x00\x3C" /* ours, each 60 s */
#define ADVERTISE3 "\x05\x00\x03\x00\x64" /* of GwId 3, each 100 s */

/* A gate, GwId 7, whose listener has two groups. */
static struct field *grouped(uint32_t advertise_s, uint8_t standby_for)
{
    struct field *f = field_new();

    f->listener.groups = 2;
    f->listener.advertise_s = advertise_s;
    f->listener.standby_for = standby_for;
    f->listener.standby_after = 3;
    sn_gate_settle(f->gate, 0, f->now_ms);
    return f;
}

static void says_by_group(struct field *f, uint8_t node, struct span wire)
{
    f->group = 2;
    says(f, node, wire);
    f->group = 0;
}

/* The last datagram to everybody was one to this group, and should go so far. */
static void expect_cast(const struct field *f, size_t wire, uint8_t group, uint8_t hops)
{
    assert_int_equal(f->wires[wire].to, 0);
    assert_int_equal(f->wires[wire].group, group);
    assert_int_equal(f->wires[wire].hops, hops);
}

/* SN-015 SN-017 */
static void advertise_goes_to_all_groups_every_tadv(void **state)
{
    struct field *f = grouped(60, 0);

    (void)state;
    waits(f, 1);
    expect_cast(f, 0, 0, 0);
    HEARS(f, 0, ADVERTISE);
    waits(f, 59998);
    HEARS_NOTHING(f, 0);
    waits(f, 1);
    HEARS(f, 0, ADVERTISE);
    HEARS_NOTHING(f, 0);
    field_free(f);
}

static void advertise_follows_the_settings(void **state)
{
    struct field *f = grouped(60, 0);

    (void)state;
    waits(f, 1);
    HEARS(f, 0, ADVERTISE);
    sn_gate_settle(f->gate, 0, f->now_ms); /* nothing changed */
    waits(f, 1);
    HEARS_NOTHING(f, 0);
    f->listener.advertise_s = 61;
    sn_gate_settle(f->gate, 0, f->now_ms);
    waits(f, 1);
    HEARS(f, 0, "\x05\x00\x07\x00\x3D");
    f->listener.advertise_s = 0;
    sn_gate_settle(f->gate, 0, f->now_ms);
    waits(f, 1000000);
    HEARS_NOTHING(f, 0);
    field_free(f);
}

/* SN-018 SN-019 */
static void gwinfo_goes_to_the_asker_and_to_the_group_that_he_asked(void **state)
{
    struct field *f = grouped(0, 0);

    (void)state;
    says_by_group(f, 1, WIRE_SPAN("\x03\x01\x02"));
    assert_int_equal(f->wire_count, 2);
    HEARS(f, 1, GWINFO);
    expect_cast(f, 1, 2, 2);
    HEARS(f, 0, GWINFO);
    HEARS_NOTHING(f, 0);
    field_free(f);
}

static void one_who_asks_us_alone_is_answered_and_all_groups_hear_it(void **state)
{
    struct field *f = grouped(0, 0);

    (void)state;
    SAYS(f, 1, "\x03\x01\x09"); /* further than radius goes: as the listener is set */
    HEARS(f, 1, GWINFO);
    expect_cast(f, 1, 0, 0);
    HEARS(f, 0, GWINFO);
    f->listener.groups = 0;
    SAYS(f, 1, SEARCHGW);
    HEARS(f, 1, GWINFO);
    HEARS_NOTHING(f, 0);
    field_free(f);
}

static void one_peer_gets_five_gwinfo_a_second_and_all_get_fifty(void **state)
{
    struct field *f = field_new();
    unsigned answers = 0;

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        SAYS(f, 1, SEARCHGW);
    }
    while (hears(f, 1).len != 0) {
        answers++;
    }
    assert_int_equal(answers, 5);
    for (uint8_t node = 2; node < 100; node++) {
        SAYS(f, node, SEARCHGW);
        answers += hears(f, node).len != 0;
        (void)hears(f, node);
    }
    assert_int_equal(answers, 50);
    assert_int_equal(sn_gate_counts(f->gate)->searches, 50);
    assert_int_equal(sn_gate_counts(f->gate)->muted, 15 + 98 - 45);
    waits(f, 1000);
    SAYS(f, 1, SEARCHGW);
    HEARS(f, 1, GWINFO);
    field_free(f);
}

/* SN-021, and ours among them, which come back to us. */
static void what_gateways_say_is_heard_without_harm(void **state)
{
    static const struct span wires[] = {{WIRE(ADVERTISE)},
                                        {WIRE(ADVERTISE3)},
                                        {WIRE(GWINFO)},
                                        {WIRE("\x07\x02\x03\x0A\x00\x00\x01")}};
    struct field *f = grouped(0, 0);

    (void)state;
    for (size_t i = 0; i < COUNT(wires); i++) {
        says(f, 1, wires[i]);
        says_by_group(f, 1, wires[i]);
    }
    assert_int_equal(f->wire_count, 0);
    tells_nothing(f);
    assert_int_equal(sn_gate_counts(f->gate)->malformed, 0);
    assert_int_equal(sn_gate_counts(f->gate)->by_group, 0);
    field_free(f);
}

static void a_group_is_no_way_to_connect(void **state)
{
    struct field *f = grouped(0, 0);

    (void)state;
    says_by_group(f, 1, WIRE_SPAN("\x08\x04\x04\x01\x00\x3Cn1"));
    says_by_group(f, 1, WIRE_SPAN("\x02\x16"));
    says_by_group(f, 1, WIRE_SPAN("\x08\x0C\x61\x00\x07\x00\x00x"));
    assert_int_equal(f->wire_count, 0);
    tells_nothing(f);
    assert_int_equal(sn_gate_counts(f->gate)->by_group, 3);
    field_free(f);
}

/* --- stand-by: SN-022 ------------------------------------------------------------------------- */

static void hears_silence(struct field *f)
{
    SAYS(f, 1, SEARCHGW);
    says_by_group(f, 1, WIRE_SPAN(SEARCHGW));
    SAYS(f, 1, "\x08\x04\x04\x01\x00\x3Cn1");
    SAYS(f, 1, "\x02\x16");
    HEARS_NOTHING(f, 0);
    HEARS_NOTHING(f, 1);
    tells_nothing(f);
}

static void a_stand_in_is_silent_until_three_advertise_are_missed(void **state)
{
    struct field *f = grouped(60, 3);

    (void)state;
    hears_silence(f);
    waits(f, 100000);
    says_by_group(f, 9, WIRE_SPAN(ADVERTISE3));
    waits(f, 349999); /* the third is late by half of 100 s */
    hears_silence(f);
    waits(f, 1);
    assert_int_equal(tells(f, SN_NEWS_STANDS_IN)->listener, 0);
    HEARS(f, 0, ADVERTISE);
    SAYS(f, 1, SEARCHGW);
    HEARS(f, 1, GWINFO);
    HEARS(f, 0, GWINFO);
    (void)connects(f, 2);
    waits(f, 60000);
    HEARS(f, 0, ADVERTISE);
    field_free(f);
}

static void a_gateway_never_heard_is_missed_by_our_own_interval(void **state)
{
    struct field *f = grouped(60, 3);

    (void)state;
    SAYS(f, 9, ADVERTISE3);                                 /* to us alone: anybody's */
    says_by_group(f, 9, WIRE_SPAN("\x05\x00\x04\x00\x64")); /* another one */
    waits(f, 209999);
    hears_silence(f);
    waits(f, 1);
    (void)tells(f, SN_NEWS_STANDS_IN);
    field_free(f);
}

static void a_stand_in_is_silent_again_when_that_one_is_back(void **state)
{
    struct field *f = grouped(60, 3);

    (void)state;
    waits(f, 210000);
    (void)tells(f, SN_NEWS_STANDS_IN);
    HEARS(f, 0, ADVERTISE);
    says_by_group(f, 9, WIRE_SPAN(ADVERTISE3));
    assert_int_equal(tells(f, SN_NEWS_STANDS_BY)->listener, 0);
    waits(f, 100000);
    says_by_group(f, 9, WIRE_SPAN(ADVERTISE3));
    hears_silence(f);
    field_free(f);
}

/* Stands in from the start, with node 1 connected; then the other is back. */
static struct field *stood_in(struct sn_node **node)
{
    struct field *f = grouped(60, 3);

    waits(f, 210000);
    (void)tells(f, SN_NEWS_STANDS_IN);
    HEARS(f, 0, ADVERTISE);
    *node = connects(f, 1);
    says_by_group(f, 9, WIRE_SPAN(ADVERTISE3));
    (void)tells(f, SN_NEWS_STANDS_BY);
    return f;
}

static void nodes_of_a_stand_in_are_told_to_look_for_the_other(void **state)
{
    struct sn_node *node = NULL;
    struct field *f = stood_in(&node);

    (void)state;
    SAYS(f, 1, "\x02\x16");
    HEARS(f, 1, "\x02\x18");
    assert_ptr_equal(tells(f, SN_NEWS_BYE)->node, node);
    hears_silence(f);
    field_free(f);
}

static void a_node_that_went_to_the_other_has_no_will_published_here(void **state)
{
    struct sn_node *node = NULL;
    struct field *f = stood_in(&node);

    (void)state;
    waits(f, 90000);
    assert_ptr_equal(tells(f, SN_NEWS_BYE)->node, node); /* not LOST */
    tells_nothing(f);
    field_free(f);
}

static void a_delivery_under_way_when_the_other_is_back_costs_no_will(void **state)
{
    struct sn_node *node = NULL;
    struct field *f = stood_in(&node);

    (void)state;
    assert_int_equal(
        delivers(f, node,
                 (struct sn_delivery){
                     .topic = WIRE_SPAN("ab"), .data = WIRE_SPAN("x"), .msg_id = 5, .qos = 1}),
        SN_OK);
    waits(f, 10000);
    assert_ptr_equal(tells(f, SN_NEWS_BYE)->node, node);
    tells_nothing(f);
    field_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(advertise_goes_to_all_groups_every_tadv),
        cmocka_unit_test(advertise_follows_the_settings),
        cmocka_unit_test(gwinfo_goes_to_the_asker_and_to_the_group_that_he_asked),
        cmocka_unit_test(one_who_asks_us_alone_is_answered_and_all_groups_hear_it),
        cmocka_unit_test(one_peer_gets_five_gwinfo_a_second_and_all_get_fifty),
        cmocka_unit_test(what_gateways_say_is_heard_without_harm),
        cmocka_unit_test(a_group_is_no_way_to_connect),
        cmocka_unit_test(a_stand_in_is_silent_until_three_advertise_are_missed),
        cmocka_unit_test(a_gateway_never_heard_is_missed_by_our_own_interval),
        cmocka_unit_test(a_stand_in_is_silent_again_when_that_one_is_back),
        cmocka_unit_test(nodes_of_a_stand_in_are_told_to_look_for_the_other),
        cmocka_unit_test(a_node_that_went_to_the_other_has_no_will_published_here),
        cmocka_unit_test(a_delivery_under_way_when_the_other_is_back_costs_no_will),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
