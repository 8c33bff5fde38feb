/* tests/fuzz/fuzz_ws.c - octets as what the other side of a WebSocket sends. The first octet says
 * how they are cut into pieces, which side we are (0x40: client), and whether it is up (0x80).
 * However they are cut, the same payload, the same answers and the same end must come of them. */
#include <stdlib.h>

#include "gateway/edge/ws.h"
#include "tests/vectors/ws.h"

#define CLIENT 0x40u
#define IS_UP  0x80u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    struct budget budget;
    struct gw_stage *stage;
    struct writer plain;
    struct writer said;
    uint8_t plain_octets[65536];
    uint8_t said_octets[GW_STAGE_LEAST];
};

static void must(bool truth)
{
    if (!truth) {
        abort();
    }
}

static struct span so_far(const struct writer *w)
{
    return span_of(w->start, written(w));
}

static void speak(struct outcome *o)
{
    struct span none = {NULL, 0};

    o->said = writer_of(o->said_octets, sizeof o->said_octets);
    gw_stage_output(o->stage, &none, &o->said);
    must(!o->said.bad);
}

static void hear(struct outcome *o, struct span octets)
{
    uint8_t room[300];
    size_t got = 0;

    do {
        got = gw_stage_input(o->stage, &octets, room, sizeof room);
        must(got <= sizeof room);
        write_span(&o->plain, span_of(room, got));
    } while (o->stage->state != GW_STAGE_OVER && (octets.len != 0 || got != 0));
}

static void open_client(struct outcome *o)
{
    struct outcome server = {.budget = {.limit = 65536}};

    server.stage = gw_ws_accept("/mqtt", &server.budget);
    server.plain = writer_of(server.plain_octets, sizeof server.plain_octets);
    hear(&server, so_far(&o->said));
    speak(&server);
    hear(o, so_far(&server.said));
    gw_stage_free(server.stage);
}

static void run(struct outcome *o, struct span octets, unsigned how, size_t piece)
{
    *o = (struct outcome){.budget = {.limit = 65536}};
    o->plain = writer_of(o->plain_octets, sizeof o->plain_octets);
    o->stage = (how & CLIENT) != 0 ? gw_ws_connect("host", 1, "/mqtt", 5, &o->budget)
                                   : gw_ws_accept("/mqtt", &o->budget);
    speak(o);
    if (how & IS_UP) {
        (how & CLIENT) != 0 ? open_client(o) : hear(o, WIRE_SPAN(WS_REQUEST));
        speak(o);
        must(o->stage->state == GW_STAGE_UP);
    }
    while (octets.len != 0 && o->stage->state != GW_STAGE_OVER) {
        size_t len = piece < octets.len ? piece : octets.len;

        hear(o, span_of(octets.at, len));
        octets = span_from(octets, len);
    }
    speak(o);
}

static void fini(struct outcome *o)
{
    gw_stage_free(o->stage);
    must(o->budget.used == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct outcome whole;
    static struct outcome cut;
    struct span octets = span_from(span_of(data, size), 1);
    unsigned how = size == 0 ? 0 : data[0];

    run(&whole, octets, how, SIZE_MAX);
    run(&cut, octets, how, 1 + (how & 0x3F));
    must(whole.stage->state == cut.stage->state);
    must((whole.stage->cause == NULL) == (cut.stage->cause == NULL));
    must(whole.stage->cause == NULL || strcmp(whole.stage->cause, cut.stage->cause) == 0);
    must(whole.plain.bad || span_equal(so_far(&whole.plain), so_far(&cut.plain)));
    must(span_equal(so_far(&whole.said), so_far(&cut.said)));
    fini(&whole);
    fini(&cut);
    return 0;
}
