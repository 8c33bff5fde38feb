#include "gateway/edge/wire.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Of the room: what one stage unwraps, or wraps for the next, lies in a part of GW_STAGE_LEAST
 * octets; behind the first of these is what goes to the socket. */
/* Enough for what one stage makes of GW_STAGE_LEAST octets of another. */
#define WRAP_LEAST (3 * (size_t)GW_STAGE_LEAST)
#define OUT_ROOM   (7 * (size_t)GW_STAGE_LEAST)
/* A level that is none, nor the one below the first. */
#define REFUSED (SIZE_MAX - 1)

static struct gw_loop *loop_of(const struct gw_wire *wire)
{
    return wire->user->wires->loop;
}

static uint8_t *room_of(const struct gw_wire *wire, size_t part)
{
    return wire->user->wires->room + part * GW_STAGE_LEAST;
}

static bool watch(struct gw_wire *wire)
{
    uint32_t what = (wire->reading ? EPOLLIN : 0u) | (wire->tail != NULL ? EPOLLOUT : 0u);
    bool good = gw_wires_watch(wire->user->wires, wire, wire->watched, what);

    wire->watched = good ? (uint8_t)what : wire->watched;
    return good;
}

/* --- out ------------------------------------------------------------------------------------- */

/* Asks the stages once for what they have to say and for some of *plain, wrapped; false: what one
 * wrapped the other did not take. */
static bool wrap_once(const struct gw_wire *wire, struct span *plain, struct writer *w)
{
    const struct gw_wire_stages *stages = wire->stages;
    struct writer between = writer_of(room_of(wire, 0), GW_STAGE_LEAST);
    struct span wrapped = {NULL, 0};
    struct span *from = plain;
    size_t before = 0;

    if (stages->count == 2) {
        if (stages->at[0]->state == GW_STAGE_UP) {
            gw_stage_output(stages->at[1], plain, &between);
        }
        wrapped = span_of(between.start, written(&between));
        from = &wrapped;
    }
    do {
        struct writer part = writer_of(w->at, write_left(w));

        before = from->len;
        gw_stage_output(stages->at[0], from, &part);
        w->at = part.at;
    } while (from == &wrapped && from->len != 0 && from->len < before);
    return wrapped.len == 0;
}

/* Wraps *plain until `most` octets are written; true where nothing is lost. */
static bool wrap(const struct gw_wire *wire, struct span *plain, struct writer *w, size_t most)
{
    size_t before = 0;

    do {
        before = written(w);
        if (!wrap_once(wire, plain, w)) {
            return false;
        }
    } while (written(w) != before && written(w) < most && write_left(w) >= WRAP_LEAST);
    return true;
}

/* Makes the head what goes to the socket: all of the plain head, and of the body what there is
 * room for. */
static bool wrap_tail(const struct gw_wire *wire, struct gw_tail *tail)
{
    struct writer w = writer_of(room_of(wire, 1), OUT_ROOM);
    size_t room = MQTT_SCRATCH - GW_STAGE_LEAST;
    bool good = wrap(wire, &tail->head, &w, SIZE_MAX) && tail->head.len == 0;

    if (good && tail->body.len != 0 && written(&w) < room) {
        good = wrap(wire, &tail->body, &w, room);
    }
    tail->head = span_of(w.start, written(&w));
    if (!good) {
        errno = EPROTO;
    }
    return good;
}

/* Sends what stands in `tail`, whose head is plain; the rest waits. */
static enum gw_sent push(struct gw_wire *wire, struct gw_tail *tail)
{
    if ((wire->stages == NULL || wrap_tail(wire, tail)) &&
        gw_tail_write(tail, wire->fd, wire->stages == NULL)) {
        if (gw_tail_is_empty(tail)) {
            block_drop(tail->block);
            return GW_SENT_ALL;
        }
        wire->tail = gw_tail_keep(tail, loop_of(wire)->budget);
        if (wire->tail != NULL && watch(wire)) {
            return GW_SENT_PART;
        }
    }
    if (wire->tail == NULL) {
        block_drop(tail->block);
    }
    return GW_SENT_BROKEN;
}

