/* What one node does, and what becomes of it. */
#include "sn/flags.h"
#include "tools/sim/sim.h"

#define NEVER     UINT64_MAX
#define MS        UINT64_C(1000)
#define SECOND_US UINT64_C(1000000)
#define SOON_US   MS /* QoS 0 without pause is one message a millisecond */

enum { ROUNDS = 64 /* of one node before others have their turn */ };

static bool is_due(const struct sim *sim, uint64_t due_us)
{
    return due_us <= sim->now_us;
}

static size_t number_of(const struct sim *sim, const struct sim_node *node)
{
    return (size_t)(node - sim->nodes);
}

static void ask(struct sim *sim, struct sim_node *node, enum sim_doing what)
{
    node->doing = (uint8_t)what;
    node->asked_us = sim->now_us;
}

static void settle(struct sim *sim, struct sim_node *node)
{
    sim->unsettled -= !node->settled;
    node->settled = true;
}

static bool has_more(const struct sim_node *node)
{
    const struct sim_group *group = node->group;

    return group->topic_count != 0 && group->every_ms != SIM_OFF &&
           (group->messages == SIM_OFF || node->published < group->messages);
}

static void end(struct sim *sim, struct sim_node *node)
{
    node->ended = true;
    node->doing = SIM_NOTHING;
    sim->unended--;
    sim_net_leave(&sim->net, number_of(sim, node));
}

/* Nobody knows what a node missed whose session the gateway may have forgotten, or never had. */
static void doubt(struct sim_node *node)
{
    node->unsure = node->unsure || node->group->clean != 0 || !node->settled;
}

static void connect_node(struct sim *sim, struct sim_node *node, bool resumes)
{
    bool clean = node->group->clean != 0;

    if (resumes) {
        doubt(node);
    }
    node->resumes = resumes && !clean;
    node->connect_us = NEVER;
    sim->counts.connects++;
    (void)snode_connect(&node->node, clean);
    ask(sim, node, SIM_CONNECT);
}

/* Each message is due a period after the last one was; what is late is not made up for. */
static void plan_next(struct sim *sim, struct sim_node *node)
{
    uint64_t every_us = (uint64_t)node->group->every_ms * MS;

    if (!has_more(node)) {
        node->publish_us = NEVER;
        sim->unfinished -= node->group->messages != SIM_OFF;
    } else if (every_us == 0) {
        node->publish_us = sim->now_us + (node->group->qos <= 0 ? SOON_US : 0);
    } else {
        node->publish_us += every_us;
        if (is_due(sim, node->publish_us)) {
            node->publish_us = sim->now_us + every_us;
        }
    }
}

void sim_node_begin(struct sim *sim, struct sim_node *node)
{
    bool finite = node->group->messages != SIM_OFF;

    if (has_more(node)) {
        sim->finite = sim->finite || finite;
        sim->unfinished += finite;
        node->publish_us =
            sim->now_us + rng_below(&node->rng, (uint64_t)node->group->every_ms * MS);
    }
    sim_node_run(sim, node);
}

static void publish(struct sim *sim, struct sim_node *node)
{
    const struct sim_group *group = node->group;
    size_t at = node->published % group->topic_count;
    struct snode_message message = {.topic = node->places[at],
                                    .data = span_of(sim->payload, (size_t)group->payload),
                                    .qos = (int8_t)group->qos,
                                    .retain = group->retain != 0};

    sim_check_stamp(sim, node->source + at, message.data.len);
    (void)snode_publish(&node->node, &message);
    ask(sim, node, SIM_PUBLISH);
    sim->publishing++;
    sim->counts.published++;
}

/* The message under way, if there is one, has come to its end. */
static void close_message(struct sim *sim, struct sim_node *node, bool acked)
{
    struct sim_source *source =
        &sim->sources[node->source + node->published % node->group->topic_count];

    source->sent++;
    source->acked += acked;
    node->published++;
    node->doing = SIM_NOTHING;
    sim->publishing--;
    plan_next(sim, node);
}

