/* A server's stage and a client's, mouth to mouth in memory. */
#include "tests/edge/tls_home.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOST "hub.site"

struct rig {
    struct tls_home home;
    struct conf_broker broker;
    struct conf_upstream upstream;
    struct gw_tls_setup *server;
    struct gw_tls_setup *client;
    struct tls_pair pair;
    bool newest; /* whatever the library has, not TLS 1.2 */
};

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);

    tls_home_make(&rig->home);
    tls_home_issue(&rig->home, "hub", &(struct tls_paper){.subject = "CN=" HOST});
    rig->broker.at = (struct conf_section){"secure", "gateway.conf", 4, 0};
    rig->broker.cert = strdup(tls_home_path(&rig->home, "hub.crt"));
    rig->broker.key = strdup(tls_home_path(&rig->home, "hub.key"));
    rig->upstream.at = (struct conf_section){"cloud", "gateway.conf", 9, 0};
    rig->upstream.ca = rig->home.ours.path;
    rig->pair.budget.limit = 1u << 20;
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;

    tls_pair_fini(&rig->pair);
    gw_tls_setup_drop(rig->server);
    gw_tls_setup_drop(rig->client);
    tls_home_remove(&rig->home);
    free((void *)(uintptr_t)rig->broker.cert);
    free((void *)(uintptr_t)rig->broker.key);
    free(rig);
    return 0;
}

/* The setups that the rig has none of yet. */
static void make_setups(struct rig *rig)
{
    struct gw_fault fault = {""};

    if (rig->server == NULL) {
        rig->server = gw_tls_setup_server(&rig->broker, &fault);
    }
    if (rig->client == NULL) {
        rig->client = gw_tls_setup_client(&rig->upstream, NULL, &fault);
    }
    if (rig->server == NULL || rig->client == NULL) {
        fail_msg("%s", fault.text);
    }
    if (!rig->newest) {
        mbedtls_ssl_conf_max_version(&rig->client->conf, MBEDTLS_SSL_MAJOR_VERSION_3,
                                     MBEDTLS_SSL_MINOR_VERSION_3);
    }
}

static void meet_as(struct rig *rig, const char *host, size_t cut)
{
    struct tls_pair *pair = &rig->pair;

    make_setups(rig);
    tls_pair_fini(pair);
    pair->by_server.len = pair->by_client.len = pair->carried = 0;
    pair->server = gw_tls_accept(rig->server, &pair->budget);
    pair->client = gw_tls_connect(rig->client, host, &pair->budget);
    assert_non_null(pair->server);
    assert_non_null(pair->client);
    tls_settle(pair, cut);
}

static void meet(struct rig *rig)
{
    meet_as(rig, HOST, ROOM);
}

static void assert_up(const struct rig *rig)
{
    if (rig->pair.client->state != GW_STAGE_UP || rig->pair.server->state != GW_STAGE_UP) {
        fail_msg("client: %s; server: %s", rig->pair.client->cause, rig->pair.server->cause);
    }
}

static void assert_over(const struct gw_stage *stage, const char *cause)
{
    assert_int_equal(stage->state, GW_STAGE_OVER);
    assert_non_null(stage->cause);
    if (strstr(stage->cause, cause) == NULL) {
        fail_msg("it says: %s", stage->cause);
    }
}

static void carry_text(struct rig *rig)
{
    struct span up = WIRE_SPAN("over the wire");
    struct span down = WIRE_SPAN("and back");

    (void)tls_carry(&rig->pair, true, &up, ROOM);
    (void)tls_carry(&rig->pair, false, &down, ROOM);
    assert_int_equal(up.len + down.len, 0);
    assert_span_equal(span_of(rig->pair.by_server.octets, rig->pair.by_server.len),
                      WIRE_SPAN("over the wire"));
    assert_span_equal(span_of(rig->pair.by_client.octets, rig->pair.by_client.len),
                      WIRE_SPAN("and back"));
}

/* Handshakes */

static void octets_go_both_ways(void **state)
{
    meet(*state);
    assert_up(*state);
    carry_text(*state);
    assert_int_equal(gw_tls_identity(((struct rig *)*state)->pair.server).len, 0);
}

static void a_full_handshake_may_be_cut_at_any_size(void **state)
{
    static const size_t cuts[] = {1, 2, 3, 4, 5, 6, 7, 11, 64, 255, 256, 257, 600};
    struct rig *rig = *state;

    for (size_t i = 0; i < COUNT(cuts); i++) {
        gw_tls_setup_drop(rig->client);
        rig->client = NULL;
        meet_as(rig, HOST, cuts[i]);
        assert_up(rig);
        carry_text(rig);
    }
    assert_int_equal(gw_tls_count(rig->server)->resumed, 0);
}

