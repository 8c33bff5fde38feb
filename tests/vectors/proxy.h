/* tests/vectors/proxy.h - what proxies answer, for the fuzzer; tests/edge/test_proxy.c says what
 * becomes of them. The first octet is fuzz_proxy.c's: how they are cut, and what is asked. */
#ifndef TESTS_VECTORS_PROXY_H
#define TESTS_VECTORS_PROXY_H

#include "tests/support.h"

#define PROXY_SOCKS 0x40u
#define PROXY_LOGIN 0x80u

/* clang-format off */
static const struct span proxy_vectors[] = {
    {WIRE("\0" "HTTP/1.1 200 Connection established\r\n\r\n")},
    {WIRE("\0" "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n")},
    {WIRE("\x40" "\x05\0" "\x05\0\0\x01\x7f\0\0\x01\x04\x38")},
    {WIRE("\x40" "\x05\0" "\x05\0\0\x03\x03" "abc" "\0\0")},
    {WIRE("\x40" "\x05\0" "\x05\0\0\x04" "0123456789abcdef" "\0\0")},
    {WIRE("\x40" "\x05\0" "\x05\x05\0\x01")},
    {WIRE("\xc0" "\x05\x02" "\x01\0" "\x05\0\0\x01\x7f\0\0\x01\x04\x38")},
    {WIRE("\xc0" "\x05\x02" "\x01\x01")},
};
/* clang-format on */

#endif
