#include "gateway/edge/ws_frames.h"

#include <assert.h>

#include "base/text.h"
#include "base/utf8.h"

#define HEADER_MOST 14u /* two octets, a length of eight, a mask */
#define FINAL       0x80u
#define MASKED      0x80u

void gw_ws_frames_init(struct gw_ws_frames *frames, bool client, uint64_t seed,
                       struct budget *budget)
{
    *frames = (struct gw_ws_frames){.budget = budget, .client = client};
    rng_init(&frames->masks, seed);
}

void gw_ws_frames_fini(struct gw_ws_frames *frames)
{
    if (frames->reader != NULL) {
        wslay_frame_context_free(frames->reader);
        budget_refund(frames->budget, GW_WS_READER);
        frames->reader = NULL;
    }
}

/* wslay asks for octets: never for more than the caller has room for, so what it has read when it
 * asks in vain is at most a part of a header. */
static ssize_t feed(uint8_t *buf, size_t len, int flags, void *arg)
{
    struct gw_ws_frames *frames = arg;
    size_t left = read_left(frames->octets);
    struct span octets;

    (void)flags;
    len = len < left ? len : left;
    len = len < frames->room ? len : frames->room;
    octets = read_span(frames->octets, len);
    if (octets.at == NULL) {
        return -1;
    }
    memcpy(buf, octets.at, len);
    frames->room -= len;
    frames->held += len;
    return (ssize_t)len;
}

static void stop(struct gw_ws_frames *frames, uint16_t code, const char *cause)
{
    frames->code = code;
    frames->cause = cause;
    frames->over = true;
    frames->last_word = true;
    frames->pong = false;
}

static bool open_reader(struct gw_ws_frames *frames)
{
    static const struct wslay_frame_callbacks callbacks = {.recv_callback = feed};

    if (frames->reader != NULL) {
        return true;
    }
    if (!budget_charge(frames->budget, GW_WS_READER)) {
        stop(frames, WSLAY_CODE_INTERNAL_SERVER_ERROR, "no memory for a WebSocket frame");
        return false;
    }
    if (wslay_frame_context_init(&frames->reader, &callbacks, frames) != 0) {
        budget_refund(frames->budget, GW_WS_READER);
        frames->reader = NULL;
        stop(frames, WSLAY_CODE_INTERNAL_SERVER_ERROR, "no memory for a WebSocket frame");
        return false;
    }
    return true;
}

/* What a frame may not be, or NULL. wslay holds control frames to 125 octets and one piece. */
static const char *fault_of(const struct gw_ws_frames *frames, const struct wslay_frame_iocb *io)
{
    if (io->rsv != WSLAY_RSV_NONE) {
        return "it uses a WebSocket extension that was not agreed on";
    }
    if ((io->mask != 0) == frames->client) {
        return frames->client ? "it sent a masked frame" : "it sent a frame without a mask";
    }
    switch (io->opcode) {
    case WSLAY_CONTINUATION_FRAME:
        return frames->in_message ? NULL : "it continued a message that had not begun";
    case WSLAY_TEXT_FRAME:
    case WSLAY_BINARY_FRAME: return frames->in_message ? "it began a message inside another" : NULL;
    case WSLAY_CONNECTION_CLOSE:
    case WSLAY_PING:
    case WSLAY_PONG: return NULL;
    default: return "it sent an unknown kind of WebSocket frame";
    }
}

static size_t header_of(const struct wslay_frame_iocb *io)
{
    size_t length = io->payload_length < 126 ? 0 : io->payload_length <= UINT16_MAX ? 2 : 8;

    return 2 + length + (io->mask != 0 ? 4 : 0);
}

static void begin_frame(struct gw_ws_frames *frames, const struct wslay_frame_iocb *io)
{
    const char *fault = fault_of(frames, io);

    frames->held -= header_of(io);
    frames->left = io->payload_length;
    if (fault != NULL) {
        stop(frames, WSLAY_CODE_PROTOCOL_ERROR, fault);
    } else if (io->opcode == WSLAY_TEXT_FRAME) { /* [MQTT-6.0.0-1] */
        stop(frames, WSLAY_CODE_UNSUPPORTED_DATA, "it sent a text frame; MQTT goes in binary ones");
    } else if (wslay_is_ctrl_frame(io->opcode)) {
        frames->control_len = 0;
        frames->pong = false;
    } else {
        frames->in_message = io->fin == 0;
    }
}

