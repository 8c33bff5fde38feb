/* gateway/edge/tls.h - TLS as a stage (stage.h): octets of the socket to octets of MQTT and back.
 *
 * TLS 1.2, and 1.3 where the library has it; ECDHE with AEAD, and PSK with AEAD where `psk` is set;
 * X25519, P-256 and P-384; no renegotiation, no compression, no SHA-1. docs/tls.md says more.
 *
 *     setup   certificates, keys, authorities of one [broker] or [upstream]; shared, counted
 *     stage   one connection; holds its setup, so that a reload ends no session
 *
 * Memory: a stage charges GW_TLS_MEMORY to its budget while it lives, and what its handshake has to
 * say until output took it; nothing is allocated once it is up. A handshake costs milliseconds:
 * who accepts bounds how many are under way.
 */
#ifndef GATEWAY_EDGE_TLS_H
#define GATEWAY_EDGE_TLS_H

#include "base/block.h"
#include "config/conf.h"
#include "gateway/edge/fault.h"
#include "gateway/edge/stage.h"

#define GW_TLS_MEMORY \
    ((size_t)38 * 1024) /* octets of one stage, with a certificate of the other side */
#define GW_TLS_FLIGHT                                                                     \
    ((size_t)32 * 1024)           /* octets to say that output has not taken yet, at most \
                                   */
#define GW_TLS_IDENTITY_MAX 128u  /* octets of a name; a longer one is none */
#define GW_TLS_TICKET_S     3600u /* a session may be taken up again for so long */

struct gw_tls_setup;

/* Authorities by their files: those of a system are 1 MiB, so setups share what is the same file,
 * unchanged. Zeroed it is empty; it outlives its setups. */
struct gw_tls_shelf {
    struct gw_tls_roots *first;
};

/* Since the setup was made. */
struct gw_tls_count {
    uint64_t done;    /* handshakes that came to their end */
    uint64_t resumed; /* of these by ticket, which costs a hundredth */
    uint64_t failed;
};

/* Read their files now; the setup keeps nothing of `conf`. One reference is the caller's. NULL: the
 * fault says FILE:LINE: [section] key: cause. A certificate that has expired is none: it may be the
 * clock that is wrong; see gw_tls_days_left. */
struct gw_tls_setup *gw_tls_setup_server(const struct conf_broker *conf, struct gw_fault *fault);
struct gw_tls_setup *gw_tls_setup_client(const struct conf_upstream *conf,
                                         struct gw_tls_shelf *shelf, struct gw_fault *fault);
struct gw_tls_setup *gw_tls_setup_hold(struct gw_tls_setup *setup);
/* Frees at the last reference. NULL is allowed. */
void gw_tls_setup_drop(struct gw_tls_setup *setup);

/* Whole days until the first of our own certificates expires, by the wall clock; negative: it has;
 * INT_MAX: there is no certificate. */
int gw_tls_days_left(const struct gw_tls_setup *setup);
const struct gw_tls_count *gw_tls_count(const struct gw_tls_setup *setup);

/* NULL: the budget or memory is short. `host` is the name or address dialled: it must stand in the
 * certificate, unless `sni` names another or `insecure` asks for no proof. The client speaks first:
 * ask its output at once. */
struct gw_stage *gw_tls_accept(struct gw_tls_setup *setup, struct budget *budget);
struct gw_stage *gw_tls_connect(struct gw_tls_setup *setup, const char *host,
                                struct budget *budget);

/* Who the other side has proved to be: the common name of its verified certificate, or its PSK
 * identity. Well-formed UTF-8 without NUL; else, and before the stage is up, empty. Borrowed. */
struct span gw_tls_identity(const struct gw_stage *stage);

/* The certificate that the other side shows, good or not, for people. */
struct gw_tls_peer {
    char subject[160]; /* "": none was shown */
    char issuer[160];
    char names[240]; /* of hosts it is for, with commas */
    int64_t from_s;  /* since 1970 */
    int64_t to_s;
};

/* From now on `peer`, borrowed, is filled by each handshake of `setup`; NULL: none. */
void gw_tls_setup_watch(struct gw_tls_setup *setup, struct gw_tls_peer *peer);

/* "TLSv1.2"; of a stage that is up. Borrowed. */
const char *gw_tls_version(const struct gw_stage *stage);

/* The protocol chosen by ALPN, or NULL. Borrowed. */
const char *gw_tls_alpn(const struct gw_stage *stage);

#endif
