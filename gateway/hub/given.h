/* gateway/hub/given.h - names that the user gives to nodes: `sedge node accept`, `node replace`.
 *
 * Who a node is, the file says, or the user at run time; what he says is kept in the store, one row
 * (TABLE_GIVEN) for each name: who has it now, a client id, or a device on a bus: 00 and its uid.
 * The file is never written. Of the two the file is stronger: a [node] with an identity of its own
 * is changed there alone.
 *
 *     accept UID, NAME       the device, which waits on a bus, has an address and that name, if any
 *     accept NAME, CLIENT    [node NAME] has no identity yet, a place: CLIENT fills it
 *     replace OLD, NEW       OLD is any name but one whose identity is in the file: NEW has it
 *
 * A replaced node's connection ends with DISCONNECT, and its session goes, with its subscriptions
 * and what waited for it: they were of that device. Its name, topic maps, rights and settings are
 * the new node's at once, who keeps a session of his own. A replaced device that comes back without
 * a section has no name left: CONNACK 3.
 */
#ifndef GATEWAY_HUB_GIVEN_H
#define GATEWAY_HUB_GIVEN_H

#include "gateway/hub/hub.h"

#define HUB_GAVES(X)                                                                           \
    X(HUB_GAVE, "done")                                                                        \
    X(HUB_GAVE_AGAIN, "it has that name already")                                              \
    X(HUB_GAVE_UNKNOWN, "there is no node of that name, and no [node] that is a place for it") \
    X(HUB_GAVE_IN_FILE, "its identity stands in the file: change it there, then sedge reload") \
    X(HUB_GAVE_FILLED, "that place is filled: sedge node replace changes who fills it")        \
    X(HUB_GAVE_TAKEN, "that client id is another node's")                                      \
    X(HUB_GAVE_NAME_TAKEN, "that name is another node's")                                      \
    X(HUB_GAVE_BAD_NAME, "that is no name: text without blanks, / + # and %")                  \
    X(HUB_GAVE_HAS, "it has an address already")                                               \
    X(HUB_GAVE_NO_DEVICE, "no device of that uid waits on a bus: sedge nodes --waiting")       \
    X(HUB_GAVE_NO_ADDRESS, "no address on its bus is free")                                    \
    X(HUB_GAVE_BAD_ID, "that is no client id: 1 to [limits] client_id octets of text")         \
    X(HUB_GAVE_FULL, "memory or store is full: try again")

#define HUB_GAVE_ENUM(name, text) name,
enum hub_gave { HUB_GAVES(HUB_GAVE_ENUM) HUB_GAVE_KINDS };
#undef HUB_GAVE_ENUM

/* What the user is told; never NULL. */
const char *hub_gave_text(enum hub_gave outcome);

/* Spans live until the hub is called again. */
struct hub_gift {
    enum hub_gave outcome;
    const char *file; /* of the section that the outcome is about; NULL: none */
    uint64_t line;    /* of its identity: of IN_FILE; TAKEN when it is by a section */
    struct span was;  /* of HUB_GAVE: the client id that had the name before; empty: none */
    struct span name; /* of TAKEN: who has the client id; of FILLED: the client id, or uid in
                         hexadecimal digits, that fills it */
};

/* CLIENT is a client id. Acts at once; kept with the next batch. */
struct hub_gift hub_node_accept(struct hub *hub, struct span name, struct span client_id,
                                uint64_t now_ms);

/* `uid` of SN_BUS_UID octets; no name: it is called as without this. One that has an address gets
 * another name. */
struct hub_gift hub_device_accept(struct hub *hub, struct span uid, struct span name,
                                  uint64_t now_ms);

/* `with` is the name of a node that is known, else a client id; the name itself is a client id, the
 * one that had it before it was given. */
struct hub_gift hub_node_replace(struct hub *hub, struct span old, struct span with,
                                 uint64_t now_ms);

/* --- for the hub's own files */

struct record;

/* False: no memory. */
bool hub_givens_init(struct hub *hub, uint64_t seed);
void hub_givens_fini(struct hub *hub);

/* Who is given a name: a client id, or this of a device. */
#define HUB_UID_KEY 9u
struct span hub_uid_key(uint8_t room[HUB_UID_KEY], struct span uid);

/* The name given to who, who is given a name; empty: none. */
struct span hub_given_name(const struct hub *hub, struct span who);
struct span hub_given_id(const struct hub *hub, struct span name);

/* `who` has `name` from now on, if it can; and has none. */
struct hub_gift hub_given_take(struct hub *hub, struct span name, struct span who, uint64_t now_ms);
void hub_given_leave(struct hub *hub, struct span who, uint64_t now_ms);

/* The outcome is about that section, and the line of its identity. */
struct hub_gift hub_gift_about(const struct hub *hub, enum hub_gave outcome,
                               const struct conf_node *section);

/* A row of the store. False: it does not fit, or no memory. */
bool hub_given_restore(struct hub *hub, const struct record *record);

#endif
