/* gateway/hub/mould.h - [upstream] with `mode = transparent`: each node is itself there.
 *
 * The section is a mould. For each node that fits `nodes` it has a member: a session NAME/NODE with
 * a queue of its own, made at the node's CONNECT or its first QoS -1 message, gone with the node's
 * entry in the registry. The mould's own session has the subscriptions of all (mqtt/mould.h).
 *
 *     uplinks:  [ one for each section | connections of the first mould | of the second ... ]
 *
 * A member is connected by one of the mould's uplinks, which then speaks with its client id and
 * login (hub_mould_lay). A member with messages calls for one; when all are in use the one used
 * least is left: one with nothing to send, else the one that had HUB_MOULD_TURN_MS and most. With
 * nothing to send a member is connected while an uplink is free, if there is something to hear or
 * to show: receive rules, a will topic. At most HUB_MOULD_NEW a second are dialled.
 *
 * queue_max and queue_messages are for all members together: each may have the part that it would
 * have if there were as many as the next power of two.
 */
#ifndef GATEWAY_HUB_MOULD_H
#define GATEWAY_HUB_MOULD_H

#include "gateway/hub/seen.h"
#include "gateway/hub/uplink.h"

#define HUB_MOULD_NEW     5u
#define HUB_MOULD_TURN_MS 10000u
#define HUB_MOULD_DOWN_MS 60000u /* ... while none is online */
#define HUB_MOULD_LOOK_MS 1000u  /* how often all members are looked at */

/* One node's session. */
struct hub_member {
    struct list in_line; /* of those that call, or of those that rest unconnected; else alone */
    struct hub_mould *mould;
    struct mqtt_session *session; /* NULL: the cell is free */
    struct hub_uplink *up;        /* NULL: not connected */
    struct hub_far far;
    uint32_t origin; /* the node's number in the registry; 0: no entry has its name */
    bool calls;      /* in_line is of those that call */
    bool gone;       /* it ends when its uplink is free */
};

/* What a member's uplink says, in place of the section. */
struct hub_laid {
    struct conf_upstream conf;
    struct block *texts;
    struct block *rules;
};

struct hub_mould {
    struct hub_uplink *self; /* its section's, which is never dialled */
    size_t first;            /* of its uplinks; as many as `connections` */
    size_t count;
    struct hub_laid *laid; /* one for each */
    struct hub_laid own;   /* of the mould's own session */
    struct pool members;
    struct list calling; /* struct hub_member, by in_line */
    struct list resting;
    size_t parts;    /* into which the queue is divided */
    uint64_t new_us; /* bucket of dials */
    uint64_t looked_ms;
    bool stirred;    /* something changed since */
    bool dial_waits; /* an uplink does */
    struct {
        uint64_t queued;
        uint64_t octets;
        uint64_t full; /* since the program began, so the next */
        uint64_t old;
    } sum;              /* as seen last */
    uint64_t gone_full; /* of members that are no more */
    uint64_t gone_old;
    uint32_t open; /* uplinks in use, and of these those online */
    uint32_t online;
};

/* Places for uplinks that the moulds of `conf` need behind those of the sections. */
size_t hub_moulds_places(const struct conf *conf);

/* Sessions that all upstreams can have. */
size_t hub_moulds_sessions(const struct conf *conf);

/* Sets hub->moulds and the uplinks' `mould`; the sections' uplinks have their `conf`. False: no
 * memory. */
bool hub_moulds_init(struct hub *hub);
void hub_moulds_fini(struct hub *hub);

/* A session of an upstream came from the store. False: no memory. */
bool hub_mould_restore(struct hub *hub, struct mqtt_session *s);

/* All is restored, the moulds have their sessions: members find their nodes. */
void hub_moulds_start(struct hub *hub, uint64_t now_ms);

/* A clean stop: what is known of the far sessions of members is kept. */
void hub_moulds_stop(struct hub *hub, uint64_t now_ms);

/* Another configuration with the same upstreams. */
void hub_moulds_apply(struct hub *hub);

/* The node of an entry connected, or sent; the entry is about to be dropped. */
void hub_moulds_see(struct hub *hub, const struct hub_seen *seen, uint64_t now_ms);
void hub_moulds_forget(struct hub *hub, const struct hub_seen *seen, uint64_t now_ms);

/* Gives uplinks to members, takes them back, counts. */
void hub_moulds_pump(struct hub *hub, uint64_t now_ms);
uint64_t hub_moulds_deadline(const struct hub *hub);

size_t hub_mould_purge(struct hub *hub, struct hub_mould *mould, uint64_t now_ms);

/* For an uplink that is a mould's own. */
static inline bool hub_uplink_is_mould(const struct hub_uplink *up)
{
    return up->mould != NULL && up->mould->self == up;
}

/* In mould_lay.c. Fills `laid` from the mould's section for the member's node; for no node, with
 * the filters of `send` alone. False, and nothing changed: no memory, or the node lacks a value
 * that a text needs. */
bool hub_mould_lay(struct hub *hub, struct hub_laid *laid, const struct hub_mould *mould,
                   const struct hub_member *member);
bool hub_mould_lay_own(struct hub *hub, struct hub_mould *mould);
void hub_laid_drop(struct hub_laid *laid);

/* The part of the queue that each member may have. */
void hub_mould_divide(const struct hub_mould *mould, struct mqtt_quota *quota);

#endif
