#include "gateway/edge/control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/edge/ask.h"
#include "gateway/edge/run.h"
#include "gateway/edge/watch.h"

#define RESUME_MS 1000u

static const char busy[] = "{\"error\":\"the gateway answers 8 others already; try again\"}\n";

/* --- what waits for an asker ----------------------------------------------------------------- */

/* What is left moves to the front, so that there is room behind it. */
static void send_waiting(struct gw_asker *asker)
{
    uint8_t *octets = asker->room->octets;
    ssize_t sent = 0;

    if (asker->stuck || asker->begin == asker->end) {
        return;
    }
    sent = send(asker->fd, octets + asker->begin, asker->end - asker->begin,
                MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        asker->broken = true;
        return;
    }
    asker->begin += sent < 0 ? 0 : (size_t)sent;
    memmove(octets, octets + asker->begin, asker->end - asker->begin);
    asker->end -= asker->begin;
    asker->begin = 0;
    if (asker->end != 0) {
        asker->stuck = true;
        (void)event_add(asker->writable, NULL);
    }
}

bool gw_asker_has_room(const struct gw_asker *asker)
{
    return asker->end + GW_CONTROL_LINE <= GW_CONTROL_ROOM;
}

bool gw_asker_add(struct gw_asker *asker, cJSON *line)
{
    char *at = NULL;

    if (!gw_asker_has_room(asker)) {
        send_waiting(asker);
    }
    /* The last octet of a line's room is for its end. */
    at = (char *)asker->room->octets + asker->end;
    if (!gw_asker_has_room(asker) ||
        !cJSON_PrintPreallocated(line, at, (int)GW_CONTROL_LINE - 1, false)) {
        return false;
    }
    asker->end += strlen(at);
    asker->room->octets[asker->end++] = '\n';
    return true;
}

bool gw_asker_say(struct gw_asker *asker, cJSON *line)
{
    bool said = line != NULL && gw_asker_add(asker, line);

    cJSON_Delete(line);
    return said;
}

void gw_asker_fail(struct gw_asker *asker, const char *format, ...)
{
    cJSON *line = cJSON_CreateObject();
    char text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)cJSON_AddStringToObject(line, "error", text);
    (void)gw_asker_say(asker, line);
}

const char *gw_asker_text(const struct gw_asker *asker, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(asker->asked, key));
}

/* --- one asker ------------------------------------------------------------------------------- */

static void end_answer(struct gw_asker *asker)
{
    if (asker->ask != NULL && asker->ask->stop != NULL) {
        asker->ask->stop(asker);
    }
    cJSON_Delete(asker->asked);
    cJSON_Delete(asker->lines);
    asker->asked = NULL;
    asker->lines = NULL;
    asker->ask = NULL;
    asker->idle_ms = gw_loop_now(asker->control->loop);
}

static bool watches(const struct gw_asker *asker)
{
    return asker->ask != NULL && asker->ask->stop != NULL;
}

static void drop(struct gw_asker *asker)
{
    end_answer(asker);
    if (asker->readable != NULL) {
        event_free(asker->readable);
    }
    if (asker->writable != NULL) {
        event_free(asker->writable);
    }
    block_drop(asker->room);
    (void)close(asker->fd);
    *asker = (struct gw_asker){.control = NULL};
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct gw_asker *asker = arg;
    size_t left = sizeof asker->request - asker->request_len;
    ssize_t got = 0;

    (void)what;
    if (left == 0 && watches(asker)) { /* it listens to nothing any more */
        asker->broken = true;
        return;
    }
    if (left == 0) { /* the request at hand comes first; an end is not seen meanwhile */
        (void)event_del(asker->readable);
        return;
    }
    got = recv(fd, asker->request + asker->request_len, left, MSG_DONTWAIT);
    if (got > 0) {
        asker->request_len += (size_t)got;
    } else if (got == 0) {
        asker->ended = true;
        (void)event_del(asker->readable);
    } else if (errno != EAGAIN && errno != EINTR) {
        asker->broken = true;
    }
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct gw_asker *asker = arg;

    (void)fd;
    (void)what;
    asker->stuck = false;
}

/* The next request that is there whole; false: none. */
static bool take_request(struct gw_asker *asker)
{
    char *end = memchr(asker->request, '\n', asker->request_len);
    size_t len = end == NULL ? 0 : (size_t)(end - asker->request) + 1;

    if (end == NULL) {
        return false;
    }
    asker->asked = cJSON_ParseWithLength(asker->request, len - 1);
    memmove(asker->request, asker->request + len, asker->request_len - len);
    asker->request_len -= len;
    (void)event_add(asker->readable, NULL);
    asker->at = (struct gw_ask_at){0};
    return true;
}

/* A line that is no request ends the conversation when it is told so. */
static void refuse_overlong(struct gw_asker *asker)
{
    if (asker->request_len == sizeof asker->request && !asker->ended) {
        gw_asker_fail(asker, "a request has at most %u octets", GW_CONTROL_REQUEST - 1);
        asker->request_len = 0;
        asker->ended = true;
        (void)event_del(asker->readable);
    }
}

static void begin_answer(struct gw_asker *asker)
{
    const char *name = gw_asker_text(asker, "do");

    if (asker->asked == NULL) {
        gw_asker_fail(asker, "that is no JSON");
    } else if (name == NULL) {
        gw_asker_fail(asker, "a request is {\"do\":\"...\"}");
    } else {
        asker->ask = gw_ask_find(name);
        if (asker->ask == NULL) {
            gw_asker_fail(asker, "there is no request '%.40s' in sedge " SEDGE_VERSION, name);
        }
    }
    if (asker->ask == NULL) {
        end_answer(asker);
    }
}