/* Nobody answers the request under way any more. */
static void drop(struct sim *sim, struct sim_node *node)
{
    if (node->doing == SIM_PUBLISH) {
        sim->counts.unanswered++;
        close_message(sim, node, false);
    }
    node->doing = SIM_NOTHING;
}

static bool may_publish(const struct sim *sim, const struct sim_node *node)
{
    return sim->phase == SIM_PUBLISHING && is_due(sim, node->publish_us);
}

static void leave(struct sim *sim, struct sim_node *node)
{
    drop(sim, node);
    if (node->group->leave == 0 || snode_disconnect(&node->node) != SNODE_OK) {
        end(sim, node);
    } else {
        ask(sim, node, SIM_LEAVE);
    }
}

/* Filters to subscribe to, then topics to register. */
static void make_known(struct sim *sim, struct sim_node *node)
{
    const struct sim_group *group = node->group;
    size_t step = node->step++;

    if (step < group->filter_count) {
        struct snode_topic filter = snode_filter(node->filters[step]);

        (void)snode_subscribe(&node->node, &filter, group->filters[step].qos);
    } else {
        (void)snode_register(&node->node, (uint16_t)(step - group->filter_count));
    }
    ask(sim, node, SIM_MAKE_KNOWN);
}

static void act_active(struct sim *sim, struct sim_node *node)
{
    const struct sim_group *group = node->group;

    if (node->step < group->filter_count + node->config.topic_count) {
        make_known(sim, node);
        return;
    }
    settle(sim, node);
    if (may_publish(sim, node)) {
        publish(sim, node);
    } else if (group->sleep_ms != SIM_OFF) {
        (void)snode_sleep(&node->node, (uint16_t)((group->sleep_ms + 999) / 1000));
        ask(sim, node, SIM_SLEEP);
    }
}

/* 6.14: who sleeps becomes active to publish, and asks for what waits by PINGREQ. */
static void act_asleep(struct sim *sim, struct sim_node *node)
{
    if (may_publish(sim, node)) {
        connect_node(sim, node, true);
    } else if (is_due(sim, node->wake_us)) {
        sim->counts.wakes++;
        (void)snode_wake(&node->node);
        ask(sim, node, SIM_WAKE);
    }
}

static void act_off(struct sim *sim, struct sim_node *node)
{
    if (node->group->qos < 0) {
        if (may_publish(sim, node)) {
            publish(sim, node);
        }
    } else if (is_due(sim, node->connect_us)) {
        connect_node(sim, node, false);
    }
}

/* Makes the socket when the time has come. */
static bool has_joined(struct sim *sim, struct sim_node *node)
{
    if (!node->joined && is_due(sim, node->connect_us) && sim->why == NULL) {
        sim->why = sim_net_join(&sim->net, number_of(sim, node));
        node->joined = sim->why == NULL;
    }
    return node->joined;
}

static void act(struct sim *sim, struct sim_node *node)
{
    if (node->ended || node->doing == SIM_LEAVE) {
        return;
    }
    if (sim->phase >= SIM_LEAVING) {
        leave(sim, node);
        return;
    }
    if (node->doing != SIM_NOTHING || !has_joined(sim, node)) {
        return;
    }
    switch (snode_state(&node->node)) {
    case SNODE_OFF: act_off(sim, node); break;
    case SNODE_ACTIVE: act_active(sim, node); break;
    case SNODE_ASLEEP: act_asleep(sim, node); break;
    default: break;
    }
}

static void on_failure(struct sim *sim, struct sim_node *node)
{
    drop(sim, node);
    if (snode_state(&node->node) != SNODE_ASLEEP) {
        doubt(node);
        node->connect_us = sim->now_us + SECOND_US + rng_below(&node->rng, 2 * SECOND_US);
    }
    node->wake_us = sim->now_us + SECOND_US;
    settle(sim, node);
}

static void on_connected(struct sim *sim, struct sim_node *node)
{
    sim->counts.connected += !node->connected;
    node->connected = true;
    if (node->doing == SIM_CONNECT) {
        spread_add(&sim->connect, sim->now_us - node->asked_us);
        node->doing = SIM_NOTHING;
        node->step = node->resumes ? node->step : 0;
    } else {
        node->step = 0; /* the library has connected again by itself */
    }
}

