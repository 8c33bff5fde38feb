/* Forwarders: many nodes behind one, what is announced to them, their rate. */
#include "tests/sn/field.h"

#define MANY 200

/* A gate for many nodes, with a listener as the field's. */
static struct field *crowded(void)
{
    struct field *f = field_new();
    struct sn_gate_config config = {.gw_id = 7,
                                    .nodes = MANY,
                                    .client_id = 23,
                                    .registrations = 3,
                                    .wildcard_names = 2,
                                    .listeners = &f->listener,
                                    .listener_count = 1,
                                    .budget = &f->budget};

    sn_gate_free(f->gate);
    f->listener.room = 65536;
    f->gate = sn_gate_new(&config, f->now_ms);
    assert_non_null(f->gate);
    return f;
}

/* `inside` as node `number` behind forwarder 1 sends and hears it. */
static struct span wrap(uint8_t *room, unsigned number, struct span inside)
{
    uint8_t head[] = {5, 0xFE, 0, (uint8_t)(number >> 8), (uint8_t)number};
    struct writer w = writer_of(room, 64);

    write_span(&w, span_of(head, sizeof head));
    write_span(&w, inside);
    return span_of(room, written(&w));
}

static struct sn_node *connects_behind(struct field *f, unsigned number)
{
    uint8_t inside[] = {8, 4, 4, 1, 0, 60, (uint8_t)('a' + number / 100), (uint8_t)number};
    uint8_t room[64];
    struct sn_node *node = NULL;

    says(f, 1, wrap(room, number, span_of(inside, sizeof inside)));
    node = tells(f, SN_NEWS_CONNECT)->node;
    admits(f, node, false, NULL);
    return node;
}

/* SN-189 SN-190 */
static void two_hundred_nodes_behind_one_forwarder_are_served_apart(void **state)
{
    static struct sn_node *nodes[MANY];
    struct field *f = crowded();
    uint8_t room[64];

    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        nodes[i] = connects_behind(f, i);
        assert_span_equal(hears(f, 1), wrap(room, i, WIRE_SPAN("\x03\x05\x00")));
        assert_int_equal(hears(f, 1).len, 0);
    }
    for (unsigned i = 0; i < MANY; i++) {
        uint8_t payload[] = {9, 0x0C, 0x22, 'a', 'b', 0, 1, (uint8_t)i, 'x'};

        says(f, 1, wrap(room, i, span_of(payload, sizeof payload)));
        assert_ptr_equal(tells(f, SN_NEWS_PUBLISH)->node, nodes[i]);
    }
    for (unsigned i = 0; i < MANY; i++) { /* SN-191 */
        sn_gate_dismiss(f->gate, nodes[i], f->now_ms);
        assert_span_equal(hears(f, 1), wrap(room, i, WIRE_SPAN("\x02\x18")));
        assert_int_equal(hears(f, 1).len, 0);
    }
    field_free(f);
}

/* SN-188 SN-192: opaque, of 1 to 250 octets, and compared whole. */
static void node_ids_of_1_to_250_octets_are_told_apart(void **state)
{
    static const size_t lens[] = {1, 2, 249, 250};
    struct field *f = field_new();
    uint8_t octets[300];

    (void)state;
    memset(octets, 0xFE, sizeof octets);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        uint8_t head[] = {(uint8_t)(3 + lens[i]), 0xFE, 0};

        memcpy(octets, head, sizeof head);
        memcpy(octets + 3 + lens[i], "\x08\x04\x04\x01\x00\x3Cn", 7);
        octets[3 + lens[i] + 7] = (uint8_t)('0' + i);
        says(f, 1, span_of(octets, 3 + lens[i] + 8));
        admits(f, tells(f, SN_NEWS_CONNECT)->node, false, NULL);
        memcpy(octets + 3 + lens[i], "\x03\x05\x00", 3);
        assert_span_equal(hears(f, 1), span_of(octets, 3 + lens[i] + 3));
        memset(octets, 0xFE, sizeof octets);
    }
    octets[0] = 254; /* 251 octets */
    octets[2] = 0;
    memcpy(octets + 254, "\x02\x16", 2);
    says(f, 1, span_of(octets, 256));
    HEARS_NOTHING(f, 1);
    assert_int_equal(sn_gate_counts(f->gate)->malformed, 1);
    field_free(f);
}

/* SN-195, and 7.26 of the protocol page: node id 00, to those that were heard. */
static void advertise_reaches_the_forwarders_that_were_heard(void **state)
{
    struct field *f = field_new();

    (void)state;
    f->listener.advertise_s = 60;
    sn_gate_settle(f->gate, 0, f->now_ms);
    waits(f, 1);
    HEARS_NOTHING(f, 0); /* no group, no forwarder */
    SAYS(f, 1, "\x05\xFE\x00\x0A\x0B\x02\x16");
    HEARS(f, 1, "\x05\xFE\x00\x0A\x0B\x02\x18");
    SAYS(f, 2, "\x02\x16");
    HEARS(f, 2, "\x02\x18");
    waits(f, 59999);
    HEARS(f, 1, "\x04\xFE\x00\x00\x05\x00\x07\x00\x3C");
    HEARS_NOTHING(f, 2);
    HEARS_NOTHING(f, 0);
    SAYS(f, 1, "\x05\xFE\x03\x0A\x0B\x03\x01\x03");
    HEARS(f, 1, "\x05\xFE\x03\x0A\x0B\x03\x02\x07");
    HEARS_NOTHING(f, 0);
    field_free(f);
}

