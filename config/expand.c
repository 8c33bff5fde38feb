#include "config/expand.h"

#include "base/utf8.h"

#define TOPIC_MAX 65535u

/* Which placeholder follows a percent sign, or CONF_PLACEHOLDERS. */
static unsigned placeholder_of(uint8_t letter)
{
    const char *at = NULL;

    if (letter >= '1' && letter <= '9') {
        return CONF_TAIL;
    }
    at = letter == 0 ? NULL : memchr(CONF_LETTERS, letter, CONF_PLACEHOLDERS);
    return at == NULL ? CONF_PLACEHOLDERS : (unsigned)(at - (const char *)CONF_LETTERS);
}

const char *conf_placeholders_check(struct span text, unsigned allowed)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned which = CONF_PLACEHOLDERS;

        if (text.at[i] != '%') {
            continue;
        }
        i++;
        if (i < text.len && text.at[i] == '%') {
            continue;
        }
        which = i < text.len ? placeholder_of(text.at[i]) : CONF_PLACEHOLDERS;
        if (which == CONF_PLACEHOLDERS) {
            return "has a % that begins no placeholder (a percent sign is %%)";
        }
        if ((allowed & CONF_BIT(which)) == 0) {
            return "has a placeholder that cannot stand here (a percent sign is %%)";
        }
    }
    return NULL;
}

unsigned conf_placeholders_of(struct span text)
{
    unsigned found = 0;

    for (size_t i = 0; i + 1 < text.len; i++) {
        if (text.at[i] == '%') {
            i++;
            found |= CONF_BIT(placeholder_of(text.at[i]));
        }
    }
    return found & (CONF_BIT(CONF_PLACEHOLDERS) - 1);
}

/* Of a node name an octet of %XX counts as the one it stands for. */
static bool is_fit(struct span value, bool is_node)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t octet = value.at[i];

        if (octet < 0x20 || octet == 0x7F || octet == '/' || octet == '+' || octet == '#' ||
            (is_node && octet == '%')) {
            return false;
        }
    }
    return value.len != 0 && utf8_is_text(value);
}

/* Writes what the octet after a percent sign stands for. */
static bool expand_one(uint8_t letter, const struct conf_values *values, unsigned kept,
                       struct writer *w)
{
    unsigned which = placeholder_of(letter);
    bool is_kept = which == CONF_PLACEHOLDERS ? kept != 0 : (kept & CONF_BIT(which)) != 0;

    if (which == CONF_PLACEHOLDERS || is_kept) {
        if (is_kept) {
            write_u8(w, '%');
        }
        write_u8(w, letter);
        return true;
    }
    if (!is_fit(values->of[which], which == CONF_NODE)) {
        return false;
    }
    write_span(w, values->of[which]);
    return true;
}

bool conf_expand(struct span text, const struct conf_values *values, unsigned kept,
                 struct writer *w)
{
    struct writer before = *w;

    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] != '%' || i + 1 == text.len) {
            write_u8(w, text.at[i]);
            continue;
        }
        i++;
        if (!expand_one(text.at[i], values, kept, w)) {
            *w = before;
            return false;
        }
    }
    return true;
}

void conf_escape(struct span text, struct writer *w)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '%') {
            write_u8(w, '%');
        }
        write_u8(w, text.at[i]);
    }
}

static bool is_wildcard(uint8_t octet)
{
    return octet == '+' || octet == '#';
}

const char *conf_topic_check(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_wildcard(text.at[i])) {
            return "is a topic name and holds a wildcard";
        }
    }
    if (text.len == 0 || text.len > TOPIC_MAX) {
        return "is no topic name";
    }
    return utf8_is_text(text) ? NULL : "is not UTF-8";
}

const char *conf_filter_check(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool begins = i == 0 || text.at[i - 1] == '/';
        bool ends = i + 1 == text.len || text.at[i + 1] == '/';

        if (is_wildcard(text.at[i]) && !(begins && ends)) {
            return "has a wildcard that is not a level of its own";
        }
        if (text.at[i] == '#' && i + 1 != text.len) {
            return "has a # that is not the last level";
        }
    }
    if (text.len == 0 || text.len > TOPIC_MAX) {
        return "is no topic filter";
    }
    return utf8_is_text(text) ? NULL : "is not UTF-8";
}