static void a_session_is_taken_up_again_by_ticket_cut_at_any_size(void **state)
{
    struct rig *rig = *state;
    size_t whole = 0;

    meet(rig);
    whole = rig->pair.carried;
    for (size_t cut = 1; cut < 400; cut++) {
        meet_as(rig, HOST, cut);
        assert_up(rig);
        assert_int_equal(gw_tls_count(rig->server)->resumed, cut);
        assert_int_equal(gw_tls_count(rig->client)->resumed, cut);
    }
    assert_true(rig->pair.carried < whole);
    carry_text(rig);
    assert_int_equal(gw_tls_count(rig->server)->done, 400);
    assert_int_equal(gw_tls_count(rig->client)->failed, 0);
}

/* Though no place is left for the session of another. */
static void a_session_is_of_one_host(void **state)
{
    struct rig *rig = *state;

    meet(rig);
    for (size_t i = 1; i < GW_TLS_KEPT; i++) {
        snprintf(rig->client->kept[i].host, GW_TLS_HOST_MAX, "%zu.site", i);
        rig->client->kept[i].at_ms = rig->client->kept[0].at_ms;
    }
    meet_as(rig, "hub2.site", ROOM);
    assert_over(rig->pair.client, "certificate is not for this host");
    assert_int_equal(gw_tls_count(rig->server)->resumed, 0);
}

/* A far side that cannot go on with what it gave us would not let us in ever again. */
static void a_session_that_fails_is_forgotten(void **state)
{
    struct rig *rig = *state;
    struct tls_pair *pair = &rig->pair;

    meet(rig);
    tls_pair_fini(pair);
    pair->server = NULL;
    pair->client = gw_tls_connect(rig->client, HOST, &pair->budget);
    tls_hear(pair->client, &pair->by_client, WIRE_SPAN("\x15\3\3\0\2\2\x28"));
    assert_over(pair->client, "alert: handshake failure");
    meet(rig);
    assert_up(rig);
    assert_int_equal(gw_tls_count(rig->server)->resumed, 0);
}

static void a_new_setup_ends_no_session_and_takes_none_up(void **state)
{
    struct rig *rig = *state;

    meet(rig);
    gw_tls_setup_drop(rig->server);
    tls_home_issue(&rig->home, "hub", &(struct tls_paper){.subject = "CN=" HOST});
    rig->server = NULL;
    make_setups(rig);
    carry_text(rig);
    meet(rig);
    assert_up(rig);
    assert_int_equal(gw_tls_count(rig->server)->resumed, 0);
}

static void alpn_is_asked_for(void **state)
{
    static const char *known[] = {"mqtt", NULL};
    struct rig *rig = *state;

    rig->upstream.alpn = "mqtt";
    make_setups(rig);
    meet(rig);
    assert_up(rig);
    assert_null(gw_tls_alpn(rig->pair.client));
    assert_int_equal(mbedtls_ssl_conf_alpn_protocols(&rig->server->conf, known), 0);
    meet(rig);
    assert_string_equal(gw_tls_alpn(rig->pair.client), "mqtt");
    known[0] = "else";
    meet(rig);
    assert_over(rig->pair.client, "alpn");
}

/* Who the server is */

static void present(struct rig *rig, const struct tls_paper *paper)
{
    gw_tls_setup_drop(rig->server);
    rig->server = NULL;
    tls_home_issue(&rig->home, "hub", paper);
}

static void a_certificate_for_another_host_is_refused(void **state)
{
    struct rig *rig = *state;

    present(rig, &(struct tls_paper){.subject = "CN=else.site"});
    meet(rig);
    assert_over(rig->pair.client, "certificate is not for this host");
    assert_over(rig->pair.server, "alert: bad certificate");
    rig->upstream.sni = "else.site";
    gw_tls_setup_drop(rig->client);
    rig->client = NULL;
    meet(rig);
    assert_up(rig);
}

static void an_unknown_authority_is_refused_and_named(void **state)
{
    struct rig *rig = *state;

    present(rig, &(struct tls_paper){.subject = "CN=" HOST, .by = &rig->home.other});
    meet(rig);
    assert_over(rig->pair.client, "certificate is not trusted by any authority of build/test-tls-");
    assert_over(rig->pair.server, "alert: our certificate is of an unknown authority");
    assert_int_equal(gw_tls_count(rig->client)->failed, 1);
    assert_int_equal(gw_tls_count(rig->server)->failed, 1);
}

