/* tools/dump/dump.h - what sn-dump does with each packet, wherever it came from: a line, a frame in
 * a file, counts.
 *
 * Ownership: struct dump owns what it opened; text and file names are the caller's.
 * Errors: the sources (from file, interface, serial line, proxy) run until they end, `stop` is
 * readable or `most` packets were shown; false: dump->why says what went wrong.
 */
#ifndef TOOLS_DUMP_DUMP_H
#define TOOLS_DUMP_DUMP_H

#include <stdio.h>

#include "tools/dump/talks.h"

enum { DUMP_PORTS = 8, DUMP_DATAGRAM = 65535, DUMP_FRAME = DUMP_DATAGRAM + DUMP_HEADERS };

struct dump {
    struct talks talks;
    FILE *text; /* NULL: no lines */
    FILE *file; /* NULL: no file; pcapng */
    int link;   /* of the frames in `file`; -1: nothing is written yet */
    int stop;   /* a descriptor that is readable when the user has had enough */
    uint16_t ports[DUMP_PORTS];
    size_t port_count;
    size_t most;  /* packets, 0: without end */
    size_t shown; /* packets of MQTT-SN */
    size_t malformed;
    size_t missing; /* captured without all their octets */
    size_t kinds[DUMP_KINDS];
    size_t other_links; /* frames of another link type than the first one: not written */
    char why[1024];     /* room for words of what went wrong */
    uint8_t frame[DUMP_FRAME];
};

/* A packet that has no frame of its own: one is made for the file. */
void dump_packet(struct dump *dump, const struct dump_packet *packet);

/* A captured frame, of which `full` octets were on the wire; of UDP only `ports` count. */
void dump_frame(struct dump *dump, int link, uint64_t time_us, struct span frame, size_t full);

/* The head of dump->file, for frames of `link`; the first frame does it by itself. */
void dump_file_begin(struct dump *dump, int link);

/* What is left to say at the end, in one line. */
void dump_summary(const struct dump *dump, FILE *out);

static inline bool dump_is_full(const struct dump *dump)
{
    return dump->most != 0 && dump->shown >= dump->most;
}

/* Microseconds since 1970. */
uint64_t dump_now(void);

/* capture.c, on libpcap */
bool dump_from_file(struct dump *dump, const char *name);
bool dump_from_interface(struct dump *dump, const char *name);

/* line.c: one direction of a serial line, or both if they are joined there. */
bool dump_from_line(struct dump *dump, const char *device, unsigned long baud);

/* proxy.c: stands between nodes, which send to `listen` ("PORT", "ADDRESS:PORT"), and a gateway. */
struct dump_way {
    const char *listen;
    const char *host;
    const char *port;
};
bool dump_from_proxy(struct dump *dump, const struct dump_way *way);

#endif
