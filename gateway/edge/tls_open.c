#include "gateway/edge/tls_parts.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include <mbedtls/oid.h>

#include "base/utf8.h"
#include "gateway/edge/clock.h"

#define SAN_IP 0x87 /* tag of an iPAddress in subjectAltName: context-specific, 7 */

/* Whose certificate it is */

/* The library compares names only, not addresses. */
static bool is_for_address(const mbedtls_x509_crt *crt, struct span ip)
{
    const mbedtls_x509_sequence *name = &crt->subject_alt_names;

    while (name != NULL) {
        if (name->buf.tag == SAN_IP && span_equal(span_of(name->buf.p, name->buf.len), ip)) {
            return true;
        }
        name = name->next;
    }
    return false;
}

int gw_tls_on_certificate(void *arg, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    struct gw_tls *tls = arg;

    tls->verified = true;
    if (depth == 0) {
        gw_tls_note_peer(tls->setup->peer, crt);
    }
    if (tls->setup->is_insecure) {
        *flags = 0;
        return 0;
    }
    if (depth == 0 && tls->ip_len != 0 && !is_for_address(crt, span_of(tls->ip, tls->ip_len))) {
        *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    }
    tls->flags |= *flags;
    /* An error, so that a server to whom certificates are optional takes no bad one. */
    return tls->setup->is_server && *flags != 0 ? MBEDTLS_ERR_X509_CERT_VERIFY_FAILED : 0;
}

static void set_identity(struct gw_tls *tls, struct span name)
{
    tls->identity_len = 0;
    if (name.len != 0 && name.len <= sizeof tls->identity && utf8_is_text(name)) {
        memcpy(tls->identity, name.at, name.len);
        tls->identity_len = name.len;
    }
}

/* The first common name, where its octets are UTF-8 by their type. */
static struct span common_name(const mbedtls_x509_crt *crt)
{
    const mbedtls_x509_name *name = crt == NULL ? NULL : &crt->subject;

    while (name != NULL && MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &name->oid) != 0) {
        name = name->next;
    }
    if (name == NULL || (name->val.tag != MBEDTLS_ASN1_UTF8_STRING &&
                         name->val.tag != MBEDTLS_ASN1_PRINTABLE_STRING &&
                         name->val.tag != MBEDTLS_ASN1_IA5_STRING)) {
        return (struct span){NULL, 0};
    }
    return span_of(name->val.p, name->val.len);
}

int gw_tls_on_psk(void *arg, mbedtls_ssl_context *ssl, const unsigned char *identity, size_t len)
{
    const struct gw_tls_setup *setup = arg;
    struct gw_tls *tls = (struct gw_tls *)(void *)((uint8_t *)ssl - offsetof(struct gw_tls, ssl));
    const struct gw_tls_psk *psk = gw_tls_psks_find(&setup->psks, span_of(identity, len));

    if (psk == NULL) {
        return MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY;
    }
    set_identity(tls, psk->identity);
    return mbedtls_ssl_set_hs_psk(ssl, psk->key, psk->key_len);
}

/* Sessions that are kept */

/* That of this host, or the one to give up for it. */
static struct gw_tls_kept *place_of(struct gw_tls_setup *setup, const char *host)
{
    struct gw_tls_kept *oldest = &setup->kept[0];

    for (size_t i = 0; i < GW_TLS_KEPT; i++) {
        struct gw_tls_kept *kept = &setup->kept[i];

        if (strcmp(kept->host, host) == 0) {
            return kept;
        }
        oldest = kept->at_ms < oldest->at_ms ? kept : oldest;
    }
    return oldest;
}

void gw_tls_keep(struct gw_tls *tls)
{
    struct gw_tls_kept *kept = place_of(tls->setup, tls->host);

    mbedtls_ssl_session_free(&kept->session);
    mbedtls_ssl_session_init(&kept->session);
    memcpy(kept->host, tls->host, sizeof kept->host);
    kept->at_ms = mbedtls_ssl_get_session(&tls->ssl, &kept->session) == 0 ? gw_clock_ms() : 0;
}

