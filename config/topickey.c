#include "config/topickey.h"

#include "base/text.h"
#include "config/lines.h"
#include "config/number.h"

static const char wrong_key[] =
    "has a KEY that is not 1..65534, 0x0001..0xFFFE, or two octets such as tp or \"42\"";

static int digit_of(uint8_t octet)
{
    if (octet >= '0' && octet <= '9') {
        return octet - '0';
    }
    octet |= 0x20;
    return octet >= 'a' && octet <= 'f' ? octet - 'a' + 10 : -1;
}

static bool read_hex(struct span digits, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < digits.len; i++) {
        int digit = digit_of(digits.at[i]);

        if (digit < 0) {
            return false;
        }
        *out = *out << 4 | (uint64_t)digit;
    }
    return digits.len != 0 && digits.len <= 4;
}

static const char *short_name(struct span octets, struct conf_topic_key *out)
{
    if (octets.len != 2) {
        return wrong_key;
    }
    for (size_t i = 0; i < 2; i++) {
        if (octets.at[i] == '+' || octets.at[i] == '#') {
            return "has a short topic name that holds a wildcard";
        }
    }
    *out = (struct conf_topic_key){(uint16_t)(octets.at[0] << 8 | octets.at[1]), true};
    return NULL;
}

const char *conf_topic_key_read(struct span text, struct conf_topic_key *out)
{
    uint8_t octets[8];
    struct writer w = writer_of(octets, sizeof octets);
    uint64_t id = 0;
    bool is_hex = text.len > 2 && text.at[0] == '0' && (text.at[1] | 0x20) == 'x';

    if (text.len != 0 && text.at[0] == '"') {
        return conf_unquote(text, &w) && !w.bad ? short_name(span_of(octets, written(&w)), out)
                                                : wrong_key;
    }
    if (is_hex ? !read_hex(span_from(text, 2), &id) : conf_number_read(text, &id) != NULL) {
        return short_name(text, out);
    }
    if (id < 1 || id > 65534) {
        return "has a topic id out of range 1..65534";
    }
    *out = (struct conf_topic_key){(uint16_t)id, false};
    return NULL;
}

static bool is_letter(uint8_t octet)
{
    return (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z');
}

void conf_topic_key_write(struct conf_topic_key key, struct writer *w)
{
    uint8_t octets[2] = {(uint8_t)(key.id >> 8), (uint8_t)key.id};

    if (!key.is_short) {
        write_decimal(w, key.id);
        return;
    }
    if (is_letter(octets[0]) && is_letter(octets[1])) {
        write_span(w, span_of(octets, 2));
        return;
    }
    write_u8(w, '"');
    for (size_t i = 0; i < 2; i++) {
        write_text(w, octets[i] == '"' || octets[i] == '\\' ? "\\" : "");
        write_u8(w, octets[i]);
    }
    write_u8(w, '"');
}