/* 7.4: codes that may stand in a close frame. */
static bool is_code(uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static const char *told(struct gw_ws_frames *frames, uint16_t code, struct span reason)
{
    uint8_t text[sizeof frames->control];
    struct writer w = writer_of(text, sizeof text);

    write_text(&w, "it closed the WebSocket: ");
    write_decimal(&w, code);
    write_text(&w, reason.len == 0 ? "" : " ");
    write_printable(&w, reason.len < 80 ? reason : span_of(reason.at, 80));
    write_end(&w);
    memcpy(frames->control, text, sizeof text);
    return (const char *)frames->control;
}

static void closed_by_peer(struct gw_ws_frames *frames)
{
    struct reader r = reader_of(span_of(frames->control, frames->control_len));
    uint16_t code = frames->control_len == 0 ? 0 : read_u16(&r);
    struct span reason = read_rest(&r);

    if (r.bad || (frames->control_len != 0 && !is_code(code)) || !utf8_is_text(reason)) {
        stop(frames, WSLAY_CODE_PROTOCOL_ERROR, "it sent a close frame that means nothing");
    } else if (code <= WSLAY_CODE_GOING_AWAY) { /* 0: none was given */
        stop(frames, code, NULL);
    } else {
        stop(frames, code, told(frames, code, reason));
    }
}

static void end_frame(struct gw_ws_frames *frames, uint8_t opcode)
{
    if (opcode == WSLAY_PING) {
        frames->pong = true;
    } else if (opcode == WSLAY_CONNECTION_CLOSE) {
        closed_by_peer(frames);
    }
}

/* A part of a frame, or all of it. */
static void take(struct gw_ws_frames *frames, const struct wslay_frame_iocb *io, struct writer *out)
{
    struct writer control = writer_of(frames->control, GW_WS_CONTROL);

    if (frames->left == 0) {
        begin_frame(frames, io);
    }
    if (frames->over) {
        return;
    }
    frames->held -= io->data_length;
    frames->left -= io->data_length;
    if (!wslay_is_ctrl_frame(io->opcode)) {
        write_span(out, span_of(io->data, io->data_length));
    } else if (io->opcode != WSLAY_PONG) {
        (void)write_room(&control, frames->control_len);
        write_span(&control, span_of(io->data, io->data_length));
        frames->control_len = (uint8_t)written(&control);
    }
    assert(!out->bad && !control.bad);
    if (frames->left == 0) {
        end_frame(frames, io->opcode);
    }
}

size_t gw_ws_frames_input(struct gw_ws_frames *frames, struct span *octets, uint8_t *room,
                          size_t size)
{
    struct reader r = reader_of(*octets);
    struct writer out = writer_of(room, size);
    struct wslay_frame_iocb io;
    ssize_t got = 0;

    frames->octets = &r;
    frames->room = size;
    while (got >= 0 && !frames->over && (frames->held != 0 || read_left(&r) != 0) &&
           open_reader(frames)) {
        got = wslay_frame_recv(frames->reader, &io);
        if (got >= 0) {
            take(frames, &io, &out);
        } else if (got != WSLAY_ERR_WANT_READ) {
            stop(frames, WSLAY_CODE_PROTOCOL_ERROR,
                 "it sent a frame that breaks the rules of WebSocket");
        }
    }
    frames->octets = NULL;
    if (frames->over || (frames->held == 0 && frames->left == 0)) {
        gw_ws_frames_fini(frames);
    }
    *octets = read_rest(&r);
    return written(&out);
}

/* Eight octets at a time, as this is what every message passes through. */
static void mask(uint8_t *to, struct span from, const uint8_t key[4])
{
    uint64_t keys = 0;
    uint64_t eight = 0;
    size_t i = 0;

    memcpy(&keys, key, 4);
    memcpy((uint8_t *)&keys + 4, key, 4);
    for (; i + sizeof eight <= from.len; i += sizeof eight) {
        memcpy(&eight, &from.at[i], sizeof eight);
        eight ^= keys;
        memcpy(&to[i], &eight, sizeof eight);
    }
    for (; i < from.len; i++) {
        to[i] = from.at[i] ^ key[i % 4];
    }
}

static void write_length(struct writer *w, size_t len, uint8_t masked)
{
    if (len < 126) {
        write_u8(w, (uint8_t)(masked | len));
    } else if (len <= UINT16_MAX) {
        write_u8(w, masked | 126);
        write_u16(w, (uint16_t)len);
    } else {
        write_u8(w, masked | 127);
        write_u32(w, (uint32_t)((uint64_t)len >> 32));
        write_u32(w, (uint32_t)len);
    }
}

/* `payload` fits with a header of any size. */
static void write_frame(struct gw_ws_frames *frames, uint8_t opcode, struct span payload,
                        struct writer *w)
{
    uint8_t key[4];

    write_u8(w, FINAL | opcode);
    write_length(w, payload.len, frames->client ? MASKED : 0);
    if (!frames->client) {
        write_span(w, payload);
    } else {
        uint64_t number = rng_next(&frames->masks);

        memcpy(key, &number, sizeof key);
        write_span(w, span_of(key, sizeof key));
        if (payload.len != 0) {
            mask(write_room(w, payload.len), payload, key);
        }
    }
    assert(!w->bad);
}

static void write_close(struct gw_ws_frames *frames, struct writer *w)
{
    uint8_t octets[2];
    struct writer code = writer_of(octets, sizeof octets);

    if (frames->code != 0) {
        write_u16(&code, frames->code);
    }
    write_frame(frames, WSLAY_CONNECTION_CLOSE, span_of(octets, written(&code)), w);
    frames->last_word = false;
}

void gw_ws_frames_output(struct gw_ws_frames *frames, struct span *plain, struct writer *w)
{
    struct reader r = reader_of(*plain);
    size_t room = 0;

    if (frames->pong && write_left(w) >= HEADER_MOST + GW_WS_CONTROL) {
        write_frame(frames, WSLAY_PONG, span_of(frames->control, frames->control_len), w);
        frames->pong = false;
    }
    if (frames->last_word && write_left(w) >= HEADER_MOST) {
        write_close(frames, w);
    }
    room = write_left(w) > HEADER_MOST ? write_left(w) - HEADER_MOST : 0;
    if (!frames->over && plain->len != 0 && room != 0) {
        write_frame(frames, WSLAY_BINARY_FRAME,
                    read_span(&r, plain->len < room ? plain->len : room), w);
        *plain = read_rest(&r);
    }
}

void gw_ws_frames_end(struct gw_ws_frames *frames)
{
    if (!frames->over) {
        stop(frames, WSLAY_CODE_NORMAL_CLOSURE, NULL);
    }
}
