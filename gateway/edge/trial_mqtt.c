/* gateway/edge/trial_mqtt.c - MQTT of a trial: what a broker answers to what the gateway says. */
#include "gateway/edge/trial_parts.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "gateway/edge/clock.h"
#include "gateway/hub/uplink.h"
#include "mqtt/op.h"

#define PAYLOAD "{\"sedge\":\"test\"}"

/* --- begin ----------------------------------------------------------------------------------- */

static void lay(struct span *field, struct span made)
{
    *field = made.at == NULL ? *field : made;
}

static void take_login(struct gw_trial *trial)
{
    struct mqtt_client_config *config = &trial->config;

    *config = hub_uplink_config(trial->setup->conf, trial->setup->upstream);
    lay(&config->password, trial->command.len == 0
                               ? (struct span){NULL, 0}
                               : span_of(trial->command.secret, trial->command.len));
    lay(&config->client_id, trial->token.login.client_id);
    lay(&config->username, trial->token.login.username);
    lay(&config->password, trial->token.login.password);
    if (config->ack_timeout_ms > GW_TRIAL_ANSWER_MS) {
        config->ack_timeout_ms = GW_TRIAL_ANSWER_MS;
    }
}

static uint8_t wanted_qos(const struct conf_upstream *upstream, const struct conf_rule *rule)
{
    uint64_t qos = rule->qos == CONF_QOS_UNSET ? 1 : rule->qos;

    return (uint8_t)(qos < upstream->subscribe_qos_max ? qos : upstream->subscribe_qos_max);
}

bool gw_trial_mqtt_begin(struct gw_trial *trial)
{
    const struct conf_upstream *upstream = trial->setup->upstream;
    struct mqtt_client_news news;

    trial->filters = calloc(upstream->receive.count + 1, sizeof *trial->filters);
    if (trial->filters == NULL) {
        return false;
    }
    for (size_t i = 0; i < upstream->receive.count; i++) {
        const struct conf_rule *rule = &upstream->receive.at[i];

        trial->filters[i] =
            (struct mqtt_client_filter){span_of_text(rule->filter), wanted_qos(upstream, rule)};
    }
    take_login(trial);
    trial->refusals = writer_of((uint8_t *)trial->refused_text, sizeof trial->refused_text);
    mqtt_client_init(&trial->client, &trial->config, &trial->budget, gw_clock_seed(),
                     gw_loop_now(&trial->loop));
    mqtt_client_tick(&trial->client, gw_loop_now(&trial->loop));
    (void)mqtt_client_event(&trial->client, &news, gw_loop_now(&trial->loop)); /* DIAL: done */
    mqtt_client_up(&trial->client, gw_loop_now(&trial->loop));
    trial->speaks = true;
    return true;
}

/* --- steps ----------------------------------------------------------------------------------- */

static void finish(struct gw_trial *trial)
{
    trial->good = true;
    mqtt_client_stop(&trial->client, gw_loop_now(&trial->loop)); /* DISCONNECT is written next */
}

static void begin_publish(struct gw_trial *trial)
{
    if (trial->setup->topic == NULL) {
        gw_trial_left_out(trial, GW_TRIAL_PUBACK,
                          "nothing is published: there is no send rule; --topic TOPIC names one");
        finish(trial);
    }
}

static void begin_subscribe(struct gw_trial *trial)
{
    if (trial->setup->upstream->receive.count == 0) {
        gw_trial_left_out(trial, GW_TRIAL_PUBACK, "nothing to subscribe: there is no receive rule");
        begin_publish(trial);
    }
}

static void went_online(struct gw_trial *trial, bool present)
{
    struct writer w = writer_of((uint8_t *)trial->text, sizeof trial->text);

    write_text(&w, "accepted as \"");
    write_printable(&w, trial->config.client_id);
    write_text(&w, present ? "\", the broker has kept its session" : "\", with a new session");
    write_end(&w);
    gw_trial_passed(trial, GW_TRIAL_SUBACK, trial->text);
    begin_subscribe(trial);
}

static void note_refusals(struct gw_trial *trial, struct span codes)
{
    for (size_t i = 0; i < codes.len; i++) {
        if (codes.at[i] > 2) {
            write_text(&trial->refusals, trial->refused++ == 0 ? "the broker refuses " : ", ");
            write_printable(&trial->refusals, trial->filters[trial->asked + i].filter);
        }
    }
}

static void took_suback(struct gw_trial *trial, struct span codes)
{
    struct writer w = writer_of((uint8_t *)trial->text, sizeof trial->text);
    size_t count = trial->setup->upstream->receive.count;

    note_refusals(trial, codes);
    trial->asked += codes.len;
    trial->asking = 0;
    if (trial->asked < count) {
        return;
    }
    if (trial->refused != 0) {
        write_end(&trial->refusals);
        gw_trial_failed(trial, trial->refused_text);
        return;
    }
    write_text(&w, "subscribed by ");
    write_decimal(&w, count);
    write_text(&w, count == 1 ? " receive rule" : " receive rules");
    write_end(&w);
    gw_trial_passed(trial, GW_TRIAL_PUBACK, trial->text);
    begin_publish(trial);
}

static void took_puback(struct gw_trial *trial, const char *how)
{
    struct writer w = writer_of((uint8_t *)trial->text, sizeof trial->text);

    write_text(&w, "published to ");
    write_printable(&w, span_of_text(trial->setup->topic));
    write_text(&w, how);
    write_end(&w);
    gw_trial_passed(trial, GW_TRIAL_PUBACK, trial->text);
    finish(trial);
}

