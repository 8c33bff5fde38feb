/* mqtt/client_life.c - what a client learns from how its connections end: when to dial again, and
 * what lies behind many alike. */
#include "mqtt/client_parts.h"

#define AT_OUR_WORD_MS 1000u /* an end so soon after we said something is an answer to it */

static void is_good(struct mqtt_client *c)
{
    c->good = true;
    c->shaky = false;
    c->row.count = 0;
    c->row.longest_ms = 0;
    c->delay_ms = c->config->reconnect_least_ms;
}

void mqtt_client_begin_life(struct mqtt_client *c, uint64_t now_ms)
{
    c->state = MQTT_ONLINE;
    c->since_ms = now_ms;
    c->served = false;
    c->good = false;
    c->acknowledged = false;
    c->subscribed = false;
}

void mqtt_client_heard(struct mqtt_client *c, uint64_t now_ms)
{
    if (now_ms - c->since_ms >= MQTT_CLIENT_GOOD_MS) {
        is_good(c);
    }
}

void mqtt_client_answered(struct mqtt_client *c)
{
    c->served = true;
    if (c->acknowledged && c->subscribed && !c->shaky) {
        c->delay_ms = c->config->reconnect_least_ms;
    }
}

static bool owes_us(const struct mqtt_client *c)
{
    return c->unanswered > 0 || c->pinging;
}

/* How a connection that they ended after `age_ms` did end. */
static enum mqtt_client_pattern pattern_of(const struct mqtt_client *c, uint64_t age_ms,
                                           uint64_t now_ms)
{
    if (c->state == MQTT_DIALLING || age_ms >= MQTT_CLIENT_GOOD_MS) {
        return MQTT_CLIENT_NO_PATTERN;
    }
    if (c->state == MQTT_CONNECTING) {
        return MQTT_CLIENT_CUT;
    }
    return c->served || (!owes_us(c) && now_ms - c->last_sent_ms >= AT_OUR_WORD_MS)
               ? MQTT_CLIENT_TAKEN
               : MQTT_CLIENT_CUT;
}

static void lengthen_row(struct mqtt_client *c, enum mqtt_client_pattern kind, uint64_t age_ms)
{
    if (kind == MQTT_CLIENT_NO_PATTERN || kind != c->row.kind) {
        c->row.count = 0;
        c->row.longest_ms = 0;
    }
    c->row.kind = kind;
    if (kind == MQTT_CLIENT_NO_PATTERN || c->row.count > MQTT_CLIENT_ROW) {
        return;
    }
    c->row.count++;
    c->row.longest_ms = age_ms > c->row.longest_ms ? (uint32_t)age_ms : c->row.longest_ms;
}

static void end_life(struct mqtt_client *c, uint64_t age_ms)
{
    if (c->good) {
        return;
    }
    if (age_ms >= MQTT_CLIENT_GOOD_MS && !owes_us(c)) {
        is_good(c);
    } else if (c->served) {
        c->shaky = true;
    }
}

static struct mqtt_client_news news_of_down(const struct mqtt_client *c, const char *cause)
{
    struct mqtt_client_news news = {
        .kind = MQTT_CLIENT_DOWN, .cause = cause, .served = c->state == MQTT_ONLINE && c->served};

    if (c->row.count == MQTT_CLIENT_ROW) {
        news.pattern = c->row.kind;
        news.longest_ms = c->row.longest_ms;
    }
    return news;
}

/* The next dial: after a delay from the upper half, whose upper end doubles. */
static void plan_dial(struct mqtt_client *c, uint64_t now_ms)
{
    uint64_t half = c->delay_ms / 2;

    if (c->stopping) {
        c->due_ms = HEAP_NEVER;
        return;
    }
    c->due_ms = now_ms + half + rng_below(&c->rng, c->delay_ms - half + 1);
    c->delay_ms *= 2;
    if (c->delay_ms > c->config->reconnect_most_ms) {
        c->delay_ms = c->config->reconnect_most_ms;
    }
}

void mqtt_client_end(struct mqtt_client *c, enum mqtt_client_end by, const char *cause,
                     uint64_t now_ms)
{
    uint64_t age_ms = now_ms - c->since_ms;

    if (c->state == MQTT_IDLE) {
        return;
    }
    lengthen_row(c,
                 by == MQTT_CLIENT_BY_THEM ? pattern_of(c, age_ms, now_ms) : MQTT_CLIENT_NO_PATTERN,
                 age_ms);
    if (c->state == MQTT_ONLINE) {
        end_life(c, age_ms);
    }
    mqtt_stream_fini(&c->stream);
    c->pending.of_down = news_of_down(c, cause);
    c->pending.down = true;
    c->pending.dial = false;
    c->state = MQTT_IDLE;
    c->wants_connect = false;
    c->wants_ping = false;
    c->wants_bye = false;
    plan_dial(c, now_ms);
}
