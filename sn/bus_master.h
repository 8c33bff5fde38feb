/* sn/bus_master.h - the gateway's side of an RS-485 bus (sn/bus.h): who may speak, and what came.
 *
 *     ready: next of  JOINREQ  -> join slots, then ASSIGN for each that the hub decides
 *                     DATA ... GRANT -> turns, until the last had its, or silence
 *                     ROLLCALL -> slots, then GRANT for whoever answered or is owed a message
 *
 * A cycle is a roll call of each group with addresses that are given out; a bus of one or two has
 * none, each is granted by itself. Members are nodes heard of late and nodes owed something: others
 * are called in one cycle of SN_BUS_ALL_CYCLES, or speak in the late slot.
 *
 * Nothing is assumed of when octets come: how late the host is, is estimated from the answers to
 * GRANTs as a retransmission timeout is, mean and four deviations. An echo of what we sent is
 * known by its direction.
 *
 * Each node has a queue of packets, answers first; one goes in a cycle, and is sent again until the
 * node acknowledges it or effort_us are over.
 *
 * Turn of a caller: input until it is false; output when due; room before send.
 * Ownership: the master owns its memory and copies packets. Times in microseconds that do not wrap.
 */
#ifndef SN_BUS_MASTER_H
#define SN_BUS_MASTER_H

#include "base/pool.h"
#include "sn/bus.h"

#define SN_BUS_ACTIVE_US     10000000u /* heard so lately: a member of each roll call */
#define SN_BUS_ALL_CYCLES    16u
#define SN_BUS_LATE_US       100000u /* a late slot so often, whatever else */
#define SN_BUS_LONELY_US     20000u  /* ... while nobody has an address */
#define SN_BUS_PARAM_US      1000000u
#define SN_BUS_HOST_FIRST_US 20000u
#define SN_BUS_HOST_MOST_US  60000u
#define SN_BUS_JOIN_LEAST    4u /* slots */
#define SN_BUS_JOIN_MOST     128u
#define SN_BUS_JOIN_US       100000u /* garbage in a late slot opens one no sooner */
#define SN_BUS_MISSES        3u      /* in a row: owed messages are tried in one cycle of eight */
#define SN_BUS_GARBLED       16u     /* turns in a row: two nodes have one address */
#define SN_BUS_STRAY         8u      /* frames out of turn: the node is told to be silent */
#define SN_BUS_MUTE_S        60u

struct sn_bus_config {
    uint32_t baud;
    uint8_t bits;  /* of a character, 10 to 12 */
    uint8_t first; /* addresses that may be given out */
    uint8_t last;
    uint8_t run;    /* differs from that of the run before, of 16 */
    uint8_t table;  /* differs when addresses were forgotten, of 16 */
    bool closed;    /* nobody is asked to join */
    uint16_t mtu;   /* largest packet */
    uint16_t queue; /* packets that wait for all nodes together */
    uint32_t effort_us;
    struct sn_bus_timing timing;
};

/* What is to be shown of a bus; since it began. */
struct sn_bus_counts {
    uint64_t octets;                  /* received */
    uint64_t frames[SN_FRAME_EVENTS]; /* whole, and discarded by cause */
    uint64_t echoes;                  /* of ours */
    uint64_t strays;   /* whole frames of nobody's turn or of no address that was given out */
    uint64_t repeats;  /* taken before */
    uint64_t given_up; /* packets that no node acknowledged in time */
    uint64_t cycles;
    uint64_t sent; /* octets */
};

enum sn_bus_news_kind {
    SN_BUS_CAME,     /* packet from `address` */
    SN_BUS_TAKEN,    /* the packet with `tag` was acknowledged */
    SN_BUS_GIVEN_UP, /* it was not, in time */
    SN_BUS_ASKS,     /* the device `uid` wants an address, `wanted` or any: sn_bus_assign */
    SN_BUS_CLASHES,  /* two devices have `address`; both are to ask anew */
    SN_BUS_BABBLES   /* `address` speaks out of turn, and is told to be silent */
};

struct sn_bus_news {
    enum sn_bus_news_kind kind;
    uint8_t address;
    uint8_t wanted;
    uint32_t tag;
    struct span uid;    /* lies as packet does */
    struct span packet; /* in the decoder, until the next input */
};

struct sn_bus_letter {
    struct sn_bus_letter *next;
    uint64_t until_us; /* when it is given up; 0: its turn has not come yet */
    uint32_t tag;
    uint16_t len;
    uint8_t octets[];
};

struct sn_bus_place {
    struct sn_bus_letter *first; /* to be sent */
    struct sn_bus_letter *last;
    uint64_t heard_us; /* 0: never in this run */
    uint64_t start_us;
    uint32_t start_crc;
    uint8_t misses;
    uint8_t garbled;
    uint8_t strays;
    uint8_t uid[SN_BUS_UID];
    bool given : 1;  /* the address is somebody's */
    bool nr : 1;     /* what we take next */
    bool based : 1;  /* nr means something */
    bool ns : 1;     /* of the letter under way */
    bool starts : 1; /* it goes as a START */
    bool known : 1;  /* ns is what the node expects */
    bool tried : 1;  /* the first letter went out under ns */
};

