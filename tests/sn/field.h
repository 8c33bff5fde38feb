/* tests/sn/field.h - a gate with nodes around it in virtual time; the test is the hub. */
#ifndef TESTS_SN_FIELD_H
#define TESTS_SN_FIELD_H

#include "sn/gate.h"
#include "tests/support.h"

#define FIELD_WIRES 64
#define FIELD_NEWS  32

/* News with copies of what it points to. */
struct field_news {
    struct sn_news is;
    uint8_t topic[80];
    uint8_t data[80];
};

struct field {
    struct sn_gate *gate;
    struct sn_listener listener;
    struct budget budget;
    uint64_t now_ms;
    bool forwarder; /* what is known of who says() */
    bool refuses;   /* the hub gives no ids */
    uint8_t group;
    struct {
        uint8_t to; /* node, 0: everybody */
        uint8_t group;
        uint8_t hops;
        uint8_t octets[400];
        size_t len;
        bool taken;
    } wires[FIELD_WIRES];
    size_t wire_count;
    struct field_news news[FIELD_NEWS];
    size_t news_at;
    size_t news_count;
};

/* retry 10 s, 4 retries, 20 strangers' answers a second, 3 registrations, 2 wildcard names. */
struct field *field_new(void);
void field_free(struct field *f);

/* As field_new, which has places for eight nodes. */
struct field *field_new_for(size_t nodes);

/* `node` is the last octet of the sender's address. */
void says(struct field *f, uint8_t node, struct span wire);
#define SAYS(f, node, text) says(f, node, WIRE_SPAN(text))

/* The next datagram to `node`; empty: none. */
struct span hears(struct field *f, uint8_t node);
#define HEARS(f, node, text)   assert_span_equal(hears(f, node), WIRE_SPAN(text))
#define HEARS_NOTHING(f, node) assert_span_equal(hears(f, node), ((struct span){NULL, 0}))

/* The next piece of news, which must be of this kind. */
struct sn_news *tells(struct field *f, enum sn_news_kind kind);
void tells_nothing(struct field *f);

/* Time goes by, in steps of the gate's deadlines. */
void waits(struct field *f, uint64_t ms);

/* The hub's side. */
void admits(struct field *f, struct sn_node *node, bool present, const struct sn_names *names);
void answers(struct field *f, struct sn_node *node, struct sn_answer answer);
enum sn_err delivers(struct field *f, struct sn_node *node, struct sn_delivery delivery);
void drained(struct field *f, struct sn_node *node);

/* A node with a fresh session, id "n1" for node 1: CleanSession, keep alive 60 s. */
struct sn_node *connects(struct field *f, uint8_t node);

/* Such a node, asleep for `duration_s`. */
struct sn_node *falls_asleep(struct field *f, uint8_t node, uint16_t duration_s);

#endif
