#include "tests/sim/world.h"

#include <stdlib.h>

#include "config/report.h"

#define MTU 512

struct sim_packet {
    struct heap_item due;
    struct sim_node *from; /* NULL: from the gateway */
    struct sim_node *to;
    size_t len;
    uint8_t octets[MTU];
};

static const char *const topics[] = {"site/value", "site/other", "site/third"};

static struct conf *conf_of(const char *text)
{
    struct conf_source source = {"sim.conf", span_of_text(text)};
    struct conf_report report = {0};
    struct conf *conf = conf_read(&source, 1, NULL, &report);

    for (size_t i = 0; conf == NULL && i < report.count; i++) {
        print_error("%s:%d: %s: %s\n", report.items[i].file, (int)report.items[i].line,
                    report.items[i].key, report.items[i].text);
    }
    assert_non_null(conf);
    conf_report_fini(&report);
    return conf;
}

static struct hub *hub_of(struct sim *sim, const struct conf *conf, bool stored)
{
    struct hub_setup setup = {
        .conf = conf, .seed = rng_next(&sim->rng), .wall_ms = 1700000000000, .stored = stored};
    struct hub *hub = hub_new(&setup, sim->now_ms);

    assert_non_null(hub);
    return hub;
}

static void restore(struct sim *sim)
{
    struct record record;

    sim->store = sim_store_open(&sim->disk);
    while (gw_store_next(sim->store, &record)) {
        assert_true(hub_restore(sim->hub, &record, sim->now_ms));
    }
    hub_restored(sim->hub, sim->now_ms);
}

struct sim *sim_new(const char *text, uint64_t seed)
{
    struct sim *sim = calloc(1, sizeof *sim);

    assert_non_null(sim);
    sim->seed = seed;
    sim->now_ms = 1000;
    rng_init(&sim->rng, seed);
    heap_init(&sim->air);
    sim->conf = conf_of(text);
    sim->hub = hub_of(sim, sim->conf, strcmp(sim->conf->store.path, "none") != 0);
    restore(sim);
    if (sim->conf->upstream_count > 0) {
        sim->far_conf = conf_of("[store]\npath = none\n[broker far]\nbind = 127.0.0.1:1\n");
        sim->far = hub_of(sim, sim->far_conf, false);
        hub_restored(sim->far, sim->now_ms);
    }
    return sim;
}

void sim_free(struct sim *sim)
{
    struct heap_item *item = NULL;

    while ((item = heap_pop(&sim->air, UINT64_MAX - 1)) != NULL) {
        free(HEAP_ITEM(item, struct sim_packet, due));
    }
    for (size_t i = 0; i < sim->client_count; i++) {
        mqtt_stream_fini(&sim->clients[i]->stream);
        free(sim->clients[i]);
    }
    for (size_t i = 0; i < sim->node_count; i++) {
        free(sim->nodes[i]);
    }
    gw_store_close(sim->store);
    if (sim->batch_out) {
        hub_kept(sim->hub, &sim->batch, sim->now_ms);
    }
    hub_free(sim->hub);
    hub_free(sim->far);
    conf_free(sim->conf);
    conf_free(sim->far_conf);
    sim_disk_fini(&sim->disk);
    free(sim);
}

/* --- the air --------------------------------------------------------------------------------- */

static void launch(struct sim *sim, struct sim_node *from, struct sim_node *to, struct span wire,
                   uint64_t due_ms)
{
    struct sim_packet *packet = malloc(sizeof *packet);

    assert_non_null(packet);
    assert_true(wire.len <= MTU);
    heap_item_init(&packet->due);
    packet->from = from;
    packet->to = to;
    packet->len = wire.len;
    memcpy(packet->octets, wire.at, wire.len);
    heap_set(&sim->air, &packet->due, due_ms);
}

static bool chance(struct sim *sim, unsigned of_thousand)
{
    return rng_below(&sim->rng, 1000) < of_thousand;
}

static void send_off(struct sim *sim, struct sim_node *from, struct sim_node *to, struct span wire)
{
    uint64_t due_ms = sim->now_ms + 1 + rng_below(&sim->rng, sim->faults.late_ms);

    sim->datagrams++;
    if (chance(sim, sim->faults.lost)) {
        return;
    }
    launch(sim, from, to, wire, due_ms);
    if (chance(sim, sim->faults.doubled)) {
        launch(sim, from, to, wire, due_ms);
    }
}

static struct sn_peer peer_of(const struct sim *sim, const struct sim_node *node)
{
    struct sn_peer peer = {.listener = 0, .addr_len = 6};

