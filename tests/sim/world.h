/* tests/sim/world.h - a whole site in one process: gateway, nodes, programs, a far broker, a store.
 *
 * Everything is the real code but the links, the clock and the disk, which are here: datagrams get
 * lost, doubled and late by a seed; a batch is on disk some milliseconds after it left; a crash
 * keeps what was on disk and, by the seed, the batch on its way. The same seed gives the same
 * trace, octet for octet.
 */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include "base/heap.h"
#include "base/rng.h"
#include "firmware/snode.h"
#include "gateway/hub/hub.h"
#include "mqtt/stream.h"
#include "tests/sim/disk.h"
#include "tests/support.h"

#define SIM_NODES   32
#define SIM_CLIENTS 8
#define SIM_INBOX   2048
#define SIM_TEXT    96

/* What a node or program received. */
struct sim_inbox {
    struct {
        char topic[SIM_TEXT];
        char data[SIM_TEXT];
        uint8_t qos;
        bool retain;
        bool dup;
    } at[SIM_INBOX];
    size_t count;
};

/* A node: the real library behind a bad link. */
struct sim_node {
    struct snode core;
    struct snode_config config;
    struct snode_memory memory;
    uint16_t ids[8];
    uint8_t data[256];
    uint8_t names[1024];
    char id[24];
    struct sim_inbox inbox;
    enum snode_news last; /* the last event that was no message */
    uint8_t code;
    size_t events[SNODE_DISCONNECTED + 1];
    uint8_t port; /* a new one is a new address: what is sent to the old one is lost */
    bool off;     /* neither sends nor hears */
};

/* A program on the broker: a scripted MQTT client that answers as the protocol asks. */
struct sim_client {
    struct mqtt_conn *conn; /* NULL: not connected */
    struct hub *at;
    struct mqtt_stream stream;
    struct budget budget;
    struct sim_inbox inbox;
    uint16_t last_id;
    size_t pubacks; /* PUBACK and PUBCOMP that came */
    size_t subacks;
    bool connected;
    bool present;
    uint8_t code;
    bool mute; /* does not acknowledge */
    /* Takes what comes in place of the inbox, when more comes at once than fits there; NULL: not.
     */
    void (*taker)(void *ctx, const struct mqtt_packet *publish);
    void *ctx;
};

/* Chances out of 1,000 for each datagram, and the most it is late, so that later ones overtake it.
 * A copy comes with its original: one that outlives its exchange is a new message to MQTT-SN, whose
 * MsgId is free after PUBCOMP, and QoS 2 cannot hold there. */
struct sim_faults {
    unsigned lost;
    unsigned doubled;
    unsigned late_ms;
};

struct sim_packet;

struct sim {
    struct conf *conf;
    struct conf *far_conf;
    struct hub *hub;
    struct hub *far; /* the cloud's broker: another hub */
    bool far_down;
    struct mqtt_conn *far_conn; /* the uplink's connection there */
    struct rng rng;
    struct sim_faults faults;
    uint64_t now_ms;
    uint64_t seed;
    uint64_t trace; /* hash of every datagram and when it came */
    struct heap air;
    struct sim_node *nodes[SIM_NODES];
    size_t node_count;
    struct sim_client *clients[SIM_CLIENTS];
    size_t client_count;
    struct sim_disk disk;
    struct gw_store *store;
    struct batch batch; /* on its way to the disk */
    bool batch_out;
    struct gw_fetch fetch;
    uint64_t datagrams;
    uint8_t scratch[MQTT_SCRATCH];
};

/* `text` is a gateway.conf; with an [upstream] a far broker is there too. */
struct sim *sim_new(const char *text, uint64_t seed);
void sim_free(struct sim *sim);

/* Lets `ms` pass. */
void sim_run(struct sim *sim, uint64_t ms);

/* Power gone and back: what the disk had is restored, connections are gone. */
void sim_crash(struct sim *sim);

struct sim_node *sim_node(struct sim *sim, const char *id);

/* Runs until the request just made has its event, or fails the test after two minutes. */
void sim_wait(struct sim *sim, struct sim_node *node, enum snode_news news);

/* The common requests, each to its event. */
void sim_node_connect(struct sim *sim, struct sim_node *node, bool clean);
void sim_node_publish(struct sim *sim, struct sim_node *node, const char *data, int8_t qos);
void sim_node_subscribe(struct sim *sim, struct sim_node *node, const char *filter, uint8_t qos);

/* At the gateway's broker (`far` false) or the far one. */
struct sim_client *sim_client(struct sim *sim, bool far, const char *id, bool clean);
void sim_client_reconnect(struct sim *sim, struct sim_client *client, const char *id, bool clean);
void sim_client_drop(struct sim *sim, struct sim_client *client);
void sim_client_subscribe(struct sim *sim, struct sim_client *client, const char *filter,
                          uint8_t qos);
void sim_client_publish(struct sim *sim, struct sim_client *client, const char *topic,
                        const char *data, uint8_t flags);

/* How often `data` stands in the inbox. */
size_t sim_times(const struct sim_inbox *inbox, const char *data);

/* Octets that the broker sent to this client; in peer.c. */
void sim_client_input(struct sim *sim, struct sim_client *client, struct span octets);

#endif
