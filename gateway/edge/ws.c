#include "gateway/edge/ws.h"

#include "gateway/edge/ws_frames.h"
#include "gateway/edge/ws_open.h"

struct gw_ws {
    struct gw_stage stage;
    struct block *self;
    struct gw_ws_to to;                  /* of a server only the path */
    struct gw_ws_collector head;         /* of a server until it is answered */
    const struct gw_ws_refusal *refusal; /* what the server answers; NULL: welcome */
    bool speaks;                         /* the request or the answer is to be written */
    struct gw_ws_frames frames;
};

static struct gw_ws *ws_of(struct gw_stage *stage)
{
    return (struct gw_ws *)(void *)stage;
}

static void give_up(struct gw_ws *ws, const char *cause)
{
    ws->stage.state = GW_STAGE_OVER;
    ws->stage.cause = cause;
}

static void judge_request(struct gw_ws *ws, enum gw_ws_taken taken)
{
    ws->refusal = gw_ws_judge_request(gw_ws_collected(&ws->head), taken, ws->to.path);
    ws->speaks = true;
    ws->stage.state = GW_STAGE_UP;
    if (ws->refusal != NULL) {
        give_up(ws, ws->refusal->text);
    }
}

static void judge_answer(struct gw_ws *ws, enum gw_ws_taken taken)
{
    struct writer why = writer_of(ws->frames.control, sizeof ws->frames.control);

    ws->stage.state = GW_STAGE_UP;
    if (!gw_ws_judge_answer(gw_ws_collected(&ws->head), taken, &ws->to, &why)) {
        give_up(ws, (const char *)ws->frames.control);
    }
    gw_ws_forget(&ws->head);
}

static void read_head(struct gw_ws *ws, struct span *octets)
{
    enum gw_ws_taken taken = gw_ws_collect(&ws->head, octets, ws->frames.budget);

    if (taken != GW_WS_MORE) {
        (ws->frames.client ? judge_answer : judge_request)(ws, taken);
    }
}

static size_t input(struct gw_stage *stage, struct span *octets, uint8_t *room, size_t size)
{
    struct gw_ws *ws = ws_of(stage);
    size_t len = 0;

    if (stage->state == GW_STAGE_OPENING) {
        read_head(ws, octets); /* frames behind it, which may end it, are the next call's */
    } else if (stage->state == GW_STAGE_UP) {
        len = gw_ws_frames_input(&ws->frames, octets, room, size);
        if (ws->frames.over) {
            give_up(ws, ws->frames.cause);
        }
    }
    return len;
}

static void speak(struct gw_ws *ws, struct writer *w)
{
    ws->speaks = false;
    if (ws->frames.client) {
        gw_ws_write_request(w, &ws->to);
    } else if (ws->refusal == NULL) {
        gw_ws_write_welcome(w, gw_ws_collected(&ws->head));
        gw_ws_forget(&ws->head);
    } else {
        gw_ws_write_refusal(w, ws->refusal, ws->to.path);
    }
}

static void output(struct gw_stage *stage, struct span *plain, struct writer *w)
{
    struct gw_ws *ws = ws_of(stage);

    if (ws->speaks) {
        speak(ws, w);
    }
    if (stage->state == GW_STAGE_UP || ws->frames.last_word) {
        gw_ws_frames_output(&ws->frames, plain, w);
    }
}

static void end(struct gw_stage *stage)
{
    struct gw_ws *ws = ws_of(stage);

    if (stage->state == GW_STAGE_UP) {
        gw_ws_frames_end(&ws->frames);
        give_up(ws, NULL);
    } else if (stage->state == GW_STAGE_OPENING) { /* there is nothing to say yet */
        ws->speaks = false;
        give_up(ws, NULL);
    }
}

static void release(struct gw_stage *stage)
{
    struct gw_ws *ws = ws_of(stage);

    gw_ws_forget(&ws->head);
    gw_ws_frames_fini(&ws->frames);
    block_drop(ws->self);
}

static struct gw_stage *new_stage(const struct gw_ws_to *to, bool client, struct budget *budget)
{
    static const struct gw_stage_kind kind = {input, output, end, release};
    size_t host = strlen(to->host) + 1;
    size_t path = strlen(to->path) + 1;
    struct block *self = block_new(budget, sizeof(struct gw_ws) + host + path);
    struct gw_ws *ws = NULL;
    char *texts = NULL;

    if (self == NULL) {
        return NULL;
    }
    ws = (struct gw_ws *)(void *)self->octets;
    texts = (char *)self->octets + sizeof *ws;
    memcpy(texts, to->host, host);
    memcpy(texts + host, to->path, path);
    *ws = (struct gw_ws){.stage.kind = &kind, .self = self, .to = *to, .speaks = client};
    ws->to.host = texts;
    ws->to.path = texts + host;
    gw_ws_frames_init(&ws->frames, client, to->seed, budget);
    return &ws->stage;
}

struct gw_stage *gw_ws_accept(const char *path, struct budget *budget)
{
    return new_stage(&(struct gw_ws_to){.host = "", .path = path}, false, budget);
}

struct gw_stage *gw_ws_connect(const char *host, uint16_t port, const char *path, uint64_t seed,
                               struct budget *budget)
{
    if (strlen(host) + strlen(path) > GW_WS_HEAD_MOST) {
        return NULL; /* else the request fits what output is given */
    }
    return new_stage(&(struct gw_ws_to){host, port, path, seed}, true, budget);
}