static void on_subscribed(struct sim *sim, struct sim_node *node, const struct snode_event *event)
{
    uint8_t asked = node->group->filters[node->step - 1].qos;

    node->doing = SIM_NOTHING;
    sim->counts.subscribed += event->code == SN_RC_ACCEPTED;
    sim->counts.refused_subs += event->code != SN_RC_ACCEPTED;
    if (event->code != SN_RC_ACCEPTED || (event->message.qos == 0 && asked != 0)) {
        node->unsure = true;
    }
}

static void on_published(struct sim *sim, struct sim_node *node, uint8_t code)
{
    bool acked = code == SN_RC_ACCEPTED && node->group->qos > 0;

    if (acked) {
        sim->counts.acknowledged++;
        spread_add(&sim->acknowledge, sim->now_us - node->asked_us);
    }
    sim->counts.refused += code != SN_RC_ACCEPTED;
    close_message(sim, node, acked);
}

static void on_asleep(struct sim *sim, struct sim_node *node, bool woke)
{
    uint64_t sleep_us = (uint64_t)node->group->sleep_ms * MS;

    if (sim->phase == SIM_DRAINING && sleep_us > SECOND_US) {
        sleep_us = SECOND_US;
    }
    if (woke || node->wake_us == 0) {
        node->wake_us = sim->now_us + sleep_us;
    }
    node->doing = SIM_NOTHING;
}

static void on_event(struct sim *sim, struct sim_node *node, const struct snode_event *event)
{
    switch (event->news) {
    case SNODE_CONNECTED: on_connected(sim, node); break;
    case SNODE_REFUSED:
        sim->counts.refused_connects++;
        on_failure(sim, node);
        break;
    case SNODE_LOST:
    case SNODE_SILENT:
        sim->counts.silences++;
        on_failure(sim, node);
        break;
    case SNODE_REJOINING:
        sim->counts.rejoins++;
        doubt(node);
        break;
    case SNODE_CONGESTED: sim->counts.congested++; break;
    case SNODE_SUBSCRIBED: on_subscribed(sim, node, event); break;
    case SNODE_REGISTERED: node->doing = SIM_NOTHING; break;
    case SNODE_PUBLISHED: on_published(sim, node, event->code); break;
    case SNODE_MESSAGE: sim_check_got(sim, node, event->message.data); break;
    case SNODE_SLEEPS: on_asleep(sim, node, false); break;
    case SNODE_AWAKE_DONE: on_asleep(sim, node, true); break;
    case SNODE_DISCONNECTED: end(sim, node); break;
    default: break;
    }
}

/* When the node itself, or what it is meant to do, is due. */
static uint64_t next_due(struct sim *sim, struct sim_node *node)
{
    uint32_t wait_ms = snode_poll(&node->node, sim_ms(sim));
    uint64_t due = wait_ms == SNODE_FOREVER ? NEVER : (sim->now_us / MS + wait_ms) * MS;
    uint64_t own = sim->phase == SIM_PUBLISHING ? node->publish_us : NEVER;

    if (!node->joined) {
        return node->connect_us;
    }
    if (node->doing != SIM_NOTHING) {
        return due;
    }
    if (snode_state(&node->node) == SNODE_ASLEEP) {
        own = node->wake_us < own ? node->wake_us : own;
    }
    if (snode_state(&node->node) == SNODE_OFF && node->group->qos >= 0) {
        own = node->connect_us;
    }
    return own < due ? own : due;
}

void sim_node_run(struct sim *sim, struct sim_node *node)
{
    struct snode_event event;
    uint64_t due = 0;

    for (int i = 0; i < ROUNDS && is_due(sim, due) && !node->ended; i++) {
        while (snode_event(&node->node, &event)) {
            on_event(sim, node, &event);
        }
        act(sim, node);
        sim_way_send(sim, node);
        due = next_due(sim, node);
    }
    if (node->ended) {
        due = NEVER;
    } else if (is_due(sim, due)) {
        due = sim->now_us + 1;
    }
    heap_set(&sim->timers, &node->timer, due);
}
