/* tests/edge/toy.h - a stage for tests: a greeting, then frames of length and turned octets.
 *
 *     client HELLO., server WELCOME.; then  len hi, len lo, octets ^ 0x55;  len 0: goodbye;
 *     len 0xFFFF: broken
 */
#ifndef TESTS_EDGE_TOY_H
#define TESTS_EDGE_TOY_H

#include "gateway/edge/stage.h"

#define TOY_FRAME  3000u /* octets of one frame at most */
#define TOY_BROKEN "the toy is broken"

/* Made by malloc; the test ends when there is none. */
struct gw_stage *toy_new(bool server);

/* How many are alive. */
size_t toy_count(void);

#endif
