/* tests/hub/fixture.h - a hub from the text of a gateway.conf, and datagrams to and from it. */
#ifndef TESTS_HUB_FIXTURE_H
#define TESTS_HUB_FIXTURE_H

#include "gateway/hub/hub.h"
#include "tests/support.h"

struct site {
    struct conf *conf;
    struct hub *hub;
    uint64_t now_ms;
    uint8_t out[MQTT_SCRATCH];
};

/* `stored`: records are made and wait for hub_kept. */
struct site *site_new(const char *text, bool stored);

/* As above, but what the store has is still to be given. */
struct site *site_begin(const char *text, bool stored);
void site_free(struct site *site);

/* A datagram from 10.0.0.`node` to listener 0, and a turn. */
void site_says(struct site *site, uint8_t node, struct span wire);

/* The next datagram for `node`, lost to others; empty: none. Lives until the next call. */
struct span site_hears(struct site *site, uint8_t node);

/* Lets time pass in steps of a millisecond. */
void site_wait(struct site *site, uint64_t ms);

/* The next line for the log, or NULL. */
const char *site_log(struct site *site);

#endif
