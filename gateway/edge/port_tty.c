/* The plain tty backend: any baud rate by BOTHER. The kernel's termios2 is not in <termios.h>, and
 * the two headers exclude each other. */
#include <asm/termbits.h>
#include <errno.h>
#include <linux/serial.h>
#include <string.h>
#include <sys/ioctl.h>

#include "gateway/edge/port_parts.h"

static tcflag_t frame_of(const struct gw_port_settings *settings)
{
    tcflag_t flags = CS8 | CREAD | CLOCAL | BOTHER;

    if (settings->parity != CONF_PARITY_NONE) {
        flags |= PARENB;
    }
    if (settings->parity == CONF_PARITY_ODD) {
        flags |= PARODD;
    }
    if (settings->stop_bits == 2) {
        flags |= CSTOPB;
    }
    return flags;
}

bool gw_port_tty_set(int fd, const struct gw_port_settings *settings, struct gw_fault *fault)
{
    struct termios2 tty;

    if (ioctl(fd, TCGETS2, &tty) != 0) {
        return gw_fail(fault, "not a serial port: %s", strerror(errno));
    }
    tty.c_iflag = settings->parity == CONF_PARITY_NONE ? 0 : INPCK | IGNPAR;
    tty.c_oflag = 0;
    tty.c_lflag = 0;
    tty.c_cflag = frame_of(settings);
    tty.c_ispeed = settings->baud;
    tty.c_ospeed = settings->baud;
    if (ioctl(fd, TCSETS2, &tty) != 0) {
        return gw_fail(fault, "the driver refuses %u baud, parity or stop bits: %s", settings->baud,
                       strerror(errno));
    }
    return true;
}

/* Adapters gather input for 16 ms unless told otherwise; where nobody can be told, that is that. */
static bool ask_for_low_latency(int fd)
{
    struct serial_struct serial;

    if (ioctl(fd, TIOCGSERIAL, &serial) != 0) {
        return false;
    }
    serial.flags |= (int)ASYNC_LOW_LATENCY;
    return ioctl(fd, TIOCSSERIAL, &serial) == 0 && ioctl(fd, TIOCGSERIAL, &serial) == 0 &&
           (serial.flags & (int)ASYNC_LOW_LATENCY) != 0;
}

int gw_port_tty_direct(int fd)
{
    struct serial_rs485 wanted = {.flags = SER_RS485_ENABLED | SER_RS485_RTS_ON_SEND};
    struct serial_rs485 got = {.flags = 0};

    if (ioctl(fd, TIOCSRS485, &wanted) != 0 || ioctl(fd, TIOCGRS485, &got) != 0) {
        return errno;
    }
    return (got.flags & SER_RS485_ENABLED) != 0 ? 0 : ENOTSUP;
}

uint32_t gw_port_tty_finish(int fd, bool *is_quick)
{
    struct termios2 tty;

    if (ioctl(fd, TCGETS2, &tty) != 0) {
        return 0;
    }
    tty.c_cflag &= ~(tcflag_t)HUPCL;
    tty.c_cc[VMIN] = 1;
    tty.c_cc[VTIME] = 0;
    (void)ioctl(fd, TCSETS2, &tty);
    *is_quick = ask_for_low_latency(fd);
    return ioctl(fd, TCGETS2, &tty) == 0 ? tty.c_ospeed : 0;
}
