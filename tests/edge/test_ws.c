#include "tests/support.h"

#include <stdlib.h>

#include "base/rng.h"
#include "gateway/edge/ws.h"
#include "gateway/edge/ws_frames.h"
#include "tests/vectors/ws.h"

#define ROOM   200000u
#define MEMORY 100000u

/* One side and what came out of it. */
struct side {
    struct gw_stage *stage;
    struct budget budget;
    uint8_t *wire_octets;
    uint8_t *plain_octets;
    struct writer wire;  /* for the other side */
    struct writer plain; /* for MQTT */
};

static void init(struct side *side, struct gw_stage *stage)
{
    assert_non_null(stage);
    side->stage = stage;
    side->wire_octets = malloc(ROOM);
    side->plain_octets = malloc(ROOM);
    side->wire = writer_of(side->wire_octets, ROOM);
    side->plain = writer_of(side->plain_octets, ROOM);
}

static void accept_at(struct side *side)
{
    side->budget = (struct budget){.limit = MEMORY};
    init(side, gw_ws_accept("/mqtt", &side->budget));
}

static void connect_to(struct side *side, uint64_t seed)
{
    side->budget = (struct budget){.limit = MEMORY};
    init(side, gw_ws_connect("gw.local", 8083, "/mqtt", seed, &side->budget));
}

static void fini(struct side *side)
{
    gw_stage_free(side->stage);
    assert_int_equal(side->budget.used, 0);
    free(side->wire_octets);
    free(side->plain_octets);
}

static struct span so_far(const struct writer *w)
{
    return span_of(w->start, written(w));
}

/* Lets it speak, and gives it `plain` to wrap. */
static void say(struct side *side, struct span plain)
{
    uint8_t room[GW_STAGE_LEAST];
    size_t before = 0;

    do {
        struct writer w = writer_of(room, sizeof room);

        before = written(&side->wire);
        gw_stage_output(side->stage, &plain, &w);
        assert_false(w.bad);
        write_span(&side->wire, so_far(&w));
    } while (written(&side->wire) != before);
    assert_false(side->wire.bad);
}

static void speak(struct side *side)
{
    say(side, span_of(NULL, 0));
}

/* Gives it `octets`, `piece` at a time, each at an edge, with room for `room` octets. */
static void hear(struct side *side, struct span octets, size_t piece, size_t room)
{
    uint8_t plain[4096];

    while (octets.len != 0 && side->stage->state != GW_STAGE_OVER) {
        size_t len = octets.len < piece ? octets.len : piece;
        struct span part = at_edge(octets, len);
        size_t got = 0;

        do {
            got = gw_stage_input(side->stage, &part, plain, room);
            assert_true(got <= room);
            write_span(&side->plain, span_of(plain, got));
        } while (side->stage->state != GW_STAGE_OVER && (part.len != 0 || got != 0));
        octets = span_from(octets, len);
    }
    assert_false(side->plain.bad);
}

static void hear_text(struct side *side, const char *text)
{
    hear(side, span_of_text(text), SIZE_MAX, 4096);
}

/* Passes what `from` has said to `to`. */
static void pass(struct side *from, struct side *to, size_t piece)
{
    hear(to, so_far(&from->wire), piece, 4096);
    from->wire.at = from->wire.start;
}

static void open_server(struct side *server)
{
    accept_at(server);
    hear_text(server, WS_REQUEST);
    assert_int_equal(server->stage->state, GW_STAGE_UP);
    speak(server);
    server->wire.at = server->wire.start;
}

static void open_both(struct side *client, struct side *server, size_t piece)
{
    connect_to(client, 7);
    accept_at(server);
    speak(client);
    pass(client, server, piece);
    speak(server);
    pass(server, client, piece);
    assert_int_equal(client->stage->state, GW_STAGE_UP);
    assert_int_equal(server->stage->state, GW_STAGE_UP);
}

static bool begins(struct span s, const char *text)
{
    return s.len >= strlen(text) && memcmp(s.at, text, strlen(text)) == 0;
}

/* --- opening, the server's side --- */

static void the_example_of_the_rfc_is_answered_as_there(void **state)
{
    struct side server;

    (void)state;
    accept_at(&server);
    hear_text(&server, WS_REQUEST);
    speak(&server);
    assert_span_equal(so_far(&server.wire),
                      WIRE_SPAN("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                "Connection: Upgrade\r\n"
                                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                                "Sec-WebSocket-Protocol: mqtt\r\n\r\n"));
    fini(&server);
}

