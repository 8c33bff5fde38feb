/* gateway/hub/seen.h - entries of the node registry, for the files of gateway/hub/ alone; what
 * others may know is in registry.h.
 *
 * An entry is a node that was seen, by its name. While it has a struct hub_node the two point at
 * each other; then state, counts and last sight live in the gate, and here is what they were
 * before.
 *
 *     CONNECT admitted   hub_seen_met      found by name, or made; written if it is new
 *     state may differ   hub_seen_changed  told under STATE (told.h), to be written
 *     hub_node goes      hub_seen_left     counts and last sight come here; it may give way
 *
 * A row of TABLE_NODE: owner 0; item: number; fields: first seen, last seen (wall ms), state,
 * errors << 32 | resent; text: client id; body: length and name of the listener, length (2) and
 * name of the node, then as sn_peer_key has it: length and octets of the address, wireless node id.
 */
#ifndef GATEWAY_HUB_SEEN_H
#define GATEWAY_HUB_SEEN_H

#include "gateway/hub/nodes.h"
#include "gateway/hub/registry.h"

#define HUB_NO_LISTENER UINT16_MAX

struct hub_seen {
    struct map_item by_name;
    struct list in_gone; /* when no hub_node has it */
    struct hub_node *hn; /* NULL: gone */
    struct block *text;  /* name, client id, address: see below; or the node's sn_node_who */
    uint32_t number;     /* in the store; 0: the cell is free */
    uint32_t first_s;    /* wall clock; 0: not known */
    uint32_t last_s;     /* likewise; of a live one, as last written */
    uint32_t errors;     /* before this hub_node */
    uint32_t resent;     /* likewise */
    uint16_t listener;   /* HUB_NO_LISTENER: it is not in the configuration */
    uint16_t name_len;   /* of text: the name, ... */
    uint16_t id_at;      /* ... the client id, 0 when that is the name, ... */
    uint16_t id_len;
    uint16_t address_at; /* ... length and octets of the address, wireless node id */
    uint8_t state;       /* enum hub_node_state */
    bool dirty;          /* to be written */
    bool named;          /* a [node] has its name */
    bool in_map;
    bool stored; /* it has a row */
};

/* False: no memory. */
bool hub_registry_init(struct hub *hub, uint64_t seed);
void hub_registry_fini(struct hub *hub);

void hub_seen_met(struct hub *hub, struct hub_node *hn, uint64_t now_ms);
/* A node of a kept session from the store, of which no row was. */
void hub_seen_known(struct hub *hub, struct hub_node *hn, uint64_t now_ms);
void hub_seen_changed(struct hub *hub, struct hub_node *hn, uint64_t now_ms);
void hub_seen_left(struct hub *hub, struct hub_node *hn);

/* QoS -1 of a sender without a session at `place`: the entry of the [node] that names him, made if
 * need be; NULL: none does, or there is no room. */
struct hub_seen *hub_seen_heard(struct hub *hub, const struct conf_place *place,
                                const struct sn_peer *peer, uint64_t now_ms);

/* A KEY that was used and that no map has; `seen` NULL: by someone who is not known. */
void hub_seen_unknown(struct hub *hub, const struct hub_seen *seen, uint16_t listener, uint16_t id,
                      uint64_t now_ms);

/* Names may differ from what they were: a reload, a node replaced. */
void hub_registry_rename(struct hub *hub, uint64_t now_ms);

/* --- parts of an entry ----------------------------------------------------------------------- */

struct span hub_seen_name(const struct hub_seen *seen);
struct span hub_seen_id(const struct hub_seen *seen);

/* Address and wireless node id. */
struct span hub_seen_address(const struct hub_seen *seen, struct span *wireless);

/* Counts and last sight as they are now; times in seconds of the wall clock. */
struct hub_seen_facts {
    uint64_t errors;
    uint64_t resent;
    uint32_t last_s;
};
uint32_t hub_wall_s(const struct hub *hub, uint64_t ms);
struct hub_seen_facts hub_seen_facts(const struct hub *hub, const struct hub_seen *seen);

/* By which messages name their sender; NULL is 0. And the entry of that number, or NULL. */
static inline uint32_t hub_seen_number(const struct hub_seen *seen)
{
    return seen == NULL ? 0 : seen->number;
}
const struct hub_seen *hub_seen_numbered(struct hub *hub, uint32_t number);

/* The entry of that name, or NULL; the next one from `place` on in no order, NULL at the end. */
struct hub_seen *hub_seen_find(const struct hub *hub, struct span name);
struct hub_seen *hub_seen_next(const struct hub *hub, size_t *place);

/* --- who an entry is ------------------------------------------------------------------------- */

struct hub_sighting {
    struct span name;
    struct span id;
    uint16_t listener;
    struct span address; /* length of the address, its octets, the wireless node id */
    struct block *who;   /* sn_node_who; NULL: it has no node */
};

/* The last part of a sighting, as the entry has it. */
struct span hub_seen_place(const struct hub_seen *seen);

/* A new entry, which is gone; NULL: no memory, or [limits] nodes. No other has the name. */
struct hub_seen *hub_seen_make(struct hub *hub, const struct hub_sighting *sighting);

/* Puts name, client id and place instead of what was there; true when that was another. False too
 * when memory is short: then all is as it was. No other entry has the name. */
bool hub_seen_identify(struct hub *hub, struct hub_seen *seen, const struct hub_sighting *is);

/* The two belong together from now on; the entry was gone. */
void hub_seen_join(struct hub_seen *seen, struct hub_node *hn);

/* Forgets the entry, which is gone; nothing is told. */
void hub_seen_drop(struct hub *hub, struct hub_seen *seen, uint64_t now_ms);

/* Drops one that is gone and that no [node] names; false: there is none. */
bool hub_seen_give_way(struct hub *hub, uint64_t now_ms);

/* A live entry's name is not its node's any more; it may be dropped. */
void hub_seen_rename(struct hub *hub, struct hub_seen *seen, uint64_t now_ms);

/* --- the store: seen_keep.c ------------------------------------------------------------------ */

/* There is something to look after. */
void hub_registry_wake(struct hub *hub, uint64_t now_ms);

/* It is to be written, within HUB_REGISTRY_MS. */
void hub_seen_touch(struct hub *hub, struct hub_seen *seen, uint64_t now_ms);

/* It is seen for the first time: written now, but of very many at once, who may be strangers that
 * come and go, those beyond HUB_FIRST_SIGHTS are written when all others are. */
#define HUB_FIRST_SIGHTS 256u
void hub_seen_write_first(struct hub *hub, struct hub_seen *seen, uint64_t now_ms);

/* Writes it now, if that is possible; else it stays to be written. */
void hub_seen_write(struct hub *hub, struct hub_seen *seen, uint64_t now_ms);

/* A row of TABLE_NODE, after those of sessions; then the end of all rows. */
bool hub_registry_restore(struct hub *hub, const struct record *record);
void hub_registry_restored(struct hub *hub, uint64_t now_ms);

void hub_registry_tick(struct hub *hub, uint64_t now_ms);
uint64_t hub_registry_deadline(const struct hub *hub);

/* A clean stop: all that is not written yet. */
void hub_registry_stop(struct hub *hub, uint64_t now_ms);

#endif
