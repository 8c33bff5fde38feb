#include "gateway/edge/serial.h"

#include <errno.h>
#include <unistd.h>

#include "base/pool.h"
#include "gateway/edge/clock.h"
#include "sn/bus_master.h"

#define OVERHEAD  64u    /* of a frame: more than addr, ctrl, CRC, COBS and delimiters */
#define STEADY_MS 10000u /* a port that stayed so long may be tried again at once */

static void open_port(struct gw_serial *serial);

static void close_port(struct gw_serial *serial)
{
    if (serial->readable != NULL) {
        event_free(serial->readable);
        serial->readable = NULL;
    }
    if (serial->writable != NULL) {
        event_free(serial->writable);
        serial->writable = NULL;
    }
    gw_port_close(&serial->port);
    serial->len = 0;
    serial->at = 0;
}

static void try_later(struct gw_serial *serial)
{
    gw_loop_after(serial->retry, serial->wait_ms);
    serial->wait_ms *= 2;
    if (serial->wait_ms > GW_SERIAL_MOST_MS) {
        serial->wait_ms = GW_SERIAL_MOST_MS;
    }
}

/* Closed at once: the kernel gives the name to the next device only when nobody holds the old. */
static void lose(struct gw_serial *serial, const char *why)
{
    gw_log(serial->loop->log, CONF_WARNING, "node", "listener %s: %s is lost: %s",
           serial->conf->at.name, serial->conf->device, why);
    serial->told = true;
    close_port(serial);
    if (serial->due == NULL) {
        hub_line_reset(serial->loop->hub, serial->listener);
    }
    if (gw_loop_now(serial->loop) - serial->opened_ms >= STEADY_MS) {
        serial->wait_ms = GW_SERIAL_LEAST_MS;
    }
    try_later(serial);
}

static void take(struct gw_serial *serial, struct span octets)
{
    struct gw_loop *loop = serial->loop;

    if (serial->due != NULL) {
        hub_bus_input(loop->hub, serial->listener, octets, gw_clock_us());
    } else {
        hub_line_input(loop->hub, serial->listener, octets, gw_loop_now(loop));
    }
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct gw_serial *serial = arg;
    struct gw_loop *loop = serial->loop;
    ssize_t len = read(fd, loop->scratch, MQTT_SCRATCH);

    (void)what;
    if (len > 0) {
        take(serial, span_of(loop->scratch, (size_t)len));
    } else if (len == 0) {
        lose(serial, "hang-up");
    } else if (errno != EAGAIN && errno != EINTR) {
        lose(serial, strerror(errno));
    }
}

/* Writes what waits; false: the driver takes no more, or the port is lost. */
static bool write_rest(struct gw_serial *serial)
{
    while (serial->at < serial->len) {
        ssize_t took =
            write(serial->port.fd, serial->octets + serial->at, serial->len - serial->at);

        if (took > 0) {
            serial->at += (size_t)took;
        } else if (took < 0 && errno != EAGAIN && errno != EINTR) {
            lose(serial, strerror(errno));
            return false;
        } else {
            (void)event_add(serial->writable, NULL);
            return false;
        }
    }
    serial->len = 0;
    serial->at = 0;
    return true;
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)write_rest(arg);
}

/* The master speaks when it is time, and the loop is woken for the next. */
static bool bus_output(struct gw_serial *serial)
{
    struct hub *hub = serial->loop->hub;
    uint64_t now_us = gw_clock_us();
    uint64_t due_us = 0;
    struct timeval wait;

    if (serial->readable == NULL) {
        return false;
    }
    if (serial->len == 0) {
        serial->len = hub_bus_output(hub, serial->listener, serial->octets, serial->room, now_us);
        (void)write_rest(serial);
    }
    due_us = hub_bus_deadline(hub, serial->listener);
    due_us = due_us > now_us ? due_us - now_us : 0;
    wait = (struct timeval){.tv_sec = (time_t)(due_us / 1000000),
                            .tv_usec = (suseconds_t)(due_us % 1000000)};
    (void)event_add(serial->due, &wait);
    return false;
}

bool gw_serial_output(struct gw_serial *serial)
{
    struct gw_loop *loop = serial->loop;
    bool left = false;

    if (serial->due != NULL) {
        return bus_output(serial);
    }
    while (serial->readable != NULL && serial->len == 0) {
        serial->len = hub_line_output(loop->hub, serial->listener, serial->octets, serial->room,
                                      gw_loop_now(loop));
        if (serial->len == 0) {
            break;
        }
        left = true;
        if (!write_rest(serial)) {
            break;
        }
    }
    return left;
}

static void be_open(struct gw_serial *serial)
{
    struct event_base *base = serial->loop->base;
    int fd = serial->port.fd;

    serial->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, serial);
    serial->writable = event_new(base, fd, EV_WRITE, on_writable, serial);
    if (serial->readable == NULL || serial->writable == NULL ||
        event_add(serial->readable, NULL) != 0) {
        lose(serial, "no memory");
        return;
    }
    serial->opened_ms = gw_loop_now(serial->loop);
    serial->told = false;
    gw_log(serial->loop->log, CONF_INFO, "node", "listener %s: MQTT-SN on %s, %u baud%s%s",
           serial->conf->at.name, serial->port.path, serial->port.baud,
           serial->port.sp == NULL ? ", a plain tty" : "",
           serial->port.is_quick ? ", low latency" : "");
}

static void open_port(struct gw_serial *serial)
{
    struct gw_port_settings settings = {.device = serial->conf->device,
                                        .baud = (uint32_t)serial->conf->baud,
                                        .parity = serial->conf->parity,
                                        .stop_bits = (uint8_t)serial->conf->stop_bits,
                                        .by_kernel =
                                            serial->conf->direction == CONF_DIRECTION_KERNEL};
    struct gw_fault fault;

    if (gw_port_open(&serial->port, &settings, &fault)) {
        be_open(serial);
        return;
    }
    if (!serial->told) {
        gw_log(serial->loop->log, CONF_WARNING, "node", "listener %s: %s; trying again",
               serial->conf->at.name, fault.text);
        serial->told = true;
    }
    try_later(serial);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    open_port(arg);
}

/* The turn that follows does it. */
static void on_due(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

bool gw_serial_init(struct gw_serial *serial, struct gw_loop *loop, uint16_t listener,
                    const struct conf_listener *conf, struct gw_fault *fault)
{
    *serial = (struct gw_serial){.loop = loop, .conf = conf, .listener = listener};
    serial->port = (struct gw_port){.fd = -1, .lock = -1};
    serial->wait_ms = GW_SERIAL_LEAST_MS;
    /* A zero octet of COBS costs one in 254 at most. */
    serial->room = conf->max_message + conf->max_message / 254 + OVERHEAD;
    if (conf->type == CONF_RS485) {
        serial->room = SN_BUS_OUTPUT(conf->max_message);
        serial->due = evtimer_new(loop->base, on_due, serial);
    }
    serial->octets = reserve(serial->room);
    serial->retry = evtimer_new(loop->base, on_retry, serial);
    if (serial->octets == NULL || serial->retry == NULL ||
        (conf->type == CONF_RS485 && serial->due == NULL)) {
        return gw_fail(fault, "listener %s: no memory", conf->at.name);
    }
    open_port(serial);
    return true;
}

void gw_serial_fini(struct gw_serial *serial)
{
    if (serial->loop == NULL) {
        return;
    }
    close_port(serial);
    if (serial->retry != NULL) {
        event_free(serial->retry);
    }
    if (serial->due != NULL) {
        event_free(serial->due);
    }
    release(serial->octets);
    *serial = (struct gw_serial){0};
}