/* [MQTT-6.0.0-4] */
static void good_requests_have_many_forms(void **state)
{
    static const struct {
        const char *request;
        const char *chosen;
    } rows[] = {
        {WS_REQUEST, "\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"},
        {"GET /mqtt?token=1 HTTP/1.1\r\n" WS_FIELDS "Sec-WebSocket-Protocol: mqtt\r\n\r\n",
         "Protocol: mqtt\r\n\r\n"},
        {"GET /mqtt HTTP/1.1\r\n" WS_FIELDS "Sec-WebSocket-Protocol: mqttv3.1\r\n\r\n",
         "Protocol: mqttv3.1\r\n\r\n"},
        {"GET /mqtt HTTP/1.1\r\n" WS_FIELDS "Sec-WebSocket-Protocol: mqttv3.1, chat ,mqtt\r\n\r\n",
         "Protocol: mqtt\r\n\r\n"},
        {"GET /mqtt HTTP/1.1\r\n" WS_FIELDS
         "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
         "Protocol: mqtt\r\n\r\n"},
        {"GET /mqtt HTTP/1.1\r\nhost:gw\r\nUPGRADE: h2c, WebSocket \r\n"
         "connection: keep-alive,\tupgrade\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
         "Sec-WebSocket-Version:13\r\nSec-WebSocket-Protocol: mqtt\r\nX: \r\n"
         "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
         "Protocol: mqtt\r\n\r\n"},
        {"GET /mqtt HTTP/1.1\nHost: gw\nUpgrade: websocket\nConnection: Upgrade\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13\n"
         "Sec-WebSocket-Protocol: mqtt\n\n",
         "Protocol: mqtt\r\n\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct side server;
        struct span said;

        accept_at(&server);
        hear_text(&server, rows[i].request);
        speak(&server);
        said = so_far(&server.wire);
        assert_true(begins(said, "HTTP/1.1 101 "));
        assert_true(said.len > strlen(rows[i].chosen));
        assert_span_equal(span_from(said, said.len - strlen(rows[i].chosen)),
                          span_of_text(rows[i].chosen));
        assert_int_equal(server.stage->state, GW_STAGE_UP);
        fini(&server);
    }
}

#define GET_MQTT "GET /mqtt HTTP/1.1\r\n"
#define PROTOCOL "Sec-WebSocket-Protocol: mqtt\r\n"
#define UPGRADE  "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION  "Sec-WebSocket-Version: 13\r\n"
#define HOST     "Host: gw\r\n"

static const struct {
    const char *request;
    const char *status;
    const char *text;
} refused[] = {
    {"GET /mqtt HTTP/1.0\r\n" WS_FIELDS PROTOCOL "\r\n", "400 ", "not HTTP/1.1"},
    {"GET /mqtt\r\n\r\n", "400 ", "not HTTP/1.1"},
    {"\r\n", "400 ", "not HTTP/1.1"},
    {GET_MQTT WS_FIELDS "No colon\r\n\r\n", "400 ", "not HTTP/1.1"},
    {GET_MQTT WS_FIELDS ": no name\r\n\r\n", "400 ", "not HTTP/1.1"},
    {GET_MQTT WS_FIELDS PROTOCOL " goes on: x\r\n\r\n", "400 ", "not HTTP/1.1"},
    {GET_MQTT WS_FIELDS PROTOCOL "X : y\r\n\r\n", "400 ", "not HTTP/1.1"},
    {GET_MQTT WS_FIELDS PROTOCOL "X: a\rb\r\n\r\n", "400 ", "not HTTP/1.1"},
    {"GET /mqt HTTP/1.1\r\n" WS_FIELDS PROTOCOL "\r\n", "404 ", "the path is not"},
    {"GET /mqtt/ HTTP/1.1\r\n" WS_FIELDS PROTOCOL "\r\n", "404 ", "the path is not"},
    {"POST /mqtt HTTP/1.1\r\n" WS_FIELDS PROTOCOL "\r\n", "405 ", "opened by GET"},
    {GET_MQTT HOST "\r\n", "426 ", "does not ask for a WebSocket"},
    {GET_MQTT HOST KEY VERSION PROTOCOL "Upgrade: websocket\r\n\r\n", "426 ", "does not ask"},
    {GET_MQTT HOST KEY VERSION PROTOCOL "Connection: upgrade\r\n\r\n", "426 ", "does not ask"},
    {GET_MQTT HOST KEY VERSION PROTOCOL "Upgrade: h2c\r\nConnection: upgrade\r\n\r\n", "426 ",
     "does not ask"},
    {GET_MQTT HOST UPGRADE KEY PROTOCOL "\r\n", "426 ", "not 13"},
    {GET_MQTT HOST UPGRADE KEY PROTOCOL "Sec-WebSocket-Version: 8\r\n\r\n", "426 ", "not 13"},
    {GET_MQTT HOST UPGRADE KEY PROTOCOL VERSION VERSION "\r\n", "426 ", "not 13"},
    {GET_MQTT UPGRADE KEY VERSION PROTOCOL "\r\n", "400 ", "no Host"},
    {GET_MQTT WS_FIELDS PROTOCOL HOST "\r\n", "400 ", "more than one"},
    {GET_MQTT HOST UPGRADE VERSION PROTOCOL "\r\n", "400 ", "Sec-WebSocket-Key"},
    {GET_MQTT WS_FIELDS PROTOCOL KEY "\r\n", "400 ", "Sec-WebSocket-Key"},
    {GET_MQTT HOST UPGRADE VERSION PROTOCOL "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n\r\n", "400 ",
     "Sec-WebSocket-Key"},
    {GET_MQTT HOST UPGRADE VERSION PROTOCOL "Sec-WebSocket-Key: ????????????????????????\r\n\r\n",
     "400 ", "Sec-WebSocket-Key"},
    {GET_MQTT WS_FIELDS "\r\n", "400 ", "sub-protocol"},
    {GET_MQTT WS_FIELDS "Sec-WebSocket-Protocol: MQTT\r\n\r\n", "400 ", "sub-protocol"},
    {GET_MQTT WS_FIELDS "Sec-WebSocket-Protocol: chat, mqttv5\r\n\r\n", "400 ", "sub-protocol"},
    {"\x10\x0C\0\x04MQTT\x04\x02\0\x3C\0\0", "400 ", "not HTTP/1.1"}, /* MQTT without WebSocket */
    {"\x16\x03\x01\x02", "400 ", "not HTTP/1.1"},                     /* TLS */
};

/* One octet at a time too, and what follows is not looked at. */
static void a_bad_request_is_told_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(refused); i++) {
        struct side server;
        const char *text = refused[i / 2].text;
        struct span said;

        accept_at(&server);
        hear(&server, span_of_text(refused[i / 2].request), i % 2 == 0 ? SIZE_MAX : 1, 4096);
        assert_int_equal(server.stage->state, GW_STAGE_OVER);
        say(&server, WIRE_SPAN("never said"));
        assert_non_null(strstr(server.stage->cause, text));
        write_u8(&server.wire, 0);
        said = so_far(&server.wire);
        assert_true(begins(said, "HTTP/1.1 "));
        assert_true(begins(span_from(said, 9), refused[i / 2].status));
        assert_non_null(strstr((const char *)said.at, text));
        assert_non_null(strstr((const char *)said.at, "\r\n\r\n"));
        fini(&server);
    }
}

