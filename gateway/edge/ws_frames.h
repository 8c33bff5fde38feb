/* gateway/edge/ws_frames.h - WebSocket frames: payload out of octets, octets around payload.
 *
 * RFC 6455, section 5. Frames in are read by wslay, whose reader lives while a frame is under way
 * and is given back between frames, as most connections are silent most of the time.
 *
 *     payload of binary frames  passed on as it comes
 *     ping                      answered by the next output, the last one if several came
 *     close                     answered, and over
 *     what is not allowed       a close frame that says so, and over: text (1003), a mask missing
 *                               or too many, reserved bits, unknown kinds, fragments out of order,
 *                               control frames in pieces or above 125 octets (1002)
 */
#ifndef GATEWAY_EDGE_WS_FRAMES_H
#define GATEWAY_EDGE_WS_FRAMES_H

#include <wslay/wslay.h>

#include "base/block.h"
#include "base/rng.h"

#define GW_WS_READER  4352u /* what wslay's reader takes; its header does not say (1.1.1: 4,264) */
#define GW_WS_CONTROL 125u  /* payload of a control frame, at most */

struct gw_ws_frames {
    struct budget *budget;
    wslay_frame_context_ptr reader; /* NULL: between two frames, no octet of the next one is here */
    struct reader *octets;          /* while input runs: what it may take */
    size_t room;                    /* and how much of it */
    size_t held;                    /* octets that the reader took and has not given yet */
    uint64_t left;                  /* payload octets to come of the frame under way */
    struct rng masks;
    const char *cause; /* of the end; NULL: orderly */
    uint16_t code;     /* of the close frame that is to be sent; 0: it has none */
    bool client;       /* masks what it sends and wants what comes without */
    bool in_message;   /* the last data frame was not final */
    bool pong;         /* control[] waits to be sent back */
    bool over;         /* nothing more is taken, neither octets nor plain */
    bool last_word;    /* a close frame waits to be sent */
    uint8_t control_len;
    uint8_t control[GW_WS_CONTROL + 1]; /* of the control frame under way; at the end, the cause */
};

void gw_ws_frames_init(struct gw_ws_frames *frames, bool client, uint64_t seed,
                       struct budget *budget);
void gw_ws_frames_fini(struct gw_ws_frames *frames);

/* As gw_stage_input. */
size_t gw_ws_frames_input(struct gw_ws_frames *frames, struct span *octets, uint8_t *room,
                          size_t size);

/* As gw_stage_output. */
void gw_ws_frames_output(struct gw_ws_frames *frames, struct span *plain, struct writer *w);

/* An orderly end by our side, unless there was another. */
void gw_ws_frames_end(struct gw_ws_frames *frames);

#endif