static void a_certificate_has_its_time(void **state)
{
    struct rig *rig = *state;

    present(rig, &(struct tls_paper){.subject = "CN=" HOST, .to = "20260101000000"});
    meet(rig);
    assert_over(rig->pair.client, "certificate has expired");
    assert_over(rig->pair.server, "alert: our certificate has expired");
    assert_true(gw_tls_days_left(rig->server) < 0);
    present(rig, &(struct tls_paper){.subject = "CN=" HOST, .from = "20980101000000"});
    meet(rig);
    assert_over(rig->pair.client, "certificate is not valid yet");
    assert_true(gw_tls_days_left(rig->server) > 365);
    assert_int_equal(gw_tls_days_left(rig->client), INT32_MAX);
}

static void a_wrong_clock_is_told_from_a_wrong_certificate(void **state)
{
    (void)state;
    assert_non_null(strstr(gw_tls_words_of_flags(MBEDTLS_X509_BADCERT_FUTURE, 0, ""), "clock"));
    assert_null(
        strstr(gw_tls_words_of_flags(MBEDTLS_X509_BADCERT_FUTURE, GW_TLS_EARLIEST_S, ""), "clock"));
    assert_null(strstr(gw_tls_words_of_flags(MBEDTLS_X509_BADCERT_CN_MISMATCH, 0, ""), "clock"));
}

static void sha_1_is_refused(void **state)
{
    struct rig *rig = *state;

    present(rig, &(struct tls_paper){.subject = "CN=" HOST, .md = MBEDTLS_MD_SHA1});
    meet(rig);
    assert_over(rig->pair.client, "method too weak");
}

/* An address stands in subjectAltName as octets; nothing else will do. */
static void a_host_may_be_an_address(void **state)
{
    struct rig *rig = *state;
    struct tls_paper paper = {.subject = "CN=192.0.2.7",
                              .san = WIRE_SPAN("\x30\x06\x87\x04\xc0\0\x02\x07")};

    present(rig, &paper);
    meet_as(rig, "192.0.2.7", ROOM);
    assert_up(rig);
    meet_as(rig, "192.0.2.8", ROOM);
    assert_over(rig->pair.client, "certificate is not for this host");
    paper.san = (struct span){NULL, 0};
    present(rig, &paper);
    meet_as(rig, "192.0.2.7", ROOM);
    assert_over(rig->pair.client, "certificate is not for this host");
}

static void insecure_asks_for_no_proof(void **state)
{
    struct rig *rig = *state;

    rig->upstream.insecure = true;
    rig->upstream.ca = NULL;
    present(rig, &(struct tls_paper){
                     .subject = "CN=else.site", .by = &rig->home.other, .to = "20260101000000"});
    for (unsigned resumed = 0; resumed < 2; resumed++) {
        meet(rig);
        assert_up(rig);
        carry_text(rig);
        assert_int_equal(gw_tls_count(rig->client)->resumed, resumed);
    }
}

/* Who the client is */

static void show(struct rig *rig, const struct tls_paper *paper)
{
    static char cert[96];
    static char key[96];

    tls_home_issue(&rig->home, "node", paper);
    strcpy(cert, tls_home_path(&rig->home, "node.crt"));
    strcpy(key, tls_home_path(&rig->home, "node.key"));
    rig->upstream.cert = cert;
    rig->upstream.key = key;
    gw_tls_setup_drop(rig->client);
    rig->client = NULL;
}

static void a_client_is_known_by_its_certificate(void **state)
{
    struct rig *rig = *state;

    rig->broker.client_ca = rig->home.ours.path;
    rig->broker.client_cert = CONF_CLIENT_CERT_REQUIRED;
    show(rig, &(struct tls_paper){.subject = "CN=roof-7,O=farm"});
    for (unsigned resumed = 0; resumed < 2; resumed++) {
        meet(rig);
        assert_up(rig);
        assert_int_equal(gw_tls_count(rig->server)->resumed, resumed);
        assert_span_equal(gw_tls_identity(rig->pair.server), WIRE_SPAN("roof-7"));
    }
}

static void a_client_without_certificate_is_refused_where_one_is_required(void **state)
{
    struct rig *rig = *state;

    rig->broker.client_ca = rig->home.ours.path;
    rig->broker.client_cert = CONF_CLIENT_CERT_REQUIRED;
    meet(rig);
    assert_over(rig->pair.server, "the client shows no certificate");
    assert_over(rig->pair.client, "alert: ");
}

