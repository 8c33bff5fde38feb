/* Any octets from the far side, time, connections that come and go, and a session behind the client
 * that publishes, subscribes and stops by whim: no fault, no leak; what is written decodes as a
 * client may say it; news comes in an order that callers can rely on; memory stays within the
 * budget. Pairs of octets, what and whim; input takes as many more as its whim says. */
#include <stdlib.h>

#include "mqtt/client.h"
#include "mqtt/op.h"

struct world {
    struct journal journal;
    struct mqtt_sessions sessions;
    struct mqtt_session *session;
    struct mqtt_client_config config;
    struct mqtt_client client;
    struct mqtt_op held;
    bool holds;
    bool dialled; /* news DIAL came, no DOWN since */
    bool online;
    struct reader in;
    uint64_t now_ms;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth) {
        abort();
    }
}

static void open_session(struct world *w)
{
    struct mqtt_opening opening = {.door = MQTT_DOOR_UPSTREAM,
                                   .name = span_of_text("far"),
                                   .door_item = w,
                                   .quota = {.queued = 20, .inflight = 4, .no_echo = true}};

    w->session = mqtt_session_open(&w->sessions, &opening, w->now_ms);
    must(w->session != NULL);
}

static void drop_held(struct world *w)
{
    if (w->holds) {
        mqtt_op_drop(&w->held);
        w->holds = false;
    }
}

static void went_down(struct world *w, const struct mqtt_client_news *news)
{
    must(w->client.state == MQTT_IDLE && news->cause != NULL);
    must(news->pattern == MQTT_CLIENT_NO_PATTERN || news->longest_ms < MQTT_CLIENT_GOOD_MS);
    must(!news->served || w->online);
    drop_held(w);
    if (w->online) {
        mqtt_session_close(&w->sessions, w->session, MQTT_END_PARTED, w->now_ms);
    }
    w->online = false;
    w->dialled = false;
}

static void on_publish(struct world *w, const struct mqtt_client_news *news)
{
    const struct mqtt_packet *pkt = &news->packet;
    struct mqtt_publication p = {.topic = pkt->topic,
                                 .payload = pkt->payload,
                                 .packet_id = pkt->packet_id,
                                 .qos = mqtt_packet_qos(pkt)};

    must(p.qos == 0 || p.packet_id != 0);
    if (mqtt_session_publish(&w->sessions, w->session, &p, w->now_ms) == MQTT_ERR_FULL) {
        mqtt_client_drop(&w->client, "no room", w->now_ms);
    }
}

static void hear(struct world *w, const struct mqtt_client_news *news)
{
    switch (news->kind) {
    case MQTT_CLIENT_DIAL:
        must(!w->dialled && !w->client.stopping);
        w->dialled = true;
        break;
    case MQTT_CLIENT_ONLINE:
        must(w->dialled && !w->online);
        open_session(w);
        w->online = true;
        break;
    case MQTT_CLIENT_DOWN: went_down(w, news); break;
    case MQTT_CLIENT_PUBLISH:
        must(w->online);
        on_publish(w, news);
        break;
    case MQTT_CLIENT_SKIPPED:
    case MQTT_CLIENT_ACK:
        must(w->online);
        (void)mqtt_client_settle(&w->sessions, w->session, news, w->now_ms);
        break;
    default: must(w->online); break;
    }
}

static void hear_events(struct world *w)
{
    struct mqtt_client_news news;

    while (mqtt_client_event(&w->client, &news, w->now_ms)) {
        hear(w, &news);
    }
}

static void hear_octets(struct world *w, struct span octets)
{
    struct mqtt_client_news news;

    while (mqtt_client_input(&w->client, &octets, &news, w->now_ms)) {
        hear(w, &news);
        if (!mqtt_client_may_send(&w->client)) {
            hear_events(w);
        }
    }
    must(octets.len == 0);
}

static void must_be_a_clients(struct span octets)
{
    while (octets.len > 0) {
        enum mqtt_err err = MQTT_OK;
        size_t len = mqtt_packet_length(octets, &err);
        struct mqtt_packet pkt;

        must(len != 0 && len <= octets.len);
        must(mqtt_packet_decode(&pkt, span_of(octets.at, len), MQTT_LEVEL_3_1_1) == MQTT_OK);
        must(pkt.type != MQTT_CONNACK && pkt.type != MQTT_SUBACK && pkt.type != MQTT_UNSUBACK &&
             pkt.type != MQTT_PINGRESP);
        octets = span_from(octets, len);
    }
}