static void a_refusal_says_how_it_should_be(void **state)
{
    static const struct {
        const char *request;
        const char *holds;
    } rows[] = {
        {GET_MQTT HOST UPGRADE KEY PROTOCOL "\r\n", "\r\nSec-WebSocket-Version: 13\r\n"},
        {GET_MQTT HOST "\r\n", "\r\nUpgrade: websocket\r\n"},
        {"PUT /mqtt HTTP/1.1\r\n\r\n", "\r\nAllow: GET\r\n"},
        {"GET / HTTP/1.1\r\n\r\n", "which is /mqtt\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct side server;

        accept_at(&server);
        hear_text(&server, rows[i].request);
        speak(&server);
        write_u8(&server.wire, 0);
        assert_non_null(strstr((const char *)server.wire_octets, rows[i].holds));
        fini(&server);
    }
}

static void memory_of_a_request_grows_with_its_octets_and_has_an_end(void **state)
{
    struct side server;
    size_t first = 0;

    (void)state;
    accept_at(&server);
    hear_text(&server, "GET /mqtt HTTP/1.1\r\nX: ");
    first = server.budget.used;
    assert_true(first < 1500);
    for (size_t i = 23; i < 8192; i++) {
        hear_text(&server, "x");
    }
    assert_true(server.budget.used > first && server.budget.used < 8192 + 1500);
    speak(&server);
    assert_int_equal(written(&server.wire), 0);
    hear_text(&server, "x");
    speak(&server);
    assert_true(begins(so_far(&server.wire), "HTTP/1.1 431 "));
    assert_int_equal(server.stage->state, GW_STAGE_OVER);
    fini(&server);
}

static void a_request_may_have_8_kib(void **state)
{
    static const char rest[] = GET_MQTT WS_FIELDS PROTOCOL "X: ";
    struct side server;

    (void)state;
    accept_at(&server);
    hear_text(&server, rest);
    for (size_t i = strlen(rest); i < 8192 - 4; i++) {
        hear_text(&server, "x");
    }
    hear_text(&server, "\r\n\r\n");
    assert_int_equal(server.stage->state, GW_STAGE_UP);
    fini(&server);
}

static void without_memory_a_request_is_refused(void **state)
{
    struct side server;

    (void)state;
    accept_at(&server);
    server.budget.limit = server.budget.used;
    assert_null(gw_ws_accept("/mqtt", &server.budget));
    hear_text(&server, WS_REQUEST);
    speak(&server);
    assert_true(begins(so_far(&server.wire), "HTTP/1.1 503 "));
    assert_int_equal(server.stage->state, GW_STAGE_OVER);
    fini(&server);
}

static void frames_behind_the_request_are_read(void **state)
{
    struct side server;

    (void)state;
    accept_at(&server);
    hear(&server, WIRE_SPAN(WS_REQUEST "\x82\x82\0\0\0\0\xC0\0"), SIZE_MAX, 4096);
    assert_span_equal(so_far(&server.plain), WIRE_SPAN("\xC0\0"));
    say(&server, WIRE_SPAN("\xD0\0"));
    assert_true(begins(so_far(&server.wire), "HTTP/1.1 101 "));
    assert_memory_equal(server.wire.at - 4, "\x82\x02\xD0\0", 4);
    fini(&server);
}

/* Who asks hears that it is up before it hears what was said, or that it is over. */
static void it_is_up_before_what_stands_behind_the_request_ends_it(void **state)
{
    struct span octets = WIRE_SPAN(WS_REQUEST "\x82\x82\0\0\0\0\xC0\0\x81\x80\0\0\0\0");
    struct side server;
    uint8_t plain[64];

    (void)state;
    accept_at(&server);
    assert_int_equal(gw_stage_input(server.stage, &octets, plain, sizeof plain), 0);
    assert_int_equal(server.stage->state, GW_STAGE_UP);
    assert_int_equal(gw_stage_input(server.stage, &octets, plain, sizeof plain), 2);
    assert_int_equal(server.stage->state, GW_STAGE_OVER);
    fini(&server);
}

/* --- opening, the client's side --- */

/* The request ends what was said; the acceptance is that of its key. */
static void the_request_is_what_a_server_wants(void **state)
{
    struct side client;
    char text[512] = {0};

    (void)state;
    connect_to(&client, 1);
    speak(&client);
    memcpy(text, client.wire_octets, written(&client.wire));
    assert_non_null(strstr(text, "GET /mqtt HTTP/1.1\r\nHost: gw.local:8083\r\n"));
    assert_non_null(strstr(text, "\r\nSec-WebSocket-Protocol: mqtt\r\n")); /* [MQTT-6.0.0-3] */
    fini(&client);

    client.budget = (struct budget){.limit = MEMORY};
    init(&client, gw_ws_connect("fe80::1", 80, "/", 1, &client.budget));
    speak(&client);
    write_u8(&client.wire, 0);
    assert_non_null(strstr((const char *)client.wire_octets, "\r\nHost: [fe80::1]:80\r\n"));
    fini(&client);
}

static void a_request_that_would_not_fit_is_not_begun(void **state)
{
    struct budget budget = {.limit = MEMORY};
    char path[9000];

    (void)state;
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = 0;
    assert_null(gw_ws_connect("gw", 80, path, 1, &budget));
    assert_int_equal(budget.used, 0);
}

/* `ACCEPT` stands for what fits the key of seed 1. */
static void answer(struct side *client, const char *form)
{
    struct side server;
    char good[512] = {0};
    char *accept = NULL;
    const char *gap = strstr(form, "ACCEPT");

    connect_to(client, 1);
    accept_at(&server);
    speak(client);
    pass(client, &server, SIZE_MAX);
    speak(&server);
    memcpy(good, server.wire_octets, written(&server.wire));
    accept = strstr(good, "Accept: ");
    assert_non_null(accept);
    if (gap == NULL) {
        hear_text(client, form);
    } else {
        hear(client, span_of(form, (size_t)(gap - form)), SIZE_MAX, 4096);
        hear(client, span_of(accept + 8, 28), SIZE_MAX, 4096);
        hear_text(client, gap + 6);
    }
    fini(&server);
}

#define SWITCH "HTTP/1.1 101 Switching Protocols\r\n"
#define ACCEPT "Sec-WebSocket-Accept: ACCEPT\r\n"

static void a_good_answer_opens(void **state)
{
    static const char *const forms[] = {
        SWITCH UPGRADE ACCEPT PROTOCOL "\r\n",
        "HTTP/1.1 101\r\nupgrade: WebSocket\r\nconnection: x, UPGRADE\r\nServer: y\r\n" ACCEPT
        "sec-websocket-protocol:mqtt\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct side client;
        size_t before = 0;

        answer(&client, forms[i]);
        assert_int_equal(client.stage->state, GW_STAGE_UP);
        before = client.budget.used;
        assert_true(before < 500);
        fini(&client);
    }
}

static void an_answer_that_does_not_fit_is_told_in_words(void **state)
{
    static const struct {
        const char *form;
        const char *cause;
    } rows[] = {
        {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
         "the server answers 403 Forbidden, not a WebSocket"},
        {"HTTP/1.0 302\r\nLocation: /\r\n\r\n", "the server answers 302, not a WebSocket"},
        {"HTTP/1.1 500 \x9B"
         "31m\r\n\r\n",
         "the server answers 500 \\x9b31m, not a WebSocket"},
        {"SSH-2.0-OpenSSH\r\n\r\n", "the server does not speak HTTP"},
        {"HTTP/1.1\r\n\r\n", "the server does not speak HTTP"},
        {" 101 \r\n\r\n", "the server does not speak HTTP"},
        {"\x20\x02", "the server does not speak HTTP"}, /* CONNACK */
        {"HTTP/1.0 101 x\r\n" UPGRADE ACCEPT PROTOCOL "\r\n",
         "the server answers 101, but not with a WebSocket"},
        {SWITCH ACCEPT PROTOCOL "\r\n", "the server answers 101, but not with a WebSocket"},
        {SWITCH UPGRADE PROTOCOL "\r\n", "the server's Sec-WebSocket-Accept does not fit: a cache "
                                         "or a proxy on the way?"},
        {SWITCH UPGRADE PROTOCOL "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
         "the server's Sec-WebSocket-Accept does not fit: a cache or a proxy on the way?"},
        {SWITCH UPGRADE ACCEPT "\r\n", "the server chose no sub-protocol mqtt"},
        {SWITCH UPGRADE ACCEPT "Sec-WebSocket-Protocol: mqttv3.1\r\n\r\n",
         "the server chose no sub-protocol mqtt"},
        {SWITCH UPGRADE ACCEPT PROTOCOL "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
         "the server chose an extension that was not offered"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct side client;

        answer(&client, rows[i].form);
        assert_int_equal(client.stage->state, GW_STAGE_OVER);
        assert_string_equal(client.stage->cause, rows[i].cause);
        fini(&client);
    }
}

static void an_answer_without_end_is_too_long(void **state)
{
    struct side client;

    (void)state;
    connect_to(&client, 1);
    speak(&client);
    for (size_t i = 0; client.stage->state == GW_STAGE_OPENING; i++) {
        assert_true(i <= 8192);
        hear_text(&client, "x");
    }
    assert_string_equal(client.stage->cause, "the server's answer has more than 8 KiB");
    assert_true(client.budget.used < 500);
    fini(&client);
}

/* --- frames --- */

static void fill(uint8_t *octets, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        octets[i] = (uint8_t)(i * 7 + i / 256);
    }
}

/* Lengths around each form of a header, and longer than one output. [MQTT-6.0.0-2] */
static void what_one_side_says_the_other_hears_however_it_is_cut(void **state)
{
    static const size_t lengths[] = {1, 2, 125, 126, 127, 4096, 65535, 65536, 70000};
    static const size_t pieces[] = {1, 2, 3, 5, 7, 13, 14, 64, 1000, 4096, 65536};
    static uint8_t octets[70000];

    (void)state;
    fill(octets, sizeof octets);
    for (size_t p = 0; p < COUNT(pieces); p++) {
        struct side client;
        struct side server;

        open_both(&client, &server, pieces[p]);
        for (size_t i = 0; i < COUNT(lengths); i++) {
            say(&client, span_of(octets, lengths[i]));
            say(&server, span_of(octets, lengths[i]));
            pass(&client, &server, pieces[p]);
            pass(&server, &client, pieces[p]);
            assert_span_equal(so_far(&server.plain), span_of(octets, lengths[i]));
            assert_span_equal(so_far(&client.plain), span_of(octets, lengths[i]));
            server.plain.at = server.plain.start;
            client.plain.at = client.plain.start;
        }
        fini(&client);
        fini(&server);
    }
}

/* Frames of a size that our own output does not have: wslay's buffer turns over inside them. */
static void a_frame_of_a_hundred_kib_is_passed_on_as_it_comes(void **state)
{
    static uint8_t wire[100000 + 14];
    static const size_t rooms[] = {1, 7, 100, 4096};
    struct writer w = writer_of(wire, sizeof wire);

    (void)state;
    write_span(&w, WIRE_SPAN("\x82\xFF\0\0\0\0\0\x01\x86\xA0\0\0\0\0"));
    fill(wire + 14, 100000);
    for (size_t i = 0; i < COUNT(rooms); i++) {
        struct side server;

        open_server(&server);
        hear(&server, span_of(wire, sizeof wire), 60000, rooms[i]);
        assert_span_equal(so_far(&server.plain), span_of(wire + 14, 100000));
        assert_true(server.budget.used < 500);
        fini(&server);
    }
}

static void a_row_of_fragments_and_pings_is_read_at_every_split(void **state)
{
    /* abc in three fragments, pings between them, empty frames, then de and f */
    static const struct span row = {WIRE(
        "\x02\x81\0\0\0\0a\x89\x82\0\0\0\0p1\x00\x80\0\0\0\0\x00\x81\x01\x02\x03\x04"
        "c\x8A\x80\0\0\0\0\x80\x81\0\0\0\0c\x82\x80\0\0\0\0\x82\x82\0\0\0\0de\x89\x82\0\0\0\0p2"
        "\x82\xFE\0\x7E\0\0\0\0"
        "012345678901234567890123456789012345678901234567890123456789012345678901234567890123"
        "456789012345678901234567890123456789012345"
        "\x82\x81\0\0\0\0f")};

    (void)state;
    for (size_t a = 0; a <= row.len; a++) {
        struct side server;

        open_server(&server);
        hear(&server, span_of(row.at, a), SIZE_MAX, 4096);
        hear(&server, span_from(row, a), SIZE_MAX, 4096);
        assert_int_equal(written(&server.plain), 3 + 2 + 126 + 1);
        assert_memory_equal(server.plain_octets, "abcde0123", 9);
        assert_int_equal(server.plain_octets[131], 'f');
        speak(&server); /* the last ping */
        assert_span_equal(so_far(&server.wire), WIRE_SPAN("\x8A\x02p2"));
        fini(&server);
    }
}

static void every_size_of_ping_is_answered(void **state)
{
    struct side client;
    struct side server;

    (void)state;
    open_both(&client, &server, SIZE_MAX);
    for (size_t len = 0; len <= 125; len++) {
        uint8_t frame[2 + 125] = {0x89, (uint8_t)len};

        fill(frame + 2, len);
        hear(&client, span_of(frame, 2 + len), 3, 4096);
        speak(&client); /* masked */
        assert_int_equal(written(&client.wire), 2 + 4 + len);
        assert_int_equal(client.wire_octets[0], 0x8A);
        assert_int_equal(client.wire_octets[1], 0x80 | len);
        for (size_t i = 0; i < len; i++) {
            assert_int_equal(client.wire_octets[6 + i] ^ client.wire_octets[2 + i % 4],
                             frame[2 + i]);
        }
        pass(&client, &server, SIZE_MAX); /* a pong that nobody asked for is nothing */
        assert_int_equal(server.stage->state, GW_STAGE_UP);
    }
    fini(&client);
    fini(&server);
}

static const struct {
    struct span wire;
    const char *said;
    const char *cause;
} not_allowed[] = {
    {{WIRE("\x81\x81\0\0\0\0t")}, "\x88\x02\x03\xEB", "text frame"}, /* [MQTT-6.0.0-1] */
    {{WIRE("\x81\x80\0\0\0\0")}, "\x88\x02\x03\xEB", "text frame"},
    {{WIRE("\x82\x01t")}, "\x88\x02\x03\xEA", "without a mask"},
    {{WIRE("\x89\x00")}, "\x88\x02\x03\xEA", "without a mask"},
    {{WIRE("\xC2\x81\0\0\0\0t")}, "\x88\x02\x03\xEA", "extension"},
    {{WIRE("\xA2\x81\0\0\0\0t")}, "\x88\x02\x03\xEA", "extension"},
    {{WIRE("\x92\x81\0\0\0\0t")}, "\x88\x02\x03\xEA", "extension"},
    {{WIRE("\x83\x81\0\0\0\0t")}, "\x88\x02\x03\xEA", "unknown kind"},
    {{WIRE("\x87\x81\0\0\0\0t")}, "\x88\x02\x03\xEA", "unknown kind"},
    {{WIRE("\x8B\x81\0\0\0\0t")}, "\x88\x02\x03\xEA", "unknown kind"},
    {{WIRE("\x8F\x81\0\0\0\0t")}, "\x88\x02\x03\xEA", "unknown kind"},
    {{WIRE("\x80\x81\0\0\0\0t")}, "\x88\x02\x03\xEA", "had not begun"},
    {{WIRE("\x02\x81\0\0\0\0t\x82\x81\0\0\0\0t")}, "\x88\x02\x03\xEA", "inside another"},
    {{WIRE("\x02\x81\0\0\0\0t\x81\x81\0\0\0\0t")}, "\x88\x02\x03\xEA", "inside another"},
    {{WIRE("\x89\xFE\0\x7E\0\0\0\0")}, "\x88\x02\x03\xEA", "breaks the rules"},
    {{WIRE("\x09\x80\0\0\0\0")}, "\x88\x02\x03\xEA", "breaks the rules"},
    {{WIRE("\x82\xFE\0\x7D\0\0\0\0")}, "\x88\x02\x03\xEA", "breaks the rules"},
    {{WIRE("\x82\xFF\x80\0\0\0\0\0\0\0\0\0\0\0")}, "\x88\x02\x03\xEA", "breaks the rules"},
    {{WIRE("\x88\x81\0\0\0\0\x03")}, "\x88\x02\x03\xEA", "means nothing"},
    {{WIRE("\x88\x82\0\0\0\0\x03\xED")}, "\x88\x02\x03\xEA", "means nothing"},
    {{WIRE("\x88\x82\0\0\0\0\0\0")}, "\x88\x02\x03\xEA", "means nothing"},
    {{WIRE("\x88\x83\0\0\0\0\x03\xE8\xFF")}, "\x88\x02\x03\xEA", "means nothing"},
};

static void a_frame_that_is_not_allowed_ends_the_connection(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(not_allowed); i++) {
        struct side server;

        open_server(&server);
        hear(&server, WIRE_SPAN("\x89\x80\0\0\0\0\x82\x81\0\0\0\0x"), SIZE_MAX, 4096);
        hear(&server, not_allowed[i / 2].wire, i % 2 == 0 ? SIZE_MAX : 1, 4096);
        assert_int_equal(server.stage->state, GW_STAGE_OVER);
        gw_stage_end(server.stage);
        say(&server, WIRE_SPAN("never said"));
        assert_span_equal(so_far(&server.wire), span_of(not_allowed[i / 2].said, 4));
        assert_int_equal(server.stage->state, GW_STAGE_OVER);
        assert_non_null(strstr(server.stage->cause, not_allowed[i / 2].cause));
        assert_true(server.plain_octets[0] == 'x');
        assert_true(written(&server.plain) == 1 || not_allowed[i / 2].wire.at[0] == 0x02);
        fini(&server);
    }
}

