/* base/bytes.h - octets with an end: spans, bounded cursors, big-endian integers.
 *
 * Every octet from outside is read through `struct reader`. A read past the end
 * gives 0 (or an empty span), moves nothing and sets `bad`, which stays set, so
 * that one test of `bad` at the end of a packet covers all its fields. A writer
 * behaves alike: what does not fit is not written and sets `bad`.
 *
 * Ownership: spans and cursors borrow; nothing here allocates or frees.
 * Units: lengths in octets; integers are most significant octet first on the wire.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* `len` octets at `at`, borrowed. {NULL, 0} is a good empty span. */
struct span {
    const uint8_t *at;
    size_t len;
};

struct reader {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

struct writer {
    uint8_t *start;
    uint8_t *at;
    uint8_t *end;
    bool bad;
};

static inline struct span span_of(const void *at, size_t len)
{
    return (struct span){at, len};
}

static inline struct span span_of_text(const char *text)
{
    return (struct span){(const uint8_t *)text, strlen(text)};
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* The octets of `s` from `from` on; empty if it has none there. */
static inline struct span span_from(struct span s, size_t from)
{
    return from >= s.len ? (struct span){NULL, 0} : (struct span){s.at + from, s.len - from};
}

/* Takes the first octet off; false: there is none. */
static inline bool span_next(struct span *s, uint8_t *octet)
{
    if (s->len == 0) {
        return false;
    }
    *octet = *s->at++;
    s->len--;
    return true;
}

static inline struct reader reader_of(struct span s)
{
    return (struct reader){s.at, s.len == 0 ? s.at : s.at + s.len, false};
}

static inline size_t read_left(const struct reader *r)
{
    return r->at == r->end ? 0 : (size_t)(r->end - r->at);
}

/* True, and nothing moved, while `n` more octets are there; else marks `r` bad. */
static inline bool read_has(struct reader *r, size_t n)
{
    if (n > read_left(r)) {
        r->bad = true;
    }
    return !r->bad;
}

static inline uint8_t read_u8(struct reader *r)
{
    return read_has(r, 1) ? *r->at++ : 0;
}

static inline uint16_t read_u16(struct reader *r)
{
    if (!read_has(r, 2)) {
        return 0;
    }
    r->at += 2;
    return (uint16_t)(r->at[-2] << 8 | r->at[-1]);
}

static inline uint32_t read_u32(struct reader *r)
{
    uint32_t high = read_u16(r);
    return high << 16 | read_u16(r);
}

static inline struct span read_span(struct reader *r, size_t n)
{
    if (n == 0 || !read_has(r, n)) {
        return (struct span){NULL, 0};
    }
    r->at += n;
    return (struct span){r->at - n, n};
}

static inline struct span read_rest(struct reader *r)
{
    return r->bad ? (struct span){NULL, 0} : read_span(r, read_left(r));
}

static inline struct writer writer_of(uint8_t *out, size_t size)
{
    return (struct writer){out, out, size == 0 ? out : out + size, false};
}

/* Octets written so far. */
static inline size_t written(const struct writer *w)
{
    return w->at == w->start ? 0 : (size_t)(w->at - w->start);
}

static inline size_t write_left(const struct writer *w)
{
    return w->at == w->end ? 0 : (size_t)(w->end - w->at);
}

static inline bool write_has(struct writer *w, size_t n)
{
    if (n > write_left(w)) {
        w->bad = true;
    }
    return !w->bad;
}

/* Room for `n` octets, at least one, that the caller fills; NULL, and `w` bad, if there is none. */
static inline uint8_t *write_room(struct writer *w, size_t n)
{
    if (!write_has(w, n)) {
        return NULL;
    }
    w->at += n;
    return w->at - n;
}

static inline void write_u8(struct writer *w, uint8_t value)
{
    if (write_has(w, 1)) {
        *w->at++ = value;
    }
}

static inline void write_u16(struct writer *w, uint16_t value)
{
    if (write_has(w, 2)) {
        *w->at++ = (uint8_t)(value >> 8);
        *w->at++ = (uint8_t)value;
    }
}

static inline void write_u32(struct writer *w, uint32_t value)
{
    if (write_has(w, 4)) {
        write_u16(w, (uint16_t)(value >> 16));
        write_u16(w, (uint16_t)value);
    }
}

static inline void write_span(struct writer *w, struct span s)
{
    if (s.len != 0 && write_has(w, s.len)) {
        memcpy(w->at, s.at, s.len);
        w->at += s.len;
    }
}

#endif
