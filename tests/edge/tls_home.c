#include "tests/edge/tls_home.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mbedtls/bignum.h>
#include <mbedtls/ecp.h>
#include <mbedtls/oid.h>
#include <mbedtls/x509_crt.h>

#define FROM "20250101000000"
#define TO   "20991231235959"

const char *tls_home_path(const struct tls_home *home, const char *name)
{
    static char places[8][96];
    static size_t next;
    char *place = places[next++ % 8];

    snprintf(place, sizeof places[0], "%s/%s", home->folder, name);
    return place;
}

void tls_home_write(const struct tls_home *home, const char *name, const char *text)
{
    FILE *file = fopen(tls_home_path(home, name), "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fchmod(fileno(file), 0600), 0);
    fclose(file);
}

static void make_key(struct tls_home *home, mbedtls_pk_context *key)
{
    mbedtls_pk_init(key);
    assert_int_equal(mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)), 0);
    assert_int_equal(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*key),
                                         mbedtls_ctr_drbg_random, &home->drbg),
                     0);
}

static void write_paper(struct tls_home *home, const char *name, const struct tls_paper *paper,
                        mbedtls_pk_context *subject_key)
{
    bool is_authority = &paper->by->key == subject_key;
    mbedtls_x509write_cert crt;
    mbedtls_mpi serial;
    uint8_t text[4096];

    mbedtls_x509write_crt_init(&crt);
    mbedtls_mpi_init(&serial);
    assert_int_equal(mbedtls_mpi_lset(&serial, 7), 0);
    mbedtls_x509write_crt_set_version(&crt, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&crt, paper->md == 0 ? MBEDTLS_MD_SHA256 : paper->md);
    mbedtls_x509write_crt_set_subject_key(&crt, subject_key);
    mbedtls_x509write_crt_set_issuer_key(&crt, (mbedtls_pk_context *)(uintptr_t)&paper->by->key);
    assert_int_equal(mbedtls_x509write_crt_set_subject_name(&crt, paper->subject), 0);
    assert_int_equal(mbedtls_x509write_crt_set_issuer_name(
                         &crt, paper->by == &home->ours ? "CN=ours" : "CN=other"),
                     0);
    assert_int_equal(mbedtls_x509write_crt_set_serial(&crt, &serial), 0);
    assert_int_equal(mbedtls_x509write_crt_set_validity(&crt,
                                                        paper->from == NULL ? FROM : paper->from,
                                                        paper->to == NULL ? TO : paper->to),
                     0);
    assert_int_equal(mbedtls_x509write_crt_set_basic_constraints(&crt, is_authority, -1), 0);
    if (paper->san.len != 0) {
        assert_int_equal(
            mbedtls_x509write_crt_set_extension(&crt, MBEDTLS_OID_SUBJECT_ALT_NAME,
                                                MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), 0,
                                                paper->san.at, paper->san.len),
            0);
    }
    assert_int_equal(
        mbedtls_x509write_crt_pem(&crt, text, sizeof text, mbedtls_ctr_drbg_random, &home->drbg),
        0);
    tls_home_write(home, name, (const char *)text);
    mbedtls_mpi_free(&serial);
    mbedtls_x509write_crt_free(&crt);
}

void tls_home_issue(struct tls_home *home, const char *name, const struct tls_paper *paper)
{
    struct tls_paper whole = *paper;
    mbedtls_pk_context key;
    uint8_t text[4096];
    char file[64];

    whole.by = paper->by == NULL ? &home->ours : paper->by;
    make_key(home, &key);
    snprintf(file, sizeof file, "%s.crt", name);
    write_paper(home, file, &whole, &key);
    assert_int_equal(mbedtls_pk_write_key_pem(&key, text, sizeof text), 0);
    snprintf(file, sizeof file, "%s.key", name);
    tls_home_write(home, file, (const char *)text);
    mbedtls_pk_free(&key);
}

static void make_authority(struct tls_home *home, struct tls_authority *authority, const char *name)
{
    char text[64];

    make_key(home, &authority->key);
    snprintf(text, sizeof text, "CN=%s", name);
    snprintf(authority->path, sizeof authority->path, "%s/%s.crt", home->folder, name);
    write_paper(home, strrchr(authority->path, '/') + 1,
                &(struct tls_paper){.subject = text, .by = authority}, &authority->key);
}

void tls_home_make(struct tls_home *home)
{
    (void)mkdir("build", 0777);
    strcpy(home->folder, "build/test-tls-XXXXXX");
    assert_non_null(mkdtemp(home->folder));
    assert_true(gw_tls_begin());
    mbedtls_entropy_init(&home->entropy);
    mbedtls_ctr_drbg_init(&home->drbg);
    assert_int_equal(
        mbedtls_ctr_drbg_seed(&home->drbg, mbedtls_entropy_func, &home->entropy, NULL, 0), 0);
    make_authority(home, &home->ours, "ours");
    make_authority(home, &home->other, "other");
}

void tls_home_remove(struct tls_home *home)
{
    char command[64];

    snprintf(command, sizeof command, "rm -rf '%s'", home->folder);
    assert_int_equal(system(command), 0);
    mbedtls_pk_free(&home->ours.key);
    mbedtls_pk_free(&home->other.key);
    mbedtls_ctr_drbg_free(&home->drbg);
    mbedtls_entropy_free(&home->entropy);
}

void tls_hear(struct gw_stage *stage, struct tls_heard *heard, struct span octets)
{
    size_t got = 0;

    do {
        got = gw_stage_input(stage, &octets, heard->octets + heard->len,
                             sizeof heard->octets - heard->len);
        heard->len += got;
        assert_true(heard->len < sizeof heard->octets);
    } while (stage->state != GW_STAGE_OVER && (got != 0 || octets.len != 0));
}

bool tls_carry(struct tls_pair *pair, bool up, struct span *plain, size_t cut)
{
    static uint8_t wire[GW_STAGE_LEAST];
    struct writer w = writer_of(wire, sizeof wire);
    struct span octets;

    gw_stage_output(up ? pair->client : pair->server, plain, &w);
    assert_false(w.bad);
    octets = span_of(wire, written(&w));
    pair->carried += octets.len;
    for (size_t at = 0; at < octets.len; at += cut) {
        struct span part = span_from(octets, at);

        part.len = part.len < cut ? part.len : cut;
        tls_hear(up ? pair->server : pair->client, up ? &pair->by_server : &pair->by_client,
                 at_edge(part, part.len));
    }
    return octets.len != 0;
}

void tls_settle(struct tls_pair *pair, size_t cut)
{
    struct span none = {NULL, 0};
    bool moved = true;

    while (moved) {
        moved = tls_carry(pair, true, &none, cut);
        moved = tls_carry(pair, false, &none, cut) || moved;
    }
}

void tls_pair_fini(struct tls_pair *pair)
{
    gw_stage_free(pair->server);
    gw_stage_free(pair->client);
    assert_int_equal(pair->budget.used, 0);
}
