#include "tests/firmware/rig.h"

#include <stdlib.h>

static const char *const topics[RIG_TOPICS] = {"a/temp", "a/led"};
static const struct snode_will will = {"w", {WIRE("gone")}, 1, true};

static struct rig *rig_new(const struct snode_will *the_will)
{
    struct rig *rig = calloc(1, sizeof *rig);
    struct snode_memory memory;

    assert_non_null(rig);
    rig->config = (struct snode_config){.client_id = "n1",
                                        .topics = topics,
                                        .will = the_will,
                                        .wait_ms = RIG_WAIT_MS,
                                        .topic_count = RIG_TOPICS,
                                        .keepalive_s = RIG_KEEPALIVE_S,
                                        .retry_ms = RIG_RETRY_MS,
                                        .mtu = RIG_MTU,
                                        .retries = RIG_RETRIES};
    memory = (struct snode_memory){rig->ids, rig->data, RIG_DATA, RIG_NAMES, rig->names};
    rig->now_ms = UINT32_MAX - 1500; /* the clock wraps in the middle of most tests */
    snode_init(&rig->node, &rig->config, &memory, 7);
    return rig;
}

int rig_off(void **state)
{
    *state = rig_new(NULL);
    return 0;
}

int rig_with_will(void **state)
{
    *state = rig_new(&will);
    return 0;
}

int rig_connected(void **state)
{
    struct rig *rig = rig_new(NULL);

    assert_int_equal(snode_connect(&rig->node, true), SNODE_OK);
    rig_sends(rig, "\x08\x04\x04\x01\x00\x3C"
                   "n1");
    rig_rx(rig, "\x03\x05\x00");
    rig_tells(rig, SNODE_CONNECTED, 0);
    *state = rig;
    return 0;
}

int rig_free(void **state)
{
    free(*state);
    return 0;
}

void rig_take(struct rig *rig, struct span wire)
{
    assert_int_equal(snode_rx(&rig->node, at_edge(wire, wire.len), rig->now_ms), SN_OK);
}

void rig_pass(struct rig *rig, uint32_t ms)
{
    rig->now_ms += ms;
    snode_poll(&rig->node, rig->now_ms);
}

void rig_check(struct rig *rig, struct span want, const char *file, int line)
{
    size_t len = snode_output(&rig->node, rig->out, sizeof rig->out, rig->now_ms);

    assert_spans(span_of(rig->out, len), want, file, line);
}

void rig_news(struct rig *rig, enum snode_news news, uint8_t code, const char *file, int line)
{
    _assert_true(snode_event(&rig->node, &rig->event), "snode_event", file, line);
    _assert_int_equal(rig->event.news, news, file, line);
    _assert_int_equal(rig->event.code, code, file, line);
}

enum snode_err rig_publish(struct rig *rig, uint16_t index, int8_t qos, const char *text)
{
    struct snode_message message = {
        .topic = snode_index(index), .data = span_of_text(text), .qos = qos};

    return snode_publish(&rig->node, &message);
}

void rig_register(struct rig *rig)
{
    assert_int_equal(snode_register(&rig->node, RIG_TEMP), SNODE_OK);
    rig_sends(rig, "\x0c\x0a\0\0\0\x01"
                   "a/temp");
    rig_rx(rig, "\x07\x0b\0\x07\0\x01\0");
    rig_tells(rig, SNODE_REGISTERED, 0);
}

void rig_sleep(struct rig *rig)
{
    assert_int_equal(snode_sleep(&rig->node, 600), SNODE_OK);
    rig_sends(rig, "\x04\x18\x02\x58");
    rig_rx(rig, "\x02\x18");
    rig_tells(rig, SNODE_SLEEPS, 0);
}

void rig_exhaust(struct rig *rig, struct span first, struct span again, const char *file, int line)
{
    rig_check(rig, first, file, line);
    for (int i = 0; i < RIG_RETRIES; i++) {
        rig_pass(rig, RIG_RETRY_MS - 1);
        rig_check(rig, span_of(NULL, 0), file, line);
        rig_pass(rig, RIG_LATEST_MS - RIG_RETRY_MS + 1);
        rig_check(rig, again, file, line);
    }
    rig_pass(rig, RIG_LATEST_MS);
    rig_check(rig, span_of(NULL, 0), file, line);
}