/* One step of the answer under way; false: nothing more to do now. */
static bool go_on(struct gw_asker *asker)
{
    enum gw_answered answered = asker->ask->step(asker);

    if (answered == GW_ANSWER_OVER) {
        cJSON *line = cJSON_CreateObject();

        (void)cJSON_AddTrueToObject(line, "end");
        (void)gw_asker_say(asker, line);
    }
    if (answered == GW_ANSWER_OVER || answered == GW_ANSWER_FAILED) {
        end_answer(asker);
    }
    return answered != GW_ANSWER_WAITS;
}

static void serve(struct gw_asker *asker)
{
    bool busy_yet = true;

    while (busy_yet && gw_asker_has_room(asker)) {
        if (asker->ask != NULL) {
            busy_yet = go_on(asker);
        } else if (take_request(asker)) {
            begin_answer(asker);
        } else {
            refuse_overlong(asker);
            busy_yet = false;
        }
    }
    send_waiting(asker);
    if (busy_yet && !asker->stuck) {
        asker->control->loop->again = true;
    }
}

/* A watch has no end of its own: it ends with the asker's. */
static bool is_over(const struct gw_asker *asker)
{
    return asker->broken ||
           (asker->ended &&
            (watches(asker) || (asker->ask == NULL && asker->end == 0 && asker->request_len == 0)));
}

void gw_control_turn(struct gw_control *control)
{
    if (control->loop == NULL) {
        return;
    }
    gw_watch_hear(control);
    for (size_t i = 0; i < GW_CONTROL_ASKERS; i++) {
        struct gw_asker *asker = &control->askers[i];

        if (asker->control == NULL) {
            continue;
        }
        serve(asker);
        if (asker->ended && memchr(asker->request, '\n', asker->request_len) == NULL) {
            asker->request_len = 0; /* half a line that will not be finished */
        }
        if (is_over(asker)) {
            drop(asker);
        }
    }
}

/* --- the socket ------------------------------------------------------------------------------ */

static bool welcome(struct gw_control *control, struct gw_asker *asker, int fd)
{
    struct event_base *base = control->loop->base;

    *asker = (struct gw_asker){.control = control, .fd = fd, .idle_ms = gw_loop_now(control->loop)};
    asker->room = block_new(hub_budget(control->loop->hub), GW_CONTROL_ROOM);
    asker->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, asker);
    asker->writable = event_new(base, fd, EV_WRITE, on_writable, asker);
    return asker->room != NULL && asker->readable != NULL && asker->writable != NULL &&
           event_add(asker->readable, NULL) == 0;
}

/* NULL: all are busy. */
static struct gw_asker *free_asker(struct gw_control *control)
{
    uint64_t now_ms = gw_loop_now(control->loop);
    struct gw_asker *idle = NULL;

    for (size_t i = 0; i < GW_CONTROL_ASKERS; i++) {
        struct gw_asker *asker = &control->askers[i];

        if (asker->control == NULL) {
            return asker;
        }
        if (asker->ask == NULL && asker->idle_ms + GW_CONTROL_IDLE_MS <= now_ms &&
            (idle == NULL || asker->idle_ms < idle->idle_ms)) {
            idle = asker;
        }
    }
    if (idle != NULL) {
        drop(idle);
    }
    return idle;
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
    struct gw_control *control = arg;

    (void)fd;
    (void)what;
    (void)event_add(control->acceptable, NULL);
}

static void on_acceptable(evutil_socket_t listening, short what, void *arg)
{
    struct gw_control *control = arg;
    int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct gw_asker *asker = fd < 0 ? NULL : free_asker(control);

    (void)what;
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE) {
            (void)event_del(control->acceptable);
            gw_loop_after(control->resume, RESUME_MS);
        }
        return;
    }
    if (asker == NULL) {
        (void)send(fd, busy, sizeof busy - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)close(fd);
    } else if (!welcome(control, asker, fd)) {
        drop(asker);
    }
}

bool gw_control_init(struct gw_control *control, struct gw_run *run, const char *path,
                     struct gw_fault *fault)
{
    *control = (struct gw_control){.loop = &run->loop, .run = run, .fd = -1};
    if (strcmp(path, "off") == 0) {
        control->loop = NULL;
        return true;
    }
    control->fd = gw_unix_listen(path, fault);
    if (control->fd < 0) {
        return false;
    }
    memcpy(control->path, path, strlen(path));
    control->acceptable =
        event_new(run->loop.base, control->fd, EV_READ | EV_PERSIST, on_acceptable, control);
    control->resume = evtimer_new(run->loop.base, on_resume, control);
    if (control->acceptable == NULL || control->resume == NULL ||
        event_add(control->acceptable, NULL) != 0) {
        return gw_fail(fault, "control socket: no memory");
    }
    gw_log(&run->log, CONF_INFO, "sedge", "control socket %s", path);
    return true;
}

void gw_control_fini(struct gw_control *control)
{
    if (control->loop == NULL) {
        return;
    }
    for (size_t i = 0; i < GW_CONTROL_ASKERS; i++) {
        if (control->askers[i].control != NULL) {
            drop(&control->askers[i]);
        }
    }
    if (control->acceptable != NULL) {
        event_free(control->acceptable);
    }
    if (control->resume != NULL) {
        event_free(control->resume);
    }
    if (control->fd >= 0) {
        (void)close(control->fd);
    }
    if (control->path[0] != '\0') {
        (void)unlink(control->path);
    }
    *control = (struct gw_control){.loop = NULL};
}