/* --- rate ------------------------------------------------------------------------------------ */

static size_t count_heard(struct field *f, uint8_t node)
{
    size_t count = 0;

    while (hears(f, node).len != 0) {
        count++;
    }
    return count;
}

static void a_forwarder_gets_no_more_than_its_rate_and_others_do_not_wait(void **state)
{
    struct field *f = field_new();

    (void)state;
    f->listener.forwarder_rate = (struct sn_rate){10, 1000};
    for (unsigned i = 0; i < 20; i++) {
        SAYS(f, 1, "\x05\xFE\x00\x0A\x0B\x02\x16"); /* DISCONNECT is the answer */
    }
    SAYS(f, 3, "\x02\x16");
    SAYS(f, 2, "\x05\xFE\x00\x0A\x0B\x02\x16");
    HEARS(f, 3, "\x02\x18");
    HEARS(f, 2, "\x05\xFE\x00\x0A\x0B\x02\x18");
    assert_int_equal(count_heard(f, 1), 1);
    waits(f, 99);
    assert_int_equal(count_heard(f, 1), 0);
    waits(f, 1);
    assert_int_equal(count_heard(f, 1), 1);
    waits(f, 1000);
    assert_int_equal(count_heard(f, 1), 10);
    waits(f, 1000);
    assert_int_equal(count_heard(f, 1), 8);
    assert_int_equal(sn_gate_counts(f->gate)->overflow, 0);
    field_free(f);
}

static const struct sn_delivery delivery = {
    .topic = {WIRE("ab")}, .data = {WIRE("x")}, .msg_id = 5, .qos = 1};

/* The hub's queue is where messages wait; its retries begin when one has left. */
static void a_full_forwarder_takes_no_delivery_and_a_delivery_is_not_repeated_while_it_waits(
    void **state)
{
    struct field *f = field_new();
    struct sn_node *slow = connects_behind(f, 1);
    struct sn_node *free_one = connects(f, 2);

    (void)state;
    f->listener.forwarder_rate = (struct sn_rate){1, 20000};
    (void)count_heard(f, 1);
    for (unsigned i = 0; i < 10; i++) {
        SAYS(f, 1, "\x05\xFE\x00\x0A\x0B\x02\x16");
    }
    assert_int_equal(count_heard(f, 1), 1);
    assert_true(sn_gate_is_ready(f->gate, slow));
    assert_int_equal(delivers(f, slow, delivery), SN_OK);
    waits(f, 59000); /* longer than retry, 10 s; no keep alive is over */
    assert_int_equal(sn_gate_counts(f->gate)->resent, 0);
    for (unsigned i = 0; sn_gate_has_room(f->gate, slow); i++) {
        assert_true(i < 100);
        SAYS(f, 1, "\x05\xFE\x00\x0A\x0C\x02\x16");
        waits(f, 60);
    }
    assert_true(sn_gate_is_ready(f->gate, free_one));
    field_free(f);
}

static void a_node_that_is_forgotten_leaves_nothing_with_its_forwarder(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects_behind(f, 1);

    (void)state;
    f->listener.forwarder_rate = (struct sn_rate){1, 1000};
    (void)count_heard(f, 1);
    SAYS(f, 1, "\x05\xFE\x00\x0A\x0B\x02\x16");
    SAYS(f, 1, "\x05\xFE\x00\x0A\x0B\x02\x16");
    assert_int_equal(delivers(f, node, delivery), SN_OK);
    sn_gate_forget(f->gate, node);
    waits(f, 5000);
    assert_int_equal(count_heard(f, 1), 3);
    field_free(f);
}

static void a_rate_that_is_taken_away_lets_all_go(void **state)
{
    struct field *f = field_new();

    (void)state;
    f->listener.forwarder_rate = (struct sn_rate){1, 60000};
    for (unsigned i = 0; i < 5; i++) {
        SAYS(f, 1, "\x05\xFE\x00\x0A\x0B\x02\x16");
    }
    assert_int_equal(count_heard(f, 1), 1);
    f->listener.forwarder_rate = (struct sn_rate){0, 0};
    waits(f, 60000);
    assert_int_equal(count_heard(f, 1), 4);
    field_free(f);
}

static void more_forwarders_than_are_known_at_once_are_served_all_the_same(void **state)
{
    struct field *f = crowded();

    (void)state;
    f->listener.forwarder_rate = (struct sn_rate){10, 1000};
    for (uint8_t i = 1; i <= 150; i++) {
        SAYS(f, i, "\x05\xFE\x00\x0A\x0B\x02\x16");
        HEARS(f, i, "\x05\xFE\x00\x0A\x0B\x02\x18");
        HEARS_NOTHING(f, i);
        waits(f, 1);
    }
    field_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_hundred_nodes_behind_one_forwarder_are_served_apart),
        cmocka_unit_test(node_ids_of_1_to_250_octets_are_told_apart),
        cmocka_unit_test(advertise_reaches_the_forwarders_that_were_heard),
        cmocka_unit_test(a_forwarder_gets_no_more_than_its_rate_and_others_do_not_wait),
        cmocka_unit_test(
            a_full_forwarder_takes_no_delivery_and_a_delivery_is_not_repeated_while_it_waits),
        cmocka_unit_test(a_node_that_is_forgotten_leaves_nothing_with_its_forwarder),
        cmocka_unit_test(a_rate_that_is_taken_away_lets_all_go),
        cmocka_unit_test(more_forwarders_than_are_known_at_once_are_served_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