static void an_optional_certificate_is_a_good_one_or_none(void **state)
{
    struct rig *rig = *state;

    rig->broker.client_ca = rig->home.ours.path;
    rig->broker.client_cert = CONF_CLIENT_CERT_OPTIONAL;
    meet(rig);
    assert_up(rig);
    assert_int_equal(gw_tls_identity(rig->pair.server).len, 0);
    show(rig, &(struct tls_paper){.subject = "CN=roof-7"});
    meet(rig);
    assert_up(rig);
    assert_span_equal(gw_tls_identity(rig->pair.server), WIRE_SPAN("roof-7"));
    show(rig, &(struct tls_paper){.subject = "CN=roof-7", .by = &rig->home.other});
    meet(rig);
    assert_over(rig->pair.server, "certificate is not trusted by any authority of ");
    assert_int_equal(gw_tls_identity(rig->pair.server).len, 0);
    show(rig, &(struct tls_paper){.subject = "CN=roof-7", .to = "20260101000000"});
    meet(rig);
    assert_over(rig->pair.server, "certificate has expired");
}

static void a_certificate_without_a_name_is_nobody(void **state)
{
    struct rig *rig = *state;

    rig->broker.client_ca = rig->home.ours.path;
    rig->broker.client_cert = CONF_CLIENT_CERT_REQUIRED;
    show(rig, &(struct tls_paper){.subject = "O=farm"});
    meet(rig);
    assert_up(rig);
    assert_int_equal(gw_tls_identity(rig->pair.server).len, 0);
}

static void the_newest_version_does_the_same(void **state)
{
    struct rig *rig = *state;

    rig->newest = true;
    for (uint64_t done = 0; done < 3; done++) {
        meet_as(rig, HOST, 1 + done);
        assert_up(rig);
        carry_text(rig);
        assert_int_equal(gw_tls_count(rig->client)->resumed, done);
        assert_int_equal(gw_tls_count(rig->server)->resumed, done);
    }
    gw_tls_setup_drop(rig->server);
    rig->server = NULL;
    rig->broker.client_ca = rig->home.ours.path;
    rig->broker.client_cert = CONF_CLIENT_CERT_REQUIRED;
    show(rig, &(struct tls_paper){.subject = "CN=roof-7"});
    for (uint64_t done = 0; done < 2; done++) {
        meet(rig);
        assert_up(rig);
        carry_text(rig);
        assert_span_equal(gw_tls_identity(rig->pair.server), WIRE_SPAN("roof-7"));
    }
    gw_stage_end(rig->pair.client);
    tls_settle(&rig->pair, ROOM);
    assert_int_equal(rig->pair.server->state, GW_STAGE_OVER);
    assert_null(rig->pair.server->cause);
}

/* PSK. Our client has none, so the test gives it one. */

#define KEY "00112233445566778899aabbccddeeff"

static void give_psk(struct rig *rig, const char *identity, uint8_t first)
{
    static const int suites[] = {MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256,
                                 MBEDTLS_TLS_PSK_WITH_AES_128_CBC_SHA256, 0};
    uint8_t key[] = "\0\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff";

    key[0] = first;
    gw_tls_setup_drop(rig->client);
    rig->client = NULL;
    make_setups(rig);
    assert_int_equal(mbedtls_ssl_conf_psk(&rig->client->conf, key, 16, (const uint8_t *)identity,
                                          strlen(identity)),
                     0);
    mbedtls_ssl_conf_ciphersuites(&rig->client->conf, suites);
}

static void take_psks(struct rig *rig, struct conf_secret *secrets, size_t count)
{
    rig->broker.psk.at = secrets;
    rig->broker.psk.count = count;
}

static void a_client_is_known_by_its_psk(void **state)
{
    struct rig *rig = *state;
    struct conf_secret secrets[] = {{"", "# nodes\n\nroof:7:" KEY "\r\n"}, {"", "cellar:" KEY}};

    take_psks(rig, secrets, 2);
    give_psk(rig, "roof:7", 0);
    for (int round = 0; round < 2; round++) { /* never by a ticket, which has no name in it */
        meet(rig);
        assert_up(rig);
        carry_text(rig);
        assert_span_equal(gw_tls_identity(rig->pair.server), WIRE_SPAN("roof:7"));
        assert_int_equal(gw_tls_count(rig->server)->resumed, 0);
    }
    give_psk(rig, "cellar", 0);
    meet(rig);
    assert_span_equal(gw_tls_identity(rig->pair.server), WIRE_SPAN("cellar"));
}

