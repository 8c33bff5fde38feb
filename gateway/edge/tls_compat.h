/* gateway/edge/tls_compat.h - where Mbed TLS 2.28 and 3.6 differ, so that no other file does. */
#ifndef GATEWAY_EDGE_TLS_COMPAT_H
#define GATEWAY_EDGE_TLS_COMPAT_H

#include <limits.h>
#include <stdbool.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>

#include "base/bytes.h"

#if MBEDTLS_VERSION_MAJOR >= 3

#include <psa/crypto.h>

#define GW_TLS_HAS_1_3 true
#define GW_TLS_SUITES_1_3                                                       \
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256, MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256, \
        MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
#define GW_TLS_NEW_TICKET       MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET
#define GW_TLS_VERSION_REFUSED  MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION
#define GW_TLS_NO_COMMON        MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE
#define GW_TLS_NO_USABLE        MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE
#define GW_TLS_BAD_FINISHED     MBEDTLS_ERR_SSL_DECODE_ERROR
#define GW_TLS_BAD_ALPN         MBEDTLS_ERR_SSL_NO_APPLICATION_PROTOCOL
#define GW_TLS_FIELD(ssl, name) ((ssl)->MBEDTLS_PRIVATE(name))

static inline bool gw_tls_begin(void)
{
    return psa_crypto_init() == PSA_SUCCESS;
}

static inline int gw_tls_parse_key(mbedtls_pk_context *key, struct span text,
                                   mbedtls_ctr_drbg_context *drbg)
{
    return mbedtls_pk_parse_key(key, text.at, text.len, NULL, 0, mbedtls_ctr_drbg_random, drbg);
}

static inline int gw_tls_check_pair(const mbedtls_pk_context *open, const mbedtls_pk_context *key,
                                    mbedtls_ctr_drbg_context *drbg)
{
    return mbedtls_pk_check_pair(open, key, mbedtls_ctr_drbg_random, drbg);
}

static inline void gw_tls_conf_methods(mbedtls_ssl_config *conf)
{
    static const uint16_t groups[] = {
        MBEDTLS_SSL_IANA_TLS_GROUP_X25519, MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
        MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
    static const uint16_t signatures[] = {MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
                                          MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
                                          MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,
                                          MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
                                          MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,
                                          MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
                                          MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,
                                          MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
                                          MBEDTLS_TLS1_3_SIG_NONE};

    mbedtls_ssl_conf_groups(conf, groups);
    mbedtls_ssl_conf_sig_algs(conf, signatures);
}

static inline void gw_tls_conf_least(mbedtls_ssl_config *conf, bool is_1_3)
{
    mbedtls_ssl_conf_min_tls_version(conf, is_1_3 ? MBEDTLS_SSL_VERSION_TLS1_3
                                                  : MBEDTLS_SSL_VERSION_TLS1_2);
}

/* A ticket of 1.3 carries no certificate and no PSK identity: who resumes by it has no name. */
static inline void gw_tls_conf_no_nameless_tickets(mbedtls_ssl_config *conf)
{
    mbedtls_ssl_conf_new_session_tickets(conf, 0);
}

static inline void gw_tls_conf_client_tickets(mbedtls_ssl_config *conf)
{
    mbedtls_ssl_conf_session_tickets(conf, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        conf, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
}

/* In 1.3 tickets come after the handshake, as GW_TLS_NEW_TICKET. */
static inline bool gw_tls_has_ticket(const mbedtls_ssl_context *ssl)
{
    return mbedtls_ssl_get_version_number(ssl) == MBEDTLS_SSL_VERSION_TLS1_2;
}

static inline int gw_tls_suite_of(const mbedtls_ssl_session *session)
{
    return mbedtls_ssl_session_get_ciphersuite_id(session);
}

#else

#define GW_TLS_HAS_1_3 false
#define GW_TLS_SUITES_1_3
#define GW_TLS_NEW_TICKET       INT_MIN /* no error has this number */
#define GW_TLS_VERSION_REFUSED  MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION
#define GW_TLS_NO_COMMON        MBEDTLS_ERR_SSL_NO_CIPHER_CHOSEN
#define GW_TLS_NO_USABLE        MBEDTLS_ERR_SSL_NO_USABLE_CIPHERSUITE
#define GW_TLS_BAD_FINISHED     MBEDTLS_ERR_SSL_BAD_HS_FINISHED
#define GW_TLS_BAD_ALPN         MBEDTLS_ERR_SSL_BAD_HS_CLIENT_HELLO
#define GW_TLS_FIELD(ssl, name) ((ssl)->name)

static inline bool gw_tls_begin(void)
{
    return true;
}

static inline int gw_tls_parse_key(mbedtls_pk_context *key, struct span text,
                                   mbedtls_ctr_drbg_context *drbg)
{
    (void)drbg;
    return mbedtls_pk_parse_key(key, text.at, text.len, NULL, 0);
}

static inline int gw_tls_check_pair(const mbedtls_pk_context *open, const mbedtls_pk_context *key,
                                    mbedtls_ctr_drbg_context *drbg)
{
    (void)drbg;
    return mbedtls_pk_check_pair(open, key);
}

static inline void gw_tls_conf_methods(mbedtls_ssl_config *conf)
{
    static const mbedtls_ecp_group_id groups[] = {MBEDTLS_ECP_DP_CURVE25519,
                                                  MBEDTLS_ECP_DP_SECP256R1,
                                                  MBEDTLS_ECP_DP_SECP384R1, MBEDTLS_ECP_DP_NONE};
    static const int hashes[] = {MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA512,
                                 MBEDTLS_MD_NONE};

    mbedtls_ssl_conf_curves(conf, groups);
    mbedtls_ssl_conf_sig_hashes(conf, hashes);
}

static inline void gw_tls_conf_least(mbedtls_ssl_config *conf, bool is_1_3)
{
    (void)is_1_3;
    mbedtls_ssl_conf_min_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
}

static inline void gw_tls_conf_no_nameless_tickets(mbedtls_ssl_config *conf)
{
    (void)conf;
}

static inline void gw_tls_conf_client_tickets(mbedtls_ssl_config *conf)
{
    mbedtls_ssl_conf_session_tickets(conf, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
}

static inline bool gw_tls_has_ticket(const mbedtls_ssl_context *ssl)
{
    (void)ssl;
    return true;
}

static inline int gw_tls_suite_of(const mbedtls_ssl_session *session)
{
    return session->ciphersuite;
}

#endif
#endif