enum gw_sent gw_wire_send(struct gw_wire *wire, const struct mqtt_out *out)
{
    struct gw_tail tail = {.head = out->head, .body = out->body, .block = out->block};

    assert(wire->tail == NULL && gw_wire_is_up(wire));
    return push(wire, &tail);
}

bool gw_wire_speak(struct gw_wire *wire)
{
    struct gw_tail tail = {.block = NULL};

    return wire->stages == NULL || wire->tail != NULL || push(wire, &tail) != GW_SENT_BROKEN;
}

/* Sends what waits, and what the stages make of the rest of the body. False: broken. */
static bool flush(struct gw_wire *wire)
{
    struct block *kept = wire->tail;
    struct gw_tail tail = *gw_tail_of(kept);

    if (!gw_tail_write(&tail, wire->fd, wire->stages == NULL)) {
        return false;
    }
    *gw_tail_of(kept) = tail;
    if (tail.head.len != 0 || (wire->stages == NULL && tail.body.len != 0)) {
        return true;
    }
    wire->tail = NULL;
    block_drop(kept); /* its reference of the body goes on with `tail` */
    if (wire->stages != NULL && push(wire, &tail) == GW_SENT_BROKEN) {
        return false;
    }
    if (wire->stages == NULL) {
        block_drop(tail.block);
    }
    return watch(wire);
}

/* --- in -------------------------------------------------------------------------------------- */

/* Stages come up from the socket on. */
static bool tell_up(struct gw_wire *wire)
{
    struct gw_wire_stages *stages = wire->stages;

    while (stages->up < stages->count && stages->at[stages->up]->state == GW_STAGE_UP) {
        stages->up++;
        if (!wire->user->up(wire)) {
            return false;
        }
    }
    return true;
}

/* Asks stage `level` once; what it unwrapped is the input of the next one, or the user's. Returns
 * the level to ask next: its own, the next, or the one below when it has no more to give. */
static size_t unwrap_once(struct gw_wire *wire, size_t level, struct span in[])
{
    uint8_t *room = room_of(wire, level);
    size_t before = in[level].len;
    size_t len = gw_stage_input(wire->stages->at[level], &in[level], room, GW_STAGE_LEAST);

    if (!tell_up(wire)) {
        return REFUSED;
    }
    if (len == 0) { /* all taken, or over */
        return in[level].len == 0 || in[level].len == before ? level - 1 : level;
    }
    if (level + 1 == wire->stages->count) {
        wire->user->input(wire, span_of(room, len));
        return level;
    }
    in[level + 1] = span_of(room, len);
    return level + 1;
}

/* Takes octets through the stages, each piece to the top before the next; false: the user wants it
 * to end. */
static bool unwrap(struct gw_wire *wire, struct span octets)
{
    struct span in[GW_WIRE_STAGES] = {octets};
    size_t level = 0;

    while (level < GW_WIRE_STAGES) {
        level = unwrap_once(wire, level, in);
    }
    return level != REFUSED;
}

static struct gw_stage *stage_over(const struct gw_wire *wire)
{
    const struct gw_wire_stages *stages = wire->stages;

    for (size_t i = 0; stages != NULL && i < stages->count; i++) {
        if (stages->at[i]->state == GW_STAGE_OVER) {
            return stages->at[i];
        }
    }
    return NULL;
}

static void take(struct gw_wire *wire, struct span octets)
{
    const struct gw_stage *over = NULL;

    if (wire->stages == NULL) {
        wire->user->input(wire, octets);
        return;
    }
    if (!unwrap(wire, octets)) {
        wire->user->over(wire, NULL);
        return;
    }
    over = stage_over(wire);
    if (over != NULL) {
        gw_wire_part(wire);
        wire->user->over(wire, over->cause);
    } else if (!gw_wire_speak(wire)) {
        wire->user->over(wire, strerrordesc_np(errno));
    }
}

