/* tests/sim/bus.h - a virtual RS-485 bus: the real master, real nodes, a line that errs by a seed.
 *
 * Octets take their time on the line; who speaks while another does garbles both. All hear the
 * same, after the same damage; the master hears it `host_us` late, and its own octets too if
 * `echo`. A message has its sender, its number and a text that follows from both within, so that
 * what comes is checked to the octet.
 */
#ifndef TESTS_SIM_BUS_H
#define TESTS_SIM_BUS_H

#include "base/heap.h"
#include "base/rng.h"
#include "sn/bus_master.h"

#define VBUS_MTU   64u
#define VBUS_NODES 247u
#define VBUS_QUEUE 8u

struct vbus_setup {
    uint32_t baud;
    unsigned nodes;
    uint64_t host_us;
    double ber;     /* bit errors */
    double dropped; /* octets, the next three alike: chance of each */
    double inserted;
    double stray; /* a 00 behind a transmission */
    bool echo;
    bool skewed;       /* clocks of nodes are up to 1 % off */
    bool assigned;     /* nodes have their addresses; else they ask for them */
    double per_second; /* messages of each node; 0: none of themselves */
    unsigned octets;   /* of a message, 12 to VBUS_MTU */
    bool answered;     /* a PUBACK of 7 octets goes down for each, 5 ms later */
    uint64_t seed;
};

struct vbus_result {
    uint64_t said;    /* by nodes' programs */
    uint64_t refused; /* their queue was full */
    uint64_t came;
    uint64_t wrong;   /* octets that nobody said */
    uint64_t again;   /* repeats */
    uint64_t skipped; /* came before others that were said earlier */
    uint64_t taken;   /* answers that nodes took */
    uint64_t last_us; /* when the last message came */
    uint64_t busy_us; /* of the line */
    uint64_t octets;  /* on it */
    uint64_t frames;  /* and bare answers */
    uint64_t p50_us;
    uint64_t p99_us;
    uint64_t most_us;
};

struct vbus;

struct vbus *vbus_new(const struct vbus_setup *setup);
void vbus_free(struct vbus *bus);
void vbus_run(struct vbus *bus, uint64_t us);
uint64_t vbus_now(const struct vbus *bus);

/* Node `i` has one message more to say; false: its queue is full. */
bool vbus_say(struct vbus *bus, unsigned i);
/* No new messages by themselves from now on. */
void vbus_hush(struct vbus *bus);
/* Messages that were said and did not come. */
uint64_t vbus_left(const struct vbus *bus);
/* Nodes whose address is theirs for the master too. */
unsigned vbus_assigned(const struct vbus *bus);

/* The device is off and on, or the master. */
void vbus_reset_node(struct vbus *bus, unsigned i);
void vbus_reset_master(struct vbus *bus);
/* The same, and its addresses are lost, with or without a sign of it in `table`. */
void vbus_lose_addresses(struct vbus *bus, bool is_seen);
/* The device takes an address by itself. */
void vbus_usurp(struct vbus *bus, unsigned i, uint8_t address);

struct sn_bus_master *vbus_master(struct vbus *bus);
struct vbus_result vbus_result(struct vbus *bus);

#endif
