/* tests/mqtt/client_rig.h - a client by hand: octets to and from it, time as a number. */
#ifndef TESTS_MQTT_CLIENT_RIG_H
#define TESTS_MQTT_CLIENT_RIG_H

#include "mqtt/client.h"
#include "tests/support.h"

#define KEEPALIVE_S 60

struct client_rig {
    struct mqtt_client_config config;
    struct budget budget;
    struct mqtt_client client;
    struct mqtt_client_news news;
    uint8_t out[512];
    size_t len;
    uint64_t now_ms;
};

void client_rig_init(struct client_rig *rig);
void client_rig_fini(struct client_rig *rig);

/* Lets time pass. */
void client_at(struct client_rig *rig, uint64_t now_ms);

/* Dials when it is due, and is connected; and is answered by CONNACK 0. */
void client_dial(struct client_rig *rig);
void client_go_online(struct client_rig *rig);

/* What the client writes of its own. */
struct span client_said(struct client_rig *rig);

/* The next event is of this kind; there is none, nor anything to say. */
void client_expect_event(struct client_rig *rig, enum mqtt_client_news_kind kind);
void client_expect_quiet(struct client_rig *rig);

/* Octets that bring one piece of news, or none. */
void client_hear(struct client_rig *rig, struct span octets, enum mqtt_client_news_kind kind);
void client_hear_nothing_new(struct client_rig *rig, struct span octets);

/* Asks for a/# at QoS 1 and b at QoS 0, or no longer. What was written is `len` octets of `out`. */
bool client_subscribe(struct client_rig *rig);
bool client_unsubscribe(struct client_rig *rig);

/* Publishes "x" to "up". */
bool client_deliver(struct client_rig *rig, uint8_t qos, uint16_t packet_id);

#endif
