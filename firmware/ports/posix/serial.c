/* A terminal in raw mode, with frames on it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "firmware/ports/posix/link.h"

/* clang-format off */
static const struct rate {
    unsigned long baud;
    speed_t code;
} rates[] = {
    {1200, B1200},       {2400, B2400},       {4800, B4800},       {9600, B9600},
    {19200, B19200},     {38400, B38400},     {57600, B57600},     {115200, B115200},
    {230400, B230400},   {460800, B460800},   {500000, B500000},   {576000, B576000},
    {921600, B921600},   {1000000, B1000000}, {2000000, B2000000}, {4000000, B4000000},
};
/* clang-format on */

static bool find_rate(unsigned long baud, speed_t *code)
{
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        if (rates[i].baud == baud) {
            *code = rates[i].code;
            return true;
        }
    }
    return false;
}

static bool configure(int fd, speed_t code)
{
    struct termios raw;

    if (tcgetattr(fd, &raw) != 0) {
        return false;
    }
    cfmakeraw(&raw);
    raw.c_cflag |= CLOCAL | CREAD;
    raw.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    return cfsetispeed(&raw, code) == 0 && cfsetospeed(&raw, code) == 0 &&
           tcsetattr(fd, TCSANOW, &raw) == 0 && tcflush(fd, TCIFLUSH) == 0;
}

bool snode_link_serial(struct snode_link *link, const char *device, unsigned long baud)
{
    speed_t code;

    *link = (struct snode_link){.fd = -1, .serial = true};
    if (!find_rate(baud, &code)) {
        (void)snprintf(link->why, sizeof link->why, "%lu baud: not a rate this system names", baud);
        return false;
    }
    link->fd = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (link->fd < 0 || !configure(link->fd, code)) {
        (void)snprintf(link->why, sizeof link->why, "%s: %s", device, strerror(errno));
        snode_link_close(link);
        return false;
    }
    (void)snprintf(link->where, sizeof link->where, "%s (serial, %lu baud)", device, baud);
    snode_line_init(&link->line, link->frame, sizeof link->frame);
    return true;
}

void snode_serial_write(struct snode_link *link, struct span octets)
{
    struct pollfd waiting = {.fd = link->fd, .events = POLLOUT};

    while (octets.len != 0) {
        ssize_t count = write(link->fd, octets.at, octets.len);

        if (count >= 0) {
            octets = span_from(octets, (size_t)count);
        } else if (errno == EAGAIN || errno == EINTR) {
            poll(&waiting, 1, -1);
        } else {
            link->err = errno;
            return;
        }
    }
}

void snode_serial_send(struct snode_link *link, struct span packet)
{
    uint8_t out[SNODE_LINE_ENCODED(SNODE_SERIAL_MTU)];

    snode_serial_write(link, span_of(out, snode_line_encode(packet, out, sizeof out)));
}

bool snode_serial_read(struct snode_link *link)
{
    ssize_t count = read(link->fd, link->in, sizeof link->in);

    if (count < 0 && errno != EAGAIN && errno != EINTR) {
        link->err = errno;
    }
    if (count <= 0) {
        return false;
    }
    link->rest = span_of(link->in, (size_t)count);
    return true;
}

bool snode_serial_receive(struct snode_link *link, struct span *packet)
{
    while (!snode_line_input(&link->line, &link->rest, packet)) {
        if (!snode_serial_read(link)) {
            return false;
        }
    }
    return true;
}
