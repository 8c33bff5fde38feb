/* gateway/edge/trial.h - one way to a broker, tried step by step and told in words.
 *
 *     [PASSWORD] NAME TCP [PROXY] [TLS [ALPN]] [WEBSOCKET] CONNACK SUBACK PUBACK
 *
 * The same parts as the gateway's own way out, on an event loop of their own, so that it works
 * whether or not the gateway runs. Each step is told when it is over; the first that is wrong ends
 * the trial. What the broker sends for the subscriptions is not acknowledged: a kept session gets
 * it again.
 *
 * Limits: the times of dial.h; GW_TRIAL_ANSWER_MS, or [upstream] ack_timeout where that is less,
 * for each answer of the broker.
 */
#ifndef GATEWAY_EDGE_TRIAL_H
#define GATEWAY_EDGE_TRIAL_H

#include "config/conf.h"
#include "gateway/edge/fault.h"

#define GW_TRIAL_ANSWER_MS 10000u
#define GW_TRIAL_WORDS     1024u /* octets of a text, its NUL too */

enum gw_trial_step {
    GW_TRIAL_PASSWORD,
    GW_TRIAL_NAME,
    GW_TRIAL_TCP,
    GW_TRIAL_PROXY,
    GW_TRIAL_TLS,
    GW_TRIAL_ALPN,
    GW_TRIAL_WEBSOCKET,
    GW_TRIAL_CONNACK,
    GW_TRIAL_SUBACK,
    GW_TRIAL_PUBACK,
    GW_TRIAL_STEPS
};

enum gw_trial_result { GW_TRIAL_GOOD, GW_TRIAL_LEFT_OUT, GW_TRIAL_WRONG };

struct gw_trial_news {
    enum gw_trial_step step;
    enum gw_trial_result result;
    uint64_t ms;        /* it took */
    const char *text;   /* what was done, why not, or what is wrong */
    const char *advice; /* WRONG: what to do */
};

struct gw_trial_setup {
    const struct conf *conf;
    const struct conf_upstream *upstream; /* as it is to be tried: client id, session, will */
    const struct conf_url *url;           /* of its */
    const char *topic;                    /* to publish to; NULL: nothing is published */
    void (*told)(void *arg, const struct gw_trial_news *news);
    void *arg;
};

/* Blocks until it is over. True: no step was wrong. */
bool gw_trial_run(const struct gw_trial_setup *setup);

const char *gw_trial_step_name(enum gw_trial_step step);

/* What is known when a step went wrong. */
struct gw_trial_wrong {
    enum gw_trial_step step;
    const char *cause;
    const struct conf_upstream *upstream;
    const struct conf_url *url;
    int64_t wall_s; /* since 1970 */
};

/* What to do; a text is always written. */
void gw_trial_advise(const struct gw_trial_wrong *wrong, char room[GW_TRIAL_WORDS]);

/* "2026-11-26 13:40 UTC" */
#define GW_TRIAL_TIME 32u
void gw_trial_time(int64_t wall_s, char room[GW_TRIAL_TIME]);

#endif
