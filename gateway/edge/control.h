/* gateway/edge/control.h - the control socket: commands of `sedge` ask, the running gateway
 * answers.
 *
 *     {"do":"node","name":"bed-1"}         a request, one line of JSON
 *     {"name":"bed-1","state":"asleep"}    the answer, as many lines as it has
 *     {"end":true}                         its last; or {"error":"there is no node bed-1"}
 *
 * An asker may ask again when an answer is over. What the requests are: ask.h. An answer longer
 * than GW_CONTROL_ROOM goes on as the asker reads; an asker that does not read stops nobody.
 *
 * Limits: GW_CONTROL_ASKERS at once; for one more the one gives way that has asked nothing for
 * longest, for GW_CONTROL_IDLE_MS at least, else it is told so. GW_CONTROL_REQUEST octets a
 * request, GW_CONTROL_ROOM octets not yet taken by one asker, charged to the hub's budget.
 * Ownership: the socket file belongs to the control that made it and goes with it.
 */
#ifndef GATEWAY_EDGE_CONTROL_H
#define GATEWAY_EDGE_CONTROL_H

#include <cjson/cJSON.h>

#include "gateway/edge/loop.h"
#include "gateway/edge/unix.h"
#include "gateway/hub/registry.h"

#define GW_CONTROL_ASKERS  8
#define GW_CONTROL_IDLE_MS 2000u
#define GW_CONTROL_REQUEST 4096u  /* octets, its end of line too */
#define GW_CONTROL_ROOM    65536u /* octets */
#define GW_CONTROL_LINE    32768u /* octets of one line of an answer */
#define GW_CONTROL_NAME    1024u  /* octets of a node's name that is asked about */

struct gw_run;
struct gw_ask;
struct gw_control;

/* Where an answer is; {0} at its beginning. */
struct gw_ask_at {
    struct hub_nodes_walk node;
    struct hub_topics_walk topic;
    uint8_t name[GW_CONTROL_NAME]; /* of the node whose topics are walked */
    size_t name_len;
    size_t unknown;
    size_t step;
    int watcher;   /* of the hub's tap, plus 1; 0: none */
    uint64_t lost; /* lines of a watch that found no room */
};

struct gw_asker {
    struct gw_control *control; /* NULL: free */
    int fd;
    struct event *readable;
    struct event *writable;
    bool ended; /* it says no more */
    bool broken;
    bool stuck; /* the kernel takes no more: `writable` waits */
    char request[GW_CONTROL_REQUEST];
    size_t request_len;
    struct block *room; /* GW_CONTROL_ROOM octets, of which those from `begin` to `end` wait */
    size_t begin;
    size_t end;
    const struct gw_ask *ask; /* being answered; NULL: none */
    uint64_t idle_ms;         /* since when there is none */
    cJSON *asked;             /* its line */
    cJSON *lines;             /* of the answer, an array that shrinks as they are said; or NULL */
    struct gw_ask_at at;
};

struct gw_control {
    struct gw_loop *loop; /* NULL: there is no control socket */
    struct gw_run *run;
    char path[GW_UNIX_PATH]; /* empty: not made yet */
    int fd;
    struct event *acceptable;
    struct event *resume; /* no descriptor was left for the next asker: tried again in a while */
    struct gw_asker askers[GW_CONTROL_ASKERS];
};

/* Listens at `path`, mode 0660, in place of a socket that nobody serves any more. False: the fault
 * names it, one that a living gateway serves too; after gw_control_fini nothing is left. */
bool gw_control_init(struct gw_control *control, struct gw_run *run, const char *path,
                     struct gw_fault *fault);
void gw_control_fini(struct gw_control *control);

/* Once a turn: takes requests, goes on with answers, sends. */
void gw_control_turn(struct gw_control *control);

/* --- for those who answer -------------------------------------------------------------------- */

/* True while one more line of any length has room. */
bool gw_asker_has_room(const struct gw_asker *asker);

/* Adds a line, the caller's; what waits is sent first where that makes room. False: lost. */
bool gw_asker_add(struct gw_asker *asker, cJSON *line);

/* The same, and frees the line; NULL counts as no memory. A line without room is lost: false. */
bool gw_asker_say(struct gw_asker *asker, cJSON *line);

/* The last line of an answer that failed. */
void gw_asker_fail(struct gw_asker *asker, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A text of the request; NULL: it has none of that name. */
const char *gw_asker_text(const struct gw_asker *asker, const char *key);

#endif
