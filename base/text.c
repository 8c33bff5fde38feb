#include "base/text.h"

#include "base/utf8.h"

static const char digits[] = "0123456789abcdef";

void write_text(struct writer *w, const char *text)
{
    write_span(w, span_of_text(text));
}

void write_decimal(struct writer *w, uint64_t value)
{
    uint8_t text[20];
    size_t at = sizeof text;

    do {
        text[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    write_span(w, span_of(text + at, sizeof text - at));
}

void write_hex(struct writer *w, struct span octets)
{
    for (size_t i = 0; i < octets.len; i++) {
        write_u8(w, (uint8_t)digits[octets.at[i] >> 4]);
        write_u8(w, (uint8_t)digits[octets.at[i] & 15]);
    }
}

void write_printable(struct writer *w, struct span octets)
{
    bool text = utf8_is_text(octets);

    for (size_t i = 0; i < octets.len; i++) {
        uint8_t octet = octets.at[i];

        if (octet < 0x20 || octet == 0x7F || (octet >= 0x80 && !text)) {
            write_text(w, "\\x");
            write_hex(w, span_of(&octets.at[i], 1));
        } else {
            write_u8(w, octet);
        }
    }
}

void write_json_text(struct writer *w, struct span octets)
{
    bool text = utf8_is_text(octets);

    write_u8(w, '"');
    for (size_t i = 0; i < octets.len; i++) {
        uint8_t octet = octets.at[i];

        if (octet < 0x20 || octet == 0x7F || (octet >= 0x80 && !text)) {
            write_text(w, "\\u00");
            write_hex(w, span_of(&octets.at[i], 1));
            continue;
        }
        if (octet == '"' || octet == '\\') {
            write_u8(w, '\\');
        }
        write_u8(w, octet);
    }
    write_u8(w, '"');
}

void write_end(struct writer *w)
{
    if (w->at == w->end) {
        w->at--;
        w->bad = true;
    }
    *w->at = 0;
}
