/* tests/support.h - what every test uses: cmocka, octets written out, input at an edge. */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/bytes.h"

/* Initialiser of a struct span: the octets of a string literal, without its NUL. */
#define WIRE(text)      (const uint8_t *)(text), sizeof(text) - 1
#define WIRE_SPAN(text) ((struct span){WIRE(text)})

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A copy of the first `len` octets of `s` that ends at an unmapped page, so that a read of one
 * octet too many faults. Lives until the next call. */
struct span at_edge(struct span s, size_t len);

#define assert_span_equal(a, b) assert_spans(a, b, __FILE__, __LINE__)
void assert_spans(struct span a, struct span b, const char *file, int line);

#endif
