#include "gateway/edge/tls_parts.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include <mbedtls/platform_util.h>

/* Best first, ours decides. ChaCha20 needs no tables, which tell of the key by their timing where a
 * processor has no AES of its own; on a PC both cost the same. PSK stands before certificates: only
 * who was given a key offers it. Its first keeps what was said secret even from who learns the key
 * later. */
#define SUITES_PSK                                                                              \
    MBEDTLS_TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256,                                        \
        MBEDTLS_TLS_PSK_WITH_CHACHA20_POLY1305_SHA256, MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256, \
        MBEDTLS_TLS_PSK_WITH_AES_256_GCM_SHA384, MBEDTLS_TLS_PSK_WITH_AES_128_CCM
#define SUITES_CERTIFICATE                                   \
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,   \
        MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, \
        MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,     \
        MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,       \
        MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,     \
        MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM

static const int suites_psk[] = {SUITES_PSK, 0};
static const int suites_certificate[] = {GW_TLS_SUITES_1_3 SUITES_CERTIFICATE, 0};
static const int suites_both[] = {GW_TLS_SUITES_1_3 SUITES_PSK, SUITES_CERTIFICATE, 0};

bool gw_tls_refuse(const struct gw_tls_place *place, const char *key, const char *what,
                   const char *cause)
{
    return gw_fail(place->fault, "%s:%" PRIu64 ": [%s %s] %s: %s: %s", place->at->file,
                   place->at->line, place->kind, place->at->name, key, what, cause);
}

/* Both sides */

static struct gw_tls_setup *new_setup(bool is_server)
{
    struct gw_tls_setup *setup = calloc(1, sizeof *setup);

    if (setup == NULL) {
        return NULL;
    }
    setup->refs = 1;
    setup->is_server = is_server;
    mbedtls_ssl_config_init(&setup->conf);
    mbedtls_entropy_init(&setup->entropy);
    mbedtls_ctr_drbg_init(&setup->drbg);
    mbedtls_x509_crt_init(&setup->chain);
    mbedtls_pk_init(&setup->key);
    mbedtls_ssl_ticket_init(&setup->tickets);
    for (size_t i = 0; i < GW_TLS_KEPT; i++) {
        mbedtls_ssl_session_init(&setup->kept[i].session);
    }
    return setup;
}

