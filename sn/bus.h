/* sn/bus.h - an RS-485 bus: what is said on it beside messages, and a node's side.
 *
 * One master asks, nodes answer; nobody else speaks. docs/serial-link.md is the specification.
 * Frames are those of sn/frame.h; numbers of several octets are most significant first.
 *
 *     ROLLCALL  to 0: group, run << 4 | table, members(4), expected(4)      slots follow
 *     GRANT     to one node, or to 0 with the addresses of several          turns follow
 *     PARAM     to 0: turnaround(2) response(2) slot(2) join slot(2), each in 10 us;
 *               groups(1): bit g is set where group g has an address that is given out
 *     JOINREQ   to 0: how many slots        from 254: uid(8) address wanted, 0: any
 *     ASSIGN    to 254: uid(8) address table | seconds: address 254 is "ask again later"
 *               to an address: none; that address is nobody's, who has it asks anew
 *     IDLE      from a node that has its turn and no message
 *
 * members and expected are bitmaps: bit k is address 32 * group + k + 1. A member with a message
 * says its address, one bare octet, in its slot; slots are those of the members in turn. The one
 * behind the last is for who is no member: a node of the group that woke says its address, one
 * without any says 254.
 *
 * DATA is acknowledged by one bit: N(S) numbers a sender's frames, `expected`, and N(R) in frames
 * to or from one node, is what the other side takes next. START marks DATA whose sender does not
 * know what was taken before: its N(S) is what the other expects, and is taken as the new base.
 * In a GRANT it says that the master knows nothing of the node: N(R) acknowledges nothing.
 *
 * Time: microseconds of a clock that may wrap (uint32_t), compared by difference. Who calls is to
 * be on time by a quarter of a slot.
 * Ownership: all memory is the caller's; a packet under way stays the caller's until it is not.
 */
#ifndef SN_BUS_H
#define SN_BUS_H

#include "sn/frame.h"

#define SN_BUS_UID        8u
#define SN_BUS_IDENTITY   9u  /* uid, and the address that the device was built for, 0: any */
#define SN_BUS_GROUP      32u /* addresses of a roll call */
#define SN_BUS_GROUPS     8u
#define SN_BUS_GRANT_MOST 12u      /* nodes of one GRANT */
#define SN_BUS_TICK_US    10u      /* unit of times on the wire */
#define SN_BUS_REPEAT_US  5000000u /* a START with the same octets is a repeat for so long */

/* Octets of payloads. */
#define SN_BUS_ROLLCALL_LEN 10u
#define SN_BUS_PARAM_LEN    9u
#define SN_BUS_JOINREQ_LEN  SN_BUS_IDENTITY
#define SN_BUS_ASSIGN_LEN   10u

/* In ticks. */
struct sn_bus_timing {
    uint16_t turnaround; /* silence between the end of a frame and who drives next */
    uint16_t response;   /* a turn in which nobody began is over after so long */
    uint16_t slot;       /* of a roll call */
    uint16_t join_slot;  /* of a JOINREQ */
};

/* What is usual at a rate; `bits` of a character with start, parity and stop: 10 to 12. */
struct sn_bus_timing sn_bus_timing_at(uint32_t baud, unsigned bits);

/* Small fields first: a Cortex-M0+ reaches them in one instruction. */
struct sn_bus_node {
    uint8_t address; /* 0: none yet */
    uint8_t master;  /* run << 4 | table, as heard last */
    uint8_t plan;    /* enum sn_bus_plan */
    uint8_t turns;   /* before ours */
    uint8_t tries;   /* of the late slot */
    uint8_t rest;    /* silent for so long, in 2^20 us; 0: not */
    bool ns;
    bool nr;
    bool starts; /* nothing of ours was acknowledged since we, or the master, began */
    bool said;   /* the packet went out since its N(S) was chosen */
    bool based;  /* we know what the master sends next */
    struct sn_bus_timing timing;
    uint16_t start_crc;    /* of the last START, its low half */
    uint16_t len;          /* of the packet */
    const uint8_t *packet; /* under way; NULL: none */
    const uint8_t *identity;
    uint32_t due_us;  /* of the slot or turn */
    uint32_t from_us; /* of the last START, or of the rest */
    struct sn_frame_decoder decoder;
};

enum sn_bus_plan { SN_BUS_SILENT, SN_BUS_SLOT, SN_BUS_TURN, SN_BUS_JOIN };

/* `identity` of SN_BUS_IDENTITY octets is the device's own for ever. `buffer` of
 * SN_FRAME_BUFFER(mtu) octets. Until a PARAM comes `timing` is the caller's to set, to that of the
 * rate. */
void sn_bus_node_init(struct sn_bus_node *node, const uint8_t *identity, uint8_t *buffer,
                      size_t size);

/* Takes octets from the front of *octets, the last of which ended at `now_us`, until there is a
 * packet of the gateway. False: all are taken, and there is none. */
bool sn_bus_node_input(struct sn_bus_node *node, struct span *octets, uint32_t now_us,
                       struct span *packet);

/* Hands over a packet; one that is under way is given up. */
void sn_bus_node_send(struct sn_bus_node *node, struct span packet);

/* The packet is not acknowledged yet. */
static inline bool sn_bus_node_is_busy(const struct sn_bus_node *node)
{
    return node->packet != NULL;
}

/* Octets to send at once; 0: none, or `out` is too small. To be called when due. */
size_t sn_bus_node_output(struct sn_bus_node *node, uint32_t now_us, uint8_t *out, size_t size);

/* True: sn_bus_node_output is to be called at *due_us. */
static inline bool sn_bus_node_due(const struct sn_bus_node *node, uint32_t *due_us)
{
    *due_us = node->due_us;
    return node->plan != SN_BUS_SILENT;
}

#endif
