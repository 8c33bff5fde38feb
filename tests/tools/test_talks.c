#include "tests/support.h"

#include "tools/dump/talks.h"

static struct dump_end node_at(uint8_t number)
{
    return (struct dump_end){.len = 4, .at = {10, 0, 0, number}, .port = 40000};
}

static const struct dump_end gateway = {.len = 4, .at = {10, 0, 0, 99}, .port = 1884};

static struct talk_notes up(struct talks *talks, uint8_t node, struct span wire)
{
    return talks_note(talks,
                      &(struct dump_packet){.from = node_at(node), .to = gateway, .payload = wire});
}

static struct talk_notes down(struct talks *talks, uint8_t node, struct span wire)
{
    return talks_note(talks,
                      &(struct dump_packet){.from = gateway, .to = node_at(node), .payload = wire});
}

static const struct span connect_roof = {WIRE("\x0a\x04\x04\x01\0\x3croof")};
static const struct span register_ab = {WIRE("\x09\x0a\0\0\0\x01\x61\x2f\x62")};
static const struct span regack_5 = {WIRE("\x07\x0b\0\x05\0\x01\0")};
static const struct span publish_5 = {WIRE("\x08\x0c\x20\0\x05\0\x02x")};

static void a_registered_id_has_its_name_both_ways(void **state)
{
    struct talks talks;
    struct talk_notes notes;

    (void)state;
    assert_true(talks_init(&talks));
    up(&talks, 1, connect_roof);
    assert_int_equal(up(&talks, 1, register_ab).topic.len, 0);
    assert_span_equal(down(&talks, 1, regack_5).topic, span_of_text("a/b"));
    notes = up(&talks, 1, publish_5);
    assert_span_equal(notes.topic, span_of_text("a/b"));
    assert_span_equal(notes.client, span_of_text("roof"));
    assert_true(notes.from_client);
    notes = down(&talks, 1, publish_5);
    assert_span_equal(notes.topic, span_of_text("a/b"));
    assert_false(notes.from_client);
    talks_fini(&talks);
}

static void ids_belong_to_their_conversation(void **state)
{
    struct talks talks;

    (void)state;
    assert_true(talks_init(&talks));
    up(&talks, 1, register_ab);
    down(&talks, 1, regack_5);
    assert_int_equal(up(&talks, 2, publish_5).topic.len, 0);
    assert_int_equal(up(&talks, 1, WIRE_SPAN("\x08\x0c\x21\0\x05\0\x02x")).topic.len, 0);
    up(&talks, 1, connect_roof); /* clean: the ids are gone */
    assert_int_equal(up(&talks, 1, publish_5).topic.len, 0);
    talks_fini(&talks);
}

static void a_refused_or_foreign_answer_names_nothing(void **state)
{
    struct talks talks;

    (void)state;
    assert_true(talks_init(&talks));
    up(&talks, 1, register_ab);
    down(&talks, 1, WIRE_SPAN("\x07\x0b\0\x05\0\x01\x03"));
    down(&talks, 1, WIRE_SPAN("\x07\x0b\0\x05\0\x02\0"));
    assert_int_equal(up(&talks, 1, publish_5).topic.len, 0);
    talks_fini(&talks);
}

static void the_gateways_own_ids_and_those_of_subscriptions_are_known(void **state)
{
    struct talks talks;

    (void)state;
    assert_true(talks_init(&talks));
    down(&talks, 1, WIRE_SPAN("\x09\x0a\0\x05\0\x09g/w"));
    assert_span_equal(down(&talks, 1, publish_5).topic, span_of_text("g/w"));
    up(&talks, 1, WIRE_SPAN("\x08\x12\x20\0\x03s/b"));
    down(&talks, 1, WIRE_SPAN("\x08\x13\x20\0\x05\0\x03\0"));
    assert_span_equal(down(&talks, 1, publish_5).topic, span_of_text("s/b"));
    talks_fini(&talks);
}

static void nodes_behind_one_forwarder_are_told_apart(void **state)
{
    struct talks talks;

    (void)state;
    assert_true(talks_init(&talks));
    up(&talks, 1, WIRE_SPAN("\x04\xfe\0\x0a\x09\x0a\0\0\0\x01\x61\x2f\x62"));
    down(&talks, 1, WIRE_SPAN("\x04\xfe\0\x0a\x07\x0b\0\x05\0\x01\0"));
    assert_span_equal(up(&talks, 1, WIRE_SPAN("\x04\xfe\0\x0a\x08\x0c\x20\0\x05\0\x02x")).topic,
                      span_of_text("a/b"));
    assert_int_equal(up(&talks, 1, WIRE_SPAN("\x04\xfe\0\x0b\x08\x0c\x20\0\x05\0\x02x")).topic.len,
                     0);
    talks_fini(&talks);
}

static void many_conversations_are_bounded(void **state)
{
    struct talks talks;

    (void)state;
    assert_true(talks_init(&talks));
    for (int i = 0; i < 3 * TALKS_MOST; i++) {
        struct dump_end node = {.len = 4, .at = {10, 1, 0, 1}, .port = (uint16_t)i};

        talks_note(&talks,
                   &(struct dump_packet){.from = node, .to = gateway, .payload = register_ab});
        talks_note(&talks, &(struct dump_packet){.from = gateway, .to = node, .payload = regack_5});
        assert_true(talks.talks.count <= TALKS_MOST);
    }
    assert_int_equal(talks.forgot, 2);
    talks_fini(&talks);
}

static void long_names_are_bounded_too(void **state)
{
    static uint8_t wire[60000];
    struct talks talks;
    struct writer w = writer_of(wire, sizeof wire);

    (void)state;
    assert_true(talks_init(&talks));
    write_u8(&w, 1);
    write_u16(&w, sizeof wire);
    write_span(&w, WIRE_SPAN("\x0a\0\0"));
    for (int i = 0; i < 3000; i++) {
        wire[6] = (uint8_t)(i >> 8);
        wire[7] = (uint8_t)i;
        up(&talks, (uint8_t)(i % 100), span_of(wire, sizeof wire));
        assert_true(talks.octets <= TALKS_OCTETS);
    }
    assert_true(talks.forgot > 0);
    talks_fini(&talks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_registered_id_has_its_name_both_ways),
        cmocka_unit_test(ids_belong_to_their_conversation),
        cmocka_unit_test(a_refused_or_foreign_answer_names_nothing),
        cmocka_unit_test(the_gateways_own_ids_and_those_of_subscriptions_are_known),
        cmocka_unit_test(nodes_behind_one_forwarder_are_told_apart),
        cmocka_unit_test(many_conversations_are_bounded),
        cmocka_unit_test(long_names_are_bounded_too),
    };

    return cmocka_run_group_tests_name("tools/dump/talks.c", tests, NULL, NULL);
}
