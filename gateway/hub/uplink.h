/* gateway/hub/uplink.h - one upstream: a session that queues, a client that sends, rules between.
 *
 * The session is subscribed to the filters of the `send` rules, each under its rule's number, so
 * the queue holds topics of this side; a rule's template is applied when a message is sent. What
 * the far broker publishes enters by the first `receive` rule that fits. Loop guard: a message
 * never goes back to the upstream it came by.
 *
 *     offline --DIAL--> dialling --up--> CONNECT .. CONNACK --> SUBSCRIBE, birth, then the queue
 */
#ifndef GATEWAY_HUB_UPLINK_H
#define GATEWAY_HUB_UPLINK_H

#include "gateway/hub/echo.h"
#include "gateway/hub/parts.h"
#include "mqtt/client.h"

/* State of gateway/hub/far.h. */
struct hub_far {
    struct list filters; /* known there, wanted or not */
    uint64_t last;       /* item of the newest row */
    size_t url;          /* where they are */
    size_t rule;         /* receive rules asked for, or known to be there, on this connection */
    size_t rule_asked;   /* the first of the SUBSCRIBE under way */
    size_t parting;      /* filters of the UNSUBSCRIBE under way */
    bool untidy;         /* some may be there that no rule wants */
    bool ended;          /* the last run did in order */
};

/* State of gateway/hub/uplink_lost.h. */
enum hub_loss { HUB_LOST_FULL, HUB_LOST_OLD, HUB_LOST_UNFIT, HUB_LOSSES };
struct hub_lost {
    struct {
        uint64_t count;
        uint64_t at_ms; /* when one was last seen; 0: never */
    } known[HUB_LOSSES];
    uint64_t publish_ms;   /* when they are to be published; 0: nothing is new */
    uint64_t published_ms; /* 0: never */
};

/* State of gateway/hub/uplink_way.h. */
enum hub_way_state { HUB_WAY_OFFLINE, HUB_WAY_ONLINE, HUB_WAY_PAUSED, HUB_WAY_STANDBY };
struct hub_way {
    enum hub_way_state state; /* as told last, since then */
    uint64_t since_ms;
    uint64_t online_ms;    /* when it went online last */
    uint64_t down_ms;      /* when the last connection that lasted ended; before one: its start */
    uint64_t back_ms;      /* when the first url is tried again; 0: it is not */
    uint64_t back_wait_ms; /* for the next time */
    size_t first;          /* the upstream in whose place it sends; SIZE_MAX: none */
    uint32_t cuts;         /* connections in a row by this url of which none lasted */
    bool takes;            /* it sends in that place now */
    bool returning;        /* it leaves to try its first url */
    bool paused;
    char cause[128];  /* why it was lost, or not reached, last */
    uint64_t told_ms; /* its info, as the next two */
    size_t told_url;
    uint32_t told_queued;
};

struct hub_uplink {
    const struct conf_upstream *conf;
    struct hub_mould *mould;   /* mould.h; NULL: an upstream as most are */
    struct hub_member *member; /* of the mould, which it connects now; NULL: none */
    struct mqtt_client_config config;
    struct hub_credentials login; /* of this connection */
    uint64_t renew_ms;            /* when it is to be another one; UINT64_MAX: never */
    bool renewing;                /* this connection ends for that */
    struct mqtt_client client;
    struct mqtt_session *session;
    struct mqtt_op held; /* taken from the session, did not fit the last output */
    bool holds;          /* `held` is in use ... */
    bool shaped;         /* ... and its payload is the one that goes up */
    bool online;
    bool birth;      /* to be sent */
    bool farewell;   /* the will's payload is to be sent, then DISCONNECT */
    bool dial_waits; /* to be dialled, with its turn: of a mould */
    bool dial;       /* news to be told */
    bool hangup;
    bool refused;        /* a message from there, because the store was full */
    size_t url;          /* to try next, or in use */
    struct hub_far *far; /* own_far, or the member's */
    struct hub_far own_far;
    struct hub_lost lost;
    struct hub_way way;
    struct hub_echo echo;
    uint64_t rate_us;  /* bucket of [upstream] rate; of a mould for all its uplinks */
    bool rate_waits;   /* the next message waits for it */
    uint64_t echoes;   /* messages of ours that came back, and were dropped */
    uint64_t sent;     /* messages that went up, repetitions too */
    uint64_t unruled;  /* messages of the far side that no receive rule takes */
    uint64_t unfit;    /* messages that a limit of the upstream forbids */
    uint64_t skipped;  /* messages of the far side above max_packet */
    bool told_skipped; /* since it was online */
    bool leaves;       /* it is to leave its member, ... */
    uint64_t used_ms;  /* ... for which it sent or heard something last, ... */
    uint64_t began_ms; /* ... and which it has had since */
};

/* What its client says, by the configuration alone. */
struct mqtt_client_config hub_uplink_config(const struct conf *all,
                                            const struct conf_upstream *conf);

/* How its session is opened. */
struct mqtt_opening hub_uplink_opening(struct hub_uplink *up);

/* One for each [upstream], and for each connection of a mould. False: no memory. */
bool hub_uplinks_init(struct hub *hub, uint64_t seed, uint64_t now_ms);
void hub_uplinks_fini(struct hub *hub);

/* The configuration is another one with the same upstreams: nothing points into the old one. */
void hub_uplinks_apply(struct hub *hub);

/* After restore: finds or makes each session and subscribes it to what its rules say now. */
void hub_uplinks_start(struct hub *hub, uint64_t now_ms);

/* The store is no longer full: what was refused comes again by new connections. */
void hub_uplinks_have_room(struct hub *hub, uint64_t now_ms);

void hub_uplinks_tick(struct hub *hub, uint64_t now_ms);
uint64_t hub_uplinks_deadline(const struct hub *hub);

/* DIAL or HANGUP of some uplink; false: none. */
bool hub_uplinks_event(struct hub *hub, struct hub_news *news);

/* Asks the clients for news that no octets bring. */
void hub_uplinks_pump(struct hub *hub, uint64_t now_ms);

void hub_uplinks_stop(struct hub *hub, uint64_t now_ms);
bool hub_uplinks_are_stopped(const struct hub *hub);

/* The login of this connection; in uplink_login.c. Lays it over the configuration; ends the
 * connection when it is no longer good, at what is due. */
void hub_uplink_login_lay(struct hub_uplink *up);
void hub_uplink_login_tick(struct hub_uplink *up, uint64_t now_ms);
uint64_t hub_uplink_login_due(const struct hub_uplink *up);

/* When the next message may go by `rate`; UINT64_MAX: none waits for that. In uplink_flow.c, as the
 * next: what the client told while online. */
uint64_t hub_uplink_rate_due(const struct hub_uplink *up);
void hub_uplink_news(struct hub *hub, struct hub_uplink *up, const struct mqtt_client_news *news,
                     uint64_t now_ms);

#endif
