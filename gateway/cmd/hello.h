/* gateway/cmd/hello.h - what a user sees at start: what is served where, and the two commands that
 * show a first message.
 */
#ifndef GATEWAY_CMD_HELLO_H
#define GATEWAY_CMD_HELLO_H

#include "gateway/edge/run.h"

/* Prints to stdout; `program` is argv[0], beside which sn-pub and sn-sub lie. */
void cmd_hello(const struct gw_run *run, const char *program);

#endif
