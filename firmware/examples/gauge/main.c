/* A gauge on an RS-485 bus: VALUES numbers, one each PERIOD_MS, at QoS 1 and 2 by turns.
 *
 * The gateway gives it an address by its uid, the first eight letters of the board's name. Nothing
 * is said but when the bus has its turn: a packet stays in `packet` until the gateway has
 * acknowledged it, and the node is told, so that it does not repeat what waits. An emulator is not
 * on time to some microseconds: the gateway needs `slot = 20ms`.
 *
 * Exit codes: 0 all values are acknowledged, 2 no gateway, 3 refused.
 */
#include "firmware/ports/qemu/board.h"
#include "firmware/snode.h"
#include "firmware/snode_bus.h"

enum { MTU = 64, VALUE = 8, VALUES = 60, PERIOD_MS = 1000, CONNECTS = 10 };
enum { EXIT_DONE = 0, EXIT_NO_GATEWAY = 2, EXIT_REFUSED = 3 };

static const char *const topics[] = {"gauge-" BOARD "/level"};

static const struct snode_config config = {
    .client_id = "gauge-" BOARD,
    .topics = topics,
    .wait_ms = 10000,
    .topic_count = 1,
    .keepalive_s = 30,
    .retry_ms = 10000,
    .mtu = MTU,
    .retries = 4,
};

struct gauge {
    struct snode node;
    struct sn_bus_node bus;
    uint16_t ids[1];
    uint8_t identity[SN_BUS_IDENTITY];
    uint8_t payload[VALUE];
    uint8_t packet[MTU]; /* with the bus */
    uint8_t frame[SN_FRAME_BUFFER(MTU)];
    uint8_t value;
    uint8_t connects;
    bool idles; /* until due_ms */
    uint32_t due_ms;
};

/* A request that cannot be made is a mistake in this file. */
static void expect(enum snode_err err)
{
    if (err != SNODE_OK) {
        board_exit(100 + (int)err);
    }
}

static void publish(struct gauge *g)
{
    uint8_t text[2] = {(uint8_t)('0' + g->value / 10), (uint8_t)('0' + g->value % 10)};
    struct snode_message message = {.topic = snode_index(0),
                                    .data = span_of(text, sizeof text),
                                    .qos = (int8_t)(1 + g->value % 2)};

    expect(snode_publish(&g->node, &message));
}

static void idle(struct gauge *g)
{
    g->idles = true;
    g->due_ms = board_ms() + PERIOD_MS;
}

static void act(struct gauge *g, const struct snode_event *event)
{
    switch (event->news) {
    case SNODE_CONNECTED: publish(g); break;
    case SNODE_PUBLISHED:
        if (event->code != 0) {
            board_exit(EXIT_REFUSED);
        }
        g->value++;
        if (g->value == VALUES) {
            expect(snode_disconnect(&g->node));
        } else {
            idle(g);
        }
        break;
    case SNODE_DISCONNECTED: board_exit(g->value == VALUES ? EXIT_DONE : EXIT_REFUSED);
    case SNODE_REFUSED: board_exit(EXIT_REFUSED);
    case SNODE_SILENT:
    case SNODE_LOST:
        if (g->connects++ == CONNECTS) {
            board_exit(EXIT_NO_GATEWAY);
        }
        g->idles = false;
        expect(snode_connect(&g->node, false));
        break;
    default: break;
    }
}

static void take_events(struct gauge *g)
{
    struct snode_event event;

    while (snode_event(&g->node, &event)) {
        act(g, &event);
    }
}

/* The next packet, when the gateway has the last. */
static void hand_over(struct gauge *g)
{
    size_t len = 0;

    if (sn_bus_node_is_busy(&g->bus)) {
        snode_postpone(&g->node, board_ms());
        return;
    }
    len = snode_output(&g->node, g->packet, sizeof g->packet, board_ms());
    if (len != 0) {
        sn_bus_node_send(&g->bus, span_of(g->packet, len));
    }
    take_events(g);
}

static void receive(struct gauge *g)
{
    uint8_t octet;

    while (board_read(&octet)) {
        struct span octets = span_of(&octet, 1);
        struct span packet;

        if (sn_bus_node_input(&g->bus, &octets, board_us(), &packet)) {
            snode_rx(&g->node, packet, board_ms());
            take_events(g);
        }
    }
}

/* Says what is due; returns how long nothing will be. */
static uint32_t speak(struct gauge *g)
{
    uint8_t out[SN_FRAME_ENCODED(MTU)];
    uint32_t due_us = 0;

    while (sn_bus_node_due(&g->bus, &due_us)) {
        uint32_t left_us = due_us - board_us();

        if (left_us <= INT32_MAX && left_us > 0) {
            return left_us / 1000;
        }
        board_write(span_of(out, sn_bus_node_output(&g->bus, board_us(), out, sizeof out)));
    }
    return 1000;
}

static uint32_t rest_ms(struct gauge *g)
{
    uint32_t wait_ms = snode_poll(&g->node, board_ms());
    uint32_t left_ms = g->due_ms - board_ms();

    if (g->idles && (left_ms == 0 || left_ms > PERIOD_MS)) {
        g->idles = false;
        publish(g);
        return 0;
    }
    return g->idles && left_ms < wait_ms ? left_ms : wait_ms;
}

int main(void)
{
    struct gauge g = {.idles = false};
    struct snode_memory memory = {.ids = g.ids, .data = g.payload, .data_size = VALUE};

    memcpy(g.identity, BOARD, SN_BUS_UID);
    snode_init(&g.node, &config, &memory, 1);
    sn_bus_node_init(&g.bus, g.identity, g.frame, sizeof g.frame);
    g.bus.timing = (struct sn_bus_timing){.turnaround = 20, .response = 2000, .slot = 2000};
    expect(snode_connect(&g.node, true));
    for (;;) {
        uint32_t bus_ms = 0;
        uint32_t node_ms = rest_ms(&g);

        receive(&g);
        hand_over(&g);
        bus_ms = speak(&g);
        board_wait(node_ms < bus_ms ? node_ms : bus_ms);
    }
}