static void a_wrong_psk_is_nobody(void **state)
{
    struct rig *rig = *state;
    struct conf_secret secret = {"", "roof:" KEY};

    take_psks(rig, &secret, 1);
    give_psk(rig, "attic", 0);
    meet(rig);
    assert_over(rig->pair.server, "the PSK identity is not known");
    assert_over(rig->pair.client, "alert: unknown PSK identity");
    give_psk(rig, "roof", 1);
    meet(rig);
    assert_over(rig->pair.server, "the PSKs differ");
    assert_int_equal(gw_tls_identity(rig->pair.server).len, 0);
}

static void psk_needs_no_certificate(void **state)
{
    struct rig *rig = *state;
    struct conf_secret secret = {"", "roof:" KEY};
    const char *cert = rig->broker.cert;

    const char *key = rig->broker.key;

    take_psks(rig, &secret, 1);
    rig->broker.cert = rig->broker.key = NULL;
    give_psk(rig, "roof", 0);
    meet(rig);
    assert_up(rig);
    assert_span_equal(gw_tls_identity(rig->pair.server), WIRE_SPAN("roof"));
    rig->broker.cert = cert;
    rig->broker.key = key;
}

/* The end */

static void a_close_is_orderly_both_ways(void **state)
{
    struct rig *rig = *state;

    for (int by_client = 0; by_client < 2; by_client++) {
        struct tls_pair *pair = &rig->pair;

        meet(rig);
        gw_stage_end(by_client ? pair->client : pair->server);
        tls_settle(pair, ROOM);
        assert_int_equal(pair->server->state, GW_STAGE_OVER);
        assert_int_equal(pair->client->state, GW_STAGE_OVER);
        assert_null(pair->server->cause);
        assert_null(pair->client->cause);
    }
}

/* MQTT's DISCONNECT and the end of TLS often come in one piece. */
static void octets_before_the_end_are_not_lost(void **state)
{
    struct rig *rig = *state;
    struct tls_pair *pair = &rig->pair;
    struct span plain = WIRE_SPAN("\xe0\0");
    uint8_t wire[1024];
    uint8_t room[16];
    struct writer w = writer_of(wire, sizeof wire);
    struct span octets;

    meet(rig);
    gw_stage_output(pair->client, &plain, &w);
    gw_stage_end(pair->client);
    gw_stage_output(pair->client, &plain, &w);
    octets = span_of(wire, written(&w));
    assert_int_equal(gw_stage_input(pair->server, &octets, room, sizeof room), 2);
    assert_int_equal(pair->server->state, GW_STAGE_UP);
    assert_int_equal(gw_stage_input(pair->server, &octets, room, sizeof room), 0);
    assert_int_equal(pair->server->state, GW_STAGE_OVER);
    assert_null(pair->server->cause);
}

/* What is not TLS */

static void feed(struct rig *rig, struct span octets)
{
    uint8_t room[64];

    make_setups(rig);
    tls_pair_fini(&rig->pair);
    rig->pair.client = NULL;
    rig->pair.server = gw_tls_accept(rig->server, &rig->pair.budget);
    assert_int_equal(gw_stage_input(rig->pair.server, &octets, room, sizeof room), 0);
}

static void what_speaks_no_tls_is_told_so(void **state)
{
    struct rig *rig = *state;

    feed(rig, WIRE_SPAN("GET / HTTP/1.1\r\nHost: hub\r\n\r\n"));
    assert_over(rig->pair.server, "the other side speaks no TLS");
    feed(rig, WIRE_SPAN("\x10\x0c\0\4MQTT\4\2\0\x3c\0\0"));
    assert_over(rig->pair.server, "the other side speaks no TLS");
}

static void garbage_ends_it_with_a_cause(void **state)
{
    struct rig *rig = *state;
    uint8_t octets[600];
    unsigned seed = 1;

    feed(rig, WIRE_SPAN("\x16\3\1\xff\xff too long a record"));
    assert_int_equal(rig->pair.server->state, GW_STAGE_OVER);
    feed(rig, WIRE_SPAN("\x16\3\3\0\x10\1\0\0\x0c and nothing more of it"));
    assert_int_equal(rig->pair.server->state, GW_STAGE_OVER);
    for (int round = 0; round < 200; round++) {
        memcpy(octets, "\x16\3\1\2\0\1\0\1\xfc\3\3", 11);
        for (size_t i = 11; i < sizeof octets; i++) {
            seed = seed * 1103515245 + 12345;
            octets[i] = (uint8_t)(seed >> 16);
        }
        feed(rig, at_edge(span_of(octets, sizeof octets), sizeof octets));
        assert_int_equal(rig->pair.server->state, GW_STAGE_OVER);
        assert_non_null(rig->pair.server->cause);
    }
}

