/* Seeded nonsense: a gateway that answers anything, at any time, with any fields. */
#include "base/rng.h"
#include "tests/firmware/rig.h"

enum { RUNS = 300, TURNS = 400, OUTPUTS = 8 };

/* What a gateway sends; the rest of the types is noise. */
static const uint8_t types[] = {
    SN_CONNACK, SN_WILLTOPICREQ,  SN_WILLMSGREQ,  SN_REGISTER,  SN_REGACK,
    SN_PUBLISH, SN_PUBACK,        SN_PUBCOMP,     SN_PUBREC,    SN_PUBREL,
    SN_SUBACK,  SN_UNSUBACK,      SN_PINGREQ,     SN_PINGRESP,  SN_DISCONNECT,
    SN_CONNACK, SN_WILLTOPICRESP, SN_WILLMSGRESP, SN_ADVERTISE, SN_CONNECT,
};

static const struct snode_will other_will = {"w2", {WIRE("bye")}, 2, false};

static uint16_t msg_id_of(const struct rig *rig, struct rng *rng)
{
    return rng_below(rng, 2) != 0 ? rig->node.step.msg_id : (uint16_t)rng_below(rng, 5);
}

static void receive(struct rig *rig, struct rng *rng)
{
    static const uint8_t text[] = "a/temp and more of it";
    uint8_t wire[RIG_MTU];
    struct sn_packet pkt = {.type = (enum sn_type)types[rng_below(rng, sizeof types)],
                            .flags = (uint8_t)rng_next(rng),
                            .code = (uint8_t)rng_below(rng, 8) > 3 ? 0 : (uint8_t)rng_below(rng, 5),
                            .topic_id = (uint16_t)rng_below(rng, 5),
                            .msg_id = msg_id_of(rig, rng),
                            .data = {text, rng_below(rng, sizeof text)}};
    size_t len = sn_packet_encode(&pkt, wire, sizeof wire);

    if (rng_below(rng, 10) == 0) {
        wire[rng_below(rng, len)] = (uint8_t)rng_next(rng);
    }
    snode_rx(&rig->node, at_edge(span_of(wire, len), len), rig->now_ms);
}

static void ask(struct rig *rig, struct rng *rng)
{
    struct snode *node = &rig->node;
    const struct snode_topic topics[] = {snode_index((uint16_t)rng_below(rng, RIG_TOPICS + 1)),
                                         snode_predefined(3), snode_short('a', 'b'),
                                         snode_filter("c/x")};
    struct snode_message message = {topics[rng_below(rng, COUNT(topics))], WIRE_SPAN("x"),
                                    (int8_t)((int)rng_below(rng, 4) - 1), false};

    switch (rng_below(rng, 12)) {
    case 0: snode_connect(node, rng_below(rng, 2) != 0); break;
    case 1: snode_register(node, (uint16_t)rng_below(rng, RIG_TOPICS + 1)); break;
    case 2: snode_subscribe(node, &message.topic, (uint8_t)rng_below(rng, 4)); break;
    case 3: snode_unsubscribe(node, &message.topic); break;
    case 4: snode_set_will(node, rng_below(rng, 2) != 0 ? &other_will : NULL); break;
    case 5: snode_sleep(node, (uint16_t)rng_below(rng, 3)); break;
    case 6:
    case 7: snode_wake(node); break;
    case 8:
        if (rng_below(rng, 8) == 0) {
            snode_disconnect(node);
        }
        break;
    case 9:
        if (rng_below(rng, 4) == 0) {
            snode_cancel(node);
        }
        break;
    default: snode_publish(node, &message); break;
    }
}

/* What it sends decodes, and it comes to an end with sending. */
static void drain(struct rig *rig)
{
    struct sn_packet pkt;
    size_t len;
    int count = 0;

    while (snode_event(&rig->node, &rig->event)) {
    }
    while ((len = snode_output(&rig->node, rig->out, sizeof rig->out, rig->now_ms)) != 0) {
        assert_int_equal(sn_packet_decode(&pkt, span_of(rig->out, len)), SN_OK);
        assert_true(++count < OUTPUTS);
    }
    while (snode_event(&rig->node, &rig->event)) {
    }
    assert_in_range(rig->node.names_len, 0, RIG_NAMES);
    assert_in_range(rig->node.state, SNODE_OFF, SNODE_AWAKE);
    assert_true(snode_poll(&rig->node, rig->now_ms) != 0 || rig->node.brief_count != 0);
}

/* Without a gateway, whatever was under way ends, and the node rests. */
static void comes_to_rest(struct rig *rig)
{
    int turns = 0;
    uint32_t wait_ms;

    while ((wait_ms = snode_poll(&rig->node, rig->now_ms)) != SNODE_FOREVER) {
        rig_pass(rig, wait_ms);
        drain(rig);
        assert_true(++turns < 100);
    }
    assert_int_equal(rig->node.want.type, SNODE_NOTHING);
    assert_true(snode_state(&rig->node) == SNODE_OFF || snode_state(&rig->node) == SNODE_ASLEEP);
}

static void play(struct rig *rig, uint64_t seed)
{
    struct rng rng;

    rng_init(&rng, seed);
    for (int i = 0; i < TURNS; i++) {
        switch (rng_below(&rng, 4)) {
        case 0: ask(rig, &rng); break;
        case 1: rig_pass(rig, (uint32_t)rng_below(&rng, 2000)); break;
        default: receive(rig, &rng); break;
        }
        if (rng_below(&rng, 4) != 0) {
            drain(rig);
        }
    }
    comes_to_rest(rig);
}

static void no_gateway_brings_a_node_out_of_step(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        void *rig = NULL;

        rig_with_will(&rig);
        play(rig, seed);
        rig_free(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_gateway_brings_a_node_out_of_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
