/* A serial line, listened to. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "firmware/ports/posix/link.h"
#include "sn/frame.h"
#include "tools/dump/dump.h"

enum { PIECE = 4096, LONGEST = 60000 /* payload */ };

static const char *const losses[SN_FRAME_EVENTS] = {
    [SN_FRAME_LONG] = "longer than any frame",
    [SN_FRAME_CUT] = "ends too early",
    [SN_FRAME_SHORT] = "too short",
    [SN_FRAME_CHECKSUM] = "wrong checksum",
    [SN_FRAME_LENGTH] = "wrong length",
};

static void take(struct dump *dump, struct sn_frame_decoder *decoder, struct span octets)
{
    enum sn_frame_event event;
    struct sn_frame frame;

    while ((event = sn_frame_input_checked(decoder, &octets, &frame)) != SN_FRAME_NONE) {
        if (event == SN_FRAME_WHOLE) {
            dump_packet(dump, &(struct dump_packet){.time_us = dump_now(),
                                                    .payload = frame.payload,
                                                    .addr = frame.addr,
                                                    .ctrl = frame.ctrl});
        } else if (dump->text != NULL) {
            (void)fprintf(dump->text, "%u octets are no frame: %s\n", decoder->told, losses[event]);
        }
    }
}

static bool listen_on(struct dump *dump, int fd, struct sn_frame_decoder *decoder)
{
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = dump->stop, .events = POLLIN}};
    uint8_t octets[PIECE];

    while (!dump_is_full(dump) && poll(fds, 2, -1) > 0 && fds[1].revents == 0) {
        ssize_t len = read(fd, octets, sizeof octets);

        if (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR)) {
            return false;
        }
        if (len > 0) {
            take(dump, decoder, span_of(octets, (size_t)len));
        }
    }
    return true;
}

bool dump_from_line(struct dump *dump, const char *device, unsigned long baud)
{
    struct snode_link *link = calloc(1, sizeof *link);
    uint8_t *buffer = malloc(SN_FRAME_BUFFER(LONGEST));
    struct sn_frame_decoder decoder;
    bool good = false;

    if (link == NULL || buffer == NULL) {
        (void)snprintf(dump->why, sizeof dump->why, "no memory");
    } else if (!snode_link_serial(link, device, baud)) {
        (void)snprintf(dump->why, sizeof dump->why, "%s", link->why);
    } else {
        (void)snprintf(dump->why, sizeof dump->why, "%s: the line is gone", device);
        (void)fprintf(stderr, "sn-dump: listening on %s\n", device);
        sn_frame_init(&decoder, buffer, SN_FRAME_BUFFER(LONGEST));
        good = listen_on(dump, link->fd, &decoder);
        snode_link_close(link);
    }
    free(buffer);
    free(link);
    return good;
}
