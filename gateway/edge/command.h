/* gateway/edge/command.h - a secret that a program prints, `command:LINE`; the loop never waits.
 *
 *     IDLE --start--> RUNNING --it ended--> done, IDLE
 *                        |  time is up, or it says too much: done, and it is killed
 *                        +--stop, or that--> ENDING --it ended--> IDLE
 *
 * /bin/sh -c LINE, with our environment, in a process group of its own, which is killed as a whole
 * when the shell is over. It has no input and none of our descriptors. The secret is its standard
 * output, one line; what it says on standard error is told when it fails, in one line.
 *
 * Ownership: the secret, with a NUL behind it, stays until gw_command_wipe, stop or the next start.
 * Limits: GW_COMMAND_MS; GW_COMMAND_MOST octets with the line's end.
 */
#ifndef GATEWAY_EDGE_COMMAND_H
#define GATEWAY_EDGE_COMMAND_H

#include <sys/types.h>

#include "gateway/edge/loop.h"

#define GW_COMMAND_MS   10000u
#define GW_COMMAND_MOST 8192u

enum gw_command_state { GW_COMMAND_IDLE, GW_COMMAND_RUNNING, GW_COMMAND_ENDING };

struct gw_command {
    struct gw_loop *loop;
    enum gw_command_state state;
    pid_t pid;
    struct event *ended; /* of a descriptor of the process */
    struct event *out;
    struct event *err;
    struct event *late;
    size_t len; /* of the secret */
    uint8_t secret[GW_COMMAND_MOST + 1];
    size_t err_len;
    uint8_t err_line[120];
    char cause[256];
    /* Called once for each gw_command_start, perhaps from within: the secret, or `cause`. */
    void (*done)(void *arg, struct span secret, const char *cause);
    void *arg;
};

void gw_command_init(struct gw_command *command, struct gw_loop *loop,
                     void (*done)(void *arg, struct span secret, const char *cause), void *arg);

/* Waits for the end of what it kills. */
void gw_command_fini(struct gw_command *command);

void gw_command_start(struct gw_command *command, const char *line);

/* Ends it silently; harmless when it does not run. */
void gw_command_stop(struct gw_command *command);

void gw_command_wipe(struct gw_command *command);

#endif
