/* tests/vectors/client.h - lives of a client as tests/fuzz/fuzz_client.c reads them: pairs of what
 * and whim. 0: time, 0 to the deadline; 1 up; 2 down; 3 writes; 4 asks; 5 publishes; 6 ends; 7
 * octets that came, as many as the whim says. */
#ifndef TESTS_VECTORS_CLIENT_H
#define TESTS_VECTORS_CLIENT_H

#include "tests/support.h"

#define DIALS   "\0\0\1\0\3\xff"             /* and says CONNECT */
#define CONNACK DIALS "\7\4\x20\2\0\0\3\xff" /* and is online */

static const struct {
    struct span wire;
} client_stories[] = {
    /* subscribes; SUBACK; a PUBLISH at QoS 2 each way */
    {{WIRE(CONNACK "\4\x3f\7\5\x90\3\xff\xff\2\5\2\3\xff\7\4\x50\2\0\1\3\xff\7\4\x70\2\0\1"
                   "\7\x0a\x34\x08\0\3"
                   "a/b\0\7x\3\xff\7\4\x62\2\0\7\3\xff")}},
    /* unsubscribes; UNSUBACK */
    {{WIRE(CONNACK "\4\xff\7\4\xb0\2\xff\xff")}},
    /* a message of 300 octets where 256 are allowed, in two pieces; its PUBACK */
    {{WIRE(CONNACK "\7\x0a\x32\xa9\2\0\3"
                   "a/b\0\7"
                   "\7\xff"
                   "0123456789012345678901234567890123456789012345678901234567890123"
                   "0123456789012345678901234567890123456789012345678901234567890123"
                   "0123456789012345678901234567890123456789012345678901234567890123"
                   "012345678901234567890123456789012345678901234567890123456789012"
                   "\7\x25"
                   "0123456789012345678901234567890123456\3\xff")}},
    /* PINGREQ, PINGRESP; PINGREQ without an answer */
    {{WIRE(CONNACK "\0\0\3\xff\7\2\xd0\0\0\0\3\xff\0\0")}},
    /* cut five times after CONNACK; refused; stopped */
    {{WIRE(CONNACK "\2\0" CONNACK "\2\0" CONNACK "\2\0" CONNACK "\2\0" CONNACK "\2\0" DIALS
                   "\7\4\x20\2\0\5\6\xff")}},
    /* published while away, cut before PUBACK, again with DUP; stopped */
    {{WIRE("\5\1\5\1" CONNACK "\7\4\x40\2\0\1\2\0" CONNACK "\7\4\x40\2\0\2\6\xff\3\xff")}},
};

#endif
