/* tests/vectors/ws.h - what a WebSocket client sends, for tests and as the beginning of fuzzing. */
#ifndef TESTS_VECTORS_WS_H
#define TESTS_VECTORS_WS_H

#include "tests/support.h"

/* The key of RFC 6455, 1.3. */
#define WS_FIELDS                                                     \
    "Host: gw.local\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
#define WS_REQUEST "GET /mqtt HTTP/1.1\r\n" WS_FIELDS "Sec-WebSocket-Protocol: mqtt\r\n\r\n"

/* Frames with a mask of zeros, so that what they hold can be read; each after an octet that tells
 * fuzz_ws how to take them. */
/* clang-format off */
static const struct span ws_vectors[] = {
    {WIRE("\x80" "\x82\x82\0\0\0\0\xC0\0")},
    {WIRE("\x83" "\x82\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")},
    {WIRE("\x84" "\x02\x81\0\0\0\0a\x89\x81\0\0\0\0p\x80\x81\0\0\0\0b")},
    {WIRE("\x80" "\x82\x80\0\0\0\0\x8A\x80\0\0\0\0")},
    {WIRE("\x81" "\x82\xFE\0\x7E\0\0\0\0abcdef")},
    {WIRE("\x82" "\x82\xFF\0\0\0\0\0\x01\0\0\0\0\0\0abcdef")},
    {WIRE("\x80" "\x88\x85\0\0\0\0\x03\xE8" "bye")},
    {WIRE("\x80" "\x81\x81\0\0\0\0t")},
    {WIRE("\x80" "\x89\xFE\0\x7E\0\0\0\0")},
    {WIRE("\xC1" "\x02\x01" "a\x89\x01p\x80\x01" "b\x82\x02\xC0\0")},
    {WIRE("\xC0" "\x88\x05\x03\xF0" "bad")},
    {WIRE("\x00" WS_REQUEST "\x82\x82\0\0\0\0\xC0\0")},
    {WIRE("\x40" "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n")},
    {WIRE("\x45" "HTTP/1.1 403 Forbidden\r\n\r\n")},
};
/* clang-format on */

#endif
