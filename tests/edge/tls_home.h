/* tests/edge/tls_home.h - a folder with an authority and certificates, and two stages mouth to
 * mouth. */
#ifndef TESTS_EDGE_TLS_HOME_H
#define TESTS_EDGE_TLS_HOME_H

#include "gateway/edge/tls_parts.h"
#include "tests/support.h"

#define ROOM 65536u

struct tls_authority {
    char path[96];
    mbedtls_pk_context key;
};

struct tls_home {
    char folder[40];
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context drbg;
    struct tls_authority ours;
    struct tls_authority other;
};

/* What a certificate says. NULL, 0: the usual. */
struct tls_paper {
    const char *subject; /* "CN=hub.site" */
    const char *from;    /* YYYYMMDDhhmmss */
    const char *to;
    struct span san; /* the extension's octets */
    const struct tls_authority *by;
    mbedtls_md_type_t md;
};

void tls_home_make(struct tls_home *home);
void tls_home_remove(struct tls_home *home);
/* Writes FOLDER/NAME.crt and FOLDER/NAME.key. */
void tls_home_issue(struct tls_home *home, const char *name, const struct tls_paper *paper);
/* FOLDER/NAME; one of eight places that are used in turn. */
const char *tls_home_path(const struct tls_home *home, const char *name);
void tls_home_write(const struct tls_home *home, const char *name, const char *text);

/* What one side has heard. */
struct tls_heard {
    uint8_t octets[ROOM];
    size_t len;
};

struct tls_pair {
    struct budget budget;
    struct gw_stage *server;
    struct gw_stage *client;
    struct tls_heard by_server;
    struct tls_heard by_client;
    size_t carried; /* octets, both ways */
};

/* Asked until it has taken all and has no more, as the contract of a stage says. */
void tls_hear(struct gw_stage *stage, struct tls_heard *heard, struct span octets);
/* One go from one side to the other, `cut` octets at a time. True: something moved. */
bool tls_carry(struct tls_pair *pair, bool up, struct span *plain, size_t cut);
/* Until nothing moves. */
void tls_settle(struct tls_pair *pair, size_t cut);
void tls_pair_fini(struct tls_pair *pair);

#endif
