#include "base/utf8.h"

/* How many octets follow a first octet, and what the next one may be. */
struct lead {
    unsigned more;
    uint8_t least;
    uint8_t most;
};

static struct lead lead_of(uint8_t first)
{
    if (first >= 0xC2 && first <= 0xDF) {
        return (struct lead){1, 0x80, 0xBF};
    }
    if (first >= 0xE0 && first <= 0xEF) {
        return (struct lead){2, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF};
    }
    if (first >= 0xF0 && first <= 0xF4) {
        return (struct lead){3, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF};
    }
    return (struct lead){0, 0, 0};
}

static bool sequence(struct reader *r, uint8_t first)
{
    struct lead lead = lead_of(first);

    if (lead.more == 0) {
        return false;
    }
    for (; lead.more > 0; lead.more--) {
        uint8_t octet = read_u8(r);

        if (octet < lead.least || octet > lead.most) {
            return false;
        }
        lead.least = 0x80;
        lead.most = 0xBF;
    }
    return true;
}

bool utf8_is_text(struct span text)
{
    struct reader r = reader_of(text);

    while (read_left(&r) > 0) {
        uint8_t first = read_u8(&r);

        if (first == 0 || (first >= 0x80 && !sequence(&r, first))) {
            return false;
        }
    }
    return true;
}
