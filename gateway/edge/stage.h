/* gateway/edge/stage.h - what may stand between a socket and MQTT: octets in, octets out.
 *
 *     socket --recv--> octets --input--> plain octets --> MQTT
 *     socket <--send-- octets <--output-- plain octets <-- MQTT
 *
 * TLS (tls.h) and WebSocket (ws.h) are stages. A stage does no I/O, so any stands on any, and a
 * test needs no socket.
 *
 *     OPENING --handshake done--> UP --closed by either side, or broken--> OVER
 *
 * Ownership: who made a stage frees it, by gw_stage_free.
 * Units: octets.
 */
#ifndef GATEWAY_EDGE_STAGE_H
#define GATEWAY_EDGE_STAGE_H

#include "base/bytes.h"

/* A writer given to output has at least this much room: a whole TLS record and a frame header. */
#define GW_STAGE_LEAST 18432u

enum gw_stage_state { GW_STAGE_OPENING, GW_STAGE_UP, GW_STAGE_OVER };

struct gw_stage;

struct gw_stage_kind {
    size_t (*input)(struct gw_stage *stage, struct span *octets, uint8_t *room, size_t size);
    void (*output)(struct gw_stage *stage, struct span *plain, struct writer *w);
    void (*end)(struct gw_stage *stage);
    void (*free)(struct gw_stage *stage);
};

/* First member of every stage. */
struct gw_stage {
    const struct gw_stage_kind *kind;
    enum gw_stage_state state;
    const char *cause; /* of OVER; lives as long as the stage; NULL: an orderly close */
};

/* Takes from *octets and puts what they carry into `room`; returns the octets there. Asked again
 * until *octets is empty and the result is 0. Takes and gives nothing when it is over. A call that
 * brings it up and gives octets leaves it UP: who asks hears of that before the octets. */
static inline size_t gw_stage_input(struct gw_stage *stage, struct span *octets, uint8_t *room,
                                    size_t size)
{
    return stage->kind->input(stage, octets, room, size);
}

/* Writes to `w` what the stage itself has to say (handshake, answers, close), then, once it is up,
 * takes from *plain what fits, wrapped. Asked again, with an empty writer, until *plain is empty
 * and nothing was written. *plain may be empty: only the stage's own. One that is over is asked
 * once more for its last words. */
static inline void gw_stage_output(struct gw_stage *stage, struct span *plain, struct writer *w)
{
    stage->kind->output(stage, plain, w);
}

/* An orderly end by our side: the next output says so to the other. */
static inline void gw_stage_end(struct gw_stage *stage)
{
    stage->kind->end(stage);
}

/* NULL is allowed. */
static inline void gw_stage_free(struct gw_stage *stage)
{
    if (stage != NULL) {
        stage->kind->free(stage);
    }
}

#endif