    for (size_t i = 0; i < sim->node_count; i++) {
        if (sim->nodes[i] == node) {
            memcpy(peer.addr,
                   (uint8_t[]){10, 0, 0, (uint8_t)(i + 1), 7, (uint8_t)(92 + node->port)}, 6);
        }
    }
    return peer;
}

static void add_to(struct sim_inbox *inbox, const struct snode_message *message)
{
    size_t at = inbox->count++;

    assert_true(inbox->count <= SIM_INBOX);
    snprintf(inbox->at[at].topic, SIM_TEXT, "%.*s", (int)message->topic.name.len,
             (const char *)message->topic.name.at);
    snprintf(inbox->at[at].data, SIM_TEXT, "%.*s", (int)message->data.len,
             (const char *)message->data.at);
    inbox->at[at].qos = (uint8_t)message->qos;
    inbox->at[at].retain = message->retain;
}

static void node_events(struct sim_node *node)
{
    struct snode_event event;

    while (snode_event(&node->core, &event)) {
        node->events[event.news]++;
        if (event.news == SNODE_MESSAGE) {
            add_to(&node->inbox, &event.message);
        } else {
            node->last = event.news;
            node->code = event.code;
        }
    }
}

static void trace(struct sim *sim, struct span wire)
{
    const uint64_t seed[2] = {sim->trace, sim->now_ms};

    sim->trace = map_hash(seed, wire);
}

static void land(struct sim *sim)
{
    struct heap_item *item = NULL;

    while ((item = heap_pop(&sim->air, sim->now_ms)) != NULL) {
        struct sim_packet *packet = HEAP_ITEM(item, struct sim_packet, due);
        struct span wire = span_of(packet->octets, packet->len);

        trace(sim, wire);
        if (packet->to == NULL) {
            struct sn_peer peer = peer_of(sim, packet->from);

            hub_datagram(sim->hub, &peer, wire, sim->now_ms);
        } else if (!packet->to->off) {
            snode_rx(&packet->to->core, wire, (uint32_t)sim->now_ms);
            node_events(packet->to);
        }
        free(packet);
    }
}

/* --- a turn ---------------------------------------------------------------------------------- */

static bool node_turn(struct sim *sim, struct sim_node *node)
{
    uint8_t out[MTU];
    size_t len = 0;
    bool moved = false;

    if (node->off) {
        return false;
    }
    snode_poll(&node->core, (uint32_t)sim->now_ms);
    node_events(node);
    while ((len = snode_output(&node->core, out, sizeof out, (uint32_t)sim->now_ms)) > 0) {
        send_off(sim, node, NULL, span_of(out, len));
        moved = true;
    }
    return moved;
}

static bool gate_turn(struct sim *sim)
{
    struct sn_out out;
    bool moved = false;

    while (sn_gate_output(hub_gate(sim->hub), 0, NULL, &out)) {
        size_t i = out.peer.addr_len == 6 ? (size_t)out.peer.addr[3] - 1 : SIM_NODES;

        if (i < sim->node_count && out.peer.addr[5] == 92 + sim->nodes[i]->port) {
            send_off(sim, NULL, sim->nodes[i], out.wire);
        }
        sn_gate_sent(hub_gate(sim->hub), 0, 1, sim->now_ms);
        moved = true;
    }
    return moved;
}

static struct sim_client *client_of(struct sim *sim, const struct mqtt_conn *conn)
{
    for (size_t i = 0; i < sim->client_count; i++) {
        if (sim->clients[i]->conn == conn) {
            return sim->clients[i];
        }
    }
    return NULL;
}

static void broker_said(struct sim *sim, struct hub *hub, struct mqtt_out *out)
{
    struct sim_client *client = client_of(sim, out->conn);
    bool uplink = out->conn == sim->far_conn && hub == sim->far;

    for (size_t part = 0; part < 2; part++) {
        struct span octets = part == 0 ? out->head : out->body;

        if (octets.len == 0) {
            continue;
        }
        if (uplink) {
            hub_uplink_input(sim->hub, 0, octets, sim->now_ms);
        } else if (client != NULL) {
            sim_client_input(sim, client, octets);
        }
    }
    block_drop(out->block);
    if (out->close) {
        mqtt_broker_gone(hub_broker(hub), out->conn, sim->now_ms);
        if (uplink) {
            sim->far_conn = NULL;
            hub_uplink_down(sim->hub, 0, "closed", sim->now_ms);
        } else if (client != NULL) {
            client->conn = NULL;
            client->connected = false;
        }
    }
}

