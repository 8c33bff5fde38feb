/* gateway/edge/tls_peer.c - the certificate of the other side, in words. */
#include "gateway/edge/tls_parts.h"

#include "base/text.h"

#define SAN_DNS 0x82 /* tag of a dNSName in subjectAltName: context-specific, 2 */

void gw_tls_setup_watch(struct gw_tls_setup *setup, struct gw_tls_peer *peer)
{
    setup->peer = peer;
}

static void write_names(struct gw_tls_peer *peer, const mbedtls_x509_sequence *name)
{
    struct writer w = writer_of((uint8_t *)peer->names, sizeof peer->names);

    for (; name != NULL; name = name->next) {
        if (name->buf.tag == SAN_DNS) {
            write_text(&w, written(&w) == 0 ? "" : ", ");
            write_printable(&w, span_of(name->buf.p, name->buf.len));
        }
    }
    write_end(&w);
}

void gw_tls_note_peer(struct gw_tls_peer *peer, const mbedtls_x509_crt *crt)
{
    if (peer == NULL) {
        return;
    }
    /* What is too long for its room is cut. */
    (void)mbedtls_x509_dn_gets(peer->subject, sizeof peer->subject, &crt->subject);
    (void)mbedtls_x509_dn_gets(peer->issuer, sizeof peer->issuer, &crt->issuer);
    write_names(peer, &crt->subject_alt_names);
    peer->from_s = gw_tls_seconds_of(&crt->valid_from);
    peer->to_s = gw_tls_seconds_of(&crt->valid_to);
}

const char *gw_tls_version(const struct gw_stage *stage)
{
    return mbedtls_ssl_get_version(&((const struct gw_tls *)stage)->ssl);
}
