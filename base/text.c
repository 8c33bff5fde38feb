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

static uint32_t octet_at(struct span octets, size_t i)
{
    return i < octets.len ? octets.at[i] : 0;
}

void write_base64(struct writer *w, struct span octets)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < octets.len; i += 3) {
        uint32_t bits =
            octet_at(octets, i) << 16 | octet_at(octets, i + 1) << 8 | octet_at(octets, i + 2);

        write_u8(w, (uint8_t)letters[bits >> 18]);
        write_u8(w, (uint8_t)letters[bits >> 12 & 63]);
        write_u8(w, i + 1 < octets.len ? (uint8_t)letters[bits >> 6 & 63] : '=');
        write_u8(w, i + 2 < octets.len ? (uint8_t)letters[bits & 63] : '=');
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