static void take(struct gw_trial *trial, const struct mqtt_client_news *news)
{
    switch (news->kind) {
    case MQTT_CLIENT_ONLINE: went_online(trial, news->present); break;
    case MQTT_CLIENT_SUBSCRIBED: took_suback(trial, news->packet.payload); break;
    case MQTT_CLIENT_ACK:
        if (trial->published && !trial->good) {
            took_puback(trial, " and acknowledged");
        }
        break;
    case MQTT_CLIENT_DOWN:
        if (!trial->good) {
            gw_trial_failed(trial, news->cause);
        }
        trial->over = true;
        break;
    default: break; /* what comes is left to the gateway */
    }
}

/* --- in -------------------------------------------------------------------------------------- */

static bool begins(struct span octets, const char *text)
{
    struct span wanted = span_of_text(text);

    return octets.len >= wanted.len && span_equal(span_of(octets.at, wanted.len), wanted);
}

/* What is no MQTT at all, or NULL. */
static const char *stranger(const struct gw_trial *trial, struct span octets)
{
    if (trial->step != GW_TRIAL_CONNACK) {
        return NULL;
    }
    if (begins(octets, "HTTP/")) {
        return "the other side speaks HTTP, not MQTT";
    }
    return begins(octets, "\x15\x03") ? "the other side speaks TLS" : NULL;
}

void gw_trial_mqtt_input(struct gw_trial *trial, struct span octets)
{
    const char *cause = stranger(trial, octets);
    struct mqtt_client_news news;

    if (cause != NULL) {
        gw_trial_failed(trial, cause);
    }
    while (!trial->over &&
           mqtt_client_input(&trial->client, &octets, &news, gw_loop_now(&trial->loop))) {
        take(trial, &news);
    }
}

void gw_trial_mqtt_down(struct gw_trial *trial, const char *cause)
{
    struct mqtt_client_news news;

    mqtt_client_down(&trial->client, cause != NULL ? cause : "closed by the other side",
                     gw_loop_now(&trial->loop));
    while (mqtt_client_event(&trial->client, &news, gw_loop_now(&trial->loop))) {
        take(trial, &news);
    }
}

/* --- out ------------------------------------------------------------------------------------- */

static void subscribe(struct gw_trial *trial, struct writer *w)
{
    const struct conf_upstream *upstream = trial->setup->upstream;
    size_t left = upstream->receive.count - trial->asked;
    size_t most =
        upstream->filters_per_subscribe < left ? (size_t)upstream->filters_per_subscribe : left;

    if (trial->asking == 0 &&
        mqtt_client_subscribe(&trial->client, w, trial->filters + trial->asked, most,
                              gw_loop_now(&trial->loop))) {
        trial->asking = most;
    }
}

static void publish(struct gw_trial *trial, struct writer *w)
{
    struct span topic = span_of_text(trial->setup->topic);
    struct mqtt_op op = {.kind = MQTT_OP_DELIVER,
                         .packet_id = 1,
                         .qos = trial->setup->upstream->qos_max == 0 ? 0 : 1};

    op.message = mqtt_message_new(&trial->budget, topic, span_of_text(PAYLOAD));
    if (op.message == NULL) {
        gw_trial_failed(trial, "no memory");
        return;
    }
    op.packet_id = op.qos == 0 ? 0 : 1;
    trial->published = mqtt_client_send(&trial->client, w, &op, topic, gw_loop_now(&trial->loop));
    mqtt_op_drop(&op);
}

static void write_next(struct gw_trial *trial, struct writer *w)
{
    mqtt_client_write(&trial->client, w, gw_loop_now(&trial->loop));
    if (!mqtt_client_may_send(&trial->client)) {
        return;
    }
    if (trial->step == GW_TRIAL_SUBACK) {
        subscribe(trial, w);
    } else if (trial->step == GW_TRIAL_PUBACK && !trial->published) {
        publish(trial, w);
    }
}

static void send_next(struct gw_trial *trial)
{
    struct writer w = writer_of(trial->loop.scratch, MQTT_SCRATCH);
    struct mqtt_out out = {.block = NULL};

    write_next(trial, &w);
    out.head = span_of(w.start, written(&w));
    if (out.head.len != 0 && gw_wire_send(&trial->wire, &out) == GW_SENT_BROKEN) {
        gw_trial_mqtt_down(trial, strerrordesc_np(errno));
    }
}

static void hear(struct gw_trial *trial)
{
    struct mqtt_client_news news;

    while (!trial->over && mqtt_client_event(&trial->client, &news, gw_loop_now(&trial->loop))) {
        take(trial, &news);
    }
}

void gw_trial_mqtt_turn(struct gw_trial *trial)
{
    if (!trial->speaks || trial->over) {
        return;
    }
    mqtt_client_tick(&trial->client, gw_loop_now(&trial->loop));
    hear(trial);
    if (!trial->over && !gw_wire_waits(&trial->wire)) {
        send_next(trial);
    }
    if (!trial->over && trial->published && !trial->good && trial->setup->upstream->qos_max == 0) {
        took_puback(trial, " at QoS 0, which nobody acknowledges");
        send_next(trial);
    }
    hear(trial);
}