static void read_some(struct gw_wire *wire)
{
    uint8_t *scratch = loop_of(wire)->scratch;
    ssize_t len = 0;

    if (wire->user->may_read != NULL && !wire->user->may_read(wire)) {
        gw_wire_read(wire, false);
        return;
    }
    len = recv(wire->fd, scratch, MQTT_SCRATCH, MSG_DONTWAIT);
    if (len > 0) {
        take(wire, span_of(scratch, (size_t)len));
    } else if (len == 0 || (errno != EAGAIN && errno != EINTR)) {
        wire->user->over(wire, len == 0 ? NULL : strerrordesc_np(errno));
    }
}

void gw_wire_ready(struct gw_wire *wire, uint32_t events)
{
    uint32_t trouble = events & (EPOLLERR | EPOLLHUP);

    if (wire->tail != NULL && ((events & EPOLLOUT) != 0 || trouble != 0)) {
        if (!flush(wire)) {
            wire->user->over(wire, strerrordesc_np(errno));
            return;
        }
        if (wire->user->moved != NULL) {
            wire->user->moved(wire);
        }
    }
    if (wire->reading && ((events & EPOLLIN) != 0 || trouble != 0)) {
        read_some(wire);
    }
}

/* --- begin and end --------------------------------------------------------------------------- */

bool gw_wire_init(struct gw_wire *wire, const struct gw_wire_user *user, int fd)
{
    *wire = (struct gw_wire){.user = user, .fd = fd, .reading = true};
    return watch(wire);
}

bool gw_wire_raise(struct gw_wire *wire, struct gw_stage *const *stages, size_t count)
{
    struct gw_wire_stages *all = malloc(sizeof *all);

    assert(wire->stages == NULL && count > 0 && count <= GW_WIRE_STAGES);
    if (all == NULL) {
        for (size_t i = 0; i < count; i++) {
            gw_stage_free(stages[i]);
        }
        return false;
    }
    *all = (struct gw_wire_stages){.count = count};
    for (size_t i = 0; i < count; i++) {
        all->at[i] = stages[i];
    }
    wire->stages = all;
    return true;
}

bool gw_wire_is_up(const struct gw_wire *wire)
{
    return wire->stages == NULL || wire->stages->up == wire->stages->count;
}

void gw_wire_read(struct gw_wire *wire, bool on)
{
    if (wire->reading != on) {
        wire->reading = on;
        (void)watch(wire);
    }
}

/* Each stage's last words, the top one's first, since the others carry them. */
static void say_goodbye(struct gw_wire *wire)
{
    struct writer w = writer_of(room_of(wire, 1), OUT_ROOM);
    struct gw_tail last;

    for (size_t i = wire->stages->count; i-- > 0;) {
        struct span none = {NULL, 0};

        gw_stage_end(wire->stages->at[i]);
        (void)wrap(wire, &none, &w, SIZE_MAX);
    }
    last = (struct gw_tail){.head = span_of(w.start, written(&w))};
    (void)gw_tail_write(&last, wire->fd, false);
}

void gw_wire_part(struct gw_wire *wire)
{
    if (wire->stages != NULL && wire->tail == NULL) {
        say_goodbye(wire);
    }
    (void)shutdown(wire->fd, SHUT_WR);
    /* Closing with octets unread would send RST, which may overtake our last packet. */
    for (int i = 0; i < GW_WIRE_READS; i++) {
        if (recv(wire->fd, loop_of(wire)->scratch, MQTT_SCRATCH, MSG_DONTWAIT) <= 0) {
            break;
        }
    }
}

void gw_wire_fini(struct gw_wire *wire)
{
    if (wire->user == NULL) {
        return;
    }
    if (wire->watched != 0) {
        /* Closing alone would not do while a child that was just started shares the socket. */
        (void)gw_wires_watch(wire->user->wires, wire, wire->watched, 0);
        gw_wires_forget(wire->user->wires, wire);
    }
    (void)close(wire->fd);
    gw_tail_drop(wire->tail);
    if (wire->stages != NULL) {
        for (size_t i = wire->stages->count; i-- > 0;) {
            gw_stage_free(wire->stages->at[i]);
        }
        free(wire->stages);
    }
    *wire = (struct gw_wire){.fd = -1};
}