static void a_server_that_masks_is_refused(void **state)
{
    struct side client;
    struct side server;

    (void)state;
    open_both(&client, &server, SIZE_MAX);
    hear(&client, WIRE_SPAN("\x82\x81\0\0\0\0x"), SIZE_MAX, 4096);
    speak(&client);
    assert_int_equal(client.stage->state, GW_STAGE_OVER);
    assert_string_equal(client.stage->cause, "it sent a masked frame");
    pass(&client, &server, SIZE_MAX);
    speak(&server);
    assert_string_equal(server.stage->cause, "it closed the WebSocket: 1002");
    fini(&client);
    fini(&server);
}

static void an_end_is_said_and_answered(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct side sides[2];
        struct side *from = &sides[i];
        struct side *to = &sides[1 - i];
        static uint8_t much[40000];

        open_both(&sides[0], &sides[1], SIZE_MAX);
        say(from, span_of(much, sizeof much));
        gw_stage_end(from->stage);
        gw_stage_end(from->stage);
        say(from, WIRE_SPAN("never said"));
        assert_int_equal(from->stage->state, GW_STAGE_OVER);
        assert_null(from->stage->cause);
        pass(from, to, SIZE_MAX);
        assert_span_equal(so_far(&to->plain), span_of(much, sizeof much));
        speak(to);
        assert_int_equal(to->stage->state, GW_STAGE_OVER);
        assert_null(to->stage->cause);
        assert_int_equal(to->wire_octets[0], 0x88);
        fini(&sides[0]);
        fini(&sides[1]);
    }
}

