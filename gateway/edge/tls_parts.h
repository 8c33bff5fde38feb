/* gateway/edge/tls_parts.h - what the files of tls share; nobody else includes it.
 *
 *     tls.c          the stage: octets in, octets out        tls_setup.c   settings of both sides
 *     tls_open.c     its beginning: accept, connect, verify  tls_files.c   certificates and keys
 *     tls_words.c    what went wrong, for people             tls_psk.c     identities and their
 * keys
 *     tls_peer.c     whom we have met, for people
 *
 * An Mbed TLS configuration points into the setup, so a setup does not move.
 */
#ifndef GATEWAY_EDGE_TLS_PARTS_H
#define GATEWAY_EDGE_TLS_PARTS_H

#include <mbedtls/entropy.h>
#include <mbedtls/ssl_ticket.h>

#include "gateway/edge/tls.h"
#include "gateway/edge/tls_compat.h"

#define GW_TLS_HOST_MAX 256u /* octets of a host name, its end too */
#define GW_TLS_KEPT     4u   /* hosts of one upstream whose session is kept */
#define GW_TLS_PSK_MIN  16u  /* octets of a key: less can be guessed */
#define GW_TLS_PSK_MAX  32u
/* 2026-01-01, in seconds since 1970: before this was written, so a clock before it is wrong. */
#define GW_TLS_EARLIEST_S INT64_C(1767225600)

/* One identity with its key, both in the table's text. */
struct gw_tls_psk {
    struct span identity;
    uint8_t key[GW_TLS_PSK_MAX];
    size_t key_len;
};

struct gw_tls_psks {
    struct gw_tls_psk *at;
    size_t count;
    char *text; /* what the identities point into */
};

/* A session to take up again. at_ms 0: none. */
struct gw_tls_kept {
    char host[GW_TLS_HOST_MAX];
    uint64_t at_ms;
    mbedtls_ssl_session session;
};

/* Two looks at a file that is the same and unchanged are equal. */
struct gw_tls_stamp {
    uint64_t device;
    uint64_t number;
    int64_t changed_ns;
    int64_t octets;
};

/* Authorities of one file, counted. */
struct gw_tls_roots {
    struct gw_tls_roots *next;  /* on the shelf */
    struct gw_tls_shelf *shelf; /* NULL: of one setup alone */
    size_t refs;
    struct gw_tls_stamp stamp;
    mbedtls_x509_crt list;
};

struct gw_tls_setup {
    size_t refs;
    bool is_server;
    bool is_insecure; /* client: the other side proves nothing */
    bool has_chain;
    mbedtls_ssl_config conf;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context drbg;
    mbedtls_x509_crt chain;
    mbedtls_pk_context key;
    struct gw_tls_roots *roots; /* NULL: none */
    mbedtls_ssl_ticket_context tickets;
    struct gw_tls_psks psks;
    struct gw_tls_kept kept[GW_TLS_KEPT];
    struct gw_tls_count count;
    struct gw_tls_peer *peer;  /* to be told; NULL: nobody */
    char sni[GW_TLS_HOST_MAX]; /* "": the host */
    char alpn[GW_TLS_HOST_MAX];
    const char *alpn_list[2];
    char untrusted[512]; /* words, with the file of authorities */
};

struct gw_tls {
    struct gw_stage stage;
    struct gw_tls_setup *setup;
    struct budget *budget;
    mbedtls_ssl_context ssl;
    struct span in;        /* what input was given */
    struct writer *direct; /* where output wants records; NULL: they are held */
    struct block *held;
    size_t held_from; /* octets of it that output took */
    size_t held_to;   /* octets of it that are set */
    int late;         /* an end that came behind octets: told when these are taken */
    bool heard;       /* the other side's first octet was that of TLS */
    bool alerted;     /* we have told it why */
    bool proved;      /* the handshake is done */
    bool verified;    /* a certificate was looked at, so the session is new */
    uint32_t flags;   /* what was wrong with it */
    struct gw_tls_kept *resuming;
    uint8_t ip[16]; /* the host, where it is an address */
    size_t ip_len;
    char host[GW_TLS_HOST_MAX];
    uint8_t identity[GW_TLS_IDENTITY_MAX];
    size_t identity_len;
};

/* Where a setting stands, for the fault. */
struct gw_tls_place {
    const struct conf_section *at;
    const char *kind; /* of section */
    struct gw_fault *fault;
};

/* A file, and the setting that names it. */
struct gw_tls_named {
    const char *key;
    const char *path;
};

/* Fills the fault: FILE:LINE: [section] key: what: cause. Always false. */
bool gw_tls_refuse(const struct gw_tls_place *place, const char *key, const char *what,
                   const char *cause);

bool gw_tls_read_chain(struct gw_tls_setup *setup, const struct gw_tls_place *place,
                       const char *cert, const char *key);
/* `path` NULL: the system's store. `shelf` NULL: shared with nobody. */
bool gw_tls_read_authorities(struct gw_tls_setup *setup, const struct gw_tls_place *place,
                             const struct gw_tls_named *file, struct gw_tls_shelf *shelf);
void gw_tls_roots_drop(struct gw_tls_roots *roots);

/* Lines `identity:hexkey`; blank ones and those that begin with # do not count. */
bool gw_tls_psks_read(struct gw_tls_psks *psks, const struct conf_secrets *secrets,
                      const struct gw_tls_place *place);
const struct gw_tls_psk *gw_tls_psks_find(const struct gw_tls_psks *psks, struct span identity);
void gw_tls_psks_fini(struct gw_tls_psks *psks);

/* Called by the library in the middle of a handshake; arg: the setup, the stage. */
int gw_tls_on_psk(void *arg, mbedtls_ssl_context *ssl, const unsigned char *identity, size_t len);
int gw_tls_on_certificate(void *arg, mbedtls_x509_crt *crt, int depth, uint32_t *flags);

/* The handshake is done: who is it, and what to keep of it. */
void gw_tls_opened(struct gw_tls *tls);
/* Keeps the session for the next connection to this host. */
void gw_tls_keep(struct gw_tls *tls);
/* Goes on with the handshake. */
void gw_tls_shake(struct gw_tls *tls);
/* Called by the library for octets; arg: the stage. */
int gw_tls_take(void *arg, unsigned char *to, size_t size);
int gw_tls_give(void *arg, const unsigned char *octets, size_t len);
extern const struct gw_stage_kind gw_tls_kind;

/* Fills `peer`; NULL is allowed. In tls_peer.c. */
void gw_tls_note_peer(struct gw_tls_peer *peer, const mbedtls_x509_crt *crt);
/* Since 1970. */
int64_t gw_tls_seconds_of(const mbedtls_x509_time *at);

/* What an error of the library means. */
const char *gw_tls_words(const struct gw_tls *tls, int error);
/* What is wrong with a certificate; wall_s: seconds since 1970. */
const char *gw_tls_words_of_flags(uint32_t flags, int64_t wall_s, const char *untrusted);

#endif
