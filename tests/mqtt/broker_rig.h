/* tests/mqtt/broker_rig.h - a broker, its sessions without a store, and peers that are octets. */
#ifndef TESTS_MQTT_BROKER_RIG_H
#define TESTS_MQTT_BROKER_RIG_H

#include "mqtt/broker.h"
#include "tests/support.h"

#define PEERS    8
#define PEER_OUT 400000u
#define INFLIGHT 4u
#define QUEUED   50u

/* One connection as its client sees it. */
struct peer {
    struct mqtt_conn *conn; /* NULL: closed */
    uint8_t out[PEER_OUT];  /* what the broker said and nobody expected yet */
    size_t len;
    size_t parts; /* bodies that came as part of a block */
};

struct broker_rig {
    struct journal journal;
    struct mqtt_sessions sessions;
    struct mqtt_broker broker;
    struct peer peer[PEERS];
    uint8_t scratch[MQTT_SCRATCH];
    uint64_t now_ms;
};

struct broker_rig *rig_new(void);

/* Fails the test if a budget is not as empty as it was. */
void rig_free(struct broker_rig *rig);

/* Opens the socket of peer `i` at an entrance that is anonymous or not. */
void rig_accept(struct broker_rig *rig, size_t i, bool anonymous);

/* Octets of peer `i`, and the verdict on its CONNECT: at an entrance that is not anonymous all are
 * refused; nothing else is asked back. */
void rig_send(struct broker_rig *rig, size_t i, struct span octets);

/* Asks the broker for output until there is none; a socket that it closes is closed. */
void rig_settle(struct broker_rig *rig);

/* As rig_send, then rig_settle. */
void rig_say(struct broker_rig *rig, size_t i, struct span octets);

/* The socket of peer `i` breaks. */
void rig_drop(struct broker_rig *rig, size_t i);

/* Runs every timer up to `now_ms`. */
void rig_run(struct broker_rig *rig, uint64_t now_ms);

/* Connects peer `i` under a name of one letter, clean, keep alive 0, and takes its CONNACK. */
void rig_connect(struct broker_rig *rig, size_t i, char name);

/* What the broker said to peer `i` since the last call. */
#define RIG_EXPECT(rig, i, text) assert_heard(rig, i, WIRE_SPAN(text), __FILE__, __LINE__)
void assert_heard(struct broker_rig *rig, size_t i, struct span wire, const char *file, int line);

/* Nothing was said since, and the broker closed the connection. */
#define RIG_EXPECT_CLOSED(rig, i)         \
    do {                                  \
        RIG_EXPECT(rig, i, "");           \
        assert_null((rig)->peer[i].conn); \
    } while (0)

#endif
