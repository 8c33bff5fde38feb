#include "mqtt/client_parts.h"

void mqtt_client_init(struct mqtt_client *c, const struct mqtt_client_config *config,
                      struct budget *budget, uint64_t seed, uint64_t now_ms)
{
    *c = (struct mqtt_client){.config = config, .budget = budget, .due_ms = now_ms};
    c->delay_ms = config->reconnect_least_ms;
    rng_init(&c->rng, seed);
    mqtt_stream_init(&c->stream, budget, config->max_packet);
}

void mqtt_client_fini(struct mqtt_client *c)
{
    mqtt_stream_fini(&c->stream);
}

void mqtt_client_up(struct mqtt_client *c, uint64_t now_ms)
{
    if (c->state != MQTT_DIALLING) {
        return;
    }
    mqtt_stream_init(&c->stream, c->budget, c->config->max_packet);
    c->stream.heads = true;
    c->state = MQTT_CONNECTING;
    c->due_ms = now_ms + c->config->ack_timeout_ms;
    c->since_ms = now_ms;
    c->last_sent_ms = now_ms;
    c->last_heard_ms = now_ms;
    c->unanswered = 0;
    c->request = 0;
    c->id_taken = false;
    c->pinging = false;
    c->wants_ping = false;
    c->wants_connect = true;
    c->pending.dial = false;
}

void mqtt_client_down(struct mqtt_client *c, const char *cause, uint64_t now_ms)
{
    mqtt_client_end(c, MQTT_CLIENT_BY_THEM, cause, now_ms);
}

void mqtt_client_drop(struct mqtt_client *c, const char *cause, uint64_t now_ms)
{
    mqtt_client_end(c, MQTT_CLIENT_BY_FAULT, cause, now_ms);
}

bool mqtt_client_event(struct mqtt_client *c, struct mqtt_client_news *news, uint64_t now_ms)
{
    (void)now_ms;
    if (c->pending.down) {
        c->pending.down = false;
        *news = c->pending.of_down;
        return true;
    }
    if (c->pending.dial) {
        c->pending.dial = false;
        *news = (struct mqtt_client_news){.kind = MQTT_CLIENT_DIAL};
        return true;
    }
    return false;
}

void mqtt_client_stop(struct mqtt_client *c, uint64_t now_ms)
{
    c->stopping = true;
    if (c->state == MQTT_ONLINE) {
        c->wants_bye = true;
    } else {
        mqtt_client_drop(c, "stopped", now_ms);
        c->due_ms = HEAP_NEVER;
    }
}

void mqtt_client_renew(struct mqtt_client *c)
{
    c->wants_bye = c->wants_bye || c->state == MQTT_ONLINE;
}

void mqtt_client_start(struct mqtt_client *c, uint64_t now_ms)
{
    if (c->stopping && c->state == MQTT_IDLE) {
        c->stopping = false;
        c->delay_ms = c->config->reconnect_least_ms;
        c->due_ms = now_ms;
    }
}

/* --- time ---------------------------------------------------------------------------------- */

/* When a PINGREQ is due: a quarter of keep alive before the far broker could miss us, and as long
 * after it was last heard. [MQTT-3.1.2-23] */
static uint64_t ping_due(const struct mqtt_client *c)
{
    uint64_t oldest = c->last_sent_ms < c->last_heard_ms ? c->last_sent_ms : c->last_heard_ms;

    return oldest + c->config->keepalive_s * UINT64_C(750);
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t online_due(const struct mqtt_client *c)
{
    uint64_t due = HEAP_NEVER;

    if (c->unanswered > 0) {
        due = c->unanswered_ms + c->config->ack_timeout_ms;
    }
    if (c->pinging) {
        return lesser(due, c->ping_ms + c->config->ack_timeout_ms);
    }
    return c->config->keepalive_s == 0 || c->wants_ping ? due : lesser(due, ping_due(c));
}

uint64_t mqtt_client_deadline(const struct mqtt_client *c)
{
    switch (c->state) {
    case MQTT_IDLE:
    case MQTT_CONNECTING: return c->due_ms;
    case MQTT_ONLINE: return online_due(c);
    default: return HEAP_NEVER; /* dialling: the edge's time */
    }
}

static void tick_online(struct mqtt_client *c, uint64_t now_ms)
{
    if (c->unanswered > 0 && now_ms >= c->unanswered_ms + c->config->ack_timeout_ms) {
        mqtt_client_drop(c, "no acknowledgement in time", now_ms);
    } else if (c->pinging) {
        if (now_ms >= c->ping_ms + c->config->ack_timeout_ms) {
            mqtt_client_drop(c, "no PINGRESP in time", now_ms);
        }
    } else if (c->config->keepalive_s != 0 && now_ms >= ping_due(c)) {
        c->wants_ping = true;
    }
}

void mqtt_client_tick(struct mqtt_client *c, uint64_t now_ms)
{
    if (now_ms < mqtt_client_deadline(c)) {
        return;
    }
    switch (c->state) {
    case MQTT_IDLE:
        c->state = MQTT_DIALLING;
        c->pending.dial = true;
        break;
    case MQTT_CONNECTING: mqtt_client_drop(c, "no CONNACK in time", now_ms); break;
    case MQTT_ONLINE: tick_online(c, now_ms); break;
    default: break;
    }
}

void mqtt_client_moved(struct mqtt_client *c, uint64_t now_ms)
{
    c->unanswered_ms = now_ms;
    c->ping_ms = now_ms;
    if (c->state == MQTT_CONNECTING) {
        c->due_ms = now_ms + c->config->ack_timeout_ms;
    }
}
