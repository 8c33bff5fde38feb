#include "gateway/edge/tls_parts.h"

#include <time.h>

#define WRONG_CLOCK                                                                               \
    "the clock of this machine is wrong, so no certificate can be judged: wait for the time, or " \
    "set it"

/* The first that fits is the one a reader must mend first. */
static const struct {
    uint32_t flags;
    const char *text; /* NULL: names the file of authorities */
} flaws[] = {
    {MBEDTLS_X509_BADCERT_NOT_TRUSTED, NULL},
    {MBEDTLS_X509_BADCERT_CN_MISMATCH, "certificate is not for this host"},
    {MBEDTLS_X509_BADCERT_EXPIRED, "certificate has expired"},
    {MBEDTLS_X509_BADCERT_FUTURE, "certificate is not valid yet"},
    {MBEDTLS_X509_BADCERT_REVOKED, "certificate was revoked"},
    {MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY,
     "certificate is made by a method too weak, such as SHA-1 or RSA under 2048 bits"},
    {MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE |
         MBEDTLS_X509_BADCERT_NS_CERT_TYPE,
     "certificate is not made for this use (client or server)"},
};

static const struct {
    int error;
    const char *text;
} errors[] = {
    {GW_TLS_NO_COMMON, "no cipher suite in common"},
    {GW_TLS_NO_USABLE, "no cipher suite in common that our certificate is good for"},
    {GW_TLS_VERSION_REFUSED, "no version of TLS in common"},
    {GW_TLS_BAD_FINISHED, "the keys of both sides differ"},
    {GW_TLS_BAD_ALPN, "a greeting that breaks the rules of TLS"},
    {MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY, "the PSK identity is not known"},
    {MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE, "the client shows no certificate"},
    {MBEDTLS_ERR_SSL_INVALID_MAC, "a record was changed on its way, or the PSKs differ"},
    {MBEDTLS_ERR_SSL_INVALID_RECORD, "a record that breaks the rules of TLS"},
    {MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE, "a message of TLS that is not due"},
    {MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY, "the other side gave up the handshake"},
    {MBEDTLS_ERR_SSL_ALLOC_FAILED, "no memory for the handshake"},
};

static const char *const alerts[] = {
    [MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE] = "alert: unexpected message",
    [MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC] = "alert: a record was changed, or the PSKs differ",
    [MBEDTLS_SSL_ALERT_MSG_RECORD_OVERFLOW] = "alert: record too long",
    [MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE] = "alert: handshake failure",
    [MBEDTLS_SSL_ALERT_MSG_BAD_CERT] = "alert: bad certificate",
    [MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT] = "alert: unsupported certificate",
    [MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED] = "alert: our certificate was revoked",
    [MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED] = "alert: our certificate has expired",
    [MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN] = "alert: our certificate is not accepted",
    [MBEDTLS_SSL_ALERT_MSG_ILLEGAL_PARAMETER] = "alert: illegal parameter",
    [MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA] = "alert: our certificate is of an unknown authority",
    [MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED] = "alert: access denied",
    [MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR] = "alert: decode error",
    [MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR] = "alert: decrypt error",
    [MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION] = "alert: no version of TLS in common",
    [MBEDTLS_SSL_ALERT_MSG_INSUFFICIENT_SECURITY] = "alert: insufficient security",
    [MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR] = "alert: internal error",
    [MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_EXT] = "alert: unsupported extension",
    [MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME] = "alert: it does not know the name we ask for (sni)",
    [MBEDTLS_SSL_ALERT_MSG_UNKNOWN_PSK_IDENTITY] = "alert: unknown PSK identity",
    [116] = "alert: it wants a client certificate", /* certificate_required, RFC 8446 */
    [MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL] = "alert: it does not know our alpn",
};

const char *gw_tls_words_of_flags(uint32_t flags, int64_t wall_s, const char *untrusted)
{
    const uint32_t by_clock = MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE;

    if ((flags & by_clock) != 0 && wall_s < GW_TLS_EARLIEST_S) {
        return WRONG_CLOCK;
    }
    for (size_t i = 0; i < sizeof flaws / sizeof flaws[0]; i++) {
        if ((flags & flaws[i].flags) != 0) {
            return flaws[i].text == NULL ? untrusted : flaws[i].text;
        }
    }
    return "certificate cannot be accepted";
}

static const char *words_of_alert(const struct gw_tls *tls)
{
    unsigned alert = GW_TLS_FIELD(&tls->ssl, in_msg)[1];
    const char *text = alert < sizeof alerts / sizeof alerts[0] ? alerts[alert] : NULL;

    return text == NULL ? "alert: the other side refuses" : text;
}

/* All ones: the library stopped looking. None to look at is no flaw. */
static uint32_t flags_of(const struct gw_tls *tls)
{
    const uint32_t none = MBEDTLS_X509_BADCERT_MISSING | MBEDTLS_X509_BADCERT_SKIP_VERIFY;
    uint32_t found = mbedtls_ssl_get_verify_result(&tls->ssl);

    found = tls->setup->is_insecure || found == UINT32_MAX ? 0 : found;
    return (tls->flags | found) & ~none;
}

const char *gw_tls_words(const struct gw_tls *tls, int error)
{
    if (error == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
        return words_of_alert(tls);
    }
    if (tls->stage.state == GW_STAGE_OPENING && flags_of(tls) != 0) {
        return gw_tls_words_of_flags(flags_of(tls), time(NULL), tls->setup->untrusted);
    }
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (errors[i].error == error) {
            return errors[i].text;
        }
    }
    return tls->stage.state == GW_STAGE_OPENING ? "the handshake of the other side breaks the rules"
                                                : "the stream breaks the rules of TLS";
}