enum sn_bus_phase { SN_BUS_READY, SN_BUS_SLOTS, SN_BUS_TURNS, SN_BUS_JOINS };

struct sn_bus_master {
    struct sn_bus_config config;
    struct sn_bus_counts count;
    struct sn_bus_place places[SN_ADDR_LAST + 1];
    struct pool letters;
    struct sn_frame_decoder decoder;
    uint8_t *buffer;
    enum sn_bus_phase phase;
    uint64_t until_us; /* of the phase; READY: not before */
    uint64_t free_us;  /* the line has carried all that was sent */
    uint64_t late_us;  /* when a late slot was last, a PARAM */
    uint64_t param_us;
    uint64_t joined_us;           /* when a JOINREQ was last */
    uint64_t host_us8;            /* mean latency, in eighths */
    uint64_t host_var4;           /* deviation, in quarters */
    bool host_known;              /* it was measured */
    uint32_t want[SN_BUS_GROUPS]; /* who is to be granted */
    uint32_t more[SN_BUS_GROUPS]; /* who said MORE, and is to be granted after the next roll call */
    uint32_t members;             /* of the roll call under way */
    uint8_t group;
    uint8_t alone; /* the last that was granted by itself */
    uint8_t turns[SN_BUS_GRANT_MOST];
    uint8_t turn_count;
    uint8_t turn;    /* the first that was not heard */
    bool noise;      /* something came in its stead */
    uint8_t raw[64]; /* octets since the last 00: bare answers */
    uint8_t raw_len;
    uint8_t given;      /* addresses */
    uint8_t join_slots; /* of the next JOINREQ; 0: none is due */
    uint8_t joined;     /* frames that came in the window */
    uint8_t crashed;    /* frames that were garbled there */
    uint32_t debris;    /* octets of these */
    uint8_t assigns;    /* in `assign` */
    uint8_t all;        /* a bit for each group: its next roll call names all */
    struct sn_bus_assign {
        uint8_t uid[SN_BUS_UID];
        uint8_t address;
        uint8_t more;
        bool gone; /* whoever has `address` is told that it is nobody's */
    } assign[SN_BUS_JOIN_MOST];
    struct sn_bus_news late[4]; /* news that do not lie in what was received */
    uint8_t late_count;
};

/* False: no memory. */
bool sn_bus_init(struct sn_bus_master *bus, const struct sn_bus_config *config, uint64_t now_us);
void sn_bus_fini(struct sn_bus_master *bus);

/* The device has that address, from an earlier run too. False: it is not to be given out, or is
 * another's. */
bool sn_bus_give(struct sn_bus_master *bus, const uint8_t uid[SN_BUS_UID], uint8_t address);
/* Who has it is told, and asks for another. */
void sn_bus_take_back(struct sn_bus_master *bus, uint8_t address);

/* The address of a device, 0: none; a free one, 0: none, `wanted` first. */
uint8_t sn_bus_address_of(const struct sn_bus_master *bus, const uint8_t uid[SN_BUS_UID]);
uint8_t sn_bus_free_address(const struct sn_bus_master *bus, uint8_t wanted);

/* Answers SN_BUS_ASKS: the address was given to it, or 0 and it is to ask again in `rest_s`. */
void sn_bus_assign(struct sn_bus_master *bus, const uint8_t uid[SN_BUS_UID], uint8_t address,
                   uint8_t rest_s);

/* Takes octets from the front of *octets until there is news. False: all are taken. */
bool sn_bus_input(struct sn_bus_master *bus, struct span *octets, uint64_t now_us,
                  struct sn_bus_news *out);

/* Room for one more packet. */
bool sn_bus_has_room(const struct sn_bus_master *bus);
/* Queues a packet; an answer goes before what is none. False: no room, or nobody has the address.
 */
bool sn_bus_send(struct sn_bus_master *bus, uint8_t address, struct span packet, bool is_answer,
                 uint32_t tag);

/* What to send now; 0: nothing is due. `out` has room for SN_BUS_OUTPUT(mtu). */
#define SN_BUS_OUTPUT(mtu) ((SN_BUS_GRANT_MOST + 2) * (SN_FRAME_ENCODED(mtu) + 32))
size_t sn_bus_output(struct sn_bus_master *bus, uint8_t *out, size_t size, uint64_t now_us);
uint64_t sn_bus_deadline(const struct sn_bus_master *bus);

/* The longest cycle with `packets` of `len` octets in it, each way. */
uint64_t sn_bus_worst_us(const struct sn_bus_master *bus, size_t len);

#endif
