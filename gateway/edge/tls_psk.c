#include "gateway/edge/tls_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include <mbedtls/platform_util.h>

#include "base/utf8.h"
#include "config/lines.h"

static struct span take_line(struct span *text)
{
    const uint8_t *end = text->len == 0 ? NULL : memchr(text->at, '\n', text->len);
    struct span line = *text;

    if (end != NULL) {
        line.len = (size_t)(end - text->at);
    }
    *text = span_from(*text, line.len + 1);
    while (line.len != 0 && line.at[line.len - 1] == '\r') {
        line.len--;
    }
    return conf_trim(line);
}

static int digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static const char *read_hex(struct gw_tls_psk *psk, struct span hex)
{
    if (hex.len % 2 != 0 || hex.len < (size_t)2 * GW_TLS_PSK_MIN ||
        hex.len > (size_t)2 * GW_TLS_PSK_MAX) {
        return "a key has 32 to 64 hexadecimal digits, an even number";
    }
    for (size_t i = 0; i < hex.len; i++) {
        int digit = digit_of(hex.at[i]);

        if (digit < 0) {
            return "a key has hexadecimal digits only";
        }
        psk->key[i / 2] = (uint8_t)(psk->key[i / 2] << 4 | digit);
    }
    psk->key_len = hex.len / 2;
    return NULL;
}

/* What is wrong with the line, or NULL. An identity may have colons, a key has none. */
static const char *read_psk(struct gw_tls_psks *psks, struct span line)
{
    struct gw_tls_psk *psk = &psks->at[psks->count];
    const uint8_t *colon = memrchr(line.at, ':', line.len);

    if (colon == NULL) {
        return "is not identity:hexkey";
    }
    psk->identity = span_of(line.at, (size_t)(colon - line.at));
    if (psk->identity.len == 0 || psk->identity.len > GW_TLS_IDENTITY_MAX ||
        !utf8_is_text(psk->identity)) {
        return "an identity has 1 to 128 octets of UTF-8";
    }
    if (gw_tls_psks_find(psks, psk->identity) != NULL) {
        return "the identity stands there twice";
    }
    return read_hex(psk, span_from(line, psk->identity.len + 1));
}

static bool read_lines(struct gw_tls_psks *psks, const struct gw_tls_place *place)
{
    struct span text = span_of_text(psks->text);
    char what[32];

    for (unsigned number = 1; text.len != 0; number++) {
        struct span line = take_line(&text);
        const char *wrong = NULL;

        if (line.len == 0 || line.at[0] == '#') {
            continue;
        }
        wrong = read_psk(psks, line);
        if (wrong != NULL) {
            (void)snprintf(what, sizeof what, "line %u of them", number);
            return gw_tls_refuse(place, "psk", what, wrong);
        }
        psks->count++;
    }
    return psks->count != 0 || gw_tls_refuse(place, "psk", "all of them", "there is no key");
}

/* All secrets as lines of one text, which the identities point into. */
static bool join(struct gw_tls_psks *psks, const struct conf_secrets *secrets)
{
    struct writer w;
    size_t len = 1;
    size_t lines = secrets->count + 1;

    for (size_t i = 0; i < secrets->count; i++) {
        const char *text = secrets->at[i].text == NULL ? "" : secrets->at[i].text;

        len += strlen(text) + 1;
        for (; *text != '\0'; text++) {
            lines += *text == '\n';
        }
    }
    psks->text = calloc(1, len);
    psks->at = calloc(lines, sizeof *psks->at);
    if (psks->text == NULL || psks->at == NULL) {
        return false;
    }
    w = writer_of((uint8_t *)psks->text, len - 1);
    for (size_t i = 0; i < secrets->count; i++) {
        write_span(&w, span_of_text(secrets->at[i].text == NULL ? "" : secrets->at[i].text));
        write_u8(&w, '\n');
    }
    return true;
}

bool gw_tls_psks_read(struct gw_tls_psks *psks, const struct conf_secrets *secrets,
                      const struct gw_tls_place *place)
{
    if (!join(psks, secrets)) {
        return gw_tls_refuse(place, "psk", "all of them", "no memory");
    }
    return read_lines(psks, place);
}

const struct gw_tls_psk *gw_tls_psks_find(const struct gw_tls_psks *psks, struct span identity)
{
    for (size_t i = 0; i < psks->count; i++) {
        if (span_equal(psks->at[i].identity, identity)) {
            return &psks->at[i];
        }
    }
    return NULL;
}

void gw_tls_psks_fini(struct gw_tls_psks *psks)
{
    if (psks->at != NULL && psks->count != 0) {
        mbedtls_platform_zeroize(psks->at, psks->count * sizeof *psks->at);
    }
    if (psks->text != NULL) {
        mbedtls_platform_zeroize(psks->text, strlen(psks->text));
    }
    free(psks->at);
    free(psks->text);
    *psks = (struct gw_tls_psks){NULL, 0, NULL};
}