static bool broker_turn(struct sim *sim, struct hub *hub)
{
    struct mqtt_out out;
    bool moved = false;

    while (hub != NULL && mqtt_broker_output(hub_broker(hub), &out, sim->scratch, sim->now_ms)) {
        broker_said(sim, hub, &out);
        moved = true;
    }
    return moved;
}

static void dial(struct sim *sim)
{
    struct mqtt_entrance entrance = {.address = span_of_text("uplink")};

    if (sim->far_down) {
        hub_uplink_down(sim->hub, 0, "connection refused", sim->now_ms);
        return;
    }
    sim->far_conn = mqtt_broker_accept(hub_broker(sim->far), &entrance, sim, sim->now_ms);
    assert_non_null(sim->far_conn);
    hub_uplink_up(sim->hub, 0, sim->now_ms);
}

static void hang_up(struct sim *sim)
{
    if (sim->far_conn != NULL) {
        mqtt_broker_gone(hub_broker(sim->far), sim->far_conn, sim->now_ms);
        sim->far_conn = NULL;
    }
}

static bool uplink_turn(struct sim *sim)
{
    uint8_t scratch[MQTT_SCRATCH];
    struct mqtt_out out;
    struct hub_news news;
    bool moved = false;

    while (hub_event(sim->hub, &news)) {
        moved |= news.kind != HUB_LOG;
        if (news.kind == HUB_DIAL) {
            dial(sim);
        } else if (news.kind == HUB_HANGUP) {
            hang_up(sim);
        }
    }
    while (sim->far_conn != NULL && hub_uplink_output(sim->hub, 0, &out, scratch, sim->now_ms)) {
        mqtt_broker_input(hub_broker(sim->far), sim->far_conn, out.head, sim->now_ms);
        if (out.body.len > 0) {
            mqtt_broker_input(hub_broker(sim->far), sim->far_conn, out.body, sim->now_ms);
        }
        block_drop(out.block);
        moved = true;
    }
    return moved;
}

static bool store_turn(struct sim *sim)
{
    struct gw_store_word word = {.kept = NULL};
    struct hub_wanted wanted;

    sim->disk.now_ms = sim->now_ms;
    if (gw_store_hear(sim->store, &word) && word.fetched != NULL) {
        hub_fetched(sim->hub, word.fetched->rows, word.fetched->got, sim->now_ms);
        gw_fetch_end(word.fetched);
        return true;
    }
    if (word.cause != NULL) {
        hub_not_kept(sim->hub, word.cause);
        return true;
    }
    if (word.kept != NULL) {
        sim->batch_out = false;
        hub_kept(sim->hub, word.kept, sim->now_ms);
        hub_store_works(sim->hub, word.full, sim->now_ms);
        return true;
    }
    if (!sim->batch_out && hub_records(sim->hub, &sim->batch, sim->now_ms)) {
        sim->batch_out = true;
        gw_store_give(sim->store, &sim->batch);
        return true;
    }
    if (hub_wanted(sim->hub, &wanted)) {
        memcpy(sim->fetch.numbers, wanted.numbers, sizeof wanted.numbers);
        sim->fetch.count = wanted.count;
        gw_store_fetch(sim->store, &sim->fetch);
        return true;
    }
    return false;
}

/* Everything that can happen now happens. */
static void settle(struct sim *sim)
{
    bool moved = true;

    land(sim);
    hub_tick(sim->hub, sim->now_ms);
    if (sim->far != NULL) {
        hub_tick(sim->far, sim->now_ms);
    }
    while (moved) {
        moved = false;
        for (size_t i = 0; i < sim->node_count; i++) {
            moved |= node_turn(sim, sim->nodes[i]);
        }
        hub_pump(sim->hub, sim->now_ms);
        moved |= gate_turn(sim);
        moved |= broker_turn(sim, sim->hub);
        moved |= uplink_turn(sim);
        if (sim->far != NULL) {
            hub_pump(sim->far, sim->now_ms);
        }
        moved |= broker_turn(sim, sim->far);
        moved |= store_turn(sim);
    }
}

