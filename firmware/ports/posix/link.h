/* link.h - a node's way to its gateway on POSIX: a UDP socket, a serial line, or a bus of RS-485.
 *
 * Both give and take whole packets and never block, except that sending on a serial line waits
 * until the line has taken the frame.
 * Ownership: the link owns its descriptor; a received packet lies in the link until the next call.
 * Errors: what cannot be opened is told in words, in link->why. What goes wrong later is as good
 * as loss on the way; link->err keeps the last errno, for whoever must explain a silence.
 */
#ifndef FIRMWARE_PORTS_POSIX_LINK_H
#define FIRMWARE_PORTS_POSIX_LINK_H

#include "base/bytes.h"
#include "firmware/snode_line.h"
#include "sn/bus.h"

struct addrinfo;

/* The largest packets; that of UDP is over IPv4. */
#define SNODE_UDP_MTU    65507
#define SNODE_SERIAL_MTU 4096
#define SNODE_BUS_MTU    512
#define SNODE_BUS_QUEUE  8u /* packets that wait for their turn; what is more is lost */

struct snode_link {
    int fd;
    int err;     /* ECONNREFUSED: nobody listens there; 0: nothing went wrong */
    bool serial; /* see snode_line.h */
    bool heard;  /* a packet has come */
    char where[128];
    char why[160];
    struct addrinfo *addresses; /* UDP: of the host, */
    struct addrinfo *address;   /* the one in use */
    struct snode_line line;
    struct span rest; /* serial: octets read, not yet decoded */
    uint8_t in[SNODE_UDP_MTU];
    uint8_t frame[SNODE_LINE_BUFFER(SNODE_SERIAL_MTU)];
    bool bus;
    struct sn_bus_node at_bus;
    uint8_t uid[SN_BUS_IDENTITY];
    unsigned waiting;  /* in `queue`, the first of which is with the bus */
    uint32_t since_us; /* when that was handed over */
    struct {
        uint16_t len;
        uint8_t octets[SNODE_BUS_MTU];
    } queue[SNODE_BUS_QUEUE];
};

/* True, or false with link->why. A host with several addresses is tried one after the other, as
 * long as they refuse. */
bool snode_link_udp(struct snode_link *link, const char *host, const char *port);

/* Raw, 8N1, no flow control; any terminal, ptys included. Octets that waited are dropped. */
bool snode_link_serial(struct snode_link *link, const char *device, unsigned long baud);

/* A bus by a terminal whose hardware switches the driver. This process is to be on time: the
 * gateway needs slots of some 20 ms (`slot`). */
bool snode_link_bus(struct snode_link *link, const char *device, unsigned long baud,
                    const uint8_t uid[SN_BUS_UID]);

/* Microseconds until the link is to be looked at by snode_link_receive; UINT32_MAX: when it is
 * readable. */
uint32_t snode_link_due_us(const struct snode_link *link);

/* True while a packet waits for the other side of the link to have it, at most `most_ms`: then it
 * is given up. */
bool snode_link_is_busy(struct snode_link *link, uint32_t most_ms);

void snode_link_close(struct snode_link *link);

void snode_link_send(struct snode_link *link, struct span packet);

/* The next packet; false if there is none now. Ask until then: poll(2) does not see what the link
 * has read already. */
bool snode_link_receive(struct snode_link *link, struct span *packet);

/* serial.c, for link.c. */
void snode_serial_send(struct snode_link *link, struct span packet);
bool snode_serial_receive(struct snode_link *link, struct span *packet);
void snode_serial_write(struct snode_link *link, struct span octets);
bool snode_serial_read(struct snode_link *link);

/* bus.c, likewise. */
void snode_bus_send(struct snode_link *link, struct span packet);
bool snode_bus_receive(struct snode_link *link, struct span *packet);

#endif