/* What holds for every connection of ours. */
static bool conf_common(struct gw_tls_setup *setup, const struct gw_tls_place *place)
{
    int side = setup->is_server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT;

    if (!gw_tls_begin() ||
        mbedtls_ctr_drbg_seed(&setup->drbg, mbedtls_entropy_func, &setup->entropy, NULL, 0) != 0 ||
        mbedtls_ssl_config_defaults(&setup->conf, side, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0) {
        return gw_fail(place->fault, "%s %s: TLS cannot begin: no memory or no random numbers",
                       place->kind, place->at->name);
    }
    mbedtls_ssl_conf_rng(&setup->conf, mbedtls_ctr_drbg_random, &setup->drbg);
    mbedtls_ssl_conf_cert_profile(&setup->conf, &mbedtls_x509_crt_profile_next);
    mbedtls_ssl_conf_ciphersuites(&setup->conf, suites_certificate);
    gw_tls_conf_methods(&setup->conf);
    gw_tls_conf_least(&setup->conf, false);
    return true;
}

/* Server */

static bool has_psk(const mbedtls_ssl_session *session)
{
    size_t i = 0;

    while (suites_psk[i] != 0 && suites_psk[i] != gw_tls_suite_of(session)) {
        i++;
    }
    return suites_psk[i] != 0;
}

/* A ticket has the certificate of who was given it in it, but not a PSK identity: who comes by such
 * a one would have no name, so it takes the whole handshake, which costs little by PSK. */
static int parse_ticket(void *arg, mbedtls_ssl_session *session, unsigned char *ticket, size_t len)
{
    struct gw_tls_setup *setup =
        (struct gw_tls_setup *)(void *)((uint8_t *)arg - offsetof(struct gw_tls_setup, tickets));
    int error = mbedtls_ssl_ticket_parse(arg, session, ticket, len);

    if (error == 0 && has_psk(session)) {
        error = MBEDTLS_ERR_SSL_SESSION_TICKET_EXPIRED;
    }
    setup->count.resumed += error == 0;
    return error;
}

static bool conf_tickets(struct gw_tls_setup *setup, const struct gw_tls_place *place,
                         const struct conf_broker *conf)
{
    if (mbedtls_ssl_ticket_setup(&setup->tickets, mbedtls_ctr_drbg_random, &setup->drbg,
                                 MBEDTLS_CIPHER_AES_256_GCM, GW_TLS_TICKET_S) != 0) {
        return gw_fail(place->fault, "broker %s: TLS tickets: no memory", conf->at.name);
    }
    mbedtls_ssl_conf_session_tickets_cb(&setup->conf, mbedtls_ssl_ticket_write, parse_ticket,
                                        &setup->tickets);
    if (conf->client_ca != NULL || conf->psk.count != 0) {
        gw_tls_conf_no_nameless_tickets(&setup->conf);
    }
    return true;
}

static bool conf_versions(struct gw_tls_setup *setup, const struct gw_tls_place *place,
                          const struct conf_broker *conf)
{
    bool is_1_3 = conf->tls_min == CONF_TLS_1_3;

    if (is_1_3 && !GW_TLS_HAS_1_3) {
        return gw_tls_refuse(place, "tls_min", "1.3",
                             "Mbed TLS " MBEDTLS_VERSION_STRING " has no TLS 1.3; it needs 3.6");
    }
    gw_tls_conf_least(&setup->conf, is_1_3);
    return true;
}

static bool conf_clients(struct gw_tls_setup *setup, const struct gw_tls_place *place,
                         const struct conf_broker *conf)
{
    if (conf->client_ca == NULL) {
        return conf->client_cert != CONF_CLIENT_CERT_REQUIRED ||
               gw_tls_refuse(place, "client_cert", "required", "client_ca is missing");
    }
    if (!gw_tls_read_authorities(setup, place, &(struct gw_tls_named){"client_ca", conf->client_ca},
                                 NULL)) {
        return false;
    }
    mbedtls_ssl_conf_authmode(&setup->conf, conf->client_cert == CONF_CLIENT_CERT_OPTIONAL
                                                ? MBEDTLS_SSL_VERIFY_OPTIONAL
                                                : MBEDTLS_SSL_VERIFY_REQUIRED);
    return true;
}

static bool conf_psks(struct gw_tls_setup *setup, const struct gw_tls_place *place,
                      const struct conf_broker *conf)
{
    if (conf->psk.count == 0) {
        return true;
    }
    if (!gw_tls_psks_read(&setup->psks, &conf->psk, place)) {
        return false;
    }
    mbedtls_ssl_conf_psk_cb(&setup->conf, gw_tls_on_psk, setup);
    mbedtls_ssl_conf_ciphersuites(&setup->conf, setup->has_chain ? suites_both : suites_psk);
    return true;
}

struct gw_tls_setup *gw_tls_setup_server(const struct conf_broker *conf, struct gw_fault *fault)
{
    struct gw_tls_place place = {&conf->at, "broker", fault};
    struct gw_tls_setup *setup = new_setup(true);

    if (setup == NULL) {
        (void)gw_fail(fault, "broker %s: no memory", conf->at.name);
        return NULL;
    }
    if (conf_common(setup, &place) && conf_versions(setup, &place, conf) &&
        gw_tls_read_chain(setup, &place, conf->cert, conf->key) &&
        conf_clients(setup, &place, conf) && conf_psks(setup, &place, conf) &&
        conf_tickets(setup, &place, conf)) {
        return setup;
    }
    gw_tls_setup_drop(setup);
    return NULL;
}

/* Client */

static bool conf_names(struct gw_tls_setup *setup, const struct gw_tls_place *place,
                       const struct conf_upstream *conf)
{
    if (conf->sni != NULL) {
        (void)snprintf(setup->sni, sizeof setup->sni, "%s", conf->sni);
    }
    if (conf->alpn == NULL) {
        return true;
    }
    (void)snprintf(setup->alpn, sizeof setup->alpn, "%s", conf->alpn);
    setup->alpn_list[0] = setup->alpn;
    return mbedtls_ssl_conf_alpn_protocols(&setup->conf, setup->alpn_list) == 0 ||
           gw_tls_refuse(place, "alpn", conf->alpn, "is no name of a protocol");
}

/* Without authorities a certificate is looked at all the same, which tells new sessions from those
 * that are taken up again; what is wrong with it does not matter then. */
static bool conf_proof(struct gw_tls_setup *setup, const struct gw_tls_place *place,
                       const struct conf_upstream *conf, struct gw_tls_shelf *shelf)
{
    setup->is_insecure = conf->insecure;
    mbedtls_ssl_conf_authmode(&setup->conf, conf->insecure ? MBEDTLS_SSL_VERIFY_OPTIONAL
                                                           : MBEDTLS_SSL_VERIFY_REQUIRED);
    return conf->insecure ||
           gw_tls_read_authorities(setup, place, &(struct gw_tls_named){"ca", conf->ca}, shelf);
}

struct gw_tls_setup *gw_tls_setup_client(const struct conf_upstream *conf,
                                         struct gw_tls_shelf *shelf, struct gw_fault *fault)
{
    struct gw_tls_place place = {&conf->at, "upstream", fault};
    struct gw_tls_setup *setup = new_setup(false);

    if (setup == NULL) {
        (void)gw_fail(fault, "upstream %s: no memory", conf->at.name);
        return NULL;
    }
    if (conf_common(setup, &place) && gw_tls_read_chain(setup, &place, conf->cert, conf->key) &&
        conf_proof(setup, &place, conf, shelf) && conf_names(setup, &place, conf)) {
        gw_tls_conf_client_tickets(&setup->conf);
        return setup;
    }
    gw_tls_setup_drop(setup);
    return NULL;
}

/* Counting */

struct gw_tls_setup *gw_tls_setup_hold(struct gw_tls_setup *setup)
{
    setup->refs++;
    return setup;
}

void gw_tls_setup_drop(struct gw_tls_setup *setup)
{
    if (setup == NULL || --setup->refs != 0) {
        return;
    }
    for (size_t i = 0; i < GW_TLS_KEPT; i++) {
        mbedtls_ssl_session_free(&setup->kept[i].session);
    }
    mbedtls_ssl_config_free(&setup->conf);
    mbedtls_ssl_ticket_free(&setup->tickets);
    mbedtls_x509_crt_free(&setup->chain);
    gw_tls_roots_drop(setup->roots);
    mbedtls_pk_free(&setup->key);
    mbedtls_ctr_drbg_free(&setup->drbg);
    mbedtls_entropy_free(&setup->entropy);
    gw_tls_psks_fini(&setup->psks);
    free(setup);
}

const struct gw_tls_count *gw_tls_count(const struct gw_tls_setup *setup)
{
    return &setup->count;
}