static uint64_t next_due(struct sim *sim)
{
    uint64_t due = heap_due(&sim->air);

    if (hub_deadline(sim->hub) < due) {
        due = hub_deadline(sim->hub);
    }
    if (sim->far != NULL && hub_deadline(sim->far) < due) {
        due = hub_deadline(sim->far);
    }
    if (sim_store_due(sim->store) < due) {
        due = sim_store_due(sim->store);
    }
    for (size_t i = 0; i < sim->node_count; i++) {
        uint32_t wait = sim->nodes[i]->off
                            ? SNODE_FOREVER
                            : snode_poll(&sim->nodes[i]->core, (uint32_t)sim->now_ms);

        if (wait != SNODE_FOREVER && sim->now_ms + wait < due) {
            due = sim->now_ms + wait;
        }
    }
    return due;
}

void sim_run(struct sim *sim, uint64_t ms)
{
    uint64_t end = sim->now_ms + ms;

    settle(sim);
    while (sim->now_ms < end) {
        uint64_t due = next_due(sim);

        due = due <= sim->now_ms ? sim->now_ms + 1 : due;
        sim->now_ms = due < end ? due : end;
        settle(sim);
    }
}

void sim_crash(struct sim *sim)
{
    for (size_t i = 0; i < sim->client_count; i++) {
        struct sim_client *client = sim->clients[i];

        if (client->at == sim->hub) {
            client->conn = NULL;
            client->at = NULL;
            client->connected = false;
            mqtt_stream_fini(&client->stream);
            mqtt_stream_init(&client->stream, &client->budget, MQTT_SCRATCH);
        }
    }
    sim_store_crash(sim->store, chance(sim, 500));
    if (sim->batch_out) {
        hub_kept(sim->hub, &sim->batch, sim->now_ms);
        sim->batch_out = false;
    }
    hang_up(sim);
    hub_free(sim->hub);
    sim->hub = hub_of(sim, sim->conf, true);
    for (size_t i = 0; i < sim->client_count; i++) {
        sim->clients[i]->at = sim->clients[i]->at == NULL ? sim->hub : sim->clients[i]->at;
    }
    restore(sim);
}

/* --- nodes ----------------------------------------------------------------------------------- */

struct sim_node *sim_node(struct sim *sim, const char *id)
{
    struct sim_node *node = calloc(1, sizeof *node);

    assert_non_null(node);
    assert_true(sim->node_count < SIM_NODES);
    sim->nodes[sim->node_count++] = node;
    snprintf(node->id, sizeof node->id, "%s", id);
    node->config = (struct snode_config){.client_id = node->id,
                                         .topics = topics,
                                         .wait_ms = 5000,
                                         .topic_count = COUNT(topics),
                                         .keepalive_s = 30,
                                         .retry_ms = 500,
                                         .mtu = 256,
                                         .retries = 12};
    node->memory = (struct snode_memory){.ids = node->ids,
                                         .data = node->data,
                                         .data_size = sizeof node->data,
                                         .names_size = sizeof node->names,
                                         .names = node->names};
    snode_init(&node->core, &node->config, &node->memory, (uint32_t)rng_next(&sim->rng));
    return node;
}

void sim_wait(struct sim *sim, struct sim_node *node, enum snode_news news)
{
    size_t had = node->events[news];
    uint64_t end = sim->now_ms + 120000;

    settle(sim);
    while (node->events[news] == had) {
        uint64_t due = next_due(sim);

        assert_true(sim->now_ms < end);
        sim->now_ms = due <= sim->now_ms ? sim->now_ms + 1 : due < end ? due : end;
        settle(sim);
    }
}

void sim_node_connect(struct sim *sim, struct sim_node *node, bool clean)
{
    assert_int_equal(snode_connect(&node->core, clean), SNODE_OK);
    sim_wait(sim, node, SNODE_CONNECTED);
}

void sim_node_publish(struct sim *sim, struct sim_node *node, const char *data, int8_t qos)
{
    struct snode_message message = {
        .topic = snode_index(0), .data = span_of_text(data), .qos = qos};

    assert_int_equal(snode_publish(&node->core, &message), SNODE_OK);
    sim_wait(sim, node, SNODE_PUBLISHED);
}

void sim_node_subscribe(struct sim *sim, struct sim_node *node, const char *filter, uint8_t qos)
{
    struct snode_topic topic = snode_filter(filter);

    assert_int_equal(snode_subscribe(&node->core, &topic, qos), SNODE_OK);
    sim_wait(sim, node, SNODE_SUBSCRIBED);
    assert_int_equal(node->code, 0);
}

size_t sim_times(const struct sim_inbox *inbox, const char *data)
{
    size_t times = 0;

    for (size_t i = 0; i < inbox->count; i++) {
        times += strcmp(inbox->at[i].data, data) == 0;
    }
    return times;
}
