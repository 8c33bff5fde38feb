/* gateway/edge/ws_open.h - opening a WebSocket: what each side says, and what it makes of it.
 *
 * RFC 6455, section 4. Texts are for people: they stand in the log and in the server's answer.
 */
#ifndef GATEWAY_EDGE_WS_OPEN_H
#define GATEWAY_EDGE_WS_OPEN_H

#include "gateway/edge/ws_head.h"

/* What a client wants, see gw_ws_connect. */
struct gw_ws_to {
    const char *host;
    uint16_t port;
    const char *path;
    uint64_t seed;
};

struct gw_ws_refusal {
    const char *status; /* code and reason */
    const char *fields; /* of the answer, each with its CR LF */
    const char *text;
};

/* NULL: good. `octets`: the request as it came, `taken` what became of it, `path` ours. */
const struct gw_ws_refusal *gw_ws_judge_request(struct span octets, enum gw_ws_taken taken,
                                                const char *path);

/* The answer to a good request, and to one that is refused; `path` is where the good ones go. */
void gw_ws_write_welcome(struct writer *w, struct span request);
void gw_ws_write_refusal(struct writer *w, const struct gw_ws_refusal *refusal, const char *path);

void gw_ws_write_request(struct writer *w, const struct gw_ws_to *to);

/* True: good. False: `why` says why, ended with a NUL. */
bool gw_ws_judge_answer(struct span octets, enum gw_ws_taken taken, const struct gw_ws_to *to,
                        struct writer *why);

#endif