static void a_changed_record_ends_it(void **state)
{
    struct rig *rig = *state;
    struct span plain = WIRE_SPAN("open the valve");
    uint8_t wire[256];
    uint8_t room[64];
    struct writer w = writer_of(wire, sizeof wire);
    struct span octets;

    meet(rig);
    gw_stage_output(rig->pair.client, &plain, &w);
    wire[written(&w) - 1] ^= 1;
    octets = span_of(wire, written(&w));
    assert_int_equal(gw_stage_input(rig->pair.server, &octets, room, sizeof room), 0);
    assert_over(rig->pair.server, "a record was changed");
    tls_settle(&rig->pair, ROOM);
    assert_over(rig->pair.client, "alert: a record was changed");
}

/* What comes after the cut is not missed: the stage waits. */
static void a_truncated_greeting_waits_for_more(void **state)
{
    struct rig *rig = *state;
    struct tls_pair *pair = &rig->pair;
    struct span none = {NULL, 0};
    uint8_t wire[1024];
    uint8_t room[64];
    struct writer w = writer_of(wire, sizeof wire);

    make_setups(rig);
    pair->client = gw_tls_connect(rig->client, HOST, &pair->budget);
    gw_stage_output(pair->client, &none, &w);
    for (size_t len = 0; len < written(&w); len++) {
        struct span part = at_edge(span_of(wire, len), len);

        pair->server = gw_tls_accept(rig->server, &pair->budget);
        assert_int_equal(gw_stage_input(pair->server, &part, room, sizeof room), 0);
        assert_int_equal(part.len, 0);
        assert_int_equal(pair->server->state, GW_STAGE_OPENING);
        gw_stage_free(pair->server);
        pair->server = NULL;
    }
}

/* The greeting of our client, with an older version written into it. */
static void old_versions_are_refused(void **state)
{
    struct rig *rig = *state;
    struct tls_pair *pair = &rig->pair;
    struct span none = {NULL, 0};

    make_setups(rig);
    for (uint8_t minor = 0; minor < 3; minor++) {
        uint8_t wire[1024];
        struct writer w = writer_of(wire, sizeof wire);

        tls_pair_fini(pair);
        pair->client = gw_tls_connect(rig->client, HOST, &pair->budget);
        pair->server = gw_tls_accept(rig->server, &pair->budget);
        gw_stage_output(pair->client, &none, &w);
        wire[10] = minor;
        tls_hear(pair->server, &pair->by_server, span_of(wire, written(&w)));
        assert_over(pair->server, "no version of TLS in common");
        tls_settle(pair, ROOM);
        assert_over(pair->client, "alert: no version of TLS in common");
    }
}

static void suites_without_aead_are_refused(void **state)
{
    static const int suites[] = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
                                 MBEDTLS_TLS_RSA_WITH_AES_128_GCM_SHA256, 0};
    struct rig *rig = *state;

    make_setups(rig);
    mbedtls_ssl_conf_ciphersuites(&rig->client->conf, suites);
    meet(rig);
    assert_over(rig->pair.server, "no cipher suite in common");
    assert_over(rig->pair.client, "alert: handshake failure");
}

/* Memory */

static void a_large_body_goes_both_ways(void **state)
{
    struct rig *rig = *state;
    static uint8_t body[50000];

    for (size_t i = 0; i < sizeof body; i++) {
        body[i] = (uint8_t)(i * 31 >> 3);
    }
    meet(rig);
    for (int up = 0; up < 2; up++) {
        struct span plain = span_of(body, sizeof body);
        struct tls_heard *heard = up ? &rig->pair.by_server : &rig->pair.by_client;

        while (plain.len != 0) {
            assert_true(tls_carry(&rig->pair, up, &plain, 1000));
        }
        assert_span_equal(span_of(heard->octets, heard->len), span_of(body, sizeof body));
    }
}

/* Small room: what did not fit is there at the next call. */
static void a_record_may_be_larger_than_the_room(void **state)
{
    struct rig *rig = *state;
    static uint8_t wire[GW_STAGE_LEAST];
    struct writer w = writer_of(wire, sizeof wire);
    struct span plain = WIRE_SPAN("0123456789");
    struct span octets;
    uint8_t room[4];

    meet(rig);
    gw_stage_output(rig->pair.client, &plain, &w);
    octets = span_of(wire, written(&w));
    assert_int_equal(gw_stage_input(rig->pair.server, &octets, room, 4), 4);
    assert_int_equal(gw_stage_input(rig->pair.server, &octets, room, 4), 4);
    assert_int_equal(gw_stage_input(rig->pair.server, &octets, room, 4), 2);
    assert_memory_equal(room, "89", 2);
    assert_int_equal(octets.len, 0);
    assert_int_equal(gw_stage_input(rig->pair.server, &octets, room, 4), 0);
}

