/* A thermometer on a serial line that sleeps between its measurements.
 *
 * It connects, publishes a value at QoS 0 and one at QoS 1, and subscribes to its command topic.
 * Then it sleeps, and fetches every second what waits. A command is confirmed on the topic
 * "done"; after that it sleeps once more, says good-bye and ends with exit code 0. Without a
 * command it gives up after POLLS wakings. Exit codes: 1 no command, 2 no gateway, 3 refused.
 *
 * BOARD is the board's name; it makes the client id and the topics differ between boards.
 */
#include "firmware/ports/qemu/board.h"
#include "firmware/snode.h"
#include "firmware/snode_line.h"

enum { MTU = 96, VALUE = 64, POLLS = 10, CONNECTS = 3, SLEEP_S = 2, POLL_MS = 1000 };
enum { EXIT_DONE, EXIT_NO_COMMAND, EXIT_NO_GATEWAY, EXIT_REFUSED };
enum { TEMPERATURE, COMMAND, DONE, TOPICS };

static const char *const topics[TOPICS] = {
    [TEMPERATURE] = "thermo-" BOARD "/temperature",
    [COMMAND] = "thermo-" BOARD "/command",
    [DONE] = "thermo-" BOARD "/done",
};

static const struct snode_will will = {
    .topic = "thermo-" BOARD "/state", .data = {(const uint8_t *)"lost", 4}, .qos = 1};

static const struct snode_config config = {
    .client_id = "thermo-" BOARD,
    .topics = topics,
    .will = &will,
    .wait_ms = 2000,
    .topic_count = TOPICS,
    .keepalive_s = 30,
    .retry_ms = 1000,
    .mtu = MTU,
    .retries = 4,
};

struct thermometer {
    struct snode node;
    struct snode_line line;
    uint16_t ids[TOPICS];
    uint8_t payload[VALUE];
    uint8_t frame[SNODE_LINE_BUFFER(MTU)];
    uint8_t command[VALUE];
    uint8_t command_len;
    uint8_t step;
    uint8_t polls;
    uint8_t connects;
    bool commanded;
    bool confirmed;
    bool dozes;
    uint32_t wake_ms;
};

/* A request that cannot be made is a mistake in this file. */
static void expect(enum snode_err err)
{
    if (err != SNODE_OK) {
        board_exit(100 + (int)err);
    }
}

static void publish(struct thermometer *t, uint16_t topic, int8_t qos, struct span data)
{
    struct snode_message message = {.topic = snode_index(topic), .data = data, .qos = qos};

    expect(snode_publish(&t->node, &message));
}

/* The next thing to do, when nothing is under way. */
static void go_on(struct thermometer *t)
{
    struct snode_topic command = snode_index(COMMAND);

    switch (t->step) {
    case 0: publish(t, TEMPERATURE, 0, span_of_text("21.0")); break;
    case 1: publish(t, TEMPERATURE, 1, span_of_text("21.5")); break;
    case 2: expect(snode_subscribe(&t->node, &command, 1)); break;
    default:
        if (t->commanded && !t->confirmed) {
            t->confirmed = true;
            publish(t, DONE, 1, span_of(t->command, t->command_len));
        } else if (t->polls == POLLS) {
            expect(snode_disconnect(&t->node));
        } else {
            expect(snode_sleep(&t->node, SLEEP_S));
        }
        return;
    }
    t->step++;
}

static void on_command(struct thermometer *t, struct span data)
{
    t->commanded = true;
    t->command_len = (uint8_t)(data.len < VALUE ? data.len : VALUE);
    memcpy(t->command, data.at, t->command_len);
}

/* Asleep, with nothing more to fetch: a command is confirmed straight from sleep. */
static void doze(struct thermometer *t)
{
    if (t->confirmed) {
        t->polls = POLLS;
        expect(snode_disconnect(&t->node));
    } else if (t->commanded || t->polls == POLLS) {
        go_on(t);
    } else {
        t->polls++;
        t->dozes = true;
        t->wake_ms = board_ms() + POLL_MS;
    }
}

static void act(struct thermometer *t, const struct snode_event *event)
{
    switch (event->news) {
    case SNODE_MESSAGE:
        if (event->message.topic.by == SNODE_BY_INDEX && event->message.topic.id == COMMAND) {
            on_command(t, event->message.data);
        }
        break;
    case SNODE_CONNECTED:
        t->step = 0;
        go_on(t);
        break;
    case SNODE_PUBLISHED:
    case SNODE_SUBSCRIBED:
        if (event->code != 0) {
            board_exit(EXIT_REFUSED);
        }
        go_on(t);
        break;
    case SNODE_SLEEPS:
    case SNODE_AWAKE_DONE: doze(t); break;
    case SNODE_DISCONNECTED: board_exit(t->confirmed ? EXIT_DONE : EXIT_NO_COMMAND);
    case SNODE_REFUSED: board_exit(EXIT_REFUSED);
    case SNODE_SILENT:
    case SNODE_LOST:
        if (t->connects++ == CONNECTS) {
            board_exit(EXIT_NO_GATEWAY);
        }
        t->dozes = false;
        expect(snode_connect(&t->node, true));
        break;
    default: break;
    }
}

static void take_events(struct thermometer *t)
{
    struct snode_event event;

    while (snode_event(&t->node, &event)) {
        act(t, &event);
    }
}

static void send(struct thermometer *t)
{
    uint8_t packet[MTU];
    uint8_t frame[SNODE_LINE_ENCODED(MTU)];
    size_t len;

    while ((len = snode_output(&t->node, packet, sizeof packet, board_ms())) != 0) {
        len = snode_line_encode(span_of(packet, len), frame, sizeof frame);
        board_write(span_of(frame, len));
        take_events(t);
    }
}

static void receive(struct thermometer *t)
{
    uint8_t octet;

    while (board_read(&octet)) {
        struct span octets = span_of(&octet, 1);
        struct span packet;

        if (snode_line_input(&t->line, &octets, &packet)) {
            snode_rx(&t->node, packet, board_ms());
            take_events(t);
            send(t);
        }
    }
}

/* Until the node or the end of the nap wants something. */
static uint32_t rest_ms(struct thermometer *t)
{
    uint32_t now_ms = board_ms();
    uint32_t wait_ms = snode_poll(&t->node, now_ms);
    uint32_t left_ms = t->wake_ms - now_ms;

    if (!t->dozes) {
        return wait_ms;
    }
    if (left_ms == 0 || left_ms > POLL_MS) {
        t->dozes = false;
        expect(snode_wake(&t->node));
        return 0;
    }
    return left_ms < wait_ms ? left_ms : wait_ms;
}

int main(void)
{
    struct thermometer t = {.dozes = false};
    struct snode_memory memory = {.ids = t.ids, .data = t.payload, .data_size = VALUE};

    snode_init(&t.node, &config, &memory, 1);
    snode_line_init(&t.line, t.frame, sizeof t.frame);
    expect(snode_connect(&t.node, true));
    for (;;) {
        send(&t);
        take_events(&t);
        board_wait(rest_ms(&t));
        receive(&t);
    }
}