static void write_operations(struct world *w, struct writer *out)
{
    while (mqtt_client_may_send(&w->client) && w->online) {
        if (!w->holds) {
            w->holds = mqtt_session_next(&w->sessions, w->session, &w->held, w->now_ms);
        }
        if (!w->holds ||
            !mqtt_client_send(&w->client, out, &w->held, span_of_text("up"), w->now_ms)) {
            return;
        }
        drop_held(w);
    }
}

/* With room for `room` octets. */
static void write_out(struct world *w, size_t room)
{
    uint8_t octets[512];
    struct writer out = writer_of(octets, room);

    mqtt_client_write(&w->client, &out, w->now_ms);
    write_operations(w, &out);
    must(!out.bad);
    must_be_a_clients(span_of(octets, written(&out)));
}

static void ask(struct world *w, unsigned whim)
{
    static const struct mqtt_client_filter filters[] = {{{(const uint8_t *)"a/#", 3}, 2},
                                                        {{(const uint8_t *)"b", 1}, 0}};
    uint8_t octets[64];
    struct writer out = writer_of(octets, whim % sizeof octets);
    bool done = whim & 64
                    ? mqtt_client_unsubscribe(&w->client, &out, filters, whim >> 7, w->now_ms)
                    : mqtt_client_subscribe(&w->client, &out, filters, 1 + (whim >> 7), w->now_ms);

    must(done == (written(&out) > 0) && !out.bad);
    must_be_a_clients(span_of(octets, written(&out)));
}

static void publish(struct world *w, unsigned whim)
{
    struct mqtt_publication p = {.topic = span_of_text("up/x"),
                                 .payload = span_of_text("payload"),
                                 .qos = (uint8_t)(whim % 3)};

    (void)mqtt_sessions_publish(&w->sessions, &p, w->now_ms);
}

static void pass_time(struct world *w, unsigned whim)
{
    uint64_t due = mqtt_client_deadline(&w->client);

    if (whim == 0 && due != UINT64_MAX && due > w->now_ms) {
        w->now_ms = due;
    } else {
        w->now_ms += whim * 200u;
    }
    mqtt_client_tick(&w->client, w->now_ms);
}

static void act(struct world *w, unsigned what, unsigned whim)
{
    switch (what % 10) {
    case 0: pass_time(w, whim); break;
    case 1: mqtt_client_up(&w->client, w->now_ms); break;
    case 2: mqtt_client_down(&w->client, "cut", w->now_ms); break;
    case 3: write_out(w, 2 * whim); break;
    case 4: ask(w, whim); break;
    case 5: publish(w, whim); break;
    case 6:
        if (whim == 255) {
            mqtt_client_stop(&w->client, w->now_ms);
        } else if (whim > 250) {
            mqtt_client_drop(&w->client, "ours", w->now_ms);
        } else if (whim > 240) {
            mqtt_client_moved(&w->client, w->now_ms);
        }
        break;
    default: hear_octets(w, read_span(&w->in, whim < read_left(&w->in) ? whim : read_left(&w->in)));
    }
}

static void init(struct world *w)
{
    static const struct mqtt_limits limits = {.sessions = 1,
                                              .subscriptions = 1,
                                              .entries = 64,
                                              .retained = 4,
                                              .memory = 16384,
                                              .max_packet = 256,
                                              .topic_levels = 8};
    struct mqtt_subscribing sub = {.filter = span_of_text("up/#"), .qos = 2};
    uint64_t ticket = 0;

    must(journal_init(&w->journal, 1, 1) &&
         mqtt_sessions_init(&w->sessions, &limits, &w->journal, 1));
    w->journal.off = true;
    w->config = (struct mqtt_client_config){.client_id = span_of_text("c"),
                                            .will_topic = span_of_text("w"),
                                            .keepalive_s = 10,
                                            .reconnect_least_ms = 1000,
                                            .reconnect_most_ms = 8000,
                                            .ack_timeout_ms = 5000,
                                            .max_packet = 256};
    mqtt_client_init(&w->client, &w->config, &w->sessions.budget, 1, 0);
    open_session(w);
    (void)mqtt_session_subscribe(&w->sessions, w->session, &sub, &ticket, 0);
    mqtt_session_close(&w->sessions, w->session, MQTT_END_PARTED, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;

    w = (struct world){.in = reader_of(span_of(data, size))};
    init(&w);
    while (read_left(&w.in) > 1 && !w.in.bad) {
        unsigned what = read_u8(&w.in);

        act(&w, what, read_u8(&w.in));
        hear_events(&w);
        must(w.sessions.budget.used <= w.sessions.budget.limit);
        must((w.client.state != MQTT_IDLE) == w.dialled);
    }
    drop_held(&w);
    mqtt_client_fini(&w.client);
    mqtt_sessions_fini(&w.sessions);
    must(w.sessions.budget.used == 0);
    journal_fini(&w.journal);
    return 0;
}