static void a_stage_is_charged_to_the_budget(void **state)
{
    struct rig *rig = *state;
    struct tls_pair *pair = &rig->pair;

    make_setups(rig);
    pair->budget.limit = GW_TLS_MEMORY - 1;
    assert_null(gw_tls_accept(rig->server, &pair->budget));
    assert_null(gw_tls_connect(rig->client, HOST, &pair->budget));
    pair->budget.limit = 1u << 20;
    meet(rig);
    assert_up(rig);
    assert_int_equal(pair->budget.used, 2 * GW_TLS_MEMORY);
}

/* A budget that ends in the middle of a handshake ends the handshake. */
static void a_short_budget_ends_the_handshake(void **state)
{
    struct rig *rig = *state;
    struct tls_pair *pair = &rig->pair;
    struct span none = {NULL, 0};

    make_setups(rig);
    pair->server = gw_tls_accept(rig->server, &pair->budget);
    pair->client = gw_tls_connect(rig->client, HOST, &pair->budget);
    pair->budget.limit = pair->budget.used;
    (void)tls_carry(pair, true, &none, ROOM);
    assert_over(pair->server, "no memory");
}

/* Files */

static void refused(struct rig *rig, const char *words)
{
    struct gw_fault fault = {""};

    assert_null(gw_tls_setup_server(&rig->broker, &fault));
    if (strstr(fault.text, words) == NULL) {
        fail_msg("it says: %s", fault.text);
    }
    assert_int_equal(strncmp(fault.text, "gateway.conf:4: [broker secure] ", 32), 0);
}

static void what_is_wrong_with_files_is_said(void **state)
{
    struct rig *rig = *state;
    const char *cert = rig->broker.cert;
    const char *key = rig->broker.key;

    tls_home_issue(&rig->home, "two", &(struct tls_paper){.subject = "CN=two"});
    rig->broker.key = tls_home_path(&rig->home, "two.key");
    refused(rig, "two.key: the key does not belong to the certificate");
    rig->broker.key = tls_home_path(&rig->home, "none.key");
    refused(rig, "key: build/test-tls-");
    refused(rig, "none.key: No such file or directory");
    rig->broker.key = cert;
    refused(rig, "holds no private key that can be read");
    rig->broker.key = NULL;
    refused(rig, "cert: ");
    rig->broker.key = key;
    assert_int_equal(chmod(key, 0644), 0);
    refused(rig, "others can read this private key: chmod o= FILE");
    assert_int_equal(chmod(key, 0640), 0);
    rig->broker.cert = key;
    refused(rig, "holds no certificate, or one that cannot be read");
    rig->broker.cert = tls_home_path(&rig->home, "");
    refused(rig, "is no file");
    rig->broker.cert = tls_home_path(&rig->home, "pipe");
    assert_int_equal(mkfifo(rig->broker.cert, 0600), 0);
    refused(rig, "is no file");
    assert_int_equal(unlink(rig->broker.cert), 0);
    rig->broker.cert = cert;
    rig->broker.client_ca = key;
    refused(rig, "client_ca: ");
    rig->broker.client_ca = NULL;
    rig->broker.client_cert = CONF_CLIENT_CERT_REQUIRED;
    refused(rig, "client_ca is missing");
    rig->broker.client_cert = CONF_CLIENT_CERT_UNSET;
    make_setups(rig);
}

static void an_encrypted_key_is_refused(void **state)
{
    struct rig *rig = *state;

    tls_home_write(&rig->home, "hub.key",
                   "-----BEGIN EC PRIVATE KEY-----\n"
                   "Proc-Type: 4,ENCRYPTED\n"
                   "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
                   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
                   "-----END EC PRIVATE KEY-----\n");
    refused(rig, "is encrypted; there is no place for its pass phrase");
}

