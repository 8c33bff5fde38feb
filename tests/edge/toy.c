#include "tests/edge/toy.h"

#include <stdlib.h>

#include "tests/support.h"

struct toy {
    struct gw_stage stage;
    bool server;
    bool ends;
    size_t greeted; /* octets of the other's greeting that came */
    size_t left;    /* of a frame */
    size_t head;    /* octets of its length that came */
    uint8_t length[2];
    const char *says;
};

static size_t alive;

static const char *greeting_of(bool server)
{
    return server ? "WELCOME." : "HELLO.";
}

static void greet(struct toy *toy, struct reader *r)
{
    const char *wanted = greeting_of(!toy->server);

    while (toy->stage.state == GW_STAGE_OPENING && read_left(r) > 0) {
        if (read_u8(r) != (uint8_t)wanted[toy->greeted++]) {
            toy->stage.state = GW_STAGE_OVER;
            toy->stage.cause = TOY_BROKEN;
        } else if (wanted[toy->greeted] == '\0') {
            toy->stage.state = GW_STAGE_UP;
            toy->says = toy->server ? greeting_of(true) : NULL;
        }
    }
}

static void begin_frame(struct toy *toy)
{
    toy->head = 0;
    toy->left = (size_t)toy->length[0] << 8 | toy->length[1];
    if (toy->left == 0 || toy->left == 0xFFFF) {
        toy->stage.cause = toy->left == 0 ? NULL : TOY_BROKEN;
        toy->stage.state = GW_STAGE_OVER;
    }
}

static size_t toy_input(struct gw_stage *stage, struct span *octets, uint8_t *room, size_t size)
{
    struct toy *toy = (struct toy *)(void *)stage;
    struct reader r = reader_of(*octets);
    struct writer w = writer_of(room, size);

    greet(toy, &r);
    while (stage->state == GW_STAGE_UP && read_left(&r) > 0 && write_left(&w) > 0) {
        if (toy->left > 0) {
            write_u8(&w, read_u8(&r) ^ 0x55);
            toy->left--;
            continue;
        }
        toy->length[toy->head++] = read_u8(&r);
        if (toy->head == 2) {
            begin_frame(toy);
        }
    }
    *octets = read_rest(&r);
    return written(&w);
}

static void toy_output(struct gw_stage *stage, struct span *plain, struct writer *w)
{
    struct toy *toy = (struct toy *)(void *)stage;
    size_t len = plain->len < TOY_FRAME ? plain->len : TOY_FRAME;

    assert_true(write_left(w) >= GW_STAGE_LEAST);
    if (toy->says != NULL) {
        write_span(w, span_of_text(toy->says));
        toy->says = NULL;
    }
    if (stage->state == GW_STAGE_UP && len > 0) {
        write_u16(w, (uint16_t)len);
        for (size_t i = 0; i < len; i++) {
            write_u8(w, plain->at[i] ^ 0x55);
        }
        *plain = span_from(*plain, len);
    }
    if (toy->ends) {
        write_u16(w, 0);
        toy->ends = false;
    }
    assert_false(w->bad);
}

static void toy_end(struct gw_stage *stage)
{
    struct toy *toy = (struct toy *)(void *)stage;

    toy->ends = true;
    stage->state = GW_STAGE_OVER;
}

static void toy_free(struct gw_stage *stage)
{
    alive--;
    free(stage);
}

struct gw_stage *toy_new(bool server)
{
    static const struct gw_stage_kind kind = {toy_input, toy_output, toy_end, toy_free};
    struct toy *toy = calloc(1, sizeof *toy);

    assert_non_null(toy);
    alive++;
    toy->stage.kind = &kind;
    toy->server = server;
    toy->says = server ? NULL : greeting_of(false);
    return &toy->stage;
}

size_t toy_count(void)
{
    return alive;
}
