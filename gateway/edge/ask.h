/* gateway/edge/ask.h - what may be asked at the control socket, and who answers.
 *
 *     status                       the gateway in one line
 *     nodes                        a line for each node
 *     node name                    that node
 *     topics [node]                the ways nodes name topics, and KEYs that no map has
 *     forget name                  the node, its kept session and what waits for it go
 *     accept name client_id        the place [node name] is that client's from now on
 *     accept uid [name]            the device on a bus has an address, and that name
 *     replace old with             the name of node `old` is that of node or client id `with`
 *     enrol ms                     devices on a bus may have an address, for so long
 *     waiting                      a line for each device on a bus that waits for one
 *     upstreams                    a line for each upstream
 *     upstream name                that one
 *     pause name, resume name      it is left and not dialled; dialled again
 *     purge name                   what waits for it goes
 *     resend name                  retained messages go up to it again
 *     watch [filter] [node]        live messages, until the asker is gone (watch.h)
 *     reload                       the configuration, read anew (reload.h)
 */
#ifndef GATEWAY_EDGE_ASK_H
#define GATEWAY_EDGE_ASK_H

#include "gateway/edge/control.h"
#include "gateway/hub/given.h"

enum gw_answered {
    GW_ANSWER_OVER,   /* the last line was said but for {"end":true} */
    GW_ANSWER_FAILED, /* the last line was said, an error */
    GW_ANSWER_MORE,   /* ask again while there is room */
    GW_ANSWER_WAITS   /* nothing to say now; ask again next turn */
};

struct gw_ask {
    const char *name;
    /* One step of the answer, some lines of it; there is room for one. */
    enum gw_answered (*step)(struct gw_asker *asker);
    void (*stop)(struct gw_asker *asker); /* the asker is gone; or NULL */
};

/* NULL: there is no such request. */
const struct gw_ask *gw_ask_find(const char *name);

/* `text` as JSON under `key`: octets that are no text as %XX, so a '%' as %25 then; nothing where
 * it is empty. */
void gw_json_span(cJSON *to, const char *key, struct span text);
void gw_json_number(cJSON *to, const char *key, uint64_t value);

/* "0102ff", at most the first 2,048 octets; nothing where there are none. */
void gw_json_hex(cJSON *to, const char *key, struct span octets);

/* In ask_nodes.c. */
enum gw_answered gw_ask_nodes(struct gw_asker *asker);
enum gw_answered gw_ask_node(struct gw_asker *asker);
enum gw_answered gw_ask_topics(struct gw_asker *asker);
enum gw_answered gw_ask_forget(struct gw_asker *asker);
enum gw_answered gw_ask_accept(struct gw_asker *asker);
enum gw_answered gw_ask_replace(struct gw_asker *asker);

/* Says how it went. */
enum gw_answered gw_ask_gift(struct gw_asker *asker, const struct hub_gift *gift);

/* In ask_bus.c. */
enum gw_answered gw_ask_accept_device(struct gw_asker *asker);
enum gw_answered gw_ask_enrol(struct gw_asker *asker);
enum gw_answered gw_ask_waiting(struct gw_asker *asker);

/* In ask_upstreams.c. */
enum gw_answered gw_ask_upstreams(struct gw_asker *asker);
enum gw_answered gw_ask_upstream(struct gw_asker *asker);
enum gw_answered gw_ask_pause(struct gw_asker *asker);
enum gw_answered gw_ask_resume(struct gw_asker *asker);
enum gw_answered gw_ask_purge(struct gw_asker *asker);
enum gw_answered gw_ask_resend(struct gw_asker *asker);

#endif