static void what_is_wrong_with_psks_is_said(void **state)
{
    static const struct {
        const char *text;
        const char *words;
    } cases[] = {
        {"", "there is no key"},
        {"roof", "line 1 of them: is not identity:hexkey"},
        {"roof:" KEY "\nattic:0011", "line 2 of them: a key has 32 to 64 hexadecimal digits"},
        {"roof:" KEY "0", "an even number"},
        {"roof:" KEY KEY "00", "32 to 64"},
        {"roof:0g112233445566778899aabbccddeeff", "a key has hexadecimal digits only"},
        {":" KEY, "an identity has 1 to 128 octets of UTF-8"},
        {"\xff:" KEY, "an identity has 1 to 128 octets of UTF-8"},
        {"roof:" KEY "\nroof:" KEY, "line 2 of them: the identity stands there twice"},
    };
    struct rig *rig = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct conf_secret secret = {"", cases[i].text};

        take_psks(rig, &secret, 1);
        refused(rig, cases[i].words);
    }
}

static void tls_1_3_is_an_error_where_the_library_has_none(void **state)
{
    struct rig *rig = *state;

    rig->broker.tls_min = CONF_TLS_1_3;
    if (GW_TLS_HAS_1_3) {
        make_setups(rig);
    } else {
        refused(rig, "tls_min: 1.3: Mbed TLS " MBEDTLS_VERSION_STRING " has no TLS 1.3");
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void upstreams_share_the_authorities_of_a_file(void **state)
{
    struct rig *rig = *state;
    struct gw_tls_shelf shelf = {NULL};
    struct gw_fault fault = {""};
    struct gw_tls_roots *first = NULL;
    struct gw_tls_setup *other = NULL;

    rig->client = gw_tls_setup_client(&rig->upstream, &shelf, &fault);
    first = shelf.first;
    assert_non_null(first);
    other = gw_tls_setup_client(&rig->upstream, &shelf, &fault);
    assert_ptr_equal(rig->client->conf.ca_chain, other->conf.ca_chain);
    assert_ptr_equal(shelf.first, first);
    gw_tls_setup_drop(other);
    meet(rig); /* by what the other shared */
    assert_up(rig);

    assert_int_equal(utimensat(AT_FDCWD, rig->upstream.ca, NULL, 0), 0); /* changed since */
    other = gw_tls_setup_client(&rig->upstream, &shelf, &fault);
    assert_ptr_not_equal(shelf.first, first);
    gw_tls_setup_drop(rig->client);
    rig->client = other;
    meet(rig);
    assert_up(rig);
    tls_pair_fini(&rig->pair);
    rig->pair.server = rig->pair.client = NULL;
    gw_tls_setup_drop(rig->client);
    rig->client = NULL;
    assert_null(shelf.first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(octets_go_both_ways),
        CASE(a_full_handshake_may_be_cut_at_any_size),
        CASE(a_session_is_taken_up_again_by_ticket_cut_at_any_size),
        CASE(a_session_is_of_one_host),
        CASE(a_session_that_fails_is_forgotten),
        CASE(a_new_setup_ends_no_session_and_takes_none_up),
        CASE(alpn_is_asked_for),
        CASE(a_certificate_for_another_host_is_refused),
        CASE(an_unknown_authority_is_refused_and_named),
        CASE(a_certificate_has_its_time),
        CASE(a_wrong_clock_is_told_from_a_wrong_certificate),
        CASE(sha_1_is_refused),
        CASE(a_host_may_be_an_address),
        CASE(insecure_asks_for_no_proof),
        CASE(a_client_is_known_by_its_certificate),
        CASE(a_client_without_certificate_is_refused_where_one_is_required),
        CASE(an_optional_certificate_is_a_good_one_or_none),
        CASE(a_certificate_without_a_name_is_nobody),
        CASE(the_newest_version_does_the_same),
        CASE(a_client_is_known_by_its_psk),
        CASE(a_wrong_psk_is_nobody),
        CASE(psk_needs_no_certificate),
        CASE(a_close_is_orderly_both_ways),
        CASE(octets_before_the_end_are_not_lost),
        CASE(what_speaks_no_tls_is_told_so),
        CASE(garbage_ends_it_with_a_cause),
        CASE(a_changed_record_ends_it),
        CASE(a_truncated_greeting_waits_for_more),
        CASE(old_versions_are_refused),
        CASE(suites_without_aead_are_refused),
        CASE(a_large_body_goes_both_ways),
        CASE(a_record_may_be_larger_than_the_room),
        CASE(a_stage_is_charged_to_the_budget),
        CASE(a_short_budget_ends_the_handshake),
        CASE(what_is_wrong_with_files_is_said),
        CASE(an_encrypted_key_is_refused),
        CASE(what_is_wrong_with_psks_is_said),
        CASE(tls_1_3_is_an_error_where_the_library_has_none),
        CASE(upstreams_share_the_authorities_of_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
