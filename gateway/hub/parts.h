/* gateway/hub/parts.h - what the hub is made of; for the files of gateway/hub/ alone. */
#ifndef GATEWAY_HUB_PARTS_H
#define GATEWAY_HUB_PARTS_H

#include "base/journal.h"
#include "base/list.h"
#include "base/pool.h"
#include "config/topicmap.h"
#include "gateway/hub/hub.h"
#include "mqtt/broker.h"
#include "sn/gate.h"

struct hub_bus;
struct hub_line;
struct hub_seen;
struct hub_uplink;
struct hub_mould;
struct hub_who;
struct hub_givens;

#define HUB_TOPIC_MOST 65535u

/* In `extra` of a node's subscription: made by this short name; else by a predefined id; 0:
 * neither. */
#define HUB_KEY_SHORT 0x10000u

/* The configuration's word for what a full queue drops, as sessions know it. */
static inline uint8_t hub_when_full(enum conf_when_full when_full)
{
    static const uint8_t words[] = {[CONF_DROP_OLDEST] = MQTT_DROP_OLDEST,
                                    [CONF_DROP_NEWEST] = MQTT_DROP_NEWEST,
                                    [CONF_DROP_QOS0_FIRST] = MQTT_DROP_QOS0_FIRST};

    return words[when_full];
}

#define HUB_LOG_LINES 64u
#define HUB_LOG_TEXT  256u

/* Lines for the log that the edge has not asked for yet; the newest give way. */
struct hub_log {
    struct {
        enum conf_level level;
        const char *area;
        char text[HUB_LOG_TEXT];
    } lines[HUB_LOG_LINES];
    size_t first;
    size_t count;
    uint64_t lost;
};

#define HUB_SYS_LOADS (size_t)9

/* State of gateway/hub/sys.h. */
struct hub_sys {
    uint64_t began_ms;
    uint64_t told_ms; /* 0: not yet */
    uint64_t events;  /* of all kinds, when last told */
    uint64_t own;     /* messages of this kind, which are not counted as anybody's */
    uint64_t own_octets;
    uint64_t clients_most;
    uint64_t memory_most;
    uint64_t seen[HUB_SYS_LOADS];
    int64_t rate[HUB_SYS_LOADS][3]; /* in 1/1024 events a minute */
};

#define HUB_ROOM         1024u /* octets of an expanded template */
#define HUB_UNKNOWN_MOST 256u
#define HUB_PLACES       1024u

/* A KEY that was used and that no map has. */
struct hub_unknown {
    const struct hub_seen *seen; /* NULL: a sender without a session */
    uint64_t last_ms;
    uint32_t count;
    uint16_t listener;
    uint16_t id;
};

/* State of gateway/hub/registry.h. */
struct hub_registry {
    struct map by_name; /* struct hub_seen */
    struct pool seen;
    struct list gone;  /* struct hub_seen without a hub_node, gone longest first */
    uint64_t flush_ms; /* when what is to be written is; 0: nothing is */
    size_t flush_at;
    uint32_t first_sights; /* written since the last flush */
    uint32_t last_number;
    bool told;                   /* under STATE */
    uint32_t places[HUB_PLACES]; /* where an entry was found last, by its number */
    size_t unknown_count;
    struct hub_unknown unknown[HUB_UNKNOWN_MOST];
    uint8_t room[HUB_ROOM]; /* of the view given last */
};

#define HUB_LOGINS 256u

/* CONNECTs whose password the edge has to try, by ticket; a ring. */
struct hub_logins {
    uint64_t tickets[HUB_LOGINS];
    size_t first;
    size_t count;
};

/* Of one [acl]. */
struct hub_acl {
    struct block *shared; /* expanded, when it is the same for all; NULL: not made yet */
    bool personal;        /* it has placeholders of the client */
    bool said;            /* a line that grants nothing was told */
};

/* How many of something there were when that was last said. */
struct hub_said {
    uint64_t total;
    uint64_t at_ms; /* 0: never */
};

/* State of gateway/hub/tap.h. */
struct hub_tap {
    unsigned open;      /* bit n: tap n is */
    struct block *room; /* what was seen, one after the other; NULL: no tap is open */
    size_t filled;      /* octets of it, and of these those taken */
    size_t taken;
    struct {
        struct block *wish; /* filter, then name of a node */
        size_t filter_len;
        uint64_t lost;
    } taps[8];
};

struct hub {
    const struct conf *conf;
    struct journal journal;
    struct mqtt_sessions sessions;
    struct mqtt_broker broker;
    struct sn_gate *gate;
    struct sn_listener *listeners;   /* the gate's settings, one for each [listener] */
    struct hub_datagrams *datagrams; /* likewise */
    struct hub_said *datagrams_said;
    struct hub_line *lines;    /* one for each [listener]; serial ones are in use */
    struct hub_bus **buses;    /* likewise; NULL: it is no bus */
    struct pool nodes;         /* struct hub_node */
    struct list stalled;       /* struct hub_node: their listener had no room */
    struct hub_who *who;       /* who.h */
    struct hub_givens *givens; /* given.h */
    struct map called;         /* naming.h: names that are nobody's section or client id */
    struct map limits;         /* limits.h */
    struct map maps;           /* maps.h */
    struct hub_registry registry;
    struct hub_uplink *uplinks; /* one for each [upstream], then those of mould.h */
    size_t uplink_count;        /* of all */
    struct hub_mould *moulds;
    size_t mould_count;
    struct hub_log log;
    struct hub_sys sys;
    struct hub_logins logins;
    struct hub_tap tap;
    struct hub_acl *acls; /* one for each [acl] */
    size_t acl_count;
    struct block *no_rights; /* an acl that allows nothing */
    struct hub_said strays_said;
    struct hub_said forwarders_said;
    uint64_t unheard;            /* messages dropped without an answer, when last counted ... */
    struct sn_peer unheard_from; /* ... and who sent the last; without wireless id */
    uint64_t commit_delay_ms;
    uint64_t batch_number; /* the last in the batch that is out */
    bool batch_out;
    const char *not_kept; /* why commits fail; NULL: they do not */
    bool store_full;      /* by its own word; journal.full is either */
    bool stopping;
    uint8_t topic[HUB_TOPIC_MOST + 1]; /* scratch, one whole topic; touched as far as it is used */
    struct {
        uint64_t strays;      /* QoS -1 published */
        uint64_t uncalled;    /* QoS -1 of senders who may not */
        uint64_t no_topic;    /* QoS -1 or predefined id without an entry */
        uint64_t undelivered; /* deliveries that could never be sent */
    } count;
};

/* Is anybody watching? Asked for each message of a node. */
static inline bool hub_is_tapped(const struct hub *hub)
{
    return hub->tap.open != 0;
}

#endif