static void a_close_is_answered_with_its_code(void **state)
{
    static const struct {
        struct span wire;
        struct span said;
        const char *cause;
    } rows[] = {
        {{WIRE("\x88\x80\0\0\0\0")}, {WIRE("\x88\0")}, NULL},
        {{WIRE("\x88\x82\0\0\0\0\x03\xE8")}, {WIRE("\x88\x02\x03\xE8")}, NULL},
        {{WIRE("\x88\x85\0\0\0\0\x03\xE9"
               "bye")},
         {WIRE("\x88\x02\x03\xE9")},
         NULL},
        {{WIRE("\x88\x8B\0\0\0\0\x03\xF0"
               "bad token")},
         {WIRE("\x88\x02\x03\xF0")},
         "it closed the WebSocket: 1008 bad token"},
        {{WIRE("\x88\x82\0\0\0\0\x0F\xA0")},
         {WIRE("\x88\x02\x0F\xA0")},
         "it closed the WebSocket: 4000"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct side server;

        open_server(&server);
        hear(&server, rows[i].wire, 1, 4096);
        speak(&server);
        assert_span_equal(so_far(&server.wire), rows[i].said);
        assert_int_equal(server.stage->state, GW_STAGE_OVER);
        if (rows[i].cause == NULL) {
            assert_null(server.stage->cause);
        } else {
            assert_string_equal(server.stage->cause, rows[i].cause);
        }
        fini(&server);
    }
}

static void an_end_before_it_is_up_says_nothing(void **state)
{
    struct side client;

    (void)state;
    connect_to(&client, 1);
    gw_stage_end(client.stage);
    speak(&client);
    assert_int_equal(client.stage->state, GW_STAGE_OVER);
    assert_int_equal(written(&client.wire), 0);
    fini(&client);
}

static void what_is_over_takes_and_gives_nothing(void **state)
{
    struct side server;
    struct span octets = WIRE_SPAN("\x82\x81\0\0\0\0x");
    struct span plain = WIRE_SPAN("y");
    uint8_t room[GW_STAGE_LEAST];
    struct writer w = writer_of(room, sizeof room);

    (void)state;
    open_server(&server);
    gw_stage_end(server.stage);
    speak(&server);
    assert_int_equal(gw_stage_input(server.stage, &octets, room, sizeof room), 0);
    gw_stage_output(server.stage, &plain, &w);
    assert_int_equal(octets.len, 7);
    assert_int_equal(plain.len, 1);
    assert_int_equal(written(&w), 0);
    fini(&server);
}

static void an_output_wraps_what_fits(void **state)
{
    static uint8_t much[50000];
    uint8_t room[GW_STAGE_LEAST];
    struct span plain = span_of(much, sizeof much);
    struct writer w = writer_of(room, sizeof room);
    struct side server;

    (void)state;
    open_server(&server);
    gw_stage_output(server.stage, &plain, &w);
    assert_true(written(&w) > sizeof room - 14);
    assert_int_equal(sizeof much - plain.len, written(&w) - 4);
    w = writer_of(room, 14); /* too little for any frame: it is asked again */
    gw_stage_output(server.stage, &plain, &w);
    assert_int_equal(written(&w), 0);
    fini(&server);
}

static void a_seed_replays_and_no_two_masks_are_alike(void **state)
{
    struct side clients[2];
    struct side servers[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        open_both(&clients[i], &servers[i], SIZE_MAX);
        say(&clients[i], WIRE_SPAN("same"));
        say(&clients[i], WIRE_SPAN("same"));
        assert_int_equal(written(&clients[i].wire), 20);
        assert_memory_not_equal(clients[i].wire_octets + 2, clients[i].wire_octets + 12, 4);
    }
    assert_span_equal(so_far(&clients[0].wire), so_far(&clients[1].wire));
    for (size_t i = 0; i < 2; i++) {
        fini(&clients[i]);
        fini(&servers[i]);
    }
}

static void between_frames_a_connection_is_small(void **state)
{
    struct side server;
    size_t idle = 0;

    (void)state;
    open_server(&server);
    idle = server.budget.used;
    assert_true(idle < 500);
    hear(&server, WIRE_SPAN("\x82"), 1, 4096);
    assert_int_equal(server.budget.used, idle + GW_WS_READER);
    hear(&server, WIRE_SPAN("\x82\0\0\0\0a"), 1, 4096);
    assert_int_equal(server.budget.used, idle + GW_WS_READER);
    hear(&server, WIRE_SPAN("b"), 1, 4096);
    assert_int_equal(server.budget.used, idle);
    server.budget.limit = idle;
    hear(&server, WIRE_SPAN("\x82\x81\0\0\0\0c"), 1, 4096);
    speak(&server);
    assert_span_equal(so_far(&server.wire), WIRE_SPAN("\x88\x02\x03\xF3"));
    assert_string_equal(server.stage->cause, "no memory for a WebSocket frame");
    fini(&server);
}

/* Whatever comes, nothing faults, and all memory comes back. */
static void random_octets_end_in_good_order(void **state)
{
    struct rng rng;

    (void)state;
    rng_init(&rng, 3);
    for (int i = 0; i < 3000; i++) {
        struct side client;
        struct side server;
        uint8_t octets[64];

        open_both(&client, &server, SIZE_MAX);
        for (size_t n = 0; n < sizeof octets; n++) {
            octets[n] = (uint8_t)rng_next(&rng);
        }
        octets[0] = (uint8_t)(octets[0] & 0x8F); /* mostly frames that begin well */
        hear(&client, span_of(octets, sizeof octets), 1 + rng_below(&rng, 64), 32);
        octets[1] |= 0x80;
        hear(&server, span_of(octets, sizeof octets), 1 + rng_below(&rng, 64), 32);
        speak(&client);
        speak(&server);
        fini(&client);
        fini(&server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_rfc_is_answered_as_there),
        cmocka_unit_test(good_requests_have_many_forms),
        cmocka_unit_test(a_bad_request_is_told_what_is_wrong),
        cmocka_unit_test(a_refusal_says_how_it_should_be),
        cmocka_unit_test(memory_of_a_request_grows_with_its_octets_and_has_an_end),
        cmocka_unit_test(a_request_may_have_8_kib),
        cmocka_unit_test(without_memory_a_request_is_refused),
        cmocka_unit_test(frames_behind_the_request_are_read),
        cmocka_unit_test(it_is_up_before_what_stands_behind_the_request_ends_it),
        cmocka_unit_test(the_request_is_what_a_server_wants),
        cmocka_unit_test(a_request_that_would_not_fit_is_not_begun),
        cmocka_unit_test(a_good_answer_opens),
        cmocka_unit_test(an_answer_that_does_not_fit_is_told_in_words),
        cmocka_unit_test(an_answer_without_end_is_too_long),
        cmocka_unit_test(what_one_side_says_the_other_hears_however_it_is_cut),
        cmocka_unit_test(a_frame_of_a_hundred_kib_is_passed_on_as_it_comes),
        cmocka_unit_test(a_row_of_fragments_and_pings_is_read_at_every_split),
        cmocka_unit_test(every_size_of_ping_is_answered),
        cmocka_unit_test(a_frame_that_is_not_allowed_ends_the_connection),
        cmocka_unit_test(a_server_that_masks_is_refused),
        cmocka_unit_test(an_end_is_said_and_answered),
        cmocka_unit_test(a_close_is_answered_with_its_code),
        cmocka_unit_test(an_end_before_it_is_up_says_nothing),
        cmocka_unit_test(what_is_over_takes_and_gives_nothing),
        cmocka_unit_test(an_output_wraps_what_fits),
        cmocka_unit_test(a_seed_replays_and_no_two_masks_are_alike),
        cmocka_unit_test(between_frames_a_connection_is_small),
        cmocka_unit_test(random_octets_end_in_good_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
