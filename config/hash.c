#include "config/hash.h"

#include "config/number.h"

#define SALT_LEAST 8u

static const char wrong_argon2id[] = "is not $argon2id$v=19$m=KIB,t=PASSES,p=LANES$SALT$HASH";
static const char wrong_pbkdf2[] = "is not $7$ITERATIONS$SALT$HASH";

/* True, and taken off, when `text` begins with `with`. */
static bool take_word(struct span *text, const char *with)
{
    size_t len = strlen(with);

    if (text->len < len || !span_equal(span_of(text->at, len), span_of_text(with))) {
        return false;
    }
    *text = span_from(*text, len);
    return true;
}

/* What stands before `end`, taken off with it; all that is left when `end` does not come. */
static struct span take_field(struct span *text, uint8_t end)
{
    const uint8_t *at = text->len == 0 ? NULL : memchr(text->at, end, text->len);
    struct span field = *text;

    if (at != NULL) {
        field.len = (size_t)(at - text->at);
    }
    *text = span_from(*text, at == NULL ? text->len : field.len + 1);
    return field;
}

/* NAME and digits up to `end`. */
static bool take_number(struct span *text, const char *name, uint8_t end, uint32_t *out)
{
    uint64_t number = 0;

    if (!take_word(text, name) || conf_number_read(take_field(text, end), &number) != NULL) {
        return false;
    }
    *out = number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
    return true;
}

/* The six bits that a character of base64 stands for; 64: it is none. */
static uint32_t six_of(uint8_t character)
{
    static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = memchr(all, character, sizeof all - 1);

    return at == NULL ? 64 : (uint32_t)(at - all);
}

/* Takes the padding off; false when it is not what the length asks for. */
static bool take_padding(struct span *text)
{
    size_t len = text->len;

    while (text->len != 0 && len - text->len < 2 && text->at[text->len - 1] == '=') {
        text->len--;
    }
    return len % 4 == 0;
}

/* The octets of `text`; 0: it is not base64, or more than fit. */
static uint8_t decode(struct span text, uint8_t out[CONF_HASH_OCTETS])
{
    uint32_t bits = 0;
    unsigned held = 0;
    uint8_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        uint32_t six = six_of(text.at[i]);

        if (six == 64 || (held >= 2 && len == CONF_HASH_OCTETS)) {
            return 0;
        }
        bits = bits << 6 | six;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[len++] = (uint8_t)(bits >> held);
        }
    }
    /* The bits that are left over fill no octet and are 0. */
    return held < 6 && (bits & ((1u << held) - 1)) == 0 ? len : 0;
}

static const char *read_salt(struct span text, struct conf_hash *out)
{
    out->salt_len = decode(text, out->salt);
    return out->salt_len < SALT_LEAST ? "has a salt that is not base64 of 8..64 octets" : NULL;
}

/* 32 or 64 alone, what others make: so a hash that was cut on its way is seen. */
static const char *read_argon2id(struct span text, struct conf_hash *out)
{
    const char *wrong = NULL;

    out->kind = CONF_HASH_ARGON2ID;
    if (!take_word(&text, "v=19$") || !take_number(&text, "m=", ',', &out->memory_kib) ||
        !take_number(&text, "t=", ',', &out->rounds) ||
        !take_number(&text, "p=", '$', &out->lanes)) {
        return wrong_argon2id;
    }
    if (out->lanes == 0 || out->lanes > CONF_HASH_LANES) {
        return "has p outside 1..16";
    }
    if (out->memory_kib < 8 * out->lanes || out->memory_kib > CONF_HASH_MEMORY_KIB) {
        return "has m outside 8 times p..65536 (64 MiB)";
    }
    if (out->rounds == 0 || out->rounds > CONF_HASH_WORK_KIB / out->memory_kib) {
        return "has t of 0, or m times t above 262144 (256 MiB)";
    }
    wrong = read_salt(take_field(&text, '$'), out);
    out->digest_len = decode(text, out->digest);
    if (wrong == NULL && out->digest_len != 32 && out->digest_len != 64) {
        wrong = "has a hash that is not base64 of 32 or 64 octets";
    }
    return wrong;
}

static const char *read_pbkdf2(struct span text, struct conf_hash *out)
{
    struct span salt = {NULL, 0};
    const char *wrong = NULL;

    out->kind = CONF_HASH_PBKDF2;
    if (!take_number(&text, "", '$', &out->rounds)) {
        return wrong_pbkdf2;
    }
    if (out->rounds == 0 || out->rounds > CONF_HASH_ITERATIONS) {
        return "has iterations outside 1..250000";
    }
    salt = take_field(&text, '$');
    if (!take_padding(&salt)) {
        salt.len = 0;
    }
    wrong = read_salt(salt, out);
    out->digest_len = take_padding(&text) ? decode(text, out->digest) : 0;
    if (wrong == NULL && out->digest_len != 64) {
        wrong = "has a hash that is not base64 of 64 octets";
    }
    return wrong;
}

const char *conf_hash_read(struct span text, struct conf_hash *out)
{
    *out = (struct conf_hash){.memory_kib = 0};
    if (take_word(&text, "$argon2id$")) {
        return read_argon2id(text, out);
    }
    if (take_word(&text, "$7$")) {
        return read_pbkdf2(text, out);
    }
    return "is no hash ($argon2id$, $7$): sedge passwd makes one";
}