static void resume(struct gw_tls *tls)
{
    struct gw_tls_kept *kept = place_of(tls->setup, tls->host);

    if (kept->at_ms != 0 && strcmp(kept->host, tls->host) == 0 &&
        gw_clock_ms() - kept->at_ms <= GW_TLS_TICKET_S * UINT64_C(1000) &&
        mbedtls_ssl_set_session(&tls->ssl, &kept->session) == 0) {
        tls->resuming = kept;
    }
}

void gw_tls_opened(struct gw_tls *tls)
{
    tls->stage.state = GW_STAGE_UP;
    tls->proved = true;
    tls->setup->count.done++;
    if (tls->setup->is_server) {
        if (tls->identity_len == 0 && mbedtls_ssl_get_verify_result(&tls->ssl) == 0) {
            set_identity(tls, common_name(mbedtls_ssl_get_peer_cert(&tls->ssl)));
        }
    } else {
        tls->setup->count.resumed += !tls->verified;
        if (gw_tls_has_ticket(&tls->ssl)) {
            gw_tls_keep(tls);
        }
    }
}

/* Beginning */

static struct gw_tls *new_tls(struct gw_tls_setup *setup, struct budget *budget)
{
    struct gw_tls *tls = NULL;

    if (!budget_charge(budget, GW_TLS_MEMORY)) {
        return NULL;
    }
    tls = calloc(1, sizeof *tls);
    if (tls == NULL) {
        budget_refund(budget, GW_TLS_MEMORY);
        return NULL;
    }
    tls->stage.kind = &gw_tls_kind;
    tls->setup = gw_tls_setup_hold(setup);
    tls->budget = budget;
    mbedtls_ssl_init(&tls->ssl);
    if (mbedtls_ssl_setup(&tls->ssl, &setup->conf) != 0) {
        gw_stage_free(&tls->stage);
        return NULL;
    }
    mbedtls_ssl_set_bio(&tls->ssl, tls, gw_tls_give, gw_tls_take, NULL);
    mbedtls_ssl_set_verify(&tls->ssl, gw_tls_on_certificate, tls);
    return tls;
}

struct gw_stage *gw_tls_accept(struct gw_tls_setup *setup, struct budget *budget)
{
    struct gw_tls *tls = new_tls(setup, budget);

    return tls == NULL ? NULL : &tls->stage;
}

/* What is asked for in the greeting and must stand in the certificate. RFC 6066 wants no address in
 * the greeting. */
static bool set_host(struct gw_tls *tls, const char *host)
{
    const char *name = tls->setup->sni[0] != '\0' ? tls->setup->sni : host;

    if ((size_t)snprintf(tls->host, sizeof tls->host, "%s", host) >= sizeof tls->host) {
        return false;
    }
    if (inet_pton(AF_INET, name, tls->ip) == 1) {
        tls->ip_len = 4;
    } else if (inet_pton(AF_INET6, name, tls->ip) == 1) {
        tls->ip_len = 16;
    }
    return mbedtls_ssl_set_hostname(&tls->ssl, tls->ip_len == 0 ? name : NULL) == 0;
}

struct gw_stage *gw_tls_connect(struct gw_tls_setup *setup, const char *host, struct budget *budget)
{
    struct gw_tls *tls = new_tls(setup, budget);

    if (tls == NULL) {
        return NULL;
    }
    if (!set_host(tls, host)) {
        gw_stage_free(&tls->stage);
        return NULL;
    }
    resume(tls);
    gw_tls_shake(tls);
    return &tls->stage;
}

struct span gw_tls_identity(const struct gw_stage *stage)
{
    const struct gw_tls *tls = (const struct gw_tls *)stage;

    return tls->proved ? span_of(tls->identity, tls->identity_len) : (struct span){NULL, 0};
}

const char *gw_tls_alpn(const struct gw_stage *stage)
{
    return mbedtls_ssl_get_alpn_protocol(&((const struct gw_tls *)stage)->ssl);
}
