#include "base/json.h"

#include <string.h>

#define END (-1)

struct json {
    struct reader r;
    int c; /* the octet at hand, or END */
    unsigned depth;
    uint64_t objects; /* bit n: level n is an object, else an array */
    bool wrong;
};

static void next(struct json *j)
{
    j->c = read_left(&j->r) == 0 ? END : read_u8(&j->r);
}

static bool take(struct json *j, int c)
{
    if (j->c != c) {
        return false;
    }
    next(j);
    return true;
}

static void skip_blanks(struct json *j)
{
    while (j->c == ' ' || j->c == '\t' || j->c == '\n' || j->c == '\r') {
        next(j);
    }
}

static bool is_one_of(int c, const char *set)
{
    while (*set != '\0' && *set != c) {
        set++;
    }
    return *set != '\0';
}

static bool take_escape(struct json *j)
{
    if (!take(j, 'u')) {
        bool good = is_one_of(j->c, "\"\\/bfnrt");

        next(j);
        return good;
    }
    for (int i = 0; i < 4; i++) {
        if (!is_one_of(j->c, "0123456789abcdefABCDEF")) {
            return false;
        }
        next(j);
    }
    return true;
}

static bool take_string(struct json *j)
{
    if (!take(j, '"')) {
        return false;
    }
    while (!take(j, '"')) {
        bool escaped = j->c == '\\';

        if (j->c < ' ') {
            return false;
        }
        next(j);
        if (escaped && !take_escape(j)) {
            return false;
        }
    }
    return true;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool take_digits(struct json *j)
{
    bool some = is_digit(j->c);

    while (is_digit(j->c)) {
        next(j);
    }
    return some;
}

static bool take_number(struct json *j)
{
    (void)take(j, '-');
    if (!take(j, '0') && !take_digits(j)) {
        return false;
    }
    if (take(j, '.') && !take_digits(j)) {
        return false;
    }
    if (!take(j, 'e') && !take(j, 'E')) {
        return true;
    }
    if (!take(j, '+')) {
        (void)take(j, '-');
    }
    return take_digits(j);
}

static bool take_word(struct json *j, const char *word)
{
    for (; *word != 0; word++) {
        if (!take(j, *word)) {
            return false;
        }
    }
    return true;
}

static bool take_scalar(struct json *j)
{
    switch (j->c) {
    case '"': return take_string(j);
    case 't': return take_word(j, "true");
    case 'f': return take_word(j, "false");
    case 'n': return take_word(j, "null");
    default: return take_number(j);
    }
}

static bool in_object(const struct json *j)
{
    return j->depth > 0 && (j->objects >> (j->depth - 1) & 1) != 0;
}

static bool take_key(struct json *j)
{
    skip_blanks(j);
    if (!take_string(j)) {
        return false;
    }
    skip_blanks(j);
    return take(j, ':');
}

static bool opens(struct json *j)
{
    uint64_t bit = (uint64_t)1 << (j->depth % JSON_DEPTH);

    if (j->depth == JSON_DEPTH || (j->c != '{' && j->c != '[')) {
        return false;
    }
    j->objects = j->c == '{' ? j->objects | bit : j->objects & ~bit;
    j->depth++;
    next(j);
    skip_blanks(j);
    return true;
}

static bool closes(struct json *j)
{
    skip_blanks(j);
    if (j->depth == 0 || !take(j, in_object(j) ? '}' : ']')) {
        return false;
    }
    j->depth--;
    return true;
}

/* Up to the end of the first value that has none inside. */
static bool take_value(struct json *j)
{
    skip_blanks(j);
    while (opens(j)) {
        if (closes(j)) {
            return true;
        }
        if (in_object(j) && !take_key(j)) {
            return false;
        }
        skip_blanks(j);
    }
    return take_scalar(j);
}

/* Behind a value: true when another must follow. */
static bool has_more(struct json *j)
{
    while (closes(j)) {
    }
    if (j->depth == 0) {
        return false;
    }
    j->wrong = !take(j, ',') || (in_object(j) && !take_key(j));
    return !j->wrong;
}

bool json_is_value(struct span text)
{
    struct json j = {.r = reader_of(text)};

    next(&j);
    do {
        if (!take_value(&j)) {
            return false;
        }
    } while (has_more(&j));
    return !j.wrong && j.c == END;
}
